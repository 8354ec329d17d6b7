// An organization: its members, invitations, join token and settings.
import { html, useState } from "../parts/html.js";
import { get, getVersioned, patch, post, put, remove, requestKey } from "../parts/api.js";
import { isAtLeast, mayAdminister, organizationId, user } from "../parts/session.js";
import { go, query, setQuery } from "../parts/router.js";
import { Act, Card, Copy, Dialog, Empty, Field, Header, Pager, Tabs, Tag, ask, faultOf, toast, useLoaded, show, table, form, changer } from "../parts/ui.js";
import { ROLES, ago, count, date, nameOf, time } from "../parts/format.js";
import { Filter } from "./companies.js";

/** @typedef {import("../parts/types.js").Schema} Schema */

/** @param {{ id?: string }} props */
export default function Organization({ id }) {
  const of = id ?? organizationId.value;
  if (!of) return html`<${NoOrganization} />`;
  return html`<${One} id=${of} isOther=${Boolean(id)} />`;
}

function NoOrganization() {
  if (isAtLeast("super_admin")) return html`<${Header} title="Organization" about="You belong to none; you see all of them." /><${Card}><${Empty} title="All organizations" action=${html`<a class="button button-primary" href="#/organizations">Open the list</a>`}>As a super admin you administer every tenant.<//><//>`;
  return html`<${Header} title="Organization" about="You belong to none yet." /><${Card}><${Empty} title="Not a member">Open the link of an invitation or of a join token that an administrator sends you. Your own rows stay yours alone.<//><//>`;
}

/** @param {{ id: string, isOther: boolean }} props */
function One({ id, isOther }) {
  const organization = useLoaded(() => getVersioned(`/organizations/${id}`), [id]);
  const may = isAtLeast("org_admin");
  const tabs = [["members", "Members"], ...(may ? [["invitations", "Invitations"], ["joining", "Joining"]] : []), ["settings", may ? "Settings" : "About"]];
  const tab = query.value.get("tab") || (may ? "members" : "settings");
  const at = isOther ? `#/organizations/${id}` : "#/organization";
  return show(organization, ({ value: o, version }) => html`
    <${Header} title=${o.name} back=${isOther ? { href: "#/organizations", label: "Organizations" } : undefined} about=${html`${o.parent_id ? "An organization within its tenant" : "The root of its tenant"}${o.industry ? ` · ${o.industry}` : ""} ${!o.is_active && html`<${Tag} tone="bad">inactive<//>`}`} />
    ${may && html`<${Stats} id=${id} />`}
    <${Tabs} label="Parts of the organization" tabs=${tabs.filter(([value]) => may || value === "settings")} value=${tab} to=${(/** @type {string} */ value) => `${at}?tab=${value}`} />
    ${tab === "members" && may && html`<${Members} id=${id} organization=${o} />`}
    ${tab === "invitations" && may && html`<${Invitations} id=${id} />`}
    ${tab === "joining" && may && html`<${Joining} id=${id} organization=${o} />`}
    ${tab === "settings" && html`<${Settings} organization=${o} version=${version} again=${organization.again} may=${may} />`}`, 8, isOther ? { href: "#/organizations", label: "Organizations" } : { href: "#/", label: "Overview" });
}

/** @param {{ id: string }} props */
function Stats({ id }) {
  const stats = useLoaded((signal) => get(`/organizations/${id}/stats`, {}, { signal }), [id]);
  return show(stats, (s) => html`<dl class="figures"><div class="figure"><dt>Users</dt><dd>${count(s.users)}</dd><dd class="note">${count(s.active_users)} active</dd></div><div class="figure"><dt>Companies</dt><dd>${count(s.companies)}</dd></div><div class="figure"><dt>Predictions</dt><dd>${count(s.predictions.annual + s.predictions.quarterly)}</dd><dd class="note">${count(s.predictions.annual)} annual, ${count(s.predictions.quarterly)} quarterly</dd></div><div class="figure"><dt>Uploads</dt><dd>${count(s.jobs)}</dd><dd class="note">${count(s.open_jobs)} open</dd></div></dl>`, 2);
}

