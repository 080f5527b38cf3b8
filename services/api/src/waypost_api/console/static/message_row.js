/** One message: who, what, and what became of it. */

import { h, theirs } from "./dom.js";
import { icon } from "./icons.js";
import { messageButtons } from "./message_actions.js";
import { pollOf } from "./poll.js";
import { dayAndHour, hourOf, numberOf } from "./times.js";

const TICKS = { pending: "pending", sent: "sent", delivered: "twice", read: "twice", played: "twice", failed: "failed" };

const MEDIA = { image: "Image", video: "Video", audio: "Audio", voice: "Voice message", ptt: "Voice message", document: "Document", sticker: "Sticker" };

/** @param {any} message @param {any} places */
export function messageRow(message, places) {
  const { fromMe, deleted } = message;
  const who = fromMe ? "You" : message.senderName ?? message.senderJid ?? message.senderLid ?? "";
  return h(
    "article", { class: `message ${fromMe ? "mine" : ""}`, "data-id": message.id, "aria-label": fromMe ? "You wrote" : `${who || "They"} wrote` },
    fromMe || !who ? null : theirs(who, { class: "sender" }, "p"),
    message.quotedMessageId && !deleted ? quote(places.byId.get(message.quotedMessageId)) : null,
    deleted ? h("p", { class: "faint" }, "This message was deleted") : content(message),
    message.reactions?.length ? reactions(message.reactions) : null,
    h(
      "p", { class: "faint meta" },
      message.edited && !deleted ? "edited · " : "", message.views ? `${numberOf(message.views)} views · ` : "",
      h("time", { datetime: new Date(message.timestamp).toISOString(), title: dayAndHour(message.timestamp) }, hourOf(message.timestamp)),
      message.status ? h("span", { class: "ticks", "data-status": message.status }, icon(/** @type {any} */ (TICKS[/** @type {keyof typeof TICKS} */ (message.status)] ?? "pending"), message.status)) : null,
    ),
    message.error ? theirs(message.error, { class: "failure" }, "p") : null,
    messageButtons(message, places),
  );
}

/** @param {any} message */
function content(message) {
  const { body, poll, location, contact } = message;
  return [
    message.hasMedia || message.media ? attached(MEDIA[/** @type {keyof typeof MEDIA} */ (message.type)] ?? message.type, message.media?.filename ?? message.media?.mimetype) : null,
    poll ? pollOf(poll) : null,
    location ? attached("Location", location.name ?? location.address, `${location.latitude}, ${location.longitude}`) : null,
    contact ? attached("Contact", contact.displayName) : null,
    body && !(poll && poll.name === body) ? theirs(body, { class: "body" }, "p") : null,
    !body && !poll && !location && !contact && !message.hasMedia ? h("p", { class: "faint" }, `(${message.type})`) : null,
  ];
}

/** @param {string} kind @param {string | null | undefined} name as people gave it @param {string} [more] */
function attached(kind, name, more = "") {
  return h("p", { class: "attached" }, h("span", { class: "tag" }, kind), " ", theirs(name ?? ""), more ? h("span", { class: "faint" }, ` ${more}`) : null);
}

/** @param {any} quoted */
function quote(quoted) {
  if (!quoted) return h("p", { class: "quote faint" }, "An answer to an earlier message");
  return h(
    "blockquote", { class: "quote" },
    theirs(quoted.fromMe ? "You" : quoted.senderName ?? quoted.senderJid ?? "", { class: "sender" }, "p"),
    quoted.deleted ? h("p", { class: "faint" }, "This message was deleted") : theirs(quoted.body ?? quoted.poll?.name ?? quoted.type, { class: "cut" }, "p"),
  );
}

/** @param {{senderJid: string, emoji: string}[]} all */
function reactions(all) {
  /** @type {Map<string, string[]>} */
  const by = new Map();
  for (const { emoji, senderJid } of all) by.set(emoji, [...(by.get(emoji) ?? []), senderJid]);
  return h(
    "ul", { class: "tags", "aria-label": "Reactions" },
    [...by].map(([emoji, people]) => h("li", { class: "tag", title: people.join(", ") }, theirs(emoji), people.length > 1 ? ` ${people.length}` : "")),
  );
}
