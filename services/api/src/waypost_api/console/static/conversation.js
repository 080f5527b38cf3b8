/** An open chat: its head with what can be done, its messages, and a line to write in. */

import { reasonAgainst } from "./abilities.js";
import { of } from "./api.js";
import { channelButtons } from "./channel_actions.js";
import { chatButtons } from "./chat_actions.js";
import { marksOf } from "./chat_row.js";
import { composer } from "./composer.js";
import { fill, h, theirs } from "./dom.js";
import { messageList } from "./message_list.js";
import { Settling } from "./settling.js";

/**
 * @typedef {import("./chat_list.js").Chat} Chat
 * @typedef {import("./channel_list.js").Channel} Channel
 */

/** @param {import("./main.js").Context} context
 * @param {{session: string, jid: string, known: Chat | undefined, abilities: import("./abilities.js").Abilities | null,
 *     changed: (chat: Chat) => void, gone: (jid: string) => void, channelChanged: (channel: Channel) => void, back: () => void}} options */
export function conversation(context, options) {
  const { api } = context;
  const { session, jid } = options;
  const isChannel = jid.endsWith("@newsletter");
  /** @type {Chat | null} */
  let chat = options.known ?? null;
  /** @type {Channel | null} */
  let channel = null;
  let abilities = options.abilities;
  let closed = false;
  let drawn = "";
  const top = h("div", { class: "conversation-head" });
  const messages = messageList(context, session, jid, isChannel, (message) => composing.replyTo(message), () => abilities);
  const composing = composer(context, session, jid, isChannel, messages, () => reasonAgainst(context, abilities, "message.send"));

  /** @param {Chat} now */
  function chatIs(now) {
    chat = now;
    draw();
  }

  /** @param {Chat} now */
  function chatChanged(now) {
    chatIs(now);
    options.changed(now);
  }

  /** @param {Channel} now */
  function channelChanged(now) {
    channel = now;
    draw();
    options.channelChanged(now);
  }

  async function read() {
    try {
      chat = await api.json(of(session, "chats", jid));
    } catch (error) {
      if (/** @type {any} */ (error).status !== 404 || !isChannel) throw error;
    }
    if (isChannel) channel = await api.json(of(session, "channels", jid)).catch(() => null);
    draw();
  }

  const channelAgain = new Settling(() => api.json(of(session, "channels", jid)).then((now) => closed || channelChanged(now), () => {}));

  function gone() {
    options.gone(jid);
    options.back();
  }

  function draw() {
    if (closed) return;
    // Else a button would be another one between pressing and letting it go, whenever something is said in the chat.
    const told = JSON.stringify([chat && seenOf(chat), channel, abilities]);
    if (told === drawn) return;
    drawn = told;
    const place = [...top.querySelectorAll("button")].indexOf(/** @type {any} */ (document.activeElement));
    const name = chat?.name ?? channel?.name ?? jid;
    fill(
      top,
      h(
        "div", { class: "row" },
        h("button", { type: "button", class: "back", "aria-label": "Back to the list", onclick: options.back }, "←"),
        theirs(name, { class: "name" }, "h2"), chat ? marksOf(chat) : null, h("bdi", { class: "faint" }, jid),
      ),
      channel?.description ? theirs(channel.description, { class: "faint" }, "p") : null,
      h(
        "div", { class: "row", role: "group", "aria-label": "Chat" },
        chat ? chatButtons(context, session, () => /** @type {Chat} */ (chat), chatChanged, gone) : null,
        channel ? channelButtons(context, session, channel, abilities, channelChanged) : null,
      ),
    );
    if (place >= 0) top.querySelectorAll("button")[place]?.focus();
    composing.draw();
  }

  draw();
  read().catch((error) => fill(top, h("p", { class: "failure", role: "alert" }, error.message), h("button", { type: "button", onclick: options.back }, "Back to the list")));
  return {
    element: h("div", { class: "talk" }, top, messages.element, composing.element),
    chat: chatIs,
    /** @param {import("./abilities.js").Abilities} now */
    able(now) {
      abilities = now;
      draw();
      messages.redraw();
    },
    /** @param {any} event */
    happened(event) {
      messages.happened(event);
      if (event.event === "newsletter.update") channelAgain.touch(jid);
    },
    reload() {
      messages.reload();
      read().catch(() => {});
    },
    close() {
      closed = true;
      channelAgain.close();
      messages.close();
    },
  };
}

/** What the head shows of a chat. @param {Chat} chat */
function seenOf({ name, pinned, archived, mutedUntil, unreadCount, markedUnread }) {
  return [name, pinned, archived, mutedUntil, unreadCount > 0 || markedUnread];
}
