// Scoring and what-if analysis: the ratios of one company, scored while they change; two scenarios
// side by side, which can be stored.
import { html, useEffect, useState } from "../parts/html.js";
import { get, post, Refused, requestKey } from "../parts/api.js";
import { go, query, setQuery, unsaved } from "../parts/router.js";
import { organizationId } from "../parts/session.js";
import { Card, Dialog, Failure, Field, Header, Risk, Segments, faultOf, toast, useLoaded, useSettled, show, form, changer, onText } from "../parts/ui.js";
import { RATIOS, Sentences, Waterfall } from "../parts/reasons.js";
import { LEVELS, isZero, percent, period, ratio, signed } from "../parts/format.js";
import { SECTORS } from "./companies.js";

/** @type {Record<string, Record<string, number>>} */
const TYPICAL = {
  annual: { long_term_debt_to_total_capital: 0.36, total_debt_to_ebitda: 2.8, net_income_margin: 0.055, ebit_to_interest_expense: 4.7, return_on_assets: 0.042 },
  quarterly: { current_ratio: 1.5, quick_ratio: 0.95, debt_to_equity: 1.1, inventory_turnover: 5.5, receivables_turnover: 6.7, working_capital_to_total_assets: 0.12 },
};

export default function Score() {
  const kind = query.value.get("kind") || "annual";
  const from = query.value.get("from");
  const models = useLoaded((signal) => get("/models", {}, { signal }), []);
  const key = `${kind} ${from ?? ""}`;
  const loaded = useLoaded(async (signal) => ({ of: key, known: from ? await get(`/predictions/${kind}/${from}`, {}, { signal }) : null }), [key]);
  // The ratios of another prediction or kind must not be taken for those that were asked for.
  const start = { ...loaded, value: loaded.value?.of === key ? loaded.value : null };
  return html`<${Header} title="Score and what-if" about="Nothing is stored while you try. A slider recomputes as it is dragged." actions=${html`
    <${Segments} label="Kind" options=${[{ value: "annual", label: "Annual" }, { value: "quarterly", label: "Quarterly" }]} value=${kind} onChange=${(/** @type {string} */ value) => setQuery({ kind: value, from: "" })} />`} />
    ${show(start, ({ known }) => html`<${Scenarios} key=${key} kind=${kind} known=${known} models=${models.value?.data ?? []} />`, 10)}`;
}

/** @typedef {import("../parts/types.js").Schema} Schema */
/** The ratios of a scenario, by their names; null for a missing one. @typedef {Record<string, number | null>} Values */
/** A ratio with its range, from the model or from this page. @typedef {{ name: string, label: string, min: number, max: number, isShare: boolean, is_share?: boolean }} Range */

/** @param {{ kind: string, known: Schema["Prediction"] | null, models: Schema["ModelSummary"][] }} props */
function Scenarios({ kind, known, models }) {
  const first = /** @type {Values} */ (known?.ratios ?? TYPICAL[kind]);
  const [two, setTwo] = useState(Boolean(known));
  const [a, setA] = useState(first);
  const [b, setB] = useState(first);
  const model = models.find((one) => one.kind === kind && one.is_default);
  const inputs = useLoaded((signal) => (model ? get(`/models/${model.name}/versions/${model.version}`, {}, { signal }) : Promise.resolve(null)), [model?.name, model?.version]);
  const ranges = Object.keys(TYPICAL[kind]).map((name) => ({ name, ...RATIOS[name], ...(inputs.value?.inputs.find((one) => one.name === name)) }));
  return html`${known && html`<div class="notice">Starts from <a href=${`#/predictions/${kind}/${known.id}`}>${known.company_name}, ${period(known)}</a>: scenario A is as it was scored, scenario B is yours to change.</div>`}
    <div class=${two ? "grid two" : "grid"}>
      <${Scenario} letter="A" kind=${kind} ranges=${ranges} ratios=${a} set=${setA} thresholds=${model?.thresholds} company=${known} alone=${!two} />
      ${two && html`<${Scenario} letter="B" kind=${kind} ranges=${ranges} ratios=${b} set=${setB} thresholds=${model?.thresholds} company=${known} against=${a} />`}
    </div>
    <div class="form-actions">${two
      ? html`<button class="button" onClick=${() => setTwo(false)}>One scenario</button><button class="button" onClick=${() => setB(a)}>Set B to A</button>`
      : html`<button class="button" onClick=${() => { setB(a); setTwo(true); }}>Compare with a second scenario</button>`}</div>`;
}

