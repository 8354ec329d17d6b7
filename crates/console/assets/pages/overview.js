// Headline figures of the user's data, with links from each figure to its rows.
import { html } from "../parts/html.js";
import { get } from "../parts/api.js";
import { defaultScope, scopes, user } from "../parts/session.js";
import { go, href, query, setQuery } from "../parts/router.js";
import { Card, Empty, Field, Header, Pd, Risk, Segments, show, table, useLoaded } from "../parts/ui.js";
import { chart } from "../parts/chart.js";
import { ago, count, fixed, percent, period, share, nameOf } from "../parts/format.js";
import { UploadStatus, placeOf } from "../parts/upload_status.js";

/** @typedef {import("../parts/types.js").Schema} Schema */
/** @typedef {import("../parts/types.js").Kind} Kind */
/** The URL of the list of a figure's rows. @typedef {(filters: Record<string, unknown>) => string} List */

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
  const riskiest = useLoaded((signal) => get(`/predictions/${kind}`, { ...filters, sort: "pd", limit: 8 }, { signal }), [scope, kind, year]);
  const grades = useLoaded((signal) => get("/analytics/grades", { scope, kind, reporting_year: year }, { signal }), [scope, kind, year]);
  const scales = useLoaded((signal) => get("/rating-scales", { limit: 100 }, { signal }), []);
  const uploads = useLoaded((signal) => get("/bulk-uploads", { limit: 20 }, { signal }), []);
  /** @type {List} */
  const list = (more) => href("/predictions", { kind, ...filters, ...more });
  const when = year || "all years";
  return html`${show(figures, (value) => html`<${Figures} value=${value[kind]} other=${value[kind === "annual" ? "quarterly" : "annual"]} kind=${kind} list=${list} />`, 3)}
    <div class="grid">
      <${Card} class="span-7" title="Risk over time" about="Mean and median PD of each period, and the share of high risk. A period leads to its list"><${TrendChart} points=${trend.data} list=${list} /><//>
      <${Card} class="span-5" title=${`Risk by sector, ${when}`} about="Predictions in each level; a sector leads to its list">${show(sectors, (value) => html`<${Sectors} groups=${value.data} list=${list} />`)}<//>
      <${Card} class="span-7 card-flush" title=${`Riskiest companies, ${when}`} actions=${html`<a href=${list({ sort: "pd" })}>All</a>`}>${show(riskiest, (value) => html`<${Riskiest} rows=${value.data} kind=${kind} />`)}<//>
      <${Card} class="span-5" title=${`Distribution of PDs, ${when}`} about="Predictions in each grade of the master scale, the best first; a grade leads to its list">${show(grades, (value) => html`<${Grades} distribution=${value} bounds=${scales.value?.data.find((scale) => `${scale.name}@${scale.version}` === value.scale)?.grades ?? []} list=${list} />`)}<//>
      <${Card} class="card-flush" title="Latest uploads" actions=${html`<a href="#/uploads">All</a>`}>${show(uploads, (value) => html`<${Uploads} rows=${value.data.filter((job) => !job.validation_id).slice(0, 5)} />`)}<//>
    </div>`;
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
        { name: "High risk, share", type: "bar", data: points.map((p) => p.high_share * 100), itemStyle: { color: c.high, opacity: 0.32, borderRadius: [3, 3, 0, 0] }, barMaxWidth: 34 },
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
  const sum = (/** @type {"low" | "medium" | "high" | "total_predictions"} */ of) => groups.reduce((all, group) => all + group[of], 0);
  const all = { low: sum("low"), medium: sum("medium"), high: sum("high"), total_predictions: sum("total_predictions") };
  return html`<div class="stack"><div class="key" aria-hidden="true"><span><span class="mark-low">●</span> Low</span><span><span class="mark-medium">▲</span> Medium</span><span><span class="mark-high">◆</span> High</span></div>
  <ul class="bars"><${Bar} name="All sectors" group=${all} to=${list} isSum />${rows.map((group) => html`<${Bar} key=${group.group} name=${group.group ?? ""} group=${group} to=${(/** @type {Record<string, unknown>} */ more) => list({ sector: group.group, ...more })} />`)}</ul></div>`;
}