/** @param {{ id: string, organization: Schema["Organization"] }} props */
function Members({ id, organization }) {
  const filters = { q: query.value.get("q") || "", cursor: query.value.get("cursor") || "" };
  const list = useLoaded((signal) => get("/users", { organization_id: id, ...filters, limit: 50 }, { signal }), [id, filters.q, filters.cursor]);
  const [open, setOpen] = useState(/** @type {Schema["User"] | null} */ (null));
  const [inviting, setInviting] = useState(false);
  return html`<div class="filters"><div class="search"><${Filter} name="q" label="Search" type="search" placeholder="Name or address" /></div><button class="button button-primary" onClick=${() => setInviting(true)}>Invite</button></div>
    <${Card} class="card-flush">${show(list, (value) => (value.data.length ? html`${table({ caption: "Members", rows: value.data, columns: [
      { key: "n", label: "Name", cell: (u) => html`<div class="name-cell"><strong>${nameOf(u)}</strong><span class="sub">${u.email}</span></div>` },
      { key: "r", label: "Role", cell: (u) => html`<${Tag} tone=${["org_admin", "tenant_admin"].includes(u.effective_role) ? "accent" : ""}>${ROLES[u.effective_role]}<//>` },
      { key: "s", label: "Status", cell: (u) => (u.is_active === false ? html`<${Tag} tone="bad">deactivated<//>` : html`<${Tag} tone="good">active<//>`) },
      { key: "l", label: "Last sign-in", cell: (u) => html`<span class="nowrap">${u.last_login ? ago(u.last_login) : "–"}</span>` },
      { key: "a", label: "", cell: (u) => (u.id === user.value.id ? html`<${Tag}>you<//>` : mayAdminister(u) && html`<button class="button button-small" aria-label=${`Manage ${u.email}`} onClick=${() => setOpen(u)}>Manage</button>`) },
    ] })}<${Pager} page=${value} query=${query.value} set=${setQuery} />` : html`<${Empty} title="No member matches">Try fewer letters.<//>`))}<//>
    ${open && html`<${Manage} user=${open} organization=${organization} close=${() => setOpen(null)} again=${list.again} />`}
    ${inviting && html`<${Invite} id=${id} close=${() => setInviting(false)} />`}`;
}

const rolesBelow = () => Object.entries(ROLES).filter(([role]) => role !== "super_admin" && (isAtLeast("super_admin") || !isAtLeast(role) || role !== user.value.effective_role) && (role !== "tenant_admin" || isAtLeast("super_admin"))).map(([value, label]) => ({ value, label }));

/** @param {{ user: Schema["User"], organization: Schema["Organization"], close: () => void, again: () => void }} props */
function Manage({ user, organization, close, again }) {
  const [role, setRole] = useState(user.role);
  const [reason, setReason] = useState("");
  const done = (/** @type {string} */ text) => { toast(text); again(); close(); };
  const save = async () => { await put(`/users/${user.id}/role`, { role, organization_id: role === "user" ? undefined : organization.id, reason }); done("The role is set; the user signs in anew."); };
  return html`<${Dialog} title=${nameOf(user)} close=${close}><p class="muted">${user.email}</p>
    ${form({ send: save, button: "Set role" }, (error) => html`<${Field} label="Role" value=${role} onInput=${setRole} options=${rolesBelow()} fault=${faultOf(error, "/role")} /><${Field} label="Why" help="For the audit log." value=${reason} onInput=${setReason} fault=${faultOf(error, "/reason")} required />`)}
    <hr /><div class="row">
      <${Act} act=${async () => { await patch(`/users/${user.id}`, { is_active: !user.is_active, reason: reason || undefined }); done(user.is_active ? "Deactivated." : "Active again."); }}>${user.is_active ? "Deactivate" : "Activate"}<//>
      <${Act} act=${async () => { await post(`/users/${user.id}/password-reset`); done("A mail with a link is on its way."); }}>Reset password<//>
      <${Act} act=${async () => { await remove(`/users/${user.id}/sessions`); done("All sessions have ended."); }}>End sessions<//>
      <${Act} act=${async () => { await remove(`/users/${user.id}/mfa`); done("The second factor is removed."); }}>Remove second factor<//>
      <${Act} tone="danger" act=${async () => { if (await ask({ title: "Remove from the organization?", text: `${nameOf(user)} loses access to its rows; rows that they made stay.`, button: "Remove" })) { await remove(`/users/${user.id}`, { reason: reason || "removed in the console" }); done("Removed."); } }}>Remove<//></div><//>`;
}

/** @param {{ id: string, close: () => void, again?: () => void }} props */
function Invite({ id, close, again }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState("org_member");
  const send = async () => { await post("/users", { email: email.trim(), role, organization_id: id }, { headers: { "Idempotency-Key": requestKey() } }); toast(`An invitation to ${email} is on its way.`); again?.(); close(); };
  return html`<${Dialog} title="Invite someone" close=${close}>${form({ send, button: "Invite", cancel: close }, (error) => html`
    <${Field} label="E-mail address" type="email" value=${email} onInput=${setEmail} fault=${faultOf(error, "/email")} required /><${Field} label="Role" value=${role} onInput=${setRole} options=${rolesBelow().filter((one) => one.value !== "user")} fault=${faultOf(error, "/role")} />`)}<//>`;
}

