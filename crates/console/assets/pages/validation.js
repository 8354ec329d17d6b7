// A back-test: its progress, its report with the verdict first, and its sign-off.
import { html, useEffect, useState } from "../parts/html.js";
import { download, get, post } from "../parts/api.js";
import { query, setQuery } from "../parts/router.js";
import { isAtLeast, me } from "../parts/session.js";
import { Act, Card, Field, Header, Level, Progress, Segments, Tag, changer, faultOf, form, show, toast, useLoaded } from "../parts/ui.js";
import { count, date, fixed, percent, time, words } from "../parts/format.js";
import { isMoving, useJob } from "../parts/job.js";
import { Person } from "../parts/people.js";
import { Series, WindowReport } from "../parts/report.js";
import { ASSESSMENTS, VERDICTS, VerdictTag } from "../parts/verdict.js";
import { ValidationStatus, windowsOf } from "./validations.js";

/** @typedef {import("../parts/types.js").Schema["ValidationReportWithFigures"]} Validation */
/** @typedef {import("../parts/types.js").Report} Report */
/** @typedef {import("../parts/types.js").WindowFigures} WindowFigures */

/** @param {{ id: string }} props */
export default function ValidationPage({ id }) {
  const loaded = useLoaded((signal) => get(`/validations/${id}`, {}, { signal }), [id]);
  return show(loaded, (v) => {
    const report = /** @type {Report | null} */ (v.report ?? null);
    const isDone = v.status === "completed";
    const name = `back-test-${v.kind}-${v.first_days[0]}`;
    return html`<${Header} title=${`${words(v.kind)} predictions, ${windowsOf(v)}`} back=${{ href: "#/validations", label: "Back-tests" }}
        about=${html`<${ValidationStatus} validation=${v} /> default by <code>${v.definition}</code> · ${v.basis === "period" ? `latest statements, ${v.lag_months} months after their period` : "predictions in force on the first day"} · known by ${time(v.data_as_of)} · <${Level} level=${v.access_level} />`}
        actions=${isDone && html`<${Act} act=${() => download(`/validations/${id}/sample.csv`, {}, "text/csv", `${name}-sample.csv`)}>Sample, CSV<//>
          <${Act} act=${() => download(`/validations/${id}/report.json`, {}, "application/json", `${name}.json`)}>Report, JSON<//>
          <${Act} act=${() => download(`/validations/${id}/report.md`, {}, "text/markdown", `${name}.md`)}>Report, Markdown<//>`} />
      ${!isDone && html`<${Making} id=${id} validation=${v} again=${loaded.again} />`}
      ${isDone && report && html`<${Shown} validation=${v} report=${report}><${SignOff} validation=${v} done=${loaded.again} /><${Identity} validation=${v} report=${report} /><//>`}`;
  }, 14, { href: "#/validations", label: "Back-tests" });
}

/** A report that is in progress or failed. @param {{ id: string, validation: Validation, again: () => void }} props */
function Making({ id, validation, again }) {
  const job = useJob(id);
  const status = job.value?.status ?? validation.status;
  const isOver = !isMoving({ status });
  useEffect(() => { if (isOver && status !== validation.status) again(); }, [isOver]);
  const message = validation.error_message ?? job.value?.error_message;
  if (isMoving({ status })) {
    return html`<${Card} title=${status === "pending" ? "Waiting" : "In progress"} actions=${html`<${Act} tone="danger" disabled=${Boolean(job.value?.cancel_requested_at)} act=${async () => job.set(await post(`/bulk-uploads/${id}/cancel`))}>Cancel<//>`}>
      <${Progress} value=${job.value?.processed_rows ?? 0} max=${job.value?.total_rows || 1} label="Progress of the back-test" /><p class="small muted after-small" role="status">Histories are read company by company. The report appears on this page when it is completed.</p><//>`;
  }
  return html`<div class="notice notice-bad" role="alert"><strong>${status === "cancelled" ? "The back-test was cancelled" : "The back-test failed"}</strong><p>${message ?? "Nothing was stored."}</p>
    <${Act} act=${async () => { job.set(await post(`/bulk-uploads/${id}/retry`)); toast("The job continues."); }}>Try again<//></div>`;
}

const SEVERITY = Object.keys(VERDICTS);

/** @param {{ validation: Validation, report: Report, children: import("../parts/types.js").View }} props */
function Shown({ validation, report, children }) {
  const wanted = query.value.get("window");
  // By default the latest window with the worst verdict, which determines the verdict of the report.
  const worst = report.windows.reduce((/** @type {WindowFigures | null} */ found, one) => (found && SEVERITY.indexOf(found.verdicts.overall) > SEVERITY.indexOf(one.verdicts.overall) ? found : one), null);
  const shown = report.windows.find((one) => one.first_day === wanted) ?? worst;
  const verdict = validation.verdict ?? "undetermined";
  return html`<section class=${`banner banner-${verdict}`} aria-label="Verdict"><p class="banner-word"><span aria-hidden="true">${VERDICTS[verdict].mark}</span> ${VERDICTS[verdict].word}</p>
      <div><p>${VERDICTS[verdict].says}</p>${shown && html`<p><${Sentence} window=${shown} /></p>`}</div></section>
    ${report.notes.length > 0 && html`<div class="notice"><ul>${report.notes.map((note, at) => html`<li key=${at}>${note}</li>`)}</ul></div>`}
    ${report.series.rates.length > 1 && html`<${Series} series=${report.series} chosen=${shown?.first_day ?? ""} />`}
    ${report.windows.length > 1 && html`<div class="row after"><${Segments} label="Window" options=${report.windows.map((one) => ({ value: one.first_day, label: `${date(one.first_day)} ${VERDICTS[one.verdicts.overall].mark}` }))} value=${shown?.first_day ?? ""} onChange=${(/** @type {string} */ value) => setQuery({ window: value })} /></div>`}
    ${shown ? html`<${WindowReport} key=${shown.first_day} window=${shown} reference=${report.parameters.reference}>${children}<//>` : html`<div class="stack after"><${Card}><p class="muted">Overlapping windows count a default more than once, so there are rates but no tests.</p><//>${children}</div>`}`;
}

/** The window in one sentence. @param {{ window: import("../parts/types.js").WindowFigures }} props */
function Sentence({ window: w }) {
  const test = w.predictive_ability.portfolio;
  const shift = w.calibration.shift;
  if (!test) return html`No company is in the sample.`;
  return html`Of ${count(test.companies)} companies ${count(test.defaults)} defaulted: ${percent(test.rate)}, where a mean PD of ${percent(test.pd)} was predicted.${shift ? ` The odds of a default were ${fixed(shift.odds_ratio, 2)} times those predicted (95 %: ${fixed(Math.exp(shift.delta.from), 2)} to ${fixed(Math.exp(shift.delta.to), 2)}).` : ""}`;
}

/** @param {{ validation: Validation, done: () => void }} props */
function SignOff({ validation: v, done }) {
  const [state, set] = useState({ assessment: "1", comment: "" });
  const change = changer(set);
  const send = async () => {
    await post(`/validations/${v.id}/sign-off`, { assessment: Number(state.assessment), comment: state.comment });
    toast("Signed off.");
    done();
  };
  if (v.assessment) {
    return html`<${Card} title="Sign-off"><p><${Tag} tone=${v.assessment < 3 ? "good" : "bad"}>${ASSESSMENTS[v.assessment]}<//></p><p class="after-small">${v.comment}</p>
      <p class="small muted after-small">By <${Person} id=${v.signed_off_by ?? ""} other="another administrator" />, ${time(v.signed_off_at)}. It is final.</p><//>`;
  }
  const why = v.created_by === me.value?.id ? "You requested this report, so someone else signs it off: four eyes."
    : isAtLeast(v.access_level === "system" ? "super_admin" : "org_admin") ? "" : "An administrator who did not request the report signs it off.";
  return html`<${Card} title="Sign-off" about="Once, by an administrator who did not request the report.">${why
    ? html`<p class="muted">${why}</p>`
    : form({ send, button: "Sign off" }, (error) => html`
      <${Field} label="Assessment" value=${state.assessment} onInput=${change("assessment")} options=${Object.entries(ASSESSMENTS).map(([value, label]) => ({ value, label }))} fault=${faultOf(error, "/assessment")} />
      <${Field} label="Comment" rows=${3} value=${state.comment} onInput=${change("comment")} help="Your findings and their consequences." fault=${faultOf(error, "/comment")} required />`)}<//>`;
}

/** @param {{ validation: Validation, report: Report | null }} props */
const Identity = ({ validation: v, report }) => html`<${Card} title="Made from"><dl class="facts">
  <dt>Asked for</dt><dd>${time(v.created_at)}, by <${Person} id=${v.created_by} other="another user" /></dd><dt>Completed</dt><dd>${time(v.completed_at)}, by AccuNode ${v.code_version}</dd>
  <dt>Outcomes complete through</dt><dd>${date(report?.parameters.complete_through)}${v.include_system_outcomes ? "; system outcomes included" : ""}</dd>
  <dt>Trained on</dt><dd><code>${v.label}</code></dd><dt>Master scale</dt><dd><code>${v.scale}</code></dd><dt>Target default rate</dt><dd>${percent(v.target_rate)}</dd>
  <dt>SHA-256 of the sample</dt><dd><code>${v.sample_sha256}</code></dd><dt>SHA-256 of the report</dt><dd><code>${v.report_sha256}</code></dd></dl><//>`;
