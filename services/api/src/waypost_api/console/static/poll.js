/** A poll with how often each option was chosen. Votes name options by the SHA-256 of their text. */

import { h, theirs } from "./dom.js";

/** @param {{name: string, options: string[], selectableCount: number, votes: {selectedHashes: string[]}[]}} poll */
export function pollOf(poll) {
  const counts = poll.options.map(() => h("span", { class: "faint" }));
  const voters = poll.votes.filter((vote) => vote.selectedHashes.length).length;
  count(poll, counts);
  return h(
    "div", { class: "poll" },
    theirs(poll.name, { class: "name" }, "p"),
    h("ul", {}, poll.options.map((option, place) => h("li", {}, theirs(option), " ", counts[place]))),
    h("p", { class: "faint" }, `${poll.selectableCount === 1 ? "One choice" : "Several choices"} · ${voters} voted`),
  );
}

/** Browsers hash only where the page came safely (HTTPS, or this machine); elsewhere the options go without counts.
 * @param {any} poll @param {HTMLElement[]} places */
async function count(poll, places) {
  if (!globalThis.crypto?.subtle) return;
  for (const [place, option] of poll.options.entries()) {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(option));
    const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const votes = poll.votes.filter((/** @type {any} */ vote) => vote.selectedHashes.some((/** @type {string} */ one) => one.toLowerCase() === hex)).length;
    places[place].textContent = `${votes}`;
    places[place].setAttribute("aria-label", `${votes} votes`);
  }
}
