// The status of an upload, and the page of a job of the queue.
import { html } from "./html.js";
import { Tag } from "./ui.js";
import { words } from "./format.js";

/** @typedef {import("./types.js").Schema["BulkUpload"]} Job */

/** @type {Record<string, string>} */
const TONES = { pending: "accent", processing: "accent", completed: "good", failed: "bad", cancelled: "warn" };
/** @param {{ job: Job }} props */
export const UploadStatus = ({ job }) => {
  const failed = job.status === "completed" && job.error_count > 0;
  return html`<${Tag} tone=${failed ? "warn" : TONES[job.status]}>${failed ? "Completed, with failed rows" : words(job.status)}<//>${job.options.dry_run ? html` <${Tag}>dry run<//>` : null}${job.rescoring ? html` <${Tag}>rescoring<//>` : null}${job.validation_id ? html` <${Tag}>back-test<//>` : null}`;
};

/** The page of a job of the queue. @param {Job} job */
export const placeOf = (job) => (job.validation_id ? `#/validations/${job.validation_id}` : `#/uploads/${job.id}`);
