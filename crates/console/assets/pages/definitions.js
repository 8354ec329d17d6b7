// Definitions of default: those of owners and the shipped ones; making and retiring them.
import { html, useState } from "../parts/html.js";
import { get, post, requestKey } from "../parts/api.js";
import { query, setQuery } from "../parts/router.js";
import { isAtLeast } from "../parts/session.js";
import { Act, Card, Dialog, Empty, Field, Header, Level, Pager, Tag, ask, changer, faultOf, form, show, table, toast, useLoaded, sizeOf } from "../parts/ui.js";
import { date } from "../parts/format.js";
import { ownerOf, useOwners } from "../parts/owner.js";
import { Person } from "../parts/people.js";
import { Choice, filtersOf } from "./companies.js";

/** @typedef {import("../parts/types.js").Schema["DefaultDefinition"]} Definition */

/** @type {Record<Definition["basis"], string>} */
const BASES = { crr_178: "Article 178 CRR", bankruptcy: "Bankruptcy", missed_payment: "A missed payment", agency: "A rating agency", other: "Something else" };

/** Whether the user may retire it: the shipped ones nobody may. @param {Definition} one */
const mayRetire = (one) => Boolean(one.created_at) && !one.retired_at && (one.access_level === "personal" || isAtLeast(one.access_level === "system" ? "super_admin" : "org_admin"));

/** The days of a definition in words. @param {Definition} one */
const daysOf = (one) => [
  typeof one.days_past_due === "number" && `${one.days_past_due} days past due`,
  typeof one.probation_days === "number" && `cured after ${one.probation_days} days`,
  typeof one.forbearance_probation_days === "number" && `after a restructuring ${one.forbearance_probation_days} days`,
].filter(Boolean).join("; ");

