// A new upload: drop a file, look at its first rows and columns, choose, send.
import { html, useState, useEffect } from "../parts/html.js";
import { request, download, requestKey } from "../parts/api.js";
import { go, query, unsaved } from "../parts/router.js";
import { organizationId } from "../parts/session.js";
import { Act, Card, Field, Form, Header, Tag, toast } from "../parts/ui.js";
import { bytes, LEVELS } from "../parts/format.js";
import { RATIOS, labelOf } from "../parts/reasons.js";
import { firstRows } from "../parts/csv.js";

const KINDS = { annual: Object.keys(RATIOS).slice(0, 5), quarterly: Object.keys(RATIOS).slice(5) };
const IDENTITY = ["company_symbol", "symbol", "ticker", "company_name", "name", "company", "sector", "industry", "country", "currency", "exchange", "market_cap", "reporting_year", "year", "fiscal_year", "reporting_quarter", "quarter"];

const plain = (/** @type {string} */ text) => text.trim().toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "");
/** What a column will be taken for, as far as the page can tell. @param {string} name */
function meaning(name) {
  const key = plain(name);
  if (RATIOS[key]) return labelOf(key);
  const byLabel = Object.entries(RATIOS).find(([, one]) => plain(one.label) === key);
  if (byLabel) return byLabel[1].label;
  return IDENTITY.includes(key) ? "company and period" : "";
}

