// Companies: search while typing, filters, sorting, CSV of the list.
import { html, useEffect, useState } from "../parts/html.js";
import { get, download } from "../parts/api.js";
import { query, setQuery } from "../parts/router.js";
import { Act, Card, Empty, Field, Header, Level, Pager, useLoaded, useSettled, show, table, sizeOf } from "../parts/ui.js";
import { date, count, LEVELS } from "../parts/format.js";

export const SECTORS = ["Consumer Discretionary", "Consumer Staples", "Energy", "Financials", "Health Care", "Industrials", "Information Technology", "Materials", "Real Estate", "Telecommunications", "Utilities"];
/** The filters of a list, from the URL. @template {string} N @param {readonly N[]} names @returns {Record<N, string>} */
export const filtersOf = (names) => /** @type {Record<N, string>} */ (Object.fromEntries(names.map((name) => [name, query.value.get(name) || ""])));
/** The visible columns, stored in this browser. @param {string} list @param {string[]} names @returns {[string[], (names: string[]) => void]} */
export function useColumns(list, names) {
  const key = `accunode.columns.${list}`;
  const [shown, set] = useState(() => { const kept = localStorage.getItem(key); return kept ? kept.split(",") : names; });
  return [shown, (next) => { localStorage.setItem(key, next.join(",")); set(next); }];
}
/** @param {{ all: { key: string, label: string }[], shown: string[], set: (names: string[]) => void }} props */
export const ColumnChoice = ({ all, shown, set }) => html`<details class="menu"><summary class="button">Columns</summary><div class="menu-box">
  ${all.map((one) => html`<${Field} key=${one.key} type="checkbox" label=${one.label} value=${shown.includes(one.key)} onInput=${(/** @type {boolean} */ yes) => set(yes ? [...shown, one.key] : shown.filter((name) => name !== one.key))} />`)}</div></details>`;

/** A text filter of a list; the URL is updated when typing pauses. With `percent` the field shows percent of the fraction in the URL.
 * @param {{ name: string, label: string, percent?: boolean, [attribute: string]: unknown }} props */
export function Filter({ name, label, percent, ...rest }) {
  const known = scaled(query.value.get(name) || "", percent ? 100 : 1);
  const [text, setText] = useState(known);
  const settled = useSettled(text, 250);
  useEffect(() => { if (settled !== known) setQuery({ [name]: scaled(settled, percent ? 0.01 : 1), cursor: "", trail: "" }, { replace: true }); }, [settled]);
  useEffect(() => { setText(known); }, [known]);
  return html`<${Field} label=${label} value=${text} onInput=${setText} ...${rest} />`;
}
/** A number in a text times a factor; other texts as they are. @param {string} text @param {number} factor */
function scaled(text, factor) {
  const number = Number(text.trim().replace(",", "."));
  return factor === 1 || text.trim() === "" || Number.isNaN(number) ? text : String(Number((number * factor).toPrecision(12)));
}
/** @param {{ name: string, label: string, options: { value: string, label: string }[], none?: string }} props */
export const Choice = ({ name, label, options, none = "All" }) => html`<${Field} label=${label} options=${[{ value: "", label: none }, ...options]} value=${query.value.get(name) || ""} onInput=${(/** @type {string} */ value) => setQuery({ [name]: value, cursor: "", trail: "" })} />`;

export default function Companies() {
  const [shown, setShown] = useColumns("companies", ["sector", "country", "level", "created"]);
  const filters = filtersOf(["q", "sector", "country", "access_level", "sort"]);
  const cursor = query.value.get("cursor") || "";
  const page = useLoaded((signal) => get("/companies", { ...filters, cursor, limit: sizeOf(query.value) }, { signal }), [JSON.stringify(filters), cursor, query.value.get("rows")]);
  /** @type {import("../parts/ui.js").Column<import("../parts/types.js").Schema["Company"]>[]} */
  const columns = [
    { key: "name", label: "Company", cell: (r) => html`<div class="name-cell"><a href=${`#/companies/${r.id}`}>${r.name}</a><span class="sub">${r.symbol}${r.exchange ? ` · ${r.exchange}` : ""}</span></div>` },
    { key: "sector", label: "Sector", cell: (r) => r.sector },
    { key: "industry", label: "Industry", cell: (r) => r.industry ?? "–" },
    { key: "country", label: "Country", cell: (r) => r.country },
    { key: "cap", label: "Market cap", number: true, cell: (r) => (r.market_cap === null || r.market_cap === undefined ? "–" : `${count(r.market_cap)} ${r.currency}`) },
    { key: "level", label: "Seen by", cell: (r) => html`<${Level} level=${r.access_level} />` },
    { key: "created", label: "Added", cell: (r) => html`<span class="nowrap">${date(r.created_at)}</span>` },
  ];
  const visible = columns.filter((column) => column.key === "name" || shown.includes(column.key));
  const isFiltered = Object.entries(filters).some(([name, value]) => name !== "sort" && value);
  return html`<${Header} title="Companies" about="Everything that you may read. The address of this page holds the filters: send it to a colleague." actions=${html`
      <${ColumnChoice} all=${columns.slice(1)} shown=${shown} set=${setShown} />
      <${Act} act=${() => download("/companies", filters, "text/csv", "companies.csv")}>Download CSV<//>
      <a class="button button-primary" href="#/score">Score a company</a>`} />
    <div class="filters"><div class="search"><${Filter} name="q" label="Search" type="search" placeholder="Name or symbol" /></div>
      <${Choice} name="sector" label="Sector" options=${SECTORS.map((name) => ({ value: name, label: name }))} />
      <${Filter} name="country" label="Country" placeholder="DEU" maxlength="3" />
      <${Choice} name="access_level" label="Seen by" options=${Object.entries(LEVELS).map(([value, label]) => ({ value, label }))} />
      <${Field} label="Order" value=${filters.sort || "created_at"} onInput=${(/** @type {string} */ sort) => setQuery({ sort, cursor: "", trail: "" })} options=${[{ value: "created_at", label: "Newest first" }, { value: "name", label: "Name" }, { value: "symbol", label: "Symbol" }]} /></div>
    <${Card} class="card-flush">${show(page, (value) => (value.data.length
      ? html`${table({ caption: "Companies", rows: value.data, columns: visible })}<${Pager} page=${value} query=${query.value} set=${setQuery} />`
      : isFiltered
        ? html`<${Empty} title="No company matches" action=${html`<a class="button" href="#/companies">Clear filters</a>`}>Try fewer letters, or another filter.<//>`
        : html`<${Empty} title="No companies yet" action=${html`<a class="button button-primary" href="#/uploads/new">Upload a file</a>`}>They come with an upload, or with the first prediction.<//>`), 12)}<//>`;
}