/** The shares of the levels of one sector, or of all. @param {{ name: string, group: Pick<Schema["RiskGroup"], "low" | "medium" | "high" | "total_predictions">, to: List, isSum?: boolean }} props */
function Bar({ name, group, to, isSum }) {
  const width = (/** @type {number} */ part) => (part / group.total_predictions) * 100;
  return html`<li class=${isSum ? "strong" : ""}><a href=${to({})} title=${name}>${name}</a>
    <svg class="stack-svg" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label=${`${count(group.low)} low, ${count(group.medium)} medium, ${count(group.high)} high`}>
      <rect class="fill-low" x="0" y="0" height="10" width=${width(group.low)} /><rect class="fill-medium" x=${width(group.low)} y="0" height="10" width=${width(group.medium)} /><rect class="fill-high" x=${width(group.low + group.medium)} y="0" height="10" width=${width(group.high)} /></svg>
    <a class="number small end" href=${to({ risk_level: "High" })} aria-label=${`${share(group.high, group.total_predictions)} high risk in ${name}`}>${share(group.high, group.total_predictions)} high</a></li>`;
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

/** @param {{ distribution: Schema["GradeDistribution"], bounds: Schema["Grade"][], list: List }} props */
function Grades({ distribution, bounds, list }) {
  const group = distribution.data[0];
  if (!group?.total_predictions) return nothing;
  const { grades } = group;
  const range = (/** @type {number} */ at) => (bounds[at] ? `${percent(bounds[at].pd_from)} to ${percent(bounds[at].pd_to)}` : "");
  const most = grades.reduce((best, one) => (one.total_predictions > best.total_predictions ? one : best));
  return html`<p class="small muted">${count(group.total_predictions)} predictions by <code>${distribution.scale}</code>${group.herfindahl === null || group.herfindahl === undefined ? "" : `; Herfindahl index ${fixed(group.herfindahl)} (1: all in one grade)`}</p>${chart({
    height: 400, keys: [distribution, bounds], label: `Number of predictions by grade; most are in ${most.grade}`,
    table: { head: ["Grade", "PD", "Predictions", "Share", "Mean PD"], rows: grades.map((one, at) => [one.grade, range(at), count(one.total_predictions), percent(one.share), percent(one.mean_pd)]) },
    onSelect: (event) => { location.hash = list({ sort: "pd", grade: grades[event.dataIndex].grade }); },
    option: (c) => ({
      tooltip: { trigger: "axis", formatter: (/** @type {import("../parts/chart.js").Selected[]} */ [e]) => { const one = grades[e.dataIndex]; return `Grade ${one.grade}: PD ${range(e.dataIndex)}\n${count(one.total_predictions)} predictions, ${percent(one.share)}`; } },
      grid: { left: 8, right: 16, top: 30, bottom: 24, containLabel: true },
      // Below each grade its upper bound, so that the axis is one of PDs, too.
      xAxis: { type: "category", data: grades.map((one, at) => (bounds[at] ? `${one.grade}\n${percent(bounds[at].pd_to).replace(/\s%$/, "")}` : one.grade)), name: "grade, and the PD up to which it reaches in percent", nameLocation: "middle", nameGap: 40, axisLabel: { fontSize: 10, interval: "auto", hideOverlap: true } },
      yAxis: { type: "value", minInterval: 1, name: "predictions", nameTextStyle: { align: "left" } },
      series: [{ name: "Predictions", type: "bar", data: grades.map((one) => one.total_predictions), itemStyle: { color: c.accent, borderRadius: [3, 3, 0, 0] }, barCategoryGap: "18%" }],
    }),
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
