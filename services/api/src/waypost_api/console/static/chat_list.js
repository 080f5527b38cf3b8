/** The chats of a session in the list's order: loaded page by page, kept current one by one. */

import { AGAIN_MS, of, passes } from "./api.js";
import { PagedList } from "./paged_list.js";

const AT_ONCE = 4;

/**
 * @typedef {{id: number, jid: string, type: string, name: string | null, unreadCount: number, markedUnread: boolean, archived: boolean,
 *     pinned: boolean, mutedUntil: number | null, lastMessageAt: number | null}} Chat
 * @typedef {"all" | "unread" | "archived"} Filter
 */

/** As the server sorts: pinned, then the newest, then by JID. @param {Chat} one @param {Chat} other */
export function inListOrder(one, other) {
  if (one.pinned !== other.pinned) return one.pinned ? -1 : 1;
  const byTime = (other.lastMessageAt ?? -1) - (one.lastMessageAt ?? -1);
  return byTime || (one.jid < other.jid ? -1 : one.jid > other.jid ? 1 : 0);
}

export class ChatList extends PagedList {
  /** @param {import("./api.js").Api} api @param {string} session @param {Filter} filter @param {() => void} changed */
  constructor(api, session, filter, changed) {
    super(api, of(session, "chats"), changed);
    this.session = session;
    this.filter = filter;
    /** @type {Chat[]} */
    this.chats = [];
    this.reading = 0;
    /** @type {Set<string>} */
    this.toRead = new Set();
  }

  query() {
    return { [this.filter]: this.filter === "all" ? null : true };
  }

  /** @param {Chat[]} page */
  take(page) {
    const there = new Set(this.chats.map((chat) => chat.jid));
    this.chats = [...this.chats, ...page.filter((chat) => !there.has(chat.jid))].sort(inListOrder);
  }

  /** @param {string} jid @returns {Chat | undefined} */
  find(jid) {
    return this.chats.find((chat) => chat.jid === jid);
  }

  /** Reads a chat anew; at most a few at once, whatever happens in the session. @param {string} jid */
  async read(jid) {
    this.toRead.add(jid);
    if (this.reading >= AT_ONCE) return;
    this.reading += 1;
    for (const next of this.toRead) {
      this.toRead.delete(next);
      try {
        this.put(await this.api.json(of(this.session, "chats", next), { signal: this.leaving.signal }));
      } catch (error) {
        if (this.leaving.signal.aborted) break;
        if (passes(error)) setTimeout(() => this.leaving.signal.aborted || this.read(next), AGAIN_MS);
        if (/** @type {any} */ (error).status === 404) this.remove(next);
      }
    }
    this.reading -= 1;
  }

  /** @param {Chat} chat */
  put(chat) {
    const others = this.chats.filter((one) => one.jid !== chat.jid);
    const last = others.at(-1);
    const beyond = !this.complete && last !== undefined && inListOrder(last, chat) < 0;
    const fits = this.filter === "all" || (this.filter === "archived" ? chat.archived : chat.unreadCount > 0 || chat.markedUnread);
    this.chats = beyond || !fits ? others : inserted(others, chat);
    this.changed();
  }

  /** @param {string} jid */
  remove(jid) {
    this.chats = this.chats.filter((chat) => chat.jid !== jid);
    this.changed();
  }
}

/** @param {Chat[]} chats sorted @param {Chat} chat */
function inserted(chats, chat) {
  let [low, high] = [0, chats.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (inListOrder(chats[middle], chat) < 0) low = middle + 1;
    else high = middle;
  }
  return [...chats.slice(0, low), chat, ...chats.slice(low)];
}
