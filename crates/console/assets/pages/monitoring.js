// Whether the companies of a period are still like those that the model learned from: the PD and
// the inputs bin by bin, from period to period, and who moved most.
import { html } from "../parts/html.js";
import { get, Refused } from "../parts/api.js";
import { query, setQuery } from "../parts/router.js";
import { Card, Empty, Field, Header, Pd, show, table, useLoaded } from "../parts/ui.js";
import { chart } from "../parts/chart.js";
import { count, fixed, percent, ratio, signed, words } from "../parts/format.js";
import { ownerOf, useOwners } from "../parts/owner.js";
import { STABILITIES, StabilityTag } from "../parts/stability.js";
import { filtersOf } from "./companies.js";

/** @typedef {import("../parts/types.js").Schema} Schema */
/** @typedef {Schema["MonitoredFigure"]} Figure */

/** Why there is nothing to compare, in the words of this page. @type {Record<string, string>} */
const NOTHING = {
  too_few_rows: "This owner has no prediction of the period by this version of the model. Choose whose predictions, or another period.",
  no_baseline: "There is nothing to compare the period with. Choose the training data or another period.",
};
const NAMES = /** @type {const} */ (["period", "baseline"]);
const share = (/** @type {number | null | undefined} */ value) => (typeof value === "number" ? `${fixed(value * 100, 1)} %` : "–");

