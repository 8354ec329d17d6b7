// A prediction: its result, the reasons, its inputs, and its revisions.
import { html, useState } from "../parts/html.js";
import { get, getVersioned, patch, post, remove } from "../parts/api.js";
import { go } from "../parts/router.js";
import { mayChange } from "../parts/session.js";
import { Act, Card, Header, Level, Pd, Risk, Tag, ask, toast, useLoaded, show, table } from "../parts/ui.js";
import { Person } from "../parts/people.js";
import { RATIOS, RatioTable, Sentences, Waterfall, labelOf } from "../parts/reasons.js";
import { percent, period, ratio, signed, time, words } from "../parts/format.js";
import { Sharing } from "../parts/sharing.js";

/** @param {{ kind: string, id: string }} props */
export default function Prediction({ kind, id }) {
  const at = /** @type {const} */ (`/predictions/${kind}/${id}`);
  const loaded = useLoaded(() => getVersioned(at), [id]);
  const revisions = useLoaded((signal) => get(`${at}/revisions`, { limit: 50 }, { signal }), [id]);
  const models = useLoaded((signal) => get("/models", {}, { signal }), []);
  return show(loaded, ({ value: p, version }) => {
    const thresholds = models.value?.data.find((m) => m.name === p.model.name && m.version === p.model.version)?.thresholds;
    const again = async () => {
      const answer = await post(`${at}/reproduce`);
      toast(answer.bit_equal ? "Worked out again: the same to the last bit." : answer.match ? "Worked out again: the same within rounding." : "Worked out again: it differs.", answer.match ? "good" : "bad");
    };
    const discard = async () => {
      if (!(await ask({ title: "Remove this prediction?", text: `The prediction of ${p.company_name} for ${period(p)} is removed. The audit log keeps what it was.`, button: "Remove" }))) return;
      await remove(at, {}, { version });
      toast("The prediction is removed.");
      go("/predictions", { kind });
    };
    return html`<${Header} title=${`${p.company_name}, ${period(p)}`} back=${{ href: `#/companies/${p.company_id}`, label: `${p.company_symbol} · company` }}
        about=${html`${words(kind)} prediction of ${time(p.predicted_at)} by ${p.model.name} ${p.model.version} · <${Level} level=${p.access_level} />`}
        actions=${html`<${Act} act=${again}>Reproduce<//><a class="button" href=${`#/score?kind=${kind}&from=${id}`}>What if…</a>
          ${mayChange(p) && html`<${Sharing} what="prediction" level=${p.access_level} change=${async (/** @type {{ access_level: string }} */ body) => { await patch(at, body, { version }); loaded.again(); }} />
          <${Act} tone="danger" act=${discard}>Remove<//>`}`} />
      <dl class="figures">
        <div class="figure"><dt>Probability of default</dt><dd title=${`PD ${p.pd}`}>${percent(p.pd)}</dd><dd class="note">${Number(p.pd.toPrecision(6))} as a fraction</dd></div>
        <div class="figure"><dt>Risk level</dt><dd><${Risk} level=${p.risk_level} /></dd>${thresholds && html`<dd class="note">medium from ${percent(thresholds.medium)}, high from ${percent(thresholds.high)}</dd>`}</div>
        <div class="figure"><dt>Grade</dt><dd>${p.grade}</dd><dd class="note">of the shipped scale, from 1 to 17</dd></div>
        <div class="figure"><dt>Confidence</dt><dd>${percent(p.confidence)}</dd><dd class="note">how well the inputs support it</dd></div>
        ${kind === "quarterly" && html`<div class="figure"><dt>Models</dt><dd class="value-text">${percent(p.logistic_probability)} / ${percent(p.gbm_probability)}</dd><dd class="note">logistic / boosting</dd></div>`}
      </dl>
      <div class="grid">
        <${Card} class="span-7" title="How it comes about" about="Contributions to the log-odds; to the right the risk is higher"><${Waterfall} base=${p.base} reasons=${p.reasons} pd=${p.pd} /><//>
        <${Card} class="span-5" title="Reasons" about="Largest first"><${Sentences} reasons=${p.reasons} /><//>
        <${Card} class="card-flush" title="Ratios" about="As they were scored"><${RatioTable} ratios=${p.ratios} flags=${p.flags} /><//>
        ${show(revisions, (list) => html`<${Revisions} now=${p} list=${list.data} />`, 3)}
      </div>`;
  }, 14, { href: "#/predictions", label: "Predictions" });
}

/** @typedef {import("../parts/types.js").Schema} Schema */
/** @type {Record<Schema["RevisionReason"], string>} */
const WHY = { ratios: "new ratios", model: "another model", figures: "corrected figures" };

/** The former versions, and one of them beside the present one. @param {{ now: Schema["Prediction"], list: Schema["Revision"][] }} props */
function Revisions({ now, list }) {
  const [chosen, choose] = useState(list[0]?.version);
  const before = list.find((one) => one.version === chosen);
  return html`<${Card} class="card-flush" title="Earlier versions" about=${list.length ? "What it said before; a version is compared with the present one" : ""}>${list.length ? table({ caption: "Revisions", rowKey: (r) => r.version, rows: list, columns: [
      { key: "v", label: "Version", cell: (r) => html`<button class="link" aria-pressed=${r.version === chosen ? "true" : "false"} onClick=${() => choose(r.version)}>Version ${r.version}</button>` },
      { key: "pd", label: "PD", number: true, cell: (r) => html`<${Pd} value=${r.pd} />` },
      { key: "risk", label: "Risk", cell: (r) => html`<${Risk} level=${r.risk_level} />` },
      { key: "model", label: "Model", cell: (r) => `${r.model.name} ${r.model.version}` },
      { key: "why", label: "Replaced because of", cell: (r) => html`<${Tag}>${WHY[r.reason]}<//>` },
      { key: "when", label: "Replaced", cell: (r) => html`<span class="nowrap">${time(r.replaced_at)}</span>${r.replaced_by && html`<span class="sub">by <${Person} id=${r.replaced_by} other="another user" /></span>`}` },
    ] }) : html`<p class="muted pad">It was never changed.</p>`}<//>
    ${before && html`<${Compared} key=${before.version} before=${before} now=${now} />`}`;
}

/** @typedef {{ name: string, before: string, now: string, change: string, isSame: boolean }} Difference */

/** Two versions side by side: the result and each ratio, with what changed. @param {{ before: Schema["Revision"], now: Schema["Prediction"] }} props */
function Compared({ before, now }) {
  /** @param {string} name @param {number | null | undefined} was @param {number | null | undefined} is @param {(value: number | null | undefined) => string} said @param {number} [scale] @returns {Difference} */
  const row = (name, was, is, said, scale = 1) => ({ name, before: said(was), now: said(is), isSame: was === is, change: was === is ? "the same" : typeof was === "number" && typeof is === "number" ? signed((is - was) * scale, scale === 100 ? 2 : 3) : "" });
  const ratios = [...new Set([...Object.keys(now.ratios), ...Object.keys(before.ratios)])];
  const model = (/** @type {Schema["ModelRef"]} */ one) => `${one.name} ${one.version}`;
  /** @type {Difference[]} */
  const rows = [
    row("Probability of default, points", before.pd, now.pd, percent, 100),
    { name: "Risk level", before: before.risk_level, now: now.risk_level, isSame: before.risk_level === now.risk_level, change: before.risk_level === now.risk_level ? "the same" : "" },
    { name: "Model", before: model(before.model), now: model(now.model), isSame: model(before.model) === model(now.model), change: model(before.model) === model(now.model) ? "the same" : "" },
    row("Confidence, points", before.confidence, now.confidence, percent, 100),
    ...(typeof now.logistic_probability === "number" ? [row("Logistic model, points", before.logistic_probability, now.logistic_probability, percent, 100), row("Boosting, points", before.gbm_probability, now.gbm_probability, percent, 100)] : []),
    ...ratios.map((name) => row(labelOf(name), before.ratios[name], now.ratios[name], (value) => ratio(value, RATIOS[name]?.isShare), RATIOS[name]?.isShare ? 100 : 1)),
  ];
  return html`<${Card} class="card-flush" title=${`Version ${before.version} and now`} about=${`As it was until ${time(before.replaced_at)}, and as it is`}>${table({ caption: `Version ${before.version} and now`, rowKey: (r) => r.name, rows, columns: [
    { key: "n", label: "Figure", cell: (r) => (r.isSame ? r.name : html`<strong>${r.name}</strong>`) },
    { key: "b", label: "Before", number: true, cell: (r) => r.before },
    { key: "a", label: "Now", number: true, cell: (r) => (r.isSame ? r.now : html`<strong>${r.now}</strong>`) },
    { key: "c", label: "Change", number: true, cell: (r) => html`<span class=${r.isSame ? "muted" : ""}>${r.change}</span>` },
  ] })}<//>`;
}
