// Requesting a back-test: the meaning of each option, and the windows that the outcomes cover.
import { html, useState } from "../parts/html.js";
import { get, post, requestKey } from "../parts/api.js";
import { go } from "../parts/router.js";
import { Card, Field, Header, changer, faultOf, form, toast, useLoaded } from "../parts/ui.js";
import { date } from "../parts/format.js";
import { definitionOptions, today, useDefinitions } from "../parts/outcomes.js";
import { ownerOf, useOwners } from "../parts/owner.js";

/** A day shifted by a number of months; the last day of a month that is too short. @param {string} day @param {number} months */
export function shiftMonths(day, months) {
  const [year, month, number] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month - 1 + months + 1, 0));
  last.setUTCDate(Math.min(number, last.getUTCDate()));
  return last.toISOString().slice(0, 10);
}

/** The number in a field; empty fields are not sent. @param {string} text */
const number = (text) => (text.trim() === "" ? undefined : Number(text.replace(",", ".")));

export default function ValidationNew() {
  const definitions = useDefinitions();
  const owners = useOwners("org_admin");
  const [state, set] = useState({
    kind: "annual", owner: "", definition: "bankruptcy@1", d0: "", basis: "recorded", lag_months: "6", several: false, d0_to: "", step: "12",
    scale: "", as_of: "", include_system_outcomes: false, initial_auc: "", target_rate: "",
  });
  const change = changer(set);
  const owner = state.owner || owners[0].value;
  const coverage = useLoaded((signal) => get(`/outcome-coverage/${state.definition}`, { ...ownerOf(owner) }, { signal }), [state.definition, owner]);
  const scales = useLoaded(async (signal) => (await get("/rating-scales", { limit: 100 }, { signal })).data.filter((scale) => scale.created_at && scale.status !== "retired"), []);
  const through = coverage.value?.complete_through;
  const latest = through ? shiftMonths(through, -12) : "";
  const d0 = state.d0 || latest;
  const send = async () => {
    const made = await post("/validations", {
      kind: state.kind, ...ownerOf(owner), definition: state.definition, basis: state.basis, d0,
      ...(state.several ? { d0_to: state.d0_to, step: number(state.step) } : {}),
      ...(state.basis === "period" ? { lag_months: number(state.lag_months) } : {}),
      as_of: state.as_of ? new Date(state.as_of).toISOString() : undefined,
      scale: state.scale || undefined, include_system_outcomes: state.include_system_outcomes, initial_auc: number(state.initial_auc), target_rate: number(state.target_rate),
    }, { headers: { "Idempotency-Key": requestKey() } });
    toast("The back-test has started.");
    go(`/validations/${made.id}`);
  };
  return html`<${Header} title="Start a back-test" back=${{ href: "#/validations", label: "Back-tests" }} about="Compares predictions with the outcomes of the twelve months after a first day. It changes nothing." />
    <${Card}>${form({ send, button: "Start", cancel: () => go("/validations") }, (error) => html`
      <h2>Data</h2><div class="form-grid after-small">
        <${Field} label="Predictions" value=${state.kind} onInput=${change("kind")} options=${[{ value: "annual", label: "Annual" }, { value: "quarterly", label: "Quarterly" }]} help="From annual or from quarterly statements." fault=${faultOf(error, "/kind")} />
        <${Field} label="Owner of the predictions" value=${owner} onInput=${change("owner")} options=${owners} help="Predictions are compared with outcomes of the same owner." fault=${faultOf(error, "/access_level") ?? faultOf(error, "/organization_id")} />
        <${Field} label="What counts as a default" value=${state.definition} onInput=${change("definition")} options=${definitionOptions(definitions.value, owner)} help="The shipped models were trained on bankruptcy. With another definition the shift also measures the difference between the definitions." fault=${faultOf(error, "/definition")} />
        <${Field} label="Which prediction counts" value=${state.basis} onInput=${change("basis")} options=${[{ value: "recorded", label: "The one in force on the first day" }, { value: "period", label: "The latest statement on the first day, whenever scored" }]} help="The second option has hindsight: the present model may have been trained on those years. The report says so." fault=${faultOf(error, "/basis")} />
        ${state.basis === "period" && html`<${Field} label="Months until a statement is available" value=${state.lag_months} onInput=${change("lag_months")} inputmode="numeric" help="Counted from the end of its period, 0 to 60." fault=${faultOf(error, "/lag_months")} />`}
      </div>
      <${Field} type="checkbox" label="Include system outcomes" help="Outcomes that the operator recorded for the whole installation." value=${state.include_system_outcomes} onInput=${change("include_system_outcomes")} /><hr /><h2>Windows</h2>
      ${coverage.value && html`<div class=${`notice after-small ${through ? "" : "notice-warn"}`}>${through
        ? html`<p>These outcomes are complete from ${date(coverage.value.complete_from)} to ${date(through)}: the first day can be from ${date(coverage.value.complete_from)} to ${date(latest)}.</p>`
        : html`<p>It is not stated yet for which days these outcomes are complete, so a missing outcome proves nothing. First <a href="#/outcomes">state it under Outcomes</a>.</p>`}</div>`}
      <div class="form-grid after-small">
        <${Field} label="First day (D0)" type="date" value=${d0} onInput=${change("d0")} max=${latest || today()} help="The window is the twelve months after it. Outcomes on the day itself precede the window." fault=${faultOf(error, "/d0")} required />
        ${state.several && html`
          <${Field} label="Further windows until" type="date" value=${state.d0_to} onInput=${change("d0_to")} max=${latest || today()} help="The first day of the last window." fault=${faultOf(error, "/d0_to")} required />
          <${Field} label="Months between first days" value=${state.step} onInput=${change("step")} inputmode="numeric" help="1 to 120. Below 12 the windows overlap, and the report has rates but no tests." fault=${faultOf(error, "/step")} />`}
      </div>
      <${Field} type="checkbox" label="Several windows" help="The default rate of each, and their long-run average." value=${state.several} onInput=${change("several")} /><hr /><details><summary><strong>More</strong> <span class="muted">reference values, and the time of knowledge</span></summary><div class="form-grid after-small">
        <${Field} label="Master scale" value=${state.scale} onInput=${change("scale")} options=${[{ value: "", label: "The shipped scale, 17 grades" }, ...(scales.value ?? []).map((scale) => ({ value: scale.id, label: `${scale.name}@${scale.version}, ${scale.grades.length} grades` }))]} help="The grades for the tests and the movements." fault=${faultOf(error, "/scale")} />
        <${Field} label="AUC at the model's first validation" optional value=${state.initial_auc} onInput=${change("initial_auc")} inputmode="decimal" placeholder="0.82" help="Discrimination has a verdict only with a value to compare with." fault=${faultOf(error, "/initial_auc")} />
        <${Field} label="Target default rate to correct" optional value=${state.target_rate} onInput=${change("target_rate")} inputmode="decimal" placeholder="0.015" help="Without a value, that of the present model." fault=${faultOf(error, "/target_rate")} />
        <${Field} label="As it was known on" optional type="datetime-local" value=${state.as_of} onInput=${change("as_of")} help="Predictions, outcomes and withdrawals after this time are ignored. The same request as of the same time gives the same report." fault=${faultOf(error, "/as_of")} /></div></details>`)}<//>`;
}
