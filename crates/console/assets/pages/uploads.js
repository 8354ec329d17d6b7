// Uploads and their progress.
import { html, useEffect } from "../parts/html.js";
import { get } from "../parts/api.js";
import { query, setQuery } from "../parts/router.js";
import { Card, Empty, Header, Pager, useLoaded, Progress, show, table } from "../parts/ui.js";
import { ago, bytes, count, words } from "../parts/format.js";
import { UploadStatus, placeOf } from "../parts/upload_status.js";
import { Choice, filtersOf } from "./companies.js";

export default function Uploads() {
  const filters = filtersOf(["status", "job_type"]);
  const cursor = query.value.get("cursor") || "";
  const page = useLoaded((signal) => get("/bulk-uploads", { ...filters, cursor, limit: 25 }, { signal }), [JSON.stringify(filters), cursor]);
  const isMoving = page.value?.data.some((job) => ["pending", "processing"].includes(job.status));
  useEffect(() => {
    if (!isMoving) return undefined;
    const timer = setInterval(page.again, 3000);
    return () => clearInterval(timer);
  }, [isMoving]);
  return html`<${Header} title="Uploads" about="Files of companies and ratios, scored row by row." actions=${html`<a class="button button-primary" href="#/uploads/new">Upload a file</a>`} />
    <div class="filters"><${Choice} name="status" label="Status" options=${["pending", "processing", "completed", "failed", "cancelled"].map((value) => ({ value, label: words(value) }))} />
      <${Choice} name="job_type" label="Kind" options=${[{ value: "annual", label: "Annual" }, { value: "quarterly", label: "Quarterly" }, { value: "outcomes", label: "Outcomes" }]} /></div>
    <${Card} class="card-flush">${show(page, (value) => (value.data.length ? html`${table({ caption: "Uploads", rows: value.data, columns: [
      { key: "file", label: "File", cell: (r) => html`<div class="name-cell"><a href=${placeOf(r)}>${r.original_filename}</a><span class="sub">${r.job_type}${r.file_size ? ` · ${bytes(r.file_size)}` : ""}</span></div>` },
      { key: "status", label: "Status", cell: (r) => (r.status === "processing" ? html`<${Progress} value=${r.processed_rows} max=${r.total_rows} label="Rows done" />` : html`<${UploadStatus} job=${r} />`) },
      { key: "made", label: "Created", number: true, cell: (r) => count(r.success_count) },
      { key: "updated", label: "Updated", number: true, cell: (r) => count(r.updated_count) },
      { key: "skipped", label: "Skipped", number: true, cell: (r) => count(r.skipped_count) },
      { key: "failed", label: "Failed", number: true, cell: (r) => (r.error_count ? html`<strong class="up">${count(r.error_count)}</strong>` : "0") },
      { key: "at", label: "When", cell: (r) => html`<span class="nowrap">${ago(r.created_at)}</span>` },
    ] })}<${Pager} page=${value} query=${query.value} set=${setQuery} />`
      : html`<${Empty} title=${filters.status || filters.job_type ? "No upload matches" : "No uploads yet"} action=${html`<a class="button button-primary" href="#/uploads/new">Upload a file</a>`}>A CSV or XLSX file; the first rows are shown before anything is sent.<//>`), 10)}<//>`;
}
