// Requests to the public API with the browser's session. Tokens are in cookies that scripts
// cannot read; only their expiry is stored here.
import { signal } from "./html.js";

const BASE = new URL("api/v1", document.baseURI.replace(/[^/]*$/, "")).pathname;
const ENDS = "accunode.session-ends";
/** How many seconds before its end a session is refreshed. */
const EARLY = 45;

/** Whether the last request could not reach the service. */
export const offline = signal(!navigator.onLine);
addEventListener("offline", () => { offline.value = true; });
addEventListener("online", () => { offline.value = false; });

/** Called when the session has ended. @type {{ current: () => void }} */
export const onSignedOut = { current: () => {} };
/** Asks for the password again, and returns whether it was entered. @type {{ current: () => Promise<boolean> }} */
export const onStepUp = { current: async () => false };

/** @typedef {{ pointer: string, code: string, detail: string }} Fault */

/** An error of the API, from its problem document. */
export class Refused extends Error {
  /** @param {number} status @param {import("./types.js").Schema["Problem"] | null | undefined} problem */
  constructor(status, problem) {
    super(problem?.detail || `The service answered ${status}.`);
    this.status = status;
    /** @type {string} */
    this.code = problem?.code || "unknown";
    /** @type {Fault[]} */
    this.errors = problem?.errors ?? [];
    this.existing = problem?.existing_id;
    this.requestId = problem?.request_id;
  }
}

/** The service sent no answer. */
export class Unreachable extends Error {
  constructor() {
    super("The service cannot be reached. Check your connection; this page goes on where it was.");
  }
}

/** @param {{ expires_in: number }} session */
export function noteSession(session) {
  localStorage.setItem(ENDS, String(Date.now() + session.expires_in * 1000));
}
export function forgetSession() {
  localStorage.removeItem(ENDS);
}
export const mayBeSignedIn = () => localStorage.getItem(ENDS) !== null;
const isEnding = () => Date.now() > Number(localStorage.getItem(ENDS)) - EARLY * 1000;

/** @param {string} path @param {RequestInit} options */
async function send(path, options) {
  try {
    const answer = await fetch(`${BASE}${path}`, { ...options, credentials: "same-origin" });
    offline.value = false;
    return answer;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    offline.value = true;
    throw new Unreachable();
  }
}

/** Refreshes a session that ends soon. A lock between tabs makes one of them do it for all. */
export async function freshen(force = false) {
  const known = localStorage.getItem(ENDS);
  if (!known || !(force || isEnding())) return;
  const renew = async () => {
    const now = localStorage.getItem(ENDS);
    if (!now || (now !== known && !isEnding())) return;
    const answer = await send("/auth/refresh", { method: "POST", headers: { "X-AccuNode-Client": "browser" } });
    if (answer.ok) noteSession(await answer.json());
    else if (answer.status === 401) {
      forgetSession();
      onSignedOut.current();
    }
  };
  await (navigator.locks ? navigator.locks.request("accunode-refresh", renew) : renew());
}

/** @typedef {{ query?: Record<string, unknown>, body?: unknown, form?: FormData, version?: string | null, headers?: Record<string, string>, signal?: AbortSignal, open?: boolean, again?: boolean }} Options */

/** Sends one request. `open` is for operations that need no session, and leaves it unchanged.
 * @param {string} method @param {string} path @param {Options} [options] @returns {Promise<Response>} */
export async function request(method, path, options = {}) {
  if (!options.open) await freshen();
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", "X-AccuNode-Client": "browser", ...options.headers };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.version) headers["If-Match"] = options.version;
  const answer = await send(path + search(options.query), {
    method,
    headers,
    body: options.form ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
    signal: options.signal,
  });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => null);
  const refused = new Refused(answer.status, problem);
  if (options.open || options.again) throw refused;
  if (refused.code === "step_up_required") {
    if (await onStepUp.current()) return request(method, path, { ...options, again: true });
    throw refused;
  }
  if (answer.status === 401 && ["invalid_token", "token_required"].includes(refused.code)) {
    await freshen(true);
    if (mayBeSignedIn()) return request(method, path, { ...options, again: true });
    onSignedOut.current();
  }
  throw refused;
}

/** @param {Record<string, unknown>} [query] */
export function search(query = {}) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text ? `?${text}` : "";
}

/** @param {string} method @param {string} path @param {Options} [options] @returns {Promise<unknown>} */
async function json(method, path, options) {
  const answer = await request(method, path, options);
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

/** @typedef {import("./types.js").Method} Method */
/** The answer of a path. @template {Method} M @template {string} P @typedef {import("./types.js").Answer<M, P>} Answer */

/** @template {string} P @param {P} path @param {import("./types.js").Query<"get", P>} [query] @param {Options} [options]
 * @returns {Promise<Answer<"get", P>>} */
export const get = (path, query, options) => /** @type {Promise<Answer<"get", P>>} */ (json("GET", path, { ...options, query }));
/** @template {string} P @param {P} path @param {import("./types.js").Body<"post", P>} [body] @param {Options} [options]
 * @returns {Promise<Answer<"post", P>>} */
export const post = (path, body, options) => /** @type {Promise<Answer<"post", P>>} */ (json("POST", path, { ...options, body }));
/** @template {string} P @param {P} path @param {import("./types.js").Body<"put", P>} [body] @param {Options} [options]
 * @returns {Promise<Answer<"put", P>>} */
export const put = (path, body, options) => /** @type {Promise<Answer<"put", P>>} */ (json("PUT", path, { ...options, body }));
/** @template {string} P @param {P} path @param {import("./types.js").Body<"patch", P>} [body] @param {Options} [options]
 * @returns {Promise<Answer<"patch", P>>} */
export const patch = (path, body, options) => /** @type {Promise<Answer<"patch", P>>} */ (json("PATCH", path, { ...options, body }));
/** @template {string} P @param {P} path @param {import("./types.js").Query<"delete", P>} [query] @param {Options} [options]
 * @returns {Promise<Answer<"delete", P>>} */
export const remove = (path, query, options) => /** @type {Promise<Answer<"delete", P>>} */ (json("DELETE", path, { ...options, query }));

/** Fetches an object with its version, for `If-Match`.
 * @template {string} P @param {P} path @param {Options} [options]
 * @returns {Promise<{ value: Answer<"get", P>, version: string | null }>} */
export async function getVersioned(path, options) {
  const answer = await request("GET", path, options);
  return { value: await answer.json(), version: answer.headers.get("ETag") };
}

/** Saves an answer as a file.
 * @param {string} path @param {Record<string, unknown>} query @param {string} accept @param {string} name */
export async function download(path, query, accept, name) {
  const answer = await request("GET", path, { query, headers: { Accept: accept } });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The address of an event stream. @param {string} path */
export const streamUrl = (path) => `${BASE}${path}`;

/** A new idempotency key, with which a request can be repeated without being executed twice.
 * Generated here because `crypto.randomUUID` exists only over https. */
export const requestKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
