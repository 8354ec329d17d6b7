// Outcomes of companies, and the days for which they are complete.
import { html, useState } from "../parts/html.js";
import { download, get, put } from "../parts/api.js";
import { query, setQuery } from "../parts/router.js";
import { isAtLeast, organizationId } from "../parts/session.js";
import { Act, Card, Dialog, Empty, Field, Header, Level, Pager, changer, faultOf, form, show, table, toast, useLoaded, sizeOf } from "../parts/ui.js";
import { LEVELS, date, time } from "../parts/format.js";
import { EVENT_OPTIONS, EventTag, RecordOutcome, WithdrawOutcome, definitionOptions, fitsOwner, mayWithdraw, today, useDefinitions } from "../parts/outcomes.js";
import { ownerOf, useOwners } from "../parts/owner.js";
import { Choice, Filter, filtersOf } from "./companies.js";

/** @typedef {import("../parts/types.js").Schema} Schema */

const NAMES = ["symbol", "definition", "event", "occurred_from", "occurred_to", "access_level", "company_id", "as_of", "include_withdrawn"];

export default function Outcomes() {
  const filters = filtersOf(NAMES);
  const cursor = query.value.get("cursor") || "";
  const page = useLoaded((signal) => get("/outcomes", { ...filters, cursor, limit: sizeOf(query.value) }, { signal }), [JSON.stringify(filters), cursor, query.value.get("rows")]);
  const definitions = useDefinitions();
  const [isRecording, setRecording] = useState(false);
  const [withdrawn, setWithdrawn] = useState(/** @type {Schema["CompanyOutcome"] | null} */ (null));
  const isFiltered = NAMES.some((name) => filters[name]);
  const day = (/** @type {string} */ name, /** @type {string} */ label) => html`<${Field} label=${label} type="date" value=${filters[name]} onInput=${(/** @type {string} */ value) => setQuery({ [name]: value, cursor: "", trail: "" })} />`;
  return html`<${Header} title="Outcomes" about="Defaults, cures and exits of companies, with which back-tests compare predictions. An outcome is never changed, only withdrawn." actions=${html`
      <${Act} act=${() => download("/outcomes", filters, "text/csv", "outcomes.csv")}>Download CSV<//>
      <a class="button" href="#/default-definitions">Definitions</a>
      <a class="button" href="#/uploads/new?kind=outcomes">From a file…</a>
      <button class="button button-primary" onClick=${() => setRecording(true)}>Record an outcome</button>`} />
    <div class="filters"><${Filter} name="symbol" label="Symbol" placeholder="ACME" maxlength="10" />
      <${Choice} name="event" label="Event" options=${EVENT_OPTIONS} /><${Choice} name="definition" label="Definition" options=${definitionOptions(definitions.value)} />
      ${day("occurred_from", "From")}${day("occurred_to", "To")}
      <${Choice} name="access_level" label="Seen by" options=${Object.entries(LEVELS).map(([value, label]) => ({ value, label }))} />
      <${Choice} name="include_withdrawn" label="Withdrawn outcomes" options=${[{ value: "true", label: "Included" }]} none="Excluded" /></div>
    ${filters.company_id && html`<p class="row hint">Of one company only. <button class="button button-small" onClick=${() => setQuery({ company_id: "", cursor: "", trail: "" })}>Show all</button></p>`}
    <${Coverage} definitions=${definitions} />
    <${Card} class="card-flush">${show(page, (value) => (value.data.length ? html`${table({ caption: "Outcomes", rows: value.data, columns: [
      { key: "company", label: "Company", cell: (r) => html`<div class="name-cell"><a href=${`#/companies/${r.company_id}`}>${r.company_name}</a><span class="sub">${r.company_symbol} · ${r.company_sector}</span></div>` },
      { key: "event", label: "Event", cell: (r) => html`<${EventTag} outcome=${r} />` },
      { key: "on", label: "Happened on", cell: (r) => html`<span class="nowrap">${date(r.occurred_on)}</span><span class="sub">recorded ${date(r.recorded_at)}</span>` },
      { key: "definition", label: "Definition", cell: (r) => html`<code>${r.definition}</code>` },
      { key: "why", label: "Remarks", cell: (r) => [r.reason_code, r.note, r.withdrawn_reason && `withdrawn: ${r.withdrawn_reason}`].filter(Boolean).join(" · ") || "–" },
      { key: "level", label: "Seen by", cell: (r) => html`<${Level} level=${r.access_level} />` },
      { key: "act", label: "", cell: (r) => mayWithdraw(r) && html`<button class="button button-small" aria-label=${`Withdraw the outcome of ${r.company_name}`} onClick=${() => setWithdrawn(r)}>Withdraw</button>` },
    ] })}<${Pager} page=${value} query=${query.value} set=${setQuery} />`
      : isFiltered
        ? html`<${Empty} title="No outcome matches" action=${html`<a class="button" href="#/outcomes">Clear filters</a>`}>Widen a filter.<//>`
        : html`<${Empty} title="No outcomes yet" action=${html`<button class="button button-primary" onClick=${() => setRecording(true)}>Record an outcome</button>`}>Once defaults, cures and exits are recorded, predictions can be compared with them.<//>`), 10)}<//>
    ${isRecording && html`<${RecordOutcome} close=${() => setRecording(false)} done=${page.again} />`}
    ${withdrawn && html`<${WithdrawOutcome} outcome=${withdrawn} close=${() => setWithdrawn(null)} done=${page.again} />`}`;
}

/** The coverage of outcomes, by owner and definition. @param {{ definitions: import("../parts/ui.js").Loaded<Schema["DefaultDefinition"][]> }} props */
function Coverage({ definitions }) {
  const names = definitions.value?.map((one) => one.definition) ?? [];
  const owners = useOwners("org_member");
  const [chosen, choose] = useState("");
  // Whoever administers many organizations sees one owner at a time.
  const isMany = owners.length > 3;
  const asked = isMany ? [chosen || owners[0].value] : [...new Set([...owners.map((one) => one.value), "system"])];
  const rows = useLoaded((signal) => Promise.all(asked.flatMap((owner) => (definitions.value ?? []).filter((one) => fitsOwner(one, owner)).map(({ definition: name }) => get(`/outcome-coverage/${name}`, { ...ownerOf(owner) }, { signal })))), [names.join(), asked.join()]);
  const [edited, setEdited] = useState(/** @type {Schema["OutcomeCoverage"] | null} */ (null));
  const maySet = (/** @type {Schema["OutcomeCoverage"]} */ row) => row.access_level === "personal" || (row.access_level === "organization" ? isAtLeast("org_admin") : isAtLeast("super_admin"));
  const nameOf = (/** @type {string} */ definition) => definitions.value?.find((one) => one.definition === definition)?.name ?? definition;
  const said = (rows.value ?? []).filter((row) => row.complete_through);
  return html`<details class="card fold"><summary><h2>Coverage</h2> <span class="muted">${rows.value && (said.map((row) => `${row.definition}, ${LEVELS[row.access_level].toLowerCase()}: through ${date(row.complete_through)}`).join("; ") || (isMany ? `not stated yet for ${owners.find((one) => one.value === asked[0])?.label ?? ""}` : "not stated yet, so back-tests are not possible"))}</span></summary>
    <p class="muted small">On these days, a company without a recorded outcome had none. Back-tests are possible only for windows within these days.</p>
    ${isMany && html`<${Field} label="Outcomes of" value=${asked[0]} onInput=${choose} options=${owners} />`}
    ${show(rows, (all) => { const value = all.filter((row) => row.complete_through || maySet(row)); return table({ caption: "Coverage of outcomes", rows: value, rowKey: (r) => r.access_level + r.definition, columns: [
      { key: "who", label: "Outcomes of", cell: (r) => html`<${Level} level=${r.access_level} />` },
      { key: "what", label: "Definition", cell: (r) => html`${nameOf(r.definition)}<span class="sub"><code>${r.definition}</code></span>` },
      { key: "days", label: "Complete", cell: (r) => (r.complete_from ? html`<span class="nowrap">${date(r.complete_from)}</span> to <span class="nowrap">${date(r.complete_through)}</span>` : html`<span class="muted">nothing said yet</span>`) },
      { key: "note", label: "Note", cell: (r) => html`<div class="name-cell">${r.note ?? "–"}</div>` },
      { key: "at", label: "Changed", cell: (r) => html`<span class="nowrap">${time(r.updated_at)}</span>` },
      { key: "act", label: "", cell: (r) => maySet(r) && html`<button class="button button-small" aria-label=${`Set the days of ${r.definition}, ${LEVELS[r.access_level]}`} onClick=${() => setEdited(r)}>Set…</button>` },
    ] }); }, 3)}
    ${edited && html`<${SetCoverage} row=${edited} close=${() => setEdited(null)} done=${rows.again} />`}</details>`;
}

/** @param {{ row: Schema["OutcomeCoverage"], close: () => void, done: () => void }} props */
function SetCoverage({ row, close, done }) {
  const [state, set] = useState({ complete_from: row.complete_from ?? "", complete_through: row.complete_through ?? "", note: row.note ?? "" });
  const change = changer(set);
  const send = async () => {
    await put(`/outcome-coverage/${row.definition}`, { ...state, note: state.note || undefined, access_level: row.access_level, organization_id: row.organization_id && row.organization_id !== organizationId.value ? row.organization_id : undefined });
    close();
    done();
    toast("Saved.");
  };
  return html`<${Dialog} title="Days for which outcomes are complete" close=${close}><p class="muted">Every default, cure and exit of these days by ${row.definition} is recorded. Seen by: ${LEVELS[row.access_level].toLowerCase()}.</p>
    ${form({ send, button: "Save", cancel: close }, (error) => html`
    <${Field} label="First day" type="date" value=${state.complete_from} onInput=${change("complete_from")} fault=${faultOf(error, "/complete_from")} max=${today()} required />
    <${Field} label="Last day" type="date" value=${state.complete_through} onInput=${change("complete_through")} fault=${faultOf(error, "/complete_through")} max=${today()} required />
    <${Field} label="Note" optional help="Required if these are fewer days than before." value=${state.note} onInput=${change("note")} fault=${faultOf(error, "/note")} />`)}<//>`;
}
