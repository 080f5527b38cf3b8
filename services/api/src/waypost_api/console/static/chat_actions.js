/** Archive, pin, mute, read, unread and delete: shown as done at once, and taken back where it fails. */

import { actionButton } from "./action_button.js";
import { reasonAgainst } from "./abilities.js";
import { of } from "./api.js";
import { confirmed } from "./dialogs.js";
import { FOREVER } from "./times.js";

/** @param {import("./main.js").Context} context @param {string} session @param {() => import("./chat_list.js").Chat} current
 * @param {(chat: import("./chat_list.js").Chat) => void} changed @param {() => void} gone */
export function chatButtons(context, session, current, changed, gone) {
  const { api } = context;
  const chat = current();
  const path = of(session, "chats", chat.jid);
  const reason = reasonAgainst(context, null, "");

  /** @param {Partial<import("./chat_list.js").Chat>} changes @param {() => Promise<any>} ask */
  async function change(changes, ask) {
    const before = current();
    changed({ ...before, ...changes });
    try {
      changed(await ask());
    } catch (error) {
      changed({ ...current(), ...undone(before, changes) });
      throw error;
    }
  }

  async function remove() {
    const question = {
      title: "Delete the chat?",
      text: "It and its stored messages are removed from the gateway, not from the phone. New messages bring it back, without the old ones.",
      about: chat.name ?? chat.jid,
      action: "Delete",
    };
    if (!(await confirmed(question))) return;
    await api.change("DELETE", path);
    gone();
  }

  const unread = chat.unreadCount > 0 || chat.markedUnread;
  const muted = chat.mutedUntil !== null;
  /** @param {string} text @param {"archived" | "pinned"} flag */
  const flag = (text, flag) =>
    actionButton(text, { reason, pressed: chat[flag], run: () => change({ [flag]: !chat[flag] }, () => api.change("PATCH", path, { [flag]: !chat[flag] })) });
  return [
    flag("Archive", "archived"),
    flag("Pin", "pinned"),
    actionButton("Mute", {
      reason,
      pressed: muted,
      run: () => change({ mutedUntil: muted ? null : FOREVER }, () => api.change("PATCH", path, muted ? { unmute: true } : { mutedUntil: FOREVER })),
    }),
    unread
      ? actionButton("Mark read", { reason, run: () => change({ unreadCount: 0, markedUnread: false }, () => api.change("POST", `${path}/read`)) })
      : actionButton("Mark unread", { reason, run: () => change({ markedUnread: true }, () => api.change("POST", `${path}/unread`)) }),
    actionButton("Delete", { reason, class: "destructive", run: remove }),
  ];
}

/** What the changes were made to, alone: the rest may have moved on meanwhile.
 * @param {any} before @param {Record<string, any>} changes */
function undone(before, changes) {
  return Object.fromEntries(Object.keys(changes).map((name) => [name, before[name]]));
}
