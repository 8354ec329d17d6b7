// The owner of rows: the user, an organization, or the system.
import { get } from "./api.js";
import { isAtLeast, organizationId } from "./session.js";
import { useLoaded } from "./ui.js";

/** @typedef {{ access_level: import("./types.js").Level, organization_id?: string }} Owner */

/** The owners that the user may choose, the default first. `from` is the role that rows of an organization need.
 * @param {string} from @param {{ id: string, name: string }[]} organizations */
export function ownersFrom(from, organizations) {
  /** @type {{ value: string, label: string }[]} */
  const found = [];
  const own = organizationId.value;
  if (own && isAtLeast(from)) found.push({ value: "organization", label: "My organization" });
  for (const one of organizations) if (one.id !== own && isAtLeast("tenant_admin")) found.push({ value: `organization:${one.id}`, label: one.name });
  found.push({ value: "personal", label: "Only me" });
  if (isAtLeast("super_admin")) found.push({ value: "system", label: "Everyone" });
  return found;
}

/** @param {string} value @returns {Owner} */
export function ownerOf(value) {
  const [level, organization] = value.split(":");
  return { access_level: /** @type {import("./types.js").Level} */ (level), ...(organization ? { organization_id: organization } : {}) };
}

/** The owners to choose from, with the organizations of a user who administers several. @param {string} from */
export function useOwners(from) {
  const many = isAtLeast("tenant_admin");
  const list = useLoaded(async (signal) => (many ? (await get("/organizations", { limit: 100 }, { signal })).data : []), [many]);
  return ownersFrom(from, list.value ?? []);
}
