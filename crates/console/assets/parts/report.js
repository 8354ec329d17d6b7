// One window of a back-test: calibration, grades, discrimination, the sample, transitions.
import { html } from "./html.js";
import { href, query } from "./router.js";
import { Card, table } from "./ui.js";
import { chart } from "./chart.js";
import { count, date, decimal, fixed, percent, pValue, share, signed } from "./format.js";
import { GradeLadder } from "./ladder.js";
import { MigrationTable } from "./migration.js";
import { VerdictTag } from "./verdict.js";

/** @typedef {import("./types.js").WindowFigures} WindowFigures */
/** @typedef {import("./types.js").Estimate} Estimate */

/** @param {{ window: WindowFigures, reference: { initial_auc: number | null, target_rate: number | null }, children?: import("./types.js").View }} props */
export function WindowReport({ window: w, reference, children }) {
  const all = w.predictive_ability.portfolio;
  const auc = w.discriminatory_power.pd;
  const v = w.verdicts;
  return html`<dl class="figures after">
      <div class="figure"><dt>Companies tested</dt><dd>${count(w.sample.sample)}</dd><dd class="note">${date(w.first_day)} to ${date(w.last_day)}</dd></div>
      <div class="figure"><dt>Defaults</dt><dd>${count(w.sample.defaults)}</dd><dd class="note">${all ? `${fixed(all.pd * all.companies, 1)} were expected` : "–"}</dd></div>
      <div class="figure"><dt>Default rate</dt><dd>${percent(all?.rate)}</dd><dd class="note">mean PD ${percent(all?.pd)}</dd></div>
      <div class="figure"><dt>Shift δ</dt><dd>${w.calibration.shift ? signed(w.calibration.shift.delta.value) : "–"}</dd><dd class="note">${w.calibration.shift ? `odds × ${fixed(w.calibration.shift.odds_ratio, 2)}` : "needs a default and a survivor"}</dd></div>
      <div class="figure"><dt>AUC</dt><dd>${fixed(auc?.auc, 3)}</dd><dd class="note">${auc && auc.from !== null ? `95 %: ${fixed(auc.from, 2)} to ${fixed(auc.to, 2)}` : "needs two defaults"}</dd></div>
    </dl>
    <${Card} title="Verdicts" about="A convention: attention below p = 0.05, breach below 0.01, undetermined below ten defaults. The overall one is the worst."><dl class="verdicts">
      <div><dt>Calibration</dt><dd><${VerdictTag} value=${v.calibration} /></dd></div><div><dt>Portfolio</dt><dd><${VerdictTag} value=${v.portfolio} /></dd></div>
      <div><dt>Grades</dt><dd><${VerdictTag} value=${v.grades} /></dd></div><div><dt>Discrimination</dt><dd>${v.discrimination ? html`<${VerdictTag} value=${v.discrimination} />` : html`<span class="muted">no AUC to compare with</span>`}</dd></div></dl><//>
    <div class="grid after">
      <${Card} class="span-7 card-flush" title="Calibration" about="Comparison of PDs with default rates"><${CalibrationTable} window=${w} reference=${reference} /><//>
      <div class="span-5 stack">
        <${Card} title="Calibration curve" about="For each grade the predicted and the observed rate, with Jeffreys' interval"><${CalibrationCurve} window=${w} /><//>
        <${Card} title="Ranking" about="ROC curve: the share of defaulters found against the share of survivors flagged"><${Roc} window=${w} /><//></div>
      <${Card} class="card-flush" title="Grades" about="The line of a grade shows the interval of default rates that are consistent with its companies"><${GradeLadder} grades=${w.predictive_ability.grades} /><//>
      <${Card} class="card-flush" title="Where companies moved" about="From the grade of the first day (rows) to that of the last (columns)"><${MigrationTable} stability=${w.stability} codes=${w.predictive_ability.grades.map((grade) => grade.code)} /><//>
      <${Card} class="span-6 card-flush" title="Who was counted"><${Exclusions} window=${w} /><//>
      <div class="span-6 stack">${children}</div>
    </div>`;
}

