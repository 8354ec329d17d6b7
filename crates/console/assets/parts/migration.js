// A migration matrix as a table: each cell contains its number, and is darker the more companies
// of its row it has.
import { html, useState } from "./html.js";
import { Segments } from "./ui.js";
import { count, fixed } from "./format.js";

/** The columns behind those of the grades. */
export const ENDS = ["Default", "Other model", "Left", "Not rated"];
/** How dark a share is, from 0 to 6. @param {number} part */
export const heat = (part) => (part <= 0 ? 0 : Math.min(6, 1 + Math.floor(part * 8)));
const rounded = (/** @type {number} */ part) => (part <= 0 ? "" : part < 0.005 ? "<1" : String(Math.round(part * 100)));

/** Counts by grade: rows of grades; columns of the same grades and then of `ends`.
 * @param {{ rows: number[][], codes: string[], ends: string[], note?: (from: number, to: number) => string }} props */
export function Matrix({ rows, codes, ends, note }) {
  const [unit, setUnit] = useState("share");
  const totals = rows.map((row) => row.reduce((sum, n) => sum + n, 0));
  const used = codes.map((_, at) => totals[at] > 0 || rows.some((row) => row[at] > 0));
  const first = used.indexOf(true);
  const last = used.lastIndexOf(true);
  if (first < 0) return html`<p class="muted pad">No company has a grade at both ends of the window.</p>`;
  const grades = codes.map((code, at) => ({ code, at })).slice(first, last + 1);
  const columns = [...grades.map(({ code, at }) => ({ name: code, at })), ...ends.map((name, at) => ({ name, at: codes.length + at }))];
  return html`<div class="pad-top row-between"><p class="small muted">The frame marks companies that stayed in their grade. Grades without companies at either end of the scale are omitted.</p>
      <${Segments} label="Numbers" options=${[{ value: "share", label: "Percent of the row" }, { value: "count", label: "Companies" }]} value=${unit} onChange=${setUnit} /></div>
    <div class="table-wrap" tabindex="0" role="region" aria-label="Migration matrix"><table class="matrix"><caption class="sr-only">From grade (rows) to grade (columns), ${unit === "share" ? "percent of the row" : "companies"}</caption>
      <thead><tr><th scope="col">From \\ to</th>${columns.map(({ name, at }) => html`<th key=${at} scope="col" class=${at >= codes.length ? "is-end" : ""}>${name}</th>`)}<th scope="col">Companies</th></tr></thead>
      <tbody>${grades.map(({ code, at: from }) => html`<tr key=${from}><th scope="row">${code}</th>${columns.map(({ name, at: to }) => {
        const n = rows[from][to];
        const part = totals[from] ? n / totals[from] : 0;
        const kind = to === from ? "is-same" : to >= codes.length ? "is-end" : "";
        return html`<td key=${to} class=${`heat-${heat(part)} ${kind}`} title=${n ? `${code} to ${name}: ${count(n)} of ${count(totals[from])}${note?.(from, to) ?? ""}` : null}>${n ? (unit === "share" ? rounded(part) : count(n)) : html`<span class="muted" aria-hidden="true">·</span><span class="sr-only">0</span>`}</td>`;
      })}<td class="number">${count(totals[from])}</td></tr>`)}</tbody></table></div>`;
}

/** The matrix of a back-test with its summary. @param {{ stability: import("./types.js").Migration, codes: string[] }} props */
export function MigrationTable({ stability, codes }) {
  const rows = stability.migration;
  const sum = (/** @type {(from: number, to: number) => boolean} */ is) => rows.reduce((all, row, from) => all + row.reduce((part, n, to) => part + (to < codes.length && is(from, to) ? n : 0), 0), 0);
  const { upper, lower } = stability.bandwidths;
  const note = (/** @type {number} */ from, /** @type {number} */ to) => {
    const test = stability.cells[from]?.[to];
    return test && test.p < 0.05 ? `; more than one step nearer, p = ${fixed(test.p)}` : "";
  };
  return html`<${Matrix} rows=${rows} codes=${codes} ends=${ENDS} note=${note} />
    <dl class="facts pad"><dt>Stayed, better, worse</dt><dd>${count(sum((from, to) => from === to))}, ${count(sum((from, to) => to < from))}, ${count(sum((from, to) => to > from))} companies</dd>
      <dt>Bandwidths, worse and better</dt><dd>${fixed(upper)} and ${fixed(lower)} <span class="muted">0: no movement, 1: the largest possible movement</span></dd>
      <dt>Concentration over grades</dt><dd>${stability.concentration ? `Herfindahl index ${fixed(stability.concentration.herfindahl)}, coefficient of variation ${fixed(stability.concentration.variation, 2)}` : "–"}</dd></dl>`;
}
