// The signed-in user, and what they may see.
import { signal, computed } from "./html.js";
import { Refused, get, post, noteSession, forgetSession, mayBeSignedIn, onSignedOut } from "./api.js";

/** @typedef {import("./types.js").Schema["Me"]} Me */

/** @type {import("./html.js").Signal<Me | null>} Who is signed in; null for no one. */
export const me = signal(null);
/** An empty user, for the moment between a sign-out and the sign-in page. @type {Me} */
const NO_ONE = /** @type {Me} */ ({ id: "", email: "", role: "user", effective_role: "user", is_active: false, is_verified: false, created_at: "" });
/** The signed-in user, for pages, which are shown to signed-in users only. */
export const user = computed(() => me.value ?? NO_ONE);
/** Whether the session is known already. */
export const isKnown = signal(false);
/** A sentence for the sign-in page. */
export const notice = signal("");

const RANKS = ["user", "org_member", "org_admin", "tenant_admin", "super_admin"];
export const rank = computed(() => RANKS.indexOf(me.value?.effective_role ?? ""));
/** @param {string} role */
export const isAtLeast = (role) => rank.value >= RANKS.indexOf(role);
export const organizationId = computed(() => me.value?.organization?.id ?? null);

/** Whether the user may change and remove a row: of an organization's, its creator and the administrators may. Only the API decides; the console offers no button that it refuses.
 * @param {{ access_level: string, created_by?: string | null }} row */
export const mayChange = (row) => (row.access_level === "system" ? isAtLeast("super_admin")
  : row.access_level === "personal" || row.created_by === me.value?.id || isAtLeast("org_admin"));
/** Whether the user may administer another one: users of their own rank only if they are super admins. @param {{ id: string, effective_role: string }} other */
export const mayAdminister = (other) => other.id !== me.value?.id && (isAtLeast("super_admin") || rank.value > RANKS.indexOf(other.effective_role));

/** The scopes of figures, the widest last. */
export const scopes = computed(() => {
  const found = [{ value: "all", label: "All" }];
  if (me.value) found.push({ value: "personal", label: "Mine" });
  if (organizationId.value) found.push({ value: "organization", label: "Organization" });
  if (isAtLeast("tenant_admin") && organizationId.value) found.push({ value: "tenant", label: "Tenant" });
  if (me.value && !me.value.organization?.hide_system_data) found.push({ value: "system", label: "System" });
  return found;
});
/** By default everything that the user may read. */
export const defaultScope = computed(() => "all");

export async function load() {
  if (mayBeSignedIn()) {
    try {
      me.value = await get("/me");
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error;
      me.value = null;
    }
  }
  isKnown.value = true;
}

/** @param {{ expires_in: number, user: Me }} session */
export function begin(session) {
  noteSession(session);
  notice.value = "";
  me.value = session.user;
}

export async function signOut() {
  await post("/auth/logout").catch(() => {});
  forgetSession();
  me.value = null;
}

onSignedOut.current = () => {
  forgetSession();
  if (me.value) notice.value = "Your session has ended. Sign in to go on where you were.";
  me.value = null;
};

// A sign-out in another tab also applies here.
addEventListener("storage", (event) => {
  if (event.key !== "accunode.session-ends") return;
  if (event.newValue === null && me.value) onSignedOut.current();
  else if (event.newValue && !me.value) load().catch(() => {});
});
