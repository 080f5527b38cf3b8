/** Times and numbers as the person's own language writes them. */

const HOUR = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const BOTH = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
export const FOREVER = 253402300799000;

/** @param {number} ms */
export function hourOf(ms) {
  return HOUR.format(ms);
}

/** @param {number} ms */
export function dayOf(ms) {
  return DAY.format(ms);
}

/** @param {number} ms */
export function dayAndHour(ms) {
  return BOTH.format(ms);
}

/** The hour of today's, the day of others. @param {number | null} ms */
export function shortly(ms) {
  if (ms === null) return "";
  return new Date(ms).toDateString() === new Date().toDateString() ? hourOf(ms) : dayOf(ms);
}

/** @param {number} value */
export function numberOf(value) {
  return NUMBER.format(value);
}

/** @param {number | null} ms */
export function durationOf(ms) {
  if (ms === null) return "–";
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${numberOf(ms / 1_000)} s`;
  if (ms < 7_200_000) return `${numberOf(ms / 60_000)} min`;
  return `${numberOf(ms / 3_600_000)} h`;
}
