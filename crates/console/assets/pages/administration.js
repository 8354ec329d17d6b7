// The installation, for its operator: health, stored data, statistics of the database,
// and maintenance.
import { html, useEffect, useState } from "../parts/html.js";
import { get, post } from "../parts/api.js";
import { query, setQuery } from "../parts/router.js";
import { Card, Dialog, Empty, Field, Header, Pager, Tabs, Tag, form, show, table, toast, useLoaded } from "../parts/ui.js";
import { Person } from "../parts/people.js";
import { ago, bytes, count, duration, percent, time, words } from "../parts/format.js";

/** @typedef {import("../parts/types.js").Schema} Schema */
/** @typedef {Schema["MaintenanceRun"]} Run */

const ROOT = new URL("./", location.href);
/** Fetches a path outside the versioned API. @param {string} path */
const plain = async (path) => (await fetch(new URL(path, ROOT), { headers: { Accept: "application/json" } })).json();
/** Repeats a request at an interval in milliseconds. @param {() => void} again @param {number} every */
function useEvery(again, every) {
  useEffect(() => { const timer = setInterval(again, every); return () => clearInterval(timer); }, []);
}

const TABS = [["", "Health"], ["database", "Database"], ["maintenance", "Maintenance"], ["organizations", "Organizations"]];