/** @param {{ window: WindowFigures, reference: { target_rate: number | null } }} props */
function CalibrationTable({ window: w, reference }) {
  const { shift, line, brier, brier_parts: parts, hosmer_lemeshow: hl, new_target_rate: rate } = w.calibration;
  const all = w.predictive_ability.portfolio;
  const estimate = (/** @type {Estimate} */ one) => ({ value: signed(one.value), range: `${signed(one.from)} to ${signed(one.to)}`, p: pValue(one.p) });
  /** @type {{ name: string, about: string, value: string, range: string, right: string, p: string }[]} */
  const rows = [];
  if (shift) {
    rows.push({ name: "Shift δ", about: "the shift that all log-odds would need", right: "0", ...estimate(shift.delta) });
    rows.push({ name: "Observed over expected odds", about: "e to the power δ; above 1 PDs are too low", right: "1", value: fixed(shift.odds_ratio, 2), range: `${fixed(Math.exp(shift.delta.from), 2)} to ${fixed(Math.exp(shift.delta.to), 2)}`, p: "" });
    if (rate !== null) rows.push({ name: "Target rate π that would fit", about: `the model has ${percent(reference.target_rate)}`, right: percent(reference.target_rate), value: percent(rate), range: "", p: "" });
  }
  if (line) {
    rows.push({ name: "Intercept", about: "of a regression of defaults on the log-odds of the PD", right: "0", ...estimate(line.intercept) });
    rows.push({ name: "Slope", about: "below 1: PDs are spread too far apart", right: "1", ...estimate(line.slope) });
  }
  if (all) {
    rows.push({ name: "PDs too low? (Jeffreys)", about: "assuming independent defaults", right: "", value: "", range: `rate ${percent(all.jeffreys.rate_from)} to ${percent(all.jeffreys.rate_to)}`, p: pValue(all.jeffreys.p_too_low) });
    rows.push({ name: "PDs too high? (Jeffreys)", about: "the other side", right: "", value: "", range: "", p: pValue(all.jeffreys.p_too_high) });
    rows.push({ name: "PDs too low, if defaults cluster", about: `asset correlation ${fixed(all.correlation, 2)}`, right: "", value: "", range: "", p: pValue(all.p_correlated) });
  }
  if (w.kaplan_meier !== null) rows.push({ name: "Default rate, Kaplan-Meier", about: "companies that left count until their exit", right: "", value: percent(w.kaplan_meier), range: "", p: "" });
  if (brier) rows.push({ name: "Brier score", about: brier.skill === null ? "mean squared error" : `${fixed(Math.abs(brier.skill) * 100, 1)} % ${brier.skill < 0 ? "worse" : "better"} than the default rate alone`, right: "0", value: fixed(brier.score, 4), range: parts ? `reliability ${fixed(parts.reliability, 4)}, resolution ${fixed(parts.resolution, 4)}` : "", p: "" });
  if (hl) rows.push({ name: "Hosmer-Lemeshow", about: "for reporting; it has little power", right: "", value: fixed(hl.statistic, 1), range: `${hl.degrees} degrees of freedom`, p: pValue(hl.p) });
  if (!rows.length) return html`<p class="muted pad">No company is in the sample.</p>`;
  return html`${!line && html`<p class="muted pad-top">Intercept and slope are missing: too few defaults, or a PD that separates all defaulters from all survivors.</p>`}${table({ caption: "Figures of the calibration", rows, rowKey: (r) => r.name, columns: [
    { key: "n", label: "Figure", cell: (r) => html`${r.name}<span class="sub long">${r.about}</span>` },
    { key: "v", label: "Value", number: true, cell: (r) => html`<strong>${r.value || "–"}</strong>` },
    { key: "r", label: "95 % interval", cell: (r) => html`<span class="number">${r.range || "–"}</span>` },
    { key: "c", label: "If right", number: true, cell: (r) => r.right || "–" },
    { key: "p", label: "p", number: true, cell: (r) => r.p || "–" },
  ] })}`;
}

/** The start of the curve's logarithmic axis, below which there are no points. */
const FLOOR = 1e-4;

