/** Reading anew what an event changed. The stream is ahead of the documents, so it is read soon, and once more later. */

const SOON_MS = 200;
const LATER_MS = 1_500;

export class Settling {
  /** @param {(key: string) => unknown} read */
  constructor(read) {
    this.read = read;
    /** @type {Map<string, {soon: number, later: number}>} */
    this.waiting = new Map();
  }

  /** @param {string} key */
  touch(key) {
    const one = this.waiting.get(key) ?? { soon: 0, later: 0 };
    this.waiting.set(key, one);
    if (!one.soon) {
      one.soon = setTimeout(() => {
        one.soon = 0;
        this.read(key);
      }, SOON_MS);
    }
    clearTimeout(one.later);
    one.later = setTimeout(() => {
      this.waiting.delete(key);
      clearTimeout(one.soon);
      this.read(key);
    }, LATER_MS);
  }

  close() {
    for (const { soon, later } of this.waiting.values()) {
      clearTimeout(soon);
      clearTimeout(later);
    }
    this.waiting.clear();
  }
}
