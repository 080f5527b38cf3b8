/** A chat or a channel in the list, and what its marks are called. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { FOREVER, dayAndHour, shortly } from "./times.js";

const LETTERS = new Intl.Segmenter();
const KINDS = { dm: "", group: "Group", newsletter: "Channel", broadcast: "Broadcast", status: "Status" };

/** @param {import("./chat_list.js").Chat} chat */
export function marksOf(chat) {
  const until = chat.mutedUntil;
  return [
    chat.pinned ? icon("pinned", "pinned") : null,
    until !== null ? icon("muted", until >= FOREVER ? "muted" : `muted until ${dayAndHour(until)}`) : null,
    chat.archived ? icon("archived", "archived") : null,
  ];
}

/** @param {import("./chat_list.js").Chat} chat @returns {Node[]} */
export function chatRow(chat) {
  const count = chat.unreadCount;
  const unread = count > 0 ? h("span", { class: "unread", "aria-label": `${count} unread` }, count > 999 ? "999+" : count) : null;
  return [
    initialOf(chat.name),
    h("div", { class: "line" }, named(chat), h("span", { class: "faint" }, shortly(chat.lastMessageAt))),
    h(
      "div", { class: "line" }, h("span", { class: "faint name" }, h("bdi", {}, kindOf(chat))), ...marksOf(chat),
      unread ?? (chat.markedUnread ? h("span", { class: "unread dot", role: "img", "aria-label": "marked unread" }) : null),
    ),
  ];
}

/** @param {import("./channel_list.js").Channel} channel @returns {Node[]} */
export function channelRow(channel) {
  return [
    initialOf(channel.name),
    h("div", { class: "line" }, named(channel), h("span", { class: "faint" }, shortly(channel.lastMessageAt))),
    h(
      "div", { class: "line" },
      h("span", { class: "faint name" }, channel.followed ? (channel.role === "owner" ? "Your channel" : "Following") : "Not followed", " · ", h("bdi", {}, channel.jid)),
      channel.muted ? icon("muted", "muted") : "",
    ),
  ];
}

/** A name keeps its own direction, but begins where all names of the list begin. @param {{name: string | null, jid: string}} one */
function named({ name, jid }) {
  return h("span", { class: "name" }, h("bdi", {}, name || jid));
}

/** The first sign as a reader sees it, which may be many code points. @param {string | null} name */
function initialOf(name) {
  const [first] = LETTERS.segment(name ?? "");
  return h("span", { class: "initial", "aria-hidden": "true" }, first?.segment.toUpperCase() ?? "#");
}

/** What the name does not tell: the phone number, or what it is instead of a person. @param {import("./chat_list.js").Chat} chat */
function kindOf(chat) {
  const kind = KINDS[/** @type {keyof typeof KINDS} */ (chat.type)] ?? "";
  if (kind) return kind;
  const [number, server] = chat.jid.split("@");
  return server === "s.whatsapp.net" ? `+${number}` : chat.jid;
}
