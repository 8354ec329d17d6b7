// A company: its risk over time, the reasons, its ratios compared with its sector, access, history.
import { html, useMemo, useState } from "../parts/html.js";
import { get, getVersioned, patch, remove } from "../parts/api.js";
import { go, query, setQuery } from "../parts/router.js";
import { isAtLeast, mayChange } from "../parts/session.js";
import { Act, Card, Dialog, Empty, Field, Header, Level, Pd, Risk, Segments, Tag, ask, faultOf, show, table, toast, useLoaded, form, changer } from "../parts/ui.js";
import { chart } from "../parts/chart.js";
import { RATIOS, RatioTable, Sentences, Waterfall, labelOf } from "../parts/reasons.js";
import { Sharing } from "../parts/sharing.js";
import { EventTag, RecordOutcome, WithdrawOutcome, mayWithdraw } from "../parts/outcomes.js";
import { count, date, fixed, percent, period, ratio, time } from "../parts/format.js";
import { SECTORS } from "./companies.js";

/** @typedef {import("../parts/types.js").Schema} Schema */
/** @typedef {Schema["Prediction"]} Prediction */

/** @param {string} id @param {string} kind @param {AbortSignal} signal */
async function timeline(id, kind, signal) {
  const rows = [];
  let cursor = "";
  do {
    const page = await get(`/companies/${id}/predictions`, { kind, limit: 100, cursor }, { signal });
    rows.push(...page.data);
    cursor = page.has_more ? page.next_cursor ?? "" : "";
  } while (cursor && rows.length < 400);
  return rows.sort((a, b) => period(a).localeCompare(period(b)));
}

