/** What the page says by itself, to eyes and to screen readers: notices go by, alerts stay until they are closed. */

import { fill, h } from "./dom.js";

const SHOWN_MS = 6_000;

/** @param {string} text */
export function notice(text) {
  const line = h("p", { class: "notice" }, text);
  document.getElementById("notices")?.append(line);
  setTimeout(() => line.remove(), SHOWN_MS);
}

/** @param {unknown} error @param {string} [doing] what was tried */
export function alertOf(error, doing = "") {
  const text = error instanceof Error ? error.message : String(error);
  const said = doing ? `${doing}: ${text}` : text;
  const close = h("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: () => line.remove() }, "✕");
  const line = h("p", { class: "notice failed" }, h("span", { dir: "auto" }, said), close);
  const place = document.getElementById("alerts");
  while (place && place.childElementCount > 2) place.firstElementChild?.remove();
  place?.append(line);
}

export function clearNotices() {
  for (const id of ["notices", "alerts"]) fill(/** @type {Element} */ (document.getElementById(id)));
}