/** @param {{ letter: string, kind: string, ranges: Range[], ratios: Values, set: (change: (now: Values) => Values) => void, thresholds?: Schema["Thresholds"], company: Schema["Prediction"] | null, alone?: boolean, against?: Values }} props */
function Scenario({ letter, kind, ranges, ratios, set, thresholds, company, alone, against }) {
  const settled = useSettled(JSON.stringify(ratios), 90);
  const other = useSettled(JSON.stringify(against ?? null), 90);
  const scored = useLoaded(async (signal) => {
    const items = [{ ratios: JSON.parse(settled) }, ...(against ? [{ ratios: JSON.parse(other) }] : [])];
    const answer = await post(`/predictions/${kind}/score`, { items }, { signal });
    const first = answer.data[0];
    if (!first.prediction) throw new Refused(first.status, first.problem);
    return { ...first.prediction, other: answer.data[1]?.prediction };
  }, [settled, other, kind]);
  const [storing, setStoring] = useState(false);
  const change = (/** @type {string} */ name, /** @type {number | null} */ value) => { unsaved.value = false; set((now) => ({ ...now, [name]: value })); };
  const result = scored.value;
  return html`<section class=${`card ${alone ? "span-6" : ""}`} aria-label=${`Scenario ${letter}`}>
      <div class="card-head"><h2>${alone ? "Ratios" : `Scenario ${letter}`}</h2><button class="button" onClick=${() => setStoring(true)}>Store…</button></div>
      ${!alone && html`<${Verdict} scored=${scored} thresholds=${thresholds} isBasis=${!against} />`}
      ${ranges.map((one) => html`<${Slider} key=${one.name} letter=${letter} input=${one} value=${ratios[one.name]} change=${(/** @type {number | null} */ value) => change(one.name, value)} />`)}
      ${!alone && result && html`<details class="after-small"><summary>Reasons</summary><${Sentences} reasons=${result.reasons} /></details>`}
    </section>
    ${alone && html`<section class="card span-6" aria-label="Result"><div class="card-head"><h2>Result</h2></div><${Verdict} scored=${scored} thresholds=${thresholds} />
      ${result && html`<${Waterfall} base=${result.base} reasons=${result.reasons} pd=${result.pd} small /><div class="after"><${Sentences} reasons=${result.reasons} /></div>`}</section>`}
    ${storing && html`<${Store} kind=${kind} ratios=${ratios} company=${company} close=${() => setStoring(false)} />`}`;
}

/** @param {{ scored: import("../parts/ui.js").Loaded<Schema["Score"] & { other?: Schema["Score"] }>, thresholds?: Schema["Thresholds"], isBasis?: boolean }} props */
function Verdict({ scored, thresholds, isBasis }) {
  if (scored.error) return html`<${Failure} error=${scored.error} again=${scored.again} />`;
  const result = scored.value;
  if (!result) return html`<p class="muted" role="status">Scoring…</p>`;
  const change = result.other ? result.pd - result.other.pd : null;
  return html`<div class="verdict" role="status" aria-live="polite"><span class="big" title=${`PD ${result.pd}`}>${percent(result.pd)}</span><${Risk} level=${result.risk_level} />
    ${isBasis && html`<span class="muted">what B is compared with</span>`}${change !== null && html`<span class=${`number ${isZero(change * 100) ? "muted" : change > 0 ? "up" : "down"}`}>${signed(change * 100)} points against A</span>`}</div>
    <p class="muted small">Confidence ${percent(result.confidence)}${thresholds ? ` · medium from ${percent(thresholds.medium)}, high from ${percent(thresholds.high)}` : ""} · ${result.model.name} ${result.model.version}</p>`;
}

/** A ratio, with a slider and a field for the exact value. Shares are shown in percent.
 * @param {{ letter: string, input: Range, value: number | null | undefined, change: (value: number | null) => void }} props */
