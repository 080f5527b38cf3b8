/** A list of any length of which only what can be seen is there, as a listbox: arrows move, Enter chooses. */

import { h } from "./dom.js";

const MORE_THAN_SEEN = 6;
const MOVED_PX = 10;
const POINTER_CLICK_MS = 700;
let lists = 0;

/** @template T */
export class VirtualList {
  /** @param {{label: string, rowHeight: number, keyOf: (item: T) => string, render: (item: T) => Node[], onChoose: (item: T) => void,
   *     onNearEnd: () => void}} options */
  constructor(options) {
    this.options = options;
    this.id = `list-${++lists}`;
    /** @type {T[]} */
    this.items = [];
    /** @type {string | null} */
    this.active = null;
    /** @type {string | null} */
    this.chosen = null;
    /** @type {Map<string, {item: T, element: HTMLElement}>} */
    this.rows = new Map();
    this.space = h("div", { class: "virtual-space", role: "none" });
    this.element = h("div", { class: "virtual-list", role: "listbox", tabindex: "0", "aria-label": options.label }, this.space);
    this.element.addEventListener("scroll", () => this.#soon(), { passive: true });
    this.element.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    this.#listenToPointers();
    this.element.addEventListener("focus", () => this.active ?? this.#move(this.#place(this.chosen)));
    this.sizes = new ResizeObserver(() => this.#soon());
    this.sizes.observe(this.element);
    this.drawing = 0;
  }

  /** @param {T[]} items in their order; an item that is the same object is not drawn again */
  show(items) {
    this.items = items;
    this.#soon();
  }

  /** @param {string | null} key */
  choose(key) {
    this.chosen = key;
    if (key !== null) this.active = key;
    for (const row of this.rows.values()) row.element.remove();
    this.rows.clear();
    this.#soon();
  }

  close() {
    this.sizes.disconnect();
    cancelAnimationFrame(this.drawing);
  }

  #soon() {
    if (!this.drawing) this.drawing = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.drawing = 0;
    const { rowHeight, keyOf } = this.options;
    const [top, height] = [this.element.scrollTop, this.element.clientHeight];
    const first = Math.max(0, Math.floor(top / rowHeight) - MORE_THAN_SEEN);
    const last = Math.min(this.items.length, Math.ceil((top + height) / rowHeight) + MORE_THAN_SEEN);
    this.space.style.height = `${this.items.length * rowHeight}px`;
    const seen = new Set();
    for (let place = first; place < last; place += 1) {
      const item = this.items[place];
      const key = keyOf(item);
      seen.add(key);
      let row = this.rows.get(key);
      if (row?.item !== item) {
        row?.element.remove();
        row = { item, element: this.#row(item, key) };
        this.rows.set(key, row);
      }
      row.element.style.transform = `translateY(${place * rowHeight}px)`;
      row.element.setAttribute("aria-posinset", String(place + 1));
      row.element.classList.toggle("active", key === this.active);
      if (this.space.children[place - first] !== row.element) this.space.insertBefore(row.element, this.space.children[place - first] ?? null);
    }
    for (const [key, row] of this.rows) {
      if (seen.has(key)) continue;
      row.element.remove();
      this.rows.delete(key);
    }
    const active = this.active !== null && this.rows.get(this.active);
    if (active) this.element.setAttribute("aria-activedescendant", active.element.id);
    else this.element.removeAttribute("aria-activedescendant");
    if (last > this.items.length - 3 * MORE_THAN_SEEN) this.options.onNearEnd();
  }

  /** @param {T} item @param {string} key */
  #row(item, key) {
    return h(
      "div",
      {
        class: "virtual-row", role: "option", id: `${this.id}-${key}`, "aria-setsize": "-1", "aria-selected": String(key === this.chosen),
        "data-key": key,
      },
      this.options.render(item),
    );
  }

  /** A row may be drawn anew or move while it is pressed, and the browser's click would be lost or go to another: what was pressed counts. */
  #listenToPointers() {
    /** @type {{key: string, x: number, y: number} | null} */
    let pressed = null;
    let done = -Infinity;
    this.element.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      const key = keyAt(event);
      pressed = key !== null && event.button === 0 ? { key, x: event.clientX, y: event.clientY } : null;
    });
    this.element.addEventListener("pointercancel", () => (pressed = null));
    this.element.addEventListener("pointerup", (/** @type {PointerEvent} */ event) => {
      const one = pressed;
      pressed = null;
      if (one === null || Math.hypot(event.clientX - one.x, event.clientY - one.y) > MOVED_PX) return;
      done = event.timeStamp;
      this.#chooseKey(one.key);
    });
    // Screen readers click without a pointer.
    this.element.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const key = keyAt(event);
      if (key !== null && event.timeStamp - done > POINTER_CLICK_MS) this.#chooseKey(key);
    });
  }

  /** @param {string} key */
  #chooseKey(key) {
    const item = this.items.find((one) => this.options.keyOf(one) === key);
    if (item === undefined) return;
    this.active = key;
    this.options.onChoose(item);
  }

  /** @param {string | null} key */
  #place(key) {
    return Math.max(0, this.items.findIndex((item) => this.options.keyOf(item) === key));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const now = this.#place(this.active);
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.options.rowHeight) - 1);
    const to = { ArrowDown: now + 1, ArrowUp: now - 1, PageDown: now + page, PageUp: now - page, Home: 0, End: this.items.length - 1 }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      if (this.items[now]) this.options.onChoose(this.items[now]);
    } else if (to !== undefined) this.#move(to);
    else return;
    event.preventDefault();
  }

  /** @param {number} place */
  #move(place) {
    const { rowHeight, keyOf } = this.options;
    const kept = Math.min(Math.max(place, 0), this.items.length - 1);
    if (kept < 0) return;
    this.active = keyOf(this.items[kept]);
    const [top, bottom] = [kept * rowHeight, (kept + 1) * rowHeight];
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (bottom > this.element.scrollTop + this.element.clientHeight) this.element.scrollTop = bottom - this.element.clientHeight;
    this.#draw();
  }
}

/** @param {Event} event */
function keyAt(event) {
  return /** @type {Element} */ (event.target).closest("[data-key]")?.getAttribute("data-key") ?? null;
}