/** @param {{ window: WindowFigures }} props */
function CalibrationCurve({ window: w }) {
  const grades = w.predictive_ability.grades.flatMap((grade) => (grade.test ? [{ code: grade.code, test: grade.test }] : []));
  if (!grades.length) return html`<p class="muted">No company is in the sample.</p>`;
  const at = (/** @type {number} */ value) => Math.max(FLOOR, value) * 100;
  // One line with gaps: a segment from the lower to the upper end for every grade.
  const intervals = grades.flatMap(({ test }) => [[at(test.pd), at(test.jeffreys.rate_from)], [at(test.pd), at(test.jeffreys.rate_to)], ["-", "-"]]);
  const label = (/** @type {number} */ value) => `${decimal(value)} %`;
  return chart({
    height: 320, keys: [w], label: `Default rates against mean PDs of ${grades.length} grades; on the diagonal they are the same`,
    table: { head: ["Grade", "Mean PD", "Observed", "5 %", "95 %"], rows: grades.map(({ code, test }) => [code, percent(test.pd), percent(test.rate), percent(test.jeffreys.rate_from), percent(test.jeffreys.rate_to)]) },
    option: (c) => ({
      tooltip: { trigger: "item", formatter: (/** @type {import("./chart.js").Selected} */ e) => { const one = e.seriesName === "Grades" ? grades[e.dataIndex] : null; return one ? `Grade ${one.code}\npredicted ${percent(one.test.pd)}\nobserved ${percent(one.test.rate)}: ${one.test.defaults} of ${one.test.companies}` : "right on the diagonal"; } },
      grid: { left: 12, right: 20, top: 26, bottom: 24, containLabel: true },
      xAxis: { type: "log", name: "mean PD", nameLocation: "middle", nameGap: 28, min: 0.01, max: 100, axisLabel: { formatter: label } },
      yAxis: { type: "log", name: "default rate", nameTextStyle: { align: "left" }, min: 0.01, max: 100, axisLabel: { formatter: label } },
      series: [
        { name: "Right", type: "line", silent: true, symbol: "none", data: [[0.01, 0.01], [100, 100]], lineStyle: { color: c.muted, type: "dashed", width: 1 } },
        { name: "Interval", type: "line", silent: true, symbol: "none", connectNulls: false, data: intervals, lineStyle: { color: c.second, width: 2.5, opacity: 0.75 } },
        { name: "Grades", type: "line", lineStyle: { width: 0 }, symbolSize: 10, data: grades.map(({ test }) => ({ value: [at(test.pd), at(test.rate)], symbol: test.defaults ? "circle" : "emptyCircle" })), itemStyle: { color: c.accent } },
      ],
    }),
  });
}

/** @param {{ window: WindowFigures }} props */
function Roc({ window: w }) {
  const { pd, grades, change, roc } = w.discriminatory_power;
  if (!roc.length) return html`<p class="muted">A curve needs a defaulter and a survivor.</p>`;
  const some = roc.filter((_, at) => at % Math.ceil(roc.length / 20) === 0 || at === roc.length - 1);
  return html`${chart({
    height: 280, keys: [w], label: `ROC curve with an area of ${fixed(pd?.auc, 3)}`,
    table: { head: ["Survivors suspected", "Defaulters found"], rows: some.map(([x, y]) => [`${fixed(x * 100, 1)} %`, `${fixed(y * 100, 1)} %`]) },
    option: (c) => ({
      tooltip: { trigger: "axis", formatter: (/** @type {{ data: number[] }[]} */ e) => { const one = e.at(-1)?.data ?? [0, 0]; return `survivors suspected ${fixed(one[0], 1)} %\ndefaulters found ${fixed(one[1], 1)} %`; } },
      grid: { left: 12, right: 20, top: 26, bottom: 24, containLabel: true },
      xAxis: { type: "value", min: 0, max: 100, name: "survivors suspected", nameLocation: "middle", nameGap: 28, axisLabel: { formatter: "{value} %" } }, yAxis: { type: "value", name: "defaulters found", nameTextStyle: { align: "left" }, min: 0, max: 100, axisLabel: { formatter: "{value} %" } },
      series: [
        { name: "Chance", type: "line", silent: true, symbol: "none", data: [[0, 0], [100, 100]], lineStyle: { color: c.muted, type: "dashed", width: 1 } },
        { name: "PDs", type: "line", symbol: "none", data: roc.map(([x, y]) => [x * 100, y * 100]), lineStyle: { color: c.accent, width: 2.5 }, itemStyle: { color: c.accent }, areaStyle: { color: c.accent, opacity: 0.1 } },
      ],
    }),
  })}<dl class="facts after-small"><dt>AUC by PDs</dt><dd>${fixed(pd?.auc, 4)}${pd && pd.from !== null ? ` (95 %: ${fixed(pd.from, 3)} to ${fixed(pd.to, 3)})` : ""}</dd><dt>AUC by grades</dt><dd>${fixed(grades?.auc, 4)}</dd><dt>At first validation</dt><dd>${change ? `${fixed(change.initial, 4)}, p = ${pValue(change.p)} for a fall` : "not given"}</dd></dl>`;
}

