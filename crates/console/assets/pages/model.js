// The card of a model: its purpose, its discrimination and calibration, its inputs.
import { html } from "../parts/html.js";
import { get } from "../parts/api.js";
import { Card, Header, Tag, useLoaded, show, table } from "../parts/ui.js";
import { chart } from "../parts/chart.js";
import { Markdown } from "../parts/markdown.js";
import { decimal, fixed, percent, ratio, words } from "../parts/format.js";

/** The numbers in a nested object, by path. @param {unknown} value @param {string} [at] @returns {[string, number][]} */
function numbers(value, at = "") {
  if (typeof value === "number") return [[at, value]];
  if (!value || typeof value !== "object" || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => numbers(inner, at ? `${at} · ${words(name)}` : words(name)));
}
/** An area under the curve, with or without its interval. @typedef {number | { mean?: number, value?: number, interval_95?: number[] } | null | undefined} Auc */
/** The metrics of a model that are shown as a chart; a model may have others.
 * @typedef {{ cross_validation?: Record<string, Record<string, { auc?: Auc }>>, time_split?: { auc?: Record<string, Auc> } }} Metrics */

/** The areas under the curve from the validation, with their 95 % intervals. @param {Metrics | null | undefined} metrics */
function discrimination(metrics) {
  /** @type {{ name: string, value: number, low?: number, high?: number }[]} */
  const found = [];
  const add = (/** @type {string} */ name, /** @type {Auc} */ auc) => {
    const value = typeof auc === "number" ? auc : auc?.mean ?? auc?.value;
    const interval = typeof auc === "number" ? undefined : auc?.interval_95;
    if (value !== undefined) found.push({ name, value, low: interval?.[0], high: interval?.[1] });
  };
  for (const [sample, methods] of Object.entries(metrics?.cross_validation ?? {})) {
    for (const [method, scores] of Object.entries((methods))) add(`${sample}, ${words(method).toLowerCase()}`, scores?.auc);
  }
  for (const [method, auc] of Object.entries(metrics?.time_split?.auc ?? {})) add(`Later years, ${words(method).toLowerCase()}`, auc);
  return found;
}

