// One upload: live progress, outcomes by kind, failed rows with the reason at each cell.
import { html, useEffect, useState } from "../parts/html.js";
import { get, post, remove, request, download, requestKey } from "../parts/api.js";
import { go, href, query, setQuery, unsaved } from "../parts/router.js";
import { Act, Card, Empty, Header, Pager, Progress, Tag, ask, toast, useLoaded, show, table, onText } from "../parts/ui.js";
import { bytes, count, duration, time, words, LEVELS } from "../parts/format.js";
import { isMoving, useJob } from "../parts/job.js";
import { mayChange } from "../parts/session.js";
import { UploadStatus } from "../parts/upload_status.js";
import { firstRows, line } from "../parts/csv.js";

/** @param {{ id: string }} props */
export default function Upload({ id }) {
  const loaded = useJob(id);
  const validation = loaded.value?.validation_id;
  useEffect(() => { if (validation) location.replace(`#/validations/${validation}`); }, [validation]);
  return show(loaded, (job) => html`
    <${Header} title=${job.original_filename} back=${{ href: "#/uploads", label: "Uploads" }} about=${html`<${UploadStatus} job=${job} /> ${words(job.job_type)}${job.file_size ? ` · ${bytes(job.file_size)}` : ""} · ${time(job.created_at)} · seen by: ${LEVELS[job.access_level]}`} actions=${html`<${Actions} job=${job} set=${loaded.set} />`} />
    ${isMoving(job) && html`<${Card} title=${job.status === "pending" ? "Waiting for its turn" : "Being worked on"}><${Progress} value=${job.processed_rows} max=${job.total_rows ?? 0} label="Rows done" />
      <p class="row-between small muted after-small" role="status"><span>${count(job.processed_rows)}${job.total_rows ? ` of ${count(job.total_rows)} rows` : " rows"}</span><span>${job.rows_per_second ? `${count(Math.round(job.rows_per_second))} rows a second` : ""}${job.eta_seconds ? ` · about ${duration(job.eta_seconds)} left` : ""}</span></p><//><br />`}
    ${job.status === "failed" && html`<div class="notice notice-bad" role="alert"><strong>The file could not be worked on</strong><p>${job.error_message ?? job.error_code}</p></div>`}
    <dl class="figures">
      <div class="figure"><dt>Created</dt><dd>${count(job.success_count)}</dd></div>
      <div class="figure"><dt>Updated</dt><dd>${count(job.updated_count)}</dd></div>
      <div class="figure"><dt>Skipped</dt><dd>${count(job.skipped_count)}</dd></div>
      <div class="figure"><dt>Failed</dt><dd class=${job.error_count ? "up" : ""}>${count(job.error_count)}</dd></div>
      <div class="figure"><dt>Rows</dt><dd>${count(job.total_rows ?? job.processed_rows)}</dd></div>
    </dl>
    ${job.warnings.length > 0 && html`<div class="notice notice-warn"><strong>${job.warnings.length === 1 ? "A remark on the file" : `${job.warnings.length} remarks on the file`}</strong><ul>${job.warnings.map((warning, /** @type {number} */ at) => html`<li key=${at}>${sentence(warning.detail)}${warning.columns.every((name) => warning.detail.includes(name)) ? "" : html` <span class="small">Columns: ${warning.columns.join(", ")}.</span>`}</li>`)}</ul></div>`}
    ${!isMoving(job) && html`<div class="stack">${job.error_count > 0 && html`<${Failed} job=${job} />`}<${Rows} job=${job} /></div>`}
    ${(job.log ?? []).length > 0 && html`<${Card} class="card-flush after" title="Log">${table({ caption: "Log of the job", rowKey: (l) => `${l.at} ${l.event}`, rows: job.log ?? [], columns: [
      { key: "a", label: "When", cell: (l) => html`<span class="nowrap">${time(l.at)}</span>` },
      { key: "e", label: "Event", cell: (l) => html`<${Tag} tone=${{ completed: "good", failed: "bad", attempt_failed: "warn", cancelled: "warn" }[/** @type {"failed"} */ (l.event)] ?? ""}>${EVENTS[l.event]}<//>` },
      { key: "n", label: "Attempt", number: true, cell: (l) => count(l.attempt) },
      { key: "r", label: "At row", number: true, cell: (l) => count(l.row) },
      { key: "d", label: "Details", cell: (l) => html`<div class="name-cell">${l.detail ?? l.code ?? "–"}</div>` }] })}<//>`}
    <${Card} title="How it was read" class="after"><dl class="facts"><dt>Columns</dt><dd>${job.columns.length ? job.columns.join(", ") : "–"}</dd>${job.options.sheet && html`<dt>Sheet</dt><dd>${job.options.sheet}</dd>`}${job.job_type !== "outcomes" && html`<dt>Shares given in</dt><dd>${{ fraction: "fractions (0.25)", percent: "percent (25)" }[job.options.ratio_unit]}${job.options.units ? `, ${job.options.units}` : ""}</dd><dt>Decimals separated by</dt><dd>${job.options.decimal ? `a ${job.options.decimal}` : "what the file shows"}</dd><dt>Periods that were there already</dt><dd>${{ error: "reported as failed rows", skip: "left as they were", update: "replaced" }[job.options.on_conflict]}</dd>`}<dt>Started, ended</dt><dd>${time(job.started_at)}, ${time(job.completed_at)}</dd>${job.file_sha256 && html`<dt>SHA-256</dt><dd><code>${job.file_sha256}</code></dd>`}</dl><//>`, 10, { href: "#/uploads", label: "Uploads" });
}

