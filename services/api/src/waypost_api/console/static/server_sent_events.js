/** Server-Sent Events from the pieces of an answer. */

/**
 * @typedef {{id: string | null, data: string | null}} Frame `data` is null where only a place in the log was told.
 */

export class FrameReader {
  #text = "";

  /** @param {string} piece @returns {Frame[]} the frames that it completes */
  take(piece) {
    this.#text += piece;
    const blocks = this.#text.split(/\r?\n\r?\n/);
    this.#text = blocks.pop() ?? "";
    return blocks.map(frame);
  }
}

/** @param {string} block @returns {Frame} */
function frame(block) {
  let id = null;
  const data = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
    if (name === "id") id = value;
    if (name === "data") data.push(value);
  }
  return { id, data: data.length ? data.join("\n") : null };
}