/** @param {{ name: string, version: string }} props */
export default function Model({ name, version }) {
  const loaded = useLoaded((signal) => get(`/models/${name}/versions/${version}`, {}, { signal }), [name, version]);
  return show(loaded, (m) => {
    const metrics = numbers(m.metrics);
    const aucs = discrimination(m.metrics);
    return html`<${Header} title=${`${m.name} ${m.version}`} back=${{ href: "#/models", label: "Models" }} actions=${html`<a class="button" href=${`#/models/${m.name}/${m.version}/monitoring`}>Monitoring</a>`} about=${html`${m.description} <${Tag}>${m.kind}<//> ${m.is_default && html`<${Tag} tone="good">served by default<//>`}`} />
      <dl class="figures"><div class="figure"><dt>Medium risk from</dt><dd>${percent(m.thresholds.medium)}</dd></div><div class="figure"><dt>High risk from</dt><dd>${percent(m.thresholds.high)}</dd></div>
        ${aucs.slice(0, 4).map((one) => html`<div class="figure" key=${one.name}><dt>AUC, ${one.name}</dt><dd>${fixed(one.value)}</dd>${one.low !== undefined && html`<dd class="note">95 %: ${fixed(one.low)} to ${fixed(one.high)}</dd>`}</div>`)}</dl>
      <div class="grid">
        ${aucs.length > 0 && html`<${Card} class="span-6" title="How well it ranks" about="Area under the ROC curve in the validation: 0.5 is chance, 1 is perfect"><${Ranks} aucs=${aucs} /><//>`}
        <${Card} class=${aucs.length ? "span-6 card-flush" : "card-flush"} title="Inputs">${table({ caption: "Inputs", rowKey: (r) => r.name, rows: m.inputs, columns: [
          { key: "l", label: "Ratio", cell: (r) => html`${r.label}<span class="sub long"><code>${r.name.split(/(?<=_)/).map((part) => html`${part}<wbr />`)}</code></span>` },
          { key: "u", label: "Unit", cell: (r) => (r.is_share ? "share" : "multiple") },
          { key: "a", label: "From", number: true, cell: (r) => ratio(r.min, r.is_share) },
          { key: "b", label: "To", number: true, cell: (r) => ratio(r.max, r.is_share) }] })}<//>
        <${Pictures} card=${m.card} />
        <${Card} title="Card"><${Markdown} text=${m.card.replace(/^# .*\n+/, "")} /><//>
        ${metrics.length > 0 && html`<${Card} class="card-flush" title="Figures of the validation"><details class="pad"><summary>Show ${metrics.length} figures</summary>${table({ caption: "Figures of the validation", rowKey: (r) => r[0], rows: metrics, columns: [{ key: "n", label: "Figure", cell: (r) => r[0] }, { key: "v", label: "Value", number: true, cell: (r) => decimal(Number(r[1].toPrecision(5)), 8) }] })}</details><//>`}
        <${Card} title="Identity"><dl class="facts"><dt>SHA-256</dt><dd><code>${m.sha256}</code></dd></dl><//>
      </div>`;
  }, 12, { href: "#/models", label: "Models" });
}

/** @param {{ aucs: { name: string, value: number, low?: number, high?: number }[] }} props */
function Ranks({ aucs }) {
  return chart({ height: aucs.length > 4 ? 320 : 240, keys: [aucs], label: `Area under the ROC curve: ${aucs.map((one) => `${one.name} ${fixed(one.value)}`).join("; ")}`, table: { head: ["Sample and method", "AUC", "95 % from", "to"], rows: aucs.map((one) => [one.name, fixed(one.value), fixed(one.low), fixed(one.high)]) }, option: (c) => ({ tooltip: { trigger: "item" }, grid: { left: 8, right: 40, top: 8, bottom: 24, containLabel: true }, xAxis: { type: "value", name: "AUC", nameLocation: "middle", nameGap: 24, min: 0.5, max: 1 }, yAxis: { type: "category", inverse: true, data: aucs.map((one) => one.name), axisLabel: { color: c.text }, splitLine: { show: false } },
      series: [{ name: "AUC", type: "bar", barMaxWidth: 22, data: aucs.map((one) => one.value), itemStyle: { color: c.accent, borderRadius: [0, 3, 3, 0] }, label: { show: true, position: "right", color: c.text, fontSize: 11, formatter: (/** @type {import("../parts/chart.js").Selected} */ e) => fixed(e.value) } }] }) });
}

/** The pictures of a validation report. @type {{ name: string, title: string, about: string, models: string[] }[]} */
const PICTURES = [
  { name: "calibration", title: "Calibration", about: "Tenths of the companies: the predicted and the observed share of bankruptcies, with 95 % intervals. On the line both are the same.", models: ["annual", "quarterly"] },
  { name: "discrimination", title: "Discrimination", about: "The AUC of this model beside that of trees, of Altman's Z'' and of single ratios.", models: ["annual", "quarterly"] },
  { name: "curves", title: "Effect of each ratio", about: "What a value adds to the log-odds of a default; 0 is what a missing ratio gets.", models: ["annual", "quarterly"] },
  { name: "pd", title: "Spread of PDs", about: "How many companies of the validation get which PD.", models: ["annual", "quarterly"] },
  { name: "ratings", title: "Beside agency ratings", about: "PDs of rated companies, from which nothing was learned.", models: ["annual"] },
];

/** The pictures of the validation report that a shipped model's card names; models of others have none here. @param {{ card: string }} props */
function Pictures({ card }) {
  const model = /docs\/models\/(\w+)\.md/.exec(card)?.[1] ?? "";
  const shown = PICTURES.filter((one) => one.models.includes(model));
  if (!shown.length) return null;
  return html`<${Card} title="Pictures of the validation" about="Of companies that the model did not learn from"><div class="pictures">${shown.map(({ name, title, about }) => html`<figure key=${name}>
    <figcaption><h3>${title}</h3><p class="muted small">${about}</p></figcaption>
    <a href=${pictureAt(model, name)} target="_blank" rel="noopener"><img src=${pictureAt(model, name)} alt=${`${title}: ${about} The figures are in the card below.`} loading="lazy" /></a></figure>`)}</div><//>`;
}

/** @param {string} model @param {string} name */
const pictureAt = (model, name) => new URL(`../models/${model}-${name}.svg`, import.meta.url).href;
