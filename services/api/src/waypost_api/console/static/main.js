/** The page: signed out, or a head with the views below it. The places visited live in memory, never in the address. */

import { chatsView } from "./chats_view.js";
import { fill, h } from "./dom.js";
import { Live } from "./live.js";
import { clearNotices } from "./notices.js";
import { pipelineView } from "./pipeline_view.js";
import { sessionsView } from "./sessions_view.js";
import { head } from "./head.js";
import { signInPage } from "./sign_in.js";

/**
 * @typedef {{view: string, session?: string, chat?: string, channel?: boolean}} Place
 * @typedef {{element: HTMLElement, close: () => void, show?: (place: Place) => void}} View
 * @typedef {{
 *   api: import("./api.js").Api,
 *   principal: import("./sign_in.js").Principal,
 *   live: Live,
 *   may: (permission: string) => boolean,
 *   go: (place: Place) => void,
 *   signOut: (why?: string) => void,
 * }} Context
 */

/** @type {Record<string, (context: Context, place: Place) => View>} */
const VIEWS = { sessions: sessionsView, chats: chatsView, pipeline: pipelineView };
const page = /** @type {HTMLElement} */ (document.getElementById("console"));

function signedOut(why = "") {
  document.title = "Waypost";
  fill(page, signInPage(signedIn, why));
}

/** @param {import("./api.js").Api} api @param {import("./sign_in.js").Principal} principal */
function signedIn(api, principal) {
  clearNotices();
  /** @type {Place[]} */
  const places = [];
  /** @type {View | null} */
  let view = null;
  /** @type {Place | null} */
  let shown = null;
  const main = h("main", { id: "main", tabindex: "-1" });
  const live = new Live(api);
  const may = (/** @type {string} */ permission) => principal.permissions.includes(permission);

  /** @param {Place} place */
  function show(place) {
    if (view && shown?.view === place.view && view.show) view.show(place);
    else {
      view?.close();
      view = VIEWS[place.view](context, place);
      fill(main, view.element);
    }
    shown = place;
    top.at(place.view);
    document.title = `Waypost: ${place.view}`;
  }

  /** @param {Place} place */
  function go(place) {
    places.push(place);
    history.pushState(places.length - 1, "");
    show(place);
  }

  /** @param {PopStateEvent} event */
  function back(event) {
    const place = places[event.state ?? 0];
    if (place) show(place);
  }

  function signOut(why = "") {
    view?.close();
    live.stop();
    api.onRefused = () => {};
    removeEventListener("popstate", back);
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    clearNotices();
    signedOut(why);
  }

  /** @type {Context} */
  const context = { api, principal, live, may, go, signOut };
  const top = head(context);
  api.onRefused = () => signOut("The key is no longer valid. Sign in with another one.");
  addEventListener("popstate", back);
  fill(page, top.element, main);
  places.push({ view: may("read") || may("manage") ? "sessions" : may("operator") ? "pipeline" : "sessions" });
  history.replaceState(0, "");
  show(places[0]);
  if (may("events")) live.start();
  main.focus();
}

signedOut();
