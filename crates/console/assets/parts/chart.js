// Charts by ECharts on a canvas, which a strict policy allows: no styles and no scripts are
// written into the page. The library comes when the first chart does. Every chart has a
// sentence that says what it shows, and its figures as a table.
import { html, useEffect, useRef, useState, signal } from "./html.js";

/** @type {Promise<any> | null} */
let loading = null;
const source = new URL("../vendor/echarts.js", import.meta.url).href;

function library() {
  loading ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => done(/** @type {any} */ (window).echarts);
    script.onerror = () => { loading = null; failed(new Error("The charts could not be loaded.")); };
    document.head.append(script);
  });
  return loading;
}

/** Moves when the theme changes, so that charts are painted anew. */
export const theme = signal(0);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { theme.value += 1; });

/** The colours of the design, as they are now. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const of = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: of("text"), muted: of("muted"), line: of("line"), surface: of("surface"), accent: of("accent"),
    low: of("risk-low-mark"), medium: of("risk-medium-mark"), high: of("risk-high-mark"),
    up: of("risk-high-mark"), down: of("risk-low-mark"), second: of("second"),
  };
}

/** @param {{ label: string, height?: number, option: (colours: ReturnType<typeof palette>) => any, keys: unknown[], onSelect?: (event: any) => void, table?: { head: string[], rows: (string | number)[][] } }} props */
export function Chart({ label, height = 240, option, keys, onSelect, table }) {
  const box = useRef(/** @type {any} */ (null));
  const [error, setError] = useState("");
  const round = theme.value;
  useEffect(() => {
    let chart = /** @type {any} */ (null);
    let gone = false;
    const observer = new ResizeObserver(() => chart?.resize());
    library().then((echarts) => {
      if (gone || !box.current) return;
      chart = echarts.init(box.current, null, { renderer: "canvas" });
      const colours = palette();
      chart.setOption({ animation: false, textStyle: { fontFamily: "system-ui, sans-serif", color: colours.muted }, ...dressed(option(colours), colours) });
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

/** Axes, grid and tooltip as every chart has them. @param {any} option @param {ReturnType<typeof palette>} colours */
function dressed(option, colours) {
  const axis = (/** @type {any} */ one) => ({
    axisLine: { lineStyle: { color: colours.line } }, axisTick: { show: false },
    splitLine: { lineStyle: { color: colours.line } }, ...one,
    axisLabel: { color: colours.muted, fontSize: 11, ...one.axisLabel },
    nameTextStyle: { color: colours.muted, fontSize: 11, ...one.nameTextStyle },
  });
  const many = (/** @type {any} */ axes) => (Array.isArray(axes) ? axes.map(axis) : axes && axis(axes));
  return {
    grid: { left: 8, right: 16, top: 24, bottom: 4, containLabel: true },
    ...option,
    xAxis: many(option.xAxis), yAxis: many(option.yAxis),
    legend: option.legend && { textStyle: { color: colours.text, fontSize: 12 }, icon: "roundRect", itemWidth: 10, itemHeight: 10, top: 0, left: 0, ...option.legend },
    // Painted on the canvas: the other way writes styles into the page.
    tooltip: { renderMode: "richText", backgroundColor: colours.surface, borderColor: colours.line, textStyle: { color: colours.text, fontSize: 12 }, ...option.tooltip },
  };
}
