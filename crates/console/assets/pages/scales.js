// Master scales: the ordered grades of PDs, the number of predictions with each grade, and
// creating a scale.
import { html, useState } from "../parts/html.js";
import { get, post, requestKey } from "../parts/api.js";
import { query, setQuery } from "../parts/router.js";
import { Card, Dialog, Empty, Field, Header, Level, Pager, Segments, Tag, changer, faultOf, form, show, table, toast, useLoaded } from "../parts/ui.js";
import { chart } from "../parts/chart.js";
import { count, date, fixed, percent } from "../parts/format.js";
import { ownerOf, useOwners } from "../parts/owner.js";

/** @typedef {import("../parts/types.js").Schema} Schema */
/** @typedef {Schema["RatingScale"]} Scale */

/** @type {Record<Scale["status"], string>} */
const TONES = { draft: "warn", active: "good", retired: "" };
/** @param {Scale} scale */
const nameOf = (scale) => `${scale.name}@${scale.version}`;
/** The name in requests for figures: the shipped scale has no id. @param {Scale} scale */
const keyOf = (scale) => (scale.created_at ? scale.id : nameOf(scale));

export default function Scales() {
  const cursor = query.value.get("cursor") || "";
  const list = useLoaded((signal) => get("/rating-scales", { cursor, limit: 50 }, { signal }), [cursor]);
  const [isMaking, setMaking] = useState(false);
  return html`<${Header} title="Master scales" about="Grades from the best to the worst, each a range of PDs. A version never changes; a change is a new version." actions=${html`<button class="button button-primary" onClick=${() => setMaking(true)}>New scale</button>`} />
    ${show(list, (value) => {
      const open = value.data.find((scale) => scale.id === query.value.get("id")) ?? value.data.at(-1);
      return html`<${Card} class="card-flush">${table({ caption: "Master scales", rows: value.data, columns: [
        { key: "n", label: "Scale", cell: (r) => html`<button class="link" aria-pressed=${r.id === open?.id ? "true" : "false"} onClick=${() => setQuery({ id: r.id })}>${nameOf(r)}</button>${r.created_at ? "" : html`<span class="sub">shipped with the service</span>`}` },
        { key: "g", label: "Grades", number: true, cell: (r) => count(r.grades.length) },
        { key: "s", label: "Status", cell: (r) => html`<${Tag} tone=${TONES[r.status]}>${r.status}<//>` },
        { key: "b", label: "Figures", cell: (r) => (r.on_buckets ? "from stored sums" : "counted on request") },
        { key: "l", label: "Seen by", cell: (r) => html`<${Level} level=${r.access_level} />` },
        { key: "d", label: "Made", cell: (r) => html`<span class="nowrap">${date(r.created_at)}</span>` },
      ] })}<${Pager} page=${value} query=${query.value} set=${setQuery} /><//>
      ${open && html`<${One} key=${open.id} scale=${open} />`}
      ${isMaking && html`<${New} from=${open} close=${() => setMaking(false)} done=${(/** @type {string} */ id) => { setMaking(false); list.again(); setQuery({ id }); }} />`}`;
    }, 6)}`;
}

/** @param {{ scale: Scale }} props */
function One({ scale }) {
  const kind = query.value.get("kind") || "annual";
  const figures = useLoaded((signal) => get("/analytics/grades", { kind, scale: keyOf(scale) }, { signal }), [scale.id, kind]);
  const kinds = html`<${Segments} label="Kind" options=${[{ value: "annual", label: "Annual" }, { value: "quarterly", label: "Quarterly" }]} value=${kind} onChange=${(/** @type {string} */ value) => setQuery({ kind: value })} />`;
  return html`<div class="grid after"><${Card} class="span-7 card-flush" title=${`Grades of ${nameOf(scale)}`} about="A PD on a boundary belongs to the worse grade">
      ${show(figures, (value) => { const counts = new Map((value.data[0]?.grades ?? []).map((one) => [one.grade, one])); return table({ caption: "Grades", rows: scale.grades, rowKey: (r) => r.code, columns: [
        { key: "c", label: "Grade", cell: (r) => html`<strong>${r.code}</strong>${r.label && html`<span class="sub">${r.label}</span>`}` },
        { key: "f", label: "PD from", number: true, cell: (r) => percent(r.pd_from) }, { key: "t", label: "to", number: true, cell: (r) => percent(r.pd_to) },
        { key: "n", label: "Predictions", number: true, cell: (r) => html`<a href=${`#/predictions?kind=${kind}&sort=pd&${limits(r)}`}>${count(counts.get(r.code)?.total_predictions ?? 0)}</a>` },
        { key: "s", label: "Share", number: true, cell: (r) => percent(counts.get(r.code)?.share ?? 0) }, { key: "m", label: "Mean PD", number: true, cell: (r) => percent(counts.get(r.code)?.mean_pd) },
      ] }); }, 8)}<//>
    <${Card} class="span-5" title="Predictions by grade" about="Over all predictions that you may read" actions=${kinds}>${show(figures, (value) => html`<${Spread} distribution=${value} />`)}<//></div>`;
}

