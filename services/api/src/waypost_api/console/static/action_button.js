/** A button that does something once, or tells why it cannot: greyed, but still to be reached and read. */

import { h } from "./dom.js";
import { alertOf, notice } from "./notices.js";

/** @param {string} text @param {{reason?: string, class?: string, pressed?: boolean, run: () => unknown}} options */
export function actionButton(text, { reason = "", run, pressed, ...rest }) {
  let busy = false;
  const button = h(
    "button",
    {
      type: "button",
      ...rest,
      title: reason,
      "aria-disabled": reason ? "true" : null,
      "aria-pressed": pressed === undefined ? null : String(pressed),
      async onclick() {
        if (reason) return notice(reason);
        if (busy) return;
        busy = true;
        button.setAttribute("aria-busy", "true");
        try {
          await run();
        } catch (error) {
          alertOf(error, text);
        } finally {
          busy = false;
          button.removeAttribute("aria-busy");
        }
      },
    },
    text,
    reason ? h("span", { class: "only-read" }, ` (${reason})`) : null,
  );
  return button;
}