/** A remark as a sentence; a column's name at its beginning stays as it is. @param {string} text */
const sentence = (text) => `${/^[a-z]+ /.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text}.`;

/** @type {Record<import("../parts/types.js").Schema["JobEvent"], string>} */
const EVENTS = { taken: "Started", attempt_failed: "Attempt failed", released: "Interrupted", cancel_requested: "Cancelling", continued: "Continued", completed: "Completed", failed: "Failed", cancelled: "Cancelled" };

/** @param {{ job: Job, set: (job: Job) => void }} props */
function Actions({ job, set }) {
  const at = /** @type {const} */ (`/bulk-uploads/${String(job.id)}`);
  if (isMoving(job)) return mayChange(job) && html`<${Act} tone="danger" disabled=${Boolean(job.cancel_requested_at)} act=${async () => set(await post(`${at}/cancel`))}>${job.cancel_requested_at ? "Cancelling…" : "Cancel"}<//>`;
  const undo = async () => {
    if (!(await ask({ title: "Undo this upload?", text: job.job_type === "outcomes" ? `The ${count(job.success_count)} outcomes that it recorded are withdrawn, with that as the reason.` : `The upload and the ${count(job.success_count)} predictions that it made are removed. Predictions that it replaced stay as they are now.`, button: "Undo the upload" }))) return;
    await remove(at, { predictions: "delete" });
    toast("The upload is undone.");
    go("/uploads");
  };
  return html`${job.job_type === "outcomes" ? html`<a class="button" href="#/outcomes">Outcomes</a>` : html`<a class="button" href=${href("/predictions", { kind: job.job_type, job_id: job.id })}>Its predictions</a>`}
    ${mayChange(job) && ["failed", "cancelled"].includes(job.status) && html`<${Act} act=${async () => { set(await post(`${at}/retry`)); toast("The job continues."); }}>Retry<//>`}
    ${mayChange(job) && !job.options.dry_run && job.success_count > 0 && html`<${Act} tone="danger" act=${undo}>Undo<//>`}`;
}

/** The rows that were not simply stored. @param {{ job: Job }} props */
function Rows({ job }) {
  const status = query.value.get("status") || (job.skipped_count ? "skipped" : job.updated_count ? "updated" : "ok");
  const cursor = query.value.get("cursor") || "";
  const page = useLoaded((signal) => get(`/bulk-uploads/${job.id}/rows`, { status, cursor, limit: 50 }, { signal }), [job.id, job.status, status, cursor]);
  const kinds = /** @type {[string, string, number][]} */ ([["skipped", "Skipped", job.skipped_count], ["updated", "Updated", job.updated_count], ...(job.options.dry_run ? [["ok", "Fine", job.success_count]] : [])]).filter(([, , n]) => n);
  if (!kinds.length && job.error_count) return null;
  if (!kinds.length) return html`<${Card}><${Empty} title="Every row was stored" action=${job.job_type === "outcomes" ? html`<a class="button" href="#/outcomes">Look at the outcomes</a>` : html`<a class="button" href=${href("/predictions", { kind: job.job_type, job_id: job.id })}>Look at the predictions</a>`}>Nothing failed and nothing was skipped.<//><//>`;
  return html`<${Card} class="card-flush" title="Other rows"
    actions=${html`${kinds.length > 1 && html`<div class="segments" role="group" aria-label="Outcome">${kinds.map(([value, label, n]) => html`<button key=${value} aria-pressed=${value === status ? "true" : "false"} onClick=${() => setQuery({ status: value, cursor: "", trail: "" })}>${label} ${count(n)}</button>`)}</div>`}
      <${Act} act=${() => download(`/bulk-uploads/${job.id}/rows`, { status }, "text/csv", `${status || "rows"}-${job.original_filename.replace(/\.(csv|xlsx|csv\.gz)$/i, "")}.csv`)}>Download CSV<//>
`}>
    ${show(page, (value) => (value.data.length ? html`${table({ caption: "Rows", isTall: value.data.length > 12, rowKey: (r) => r.row, rows: value.data, columns: [
      { key: "row", label: "Row", number: true, cell: (r) => count(r.row) },
      { key: "cell", label: "Column", hide: !value.data.some((r) => faults(r).length), cell: (r) => html`<${Cells} row=${r} />` },
      { key: "why", label: "Reason", cell: (r) => html`<${Reasons} row=${r} />` },
      { key: "to", label: "", cell: (r) => (r.prediction_id ? html`<a href=${`#/predictions/${job.job_type}/${r.prediction_id}`}>Prediction</a>` : null) },
    ] })}<${Pager} page=${value} query=${query.value} set=${setQuery} />` : html`<${Empty} title="No such rows">Choose another outcome.<//>`), 6)}<//>`;
}

/** @typedef {import("../parts/job.js").Job} Job */
/** @typedef {import("../parts/types.js").Schema["BulkUploadRow"]} Row */

const faults = (/** @type {Row} */ row) => row.problem?.errors ?? [];
const columnOf = (/** @type {{ pointer: string }} */ fault) => fault.pointer.split("/").filter(Boolean).at(-1) ?? "";
/** @param {{ row: Row }} props */
const Cells = ({ row }) => html`<div class="stack-small">${faults(row).map((f, at) => html`<div key=${at}><${Tag} tone="bad">${columnOf(f) || "row"}<//></div>`)}</div>`;
/** @param {{ row: Row }} props */
const Reasons = ({ row }) => html`<div class="stack-small">${faults(row).length ? faults(row).map((f, at) => html`<div key=${at}>${f.detail}</div>`) : row.problem?.detail ?? words(row.status)}</div>`;

/** The most failed rows that can be corrected here; more must be downloaded. */
const EDITABLE = 200;

/** The failed rows as they were sent, with the reason at each cell, for correction and resending. @param {{ job: Job }} props */
function Failed({ job }) {
  const aliases = Object.fromEntries(job.warnings.flatMap((warning) => { const found = /"(.+)" was read as (\w+)/.exec(warning.detail); return found ? [[found[2], found[1]]] : []; }));
  const loaded = useLoaded(async (signal) => {
    const answer = await request("GET", `/bulk-uploads/${job.id}/rows`, { query: { status: "error" }, headers: { Accept: "text/csv" }, signal });
    const { rows } = firstRows(await answer.text(), EDITABLE + 1);
    const [head, ...cells] = rows.map((row) => row.map((cell) => cell.replace(/^'(?=[=+\-@])/, "")));
    return { head: head.slice(0, -1), rows: cells.map((row) => ({ cells: row.slice(0, -1), faults: reasons(row.at(-1) ?? "", head, aliases) })) };
  }, [job.id, job.status]);
  const [changes, setChanges] = useState(/** @type {Record<string, string>} */ ({}));
  const resend = async () => {
    if (!loaded.value) return;
    const { head, rows } = loaded.value;
    const text = [line(head), ...rows.map((row, /** @type {number} */ at) => line(row.cells.map((/** @type {string} */ cell, /** @type {number} */ of) => changes[`${at}.${of}`] ?? cell)))].join("\n") + "\n";
    const data = new FormData();
    data.append("job_type", job.job_type);
    data.append("access_level", job.access_level);
    if (job.organization_id) data.append("organization_id", job.organization_id);
    const { on_conflict, ratio_unit, other_company, units, decimal } = job.options;
    if (job.job_type !== "outcomes") for (const [key, value] of Object.entries({ on_conflict, ratio_unit, other_company, units, decimal })) if (value) data.append(key, value);
    const name = job.original_filename.replace(/(\.csv)?(\.gz)?(\.xlsx)?$/i, "").replace(/-corrected$/, "");
    data.append("file", new File([text], `${name}-corrected.csv`, { type: "text/csv" }));
    const sent = await (await request("POST", "/bulk-uploads", { form: data, headers: { "Idempotency-Key": requestKey() } })).json();
    unsaved.value = false;
    toast("The corrected rows are on their way.");
    go(`/uploads/${sent.id}`);
  };
  const change = (/** @type {string} */ key, /** @type {string} */ value) => { unsaved.value = true; setChanges((now) => ({ ...now, [key]: value })); };
  useEffect(() => () => { unsaved.value = false; }, []);
  return html`<${Card} class="card-flush" title="Failed rows" about="As they came. Correct them here and send only these again, or download them." actions=${html`
      <${Act} act=${() => download(`/bulk-uploads/${job.id}/rows`, { status: "error" }, "text/csv", `failed-${job.original_filename.replace(/\.\w+$/, "")}.csv`)}>Download CSV<//>
      <${Act} tone="primary" disabled=${!loaded.value} act=${resend}>Resend corrected rows<//>`}>
    ${show(loaded, ({ head, rows }) => html`<div class="table-wrap" tabindex="0" role="region" aria-label="Failed rows"><table class="sheet">
      <thead><tr><th scope="col">Reason</th>${inOrder(head, rows).map((of) => html`<th key=${of} scope="col">${head[of]}</th>`)}</tr></thead>
      <tbody>${rows.map((row, at) => html`<tr key=${at}>
        <td class="why">${row.faults.map((f, n) => html`<div key=${n}>${f.column && html`<strong>${f.column}</strong>: `}${f.text}</div>`)}</td>
        ${inOrder(head, rows).map((of) => { const cell = row.cells[of] ?? ""; const bad = row.faults.some((f) => f.column === head[of]); return html`<td key=${of} class=${bad ? "cell-bad" : ""}>
          <input size=${Math.min(32, Math.max(8, cell.length))} value=${changes[`${at}.${of}`] ?? cell} aria-label=${`${head[of]}, failed row ${at + 1}`} aria-invalid=${bad ? "true" : null} onInput=${onText((text) => change(`${at}.${of}`, text))} /></td>`; })}</tr>`)}</tbody></table></div>
      ${job.error_count > rows.length && html`<p class="pad muted">The first ${count(rows.length)} of ${count(job.error_count)}. Download the file to correct all of them.</p>`}`, 6)}<//>`;
}

/** The order in which columns are shown: the company, then columns with faults, then the others. They are sent in their original order.
 * @param {string[]} head @param {{ faults: { column: string }[] }[]} rows */
function inOrder(head, rows) {
  const wrong = new Set(rows.flatMap((row) => row.faults.map((fault) => fault.column)));
  const rank = (/** @type {number} */ of) => (of === 0 ? 0 : wrong.has(head[of]) ? 1 : 2);
  return head.map((_, of) => of).sort((a, b) => rank(a) - rank(b) || a - b);
}

/** The reasons of a row, by column of the file. @param {string} text @param {string[]} head @param {Record<string, string>} aliases */
function reasons(text, head, aliases) {
  return text.split("; ").filter(Boolean).map((part) => {
    const [known, ...rest] = part.split(": ");
    const column = aliases[known] ?? known;
    return rest.length && head.includes(column) ? { column, text: rest.join(": ") } : { column: "", text: part };
  });
}
