// The reasons of a probability: the contributions as a waterfall on the log-odds, the
// explaining sentences, and the ratios with their flags.
import { html } from "./html.js";
import { chart } from "./chart.js";
import { Tag } from "./ui.js";
import { fixed, isZero, percent, ratio, signed, words } from "./format.js";

/** The labels and help texts of the models' inputs. Labels and bounds come with the models; these are the fallback.
 * @type {Record<string, { label: string, isShare: boolean, help: string, min: number, max: number }>} */
export const RATIOS = {
  long_term_debt_to_total_capital: { label: "Long-term debt / total capital", isShare: true, min: 0, max: 2, help: "Long-term debt over long-term debt plus equity. Higher means more debt to serve." },
  total_debt_to_ebitda: { label: "Total debt / EBITDA", isShare: false, min: 0, max: 50, help: "Years of earnings before interest, taxes and depreciation that the debt amounts to." },
  net_income_margin: { label: "Net income margin", isShare: true, min: -1, max: 1, help: "Net income over revenue." },
  ebit_to_interest_expense: { label: "EBIT / interest expense", isShare: false, min: 0, max: 100, help: "How often operating earnings cover the interest. Below 1 they do not." },
  return_on_assets: { label: "Return on assets", isShare: true, min: -1, max: 1, help: "Net income over total assets." },
  current_ratio: { label: "Current ratio", isShare: false, min: 0, max: 10, help: "Current assets over current liabilities." },
  quick_ratio: { label: "Quick ratio", isShare: false, min: 0, max: 10, help: "Current assets without inventory over current liabilities." },
  debt_to_equity: { label: "Debt / equity", isShare: false, min: 0, max: 5, help: "Total debt over shareholders' equity." },
  inventory_turnover: { label: "Inventory turnover", isShare: false, min: 0, max: 50, help: "Cost of goods sold of twelve months over inventory." },
  receivables_turnover: { label: "Receivables turnover", isShare: false, min: 0, max: 50, help: "Revenue of twelve months over receivables." },
  working_capital_to_total_assets: { label: "Working capital / total assets", isShare: true, min: -1, max: 1, help: "Current assets less current liabilities, over total assets." },
};
/** @param {string} name */
export const labelOf = (name) => RATIOS[name]?.label ?? words(name);

/** @type {Record<string, { label: string, help: string }>} */
const FLAGS = {
  missing: { label: "Missing", help: "No value was given. The model uses what it learned about missing values; confidence is lower." },
  non_positive_denominator: { label: "Denominator not positive", help: "The denominator is zero or below, itself a sign of distress: the worst value stands for the ratio." },
  clamped_low: { label: "Below the range", help: "The value is below the range of the model and was scored as its lower end." },
  clamped_high: { label: "Above the range", help: "The value is above the range of the model and was scored as its upper end." },
  implausible: { label: "Implausible", help: "The value is so far out that it is hardly right. Look at the statement again." },
  looks_like_percent: { label: "Looks like percent", help: "The value looks like percent, and was read as a fraction." },
};

const odds = (/** @type {number} */ logOdds) => 1 / (1 + Math.exp(-logOdds));

/** @typedef {import("./types.js").Schema["Reason"]} Reason */
/** @typedef {import("./chart.js").Selected} Selected */