export default function UploadNew() {
  const [file, setFile] = useState(/** @type {File | null} */ (null));
  const [preview, setPreview] = useState(/** @type {any} */ (null));
  const [isOver, setOver] = useState(false);
  const [form, set] = useState(/** @type {any} */ ({ job_type: query.value.get("kind") || "annual", on_conflict: "error", ratio_unit: "fraction", access_level: organizationId.value ? "organization" : "personal", other_company: "warn", dry_run: false, confirm_units: false, force: false }));
  const change = (/** @type {string} */ key) => (/** @type {any} */ value) => set((/** @type {any} */ now) => ({ ...now, [key]: value }));
  useEffect(() => { return () => { unsaved.value = false; }; }, []);
  useEffect(() => {
    setPreview(null);
    if (!file) return;
    unsaved.value = true;
    look(file).then((found) => { setPreview(found); if (found?.kind) change("job_type")(found.kind); });
  }, [file]);
  const take = (/** @type {FileList | null | undefined} */ files) => { if (files?.length) setFile(files[0]); };
  const send = async () => {
    if (!file) return;
    const data = new FormData();
    for (const [key, value] of Object.entries(form)) if (value !== false && value !== "") data.append(key, String(value));
    // Last: what goes with it is known by then.
    data.append("file", file);
    const job = await (await request("POST", "/bulk-uploads", { form: data, headers: { "Idempotency-Key": requestKey() } })).json();
    unsaved.value = false;
    toast("Received. It is being worked on.");
    go(`/uploads/${job.id}`);
  };
  return html`<${Header} title="Upload a file" back=${{ href: "#/uploads", label: "Uploads" }} about="Nothing is sent before you say so." actions=${html`
      <${Act} act=${() => download(`/bulk-uploads/templates/${form.job_type}.xlsx`, {}, "*/*", `accunode-${form.job_type}.xlsx`)}>Template, XLSX<//>
      <${Act} act=${() => download(`/bulk-uploads/templates/${form.job_type}.csv`, {}, "text/csv", `accunode-${form.job_type}.csv`)}>Template, CSV<//>`} />
    <div class="stack">
    <div class=${`drop ${isOver ? "is-over" : ""}`} onDragOver=${(/** @type {any} */ e) => { e.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)} onDrop=${(/** @type {any} */ e) => { e.preventDefault(); setOver(false); take(e.dataTransfer.files); }}>
      ${file ? html`<p><strong>${file.name}</strong> <span class="muted">${bytes(file.size)}</span></p>` : html`<p class="strong">Drop a file here</p><p class="muted">CSV, CSV in gzip, or XLSX</p>`}
      <p class="after-small"><label class="button ${file ? "" : "button-primary"}" for="file">${file ? "Choose another file" : "Choose a file"}</label>
        <input class="sr-only" id="file" type="file" accept=".csv,.gz,.xlsx" onChange=${(/** @type {any} */ e) => take(e.target.files)} /></p>
    </div>
    ${preview?.rows && html`<${Preview} preview=${preview} />`}
    ${preview && !preview.rows && html`<div class="notice">${preview.note}</div>`}
    ${file && html`<${Card} title="How it is read"><${Form} send=${send} button=${form.dry_run ? "Check it" : "Upload"}>
      <div class="form-grid">
        <${Field} label="Kind" value=${form.job_type} onInput=${change("job_type")} options=${[{ value: "annual", label: "Annual statements" }, { value: "quarterly", label: "Quarterly statements" }]} help="Which models score it." />
        <${Field} label="Shares are given in" value=${form.ratio_unit} onInput=${change("ratio_unit")} options=${[{ value: "fraction", label: "Fractions (0.25)" }, { value: "percent", label: "Percent (25)" }]} help="Margins, returns and shares; multiples are not touched." />
        <${Field} label="Periods that are there already" value=${form.on_conflict} onInput=${change("on_conflict")} options=${[{ value: "error", label: "Report as failed rows" }, { value: "skip", label: "Leave as they are" }, { value: "update", label: "Replace" }]} help="What they said before is kept as a revision." />
        <${Field} label="Another company has the symbol" value=${form.other_company} onInput=${change("other_company")} options=${[{ value: "warn", label: "Warn" }, { value: "error", label: "Report as failed rows" }]} help="Where name, exchange or country differ." />
        <${Field} label="Seen by" value=${form.access_level} onInput=${change("access_level")} options=${Object.entries(LEVELS).filter(([value]) => value === "personal" || (value === "organization" && organizationId.value)).map(([value, label]) => ({ value, label }))} help="Sharing can be widened later." />
        <${Field} label="Units of single columns" optional value=${form.units ?? ""} onInput=${change("units")} placeholder="net_income_margin:percent" help="Where they differ from the others." />
      </div>
      <${Field} type="checkbox" label="Dry run" help="Everything is read and scored, nothing is stored." value=${form.dry_run} onInput=${change("dry_run")} />
      <${Field} type="checkbox" label="The numbers are right although they look wrong" help="A file whose units look mistaken is refused without this." value=${form.confirm_units} onInput=${change("confirm_units")} />
      <${Field} type="checkbox" label="Send it again on purpose" help="A file that was uploaded before is refused without this." value=${form.force} onInput=${change("force")} />
    <//><//>`}</div>`;
}

/** @param {File} file */
async function look(file) {
  if (!/\.csv$/i.test(file.name)) return { note: "The columns of packed files and workbooks are shown once the service has read them. A dry run shows everything and stores nothing." };
  const text = await file.slice(0, 64 * 1024).text();
  const { rows, separator } = firstRows(text, 7);
  const head = (rows[0] ?? []).map(plain);
  const hits = (/** @type {string[]} */ names) => names.filter((name) => head.includes(name)).length;
  const [annual, quarterly] = [hits(KINDS.annual), hits(KINDS.quarterly)];
  return { rows, separator, kind: annual > quarterly ? "annual" : quarterly > annual ? "quarterly" : "" };
}

/** @param {{ preview: any }} props */
function Preview({ preview }) {
  const [head, ...rows] = preview.rows;
  const known = head.filter((/** @type {string} */ name) => meaning(name)).length;
  return html`<${Card} class="card-flush" title="First rows" about=${`${known} of ${head.length} columns are recognised here by their names; the service knows more names and says below each upload what it took.`}>
    <div class="table-wrap" tabindex="0" role="region" aria-label="First rows of the file"><table><thead><tr>${head.map((/** @type {string} */ name, /** @type {number} */ at) => html`<th key=${at} scope="col">${name}<br />${meaning(name) ? html`<${Tag} tone="good">${meaning(name)}<//>` : html`<${Tag}>not recognised here<//>`}</th>`)}</tr></thead>
      <tbody>${rows.map((/** @type {string[]} */ row, /** @type {number} */ at) => html`<tr key=${at}>${head.map((/** @type {string} */ _, /** @type {number} */ of) => html`<td key=${of}>${row[of] ?? ""}</td>`)}</tr>`)}</tbody></table></div><//>`;
}
