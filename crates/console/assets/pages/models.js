// The models: the list, which ones are served, the agreement of the two kinds, rescoring.
import { html, useState } from "../parts/html.js";
import { get, post, requestKey } from "../parts/api.js";
import { go } from "../parts/router.js";
import { organizationId } from "../parts/session.js";
import { Card, Dialog, Empty, Field, Form, Header, Tag, toast, useLoaded, show } from "../parts/ui.js";
import { chart } from "../parts/chart.js";
import { LEVELS, count, fixed, percent, period } from "../parts/format.js";

export default function Models() {
  const models = useLoaded((signal) => get("/models", {}, { signal }), []);
  const agreement = useLoaded((signal) => get("/analytics/model-agreement", {}, { signal }), []);
  const [rescoring, setRescoring] = useState(false);
  return html`<${Header} title="Models" about="What turns ratios into probabilities of default." actions=${html`<button class="button" onClick=${() => setRescoring(true)}>Score stored predictions anew</button>`} />
    ${show(models, (list) => html`<div class="grid">${list.data.map((m) => html`<${Card} key=${m.sha256} class="span-6" title=${html`<a href=${`#/models/${m.name}/${m.version}`}>${m.name} ${m.version}</a>`} actions=${html`<${Tag}>${m.kind}<//> ${m.is_default ? html`<${Tag} tone="good">served by default<//>` : html`<${Tag}>kept for old predictions<//>`}`}>
        <p>${m.description}</p><br /><dl class="facts"><dt>Medium risk from</dt><dd class="number">${percent(m.thresholds.medium)}</dd><dt>High risk from</dt><dd class="number">${percent(m.thresholds.high)}</dd><dt>SHA-256</dt><dd><code>${m.sha256.slice(0, 16)}…</code></dd></dl><//>`)}
      <${Card} title="Agreement of the quarterly models" about="How far the logistic model and the boosting are from their common number, by quarter">${show(agreement, (value) => html`<${Agreement} rows=${value.data} />`)}<//></div>
      ${rescoring && html`<${Rescore} models=${list.data} close=${() => setRescoring(false)} />`}`)}`;
}

/** @param {{ rows: import("../parts/types.js").Schema["QuarterAgreement"][] }} props */
function Agreement({ rows: given }) {
  const rows = [...given].sort((a, b) => period(a).localeCompare(period(b)));
  if (!rows.length) return html`<${Empty} title="No quarterly predictions yet">They are compared as soon as there are some.<//>`;
  const names = rows.map(period);
  return chart({ height: 240, keys: [given], label: "Mean deviation of each quarterly model from the ensemble, by quarter", table: { head: ["Quarter", "Predictions", "Logistic, points", "Boosting, points", "Mean confidence"], rows: rows.map((r) => [period(r), count(r.total_predictions), fixed(r.logistic_deviation * 100), fixed(r.gbm_deviation * 100), percent(r.mean_confidence)]) }, option: (c) => ({ legend: {}, tooltip: { trigger: "axis" }, grid: { left: 8, right: 16, top: 52, bottom: 4, containLabel: true }, xAxis: { type: "category", data: names }, yAxis: { type: "value", name: "percentage points of PD", nameTextStyle: { align: "left" } },
      series: [{ name: "Logistic", type: "line", symbolSize: 7, data: rows.map((r) => r.logistic_deviation * 100), itemStyle: { color: c.accent }, lineStyle: { color: c.accent } }, { name: "Boosting", type: "line", symbol: "rect", data: rows.map((r) => r.gbm_deviation * 100), itemStyle: { color: c.second }, lineStyle: { color: c.second, type: "dashed" } }] }) });
}

/** @param {{ models: import("../parts/types.js").Schema["ModelSummary"][], close: () => void }} props */
function Rescore({ models, close }) {
  const [kind, setKind] = useState("annual");
  const [version, setVersion] = useState("");
  const [level, setLevel] = useState(organizationId.value ? "organization" : "personal");
  const send = async () => {
    const [model_name, model_version] = version ? version.split(" ") : [undefined, undefined];
    const job = await post("/rescorings", { kind, model_name, model_version, access_level: level }, { headers: { "Idempotency-Key": requestKey() } });
    toast("It is being worked on.");
    go(`/uploads/${job.id}`);
  };
  return html`<${Dialog} title="Score stored predictions anew" close=${close}><p class="muted">Every prediction of the level is scored from the ratios as they were sent. What it said before is kept as a revision.</p>
    <${Form} send=${send} button="Start" cancel=${close}>
      <${Field} label="Kind" value=${kind} onInput=${setKind} options=${[{ value: "annual", label: "Annual" }, { value: "quarterly", label: "Quarterly" }]} />
      <${Field} label="Model" value=${version} onInput=${setVersion} options=${[{ value: "", label: "The one that is served by default" }, ...models.filter((m) => m.kind === kind).map((m) => ({ value: `${m.name} ${m.version}`, label: `${m.name} ${m.version}` }))]} />
      <${Field} label="Whose predictions" value=${level} onInput=${setLevel} options=${Object.entries(LEVELS).filter(([value]) => value === "personal" || (value === "organization" && organizationId.value)).map(([value, label]) => ({ value, label }))} /><//><//>`;
}
