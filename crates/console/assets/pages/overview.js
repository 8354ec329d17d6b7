// Headline figures of what one works with, and ways from each of them to the rows behind.
import { html } from "../parts/html.js";
import { get } from "../parts/api.js";
import { defaultScope, scopes, me } from "../parts/session.js";
import { href, query, setQuery } from "../parts/router.js";
import { Card, Empty, Header, Pd, Risk, Segments, Show, useLoaded, Table } from "../parts/ui.js";
import { Chart } from "../parts/chart.js";
import { ago, count, percent, period, share, nameOf } from "../parts/format.js";
import { UploadStatus } from "./uploads.js";

const BINS = [0, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

/** Which rows a scope stands for, as the lists' filters know it. @param {string} scope @returns {string} */
const levelOf = (scope) => (/** @type {Record<string, string>} */ ({ personal: "personal", organization: "organization", tenant: "organization", system: "system" })[scope] ?? "");

export default function Overview() {
  const chosen = query.value.get("scope") || defaultScope.value;
  const scope = chosen === "all" ? "" : chosen;
  const kind = query.value.get("kind") || "annual";
  const figures = useLoaded((signal) => get("/dashboard", { scope }, { signal }), [scope]);
  const sectors = useLoaded((signal) => get("/analytics/risk-distribution", { scope, kind, group_by: "sector" }, { signal }), [scope, kind]);
  const trend = useLoaded((signal) => get("/analytics/trend", { scope, kind }, { signal }), [scope, kind]);
  const level = levelOf(scope);
  const riskiest = useLoaded((signal) => get(`/predictions/${kind}`, { sort: "pd", limit: 8, access_level: level }, { signal }), [scope, kind]);
  const newest = useLoaded((signal) => newestPredictions(kind, level, signal), [scope, kind]);
  const uploads = useLoaded((signal) => get("/bulk-uploads", { limit: 5 }, { signal }), []);
  const list = (/** @type {Record<string, unknown>} */ filters) => href("/predictions", { kind, access_level: level, ...filters });
  return html`
    <${Header} title="Overview" about=${`Signed in as ${nameOf(me.value)}. Figures of everything that you may read in this scope.`} actions=${html`
      <${Segments} label="Scope" options=${scopes.value} value=${chosen} onChange=${(/** @type {string} */ value) => setQuery({ scope: value })} />
      <${Segments} label="Kind" options=${[{ value: "annual", label: "Annual" }, { value: "quarterly", label: "Quarterly" }]} value=${kind} onChange=${(/** @type {string} */ value) => setQuery({ kind: value })} />`} />
    <${Show} of=${figures} lines=${3}>${(/** @type {any} */ value) => html`<${Figures} value=${value[kind]} other=${value[kind === "annual" ? "quarterly" : "annual"]} kind=${kind} list=${list} />`}<//>
    <div class="grid">
      <${Card} class="span-7" title="Risk over time" about="Mean and median PD of each period, and the share of high risk"><${Show} of=${trend}>${(/** @type {any} */ value) => html`<${Trend} points=${value.data} list=${list} />`}<//><//>
      <${Card} class="span-5" title="Risk by sector" about="Predictions in each level; a sector leads to its list"><${Show} of=${sectors}>${(/** @type {any} */ value) => html`<${Sectors} groups=${value.data} list=${list} />`}<//><//>
      <${Card} class="span-7 card-flush" title="Riskiest predictions" actions=${html`<a href=${list({ sort: "pd" })}>All</a>`}><${Show} of=${riskiest}>${(/** @type {any} */ value) => html`<${Riskiest} rows=${value.data} kind=${kind} />`}<//><//>
      <${Card} class="span-5" title="Distribution of PDs" about="Of the newest predictions"><${Show} of=${newest}>${(/** @type {any} */ rows) => html`<${Histogram} rows=${rows} list=${list} />`}<//><//>
      <${Card} class="card-flush" title="Latest uploads" actions=${html`<a href="#/uploads">All</a>`}><${Show} of=${uploads}>${(/** @type {any} */ value) => html`<${Uploads} rows=${value.data} />`}<//><//>
    </div>`;
}

/** @param {string} kind @param {string} level @param {AbortSignal} signal */
async function newestPredictions(kind, level, signal) {
  const rows = [];
  let cursor = "";
  for (let page = 0; page < 3; page += 1) {
    const answer = await get(`/predictions/${kind}`, { limit: 100, access_level: level, cursor }, { signal });
    rows.push(...answer.data);
    if (!answer.has_more) break;
    cursor = answer.next_cursor;
  }
  return rows;
}

/** @param {any} props */
function Figures({ value, other, kind, list }) {
  return html`<div class="figures">
    <a class="figure" href=${list({})}><div class="label">${kind === "annual" ? "Annual" : "Quarterly"} predictions</div><div class="value">${count(value.total_predictions)}</div><div class="note">${count(other.total_predictions)} ${kind === "annual" ? "quarterly" : "annual"}</div></a>
    <div class="figure"><div class="label">Mean PD</div><div class="value">${percent(value.avg_probability)}</div><div class="note">within 12 months</div></div>
    <div class="figure"><div class="label">Median PD</div><div class="value">${percent(value.median_probability)}</div><div class="note">half are below</div></div>
    <a class="figure" href=${list({ risk_level: "High" })}><div class="label">High risk</div><div class="value">${count(value.high_risk_count)}</div><div class="note">${share(value.high_risk_count, value.total_predictions)} of predictions</div></a>
    <div class="figure"><div class="label">Companies at high risk</div><div class="value">${count(value.high_risk_companies)}</div><div class="note">at least one period</div></div>
    <div class="figure"><div class="label">Last prediction</div><div class="value value-text">${ago(value.last_prediction)}</div></div>
  </div>`;
}

const nothing = html`<p class="muted">Nothing in this scope yet.</p>`;

/** @param {any} props */
function Trend({ points, list }) {
  if (!points.length) return html`<${Empty} title="No periods yet" action=${html`<a class="button button-primary" href="#/uploads/new">Upload a file</a>`}>Upload ratios of companies, and their risk over time is shown here.<//>`;
  const at = points.map((/** @type {any} */ p) => period(p));
  const shown = (/** @type {number} */ value) => percent(value);
  return html`<${Chart} height=${280} keys=${[points]} label=${`Mean PD from ${shown(points[0].mean_probability)} in ${at[0]} to ${shown(points.at(-1).mean_probability)} in ${at.at(-1)}`}
    table=${{ head: ["Period", "Predictions", "Mean PD", "Median PD", "High risk"], rows: points.map((/** @type {any} */ p) => [period(p), count(p.n), shown(p.mean_probability), shown(p.median_probability), percent(p.high_share)]) }}
    onSelect=${(/** @type {any} */ event) => { const p = points[event.dataIndex]; if (p) location.hash = list({ reporting_year: p.reporting_year, reporting_quarter: p.reporting_quarter }); }}
    option=${(/** @type {any} */ c) => ({
      legend: {}, tooltip: { trigger: "axis", valueFormatter: (/** @type {number} */ v) => `${v.toFixed(2)} %` },
      xAxis: { type: "category", data: at }, yAxis: [{ type: "value", axisLabel: { formatter: "{value} %" } }],
      grid: { left: 8, right: 16, top: 34, bottom: 4, containLabel: true },
      series: [
        { name: "High risk, share", type: "bar", data: points.map((/** @type {any} */ p) => p.high_share * 100), itemStyle: { color: c.high, opacity: 0.22, borderRadius: [3, 3, 0, 0] }, barMaxWidth: 34 },
        { name: "Mean PD", type: "line", data: points.map((/** @type {any} */ p) => p.mean_probability * 100), symbolSize: 7, lineStyle: { width: 2.5, color: c.accent }, itemStyle: { color: c.accent } },
        { name: "Median PD", type: "line", data: points.map((/** @type {any} */ p) => p.median_probability * 100), symbol: "rect", symbolSize: 6, lineStyle: { width: 2, type: "dashed", color: c.second }, itemStyle: { color: c.second } },
      ],
    })} />`;
}

/** @param {any} props */
function Sectors({ groups, list }) {
  if (!groups.length) return nothing;
  const rows = [...groups].sort((a, b) => b.high / b.total - a.high / a.total);
  return html`<div class="stack"><div class="key" aria-hidden="true"><span><span class="mark-low">●</span> Low</span><span><span class="mark-medium">▲</span> Medium</span><span><span class="mark-high">◆</span> High</span></div>
  <ul class="bars">${rows.map((group) => html`<li key=${group.group}>
      <a href=${list({ sector: group.group })} title=${group.group}>${group.group}</a>
      <svg class="stack-svg" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label=${`${group.low} low, ${group.medium} medium, ${group.high} high`}>
        <rect class="fill-low" x="0" y="0" height="10" width=${(group.low / group.total) * 100} />
        <rect class="fill-medium" x=${(group.low / group.total) * 100} y="0" height="10" width=${(group.medium / group.total) * 100} />
        <rect class="fill-high" x=${((group.low + group.medium) / group.total) * 100} y="0" height="10" width=${(group.high / group.total) * 100} /></svg>
      <a class="number small end" href=${list({ sector: group.group, risk_level: "High" })} aria-label=${`${share(group.high, group.total)} high risk in ${group.group}`}>${share(group.high, group.total)} high</a></li>`)}</ul></div>`;
}

/** @param {any} props */
function Riskiest({ rows, kind }) {
  if (!rows.length) return html`<div class="pad">${nothing}</div>`;
  return html`<${Table} caption="Riskiest predictions" rows=${rows} columns=${[
    { key: "company", label: "Company", cell: (/** @type {any} */ r) => html`<a href=${`#/predictions/${kind}/${r.id}`}>${r.company_name}</a><span class="sub">${r.company_symbol} · ${r.company_sector}</span>` },
    { key: "period", label: "Period", cell: (/** @type {any} */ r) => html`<span class="nowrap">${period(r)}</span>` },
    { key: "pd", label: "PD", number: true, cell: (/** @type {any} */ r) => html`<${Pd} value=${r.pd} />` },
    { key: "risk", label: "Risk", cell: (/** @type {any} */ r) => html`<${Risk} level=${r.risk_level} />` },
  ]} />`;
}

/** @param {any} props */
function Histogram({ rows, list }) {
  if (!rows.length) return nothing;
  const bins = BINS.slice(0, -1).map((from, at) => ({
    from, to: BINS[at + 1], name: `${(from * 100).toLocaleString()}–${(BINS[at + 1] * 100).toLocaleString()} %`,
    n: rows.filter((/** @type {any} */ r) => r.pd >= from && (r.pd < BINS[at + 1] || (at === BINS.length - 2 && r.pd === 1))).length,
  }));
  return html`<p class="small muted">${count(rows.length)} predictions</p><${Chart} height=${240} keys=${[rows]} label=${`Number of predictions in classes of PD; most are in ${[...bins].sort((a, b) => b.n - a.n)[0].name}`}
    table=${{ head: ["PD", "Predictions"], rows: bins.map((bin) => [bin.name, count(bin.n)]) }}
    onSelect=${(/** @type {any} */ event) => { const bin = bins[event.dataIndex]; location.hash = list({ probability_gte: bin.from || "", probability_lte: bin.to }); }}
    option=${(/** @type {any} */ c) => ({ tooltip: { trigger: "axis" }, xAxis: { type: "category", data: bins.map((bin) => bin.name), axisLabel: { rotate: 38, fontSize: 10 } }, yAxis: { type: "value", minInterval: 1 },
      series: [{ type: "bar", data: bins.map((bin) => bin.n), itemStyle: { color: c.accent, borderRadius: [3, 3, 0, 0] }, barCategoryGap: "12%" }] })} />`;
}

/** @param {any} props */
function Uploads({ rows }) {
  if (!rows.length) return html`<${Empty} title="No uploads yet" action=${html`<a class="button button-primary" href="#/uploads/new">Upload a file</a>`}>CSV and XLSX files of companies and ratios are scored row by row.<//>`;
  return html`<${Table} caption="Latest uploads" rows=${rows} columns=${[
    { key: "file", label: "File", cell: (/** @type {any} */ r) => html`<div class="name-cell"><a href=${`#/uploads/${r.id}`}>${r.original_filename}</a></div>` },
    { key: "kind", label: "Kind", cell: (/** @type {any} */ r) => r.job_type },
    { key: "status", label: "Status", cell: (/** @type {any} */ r) => html`<${UploadStatus} job=${r} />` },
    { key: "rows", label: "Rows", number: true, cell: (/** @type {any} */ r) => count(r.total_rows ?? r.processed_rows) },
    { key: "errors", label: "Failed", number: true, cell: (/** @type {any} */ r) => count(r.error_count) },
    { key: "at", label: "When", cell: (/** @type {any} */ r) => html`<span class="nowrap">${ago(r.created_at)}</span>` },
  ]} />`;
}
