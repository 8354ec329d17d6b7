// Headline figures of the user's data, with links from each figure to its rows.
import { html } from "../parts/html.js";
import { get } from "../parts/api.js";
import { defaultScope, scopes, user } from "../parts/session.js";
import { go, href, query, setQuery } from "../parts/router.js";
import { Card, Empty, Field, Header, Pd, Risk, Segments, show, table, useLoaded } from "../parts/ui.js";
import { chart } from "../parts/chart.js";
import { ago, count, decimal, fixed, percent, period, share, nameOf } from "../parts/format.js";
import { UploadStatus, placeOf } from "./uploads.js";

/** @typedef {import("../parts/types.js").Schema} Schema */
/** @typedef {import("../parts/types.js").Kind} Kind */
/** The URL of the list of a figure's rows. @typedef {(filters: Record<string, unknown>) => string} List */

/** The bounds of the histogram's classes, about equally spaced on a logarithmic scale. */
const BINS = [0, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
/** The most pages of a thousand predictions that the histogram counts. */
const MOST_PAGES = 3;

/** The filter of lists that corresponds to a scope. @param {string} scope @returns {string} */
const levelOf = (scope) => (/** @type {Record<string, string>} */ ({ personal: "personal", organization: "organization", tenant: "organization", system: "system" })[scope] ?? "");

export default function Overview() {
  const chosen = query.value.get("scope") || defaultScope.value;
  const scope = chosen === "all" ? "" : chosen;
  const kind = /** @type {Kind} */ (query.value.get("kind") || "annual");
  const trend = useLoaded((signal) => get("/analytics/trend", { scope, kind }, { signal }), [scope, kind]);
  const years = [...new Set((trend.value?.data ?? []).map((point) => point.reporting_year))].reverse();
  const year = query.value.get("year") || years[0] || "";
  return html`
    <${Header} title="Overview" about=${`Signed in as ${nameOf(user.value)}. Figures of everything that you may read in this scope.`} actions=${html`
      <${Segments} label="Scope" options=${scopes.value} value=${chosen} onChange=${(/** @type {string} */ value) => setQuery({ scope: value })} />
      <${Segments} label="Kind" options=${[{ value: "annual", label: "Annual" }, { value: "quarterly", label: "Quarterly" }]} value=${kind} onChange=${(/** @type {string} */ value) => setQuery({ kind: value, year: "" })} />
      ${years.length > 1 && html`<${Field} label="Year" class="compact" value=${year} onInput=${(/** @type {string} */ value) => setQuery({ year: value })} options=${[...years.map((value) => ({ value, label: value })), { value: "all", label: "All years" }]} />`}`} />
    ${show(trend, (value) => html`<${OfYear} scope=${scope} kind=${kind} year=${year === "all" ? "" : year} trend=${value} />`, 12)}`;
}

/** @param {{ scope: string, kind: Kind, year: string, trend: Schema["Trend"] }} props */
function OfYear({ scope, kind, year, trend }) {
  const level = levelOf(scope);
  const filters = { reporting_year: year, access_level: level };
  const figures = useLoaded((signal) => get("/dashboard", { scope, reporting_year: year }, { signal }), [scope, year]);
  const sectors = useLoaded((signal) => get("/analytics/risk-distribution", { scope, kind, group_by: "sector", reporting_year: year }, { signal }), [scope, kind, year]);
  const riskiest = useLoaded((signal) => get(`/predictions/${kind}`, { ...filters, sort: "pd", limit: 12 }, { signal }), [scope, kind, year]);
  const all = useLoaded((signal) => predictionsOf(kind, filters, signal), [scope, kind, year]);
  const grades = useLoaded((signal) => get("/analytics/grades", { scope, kind, reporting_year: year }, { signal }), [scope, kind, year]);
  const uploads = useLoaded((signal) => get("/bulk-uploads", { limit: 20 }, { signal }), []);
  /** @type {List} */
  const list = (more) => href("/predictions", { kind, ...filters, ...more });
  const when = year || "all years";
  return html`${show(figures, (value) => html`<${Figures} value=${value[kind]} other=${value[kind === "annual" ? "quarterly" : "annual"]} kind=${kind} list=${list} />`, 3)}
    <div class="grid">
      <${Card} class="span-7" title="Risk over time" about="Mean and median PD of each period, and the share of high risk. A period leads to its list"><${TrendChart} points=${trend.data} list=${list} /><//>
      <${Card} class="span-5" title=${`Risk by sector, ${when}`} about="Predictions in each level; a sector leads to its list">${show(sectors, (value) => html`<${Sectors} groups=${value.data} list=${list} />`)}<//>
      <${Card} class="span-7 card-flush" title=${`Riskiest companies, ${when}`} actions=${html`<a href=${list({ sort: "pd" })}>All</a>`}>${show(riskiest, (value) => html`<${Riskiest} rows=${value.data} kind=${kind} />`)}<//>
      <div class="span-5 stack"><${Card} title=${`Distribution of PDs, ${when}`} about="A class leads to its list">${show(all, (value) => html`<${Histogram} rows=${value.rows} isAll=${value.isAll} list=${list} />`)}<//>
        <${Card} title=${`Grades, ${when}`} about="Of the master scale, the best first; a grade leads to its list">${show(grades, (value) => html`<${Grades} distribution=${value} list=${list} />`)}<//></div>
      <${Card} class="card-flush" title="Latest uploads" actions=${html`<a href="#/uploads">All</a>`}>${show(uploads, (value) => html`<${Uploads} rows=${value.data.filter((job) => !job.validation_id).slice(0, 5)} />`)}<//>
    </div>`;
}

/** @param {Kind} kind @param {{ reporting_year: string, access_level: string }} filters @param {AbortSignal} signal */
async function predictionsOf(kind, filters, signal) {
  const rows = [];
  let cursor = "";
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await get(`/predictions/${kind}`, { ...filters, limit: 1000, cursor }, { signal });
    rows.push(...answer.data);
    if (!answer.has_more) return { rows, isAll: true };
    cursor = answer.next_cursor ?? "";
  }
  return { rows, isAll: false };
}

