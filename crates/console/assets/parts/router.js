// The view is behind `#` of the URL: `#/companies?sector=Energy`. Users can therefore send
// a view to a colleague, no server sees it, and it works below any prefix.
import { signal, computed } from "./html.js";

const read = () => location.hash.replace(/^#/, "") || "/";

/** The part of the URL after `#`. */
export const address = signal(read());
/** Set while a form has changes that would be lost. */
export const unsaved = signal(false);

let last = location.hash;
addEventListener("hashchange", () => {
  if (unsaved.value && !confirm("Leave this page? What you have typed is lost.")) {
    history.replaceState(null, "", last || "#/");
    return;
  }
  unsaved.value = false;
  last = location.hash;
  address.value = read();
});

/** The path, such as `/companies`. */
export const path = computed(() => address.value.split("?")[0] || "/");
/** The parameters of the view. */
export const query = computed(() => new URLSearchParams(address.value.split("?")[1] || ""));

/** The URL of a view, without empty parameters.
 * @param {string} to @param {Record<string, unknown>} [parameters] */
export function href(to, parameters = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return `#${to}${text ? `?${text}` : ""}`;
}

/** Opens a view. @param {string} to @param {Record<string, unknown>} [parameters] */
export function go(to, parameters) {
  location.hash = href(to, parameters);
}

/** Changes parameters of the view and keeps the others; the back button undoes it.
 * @param {Record<string, unknown>} changes @param {{ replace?: boolean }} [options] */
export function setQuery(changes, { replace = false } = {}) {
  const all = { ...Object.fromEntries(query.value), ...changes };
  const next = href(path.value, all);
  if (next === `#${address.value}`) return;
  if (replace) {
    history.replaceState(null, "", next);
    last = next;
    address.value = next.slice(1);
  } else {
    location.hash = next;
  }
}

/** Whether a path has the form of a pattern, and its parameters: `/companies/:id`.
 * @param {string} pattern @param {string} actual @returns {Record<string, string> | null} */
export function match(pattern, actual) {
  const wanted = pattern.split("/");
  const given = actual.split("/");
  if (wanted.length !== given.length) return null;
  /** @type {Record<string, string>} */
  const found = {};
  for (let at = 0; at < wanted.length; at += 1) {
    if (wanted[at].startsWith(":")) {
      try {
        found[wanted[at].slice(1)] = decodeURIComponent(given[at]);
      } catch {
        return null; // An address that was cut off within a `%20`.
      }
    } else if (wanted[at] !== given[at]) return null;
  }
  return found;
}
