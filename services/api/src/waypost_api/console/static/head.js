/** The head of the page: where one is, whether it is live, and as whom one is signed in. */

import { fill, h } from "./dom.js";

const SAID = { connecting: "Connecting…", live: "Live", waiting: "Disconnected, trying again", off: "No live updates" };

/** @param {import("./main.js").Context} context */
export function head(context) {
  const { principal, live, may } = context;
  const views = ["sessions", ...(may("read") ? ["chats"] : []), ...(may("operator") ? ["pipeline"] : [])];
  const links = new Map(
    views.map((view) => [view, h("button", { type: "button", onclick: () => context.go({ view }) }, view[0].toUpperCase() + view.slice(1))]),
  );
  const state = h("span", { class: "live", role: "status" });

  function tell() {
    state.dataset.state = live.state;
    const why = live.reason || (may("events") ? "" : "this key lacks the permission events");
    state.title = why;
    fill(state, h("span", { class: "dot", "aria-hidden": "true" }), h("span", { class: "state" }, SAID[live.state]), why ? h("span", { class: "only-read" }, ` (${why})`) : null);
  }
  live.addEventListener("state", tell);
  tell();

  const who = h(
    "details", { class: "who" },
    h("summary", {}, principal.kind === "user" ? "Signed in" : "Key"),
    h(
      "div", { class: "card popover" },
      h("p", {}, "Organization ", h("bdi", {}, principal.organization)),
      principal.session ? h("p", {}, "Only the session ", h("bdi", {}, principal.session)) : null,
      h("p", {}, "Permissions"),
      h("ul", { class: "tags" }, principal.permissions.map((one) => h("li", { class: "tag" }, one))),
    ),
  );
  who.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") who.open = false;
  });
  const element = h(
    "header", { class: "head" },
    h("span", { class: "brand" }, "Waypost"),
    h("nav", { "aria-label": "Views" }, [...links.values()]),
    h("span", { class: "space" }),
    state,
    who,
    h("button", { type: "button", class: "quiet", onclick: () => context.signOut() }, "Sign out"),
  );
  return {
    element,
    /** @param {string} view */
    at(view) {
      for (const [name, link] of links) {
        if (name === view) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    },
  };
}