/** @param {{ value: Schema["Figures"], other: Schema["Figures"], kind: Kind, list: List }} props */
function Figures({ value, other, kind, list }) {
  const median = value.median_pd;
  return html`<div class="figures">
    <a class="figure" href=${list({})}><div class="label">${kind === "annual" ? "Annual" : "Quarterly"} predictions</div><div class="value">${count(value.total_predictions)}</div><div class="note">${count(other.total_predictions)} ${kind === "annual" ? "quarterly" : "annual"}</div></a>
    <a class="figure" href=${list({ sort: "pd" })}><div class="label">Mean PD</div><div class="value">${percent(value.mean_pd)}</div><div class="note">within 12 months</div></a>
    <a class="figure" href=${list({ sort: "pd", pd_gte: median })}><div class="label">Median PD</div><div class="value">${percent(median)}</div><div class="note">half are above</div></a>
    <a class="figure" href=${list({ risk_level: "High" })}><div class="label">High risk</div><div class="value">${count(value.high_risk_count)}</div><div class="note">${value.total_predictions ? `${share(value.high_risk_count, value.total_predictions)} of predictions` : "no predictions"}</div></a>
    <a class="figure" href=${list({ risk_level: "High", sort: "pd" })}><div class="label">Companies at high risk</div><div class="value">${count(value.high_risk_companies)}</div><div class="note">in at least one period</div></a>
    <a class="figure" href=${list({ sort: "created_at" })}><div class="label">Last prediction</div><div class="value value-text">${ago(value.last_prediction)}</div></a>
  </div>`;
}

const nothing = html`<p class="muted">Nothing in this scope yet.</p>`;