/** @param {{ id: string }} props */
function Invitations({ id }) {
  const list = useLoaded((signal) => get(`/organizations/${id}/invitations`, { limit: 100 }, { signal }), [id]);
  const enrolments = useLoaded((signal) => get(`/organizations/${id}/second-factor-enrolments`, { limit: 50 }, { signal }), [id]);
  const [inviting, setInviting] = useState(false);
  const decide = async (/** @type {Schema["SecondFactorEnrolment"]} */ one, /** @type {string} */ decision) => { await post(`/users/${one.user_id}/mfa/approval`, { decision, enrolment_id: one.enrolment_id }); enrolments.again(); toast(decision === "approve" ? "Approved." : "Refused."); };
  return html`<div class="stack"><${Card} class="card-flush" title="Invitations" actions=${html`<button class="button button-primary" onClick=${() => setInviting(true)}>Invite</button>`}>${show(list, (value) => (value.data.length ? table({ caption: "Invitations", rows: value.data, columns: [
      { key: "e", label: "Address", cell: (i) => i.email }, { key: "r", label: "Role", cell: (i) => ROLES[i.role] },
      { key: "s", label: "Status", cell: (i) => html`<${Tag} tone=${{ pending: "accent", accepted: "good", expired: "warn" }[/** @type {"pending"} */ (i.status)]}>${i.status}<//>` },
      { key: "x", label: "Good until", cell: (i) => html`<span class="nowrap">${time(i.expires_at)}</span>` },
      { key: "a", label: "", cell: (i) => (i.status === "pending" ? html`<${Act} small act=${async () => { await remove(`/organizations/${id}/invitations/${i.id}`); list.again(); toast("Withdrawn."); }}>Withdraw<//>` : null) },
    ] }) : html`<${Empty} title="No invitations">Invite someone by their e-mail address; the mail has a link that is good for a week.<//>`))}<//>
    ${show(enrolments, (value) => value.data.length > 0 && html`<${Card} class="card-flush" title="Second factors that wait for approval">${table({ caption: "Second factors that wait", rowKey: (r) => r.enrolment_id, rows: value.data, columns: [
      { key: "n", label: "User", cell: (e) => html`${nameOf(e)}<span class="sub">${e.email}</span>` }, { key: "w", label: "Waits", cell: (e) => ago(e.waits_since) }, { key: "ip", label: "From", cell: (e) => e.ip_address ?? "–" },
      { key: "a", label: "", cell: (e) => html`<span class="row"><${Act} small tone="primary" act=${() => decide(e, "approve")}>Approve<//><${Act} small tone="danger" act=${() => decide(e, "refuse")}>Refuse<//></span>` }] })}<//>`, 2)}
    ${inviting && html`<${Invite} id=${id} close=${() => setInviting(false)} again=${list.again} />`}</div>`;
}

/** @param {{ id: string, organization: Schema["Organization"] }} props */
function Joining({ id, organization }) {
  const [token, setToken] = useState(/** @type {Schema["JoinToken"] | null} */ (null));
  const [email, setEmail] = useState("");
  const emails = useLoaded((signal) => get(`/organizations/${id}/allowed-emails`, { limit: 100 }, { signal }), [id]);
  return html`<div class="grid"><${Card} class="span-6" title="Join token" about=${{ closed: "The join policy is closed: no token opens the organization.", token: "Whoever has the link may join as a member.", allowed_emails: "Whoever has the link and an address of the list may join." }[/** @type {"token"} */ (organization.join_policy)]}>
      ${token ? html`<div class="stack-small"><p>Copy it now. This is the only time that it is shown.</p><${Copy} text=${token.join_url} label="the link" /></div>` : html`<p class="muted">A new token replaces the one before.</p>`}
      <div class="form-actions"><${Act} tone="primary" act=${async () => setToken(await put(`/organizations/${id}/join-token`))}>New token<//><${Act} tone="danger" act=${async () => { await remove(`/organizations/${id}/join-token`); setToken(null); toast("No token opens it any more."); }}>Withdraw<//></div><//>
    <${Card} class="span-6" title="Addresses that may join">${form({ send: async () => { await post(`/organizations/${id}/allowed-emails`, { email: email.trim() }); setEmail(""); emails.again(); }, button: "Add" }, (error) => html`<${Field} label="E-mail address" type="email" value=${email} onInput=${setEmail} fault=${faultOf(error, "/email")} />`)}
      ${show(emails, (value) => (value.data.length ? table({ caption: "Addresses", rowKey: (r) => r.email, rows: value.data, columns: [{ key: "e", label: "Address", cell: (r) => r.email }, { key: "d", label: "Since", cell: (r) => date(r.created_at) }, { key: "a", label: "", cell: (r) => html`<${Act} small label=${`Remove ${r.email}`} act=${async () => { await remove(`/organizations/${id}/allowed-emails/${encodeURIComponent(r.email)}`); emails.again(); }}>Remove<//>` }] }) : html`<p class="muted after">None.</p>`), 2)}<//></div>`;
}

/** @param {{ organization: Schema["Organization"], version: string | null, again: () => void, may: boolean }} props */
function Settings({ organization: o, version, again, may }) {
  const start = { name: o.name, description: o.description ?? "", industry: o.industry ?? "", domain: o.domain ?? "", join_policy: o.join_policy, max_users: o.max_users ?? "", require_second_factor: o.require_second_factor, second_factor_approval: o.second_factor_approval, hide_system_data: o.hide_system_data };
  const [state, set] = useState(start);
  const change = changer(set);
  if (!may) return html`<${Card}><dl class="facts"><dt>Name</dt><dd>${o.name}</dd><dt>Industry</dt><dd>${o.industry ?? "–"}</dd><dt>Description</dt><dd>${o.description ?? "–"}</dd><dt>Second factor</dt><dd>${o.require_second_factor ? "demanded of everyone" : "up to each member"}</dd></dl><//>`;
  const isTenantAdmin = isAtLeast("tenant_admin");
  const save = async () => {
    const changes = Object.fromEntries(Object.entries(state).filter(([key, value]) => value !== /** @type {Record<string, unknown>} */ (start)[key]).map(([key, value]) => [key, value === "" ? null : key === "max_users" ? Number(value) : value]));
    if (Object.keys(changes).length) await patch(`/organizations/${o.id}`, changes, { version });
    again();
    toast("Saved.");
  };
  const discard = async () => { if (await ask({ title: `Delete ${o.name}?`, text: "Its users leave it, and its rows are removed. This cannot be undone.", button: "Delete" })) { await remove(`/organizations/${o.id}`, { force: true }, { version }); toast("The organization is deleted."); go("/organizations"); } };
  return html`<${Card} title="Settings">${form({ send: save, button: "Save" }, (error) => html`<div class="form-grid">
      <${Field} label="Name" value=${state.name} onInput=${change("name")} fault=${faultOf(error, "/name")} /><${Field} label="Industry" optional value=${state.industry} onInput=${change("industry")} fault=${faultOf(error, "/industry")} />
      <${Field} label="Domain" optional value=${state.domain} onInput=${change("domain")} fault=${faultOf(error, "/domain")} />
      ${isTenantAdmin && html`<${Field} label="Most users" optional type="number" min="1" value=${state.max_users} onInput=${change("max_users")} fault=${faultOf(error, "/max_users")} />`}
      <${Field} label="Who may join" value=${state.join_policy} onInput=${change("join_policy")} options=${[{ value: "closed", label: "Invited users only" }, { value: "token", label: "Holders of the token" }, { value: "allowed_emails", label: "Holders of the token, from the list" }]} /></div>
      <${Field} label="Description" optional rows=${2} value=${state.description} onInput=${change("description")} fault=${faultOf(error, "/description")} />
      ${isTenantAdmin ? html`<${Field} type="checkbox" label="Demand a second factor" help="Members without one reach only their own account until they have one." value=${state.require_second_factor} onInput=${change("require_second_factor")} />
      <${Field} type="checkbox" label="Approve second factors" help="An administrator looks at each one that is enrolled." value=${state.second_factor_approval} onInput=${change("second_factor_approval")} />
      <${Field} type="checkbox" label="Hide everyone's rows" help="Members see only what belongs to the organization and themselves." value=${state.hide_system_data} onInput=${change("hide_system_data")} />`
      : html`<dl class="facts"><dt>Most users</dt><dd>${o.max_users ?? "no limit"}</dd><dt>Second factor</dt><dd>${o.require_second_factor ? "demanded of everyone" : "up to each member"}${o.second_factor_approval ? ", approved by an administrator" : ""}</dd><dt>Everyone's rows</dt><dd>${o.hide_system_data ? "hidden" : "shown"}</dd></dl><p class="small muted after-small">The administrator of the tenant sets these.</p>`}`)}
    ${isTenantAdmin && o.id !== organizationId.value && html`<hr /><${Act} tone="danger" act=${discard}>Delete the organization<//>`}<//>`;
}