/** The filter for the predictions of a grade, independent of the scale. @param {Schema["Grade"]} grade */
const limits = (grade) => new URLSearchParams({ [FROM]: String(grade.pd_from), [TO]: String(grade.pd_to) }).toString();
const FROM = "pd_gte";
const TO = "pd_lte";

/** @param {{ distribution: Schema["GradeDistribution"] }} props */
function Spread({ distribution }) {
  const group = distribution.data[0];
  if (!group) return html`<${Empty} title="No predictions yet">The chart appears with the first prediction.<//>`;
  const { grades } = group;
  return html`${chart({
    height: 280, keys: [distribution], label: `Predictions by grade; most are in ${grades.reduce((best, one) => (one.total_predictions > best.total_predictions ? one : best)).grade}`,
    table: { head: ["Grade", "Predictions", "Share"], rows: grades.map((one) => [one.grade, count(one.total_predictions), percent(one.share)]) },
    option: (c) => ({ tooltip: { trigger: "axis" }, xAxis: { type: "category", data: grades.map((one) => one.grade), name: "grade", nameLocation: "middle", nameGap: 24 }, yAxis: { type: "value", minInterval: 1, name: "predictions", nameTextStyle: { align: "left" } }, grid: { left: 8, right: 16, top: 30, bottom: 22, containLabel: true },
      series: [{ name: "Predictions", type: "bar", data: grades.map((one) => one.total_predictions), itemStyle: { color: c.accent, borderRadius: [3, 3, 0, 0] }, barCategoryGap: "18%" }] }),
  })}<dl class="facts after-small"><dt>Concentration</dt><dd>${typeof group.herfindahl === "number" ? `Herfindahl index ${fixed(group.herfindahl)}` : "–"} <span class="muted">0: evenly spread, 1: all in one grade</span></dd></dl>`;
}

/** Parses grades from a text: one line for each, with its code, its upper bound and its label. @param {string} text */
export function gradesOf(text) {
  let from = 0;
  return text.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
    const [code, to, ...label] = line.split(/[;,\t]/).map((part) => part.trim());
    const grade = { code, pd_from: from, pd_to: Number(to), label: label.join(", ") || undefined };
    from = grade.pd_to;
    return grade;
  });
}

/** @param {{ from?: Scale, close: () => void, done: (id: string) => void }} props */
function New({ from, close, done }) {
  const owners = useOwners("org_admin");
  const [state, set] = useState({ name: from?.created_at ? from.name : "", version: from?.created_at ? String(from.version + 1) : "1", owner: "", grades: (from?.grades ?? []).map((grade) => [grade.code, Number(grade.pd_to.toPrecision(6)), grade.label].filter((part) => part !== null && part !== undefined).join("; ")).join("\n") });
  const change = changer(set);
  const send = async () => {
    const made = await post("/rating-scales", { name: state.name, version: Number(state.version), grades: gradesOf(state.grades), ...ownerOf(state.owner || owners[0].value) }, { headers: { "Idempotency-Key": requestKey() } });
    toast("The scale was created as a draft.");
    done(made.id);
  };
  return html`<${Dialog} title="New master scale" close=${close} wide>${form({ send, button: "Make it", cancel: close }, (error) => html`<div class="form-grid">
    <${Field} label="Name" value=${state.name} onInput=${change("name")} help="Lower-case letters, digits, _ and -." maxlength="40" fault=${faultOf(error, "/name")} required />
    <${Field} label="Version" value=${state.version} onInput=${change("version")} inputmode="numeric" help="A changed scale needs a new version." fault=${faultOf(error, "/version")} required />
    <${Field} label="Owner" value=${state.owner || owners[0].value} onInput=${change("owner")} options=${owners} help="Who may use it." fault=${faultOf(error, "/access_level")} /></div>
    <${Field} label="Grades" rows=${12} value=${state.grades} onInput=${change("grades")} help="One line for each grade, the best first: its code; its upper PD bound, from 0 to 1; optionally a label. At least seven grades, of which the last ends at 1." fault=${faultOf(error, "/grades")} required />`)}<//>`;
}