/** @param {{ points: Schema["TrendPoint"][], list: List }} props */
function TrendChart({ points, list }) {
  const last = points.at(-1);
  if (!last) return html`<${Empty} title="No periods yet" action=${html`<a class="button button-primary" href="#/uploads/new">Upload a file</a>`}>Upload ratios of companies, and their risk over time is shown here.<//>`;
  const at = points.map(period);
  return chart({
    height: 280, keys: [points], label: `Mean PD from ${percent(points[0].mean_pd)} in ${at[0]} to ${percent(last.mean_pd)} in ${at.at(-1)}`,
    table: { head: ["Period", "Predictions", "Mean PD", "Median PD", "High risk"], rows: points.map((p) => [period(p), count(p.total_predictions), percent(p.mean_pd), percent(p.median_pd), percent(p.high_share)]) },
    onSelect: (event) => { const p = points[event.dataIndex]; if (p) location.hash = list({ reporting_year: p.reporting_year, reporting_quarter: p.reporting_quarter }); },
    option: (c) => ({
      legend: {}, tooltip: { trigger: "axis", valueFormatter: (/** @type {number} */ v) => `${fixed(v, 2)} %` },
      xAxis: { type: "category", data: at }, yAxis: [{ type: "value", axisLabel: { formatter: "{value} %" } }],
      grid: { left: 8, right: 16, top: 34, bottom: 4, containLabel: true },
      series: [
        { name: "High risk, share", type: "bar", data: points.map((p) => p.high_share * 100), itemStyle: { color: c.high, opacity: 0.22, borderRadius: [3, 3, 0, 0] }, barMaxWidth: 34 },
        { name: "Mean PD", type: "line", data: points.map((p) => p.mean_pd * 100), symbolSize: 7, lineStyle: { width: 2.5, color: c.accent }, itemStyle: { color: c.accent } },
        { name: "Median PD", type: "line", data: points.map((p) => p.median_pd * 100), symbol: "rect", symbolSize: 6, lineStyle: { width: 2, type: "dashed", color: c.second }, itemStyle: { color: c.second } },
      ],
    }),
  });
}

/** @param {{ groups: Schema["RiskGroup"][], list: List }} props */
function Sectors({ groups, list }) {
  if (!groups.length) return nothing;
  const rows = [...groups].sort((a, b) => b.high / b.total_predictions - a.high / a.total_predictions);
  return html`<div class="stack"><div class="key" aria-hidden="true"><span><span class="mark-low">●</span> Low</span><span><span class="mark-medium">▲</span> Medium</span><span><span class="mark-high">◆</span> High</span></div>
  <ul class="bars">${rows.map((group) => html`<li key=${group.group}>
      <a href=${list({ sector: group.group })} title=${group.group}>${group.group}</a>
      <svg class="stack-svg" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label=${`${group.low} low, ${group.medium} medium, ${group.high} high`}>
        <rect class="fill-low" x="0" y="0" height="10" width=${(group.low / group.total_predictions) * 100} />
        <rect class="fill-medium" x=${(group.low / group.total_predictions) * 100} y="0" height="10" width=${(group.medium / group.total_predictions) * 100} />
        <rect class="fill-high" x=${((group.low + group.medium) / group.total_predictions) * 100} y="0" height="10" width=${(group.high / group.total_predictions) * 100} /></svg>
      <a class="number small end" href=${list({ sector: group.group, risk_level: "High" })} aria-label=${`${share(group.high, group.total_predictions)} high risk in ${group.group}`}>${share(group.high, group.total_predictions)} high</a></li>`)}</ul></div>`;
}

