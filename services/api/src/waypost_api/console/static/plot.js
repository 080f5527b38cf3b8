/** Small lines of the last minutes: a value's way, as large as its card or as a cell of a table. */

import { fill, h, svg } from "./dom.js";

const [WIDTH, HEIGHT] = [240, 48];
/** How many values are seen: a line that has just begun takes the room of a minute, not of three. */
const [FEWEST, MOST] = [30, 90];

/** The line alone. */
export class Line {
  /** @param {string} title @param {(value: number) => string} said */
  constructor(title, said) {
    this.title = title;
    this.said = said;
    /** @type {number[]} */
    this.values = [];
    this.area = svg("polygon", { points: "", class: "plot-area" });
    this.line = svg("polyline", { points: "", fill: "none", class: "plot-line" });
    this.element = svg(
      "svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot", role: "img", "aria-label": title, preserveAspectRatio: "none" }, this.area, this.line,
    );
  }

  get most() {
    return Math.max(...this.values);
  }

  /** @param {number} value */
  add(value) {
    this.values.push(value);
    if (this.values.length > MOST) this.values.shift();
    const { most } = this;
    // A first value is a line, too.
    const values = this.values.length > 1 ? this.values : [value, value];
    const room = Math.max(values.length, FEWEST);
    const step = WIDTH / (room - 1);
    const left = (room - values.length) * step;
    const points = values.map((one, place) => `${(left + place * step).toFixed(1)},${(HEIGHT - 2 - (most ? one / most : 0) * (HEIGHT - 4)).toFixed(1)}`);
    this.line.setAttribute("points", points.join(" "));
    this.area.setAttribute("points", [`${left.toFixed(1)},${HEIGHT}`, ...points, `${WIDTH},${HEIGHT}`].join(" "));
    this.element.setAttribute("aria-label", `${this.title}: now ${this.said(value)}, at most ${this.said(most)}`);
  }
}

/** A card with the line, its newest value and its highest. */
export class Plot {
  /** @param {string} title @param {(value: number) => string} said */
  constructor(title, said) {
    this.said = said;
    this.line = new Line(title, said);
    this.now = h("p", { class: "figure" }, "–");
    this.most = h("p", { class: "faint" });
    this.element = h("div", { class: "card" }, h("h2", {}, title), this.now, this.line.element, this.most);
  }

  /** @param {number} value */
  add(value) {
    this.line.add(value);
    fill(this.now, this.said(value));
    fill(this.most, `at most ${this.said(this.line.most)}`);
  }
}
