/** The whole pipeline for operators: what comes, what waits, what was set aside, which documents are read. */

import { fill, h } from "./dom.js";
import { Line, Plot } from "./plot.js";
import { dayAndHour, durationOf, numberOf } from "./times.js";

const EVERY_MS = 2_000;

/** @param {import("./main.js").Context} context @returns {import("./main.js").View} */
export function pipelineView(context) {
  const leaving = new AbortController();
  const rate = new Plot("Events a second", numberOf);
  const lag = new Plot("Records that wait", numberOf);
  const age = new Plot("The oldest waits for", durationOf);
  const letters = new Plot("Dead letters", numberOf);
  const documents = h("div", { role: "group", "aria-label": "Documents" });
  const queues = new Table(["Queue", "Count", "Reasons", "Newest"]);
  const hops = new Table(["Hop", "Of", "p50", "p99", "p99, last minutes"]);
  const groups = new Table(["Group", "Members", "Waiting", "Oldest"]);
  const partitions = new Table(["Group", "Topic", "Partition", "Waiting", "Oldest", "Waiting, last minutes"]);
  const said = h("p", { class: "failure", role: "status" });
  /** @type {Map<string, Line>} */
  const lines = new Map();
  let timer = 0;

  async function read() {
    if (!document.hidden) {
      try {
        draw(await context.api.json("/pipeline", { signal: leaving.signal }));
        fill(said);
      } catch (error) {
        if (leaving.signal.aborted) return;
        fill(said, error instanceof Error ? error.message : String(error));
      }
    }
    timer = setTimeout(read, EVERY_MS);
  }

  /** The line of a row, one value longer. @param {string} title @param {number} value @param {(value: number) => string} said */
  function line(title, value, said) {
    const one = lines.get(title) ?? new Line(title, said);
    lines.set(title, one);
    one.add(value);
    return one.element;
  }

  /** @param {any} now */
  function draw(now) {
    rate.add(now.eventsPerSecond.last10s);
    lag.add(sum(now.partitions.map((/** @type {any} */ one) => one.lag)));
    age.add(Math.max(0, ...now.partitions.map((/** @type {any} */ one) => one.oldestUnprocessedMs ?? 0)));
    letters.add(sum(now.deadLetters.map((/** @type {any} */ one) => one.count)));
    fill(
      documents,
      h("p", {}, `Generation ${now.generation} is read. ${numberOf(now.eventsPerSecond.last60s)} events a second in the last minute.`),
      now.making.length ? now.making.map(generation) : h("p", { class: "faint" }, "No rebuild is under way."),
    );
    queues.show(now.deadLetters.map((/** @type {any} */ one) => [
      one.topic, numberOf(one.count), Object.entries(one.byReason).map(([reason, count]) => `${reason} ${count}`).join(", ") || "–",
      one.newestAt === null ? "–" : dayAndHour(one.newestAt),
    ]));
    hops.show(now.hops.map((/** @type {any} */ one) => {
      const name = one.hop.replaceAll("_", " ");
      return [name, numberOf(one.count), durationOf(one.p50Ms), durationOf(one.p99Ms), line(`p99 of ${name}`, one.p99Ms ?? 0, durationOf)];
    }));
    groups.show(now.groups.map((/** @type {any} */ one) => [one.group, numberOf(one.members), numberOf(one.lag), durationOf(one.oldestUnprocessedMs)]));
    partitions.show(now.partitions.map((/** @type {any} */ one) => [
      one.group, one.topic, String(one.partition), numberOf(one.lag), durationOf(one.oldestUnprocessedMs),
      line(`Waiting for ${one.group} in ${one.topic} ${one.partition}`, one.lag, numberOf),
    ]));
  }

  read();
  return {
    element: h(
      "div", { class: "page" },
      h("h1", {}, "Pipeline"), said,
      h("div", { class: "plots" }, rate.element, lag.element, age.element, letters.element),
      h(
        "div", { class: "tables" },
        card("Documents", documents), card("Where the time goes", hops.element), card("Dead letters by queue", queues.element),
        card("Consumer groups", groups.element), card("Partitions", partitions.element),
      ),
    ),
    close() {
      leaving.abort();
      clearTimeout(timer);
    },
  };
}

/** @param {number[]} all */
function sum(all) {
  return all.reduce((one, other) => one + other, 0);
}

/** @param {any} one */
function generation(one) {
  const done = one.events - one.behind;
  const text = `Generation ${one.generation} is ${one.state}: ${numberOf(done)} of ${numberOf(one.events)} events`;
  return h("p", {}, text, h("progress", { max: Math.max(one.events, 1), value: done, "aria-label": text }));
}

/** @param {string} title @param {any} content */
function card(title, content) {
  return h("section", { class: "card" }, h("h2", {}, title), content);
}

/** Only its rows change, so that where one has scrolled to and the focus stay. */
class Table {
  /** @param {string[]} heads */
  constructor(heads) {
    this.rows = h("tbody");
    this.none = h("p", { class: "faint" }, "Nothing yet.");
    this.element = h(
      "div", { class: "scrolls", tabindex: "0", role: "group", "aria-label": heads.join(", ") },
      h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), this.rows), this.none,
    );
  }

  /** @param {(string | Element)[][]} rows */
  show(rows) {
    fill(this.rows, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell)))));
    this.none.hidden = rows.length > 0;
  }
}
