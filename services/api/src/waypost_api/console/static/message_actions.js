/** What can be done with one message. */

import { reasonAgainst } from "./abilities.js";
import { actionButton } from "./action_button.js";
import { of } from "./api.js";
import { confirmed, filledIn } from "./dialogs.js";
import { h } from "./dom.js";

/** @param {any} message @param {any} places */
export function messageButtons(message, places) {
  const { context, session, chat, settle } = places;
  if (message.sending) return null;
  if (message.retry) {
    return h("p", { class: "row" }, actionButton("Try again", { run: message.retry }), actionButton("Discard", { run: message.discard }));
  }
  if (message.deleted || places.isChannel || !context.may("send")) return null;
  const able = places.able();
  const path = of(session, "messages", message.id);
  const target = { chat, sender: message.fromMe ? "" : message.senderJid ?? message.senderLid ?? (chat.endsWith("@g.us") ? "" : chat) };

  async function react() {
    const told = await filledIn("React", [{ name: "emoji", label: "Emoji", required: true, maxlength: 64, value: "👍" }], "React");
    if (told) await context.api.change("POST", `${path}/reaction`, { ...target, emoji: told.emoji });
    settle();
  }

  async function edit() {
    const told = await filledIn("Edit the message", [{ name: "text", label: "Text", required: true, multiline: true, value: message.body ?? "" }], "Save");
    if (told) await context.api.change("PATCH", path, { chat, text: told.text });
    settle();
  }

  async function revoke() {
    const question = { title: "Delete the message for everyone?", text: "It disappears from the phones of all in the chat, and cannot be brought back.", about: message.body, action: "Delete for everyone" };
    if (await confirmed(question)) await context.api.change("DELETE", path, target);
    settle();
  }

  return h(
    "p", { class: "row message-actions" },
    actionButton("Reply", { class: "quiet", reason: reasonAgainst(context, able, "message.send"), run: () => places.reply(message) }),
    actionButton("React", { class: "quiet", reason: reasonAgainst(context, able, "message.react"), run: react }),
    message.fromMe && message.type === "text" ? actionButton("Edit", { class: "quiet", reason: reasonAgainst(context, able, "message.edit"), run: edit }) : null,
    message.fromMe ? actionButton("Delete", { class: "quiet", reason: reasonAgainst(context, able, "message.revoke"), run: revoke }) : null,
  );
}
