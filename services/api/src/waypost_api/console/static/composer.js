/** The line to write in. What is sent stands in the list at once; where it fails, it stays there to be tried again. */

import { newKey, of } from "./api.js";
import { fill, h, theirs } from "./dom.js";
import { notice } from "./notices.js";

/** @param {import("./main.js").Context} context @param {string} session @param {string} jid @param {boolean} isChannel
 * @param {{add: (message: any) => void, drop: (id: string) => void, reload: () => void}} messages @param {() => string} reasonAgainstSending */
export function composer(context, session, jid, isChannel, messages, reasonAgainstSending) {
  const text = h("textarea", { id: "text", rows: "1", dir: "auto", "aria-label": "Message", placeholder: "Write a message", maxlength: "65536" });
  const button = h("button", { type: "submit", class: "primary" }, "Send");
  const why = h("p", { class: "faint", id: "why-not" });
  const answering = h("div", { class: "answering", hidden: true });
  /** @type {any} */
  let quoted = null;

  const reason = () => (isChannel ? "Posts cannot be written to a channel from here" : /@(broadcast|status)$/.test(jid) ? "Nothing can be sent here" : reasonAgainstSending());

  /** @param {any} message */
  function replyTo(message) {
    quoted = message;
    answering.hidden = !message;
    if (!message) return fill(answering);
    const stop = h("button", { type: "button", class: "quiet", "aria-label": "Do not answer it", onclick: () => replyTo(null) }, "✕");
    fill(answering, h("span", {}, "Answer to "), theirs(message.body ?? message.type, { class: "cut" }), stop);
    text.focus();
  }

  /** @param {any} message @param {any} body @param {string} key */
  async function send(message, body, key) {
    messages.add({ ...message, status: "pending", sending: true });
    try {
      const result = await context.api.change("POST", of(session, "messages"), body, key);
      messages.add({ ...message, status: "sent", sending: true, sentAs: result.waMessageId });
    } catch (error) {
      const { status, message: said } = /** @type {any} */ (error);
      // Where nobody knows whether it was sent, the same key sends it once.
      const again = status === 0 || status === 503 ? key : newKey();
      messages.add({ ...message, status: "failed", error: said, retry: () => send(message, body, again), discard: () => messages.drop(message.id) });
    }
  }

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    const refused = reason();
    if (refused) return notice(refused);
    if (!text.value.trim()) return;
    const body = { type: "text", to: jid, text: text.value, ...(quoted ? { replyTo: quoted.id } : {}) };
    const key = newKey();
    const message = { id: `sending-${key}`, fromMe: true, type: "text", body: body.text, quotedMessageId: quoted?.id ?? null, reactions: [], timestamp: Date.now() };
    text.value = "";
    replyTo(null);
    text.focus();
    send(message, body, key);
  }

  text.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") replyTo(null);
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  });
  const element = h("form", { class: "composer", onsubmit: submit }, answering, why, h("div", { class: "row" }, text, button));
  return {
    element,
    replyTo,
    draw() {
      const refused = reason();
      fill(why, refused);
      why.hidden = !refused;
      text.readOnly = Boolean(refused);
      for (const one of [text, button]) {
        one.setAttribute("aria-disabled", String(Boolean(refused)));
        one.setAttribute("aria-describedby", "why-not");
      }
    },
  };
}
