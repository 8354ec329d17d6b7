// A new upload: drop a file, check its first rows and how its columns are recognised,
// choose options, send.
import { html, useEffect, useState } from "../parts/html.js";
import { request, download, requestKey } from "../parts/api.js";
import { go, query, unsaved } from "../parts/router.js";
import { organizationId } from "../parts/session.js";
import { Act, Card, Failure, Field, Header, Tag, changer, form, table, toast } from "../parts/ui.js";
import { bytes, count, LEVELS } from "../parts/format.js";
import { RATIOS } from "../parts/reasons.js";
import { RATIOS_OF, fieldLabel, likelyKind, recognise } from "../parts/columns.js";
import { lookInto } from "../parts/workbook.js";

/** @typedef {import("../parts/columns.js").JobType} JobType */
/** @typedef {import("../parts/workbook.js").Looked} Looked */

/** The number of rows of the file that are shown. */
const SHOWN = 6;
/** The options of a file of statements that a file of outcomes does not have. */
const OF_STATEMENTS = ["on_conflict", "ratio_unit", "other_company", "units", "decimal", "confirm_units"];
const KIND_OPTIONS = [{ value: "annual", label: "Annual statements" }, { value: "quarterly", label: "Quarterly statements" }, { value: "outcomes", label: "Outcomes: what happened" }];

