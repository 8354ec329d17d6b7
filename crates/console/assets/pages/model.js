// The card of a model: what it is for, how well it ranks and hits, its inputs.
import { html } from "../parts/html.js";
import { get } from "../parts/api.js";
import { Card, Header, Show, Table, Tag, useLoaded } from "../parts/ui.js";
import { Chart } from "../parts/chart.js";
import { Markdown } from "../parts/markdown.js";
import { percent, ratio, words } from "../parts/format.js";

/** Numbers of a nested object by their path. @param {any} value @param {string} [at] @returns {[string, number][]} */
function numbers(value, at = "") {
  if (typeof value === "number") return [[at, value]];
  if (!value || typeof value !== "object" || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => numbers(inner, at ? `${at} · ${words(name)}` : words(name)));
}
/** Pairs of predicted and observed rates, wherever the metrics keep them. @param {any} value @returns {any[] | null} */
function calibration(value) {
  if (!value || typeof value !== "object") return null;
  if (Array.isArray(value)) {
    const keys = value[0] && typeof value[0] === "object" ? Object.keys(value[0]) : [];
    const predicted = keys.find((key) => /predict|mean_pd|expected/.test(key));
    const observed = keys.find((key) => /observ|actual|default_rate|event/.test(key));
    return predicted && observed ? value.map((row) => [row[predicted], row[observed]]) : null;
  }
  for (const inner of Object.values(value)) { const found = calibration(inner); if (found) return found; }
  return null;
}

/** @param {{ name: string, version: string }} props */
export default function Model({ name, version }) {
  const loaded = useLoaded((signal) => get(`/models/${name}/versions/${version}`, {}, { signal }), [name, version]);
  return html`<${Show} of=${loaded} lines=${12}>${(/** @type {any} */ m) => {
    const metrics = numbers(m.metrics);
    const pairs = calibration(m.metrics);
    return html`<${Header} title=${`${m.name} ${m.version}`} back=${{ href: "#/models", label: "Models" }} about=${html`${m.description} <${Tag}>${m.kind}<//> ${m.is_default && html`<${Tag} tone="good">served by default<//>`}`} />
      <dl class="figures"><div class="figure"><dt>Medium risk from</dt><dd>${percent(m.thresholds.medium)}</dd></div><div class="figure"><dt>High risk from</dt><dd>${percent(m.thresholds.high)}</dd></div>
        ${metrics.filter(([key]) => /auc|gini|brier|ks/i.test(key)).slice(0, 4).map(([key, value]) => html`<div class="figure" key=${key}><dt>${key}</dt><dd>${value.toFixed(3)}</dd></div>`)}</dl>
      <div class="grid">
        ${pairs && html`<${Card} class="span-6" title="Calibration" about="Predicted against observed default rates; on the line they agree"><${Calibration} pairs=${pairs} /><//>`}
        <${Card} class=${pairs ? "span-6 card-flush" : "card-flush"} title="Inputs"><${Table} caption="Inputs" rowKey=${(/** @type {any} */ r) => r.name} rows=${m.inputs} columns=${[
          { key: "l", label: "Ratio", cell: (/** @type {any} */ r) => html`${r.label}<span class="sub"><code>${r.name}</code></span>` },
          { key: "u", label: "Unit", cell: (/** @type {any} */ r) => (r.is_share ? "share" : "multiple") },
          { key: "a", label: "From", number: true, cell: (/** @type {any} */ r) => ratio(r.min, r.is_share) },
          { key: "b", label: "To", number: true, cell: (/** @type {any} */ r) => ratio(r.max, r.is_share) }]} /><//>
        <${Card} title="Card"><${Markdown} text=${m.card.replace(/^# .*\n+/, "")} /><//>
        ${metrics.length > 0 && html`<${Card} class="card-flush" title="Figures of the validation"><details class="pad"><summary>Show ${metrics.length} figures</summary><${Table} caption="Figures of the validation" rowKey=${(/** @type {any} */ r) => r[0]} rows=${metrics} columns=${[{ key: "n", label: "Figure", cell: (/** @type {any} */ r) => r[0] }, { key: "v", label: "Value", number: true, cell: (/** @type {any} */ r) => Number(r[1].toPrecision(5)) }]} /></details><//>`}
        <${Card} title="Identity"><dl class="facts"><dt>SHA-256</dt><dd><code>${m.sha256}</code></dd></dl><//>
      </div>`;
  }}<//>`;
}

/** @param {{ pairs: any[] }} props */
function Calibration({ pairs }) {
  const most = Math.max(...pairs.flat());
  return html`<${Chart} height=${280} keys=${[pairs]} label="Predicted against observed default rates" table=${{ head: ["Predicted", "Observed"], rows: pairs.map(([p, o]) => [percent(p), percent(o)]) }}
    option=${(/** @type {any} */ c) => ({ tooltip: { trigger: "item", formatter: (/** @type {any} */ e) => `predicted ${percent(e.value[0])}\nobserved ${percent(e.value[1])}` }, xAxis: { type: "value", name: "predicted", nameLocation: "middle", nameGap: 24, axisLabel: { formatter: (/** @type {number} */ v) => percent(v) } }, yAxis: { type: "value", axisLabel: { formatter: (/** @type {number} */ v) => percent(v) } }, grid: { left: 8, right: 20, top: 16, bottom: 26, containLabel: true },
      series: [{ type: "line", data: [[0, 0], [most, most]], symbol: "none", lineStyle: { type: "dashed", color: c.muted }, silent: true }, { type: "scatter", data: pairs, symbolSize: 11, itemStyle: { color: c.accent } }] })} />`;
}
