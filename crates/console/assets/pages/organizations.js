// The organizations that the user administers.
import { html, useState } from "../parts/html.js";
import { get, post, requestKey } from "../parts/api.js";
import { go, query, setQuery } from "../parts/router.js";
import { isAtLeast, user } from "../parts/session.js";
import { Card, Dialog, Empty, Field, Header, Pager, Tag, faultOf, toast, useLoaded, show, table, form, changer } from "../parts/ui.js";
import { date, words } from "../parts/format.js";
import { Filter } from "./companies.js";

export default function Organizations() {
  const filters = { q: query.value.get("q") || "", cursor: query.value.get("cursor") || "" };
  const list = useLoaded((signal) => get("/organizations", { ...filters, sort: filters.q ? "" : "name", limit: 50 }, { signal }), [filters.q, filters.cursor]);
  const [making, setMaking] = useState(false);
  return html`<${Header} title="Organizations" about=${isAtLeast("super_admin") ? "Every tenant of this installation." : "Your tenant."} actions=${html`<button class="button button-primary" onClick=${() => setMaking(true)}>New organization</button>`} />
    <div class="filters"><div class="search"><${Filter} name="q" label="Search" type="search" placeholder="Name" /></div></div>
    <${Card} class="card-flush">${show(list, (value) => (value.data.length ? html`${table({ caption: "Organizations", rows: value.data, columns: [
      { key: "n", label: "Name", cell: (o) => html`<div class="name-cell"><a href=${`#/organizations/${o.id}`}>${o.name}</a><span class="sub">${o.industry ?? ""}</span></div>` },
      { key: "k", label: "Place", cell: (o) => (o.parent_id ? html`<${Tag}>child<//>` : html`<${Tag} tone="accent">root<//>`) },
      { key: "s", label: "Status", cell: (o) => html`<${Tag} tone=${o.is_active ? "good" : "bad"}>${o.is_active ? "active" : "inactive"}<//>` },
      { key: "j", label: "Joining", cell: (o) => words(o.join_policy) },
      { key: "f", label: "Second factor", cell: (o) => (o.require_second_factor ? "demanded" : "optional") },
      { key: "c", label: "Since", cell: (o) => html`<span class="nowrap">${date(o.created_at)}</span>` },
    ] })}<${Pager} page=${value} query=${query.value} set=${setQuery} />` : html`<${Empty} title="No organization matches">Try fewer letters.<//>`))}<//>
    ${making && html`<${New} close=${() => setMaking(false)} />`}`;
}

/** @param {{ close: () => void }} props */
function New({ close }) {
  const isSuper = isAtLeast("super_admin");
  const roots = useLoaded((signal) => (isSuper ? get("/organizations", { limit: 100, sort: "name" }, { signal }) : Promise.resolve(null)), []);
  const [state, set] = useState(({ name: "", industry: "", admin_email: "", parent_id: isSuper ? "" : user.value.tenant?.id }));
  const change = changer(set);
  const send = async () => {
    const made = await post("/organizations", Object.fromEntries(Object.entries(state).filter(([, value]) => value)), { headers: { "Idempotency-Key": requestKey() } });
    toast(`${made.name} is there.`);
    go(`/organizations/${made.id}`);
  };
  return html`<${Dialog} title="New organization" close=${close}>${form({ send, button: "Make it", cancel: close }, (error) => html`
    <${Field} label="Name" value=${state.name} onInput=${change("name")} fault=${faultOf(error, "/name")} required />
    ${isSuper && html`<${Field} label="Belongs to" value=${state.parent_id} onInput=${change("parent_id")} options=${[{ value: "", label: "No one: it is a tenant's root" }, ...(roots.value?.data ?? []).filter((o) => !o.parent_id).map((o) => ({ value: o.id, label: o.name }))]} />`}
    <${Field} label="Industry" optional value=${state.industry} onInput=${change("industry")} fault=${faultOf(error, "/industry")} />
    <${Field} label="Invite as its administrator" optional type="email" value=${state.admin_email} onInput=${change("admin_email")} fault=${faultOf(error, "/admin_email")} />`)}<//>`;
}