export default function UploadNew() {
  const [file, setFile] = useState(/** @type {File | null} */ (null));
  const [looked, setLooked] = useState(/** @type {Looked | null} */ (null));
  const [fault, setFault] = useState(/** @type {Error | null} */ (null));
  const [isOver, setOver] = useState(false);
  const [state, set] = useState({
    job_type: /** @type {JobType} */ (query.value.get("kind") || "annual"), on_conflict: "error", ratio_unit: "fraction", access_level: organizationId.value ? "organization" : "personal",
    other_company: "warn", units: "", decimal: "", sheet: "", dry_run: false, confirm_units: false, force: false,
  });
  const change = changer(set);
  useEffect(() => () => { unsaved.value = false; }, []);
  useEffect(() => {
    setLooked(null);
    setFault(null);
    if (!file) return undefined;
    let gone = false;
    unsaved.value = true;
    lookInto(file).then((found) => {
      if (gone) return;
      setLooked(found);
      const kind = likelyKind(best(found, state.job_type).rows);
      if (kind) change("job_type")(kind);
    }, (error) => { if (!gone) setFault(error); });
    return () => { gone = true; };
  }, [file]);
  const take = (/** @type {FileList | null | undefined} */ files) => { if (files?.length) setFile(files[0]); };
  const onDrop = (/** @type {DragEvent} */ event) => { event.preventDefault(); setOver(false); take(event.dataTransfer?.files); };
  const isOfOutcomes = state.job_type === "outcomes";
  const send = async () => {
    if (!file) return;
    const data = new FormData();
    for (const [key, value] of Object.entries(state)) {
      if (value !== false && value !== "" && !(isOfOutcomes && OF_STATEMENTS.includes(key))) data.append(key, String(value));
    }
    // Last, so that the service knows the options before the file.
    data.append("file", file);
    const job = await (await request("POST", "/bulk-uploads", { form: data, headers: { "Idempotency-Key": requestKey() } })).json();
    unsaved.value = false;
    toast("Received. It is being worked on.");
    go(`/uploads/${job.id}`);
  };
  const saved = `accunode-${state.job_type}`;
  return html`<${Header} title="Upload a file" back=${{ href: "#/uploads", label: "Uploads" }} about="Nothing is sent before you say so." actions=${html`
      <${Act} act=${() => download(`/bulk-uploads/templates/${state.job_type}.xlsx`, {}, "*/*", `${saved}.xlsx`)}>Template, XLSX<//>
      <${Act} act=${() => download(`/bulk-uploads/templates/${state.job_type}.csv`, {}, "text/csv", `${saved}.csv`)}>Template, CSV<//>`} />
    <div class="stack">
    <div class=${`drop ${isOver ? "is-over" : ""}`} onDragOver=${(/** @type {DragEvent} */ event) => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)} onDrop=${onDrop}>
      ${file ? html`<p><strong>${file.name}</strong> <span class="muted">${bytes(file.size)}</span></p>` : html`<p class="strong">Drop a file here</p><p class="muted">CSV or other text with columns, packed by gzip or not, or an Excel workbook</p>`}
      <p class="after-small"><label class="button ${file ? "" : "button-primary"}" for="file">${file ? "Choose another file" : "Choose a file"}</label>
        <input class="sr-only" id="file" type="file" accept=".csv,.tsv,.txt,.gz,.xlsx,.xlsm" onChange=${(/** @type {Event} */ event) => take(/** @type {HTMLInputElement} */ (event.target).files)} /></p>
    </div>
    ${!file && html`<${Expected} kind=${state.job_type} change=${change("job_type")} />`}
    ${fault && html`<${Failure} error=${fault} />`}
    ${looked && html`<${Preview} looked=${looked} kind=${state.job_type} sheet=${state.sheet} />`}
    ${file && html`<${Card} title="How it is read">${form({ send, button: state.dry_run ? "Check it" : "Upload" }, () => html`
      <div class="form-grid">
        <${Field} label="What it holds" value=${state.job_type} onInput=${change("job_type")} options=${KIND_OPTIONS} help=${isOfOutcomes ? "Defaults, cures and exits of companies that are there." : "Which models score it."} />
        ${(looked?.sheets.length ?? 0) > 1 && html`<${Field} label="Sheet" value=${state.sheet} onInput=${change("sheet")} options=${[{ value: "", label: "The only one with the columns" }, ...(looked?.sheets ?? []).map((one) => ({ value: one.name, label: one.name }))]} help="Where several have the columns, one has to be named." />`}
        ${!isOfOutcomes && html`
        <${Field} label="Shares are given in" value=${state.ratio_unit} onInput=${change("ratio_unit")} options=${[{ value: "fraction", label: "Fractions (0.25)" }, { value: "percent", label: "Percent (25)" }]} help="Margins, returns and shares; multiples are not touched." />
        <${Field} label="Periods that are there already" value=${state.on_conflict} onInput=${change("on_conflict")} options=${[{ value: "error", label: "Report as failed rows" }, { value: "skip", label: "Leave as they are" }, { value: "update", label: "Replace" }]} help="What they said before is kept as a revision." />
        <${Field} label="Another company has the symbol" value=${state.other_company} onInput=${change("other_company")} options=${[{ value: "warn", label: "Warn" }, { value: "error", label: "Report as failed rows" }]} help="Where name, exchange or country differ." />`}
        <${Field} label="Seen by" value=${state.access_level} onInput=${change("access_level")} options=${Object.entries(LEVELS).filter(([value]) => value === "personal" || (value === "organization" && organizationId.value)).map(([value, label]) => ({ value, label }))} help="Sharing can be widened later." />
        ${!isOfOutcomes && html`<${Field} label="Units of single columns" optional value=${state.units} onInput=${change("units")} placeholder="net_income_margin:percent" help="Where they differ from the others." />
        <${Field} label="Decimals are separated by" value=${state.decimal} onInput=${change("decimal")} options=${[{ value: "", label: "As the file shows" }, { value: "point", label: "A point (1.5)" }, { value: "comma", label: "A comma (1,5)" }]} help="Only for a file that does not show it." />`}
      </div>
      <${Field} type="checkbox" label="Dry run" help="Everything is read and checked, nothing is stored." value=${state.dry_run} onInput=${change("dry_run")} />
      ${!isOfOutcomes && html`<${Field} type="checkbox" label="The numbers are right although they look wrong" help="A file whose units look mistaken is refused without this." value=${state.confirm_units} onInput=${change("confirm_units")} />`}
      <${Field} type="checkbox" label="Send it again on purpose" help="A file that was uploaded before is refused without this." value=${state.force} onInput=${change("force")} />`)}<//>`}</div>`;
}

/** The sheet with the most recognised columns. @param {Looked} looked @param {JobType} kind */
const best = (looked, kind) => looked.sheets.reduce((found, one) => (recognise(one.rows, kind).count > recognise(found.rows, kind).count ? one : found));

/** The columns that a file must have. @param {{ kind: JobType, change: (kind: JobType) => void }} props */
function Expected({ kind, change }) {
  const rows = kind === "outcomes"
    ? [["company_symbol", "The company, by the symbol under which it is rated. Needed."], ["definition", "What a default is: crr_178@1 or bankruptcy@1. Needed."], ["occurred_on", "A day, such as 2025-03-01. Needed."], ["event", "default where it is empty, cure or exit."], ["technical", "true for a default of systems or payments only, which does not count."], ["reason_code, external_id, note", "Yours."]]
    : [["company_symbol", "Which company: a ticker, or a code of yours. Needed."], ["reporting_year", `The year of the statement. Needed.${kind === "quarterly" ? " And reporting_quarter, Q1 to Q4." : ""}`], ["company_name, sector, country, …", "Describe a company that is not there yet."], ...RATIOS_OF[kind].map((name) => [name, RATIOS[name].help])];
  return html`<${Card} class="card-flush" title="Columns of a file" about="Columns in any order; the usual names of vendors are known, and titles may stand above them. Numbers may be written as in Europe or America."
    actions=${html`<${Field} label="Kind" value=${kind} onInput=${change} options=${KIND_OPTIONS} />`}>${table({ caption: "Columns", rows, rowKey: (row) => row[0], columns: [
    { key: "n", label: "Column", cell: ([name]) => html`<code class="breaks">${name.split(/(?<=_)/).map((part) => html`${part}<wbr />`)}</code>` }, { key: "w", label: "What it is", cell: ([, what]) => what }] })}<//>`;
}

