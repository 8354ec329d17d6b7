// The installation, for its operator: what is kept, what runs, how the database fares.
import { html, useEffect } from "../parts/html.js";
import { get } from "../parts/api.js";
import { Card, Header, Pager, Show, Table, Tag, useLoaded } from "../parts/ui.js";
import { query, setQuery } from "../parts/router.js";
import { bytes, count, time, words } from "../parts/format.js";

const ROOT = new URL("./", location.href);
/** What stands beside the versioned API. @param {string} path */
const plain = async (path) => (await fetch(new URL(path, ROOT), { headers: { Accept: "application/json" } })).json();

export default function Administration() {
  const cursor = query.value.get("cursor") || "";
  const stats = useLoaded((signal) => get("/admin/stats", { limit: 25, cursor }, { signal }), [cursor]);
  const ready = useLoaded(() => plain("health/ready"), []);
  const version = useLoaded(() => plain("version"), []);
  useEffect(() => { const timer = setInterval(() => { stats.again(); ready.again(); }, 10_000); return () => clearInterval(timer); }, []);
  return html`<${Header} title="Administration" about=${version.value ? `AccuNode ${version.value.version}. Looked at anew every ten seconds.` : "The installation"} />
    <${Show} of=${stats} lines=${12}>${(/** @type {any} */ s) => html`
      <dl class="figures">${Object.entries(s.jobs).map(([name, n]) => html`<div class="figure" key=${name}><dt>Uploads, ${name}</dt><dd>${count(/** @type {number} */ (n))}</dd></div>`)}</dl>
      <div class="grid">
        <${Card} class="span-6" title="Health"><${Show} of=${ready} lines=${3}>${(/** @type {any} */ r) => html`<p>${r.status === "ok" ? html`<${Tag} tone="good">ready<//>` : html`<${Tag} tone="bad">${r.status ?? "not ready"}<//>`}</p>
          ${(r.degraded ?? []).map((/** @type {any} */ d) => html`<div class="notice notice-warn after" key=${d.check}><strong>${words(d.check)}</strong><p>${d.detail}, since ${time(d.since)}</p></div>`)}
          ${(r.low_disks ?? []).map((/** @type {any} */ d) => html`<div class="notice notice-bad after" key=${d.volume}><strong>Disk ${d.volume}</strong><p>${bytes(d.free_bytes)} free, ${bytes(d.min_free_bytes)} are needed</p></div>`)}
          ${(r.refused_models ?? []).map((/** @type {any} */ m) => html`<div class="notice notice-bad after" key=${m.folder}><strong>Model ${m.folder}</strong><p>${m.reason}</p></div>`)}
          ${!(r.degraded?.length || r.low_disks?.length || r.refused_models?.length) && html`<p class="muted after-small">Database, files and models answer; no disk is low.</p>`}`}<//><//>
        <${Card} class="span-6 card-flush" title="Expensive work now" about="Of this process, by kind"><${Table} caption="Expensive work" rowKey=${(/** @type {any} */ r) => r.name} rows=${Object.entries(s.at_once).map(([name, w]) => ({ name, .../** @type {any} */ (w) }))} columns=${[
          { key: "n", label: "Kind", cell: (/** @type {any} */ w) => words(w.name) }, { key: "r", label: "Running", number: true, cell: (/** @type {any} */ w) => count(w.running) }, { key: "m", label: "At most, a tenant", number: true, cell: (/** @type {any} */ w) => w.at_most ?? "no limit" }, { key: "x", label: "Refused", number: true, cell: (/** @type {any} */ w) => count(w.refused) }]} /><//>
        <${Card} class="span-6 card-flush" title="Connections to the database"><${Table} caption="Connections" rowKey=${(/** @type {any} */ r) => r.name} rows=${Object.entries(s.database_pools).map(([name, p]) => ({ name, .../** @type {any} */ (p) }))} columns=${[
          { key: "n", label: "Pool", cell: (/** @type {any} */ p) => words(p.name) }, { key: "o", label: "Open", number: true, cell: (/** @type {any} */ p) => count(p.open) }, { key: "i", label: "Idle", number: true, cell: (/** @type {any} */ p) => count(p.idle) }, { key: "m", label: "At most", number: true, cell: (/** @type {any} */ p) => count(p.at_most) }, { key: "x", label: "Refused", number: true, cell: (/** @type {any} */ p) => count(p.refused) }]} /><//>
        <${Card} class="span-6" title="Upkeep"><p>Partitions, expired rows and the sums of dashboards are looked after by the service itself. By hand, at the machine:</p><br /><ul class="plain-list"><li><code>accunode backup</code>, <code>accunode restore</code></li><li><code>accunode maintain rebuild-rollups</code></li><li><code>accunode maintain run analyze</code></li><li><code>accunode maintain audit-drop --keep-days 400</code></li><li><code>accunode migrate status</code></li></ul><//>
        <${Card} class="card-flush" title="Organizations"><${Table} caption="Organizations" rows=${s.organizations.data} columns=${[
          { key: "n", label: "Name", cell: (/** @type {any} */ o) => html`<div class="name-cell"><a href=${`#/organizations/${o.id}`}>${o.name}</a></div>` }, { key: "u", label: "Users", number: true, cell: (/** @type {any} */ o) => count(o.users) }, { key: "c", label: "Companies", number: true, cell: (/** @type {any} */ o) => count(o.companies) },
          { key: "a", label: "Annual", number: true, cell: (/** @type {any} */ o) => count(o.predictions.annual) }, { key: "q", label: "Quarterly", number: true, cell: (/** @type {any} */ o) => count(o.predictions.quarterly) }, { key: "j", label: "Uploads", number: true, cell: (/** @type {any} */ o) => count(o.jobs) }, { key: "o", label: "Open", number: true, cell: (/** @type {any} */ o) => count(o.open_jobs) }]} /><${Pager} page=${s.organizations} query=${query.value} set=${setQuery} /><//>
      </div>`}<//>`;
}
