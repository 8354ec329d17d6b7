// Back-tests: comparisons of predictions with outcomes, and their results.
import { html, useEffect } from "../parts/html.js";
import { download, get } from "../parts/api.js";
import { query, setQuery } from "../parts/router.js";
import { Act, Card, Empty, Header, Level, Pager, Tag, show, table, useLoaded } from "../parts/ui.js";
import { LEVELS, ago, count, date, words } from "../parts/format.js";
import { ASSESSMENTS, VERDICT_OPTIONS, VerdictTag } from "../parts/verdict.js";
import { isMoving } from "../parts/job.js";
import { Choice, filtersOf } from "./companies.js";

/** @typedef {import("../parts/types.js").Schema["ValidationReport"]} Validation */

const NAMES = /** @type {const} */ (["kind", "status", "verdict", "is_signed_off", "access_level"]);

/** The windows in words. @param {Pick<Validation, "first_days">} validation */
export const windowsOf = ({ first_days: days }) => (days.length === 1 ? `12 months after ${date(days[0])}` : `${days.length} windows from ${date(days[0])} to ${date(days.at(-1))}`);

export default function Validations() {
  const filters = filtersOf(NAMES);
  const cursor = query.value.get("cursor") || "";
  const page = useLoaded((signal) => get("/validations", { ...filters, cursor, limit: 25 }, { signal }), [JSON.stringify(filters), cursor]);
  const moves = page.value?.data.some(isMoving) ?? false;
  useEffect(() => {
    if (!moves) return undefined;
    const timer = setInterval(page.again, 3000);
    return () => clearInterval(timer);
  }, [moves]);
  const start = html`<a class="button button-primary" href="#/validations/new">Start a back-test</a>`;
  return html`<${Header} title="Back-tests" about="Predictions compared with the outcomes of the following twelve months." actions=${html`
      <${Act} act=${() => download("/validations", filters, "text/csv", "back-tests.csv")}>Download CSV<//>${start}`} />
    <div class="filters"><${Choice} name="verdict" label="Verdict" options=${VERDICT_OPTIONS} /><${Choice} name="kind" label="Kind" options=${[{ value: "annual", label: "Annual" }, { value: "quarterly", label: "Quarterly" }]} />
      <${Choice} name="status" label="Status" options=${["pending", "processing", "completed", "failed", "cancelled"].map((value) => ({ value, label: words(value) }))} />
      <${Choice} name="is_signed_off" label="Sign-off" options=${[{ value: "true", label: "Signed off" }, { value: "false", label: "Open" }]} />
      <${Choice} name="access_level" label="Seen by" options=${Object.entries(LEVELS).map(([value, label]) => ({ value, label }))} /></div>
    <${Card} class="card-flush">${show(page, (value) => (value.data.length ? html`${table({ caption: "Back-tests", rows: value.data, columns: [
      { key: "what", label: "Back-test", cell: (r) => html`<div class="name-cell"><a href=${`#/validations/${r.id}`}>${words(r.kind)}, ${windowsOf(r)}</a><span class="sub">${r.definition} · ${r.basis === "period" ? "by statements, with hindsight" : "as recorded"}</span></div>` },
      { key: "verdict", label: "Verdict", cell: (r) => (r.status === "completed" ? html`<${VerdictTag} value=${r.verdict} />` : html`<${ValidationStatus} validation=${r} />`) },
      { key: "rows", label: "Companies", number: true, cell: (r) => count(r.sample_rows) },
      { key: "sign", label: "Sign-off", cell: (r) => (r.assessment ? html`<${Tag} tone=${r.assessment < 3 ? "good" : "bad"}>${ASSESSMENTS[r.assessment]}<//>` : html`<span class="muted">open</span>`) },
      { key: "level", label: "Seen by", cell: (r) => html`<${Level} level=${r.access_level} />` },
      { key: "at", label: "When", cell: (r) => html`<span class="nowrap">${ago(r.created_at)}</span>` },
    ] })}<${Pager} page=${value} query=${query.value} set=${setQuery} />`
      : NAMES.some((name) => filters[name])
        ? html`<${Empty} title="No back-test matches" action=${html`<a class="button" href="#/validations">Clear filters</a>`}>Widen a filter.<//>`
        : html`<${Empty} title="No back-tests yet" action=${start}>Record <a href="#/outcomes">outcomes</a>, state for which days they are complete, and start a back-test.<//>`), 8)}<//>`;
}

/** @type {Record<string, string>} */
const TONES = { pending: "accent", processing: "accent", completed: "good", failed: "bad", cancelled: "warn" };
/** @param {{ validation: Pick<Validation, "status"> }} props */
export const ValidationStatus = ({ validation }) => html`<${Tag} tone=${TONES[validation.status]}>${words(validation.status)}<//>`;