/** @param {{ looked: Looked, kind: JobType, sheet: string }} props */
function Preview({ looked, kind, sheet }) {
  const shown = looked.sheets.find((one) => one.name && one.name === sheet) ?? best(looked, kind);
  const { at, head, fields, rows, count: known, missing, missingRatios } = recognise(shown.rows, kind);
  const lacking = [...missing, ...missingRatios];
  return html`<${Card} class="card-flush" title=${looked.sheets.length > 1 ? `First rows of ${shown.name}` : "First rows"} about=${`${count(known)} of ${count(head.length)} columns are recognised${at ? `; the header is taken from row ${at + 1}` : ""}.${looked.note ? ` ${looked.note}` : ""}`}>
    ${lacking.length > 0 && html`<div class="pad-top"><div class=${`notice ${missing.length ? "notice-bad" : "notice-warn"}`}><p><strong>${missing.length ? "Needed and not found" : "Not found"}:</strong> ${lacking.map(fieldLabel).join(", ")}. ${missing.length ? "The service refuses the file unless it knows one of the columns better." : "Missing ratios are scored as missing, with less confidence."}</p></div></div>`}
    <div class="table-wrap" tabindex="0" role="region" aria-label="First rows of the file"><table><thead><tr>${head.map((name, of) => html`<th key=${of} scope="col">${name || html`<span class="muted">no name</span>`}<br />${fields[of] ? html`<${Tag} tone="good"><span aria-hidden="true">✓ </span>${fieldLabel(fields[of])}<//>` : html`<${Tag}>not used<//>`}</th>`)}</tr></thead>
      <tbody>${rows.slice(0, SHOWN).map((row, number) => html`<tr key=${number}>${head.map((_, of) => html`<td key=${of}>${row[of] ?? ""}</td>`)}</tr>`)}</tbody></table></div>
    <p class="small muted pad">Read in this browser by the names of the columns. The page of the upload shows how the service read them.</p><//>`;
}
