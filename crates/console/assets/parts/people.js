// The names of users, for rows that have only the id. Whoever may not read a user sees no name.
import { html } from "./html.js";
import { get } from "./api.js";
import { isAtLeast, me } from "./session.js";
import { nameOf } from "./format.js";
import { useLoaded } from "./ui.js";

/** The requested names, by id, so that a list asks once for each user. @type {Map<string, Promise<string | null>>} */
const names = new Map();

/** @param {string} id */
function find(id) {
  const known = names.get(id);
  if (known) return known;
  const asked = get(`/users/${id}`).then(nameOf, () => null);
  names.set(id, asked);
  // After a failure, and when the name may have changed, the next page asks again.
  setTimeout(() => names.delete(id), 60_000);
  return asked;
}

/** The name of a user; `other` for those who may not read the user. @param {{ id: string, other: string }} props */
export function Person({ id, other }) {
  const isOwn = id === me.value?.id;
  // Members read no users, and a refused request would be in the audit log.
  const name = useLoaded(() => (isOwn || !isAtLeast("org_admin") ? Promise.resolve(null) : find(id)), [id]);
  if (isOwn) return html`you`;
  return html`<span title=${id}>${name.loading ? "…" : name.value ?? other}</span>`;
}
