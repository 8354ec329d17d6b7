// The audit log: filters, changes, export.
import { html, useState } from "../parts/html.js";
import { get, download } from "../parts/api.js";
import { query, setQuery } from "../parts/router.js";
import { Act, Card, Dialog, Empty, Field, Header, Pager, Tag, useLoaded, show, table, sizeOf } from "../parts/ui.js";
import { timeExact, words } from "../parts/format.js";
import { Choice, Filter, filtersOf } from "./companies.js";

const NAMES = ["action", "event_type", "entity_type", "entity_id", "user_id", "ip_address", "request_id", "created_from", "created_to"];
/** @type {Record<string, string>} */
const TONES = { CREATE: "good", UPDATE: "accent", DELETE: "bad", DENIED: "bad", FAILED_LOGIN: "warn", EXPORT: "warn" };

export default function Audit() {
  const filters = filtersOf(NAMES);
  const cursor = query.value.get("cursor") || "";
  const page = useLoaded((signal) => get("/audit-logs", { ...filters, cursor, limit: sizeOf(query.value) }, { signal }), [JSON.stringify(filters), cursor, query.value.get("rows")]);
  const open = query.value.get("id");
  const day = (/** @type {string} */ name, /** @type {string} */ label) => html`<${Field} label=${label} type="date" value=${(filters[name] || "").slice(0, 10)} onInput=${(/** @type {string} */ value) => setQuery({ [name]: value && new Date(`${value}T${name === "created_to" ? "23:59:59.999" : "00:00"}`).toISOString(), cursor: "", trail: "" })} />`;
  return html`<${Header} title="Audit log" about="Who did or read what. Nothing here can be changed." actions=${html`
      <${Act} act=${() => download("/audit-logs", filters, "text/csv", "audit-log.csv")}>Download CSV<//><${Act} act=${() => download("/audit-logs", filters, "application/x-ndjson", "audit-log.jsonl")}>Download JSON lines<//>`} />
    <div class="filters"><${Choice} name="action" label="Action" options=${["CREATE", "UPDATE", "DELETE", "READ", "EXPORT", "LOGIN", "LOGOUT", "FAILED_LOGIN", "DENIED"].map((value) => ({ value, label: words(value.toLowerCase()) }))} />
      <${Choice} name="entity_type" label="What" options=${["company", "annual_prediction", "quarterly_prediction", "bulk_upload_job", "user", "organization", "session", "api_key", "invitation", "outcome", "outcome_coverage", "validation_report", "maintenance_run"].map((value) => ({ value, label: words(value) }))} />
      <${Filter} name="event_type" label="Event" placeholder="company.updated" /><${Filter} name="ip_address" label="IP address" /><${Filter} name="request_id" label="Request id" />${day("created_from", "From")}${day("created_to", "To")}</div>
    <${Card} class="card-flush">${show(page, (value) => (value.data.length ? html`${table({ caption: "Audit log", rows: value.data, columns: [
      { key: "t", label: "When", cell: (e) => html`<button class="link nowrap" onClick=${() => setQuery({ id: e.id })}>${timeExact(e.created_at)}</button>` },
      { key: "a", label: "Action", cell: (e) => html`<${Tag} tone=${TONES[e.action]}>${words(e.action.toLowerCase())}<//>` },
      { key: "e", label: "Event", cell: (e) => html`<code>${e.event_type}</code>` },
      { key: "u", label: "By", cell: (e) => html`<span class="nowrap">${e.actor_email ?? "the system"}</span>${e.organization_name && html`<span class="sub">${e.organization_name}</span>`}` },
      { key: "ip", label: "IP address", cell: (e) => e.ip_address ?? "–" },
    ] })}<${Pager} page=${value} query=${query.value} set=${setQuery} />` : html`<${Empty} title="No event matches" action=${html`<a class="button" href="#/audit">Clear filters</a>`}>Widen a filter.<//>`), 12)}<//>
    ${open && html`<${Event} id=${open} close=${() => setQuery({ id: "" })} />`}`;
}

/** @param {{ id: string, close: () => void }} props */
function Event({ id, close }) {
  const loaded = useLoaded((signal) => get(`/audit-logs/${id}`, {}, { signal }), [id]);
  const [all, setAll] = useState(false);
  const shown = (/** @type {unknown} */ value) => (value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));
  return html`<${Dialog} title="What happened" close=${close} wide>${show(loaded, (e) => {
    const [before, after] = /** @type {Record<string, unknown>[]} */ ([e.old_values ?? {}, e.new_values ?? {}]);
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    const changed = keys.filter((key) => shown(before[key]) !== shown(after[key]));
    const rows = all ? keys : changed;
    return html`<dl class="facts"><dt>Event</dt><dd><code>${e.event_type}</code> <${Tag} tone=${TONES[e.action]}>${words(e.action.toLowerCase())}<//></dd><dt>When</dt><dd>${timeExact(e.created_at)}</dd><dt>By</dt><dd>${e.actor_email ?? "the system"}</dd><dt>IP address</dt><dd>${e.ip_address ?? "–"}</dd><dt>Request</dt><dd><code>${e.request_id ?? "–"}</code></dd><dt>On</dt><dd>${words(e.entity_type)} ${e.entity_id && html`<code>${e.entity_id}</code>`}</dd></dl>
      ${keys.length > 0 && html`<div class="after"><${Field} type="checkbox" label="Show what did not change, too" value=${all} onInput=${setAll} /><div class="table-wrap" tabindex="0" role="region" aria-label="Changes"><table class="diff"><thead><tr><th scope="col">Field</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
        <tbody>${rows.map((key) => { const differs = changed.includes(key); return html`<tr key=${key}><td>${key}</td><td class=${differs && before[key] !== undefined ? "old" : ""}>${shown(before[key])}</td><td class=${differs && after[key] !== undefined ? "new" : ""}>${shown(after[key])}</td></tr>`; })}</tbody></table></div></div>`}
      ${e.metadata && Object.keys(e.metadata).length > 0 && html`<div class="after"><h3>More</h3><pre class="markdown small" tabindex="0">${JSON.stringify(e.metadata, null, 2)}</pre></div>`}`;
  })}<//>`;
}
