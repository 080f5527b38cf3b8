/** The sessions with their status, followed live; started, stopped, logged out and paired. */

import { reasonAgainst, abilitiesOf } from "./abilities.js";
import { actionButton } from "./action_button.js";
import { AGAIN_MS, of, passes } from "./api.js";
import { confirmed, filledIn } from "./dialogs.js";
import { fill, h, place, theirs } from "./dom.js";
import { alertOf } from "./notices.js";
import { pairingPanel } from "./pairing.js";
import { Settling } from "./settling.js";
import { dayAndHour } from "./times.js";

export const STATUS_SAID = {
  starting: "Starting", scan_qr_code: "Waiting to be paired", working: "Working", failed: "Failed", stopped: "Stopped",
  logged_out: "Logged out",
};

/** @param {import("./main.js").Context} context @returns {import("./main.js").View} */
export function sessionsView(context) {
  const { api, live, may } = context;
  /** @type {Map<string, any>} */
  const sessions = new Map();
  /** @type {Map<string, import("./abilities.js").Abilities>} */
  const abilities = new Map();
  /** @type {Map<string, {element: HTMLElement, close: () => void, renew: () => void}>} */
  const pairing = new Map();
  /** @type {Map<string, {told: string, element: HTMLElement}>} */
  const cards = new Map();
  const list = h("ul", { class: "sessions", "aria-label": "Sessions" });
  const settling = new Settling(reread);
  let closed = false;

  async function load() {
    try {
      const page = await api.json("/sessions");
      sessions.clear();
      for (const one of page.data) sessions.set(one.id, one);
      await Promise.all([...sessions.keys()].map(async (id) => abilities.set(id, await abilitiesOf(api, id))));
      draw();
    } catch (error) {
      if (closed) return;
      fill(list, h("li", { class: "empty" }, error instanceof Error ? error.message : String(error)));
      if (passes(error)) setTimeout(() => closed || load(), AGAIN_MS);
    }
  }

  /** @param {string} id */
  async function reread(id) {
    try {
      const [session, able] = await Promise.all([api.json(of(id)), abilitiesOf(api, id)]);
      sessions.set(id, session);
      abilities.set(id, able);
    } catch (error) {
      if (/** @type {any} */ (error).status !== 404) return;
      sessions.delete(id);
    }
    draw();
  }

  function draw() {
    if (closed) return;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.closest("[data-focus]")?.getAttribute("data-focus");
    for (const [id, panel] of pairing) {
      const session = sessions.get(id);
      if (!session || session.status === "working") {
        panel.close();
        pairing.delete(id);
      }
    }
    const rows = [...sessions.values()].map(card);
    place(list, rows.length ? rows : [h("li", { class: "empty" }, "No session yet. Create one, and pair it with a phone.")]);
    if (focused) /** @type {HTMLElement | null} */ (list.querySelector(`[data-focus="${CSS.escape(focused)}"]`))?.focus();
  }

  /** Drawn anew only where it shows something else, and around its pairing panel: a button that is drawn anew or moved while it is
   * pressed loses the click, and a field the focus. @param {any} session */
  function card(session) {
    const { id } = session;
    const told = JSON.stringify([session, abilities.get(id), pairing.has(id)]);
    const kept = cards.get(id);
    if (kept?.told === told) return kept.element;
    const element = kept?.element ?? h("li", { class: "card session" });
    const panel = pairing.get(id);
    place(element, [...parts(session), ...(panel ? [panel.element] : [])]);
    cards.set(id, { told, element });
    return element;
  }

  /** @param {any} session */
  function parts(session) {
    const { id, status } = session;
    const paired = session.waJid !== null && !["logged_out", "scan_qr_code"].includes(status);
    const running = ["working", "starting", "scan_qr_code"].includes(status);
    const noManage = may("manage") ? "" : "This key lacks the permission manage";
    const name = session.label || session.phoneNumber || id;
    const buttons = [
      may("read") ? button("Chats", { class: paired ? "primary" : "", run: () => context.go({ view: "chats", session: id }) }) : null,
      !paired ? button(pairing.has(id) ? "Hide the code" : "Pair", { class: pairing.has(id) ? "" : "primary", reason: noManage, run: () => pair(id) }) : null,
      running
        ? button("Stop", { reason: noManage, run: () => stop(id, name) })
        : button("Start", { reason: noManage || (paired ? "" : "Pair it with a phone first"), run: () => change(id, "start", "starting") }),
      paired
        ? button("Log out", { class: "destructive", reason: reasonAgainst(context, abilities.get(id) ?? null, "session.logout", "manage"), run: () => logOut(id, name) })
        : null,
    ];
    /** @param {string} text @param {any} options */
    function button(text, options) {
      const one = actionButton(text, options);
      one.dataset.focus = `${id} ${text}`;
      return one;
    }
    return [
      h("div", { class: "row" }, theirs(name, { class: "name" }, "h2"), h("span", { class: "tag status", "data-status": status }, STATUS_SAID[/** @type {keyof typeof STATUS_SAID} */ (status)] ?? status)),
      h(
        "ul", { class: "faint" },
        h("li", {}, h("bdi", {}, session.phoneNumber ? `+${session.phoneNumber}` : "No phone yet")),
        h("li", {}, h("code", {}, id)),
        session.lastConnectedAt ? h("li", {}, `Connected ${dayAndHour(session.lastConnectedAt)}`) : null,
      ),
      h("p", { class: "row" }, buttons),
    ];
  }

  /** @param {string} id */
  function pair(id) {
    const open = pairing.get(id);
    if (open) {
      open.close();
      pairing.delete(id);
    } else pairing.set(id, pairingPanel(context, id, () => settling.touch(id)));
    draw();
  }

  /** Shown at once, and taken back where it fails. @param {string} id @param {string} action @param {string} meanwhile */
  async function change(id, action, meanwhile) {
    const before = sessions.get(id);
    sessions.set(id, { ...before, status: meanwhile });
    draw();
    try {
      sessions.set(id, await api.change("POST", `${of(id)}:${action}`));
    } catch (error) {
      sessions.set(id, before);
      throw error;
    } finally {
      draw();
      settling.touch(id);
    }
  }

  /** @param {string} id @param {string} name */
  async function stop(id, name) {
    const question = { title: "Stop the session?", text: "It disconnects from WhatsApp and stays paired. Nothing is received until it is started again.", about: name, action: "Stop" };
    if (await confirmed(question)) await change(id, "stop", "stopped");
  }

  /** @param {string} id @param {string} name */
  async function logOut(id, name) {
    const question = { title: "Log the session out?", text: "Its device is unlinked from the phone. To use it again it must be paired anew.", about: name, action: "Log out" };
    if (await confirmed(question)) await change(id, "logout", "logged_out");
  }

  async function create() {
    const told = await filledIn("New session", [{ name: "label", label: "Label", maxlength: 200, hint: "What you call it, for example: Support line" }], "Create");
    if (told === null) return;
    const session = await api.change("POST", "/sessions", { start: true, ...(told.label.trim() ? { label: told.label.trim() } : {}) });
    sessions.set(session.id, session);
    pair(session.id);
    list.lastElementChild?.scrollIntoView({ block: "nearest" });
    settling.touch(session.id);
  }

  /** @param {any} event */
  function happened({ detail }) {
    if (detail.event === "auth.qr") pairing.get(detail.session)?.renew();
    if (detail.event === "session.status" || detail.event.startsWith("auth.")) settling.touch(detail.session);
  }
  const anew = (/** @type {any} */ event) => event.detail.resumed || load();
  live.addEventListener("event", happened);
  live.addEventListener("connected", anew);
  load().catch(alertOf);
  const noManage = !may("manage") ? "This key lacks the permission manage" : context.principal.session ? "A key of one session cannot make others" : "";
  return {
    element: h(
      "div", { class: "page" },
      h("div", { class: "row" }, h("h1", {}, "Sessions"), h("span", { class: "space" }), actionButton("Reload", { class: "quiet", run: load }), actionButton("New session", { class: "primary", reason: noManage, run: create })),
      list,
    ),
    close() {
      closed = true;
      live.removeEventListener("event", happened);
      live.removeEventListener("connected", anew);
      settling.close();
      for (const panel of pairing.values()) panel.close();
    },
  };
}