/** @param {{ window: WindowFigures }} props */
function Exclusions({ window: w }) {
  const s = w.sample;
  /** @type {{ name: string, about: string, n: number, kind: "sum" | "less" | "part" }[]} */
  const rows = [
    { name: "Population", about: "with a prediction in force on the first day", n: s.population, kind: "sum" },
    { name: "In default on the first day", about: "", n: s.in_default, kind: "less" },
    { name: "Left by the first day", about: "no later statement", n: s.left, kind: "less" },
    { name: "Customers (M)", about: "not in default and not gone", n: s.customers, kind: "sum" },
    { name: "Prediction more than 12 months old", about: "", n: s.rating_outdated, kind: "less" },
    { name: "Statement more than 24 months old", about: "", n: s.statement_outdated, kind: "less" },
    { name: "Sector that the model did not learn from", about: "", n: s.out_of_scope, kind: "less" },
    { name: "Outcomes not complete", about: "", n: s.not_covered, kind: "less" },
    { name: "Sample (N)", about: "whose PDs are tested", n: s.sample, kind: "sum" },
    { name: "Defaults (D)", about: "within the window, once each", n: s.defaults, kind: "part" },
    { name: "Exits without a default", about: "they stay in N", n: s.exits, kind: "part" },
    { name: "Technical defaults", about: "they do not count", n: s.technical, kind: "part" },
    { name: "Lost by deletions since the first day", about: "not in the population; above 1 % the verdict is at best attention", n: s.deleted ?? 0, kind: "sum" },
  ];
  return table({ caption: "Who was counted", rows, rowKey: (r) => r.name, columns: [
    { key: "n", label: "Companies", cell: (r) => html`<span class=${r.kind === "sum" ? "strong" : "indent"}>${r.kind === "less" ? "less: " : r.kind === "part" ? "of these: " : ""}${r.name}</span>${r.about && html` <span class="muted small">${r.about}</span>`}` },
    { key: "c", label: "Number", number: true, cell: (r) => html`<span class=${r.kind === "sum" ? "strong" : r.n ? "" : "muted"}>${r.kind === "less" && r.n ? "−" : ""}${count(r.n)}</span>` },
    { key: "s", label: "Of all", number: true, cell: (r) => html`<span class=${r.n ? "" : "muted"}>${share(r.n, s.population)}</span>` },
  ] });
}

/** The default rates of all windows. @param {{ series: import("./types.js").Report["series"], chosen: string }} props */
export function Series({ series, chosen }) {
  const { rates, long_run_average: average } = series;
  const days = rates.map((one) => one.first_day);
  return html`<${Card} title="Default rates of the windows" about=${`Long-run average ${percent(average)}${series.pooled_auc ? `; one AUC over all windows: ${fixed(series.pooled_auc.auc, 3)}` : ""}${series.overlapping ? "; windows overlap, so there are no tests" : ""}`}>
    ${chart({
      height: 200, keys: [series, chosen], label: `Default rates of ${rates.length} windows; their mean is ${percent(average)}`,
      table: { head: ["First day", "Companies", "Defaults", "Rate"], rows: rates.map((one) => [date(one.first_day), count(one.companies), count(one.defaults), percent(one.rate)]) },
      onSelect: (event) => { location.hash = href(`/validations/${location.hash.split("/")[2].split("?")[0]}`, { ...Object.fromEntries(query.value), window: days[event.dataIndex] }); },
      option: (c) => ({
        tooltip: { trigger: "axis", formatter: (/** @type {import("./chart.js").Selected[]} */ [e]) => `12 months after ${date(days[e.dataIndex])}\n${percent(rates[e.dataIndex].rate)}: ${rates[e.dataIndex].defaults} of ${rates[e.dataIndex].companies}` },
        grid: { left: 8, right: 60, top: 24, bottom: 4, containLabel: true },
        xAxis: { type: "category", data: days.map(date) }, yAxis: { type: "value", axisLabel: { formatter: "{value} %" } },
        series: [{ name: "Default rate", type: "bar", barMaxWidth: 40, data: rates.map((one) => ({ value: (one.rate ?? 0) * 100, itemStyle: { color: c.accent, opacity: one.first_day === chosen ? 1 : 0.55, borderRadius: [3, 3, 0, 0] } })),
          markLine: { silent: true, symbol: "none", label: { color: c.muted, fontSize: 11, formatter: "average" }, lineStyle: { type: "dashed", color: c.second }, data: [{ yAxis: (average ?? 0) * 100 }] } }],
      }),
    })}<//>`;
}
