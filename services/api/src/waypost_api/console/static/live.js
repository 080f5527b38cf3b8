/** The stream of events, kept up: goes on with the last id after a break, and tells when it is not there. */

import { ApiError } from "./api.js";
import { FrameReader } from "./server_sent_events.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * @typedef {"connecting" | "live" | "waiting" | "off"} LiveState
 */

export class Live extends EventTarget {
  /** @param {import("./api.js").Api} api */
  constructor(api) {
    super();
    this.api = api;
    /** @type {LiveState} */
    this.state = "off";
    this.reason = "";
    /** @type {string | null} */
    this.lastId = null;
    this.leaving = new AbortController();
  }

  start() {
    this.#run();
  }

  stop() {
    this.leaving.abort();
  }

  async #run() {
    let pause = FIRST_PAUSE_MS;
    while (!this.leaving.signal.aborted) {
      this.#tell("connecting");
      let ended = "the stream ended";
      try {
        await this.#listen(() => (pause = FIRST_PAUSE_MS));
      } catch (error) {
        if (this.leaving.signal.aborted) return;
        ended = error instanceof Error ? error.message : String(error);
        if (error instanceof ApiError && [401, 403].includes(error.status)) return this.#tell("off", ended);
        // The place is in a log that was made again, or the server's secret has changed: begin anew, and read all anew.
        if (error instanceof ApiError && [400, 409].includes(error.status)) this.lastId = null;
      }
      this.#tell("waiting", ended);
      await this.#rest(pause * (0.75 + Math.random() / 2));
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  /** @param {() => void} connected */
  async #listen(connected) {
    const one = new AbortController();
    const leave = () => one.abort();
    this.leaving.signal.addEventListener("abort", leave);
    let heartbeat = 20_000;
    let watch = setTimeout(leave, heartbeat * 2);
    try {
      const headers = { Accept: "text/event-stream", ...(this.lastId ? { "Last-Event-ID": this.lastId } : {}) };
      const answer = await this.api.ask("api/v1/events", { headers, signal: one.signal });
      const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
      const [decoder, frames] = [new TextDecoder(), new FrameReader()];
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(watch);
        watch = setTimeout(leave, heartbeat * 2);
        for (const frame of frames.take(decoder.decode(value, { stream: true }))) {
          if (frame.data !== null) {
            const told = JSON.parse(frame.data);
            if (told.event === "connected") {
              heartbeat = told.heartbeatSeconds * 1_000;
              connected();
              this.#tell("live");
              this.dispatchEvent(new CustomEvent("connected", { detail: { resumed: this.lastId !== null } }));
            } else if (told.event === "error") {
              const status = { conflict: 409, unauthorized: 401, forbidden: 403 }[told.error.code] ?? 503;
              throw new ApiError(status, told.error.code, told.error.message);
            } else this.dispatchEvent(new CustomEvent("event", { detail: told }));
          }
          if (frame.id !== null) this.lastId = frame.id;
        }
      }
    } finally {
      clearTimeout(watch);
      this.leaving.signal.removeEventListener("abort", leave);
      one.abort();
    }
  }

  /** @param {number} ms */
  #rest(ms) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        removeEventListener("online", end);
        this.leaving.signal.removeEventListener("abort", end);
        resolve(undefined);
      };
      const timer = setTimeout(end, ms);
      addEventListener("online", end);
      this.leaving.signal.addEventListener("abort", end);
    });
  }

  /** @param {LiveState} state @param {string} [reason] */
  #tell(state, reason = "") {
    this.state = state;
    this.reason = reason;
    this.dispatchEvent(new CustomEvent("state"));
  }
}
