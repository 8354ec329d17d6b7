// The ladder of grades: predictions and outcomes of each grade in its own row, best first.
import { html, useState } from "./html.js";
import { Field, table } from "./ui.js";
import { count, percent, pValue } from "./format.js";
import { VerdictTag } from "./verdict.js";

/** @typedef {import("./types.js").GradeTest} GradeTest */

/** The position of a rate on a logarithmic line from 0.01 % to 100 %. @param {number} rate */
const place = (rate) => 2 + 96 * Math.min(1, Math.max(0, (Math.log10(Math.max(rate, 1e-4)) + 4) / 4));

/** @param {{ grades: GradeTest[] }} props */
export function GradeLadder({ grades }) {
  const [all, setAll] = useState(false);
  const empty = grades.filter((grade) => !grade.test).length;
  const shown = grades.filter((grade) => all || grade.test);
  if (!shown.length) return html`<p class="muted pad">No company is in the sample.</p>`;
  return html`${table({ caption: "Grades, best first", rows: shown, rowKey: (r) => r.code, columns: [
    { key: "g", label: "Grade", cell: (r) => html`<span class="strong">${r.code}</span>` },
    { key: "n", label: "Companies", number: true, cell: (r) => count(r.test?.companies ?? 0) },
    { key: "d", label: "Defaults", number: true, cell: (r) => (r.test ? count(r.test.defaults) : "–") },
    { key: "pd", label: "Mean PD", number: true, cell: (r) => percent(r.test?.pd) },
    { key: "rate", label: "Observed, 5 % to 95 %", number: true, cell: (r) => html`${percent(r.test?.rate)}${r.test && html`<span class="sub">${percent(r.test.jeffreys.rate_from)} to ${percent(r.test.jeffreys.rate_to)}</span>`}` },
    { key: "line", label: "0.01 % to 100 %", cell: (r) => r.test && html`<${Interval} test=${r.test} />` },
    { key: "p", label: "p", number: true, cell: (r) => html`${pValue(r.p_holm)}<span class="sub">${r.test ? `clustered ${pValue(r.test.p_correlated)}` : ""}</span>` },
    { key: "v", label: "Verdict", cell: (r) => (r.test ? html`<${VerdictTag} value=${r.verdict} />` : html`<span class="muted">no company</span>`) },
  ] })}
  <div class="pad row-between"><p class="small muted">p of "the PD is high enough" after Holm; below it the same if defaults cluster. In the line: <span class="ladder-pd" aria-hidden="true">|</span> mean PD, <span aria-hidden="true">▪</span> observed rate.</p>
    ${empty > 0 && html`<${Field} type="checkbox" label=${`Show ${empty} grades without companies`} value=${all} onInput=${setAll} />`}</div>`;
}

/** @param {{ test: import("./types.js").PdTest }} props */
function Interval({ test }) {
  const { rate_from: from, rate_to: to } = test.jeffreys;
  const isOutside = test.pd < from || test.pd > to;
  return html`<svg class="interval" viewBox="0 0 100 14" preserveAspectRatio="none" role="img" aria-label=${`PD ${percent(test.pd)} ${isOutside ? "outside of" : "within"} ${percent(from)} to ${percent(to)}`}>
    <line class="peer-line" x1="2" x2="98" y1="7" y2="7" /><rect class="interval-range" x=${place(from)} width=${place(to) - place(from)} y="4" height="6" />
    ${test.rate > 0 && html`<rect class="interval-rate" x=${place(test.rate) - 1} width="2" y="4" height="6" />`}<line class=${isOutside ? "interval-pd is-outside" : "interval-pd"} x1=${place(test.pd)} x2=${place(test.pd)} y1="0" y2="14" /></svg>`;
}
