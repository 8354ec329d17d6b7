// Charts by ECharts on a canvas, which a strict content security policy allows: no styles or scripts are
// written into the page. The library is loaded with the first chart. Every chart has a
// sentence that describes it, and its figures as a table.
import { html, useEffect, useRef, useState, signal } from "./html.js";
import { decimal } from "./format.js";

/** A part of ECharts' options, whose own types are larger than the console. @typedef {Record<string, unknown>} Part */
/** The part of ECharts that is used here.
 * @typedef {{ setOption: (option: Part) => void, on: (event: "click", take: (event: Selected) => void) => void, resize: () => void, dispose: () => void }} Painted */
/** @typedef {{ init: (box: HTMLElement, theme: null, options: Part) => Painted }} Library */
/** The clicked or hovered item. @typedef {{ dataIndex: number, seriesName: string, name: string, value: number, data: unknown }} Selected */
/** @typedef {ReturnType<typeof palette>} Colours */
/** @typedef {{ head: string[], rows: (string | number)[][] }} FiguresTable */
/** @typedef {Part & { axisLabel?: Part, nameTextStyle?: Part }} Axis */
/** @typedef {{ series: Part[], xAxis?: Axis | Axis[], yAxis?: Axis | Axis[], legend?: Part, tooltip?: Part, grid?: Part }} Option */
/** @typedef {{ label: string, height?: 160 | 200 | 240 | 280 | 320 | 400, option: (colours: Colours, width: number) => Option, keys: unknown[], onSelect?: (event: Selected) => void, table?: FiguresTable }} ChartProps */

/** @type {Promise<Library> | null} */
let loading = null;
const source = new URL("../vendor/echarts.js", import.meta.url).href;

function library() {
  loading ??= import(source).catch(() => { loading = null; throw new Error("The charts could not be loaded."); });
  return loading;
}

/** Changes with the theme, so that charts are drawn again. */
export const theme = signal(0);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { theme.value += 1; });

/** The present colours of the design. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const of = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: of("text"), muted: of("muted"), line: of("line"), surface: of("surface"), accent: of("accent"),
    low: of("risk-low-mark"), medium: of("risk-medium-mark"), high: of("risk-high-mark"),
    up: of("risk-high-mark"), down: of("risk-low-mark"), second: of("second"),
  };
}

/** A chart with its label and its figures. @param {ChartProps} props */
export const chart = (props) => html`<${Chart} ...${props} />`;

/** @param {ChartProps} props */
function Chart({ label, height = 240, option, keys, onSelect, table }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [error, setError] = useState("");
  const round = theme.value;
  useEffect(() => {
    let chart = /** @type {Painted | null} */ (null);
    let gone = false;
    const observer = new ResizeObserver(() => chart?.resize());
    library().then((echarts) => {
      if (gone || !box.current) return;
      chart = echarts.init(box.current, null, { renderer: "canvas" });
      const colours = palette();
      chart.setOption({ animation: false, textStyle: { fontFamily: "system-ui, sans-serif", color: colours.muted }, ...dressed(option(colours, box.current.clientWidth), colours) });
      if (onSelect) chart.on("click", onSelect);
      observer.observe(box.current);
    }, (caught) => setError(caught.message));
    return () => {
      gone = true;
      observer.disconnect();
      chart?.dispose();
    };
  }, [...keys, round]);
  return html`<figure class="chart">
    <div ref=${box} class=${`chart-box chart-${height}`} role="img" aria-label=${label}></div>
    ${error && html`<p class="fault">${error}</p>`}
    ${table && html`<details class="chart-table"><summary>Show as table</summary><div class="table-wrap" tabindex="0" role="region" aria-label=${label}><table>
      <thead><tr>${table.head.map((cell, at) => html`<th key=${at} scope="col" class=${at ? "number" : ""}>${cell}</th>`)}</tr></thead>
      <tbody>${table.rows.map((row, at) => html`<tr key=${at}>${row.map((cell, of) => html`<td key=${of} class=${of ? "number" : ""}>${cell}</td>`)}</tr>`)}</tbody></table></div></details>`}
  </figure>`;
}

/** The formatter of an axis of numbers, which writes them as the user's locale does: `{value} %`. @param {unknown} formatter */
const inLocale = (formatter) => (typeof formatter === "function" ? formatter : (/** @type {number} */ value) => (typeof formatter === "string" ? formatter : "{value}").replace("{value}", decimal(value)));

/** The common axes, grid and tooltip of all charts. @param {Option} option @param {Colours} colours @returns {Part} */
function dressed(option, colours) {
  const axis = (/** @type {Axis} */ one) => ({
    axisLine: { lineStyle: { color: colours.line } }, axisTick: { show: false },
    splitLine: { lineStyle: { color: colours.line } }, ...one,
    axisLabel: { color: colours.muted, fontSize: 11, lineHeight: 13, ...one.axisLabel, ...(one.type === "value" ? { formatter: inLocale(one.axisLabel?.formatter) } : {}) },
    nameTextStyle: { color: colours.muted, fontSize: 11, ...one.nameTextStyle },
  });
  const many = (/** @type {Axis | Axis[] | undefined} */ axes) => (Array.isArray(axes) ? axes.map(axis) : axes && axis(axes));
  return {
    grid: { left: 8, right: 16, top: 24, bottom: 4, containLabel: true },
    ...option,
    xAxis: many(option.xAxis), yAxis: many(option.yAxis),
    legend: option.legend ? { textStyle: { color: colours.text, fontSize: 12 }, icon: "roundRect", itemWidth: 10, itemHeight: 10, top: 0, left: 0, ...option.legend } : undefined,
    // Drawn on the canvas: the alternative writes styles into the page.
    tooltip: { renderMode: "richText", backgroundColor: colours.surface, borderColor: colours.line, textStyle: { color: colours.text, fontSize: 12 }, ...option.tooltip },
  };
}
