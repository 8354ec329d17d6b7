// Predictions of a kind: filters in the URL, riskiest or newest first, CSV of the list.
import { html } from "../parts/html.js";
import { get, download } from "../parts/api.js";
import { query, setQuery } from "../parts/router.js";
import { Act, Card, Empty, Header, Level, Pager, Pd, Risk, Segments, Tag, useLoaded, show, table, sizeOf } from "../parts/ui.js";
import { date, percent, period, LEVELS, words } from "../parts/format.js";
import { Choice, ColumnChoice, Filter, SECTORS, filtersOf, useColumns } from "./companies.js";

const NAMES = ["symbol", "sector", "reporting_year", "reporting_quarter", "risk_level", "grade", "pd_gte", "pd_lte", "access_level", "model_version", "job_id", "company_id"];

export default function Predictions() {
  const kind = query.value.get("kind") || "annual";
  const sort = query.value.get("sort") || "created_at";
  const [shown, setShown] = useColumns("predictions", ["sector", "period", "pd", "risk", "grade", "confidence"]);
  const filters = filtersOf(NAMES);
  if (kind === "annual") filters.reporting_quarter = "";
  const cursor = query.value.get("cursor") || "";
  const page = useLoaded((signal) => get(`/predictions/${kind}`, { ...filters, sort, cursor, limit: sizeOf(query.value) }, { signal }), [kind, sort, JSON.stringify(filters), cursor, query.value.get("rows")]);
  /** @type {import("../parts/ui.js").Column<import("../parts/types.js").Schema["Prediction"]>[]} */
  const columns = [
    { key: "company", label: "Company", cell: (r) => html`<div class="name-cell"><a href=${`#/predictions/${kind}/${r.id}`}>${r.company_name}</a><span class="sub">${r.company_symbol}</span></div>` },
    { key: "period", label: "Period", cell: (r) => html`<span class="nowrap">${period(r)}</span>` },
    { key: "pd", label: "PD", number: true, cell: (r) => html`<${Pd} value=${r.pd} />` },
    { key: "risk", label: "Risk", cell: (r) => html`<${Risk} level=${r.risk_level} />` },
    { key: "grade", label: "Grade", cell: (r) => html`<span class="number">${r.grade}</span>` },
    { key: "sector", label: "Sector", cell: (r) => r.company_sector },
    { key: "confidence", label: "Confidence", number: true, cell: (r) => percent(r.confidence) },
    { key: "flags", label: "Flags", cell: (r) => (r.flags.length ? html`<${Tag} tone="warn">${r.flags.length}<//>` : "–") },
    { key: "model", label: "Model", cell: (r) => `${r.model.name} ${r.model.version}` },
    { key: "level", label: "Seen by", cell: (r) => html`<${Level} level=${r.access_level} />` },
    { key: "made", label: "Made", cell: (r) => html`<span class="nowrap">${date(r.predicted_at)}</span>` },
  ];
  const visible = columns.filter((column) => column.key === "company" || shown.includes(column.key));
  const active = NAMES.filter((name) => filters[name]);
  const hidden = active.filter((name) => ["job_id", "company_id", "model_version"].includes(name));
  return html`<${Header} title="Predictions" about="A prediction opens with its reasons." actions=${html`
      <${Segments} label="Kind" options=${[{ value: "annual", label: "Annual" }, { value: "quarterly", label: "Quarterly" }]} value=${kind} onChange=${(/** @type {string} */ value) => setQuery({ kind: value, cursor: "", trail: "" })} />
      <${ColumnChoice} all=${columns.slice(1)} shown=${shown} set=${setShown} />
      <${Act} act=${() => download(`/predictions/${kind}`, { ...filters, sort }, "text/csv", `predictions-${kind}.csv`)}>Download CSV<//>`} />
    <div class="filters">
      <${Filter} name="symbol" label="Symbol" placeholder="ACME" maxlength="10" />
      <${Choice} name="sector" label="Sector" options=${SECTORS.map((name) => ({ value: name, label: name }))} />
      <${Filter} name="reporting_year" label="Year" placeholder="2024" maxlength="4" inputmode="numeric" />
      ${kind === "quarterly" && html`<${Choice} name="reporting_quarter" label="Quarter" options=${["Q1", "Q2", "Q3", "Q4"].map((name) => ({ value: name, label: name }))} />`}
      <${Filter} name="grade" label="Grade" placeholder="7" maxlength="10" />
      <${Choice} name="risk_level" label="Risk" options=${["Low", "Medium", "High"].map((name) => ({ value: name, label: name }))} />
      <${Filter} name="pd_gte" label="PD from, %" placeholder="0" inputmode="decimal" percent />
      <${Filter} name="pd_lte" label="PD to, %" placeholder="100" inputmode="decimal" percent />
      <${Choice} name="access_level" label="Seen by" options=${Object.entries(LEVELS).map(([value, label]) => ({ value, label }))} />
    </div>
    ${hidden.length > 0 && html`<p class="row hint">${hidden.map((name) => html`<${Tag} tone="accent">${words(name)}: ${filters[name].slice(0, 13)}<//>`)} <button class="button button-small" onClick=${() => setQuery({ job_id: "", company_id: "", model_version: "", cursor: "", trail: "" })}>Remove</button></p>`}
    <${Card} class="card-flush">${show(page, (value) => (value.data.length
      ? html`${table({ caption: "Predictions", rows: value.data, columns: visible.map((column) => (column.key === "pd" ? { ...column, sort: "pd" } : column.key === "made" ? { ...column, sort: "created_at" } : column)), sort: sort === "pd" ? "-pd" : "-created_at", onSort: (/** @type {string} */ next) => setQuery({ sort: next.replace("-", "") === sort && sort === "pd" ? "created_at" : next.replace("-", ""), cursor: "", trail: "" }) })}
          <${Pager} page=${value} query=${query.value} set=${setQuery} />`
      : active.length
        ? html`<${Empty} title="No prediction matches" action=${html`<a class="button" href=${`#/predictions?kind=${kind}`}>Clear filters</a>`}>Widen a filter.<//>`
        : html`<${Empty} title="No predictions yet" action=${html`<a class="button button-primary" href="#/uploads/new">Upload a file</a>`}>Upload a file, or score one company.<//>`), 12)}<//>`;
}
