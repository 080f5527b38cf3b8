/** A session's chats beside the conversation that is open; on a phone one of the two. */

import { abilitiesOf, reasonAgainst } from "./abilities.js";
import { actionButton } from "./action_button.js";
import { AGAIN_MS, passes } from "./api.js";
import { createChannel, followChannel } from "./channel_actions.js";
import { ChannelList } from "./channel_list.js";
import { ChatList } from "./chat_list.js";
import { channelRow, chatRow } from "./chat_row.js";
import { conversation } from "./conversation.js";
import { fill, h } from "./dom.js";
import { alertOf } from "./notices.js";
import { Settling } from "./settling.js";
import { numberOf } from "./times.js";
import { VirtualList } from "./virtual_list.js";

const FILTERS = { all: "All", unread: "Unread", archived: "Archived", channels: "Channels" };
const ROW_HEIGHT = 64;

/** @param {import("./main.js").Context} context @param {import("./main.js").Place} first @returns {import("./main.js").View} */
export function chatsView(context, first) {
  const { api, live } = context;
  let [session, filter, open] = [first.session ?? "", /** @type {keyof typeof FILTERS} */ ("all"), first.chat ?? ""];
  /** @type {ChatList | ChannelList} */
  let list;
  /** @type {VirtualList<any>} */
  let virtual;
  /** @type {ReturnType<typeof conversation> | null} */
  let talk = null;
  /** @type {import("./abilities.js").Abilities | null} */
  let abilities = null;
  let closed = false;

  const sessions = h("select", { id: "session", onchange: () => context.go({ view: "chats", session: sessions.value }) });
  const filters = h("div", { class: "row filters", role: "group", "aria-label": "Show" });
  const tools = h("div", { class: "row" });
  const rows = h("div", { class: "rows" });
  const said = h("p", { class: "faint said", role: "status" });
  const right = h("section", { class: "conversation", "aria-label": "Conversation" });
  const element = h(
    "div", { class: "chats" },
    h("aside", { class: "list", "aria-label": "Chats" }, h("h1", { class: "only-read" }, "Chats"), h("p", { class: "row" }, h("label", { for: "session" }, "Session"), sessions), filters, tools, rows, said),
    right,
  );
  const settling = new Settling((jid) => {
    list.read(jid);
  });
  const ableAgain = new Settling(readAbilities);

  async function begin() {
    const page = await api.json("/sessions");
    if (closed) return;
    fill(sessions, page.data.map((/** @type {any} */ one) => h("option", { value: one.id }, one.label || one.phoneNumber || one.id)));
    session ||= page.data[0]?.id ?? "";
    sessions.value = session;
    if (session) await enter();
    else fill(said, "There is no session yet.");
  }

  /** Until it succeeds, where waiting may help. */
  function beginAgain() {
    begin().catch((error) => {
      if (closed) return;
      if (passes(error)) setTimeout(() => closed || beginAgain(), AGAIN_MS);
      fill(said, error instanceof Error ? error.message : String(error));
    });
  }

  async function enter() {
    sessions.value = session;
    abilities = null;
    drawFilters();
    anew();
    openTalk();
    await readAbilities();
  }

  async function readAbilities() {
    const asked = session;
    const found = await abilitiesOf(api, asked);
    if (closed || asked !== session) return;
    abilities = found;
    drawTools();
    talk?.able(abilities);
  }

  function anew() {
    list?.close();
    virtual?.close();
    settling.close();
    const channels = filter === "channels";
    list = channels ? new ChannelList(api, session, drawList) : new ChatList(api, session, /** @type {any} */ (filter), drawList);
    virtual = new VirtualList({
      label: channels ? "Channels" : "Chats",
      rowHeight: ROW_HEIGHT,
      keyOf: (item) => item.jid,
      render: channels ? channelRow : chatRow,
      onChoose: (item) => context.go({ view: "chats", session, chat: item.jid }),
      onNearEnd: () => list.more(),
    });
    virtual.choose(open || null);
    fill(rows, virtual.element);
    list.more();
  }

  function drawList() {
    const items = list instanceof ChatList ? list.chats : list.channels;
    virtual.show(items);
    rows.hidden = items.length === 0;
    const none = filter === "unread" ? "Nothing is unread." : filter === "channels" ? "No channels yet." : "No chats yet.";
    fill(said, list.failed || (list.loading ? "Loading…" : items.length ? counted(items.length, list.complete, filter === "channels" ? "channel" : "chat") : none));
    said.classList.toggle("failure", Boolean(list.failed));
    const shown = list instanceof ChatList && open ? list.find(open) : undefined;
    if (shown) talk?.chat(shown);
  }

  function drawFilters() {
    fill(
      filters,
      Object.entries(FILTERS).map(([name, text]) =>
        h("button", { type: "button", class: "filter", "aria-pressed": String(name === filter), onclick: () => choose(/** @type {any} */ (name)) }, text),
      ),
    );
    drawTools();
  }

  /** @param {keyof typeof FILTERS} name */
  function choose(name) {
    filter = name;
    drawFilters();
    anew();
    /** @type {HTMLElement | null} */ (filters.querySelector('[aria-pressed="true"]'))?.focus();
  }

  function drawTools() {
    if (filter !== "channels") return fill(tools);
    const made = (/** @type {string} */ jid) => {
      settling.touch(jid);
      context.go({ view: "chats", session, chat: jid });
    };
    fill(
      tools,
      actionButton("New channel", { reason: reasonAgainst(context, abilities, "channel.create"), run: async () => createChannel(api, session, made) }),
      actionButton("Follow", { reason: reasonAgainst(context, abilities, "channel.follow"), run: async () => followChannel(api, session, made) }),
    );
  }

  function openTalk() {
    talk?.close();
    talk = null;
    element.classList.toggle("open", Boolean(open));
    virtual.choose(open || null);
    if (!open) return fill(right, h("p", { class: "empty" }, "Choose a chat."));
    talk = conversation(context, {
      session, jid: open, known: list instanceof ChatList ? list.find(open) : undefined, abilities,
      changed: (chat) => list instanceof ChatList && list.put(chat),
      gone: (jid) => list instanceof ChatList && list.remove(jid),
      channelChanged: (channel) => list instanceof ChannelList && list.put(channel),
      back: () => context.go({ view: "chats", session }),
    });
    fill(right, talk.element);
  }

  /** @param {any} event */
  function happened({ detail }) {
    if (detail.session !== session || !list) return;
    const { payload } = detail;
    if (detail.event === "session.status") ableAgain.touch("abilities");
    const jid = payload.chatJid ?? payload.groupJid ?? (["contact.update", "newsletter.update"].includes(detail.event) ? payload.jid : null);
    if (!jid) return;
    if (filter !== "channels" || jid.endsWith("@newsletter")) settling.touch(jid);
    if (jid === open) talk?.happened(detail);
  }

  /** After a break that could not be bridged all is read anew. @param {any} event */
  function connected(event) {
    if (event.detail.resumed || !session || !list) return;
    anew();
    talk?.reload();
  }

  live.addEventListener("event", happened);
  live.addEventListener("connected", connected);
  drawFilters();
  beginAgain();
  return {
    element,
    show(place) {
      const other = (place.session ?? session) !== session;
      [session, open] = [place.session ?? session, place.chat ?? ""];
      if (other) enter().catch((error) => alertOf(error, "Chats"));
      else openTalk();
    },
    close() {
      closed = true;
      live.removeEventListener("event", happened);
      live.removeEventListener("connected", connected);
      settling.close();
      ableAgain.close();
      list?.close();
      virtual?.close();
      talk?.close();
    },
  };
}

/** @param {number} count @param {boolean} all whether there are no more @param {string} what */
function counted(count, all, what) {
  return `${numberOf(count)}${all ? "" : "+"} ${what}${count === 1 ? "" : "s"}`;
}