/** @param {{ rows: Schema["Prediction"][], kind: Kind }} props */
function Riskiest({ rows, kind }) {
  if (!rows.length) return html`<div class="pad">${nothing}</div>`;
  return table({ caption: "Riskiest companies", rows, columns: [
    { key: "company", label: "Company", cell: (r) => html`<a href=${`#/predictions/${kind}/${r.id}`}>${r.company_name}</a><span class="sub">${r.company_symbol} · ${r.company_sector}</span>` },
    { key: "period", label: "Period", cell: (r) => html`<span class="nowrap">${period(r)}</span>` },
    { key: "pd", label: "PD", number: true, cell: (r) => html`<${Pd} value=${r.pd} />` },
    { key: "risk", label: "Risk", cell: (r) => html`<${Risk} level=${r.risk_level} />` },
  ] });
}

/** @param {{ rows: Schema["Prediction"][], isAll: boolean, list: List }} props */
function Histogram({ rows, isAll, list }) {
  if (!rows.length) return nothing;
  const last = BINS.length - 2;
  const bins = BINS.slice(0, -1).map((from, at) => ({
    from, to: BINS[at + 1], name: `${decimal(from * 100)}–${decimal(BINS[at + 1] * 100)} %`,
    n: rows.filter((r) => r.pd >= from && (r.pd < BINS[at + 1] || at === last)).length,
  }));
  const most = bins.reduce((best, bin) => (bin.n > best.n ? bin : best));
  return html`<p class="small muted">${isAll ? "" : "The newest "}${count(rows.length)} predictions</p>${chart({
    height: 280, keys: [rows], label: `Number of predictions in classes of PD; most are in ${most.name}`,
    table: { head: ["PD", "Predictions"], rows: bins.map((bin) => [bin.name, count(bin.n)]) },
    onSelect: (event) => { const bin = bins[event.dataIndex]; location.hash = list({ sort: "pd", pd_gte: bin.from || "", pd_lte: bin.to }); },
    option: (c) => ({ tooltip: { trigger: "axis" }, xAxis: { type: "category", data: bins.map((bin) => bin.name), name: "PD", nameLocation: "middle", nameGap: 50, axisLabel: { rotate: 38, fontSize: 10 } }, yAxis: { type: "value", minInterval: 1, name: "predictions", nameTextStyle: { align: "left" } }, grid: { left: 8, right: 16, top: 30, bottom: 20, containLabel: true },
      series: [{ name: "Predictions", type: "bar", data: bins.map((bin) => bin.n), itemStyle: { color: c.accent, borderRadius: [3, 3, 0, 0] }, barCategoryGap: "12%" }] }),
  })}`;
}

/** @param {{ distribution: Schema["GradeDistribution"], list: List }} props */
function Grades({ distribution, list }) {
  const group = distribution.data[0];
  if (!group?.total_predictions) return nothing;
  const { grades } = group;
  return html`<p class="small muted">${count(group.total_predictions)} predictions by <code>${distribution.scale}</code>${group.herfindahl === null || group.herfindahl === undefined ? "" : `, concentration ${fixed(group.herfindahl)}`}</p>${chart({
    height: 200, keys: [distribution], label: `Predictions by grade; most are in ${grades.reduce((best, one) => (one.total_predictions > best.total_predictions ? one : best)).grade}`,
    table: { head: ["Grade", "Predictions", "Share", "Mean PD"], rows: grades.map((one) => [one.grade, count(one.total_predictions), percent(one.share), percent(one.mean_pd)]) },
    onSelect: (event) => { location.hash = list({ sort: "pd", grade: grades[event.dataIndex].grade }); },
    option: (c) => ({ tooltip: { trigger: "axis" }, xAxis: { type: "category", data: grades.map((one) => one.grade), name: "grade", nameLocation: "middle", nameGap: 24 }, yAxis: { type: "value", minInterval: 1, name: "predictions", nameTextStyle: { align: "left" } }, grid: { left: 8, right: 16, top: 30, bottom: 22, containLabel: true },
      series: [{ name: "Predictions", type: "bar", data: grades.map((one) => one.total_predictions), itemStyle: { color: c.second, borderRadius: [3, 3, 0, 0] }, barCategoryGap: "18%" }] }),
  })}`;
}

/** @param {{ rows: Schema["BulkUpload"][] }} props */
function Uploads({ rows }) {
  if (!rows.length) return html`<${Empty} title="No uploads yet" action=${html`<button class="button button-primary" onClick=${() => go("/uploads/new")}>Upload a file</button>`}>CSV and XLSX files of companies and ratios are scored row by row.<//>`;
  return table({ caption: "Latest uploads", rows, columns: [
    { key: "file", label: "File", cell: (r) => html`<div class="name-cell"><a href=${placeOf(r)}>${r.original_filename}</a></div>` },
    { key: "kind", label: "Kind", cell: (r) => r.job_type },
    { key: "status", label: "Status", cell: (r) => html`<${UploadStatus} job=${r} />` },
    { key: "rows", label: "Rows", number: true, cell: (r) => count(r.total_rows ?? r.processed_rows) },
    { key: "errors", label: "Failed", number: true, cell: (r) => count(r.error_count) },
    { key: "at", label: "When", cell: (r) => html`<span class="nowrap">${ago(r.created_at)}</span>` },
  ] });
}
