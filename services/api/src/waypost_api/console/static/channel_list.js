/** The channels of a session, by JID: loaded page by page. */

import { of } from "./api.js";
import { PagedList } from "./paged_list.js";

/**
 * @typedef {{jid: string, name: string | null, description: string | null, role: string | null, followed: boolean, muted: boolean,
 *     lastMessageAt: number | null}} Channel
 */

export class ChannelList extends PagedList {
  /** @param {import("./api.js").Api} api @param {string} session @param {() => void} changed */
  constructor(api, session, changed) {
    super(api, of(session, "channels"), changed);
    this.session = session;
    /** @type {Channel[]} */
    this.channels = [];
  }

  /** @param {Channel[]} page */
  take(page) {
    const taken = new Set(page.map((channel) => channel.jid));
    this.channels = [...this.channels.filter((one) => !taken.has(one.jid)), ...page].sort(byJid);
  }

  /** @param {string} jid */
  async read(jid) {
    try {
      this.put(await this.api.json(of(this.session, "channels", jid), { signal: this.leaving.signal }));
    } catch {
      // It is none of this session's, or will be read again with the next event.
    }
  }

  /** @param {Channel} channel */
  put(channel) {
    this.take([channel]);
    this.changed();
  }
}

/** @param {Channel} one @param {Channel} other */
function byJid(one, other) {
  return one.jid < other.jid ? -1 : one.jid > other.jid ? 1 : 0;
}