/** @param {{ id: string }} props */
export default function Company({ id }) {
  const kind = query.value.get("kind") || "annual";
  const company = useLoaded(() => getVersioned(`/companies/${id}`), [id]);
  const rows = useLoaded((signal) => timeline(id, kind, signal), [id, kind]);
  const models = useLoaded((signal) => get("/models", {}, { signal }), []);
  const thresholds = models.value?.data.find((m) => m.kind === kind && m.is_default)?.thresholds;
  const [editing, setEditing] = useState(false);
  return show(company, ({ value: c, version }) => {
    const save = async (/** @type {Record<string, unknown>} */ body) => { await patch(`/companies/${id}`, body, { version }); company.again(); };
    const discard = async () => {
      if (!(await ask({ title: `Remove ${c.name}?`, text: "The company and every prediction on it are removed. It stays where others have rows on it, or an outcome was recorded.", button: "Remove" }))) return;
      await remove(`/companies/${id}`, { force: true }, { version });
      toast(`${c.name} is removed.`);
      go("/companies");
    };
    return html`<${Header} title=${c.name} back=${{ href: "#/companies", label: "Companies" }} about=${html`${c.symbol} · ${c.sector}${c.industry ? ` · ${c.industry}` : ""} · ${c.country} · <${Level} level=${c.access_level} />`}
      actions=${html`<${Segments} label="Kind" options=${[{ value: "annual", label: "Annual" }, { value: "quarterly", label: "Quarterly" }]} value=${kind} onChange=${(/** @type {string} */ value) => setQuery({ kind: value, period: "" })} />
        ${mayChange(c) && html`<button class="button" onClick=${() => setEditing(true)}>Edit</button><${Sharing} what="company" level=${c.access_level} also="With its predictions" change=${save} /><${Act} tone="danger" act=${discard}>Remove<//>`}`} />
      ${editing && html`<${Edit} company=${c} save=${save} close=${() => setEditing(false)} />`}
      ${show(rows, (list) => (list.length
        ? html`<${Periods} rows=${list} kind=${kind} thresholds=${thresholds} company=${c} />`
        : html`<${Card}><${Empty} title=${`No ${kind} predictions`} action=${html`<a class="button button-primary" href=${`#/score?kind=${kind}&company=${id}`}>Score it</a>`}>Choose the other kind above, or score this company.<//><//>`), 10)}
      <div class="grid after">
        <${Card} class="span-5" title="About"><dl class="facts"><dt>Symbol</dt><dd>${c.symbol}</dd><dt>Exchange</dt><dd>${c.exchange ?? "–"}</dd><dt>Country, currency</dt><dd>${c.country}, ${c.currency}</dd><dt>Market cap</dt><dd class="number">${count(c.market_cap)}</dd><dt>Added</dt><dd>${time(c.created_at)}</dd><dt>Changed</dt><dd>${time(c.updated_at)}</dd></dl><//>
        <${Happened} company=${c} />
        ${isAtLeast("org_admin") && html`<${Card} class="card-flush" title="History of changes"><${History} id=${id} /><//>`}
      </div>`;
  }, 12, { href: "#/companies", label: "Companies" });
}

/** @param {{ rows: Prediction[], kind: string, thresholds?: Schema["Thresholds"], company: Schema["Company"] }} props */
function Periods({ rows, kind, thresholds, company }) {
  const wanted = query.value.get("period");
  const newest = rows[rows.length - 1];
  const chosen = rows.find((row) => period(row) === wanted) ?? newest;
  const before = rows[rows.indexOf(chosen) - 1];
  const full = useLoaded((signal) => get(`/predictions/${kind}/${chosen.id}`, {}, { signal }), [chosen.id]);
  const names = rows.map(period);
  // The two models whose blend is the PD of a quarter.
  const model = (/** @type {string} */ name, /** @type {"logistic_probability" | "gbm_probability"} */ of, /** @type {string} */ color, /** @type {string} */ type) => ({ name, type: "line", symbol: "none", data: rows.map((r) => (r[of] ?? NaN) * 100), itemStyle: { color }, lineStyle: { width: 1.5, type, color } });
  return html`<dl class="figures">
      <div class="figure"><dt>PD, ${period(chosen)}</dt><dd>${percent(chosen.pd)}</dd><dd class="note">${before ? `${percent(before.pd)} in ${period(before)}` : "first period"}</dd></div>
      <div class="figure"><dt>Risk level</dt><dd><${Risk} level=${chosen.risk_level} /></dd>${thresholds && html`<dd class="note">high from ${percent(thresholds.high)}</dd>`}</div>
      <div class="figure"><dt>Confidence</dt><dd>${percent(chosen.confidence)}</dd><dd class="note">${chosen.flags.length ? `${chosen.flags.length} flags` : "no flags"}</dd></div>
      <div class="figure"><dt>Worst period</dt><dd>${percent(Math.max(...rows.map((r) => r.pd)))}</dd><dd class="note">${period(rows.reduce((a, b) => (b.pd > a.pd ? b : a)))} of ${rows.length}</dd></div>
    </dl>
    <div class="grid">
      <${Card} title="PD over time" about=${`A click on a period shows it below; the dashed lines are the risk levels${kind === "quarterly" ? ". The PD is the blend of the logistic model and the boosting" : ""}`}>
        ${chart({ height: 280, keys: [rows, thresholds, chosen.id], label: `PD of ${company.name} from ${percent(rows[0].pd)} in ${names[0]} to ${percent(newest.pd)} in ${names.at(-1)}`, table: { head: ["Period", "PD", "Risk", "Confidence"], rows: rows.map((r) => [period(r), percent(r.pd), r.risk_level, percent(r.confidence)]) }, onSelect: (event) => setQuery({ period: names[event.dataIndex] }), option: (c) => { const most = Math.max(...rows.flatMap((r) => [r.pd, r.logistic_probability ?? 0, r.gbm_probability ?? 0])) * 100; const top = thresholds ? Math.max(most, thresholds.medium * 100) * 1.25 : most * 1.25; return {
            legend: kind === "quarterly" ? {} : undefined, tooltip: { trigger: "axis", valueFormatter: (/** @type {number} */ v) => `${fixed(v)} %` },
            xAxis: { type: "category", data: names, boundaryGap: rows.length < 2 }, yAxis: { type: "value", max: nice(top), axisLabel: { formatter: "{value} %" } },
            grid: { left: 8, right: 64, top: kind === "quarterly" ? 34 : 16, bottom: 4, containLabel: true },
            series: [{ name: "PD", type: "line", data: rows.map((r) => ({ value: r.pd * 100, symbol: { Low: "circle", Medium: "triangle", High: "diamond" }[/** @type {"Low"} */ (r.risk_level)], symbolSize: r.id === chosen.id ? 15 : 9, itemStyle: { color: { Low: c.low, Medium: c.medium, High: c.high }[/** @type {"Low"} */ (r.risk_level)] } })), lineStyle: { width: 2.5, color: c.accent },
              markLine: thresholds && { silent: true, symbol: "none", label: { color: c.muted, fontSize: 11, formatter: (/** @type {import("../parts/chart.js").Selected} */ e) => e.name }, lineStyle: { type: "dashed" },
                data: [{ name: "medium", yAxis: thresholds.medium * 100, lineStyle: { color: c.medium } }, { name: "high", yAxis: thresholds.high * 100, lineStyle: { color: c.high } }].filter((l) => l.yAxis <= top) },
            }, ...(kind === "quarterly" ? [model("Logistic", "logistic_probability", c.second, "dashed"), model("Boosting", "gbm_probability", c.muted, "dotted")] : [])] }; } })}<//>
      ${show(full, (p) => html`<div class="grid">
        <${Card} class="span-7" title=${`How ${period(p)} comes about`} about="Contributions to the log-odds" actions=${html`<a href=${`#/predictions/${kind}/${p.id}`}>Open</a>`}><${Waterfall} base=${p.base} reasons=${p.reasons} pd=${p.pd} /><//>
        <${Card} class="span-5" title="Reasons"><${Sentences} reasons=${p.reasons} /><//>
        <${Card} title="Ratios against the sector" about=${`${p.company_sector}, ${period(p)}`}><${Peers} prediction=${p} kind=${kind} /><//>
        <${Card} class="card-flush" title="Ratios and flags"><${RatioTable} ratios=${p.ratios} flags=${p.flags} /><//></div>`, 6)}
      <${Card} class="card-flush" title="All periods">${table({ caption: "All periods", rows: [...rows].reverse(), columns: [
        { key: "p", label: "Period", cell: (r) => html`<a href=${`#/predictions/${kind}/${r.id}`}>${period(r)}</a>` },
        { key: "pd", label: "PD", number: true, cell: (r) => html`<${Pd} value=${r.pd} />` },
        { key: "r", label: "Risk", cell: (r) => html`<${Risk} level=${r.risk_level} />` },
        { key: "g", label: "Grade", cell: (r) => r.grade },
        { key: "m", label: "Model", cell: (r) => `${r.model.name} ${r.model.version}` },
        { key: "b", label: "Logistic / boosting", number: true, hide: kind !== "quarterly", cell: (r) => `${percent(r.logistic_probability)} / ${percent(r.gbm_probability)}` },
        { key: "c", label: "Confidence", number: true, cell: (r) => percent(r.confidence) },
        { key: "l", label: "Seen by", cell: (r) => html`<${Level} level=${r.access_level} />` },
        { key: "d", label: "Made", cell: (r) => html`<span class="nowrap">${date(r.predicted_at)}</span>` },
      ] })}<//>
    </div>`;
}

/** The position of each ratio among those of the sector. @param {{ prediction: Prediction, kind: string }} props */
function Peers({ prediction, kind }) {
  const peers = useLoaded((signal) => get(`/predictions/${kind}`, { sector: prediction.company_sector, reporting_year: prediction.reporting_year, reporting_quarter: prediction.reporting_quarter, limit: 400 }, { signal }), [prediction.id]);
  return show(peers, (list) => {
    const others = list.data.filter((r) => r.company_id !== prediction.company_id);
    if (others.length < 5) return html`<p class="muted">Fewer than five other companies of this sector have a prediction for the period: too few to compare.</p>`;
    return html`<p class="small muted">Compared with ${others.length} other companies${list.has_more ? ", the newest of the sector" : ""}. The bar is the middle half, the line the median, the coloured mark this company.</p>
      <ul class="peers">${Object.entries(prediction.ratios).map(([name, value]) => {
        const all = others.map((r) => r.ratios[name]).filter((v) => v !== null && v !== undefined).sort((/** @type {number} */ a, /** @type {number} */ b) => a - b);
        const q = (/** @type {number} */ part) => all[Math.min(all.length - 1, Math.floor(part * all.length))];
        if (!all.length || value === null) return html`<li key=${name}><span>${labelOf(name)}</span><span class="muted">missing</span><span></span></li>`;
        const own = Number(value);
        const lo = Math.min(q(0.02), own);
        const hi = Math.max(q(0.98), own);
        const x = (/** @type {number} */ v) => 2 + (96 * (Math.min(hi, Math.max(lo, v)) - lo)) / (hi - lo || 1);
        const below = Math.round((100 * all.filter((/** @type {number} */ v) => v < own).length) / all.length);
        return html`<li key=${name}><span>${labelOf(name)}</span>
          <svg viewBox="0 0 100 12" preserveAspectRatio="none" role="img" aria-label=${`${ratio(own, RATIOS[name]?.isShare)}, above ${below} % of the sector; median ${ratio(q(0.5), RATIOS[name]?.isShare)}`}>
            <line x1="2" x2="98" y1="6" y2="6" class="peer-line" /><rect x=${x(q(0.25))} width=${Math.max(0.6, x(q(0.75)) - x(q(0.25)))} y="2.500" height="7" class="peer-box" /><line x1=${x(q(0.5))} x2=${x(q(0.5))} y1="1" y2="11" class="peer-median" /><rect x=${x(own) - 0.8} y="1" width="1.600" height="10" class="peer-own" /></svg>
          <span class="number small">${ratio(own, RATIOS[name]?.isShare)}<span class="sub muted">above ${below} %</span></span></li>`;
      })}</ul>`;
  }, 5);
}

/** The outcomes of the company, and recording another one. @param {{ company: import("../parts/types.js").Schema["Company"] }} props */
function Happened({ company }) {
  const outcomes = useLoaded((signal) => get("/outcomes", { company_id: company.id, include_withdrawn: true, limit: 20 }, { signal }), [company.id]);
  const [isRecording, setRecording] = useState(false);
  const [withdrawn, setWithdrawn] = useState(/** @type {import("../parts/types.js").Schema["CompanyOutcome"] | null} */ (null));
  return html`<${Card} class="span-7 card-flush" title="What happened to it" about="Defaults, cures and exits: what back-tests compare predictions with" actions=${html`<button class="button" onClick=${() => setRecording(true)}>Record an outcome</button>`}>
    ${show(outcomes, (list) => (list.data.length ? table({ caption: "Outcomes of the company", rows: list.data, columns: [
      { key: "e", label: "Event", cell: (r) => html`<${EventTag} outcome=${r} />` },
      { key: "o", label: "On", cell: (r) => html`<span class="nowrap">${date(r.occurred_on)}</span>` },
      { key: "d", label: "Definition", cell: (r) => html`<code>${r.definition}</code>` },
      { key: "l", label: "Seen by", cell: (r) => html`<${Level} level=${r.access_level} />` },
      { key: "w", label: "", cell: (r) => mayWithdraw(r) && html`<button class="button button-small" onClick=${() => setWithdrawn(r)}>Withdraw</button>` },
    ] }) : html`<p class="muted pad">Nothing is recorded.</p>`), 2)}
    ${isRecording && html`<${RecordOutcome} company=${company} close=${() => setRecording(false)} done=${outcomes.again} />`}
    ${withdrawn && html`<${WithdrawOutcome} outcome=${withdrawn} close=${() => setWithdrawn(null)} done=${outcomes.again} />`}<//>`;
}

/** @param {{ id: string }} props */
function History({ id }) {
  const events = useLoaded((signal) => get("/audit-logs", { entity_id: id, limit: 10 }, { signal }), [id]);
  return show(events, (list) => (list.data.length ? table({ caption: "History", rows: list.data, columns: [
    { key: "t", label: "When", cell: (e) => html`<a class="nowrap" href=${`#/audit?id=${e.id}`}>${time(e.created_at)}</a>` },
    { key: "w", label: "What", cell: (e) => html`<${Tag}>${e.event_type}<//>` },
    { key: "b", label: "By", cell: (e) => e.actor_email ?? "the system" },
  ] }) : html`<p class="muted pad">The audit log holds no change of it in months that are kept.</p>`), 3);
}

/** @param {{ company: Schema["Company"], save: (body: Record<string, unknown>) => Promise<unknown>, close: () => void }} props */
function Edit({ company, save, close }) {
  const fields = useMemo(() => ({ name: company.name, sector: company.sector, industry: company.industry ?? "", country: company.country, currency: company.currency, exchange: company.exchange ?? "" }), [company]);
  const [state, set] = useState(/** @type {Record<string, string>} */ (fields));
  const change = changer(set);
  const send = async () => {
    const changes = Object.fromEntries(Object.entries(state).filter(([key, value]) => value !== /** @type {Record<string, string>} */ (fields)[key]).map(([key, value]) => [key, value === "" ? null : value]));
    if (Object.keys(changes).length) await save(changes);
    close();
    toast("Saved.");
  };
  return html`<${Dialog} title=${`Edit ${company.name}`} close=${close}>${form({ send, button: "Save", cancel: close }, (error) => html`
    ${Object.keys(fields).map((key) => html`<${Field} key=${key} label=${{ name: "Name", sector: "Sector", industry: "Industry", country: "Country (three letters)", currency: "Currency", exchange: "Exchange" }[/** @type {"name"} */ (key)]} value=${state[key]} onInput=${change(key)} fault=${faultOf(error, `/${key}`)}
      options=${key === "sector" ? [...new Set([company.sector, ...SECTORS])].map((name) => ({ value: name, label: name })) : undefined} />`)}`)}<//>`;
}

/** The upper end of an axis for values up to this one. @param {number} top */
function nice(top) {
  const step = 10 ** Math.floor(Math.log10(top)) / 2;
  return Number((Math.ceil(top / step) * step).toPrecision(6));
}
