/** The messages of a chat, the newest at the bottom; older ones come when one scrolls up, changes as they happen. */

import { AGAIN_MS, of, passes } from "./api.js";
import { fill, h, place } from "./dom.js";
import { messageRow } from "./message_row.js";
import { Settling } from "./settling.js";
import { dayOf } from "./times.js";

const NEAR_PX = 200;
const NEWEST = "newest";

/**
 * @typedef {any} Message as the API tells it; `sending` and `failed` are this page's own
 */

/** @param {import("./main.js").Context} context @param {string} session @param {string} jid @param {boolean} isChannel
 * @param {(message: Message) => void} reply @param {() => import("./abilities.js").Abilities | null} able */
export function messageList(context, session, jid, isChannel, reply, able) {
  const { api } = context;
  const path = isChannel && context.may("send") ? of(session, "channels", jid, "messages") : of(session, "chats", jid, "messages");
  /** @type {Message[]} oldest first */
  let messages = [];
  /** @type {Message[]} sent here and not in the list yet */
  let sending = [];
  /** @type {string | null} */
  let cursor = null;
  let [loading, older] = [false, true];
  const leaving = new AbortController();
  /** @type {Map<string, {told: string, element: HTMLElement}>} */
  const rows = new Map();
  const said = h("p", { class: "faint centre", role: "status" }, "Loading…");
  const log = h("div", { class: "messages-inner" });
  const element = h("div", { class: "messages", role: "log", "aria-label": "Messages", tabindex: "0" }, said, log);
  let atEnd = true;
  element.addEventListener(
    "scroll",
    () => {
      atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
      if (element.scrollTop < NEAR_PX) more();
    },
    { passive: true },
  );
  const settling = new Settling((what) => (what === NEWEST ? newest() : one(what)));

  /** @param {string | null} after */
  async function page(after) {
    return await api.json(path, { query: { limit: 50, cursor: after }, signal: leaving.signal });
  }

  /** The newest page takes the place of what is held from its first message on. */
  async function newest() {
    try {
      const { data, nextCursor } = await page(null);
      const told = data.reverse();
      const from = messages.findIndex((message) => message.id === told[0]?.id);
      if (from < 0) [cursor, older] = [nextCursor || null, Boolean(nextCursor)];
      messages = from < 0 ? told : [...messages.slice(0, from), ...told];
      const ids = new Set(messages.map((message) => message.id));
      sending = sending.filter((message) => !ids.has(message.sentAs));
      draw();
    } catch (error) {
      failed(error);
    }
  }

  async function more() {
    if (loading || !older || cursor === null) return;
    loading = true;
    element.setAttribute("aria-busy", "true");
    try {
      const { data, nextCursor } = await page(cursor);
      [cursor, older] = [nextCursor || null, Boolean(nextCursor)];
      messages = [...data.reverse(), ...messages];
      const [height, top] = [element.scrollHeight, element.scrollTop];
      draw(false);
      element.scrollTop = top + element.scrollHeight - height;
    } catch (error) {
      failed(error);
    } finally {
      loading = false;
      element.removeAttribute("aria-busy");
    }
  }

  /** @param {string} id */
  async function one(id) {
    const place = messages.findIndex((message) => message.id === id);
    if (place < 0 || !context.may("read")) return;
    try {
      const found = await api.json(of(session, "messages", id), { query: { chat: jid }, signal: leaving.signal });
      messages = messages.map((message) => (message.id === id ? found : message));
      draw();
    } catch (error) {
      if (leaving.signal.aborted) return;
      if (passes(error)) setTimeout(() => leaving.signal.aborted || one(id), AGAIN_MS);
      if (/** @type {any} */ (error).status === 404) messages = messages.filter((message) => message.id !== id);
      draw();
    }
  }

  /** @param {any} error */
  function failed(error) {
    if (leaving.signal.aborted) return;
    if (error.status === 404) {
      messages = [];
      draw();
    } else {
      fill(said, error.message);
      if (passes(error)) setTimeout(() => leaving.signal.aborted || newest(), AGAIN_MS);
    }
  }

  function draw(stay = true) {
    if (leaving.signal.aborted) return;
    const all = [...messages, ...sending];
    const byId = new Map(all.map((message) => [message.id, message]));
    const places = { byId, reply, able, context, session, chat: jid, isChannel, settle: () => settling.touch(NEWEST) };
    let day = "";
    /** @type {Node[]} */
    const shown = [];
    for (const message of all) {
      const its = dayOf(message.timestamp);
      if (its !== day) shown.push(h("p", { class: "day faint centre" }, (day = its)));
      const told = JSON.stringify([message, byId.get(message.quotedMessageId)?.body]);
      let row = rows.get(message.id);
      if (row?.told !== told) rows.set(message.id, (row = { told, element: messageRow(message, places) }));
      shown.push(row.element);
    }
    for (const id of rows.keys()) if (!byId.has(id)) rows.delete(id);
    place(log, shown);
    fill(said, all.length ? (older ? "Older messages come as you scroll up" : "The beginning of what is stored") : isChannel ? "Nothing was received from this channel yet." : "No messages.");
    if (stay && atEnd) element.scrollTop = element.scrollHeight;
  }

  newest();
  return {
    element,
    reload: newest,
    redraw() {
      rows.clear();
      draw();
    },
    /** @param {Message} message */
    add(message) {
      sending = [...sending.filter((other) => other.id !== message.id), message];
      atEnd = true;
      draw();
      settling.touch(NEWEST);
    },
    /** @param {string} id */
    drop(id) {
      sending = sending.filter((message) => message.id !== id);
      draw();
    },
    /** @param {any} event */
    happened({ event, payload }) {
      for (const id of [payload.targetId, payload.waMessageId, ...(payload.messageIds ?? [])]) {
        if (id && messages.some((message) => message.id === id)) settling.touch(id);
      }
      if (event === "message" || event === "message.from_me" || event === "chat.update") settling.touch(NEWEST);
    },
    close() {
      leaving.abort();
      settling.close();
    },
  };
}
