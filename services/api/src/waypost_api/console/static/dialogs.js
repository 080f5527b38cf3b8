/** Questions that are asked before something is done: the browser's own modal dialog, so Escape and focus are right. */

import { h, theirs } from "./dom.js";

/** Whether the person agrees.
 * @param {{title: string, text: string, about?: string | null, action: string, destructive?: boolean}} question
 * @returns {Promise<boolean>} */
export async function confirmed({ title, text, about, action, destructive = true }) {
  const answer = await asked(title, [h("p", {}, text), about ? theirs(about, { class: "about" }, "p") : null], action, destructive);
  return answer !== null;
}

/** What was written into the fields, by name; null where the person left.
 * @param {string} title @param {{name: string, label: string, required?: boolean, pattern?: string, hint?: string, multiline?: boolean,
 *     value?: string, maxlength?: number}[]} fields
 * @param {string} action @returns {Promise<Record<string, string> | null>} */
export async function filledIn(title, fields, action) {
  const shown = fields.map((field) => {
    const { name, label, hint, multiline, ...rest } = field;
    const input = h(multiline ? "textarea" : "input", { name, id: `field-${name}`, dir: "auto", autocomplete: "off", ...rest });
    return h("p", {}, h("label", { for: `field-${name}` }, label), input, hint ? h("small", {}, hint) : null);
  });
  return await asked(title, shown, action, false);
}

/** @param {string} title @param {any[]} content @param {string} action @param {boolean} destructive
 * @returns {Promise<Record<string, string> | null>} */
function asked(title, content, action, destructive) {
  return new Promise((resolve) => {
    const cancel = h("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
    const agree = h("button", { type: "submit", class: destructive ? "destructive" : "primary" }, action);
    const form = h("form", { method: "dialog" }, h("h2", { id: "dialog-title" }, title), content, h("p", { class: "row end" }, cancel, agree));
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, form);
    /** @type {Record<string, string> | null} */
    let answer = null;
    form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      answer = {};
      for (const [name, value] of new FormData(form)) answer[name] = String(value);
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
    if (destructive) cancel.focus();
  });
}