/** @param {{ base: number | null | undefined, reasons: Reason[], pd: number, small?: boolean }} props */
export function Waterfall({ base, reasons, pd, small }) {
  if (base === null || base === undefined || !reasons?.length) return html`<p class="muted">The version of the model that made this prediction is not served any more, so its reasons cannot be worked out.</p>`;
  let at = base;
  const steps = [{ name: "Average company", from: base, to: base, total: true }];
  for (const reason of reasons) {
    steps.push({ name: labelOf(reason.ratio), from: at, to: at + reason.contribution, total: false });
    at += reason.contribution;
  }
  steps.push({ name: "This company", from: at, to: at, total: true });
  const all = steps.flatMap((s) => [s.from, s.to]);
  const low = Math.floor((Math.min(...all) - 0.1) * 2) / 2;
  const high = Math.ceil((Math.max(...all) + 0.1) * 2) / 2;
  const names = steps.map((s) => s.name);
  // Bars are stacked on transparent ones, which must not be negative, so the axis starts at `low`.
  const span = (high - low) * 0.008;
  const bars = steps.map((s) => (s.total ? [s.to - low - span / 2, span] : [Math.min(s.from, s.to) - low, Math.abs(s.to - s.from)]));
  const said = (/** @type {{ total: boolean, from: number, to: number }} */ s) => (s.total ? percent(odds(s.to)) : signed(s.to - s.from));
  return chart({ height: small ? 240 : 320, keys: [reasons, base], label: `From the average company with a PD of ${percent(odds(base))}, ${reasons.length} ratios lead to ${percent(pd)}`, table: { head: ["Step", "Log-odds", "Change", "PD"], rows: steps.map((s) => [s.name, fixed(s.to), s.total ? "" : signed(s.to - s.from, 3), percent(odds(s.to))]) }, option: (c, width) => ({
      tooltip: { trigger: "item", formatter: (/** @type {Selected} */ e) => { const s = steps[e.dataIndex]; return `${s.name}\n${s.total ? `log-odds ${fixed(s.to, 2)}` : `${signed(s.to - s.from)} log-odds`}\nPD so far ${percent(odds(s.to))}`; } },
      grid: { left: 8, right: 52, top: 8, bottom: 24, containLabel: true },
      xAxis: { type: "value", min: 0, max: high - low, interval: high - low > 3 ? 1 : 0.5, name: "log-odds of default", nameLocation: "middle", nameGap: 26, axisLabel: { hideOverlap: true, formatter: (/** @type {number} */ v) => fixed(v + low, 1) } },
      yAxis: { type: "category", inverse: true, data: names, axisLabel: { fontSize: 11.5, color: c.text, ...(width < 480 ? { width: 104, overflow: "break" } : {}) }, splitLine: { show: false } },
      series: [
        { type: "bar", stack: "all", silent: true, barWidth: "58%", itemStyle: { color: "rgba(0,0,0,0)" }, data: bars.map(([from]) => from) },
        { type: "bar", stack: "all", barMinHeight: 2, data: steps.map((s, i) => ({ value: bars[i][1], itemStyle: { borderRadius: 2, color: s.total ? c.accent : s.to > s.from ? c.up : c.down } })),
          label: { show: true, position: "right", color: c.text, fontSize: 11, formatter: (/** @type {Selected} */ e) => said(steps[e.dataIndex]) } },
      ],
    }) });
}

/** @param {{ reasons: Reason[] }} props */
export const Sentences = ({ reasons }) => html`<ol class="reasons">${(reasons ?? []).map((reason) => html`<li key=${reason.ratio}>
  <span class="rank">${reason.rank}.</span><span>${reason.text}</span>
  ${isZero(reason.contribution) ? html`<span class="number nowrap muted">${signed(reason.contribution)}</span>`
    : html`<span class=${`number nowrap strong ${reason.contribution > 0 ? "up" : "down"}`}><span aria-hidden="true">${reason.contribution > 0 ? "▲" : "▼"}</span> ${signed(reason.contribution)}<span class="sr-only"> ${reason.contribution > 0 ? "raises the risk" : "lowers the risk"}</span></span>`}</li>`)}</ol>`;

/** @param {{ ratios: Record<string, number | null>, flags: string[] }} props */
export function RatioTable({ ratios, flags }) {
  const of = (/** @type {string} */ name) => flags.filter((flag) => flag.startsWith(`${name}:`)).map((flag) => flag.split(":")[1]);
  return html`<div class="table-wrap" tabindex="0" role="region" aria-label="Ratios"><table><thead><tr><th scope="col">Ratio</th><th scope="col" class="number">Value</th><th scope="col">Flags</th></tr></thead>
    <tbody>${Object.entries(ratios).map(([name, value]) => html`<tr key=${name}><td>${labelOf(name)}<span class="sub long">${RATIOS[name]?.help}</span></td><td class="number" title=${String(value ?? "missing")}>${ratio(value, RATIOS[name]?.isShare)}</td>
      <td>${of(name).length ? of(name).map((flag) => html`<div key=${flag}><${Tag} tone="warn">${FLAGS[flag]?.label ?? words(flag)}<//><span class="sub">${FLAGS[flag]?.help ?? ""}</span></div>`) : html`<span class="muted">–</span>`}</td></tr>`)}</tbody></table></div>`;
}
