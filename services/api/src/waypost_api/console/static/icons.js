/** Small marks, drawn: fonts differ in which signs they have. */

import { h, svg } from "./dom.js";

const PATHS = {
  pinned: "M5 1h6l-1 5 3 3H9v5l-1 1-1-1V9H3l3-3z",
  muted: "M2 6h3l4-4v12l-4-4H2zM11 6l4 4m0-4l-4 4",
  archived: "M1 2h14v4H1zM2 7h12v7H2zM6 9h4",
  pending: "M8 1a7 7 0 1 0 .01 0M8 4v4l3 2",
  sent: "M2 9l4 4 8-9",
  twice: "M0 9l4 4 7-9M7 12l1 1 7-9",
  failed: "M8 2v8M8 12v2",
};

/** @param {keyof typeof PATHS} shape @param {string} said */
export function icon(shape, said) {
  const drawing = svg("svg", { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" }, svg("path", { d: PATHS[shape] }));
  return h("span", { class: "mark", role: "img", "aria-label": said, title: said }, drawing);
}