/** @param {{ name: string, version: string }} props */
export default function Monitoring({ name, version }) {
  const filters = filtersOf(NAMES);
  const owners = useOwners("org_admin");
  const owner = query.value.get("owner") || owners[0].value;
  const asked = { version, ...filters, ...ownerOf(owner) };
  const found = useLoaded(async (signal) => {
    try {
      return await get(`/models/${name}/monitoring`, asked, { signal });
    } catch (error) {
      if (error instanceof Refused && error.code in NOTHING) return NOTHING[error.code];
      throw error;
    }
  }, [JSON.stringify(asked)]);
  const value = found.value;
  const known = value && typeof value !== "string" ? value.trend.map((point) => point.period).reverse() : [];
  const choice = (/** @type {string[]} */ values, /** @type {string | undefined} */ chosen) => [...new Set([...values, ...(chosen ? [chosen] : [])])].map((one) => ({ value: one, label: one }));
  const change = (/** @type {string} */ what) => (/** @type {string} */ to) => setQuery({ [what]: to });
  return html`<${Header} title=${`Monitoring of ${name} ${version}`} back=${{ href: `#/models/${name}/${version}`, label: `${name} ${version}` }} about="Whether the companies of a period are still like those of a baseline. Different is not wrong, and the same does not say that PDs are right." />
    <div class="filters is-wide">
      <${Field} label="Whose predictions" value=${owner} onInput=${(/** @type {string} */ to) => setQuery({ owner: to, period: "", baseline: "" })} options=${owners} />
      <${Field} label="Period" value=${filters.period} onInput=${change("period")} options=${[{ value: "", label: "The newest" }, ...choice(known, filters.period)]} />
      <${Field} label="Compared with" value=${filters.baseline} onInput=${change("baseline")} options=${[{ value: "", label: "The training data" }, ...choice(known, filters.baseline)]} /></div>
    ${show(found, (/** @type {Schema["Monitoring"] | string} */ shown) => (typeof shown === "string"
      ? html`<${Card}><${Empty} title="Nothing can be compared">${shown}<//><//>`
      : html`<${Report} key=${`${shown.period} ${shown.baseline} ${owner}`} value=${shown} />`), 10)}`;
}

/** @param {{ value: Schema["Monitoring"] }} props */
function Report({ value }) {
  const base = value.baseline === "training" ? "the training data" : value.baseline;
  const figures = [{ name: "pd", label: "Probability of default", is_share: true, ...value.score }, ...value.inputs];
  return html`<dl class="figures">
      <div class="figure"><dt>${value.period} against ${base}</dt><dd><${StabilityTag} value=${value.verdict} /></dd><dd class="note">${STABILITIES[value.verdict].says}</dd></div>
      <div class="figure"><dt>Predictions</dt><dd>${count(value.total_predictions)}</dd><dd class="note">against ${count(value.total_baseline)}; ${count(value.out_of_scope_count)} out of the model's scope</dd></div>
      <div class="figure"><dt>Mean PD</dt><dd>${percent(value.mean_pd)}</dd></div></dl>
    <div class="grid">
      <${Card} class="card-flush" title="Inputs and PD" about="The stability index over bins, and what chance alone stays below in 95 of 100 periods">${table({ caption: "Inputs and PD", rowKey: (row) => row.name, rows: figures, columns: [
        { key: "n", label: "Figure", cell: (row) => html`<div class="name-cell"><a href=${`#bins-${row.name}`} onClick=${jump(`bins-${row.name}`)}>${row.label}</a></div>` },
        { key: "v", label: "Verdict", cell: (row) => html`<${StabilityTag} value=${row.verdict} />` },
        { key: "i", label: "Index", number: true, cell: (row) => fixed(row.psi) },
        { key: "c", label: "Critical", number: true, cell: (row) => fixed(row.critical_psi) },
        { key: "m", label: "Missing", number: true, cell: (row) => html`${share(row.missing_share)}<span class="sub">before ${share(row.baseline_missing_share)}</span>` },
        { key: "l", label: "Out of range", number: true, cell: (row) => (row.clamped_low_share === undefined || row.clamped_low_share === null ? "–" : html`${share(row.clamped_low_share)} below<span class="sub">${share(row.clamped_high_share)} above</span>`) }] })}<//>
      <${Card} class="span-6" title="From period to period" about=${`The stability index of the PD against ${base}`}><${Trend} points=${value.trend} /><//>
      <${Card} class="span-6 card-flush" title="Moved most" about=${value.moved_from ? `Companies whose log-odds changed most from ${value.moved_from} to ${value.period}` : "There is no earlier period"}>${value.movers.length
        ? table({ caption: "Moved most", isTall: true, rowKey: (row) => row.company_id, rows: value.movers, columns: [
          { key: "s", label: "Company", cell: (row) => html`<a href=${`#/companies/${row.company_id}`}>${row.company_symbol}</a><span class="sub">${row.company_name}</span>` },
          { key: "f", label: "From", number: true, cell: (row) => html`<${Pd} value=${row.from_pd} />` },
          { key: "t", label: "To", number: true, cell: (row) => html`<${Pd} value=${row.to_pd} />` },
          { key: "c", label: "Log-odds", number: true, cell: (row) => html`${signed(row.log_odds_change)}<span class="sub">${row.log_odds_change > 0 ? "riskier" : "safer"}</span>` }] })
        : html`<p class="muted pad">No company has another PD than before.</p>`}<//>
      ${figures.map((figure) => html`<${Card} key=${figure.name} id=${`bins-${figure.name}`} class="span-6" title=${figure.label} about=${html`<${StabilityTag} value=${figure.verdict} /> index ${fixed(figure.psi)}, critical ${fixed(figure.critical_psi)}`}><${Bins} figure=${figure} base=${base} now=${value.period} isShare=${figure.is_share} /><//>`)}
    </div>`;
}

/** Moves to a part of the page: its address is that of the page. @param {string} id */
const jump = (id) => (/** @type {Event} */ event) => {
  event.preventDefault();
  document.getElementById(id)?.scrollIntoView();
};

/** @param {Schema["MonitoredBin"]} bin @param {boolean} isShare */
function nameOf(bin, isShare) {
  if (bin.kind !== "between") return { missing: "missing", at_min: "lower bound", at_max: "upper bound" }[bin.kind];
  const edge = (/** @type {number} */ value) => ratio(value, isShare);
  if (typeof bin.from !== "number") return typeof bin.to === "number" ? `below ${edge(bin.to)}` : "all between";
  // The unit once is enough.
  return typeof bin.to === "number" ? `${edge(bin.from).replace(/\s%|×$/, "")} to ${edge(bin.to)}` : `from ${edge(bin.from)}`;
}

/** Expected and actual shares as bars. @param {{ figure: Figure, base: string, now: string, isShare: boolean }} props */
function Bins({ figure, base, now, isShare }) {
  const names = figure.bins.map((bin) => nameOf(bin, isShare));
  const rows = figure.bins.map((bin, at) => [names[at], count(bin.expected_count), share(bin.expected_share), count(bin.actual_count), share(bin.actual_share)]);
  const series = (/** @type {string} */ name, /** @type {string} */ color, /** @type {number[]} */ data) => ({ name, type: "bar", data: data.map((part) => Math.round(part * 1000) / 10), itemStyle: { color, borderRadius: [2, 2, 0, 0] } });
  return chart({ height: 280, keys: [figure], label: `Shares of each bin in ${base} and in ${now}`, table: { head: ["Bin", words(base), "Share", now, "Share"], rows }, option: (c) => ({ legend: {}, tooltip: { trigger: "axis" }, grid: { left: 8, right: 16, top: 34, bottom: 4, containLabel: true },
    xAxis: { type: "category", data: names, axisLabel: { rotate: 38, interval: 0, fontSize: 10 } }, yAxis: { type: "value", axisLabel: { formatter: "{value} %" } },
    series: [series(words(base), c.second, figure.bins.map((bin) => bin.expected_share)), series(now, c.accent, figure.bins.map((bin) => bin.actual_share))] }) });
}

/** @param {{ points: Schema["MonitoredPeriod"][] }} props */
function Trend({ points }) {
  const rows = points.map((point) => [point.period, count(point.total_predictions), percent(point.mean_pd), fixed(point.psi), fixed(point.critical_psi), STABILITIES[point.verdict].word]);
  return chart({ height: 320, keys: [points], label: "Stability index of the PD and its critical value by period", table: { head: ["Period", "Predictions", "Mean PD", "Index", "Critical", "Verdict"], rows }, option: (c) => ({ legend: {}, tooltip: { trigger: "axis" }, grid: { left: 8, right: 16, top: 52, bottom: 4, containLabel: true },
    xAxis: { type: "category", data: points.map((point) => point.period) }, yAxis: { type: "value", min: 0, name: "stability index", nameTextStyle: { align: "left" } },
    series: [{ name: "Index", type: "line", symbolSize: 7, data: points.map((point) => point.psi), itemStyle: { color: c.accent }, lineStyle: { color: c.accent } }, { name: "Critical", type: "line", symbol: "rect", data: points.map((point) => point.critical_psi), itemStyle: { color: c.second }, lineStyle: { color: c.second, type: "dashed" } }] }) });
}
