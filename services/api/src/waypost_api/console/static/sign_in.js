/** The first page: an API key or a JWT, kept in memory until the page is left. */

import { Api } from "./api.js";
import { h } from "./dom.js";

/**
 * @typedef {{kind: string, organization: string, permissions: string[], session: string | null}} Principal
 */

/** @param {(api: Api, principal: Principal) => void} signedIn @param {string} [why] why the person is asked again */
export function signInPage(signedIn, why = "") {
  const field = h("input", {
    id: "credential", type: "password", required: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false",
    "aria-describedby": "credential-note",
  });
  const said = h("p", { class: "failure", role: "alert" }, why);
  const button = h("button", { type: "submit", class: "primary" }, "Sign in");

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    said.textContent = "";
    try {
      const api = new Api(field.value.trim());
      const principal = await api.own("/principal");
      field.value = "";
      signedIn(api, principal);
    } catch (error) {
      said.textContent = error instanceof Error ? error.message : String(error);
      field.select();
    } finally {
      button.disabled = false;
    }
  }

  const form = h(
    "form", { class: "card sign-in", onsubmit: submit },
    h("h1", {}, "Waypost"),
    h("p", {}, h("label", { for: "credential" }, "API key or login token"), field),
    h("p", { id: "credential-note", class: "faint" }, "Kept in this page's memory alone: reloading or closing it signs you out."),
    said,
    button,
  );
  queueMicrotask(() => field.focus());
  return h("main", { id: "main", class: "centred", tabindex: "-1" }, form);
}
