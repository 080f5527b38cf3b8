/** What can be done for a session, and why not: the answers that would be 501 or 403 are known before asking. */

/**
 * @typedef {{status: string, operations: string[], withoutConnection: string[]}} Abilities
 */

/** Why the command would be refused, or "". @param {import("./main.js").Context} context @param {Abilities | null} abilities
 * @param {string} command @param {string} permission */
export function reasonAgainst(context, abilities, command, permission = "send") {
  if (!context.may(permission)) return `This key lacks the permission ${permission}`;
  if (!command || abilities === null) return "";
  if (!abilities.operations.includes(command)) return `The connector of this session does not offer ${command}`;
  const needsConnection = !abilities.withoutConnection.includes(command);
  if (needsConnection && abilities.status !== "working") return `The session is ${abilities.status}, not working: start it first`;
  return "";
}

/** @param {import("./api.js").Api} api @param {string} session @returns {Promise<Abilities>} */
export async function abilitiesOf(api, session) {
  return await api.own(`/sessions/${encodeURIComponent(session)}/abilities`);
}