export default function Administration() {
  const tab = query.value.get("tab") || "";
  const version = useLoaded(async () => /** @type {Schema["Version"]} */ (await plain("version")), []);
  return html`<${Header} title="Administration" about=${version.value ? `The installation, AccuNode ${version.value.version}` : "The installation"} />
    <${Tabs} label="Parts of the administration" tabs=${TABS} value=${tab} to=${(/** @type {string} */ value) => (value ? `#/administration?tab=${value}` : "#/administration")} />
    ${tab === "" && html`<${Health} />`}
    ${tab === "database" && html`<${Database} />`}
    ${tab === "maintenance" && html`<${Maintenance} />`}
    ${tab === "organizations" && html`<${Organizations} />`}`;
}

/** @type {Record<string, string>} */
const READY_TONES = { ok: "good", degraded: "warn" };

function Health() {
  const ready = useLoaded(async () => /** @type {Schema["Readiness"]} */ (await plain("health/ready")), []);
  const jobs = useLoaded((signal) => get("/admin/monitoring/jobs", {}, { signal }), []);
  const stats = useLoaded((signal) => get("/admin/stats", { limit: 1 }, { signal }), []);
  useEvery(() => { ready.again(); jobs.again(); stats.again(); }, 10_000);
  return html`${show(jobs, (j) => html`<dl class="figures">
      <div class="figure"><dt>Waiting</dt><dd>${count(j.by_status.pending)}</dd><dd class="note">${j.by_status.pending ? `the oldest for ${duration(j.oldest_pending_seconds)}` : "nothing waits"}</dd></div>
      <div class="figure"><dt>Being worked on</dt><dd>${count(j.by_status.processing)}</dd><dd class="note">${j.by_status.processing ? `the oldest for ${duration(j.oldest_processing_seconds)}` : "no worker is busy"}</dd></div>
      <div class="figure"><dt>Failed, last day</dt><dd class=${j.failed_last_day ? "up" : ""}>${count(j.failed_last_day)}</dd><dd class="note">${count(j.by_status.failed)} ever</dd></div>
      <div class="figure"><dt>Rows, last day</dt><dd>${count(j.rows_last_day)}</dd><dd class="note">of uploads that ended</dd></div>
      <div class="figure"><dt>Leases that ran out</dt><dd class=${j.expired_leases ? "up" : ""}>${count(j.expired_leases)}</dd><dd class="note">the next free worker takes them</dd></div></dl>`, 3)}
    <div class="grid">
      <${Card} class="span-6" title="Readiness" about="Asked every ten seconds">${show(ready, (r) => html`<p><${Tag} tone=${READY_TONES[r.status] ?? "bad"}>${r.status === "ok" ? "ready" : r.status ?? "not ready"}<//></p>
        ${(r.degraded ?? []).map((d) => html`<div class="notice notice-warn after" key=${d.check}><strong>${words(d.check)}</strong><p>${d.detail}, since ${time(d.since)}</p></div>`)}
        ${(r.low_disks ?? []).map((d) => html`<div class="notice notice-bad after" key=${d.volume}><strong>Disk ${d.volume}</strong><p>${bytes(d.free_bytes)} free, ${bytes(d.min_free_bytes)} are needed</p></div>`)}
        ${(r.refused_models ?? []).map((m) => html`<div class="notice notice-bad after" key=${m.folder}><strong>Model ${m.folder}</strong><p>${m.reason}</p></div>`)}
        ${!(r.degraded?.length || r.low_disks?.length || r.refused_models?.length) && html`<p class="muted after-small">Database, files and models answer; no disk is low.</p>`}
        <p class="small muted after-small">Metrics for Prometheus: <code>/metrics</code>, at the address that the operator named.</p>`, 3)}<//>
      <${Card} class="span-6 card-flush" title="Concurrent work now" about="Of the process that answered; the limit is for each tenant">${show(stats, (s) => table({ caption: "Concurrent work", rowKey: (r) => r.name, rows: Object.entries(s.at_once).map(([name, work]) => ({ name, ...work })), columns: [
        { key: "n", label: "Kind", cell: (w) => words(w.name) }, { key: "r", label: "Running", number: true, cell: (w) => count(w.running) },
        { key: "m", label: "Limit", number: true, cell: (w) => w.max ?? "no limit" }, { key: "x", label: "Refused", number: true, cell: (w) => count(w.refused) }] }), 4)}<//>
      <${Card} title="At the machine"><p>What no page does, because it needs the machine:</p><ul class="plain-list after-small"><li><code>accunode backup</code>, <code>accunode restore</code></li><li><code>accunode maintain rebuild-rollups</code>, where the sums of dashboards were found wrong</li><li><code>accunode maintain audit-drop --keep-days 400</code>, which drops archived months of the audit log</li><li><code>accunode migrate status</code></li></ul><//>
    </div>`;
}

function Database() {
  const pool = useLoaded((signal) => get("/admin/monitoring/pool", {}, { signal }), []);
  const slow = useLoaded((signal) => get("/admin/monitoring/slow-queries", {}, { signal }), []);
  const tables = useLoaded((signal) => get("/admin/monitoring/tables", {}, { signal }), []);
  const indexes = useLoaded((signal) => get("/admin/monitoring/indexes", {}, { signal }), []);
  useEvery(pool.again, 10_000);
  return html`${show(pool, (p) => html`<dl class="figures">
      <div class="figure"><dt>Connections</dt><dd>${count(Object.values(p.by_state).reduce((sum, n) => sum + n, 0))}</dd><dd class="note">of ${count(p.max_connections - p.reserved_connections)} that may be</dd></div>
      <div class="figure"><dt>Active</dt><dd>${count(p.by_state.active ?? 0)}</dd><dd class="note">${count(p.by_state.idle ?? 0)} idle</dd></div>
      <div class="figure"><dt>Waiting for a lock</dt><dd class=${p.waiting_for_locks ? "up" : ""}>${count(p.waiting_for_locks)}</dd></div>
      <div class="figure"><dt>Oldest transaction</dt><dd>${p.oldest_transaction_seconds ? duration(p.oldest_transaction_seconds) : "none"}</dd></div></dl>
    <div class="grid"><${Card} class="span-6 card-flush" title="Pools" about="Of the process that answered">${table({ caption: "Pools", rowKey: (r) => r.name, rows: Object.entries(p.pools).map(([name, one]) => ({ name, ...one })), columns: [
        { key: "n", label: "Pool", cell: (r) => words(r.name) }, { key: "o", label: "Open", number: true, cell: (r) => count(r.open) }, { key: "i", label: "Idle", number: true, cell: (r) => count(r.idle) },
        { key: "m", label: "At most", number: true, cell: (r) => count(r.max) }, { key: "x", label: "Refused", number: true, cell: (r) => (r.refused ? html`<strong class="up">${count(r.refused)}</strong>` : "0") }] })}<//>
      <${Card} class="span-6 card-flush" title="Slow statements" about="Those that take a second or longer on average">${show(slow, (list) => (list.data.length ? table({ caption: "Slow statements", rowKey: (r) => r.query, rows: list.data, columns: [
        { key: "q", label: "Statement", cell: (r) => html`<code class="clamp" title=${r.query}>${r.query}</code>` }, { key: "c", label: "Calls", number: true, cell: (r) => count(r.calls) },
        { key: "m", label: "Mean", number: true, cell: (r) => `${count(Math.round(r.mean_ms))} ms` }, { key: "t", label: "Altogether", number: true, cell: (r) => duration(r.total_ms / 1000) }] }) : html`<p class="muted pad">None. Without the extension pg_stat_statements nothing is counted.</p>`), 3)}<//></div>`, 6)}
    <div class="stack after">
      <${Card} class="card-flush" title="Tables" about="The largest first. Rows are PostgreSQL's estimates">${show(tables, (list) => table({ caption: "Tables", isTall: true, rowKey: (r) => r.table, rows: list.data, columns: [
        { key: "t", label: "Table", cell: (r) => html`<code>${r.table}</code>` }, { key: "b", label: "Size", number: true, cell: (r) => bytes(r.bytes) }, { key: "i", label: "Of it indexes", number: true, cell: (r) => bytes(r.index_bytes) },
        { key: "l", label: "Rows", number: true, cell: (r) => count(r.live_rows) }, { key: "d", label: "Dead", number: true, cell: (r) => (r.dead_share > 0.2 ? html`<strong class="up">${percent(r.dead_share)}</strong>` : percent(r.dead_share)) },
        { key: "s", label: "Read in full", number: true, cell: (r) => count(r.sequential_scans) }, { key: "v", label: "Vacuumed", cell: (r) => html`<span class="nowrap">${ago(r.vacuumed_at)}</span>` }, { key: "a", label: "Analyzed", cell: (r) => html`<span class="nowrap">${ago(r.analyzed_at)}</span>` }] }))}<//>
      <${Card} class="card-flush" title="Indexes" about="Those that are read least first">${show(indexes, (list) => table({ caption: "Indexes", isTall: true, rowKey: (r) => r.index, rows: list.data, columns: [
        { key: "i", label: "Index", cell: (r) => html`<code>${r.index}</code><span class="sub">${r.table}</span>` }, { key: "s", label: "Size", number: true, cell: (r) => bytes(r.bytes) }, { key: "n", label: "Reads", number: true, cell: (r) => count(r.scans) },
        { key: "f", label: "Remarks", cell: (r) => html`<span class="row">${!r.is_valid && html`<${Tag} tone="bad">not finished<//>`}${r.is_unique && html`<${Tag}>guards a key<//>`}${r.is_unused && html`<${Tag} tone="warn">hardly used<//>`}</span>` }] }))}<//></div>`;
}

/** The description of each task. @type {Record<Schema["MaintenanceTask"], string>} */
const TASKS = {
  audit_partitions: "Makes the audit log's partitions three months ahead.",
  clean_up: "Deletes what has expired: kept answers, login challenges, tokens of mails, invitations.",
  sweep_files: "Removes files that no upload speaks of.",
  audit_archive: "Writes old months of the audit log into the archive.",
  rollup_check: "Compares the dashboards' sums with the predictions. A difference makes the run fail.",
  monitoring_snapshots: "Compares the predictions of every owner with the training data of their models, and keeps what it counted.",
  analyze: "Counts what the planner of PostgreSQL goes by.",
  reindex: "Builds swollen and unfinished indexes anew, while they are used.",
};
/** @type {Record<Run["status"], string>} */
const RUN_TONES = { running: "accent", completed: "good", failed: "bad" };

function Maintenance() {
  const cursor = query.value.get("cursor") || "";
  const runs = useLoaded((signal) => get("/admin/maintenance", { limit: 25, cursor }, { signal }), [cursor]);
  const [isStarting, setStarting] = useState(false);
  const open = query.value.get("run");
  useEvery(runs.again, 5_000);
  return html`<${Card} class="card-flush" title="Maintenance" about="Done by the service itself when it is due, by one node at a time" actions=${html`<button class="button button-primary" onClick=${() => setStarting(true)}>Do it now…</button>`}>
    ${show(runs, (list) => (list.data.length ? html`${table({ caption: "Runs of maintenance", rows: list.data, columns: [
      { key: "t", label: "Task", cell: (r) => html`<button class="link" onClick=${() => setQuery({ run: r.id })}>${words(r.task)}</button><span class="sub long">${TASKS[r.task] ?? ""}</span>` },
      { key: "s", label: "Status", cell: (r) => html`<${Tag} tone=${RUN_TONES[r.status]}>${r.status}<//>` },
      { key: "o", label: "Result", cell: (r) => html`<div class="name-cell">${resultOf(r)}</div>` },
      { key: "b", label: "Asked for", cell: (r) => html`<span class="nowrap">${r.requested_by ? html`by <${Person} id=${r.requested_by} other="a user" />` : "it was due"}</span>` },
      { key: "d", label: "Took", number: true, cell: (r) => (r.completed_at ? took(r) : "–") },
      { key: "w", label: "When", cell: (r) => html`<span class="nowrap">${ago(r.started_at)}</span>` },
    ] })}<${Pager} page=${list} query=${query.value} set=${setQuery} />` : html`<${Empty} title="Nothing was done yet">It begins a few seconds after the start of the service.<//>`), 8)}<//>
    ${isStarting && html`<${Start} close=${() => setStarting(false)} done=${(/** @type {string} */ id) => { setStarting(false); runs.again(); setQuery({ run: id }); }} />`}
    ${open && html`<${OneRun} id=${open} close=${() => { setQuery({ run: "" }); runs.again(); }} />`}`;
}

/** @param {Run} run */
const took = (run) => { const seconds = (new Date(run.completed_at ?? "").getTime() - new Date(run.started_at).getTime()) / 1000; return seconds < 1 ? "< 1 s" : duration(seconds); };
/** A value of a run's outcome; of lists and objects only the values that are not empty. @param {unknown} value @returns {string} */
function said(value) {
  if (typeof value === "number") return count(value);
  if (Array.isArray(value)) return value.map(said).join(", ") || "none";
  if (value && typeof value === "object") return Object.entries(value).filter(([, n]) => n !== 0).map(([name, n]) => `${words(name).toLowerCase()} ${said(n)}`).join(", ") || "none";
  return String(value);
}
/** The outcome of a run, in words. @param {Run} run */
const resultOf = (run) => Object.entries(run.outcome ?? {}).map(([name, value]) => `${words(name).toLowerCase()}: ${said(value)}`).join("; ") || "–";

/** @param {{ close: () => void, done: (id: string) => void }} props */
function Start({ close, done }) {
  const [task, setTask] = useState("clean_up");
  const send = async () => { const run = await post("/admin/maintenance", { task }); toast("It has begun."); done(run.id); };
  return html`<${Dialog} title="Do a piece of maintenance now" close=${close}>${form({ send, button: "Start", cancel: close }, () => html`
    <${Field} label="Which" value=${task} onInput=${setTask} options=${Object.keys(TASKS).map((value) => ({ value, label: words(value) }))} help=${TASKS[/** @type {Schema["MaintenanceTask"]} */ (task)]} />
    <p class="small muted">It goes on behind the answer. What runs on another node already is not begun twice.</p>`)}<//>`;
}

/** @param {{ id: string, close: () => void }} props */
function OneRun({ id, close }) {
  const run = useLoaded((signal) => get(`/admin/maintenance/${id}`, {}, { signal }), [id]);
  const isRunning = run.value?.status === "running";
  useEffect(() => {
    if (!isRunning) return undefined;
    const timer = setInterval(run.again, 1_000);
    return () => clearInterval(timer);
  }, [isRunning]);
  return html`<${Dialog} title=${run.value ? words(run.value.task) : "Maintenance"} close=${close} wide>${show(run, (r) => html`<dl class="facts">
      <dt>Status</dt><dd><${Tag} tone=${RUN_TONES[r.status]}>${r.status}<//></dd><dt>Began</dt><dd>${time(r.started_at)}</dd><dt>Ended</dt><dd>${time(r.completed_at)}</dd><dt>Result</dt><dd>${resultOf(r)}</dd></dl>
    ${r.log.length > 0 && html`<h3 class="after">Log</h3>${table({ caption: "Log", isTall: true, rowKey: (line) => `${line.at} ${line.text}`, rows: r.log, columns: [{ key: "a", label: "When", cell: (line) => html`<span class="nowrap">${time(line.at)}</span>` }, { key: "t", label: "What", cell: (line) => line.text }] })}`}`, 4)}<//>`;
}

function Organizations() {
  const cursor = query.value.get("cursor") || "";
  const stats = useLoaded((signal) => get("/admin/stats", { limit: 50, cursor }, { signal }), [cursor]);
  return html`<${Card} class="card-flush" title="Organizations" about="What there is of each. Personal rows are their owners' alone and not counted">${show(stats, (s) => html`${table({ caption: "Organizations", rows: s.organizations.data, columns: [
    { key: "n", label: "Name", cell: (o) => html`<div class="name-cell"><a href=${`#/organizations/${o.id}`}>${o.name}</a>${o.parent_id ? "" : html` <${Tag}>root<//>`}</div>` }, { key: "u", label: "Users", number: true, cell: (o) => count(o.users) }, { key: "c", label: "Companies", number: true, cell: (o) => count(o.companies) },
    { key: "a", label: "Annual", number: true, cell: (o) => count(o.predictions.annual) }, { key: "q", label: "Quarterly", number: true, cell: (o) => count(o.predictions.quarterly) }, { key: "j", label: "Uploads", number: true, cell: (o) => count(o.jobs) }, { key: "o", label: "Open", number: true, cell: (o) => count(o.open_jobs) }] })}<${Pager} page=${s.organizations} query=${query.value} set=${setQuery} />`, 8)}<//>`;
}