export default function Definitions() {
  const filters = filtersOf(["is_retired"]);
  const cursor = query.value.get("cursor") || "";
  const list = useLoaded((signal) => get("/default-definitions", { ...filters, cursor, limit: sizeOf(query.value) }, { signal }), [filters.is_retired, cursor, query.value.get("rows")]);
  const [isMaking, setMaking] = useState(false);
  const retire = async (/** @type {Definition} */ one) => {
    if (!(await ask({ title: `Retire ${one.definition}?`, text: "No new outcome can name it. Outcomes and back-tests that name it stay as they are. This cannot be undone.", button: "Retire" }))) return;
    await post(`/default-definitions/${one.id}/retire`);
    toast(`${one.definition} is retired.`);
    list.again();
  };
  return html`<${Header} title="Definitions of default" about="What counts as a default. Outcomes and back-tests name one of them. A version never changes; a change is a new version." actions=${html`<button class="button button-primary" onClick=${() => setMaking(true)}>New definition</button>`} />
    <div class="filters"><${Choice} name="is_retired" label="Retired" options=${[{ value: "false", label: "Only those in use" }, { value: "true", label: "Only retired ones" }]} /></div>
    <${Card} class="card-flush">${show(list, (value) => (value.data.length ? html`${table({ caption: "Definitions of default", rows: value.data, columns: [
      { key: "n", label: "Definition", cell: (r) => html`<div class="name-cell"><strong>${r.name}</strong><span class="sub"><code>${r.definition}</code></span></div>` },
      { key: "b", label: "Based on", cell: (r) => html`${BASES[r.basis]}${r.source && html`<span class="sub">${r.source}</span>`}` },
      { key: "d", label: "Days", cell: (r) => html`${daysOf(r) || "–"}${r.materiality && html`<span class="sub">${r.materiality}</span>`}` },
      { key: "s", label: "Status", cell: (r) => (r.retired_at ? html`<${Tag} tone="warn">retired ${date(r.retired_at)}<//>` : html`<${Tag} tone="good">in use<//>`) },
      { key: "l", label: "Seen by", cell: (r) => html`<${Level} level=${r.access_level} />` },
      { key: "m", label: "Made", cell: (r) => (r.created_at ? html`<span class="nowrap">${date(r.created_at)}</span>${r.created_by && html`<span class="sub">by <${Person} id=${r.created_by} other="another user" /></span>`}` : "shipped") },
      { key: "o", label: "", cell: (r) => html`<span class="row"><a class="nowrap" href=${`#/outcomes?definition=${encodeURIComponent(r.definition)}`}>Outcomes</a>${mayRetire(r) && html`<${Act} small label=${`Retire ${r.definition}`} act=${() => retire(r)}>Retire<//>`}</span>` },
    ] })}<${Pager} page=${value} query=${query.value} set=${setQuery} />` : html`<${Empty} title="No definition matches" action=${html`<a class="button" href="#/default-definitions">Clear filters</a>`}>Choose another filter.<//>`), 6)}<//>
    ${isMaking && html`<${New} close=${() => setMaking(false)} done=${() => { setMaking(false); list.again(); }} />`}`;
}

/** The number in a field; empty fields are not sent. @param {string} text */
const number = (text) => (text.trim() === "" ? undefined : Number(text));

/** @param {{ close: () => void, done: () => void }} props */
function New({ close, done }) {
  const owners = useOwners("org_admin");
  const [state, set] = useState({ name: "", code: "", version: "1", owner: "", basis: "crr_178", days_past_due: "90", materiality: "", probation_days: "", forbearance_probation_days: "", source: "" });
  const change = changer(set);
  const owner = state.owner || owners[0].value;
  const send = async () => {
    const { name, code, basis, materiality, source } = state;
    const made = await post("/default-definitions", {
      name, code, basis, version: number(state.version), ...ownerOf(owner), materiality: materiality || undefined, source: source || undefined,
      days_past_due: number(state.days_past_due), probation_days: number(state.probation_days), forbearance_probation_days: number(state.forbearance_probation_days),
    }, { headers: { "Idempotency-Key": requestKey() } });
    toast(`${made.definition} can be named by outcomes.`);
    done();
  };
  return html`<${Dialog} title="New definition of default" close=${close} wide>${form({ send, button: "Make it", cancel: close }, (error) => html`<div class="form-grid">
    <${Field} label="Name" value=${state.name} onInput=${change("name")} help="For readers of reports." fault=${faultOf(error, "/name")} required autofocus />
    <${Field} label="Code" value=${state.code} onInput=${change("code")} help=${owner === "system" ? "Lower-case letters, digits and _, beginning with system_." : "Lower-case letters, digits and _, beginning with a letter."} fault=${faultOf(error, "/code")} required />
    <${Field} label="Version" value=${state.version} onInput=${change("version")} inputmode="numeric" help="A changed definition needs a new version." fault=${faultOf(error, "/version")} />
    <${Field} label="Owner" value=${owner} onInput=${change("owner")} options=${owners} help="Whose outcomes may name it." fault=${faultOf(error, "/access_level") ?? faultOf(error, "/organization_id")} />
    <${Field} label="Based on" value=${state.basis} onInput=${change("basis")} options=${Object.entries(BASES).map(([value, label]) => ({ value, label }))} fault=${faultOf(error, "/basis")} />
    <${Field} label="Source" optional value=${state.source} onInput=${change("source")} help="The policy or regulation in which it is written." fault=${faultOf(error, "/source")} />
    <${Field} label="Days past due" optional value=${state.days_past_due} onInput=${change("days_past_due")} inputmode="numeric" help="After how many it is a default." fault=${faultOf(error, "/days_past_due")} />
    <${Field} label="Materiality" optional value=${state.materiality} onInput=${change("materiality")} help="When an amount counts as past due." fault=${faultOf(error, "/materiality")} />
    <${Field} label="Days until a cure" optional value=${state.probation_days} onInput=${change("probation_days")} inputmode="numeric" help="The probation." fault=${faultOf(error, "/probation_days")} />
    <${Field} label="Days until a cure after a restructuring" optional value=${state.forbearance_probation_days} onInput=${change("forbearance_probation_days")} inputmode="numeric" fault=${faultOf(error, "/forbearance_probation_days")} /></div>`)}<//>`;
}
