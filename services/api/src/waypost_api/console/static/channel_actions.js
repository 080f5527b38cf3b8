/** What can be done with channels, and the questions before it. */

import { actionButton } from "./action_button.js";
import { reasonAgainst } from "./abilities.js";
import { of } from "./api.js";
import { confirmed, filledIn } from "./dialogs.js";

/** @param {import("./api.js").Api} api @param {string} session @param {(jid: string) => void} made */
export async function createChannel(api, session, made) {
  const fields = [
    { name: "name", label: "Name", required: true, maxlength: 100 },
    { name: "description", label: "Description", maxlength: 2048, multiline: true },
  ];
  const told = await filledIn("New channel", fields, "Create");
  if (told === null) return;
  const body = { name: told.name, ...(told.description.trim() ? { description: told.description } : {}) };
  made((await api.change("POST", of(session, "channels"), body)).jid);
}

/** @param {import("./api.js").Api} api @param {string} session @param {(jid: string) => void} followed */
export async function followChannel(api, session, followed) {
  const fields = [{ name: "jid", label: "The channel's JID", required: true, pattern: "[0-9]+@newsletter", hint: "For example 120363012345678901@newsletter" }];
  const told = await filledIn("Follow a channel", fields, "Follow");
  if (told === null) return;
  await api.change("POST", `${of(session, "channels", told.jid)}:follow`);
  followed(told.jid);
}

/** Shown as done at once, and taken back where it fails.
 * @param {import("./main.js").Context} context @param {string} session @param {import("./channel_list.js").Channel} channel
 * @param {import("./abilities.js").Abilities | null} abilities @param {(channel: import("./channel_list.js").Channel) => void} changed */
export function channelButtons(context, session, channel, abilities, changed) {
  /** @param {string} action @param {any} changes @param {any} [body] */
  async function change(action, changes, body) {
    changed({ ...channel, ...changes });
    try {
      await context.api.change("POST", `${of(session, "channels", channel.jid)}:${action}`, body);
    } catch (error) {
      changed(channel);
      throw error;
    }
  }

  async function unfollow() {
    const question = { title: "Unfollow the channel?", text: "Its posts stop coming. Those that are stored stay.", about: channel.name ?? channel.jid, action: "Unfollow" };
    if (await confirmed(question)) await change("unfollow", { followed: false });
  }

  const follow = channel.followed
    ? actionButton("Unfollow", { reason: reasonAgainst(context, abilities, "channel.unfollow"), run: unfollow })
    : actionButton("Follow", { reason: reasonAgainst(context, abilities, "channel.follow"), run: () => change("follow", { followed: true }) });
  const mute = actionButton("Mute channel", {
    pressed: channel.muted,
    reason: reasonAgainst(context, abilities, "channel.mute"),
    run: () => change("mute", { muted: !channel.muted }, { mute: !channel.muted }),
  });
  return [follow, mute];
}
