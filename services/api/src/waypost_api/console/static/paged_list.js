/** A list of the API, loaded page by page, and once more after what passes. */

import { AGAIN_MS, passes } from "./api.js";

const PAGE = 200;

export class PagedList {
  /** @param {import("./api.js").Api} api @param {string} path @param {() => void} changed */
  constructor(api, path, changed) {
    this.api = api;
    this.path = path;
    this.changed = changed;
    this.leaving = new AbortController();
    /** @type {string | null} */
    this.cursor = null;
    this.complete = false;
    this.loading = false;
    this.failed = "";
  }

  /** What is asked for beside the page. @returns {Record<string, any>} */
  query() {
    return {};
  }

  /** @param {any[]} _page */
  take(_page) {}

  close() {
    this.leaving.abort();
  }

  async more() {
    if (this.loading || this.complete || this.failed) return;
    this.loading = true;
    this.changed();
    try {
      const query = { limit: PAGE, cursor: this.cursor, ...this.query() };
      const page = await this.api.json(this.path, { query, signal: this.leaving.signal });
      this.take(page.data);
      this.cursor = page.nextCursor || null;
      this.complete = this.cursor === null;
    } catch (error) {
      if (this.leaving.signal.aborted) return;
      this.failed = error instanceof Error ? error.message : String(error);
      if (passes(error)) setTimeout(() => this.again(), AGAIN_MS);
    } finally {
      this.loading = false;
      if (!this.leaving.signal.aborted) this.changed();
    }
  }

  again() {
    this.failed = "";
    if (!this.leaving.signal.aborted) this.more();
  }
}
