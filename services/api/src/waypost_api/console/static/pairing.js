/** The code that a phone scans or its owner types, for one session: drawn, and renewed before it runs out. */

import { actionButton } from "./action_button.js";
import { ApiError, of } from "./api.js";
import { fill, h } from "./dom.js";

const RETRY_MS = 1_500;

/** @param {import("./main.js").Context} context @param {string} session @param {() => void} paired the session may have been paired */
export function pairingPanel(context, session, paired) {
  const { api } = context;
  const canvas = h("canvas", { class: "qr", role: "img", "aria-label": "QR code to scan with the phone", hidden: true });
  const said = h("p", { role: "status" }, "Asking for a code…");
  const code = h("output", { class: "pairing-code", "aria-live": "polite" });
  const phone = h("input", { id: `phone-${session}`, inputmode: "tel", autocomplete: "off", pattern: "[1-9][0-9]{5,14}", required: true, placeholder: "628123456789", dir: "ltr" });
  const leaving = new AbortController();
  let timer = 0;
  let asking = false;

  async function renew() {
    clearTimeout(timer);
    if (asking || leaving.signal.aborted) return;
    asking = true;
    let next = RETRY_MS;
    try {
      const { expiresAt } = await api.json(of(session, "qr"), { signal: leaving.signal });
      const image = await api.ask(`api/v1${of(session, "qr")}`, { query: { format: "png" }, headers: { Accept: "image/png" }, signal: leaving.signal });
      const bitmap = await createImageBitmap(await image.blob());
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
      canvas.hidden = false;
      fill(said, "On the phone: WhatsApp, Linked devices, Link a device. Then scan this.");
      next = expiresAt === null ? 15_000 : Math.max(expiresAt - Date.now(), RETRY_MS);
    } catch (error) {
      if (leaving.signal.aborted) return;
      canvas.hidden = true;
      fill(said, error instanceof Error ? error.message : String(error));
      if (error instanceof ApiError && error.status === 409) return paired();
    } finally {
      asking = false;
    }
    timer = setTimeout(renew, next);
  }

  async function askForCode() {
    if (!phone.reportValidity()) return;
    const told = await api.change("POST", of(session, "pairing-code"), { phone: phone.value.trim() });
    fill(code, h("bdi", {}, told.code));
  }

  const button = actionButton("Get a code to type", { run: askForCode });
  phone.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && button.click());
  renew();
  return {
    element: h(
      "div", { class: "pairing" },
      h("div", {}, canvas, said),
      h("div", {}, h("label", { for: phone.id }, "Or the phone's number, with the country code, digits only"), h("p", { class: "row" }, phone, button), code),
    ),
    renew,
    close() {
      clearTimeout(timer);
      leaving.abort();
    },
  };
}
