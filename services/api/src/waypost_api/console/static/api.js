/** The gateway's HTTP interface with one credential, which lives in this object and nowhere else. */

/** The gateway in front of which this page was loaded: two folders above the files' version. */
const ROOT = new URL("../../../", import.meta.url);

export class ApiError extends Error {
  /** @param {number} status 0 where nothing answered. @param {string} code @param {string} message @param {any} [details] */
  constructor(status, code, message, details) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

export class Api {
  #credential;

  /** @param {string} credential An API key or a JWT. */
  constructor(credential) {
    this.#credential = credential;
    /** Called once the credential is refused. @type {() => void} */
    this.onRefused = () => {};
  }

  /** @param {string} path Below /api/v1. @param {{method?: string, body?: any, query?: Record<string, any>, signal?: AbortSignal,
   *     headers?: Record<string, string>}} [options] */
  async json(path, options = {}) {
    const answer = await this.ask(`api/v1${path}`, options);
    return answer.status === 204 ? null : await answer.json();
  }

  /** What only this page asks. @param {string} path */
  async own(path) {
    return await (await this.ask(`console${path}`)).json();
  }

  /** @param {string} method @param {string} path @param {any} [body] @param {string} [key] the same for a change that may have been made */
  async change(method, path, body, key = newKey()) {
    return await this.json(path, { method, body, headers: { "Idempotency-Key": key } });
  }

  /** The answer, once it is a success. @param {string} path @param {any} [options] @returns {Promise<Response>} */
  async ask(path, { method = "GET", body, query = {}, signal, headers = {} } = {}) {
    const url = new URL(path, ROOT);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== null) url.searchParams.set(name, String(value));
    }
    const all = { Authorization: `Bearer ${this.#credential}`, Accept: "application/json", ...headers };
    if (body !== undefined) all["Content-Type"] = "application/json";
    let answer;
    try {
      answer = await fetch(url, {
        method,
        headers: all,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal,
        cache: "no-store",
        credentials: "omit",
        referrerPolicy: "no-referrer",
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError(0, "unreachable", "The gateway cannot be reached; look at the connection and try again");
    }
    if (answer.ok) return answer;
    throw await this.#refusal(answer);
  }

  /** @param {Response} answer */
  async #refusal(answer) {
    let told;
    try {
      told = (await answer.json()).error;
    } catch {
      told = null;
    }
    if (answer.status === 401) this.onRefused();
    return new ApiError(answer.status, told?.code ?? "unknown", told?.message ?? `HTTP ${answer.status}`, told?.details);
  }
}

/** `randomUUID` is missing where the page was loaded over plain HTTP from another machine. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The path of a session's resource. @param {string} session @param {...string} parts */
export function of(session, ...parts) {
  return ["/sessions", session, ...parts].map((part, place) => (place ? encodeURIComponent(part) : part)).join("/");
}

export const AGAIN_MS = 2_000;

/** Whether the same may succeed in a moment. @param {unknown} error */
export function passes(error) {
  return error instanceof ApiError && [0, 429, 503].includes(error.status);
}
