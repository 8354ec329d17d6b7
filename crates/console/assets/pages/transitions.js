// Transitions of companies between grades: a matrix as a heat map, and the default rate of each grade.
import { html } from "../parts/html.js";
import { get } from "../parts/api.js";
import { query, setQuery } from "../parts/router.js";
import { Card, Empty, Field, Header, Segments, show, table, useLoaded } from "../parts/ui.js";
import { count, date, fixed, percent, time } from "../parts/format.js";
import { ENDS, Matrix } from "../parts/migration.js";
import { definitionOptions, useDefinitions } from "../parts/outcomes.js";
import { ownerOf, useOwners } from "../parts/owner.js";
import { shiftMonths } from "./validation_new.js";
import { Filter, filtersOf } from "./companies.js";

/** @typedef {import("../parts/types.js").Schema} Schema */

const NAMES = /** @type {const} */ (["kind", "from", "to", "horizon_months", "method", "scale", "basis"]);

export default function TransitionsPage() {
  const filters = filtersOf(NAMES);
  const definition = query.value.get("definition") || "bankruptcy@1";
  const definitions = useDefinitions();
  const owners = useOwners("org_member");
  const owner = query.value.get("owner") || owners[0].value;
  const coverage = useLoaded((signal) => get(`/outcome-coverage/${definition}`, { ...ownerOf(owner) }, { signal }), [definition, owner]);
  const scales = useLoaded(async (signal) => (await get("/rating-scales", { limit: 100 }, { signal })).data.filter((scale) => scale.created_at && scale.status !== "retired"), []);
  const through = coverage.value?.complete_through;
  const months = Number(filters.horizon_months || 12);
  const from = filters.from || (through ? shiftMonths(through, -months) : "");
  const asked = { ...filters, kind: filters.kind || "annual", basis: filters.basis || "period", from, definition, ...ownerOf(owner) };
  const change = (/** @type {string} */ name) => (/** @type {string} */ value) => setQuery({ [name]: value });
  return html`<${Header} title="Movements between grades" about="The state of each grade's companies at the end of a window: a grade, in default, or no longer observed." actions=${html`
      <${Segments} label="Kind" options=${[{ value: "annual", label: "Annual" }, { value: "quarterly", label: "Quarterly" }]} value=${asked.kind} onChange=${change("kind")} />`} />
    <div class="filters is-wide">
      <${Field} label="Whose predictions" value=${owner} onInput=${change("owner")} options=${owners} />
      <${Field} label="Which prediction counts" value=${asked.basis} onInput=${change("basis")} options=${[{ value: "recorded", label: "In force that day" }, { value: "period", label: "Latest statement" }]} />
      <${Field} label="First day" type="date" value=${from} onInput=${change("from")} max=${through ?? null} />
      <${Field} label="Several, until" type="date" value=${filters.to} onInput=${change("to")} max=${through ?? null} />
      <${Filter} name="horizon_months" label="Months of a window" type="number" min="1" placeholder="12" />
      <${Field} label="Method" value=${filters.method || "cohort"} onInput=${change("method")} options=${[{ value: "cohort", label: "Cohort: both ends" }, { value: "duration", label: "Duration: every change" }]} />
      <${Field} label="Scale" value=${filters.scale} onInput=${change("scale")} options=${[{ value: "", label: "The shipped scale" }, ...(scales.value ?? []).map((scale) => ({ value: scale.id, label: `${scale.name}@${scale.version}` }))]} />
      <${Field} label="Definition of default" value=${definition} onInput=${change("definition")} options=${definitionOptions(definitions.value, owner)} /></div>
    ${show(coverage, () => (from ? html`<${Found} key=${JSON.stringify(asked)} asked=${asked} />` : html`<${Card}><${Empty} title="No figures yet" action=${html`<a class="button" href="#/outcomes">Go to the outcomes</a>`}>State for which days outcomes are complete. On other days a missing outcome proves nothing.<//><//>`), 8)}`;
}

/** @param {{ asked: Record<string, string | undefined> & { kind: string, from: string } }} props */
function Found({ asked }) {
  const found = useLoaded((signal) => get("/analytics/transitions", asked, { signal }), [JSON.stringify(asked)]);
  return show(found, (value) => {
    const codes = value.columns.slice(0, value.rows.length);
    const isCohort = value.method === "cohort";
    const note = (/** @type {number} */ row, /** @type {number} */ to) => {
      const p = value.rows[row].p[to];
      return typeof p === "number" && p < 0.05 ? `; more than one step nearer, p = ${fixed(p)}` : "";
    };
    const windows = value.windows.map((one) => `${date(one.first_day)} to ${date(one.last_day)}`);
    return html`<div class="stack">
      <${Card} class="card-flush" title="From grade (rows) to grade (columns)" about=${`${windows.length === 1 ? windows[0] : `${windows.length} windows from ${windows[0]}`}; known by ${time(value.data_as_of)}; by ${value.scale}`}>
        <${Matrix} rows=${value.rows.map((row) => row.counts)} codes=${codes} ends=${ENDS} note=${note} />
        <dl class="facts pad"><dt>Bandwidths, worse and better</dt><dd>${fixed(value.bandwidth_upper)} and ${fixed(value.bandwidth_lower)} <span class="muted">0: no movement, 1: the largest possible movement</span></dd></dl><//>
      <${Card} class="card-flush" title="Defaults by grade" about=${isCohort ? "The mean of the windows; Jeffreys' interval from 5 % to 95 % over all windows" : "The Aalen–Johansen estimate; the bootstrap interval from 2.5 % to 97.5 %"}>${table({ caption: "Defaults by grade", rowKey: (row) => row.grade, rows: value.rows.filter((row) => row.total > 0), columns: [
        { key: "g", label: "Grade", cell: (row) => html`<strong>${row.grade}</strong>` }, { key: "n", label: isCohort ? "Companies" : "Stays", number: true, cell: (row) => count(row.total) },
        { key: "d", label: "Defaults", number: true, cell: (row) => count(row.counts[codes.length]) }, { key: "p", label: "Default rate", number: true, cell: (row) => percent(row.pd) },
        { key: "i", label: "Interval", number: true, cell: (row) => (typeof row.pd_from === "number" ? `${percent(row.pd_from)} to ${percent(row.pd_to)}` : "–") }] })}<//></div>`;
  }, 10);
}