function Slider({ letter, input, value, change }) {
  const scale = input.is_share ?? input.isShare ? 100 : 1;
  const id = `ratio-${letter}-${input.name}`;
  const [low, high] = [input.min * scale, input.max * scale];
  const shown = value === null || value === undefined ? "" : Number((value * scale).toFixed(4));
  const step = high - low > 20 ? 0.1 : 0.01;
  const read = onText((text) => change(text === "" ? null : Number(text) / scale));
  return html`<div class="slider"><label for=${id}>${input.label}</label>
    <input id=${id} type="number" min=${low} max=${high} step="any" value=${shown} placeholder="missing" onInput=${read} aria-describedby=${`${id}-help`} />
    <input type="range" min=${low} max=${high} step=${step} value=${shown === "" ? low : shown} onInput=${read} aria-label=${`${input.label}, slider`} />
    <span class="small muted">${scale === 100 ? "percent" : "multiple"}</span>
    <p class="help" id=${`${id}-help`}>${RATIOS[input.name]?.help} From ${ratio(input.min, scale === 100)} to ${ratio(input.max, scale === 100)}; empty means missing.</p></div>`;
}

/** @param {{ kind: string, ratios: Values, company: Schema["Prediction"] | null, close: () => void }} props */
function Store({ kind, ratios, company, close }) {
  const wanted = query.value.get("company");
  const known = useLoaded((signal) => { const id = company?.company_id ?? wanted; return id ? get(`/companies/${id}`, {}, { signal }) : Promise.resolve(null); }, []);
  const [state, set] = useState(({ symbol: "", name: "", sector: SECTORS[5], country: "DEU", currency: "EUR", reporting_year: String(new Date().getFullYear() - 1), reporting_quarter: "Q4", on_conflict: "error", access_level: organizationId.value ? "organization" : "personal" }));
  useEffect(() => { unsaved.value = true; return () => { unsaved.value = false; }; }, []);
  const change = changer(set);
  const send = async () => {
    const { symbol, name, sector, country, currency, reporting_year, reporting_quarter, on_conflict, access_level } = state;
    const target = known.value ? { company_id: known.value.id } : { company: { symbol, name: name || undefined, sector, country, currency } };
    const body = { ...target, ratios, reporting_year, on_conflict, access_level, ...(kind === "quarterly" ? { reporting_quarter } : {}) };
    const made = await post(`/predictions/${kind}`, body, { headers: { "Idempotency-Key": requestKey() } });
    unsaved.value = false;
    toast("Stored.");
    go(`/predictions/${kind}/${made.id}`);
  };
  return html`<${Dialog} title="Store this prediction" close=${close} wide>${show({ ...known, value: known.loading ? null : { it: known.value } }, () => html`
    ${form({ send, button: "Store", cancel: close }, (error) => html`
      ${known.value ? html`<p>For <strong>${known.value.name}</strong> (${known.value.symbol}).</p>` : html`<div class="form-grid">
        <${Field} label="Symbol" value=${state.symbol} onInput=${change("symbol")} help="A company with it is found, or made." maxlength="32" fault=${faultOf(error, "/company/symbol")} required />
        <${Field} label="Name" optional help="Needed for a new company." value=${state.name} onInput=${change("name")} fault=${faultOf(error, "/company/name")} />
        <${Field} label="Sector" value=${state.sector} onInput=${change("sector")} options=${SECTORS.map((value) => ({ value, label: value }))} fault=${faultOf(error, "/company/sector")} />
        <${Field} label="Country" value=${state.country} onInput=${change("country")} maxlength="3" fault=${faultOf(error, "/company/country")} /></div>`}
      <div class="form-grid"><${Field} label="Reporting year" value=${state.reporting_year} onInput=${change("reporting_year")} inputmode="numeric" maxlength="4" fault=${faultOf(error, "/reporting_year")} required />
        ${kind === "quarterly" && html`<${Field} label="Quarter" value=${state.reporting_quarter} onInput=${change("reporting_quarter")} options=${["Q1", "Q2", "Q3", "Q4"].map((value) => ({ value, label: value }))} />`}
        <${Field} label="If the period is there" value=${state.on_conflict} onInput=${change("on_conflict")} options=${[{ value: "error", label: "Refuse" }, { value: "update", label: "Replace it" }, { value: "skip", label: "Leave it" }]} />
        <${Field} label="Seen by" value=${state.access_level} onInput=${change("access_level")} options=${Object.entries(LEVELS).filter(([value]) => value === "personal" || (value === "organization" && organizationId.value)).map(([value, label]) => ({ value, label }))} /></div>`)}`)}<//>`;
}
