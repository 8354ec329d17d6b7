// The progress of a job: from its event stream, which is opened again if it breaks.
import { useEffect, useState } from "./html.js";
import { freshen, get, streamUrl } from "./api.js";
import { useLoaded } from "./ui.js";

/** @typedef {import("./types.js").Schema["BulkUpload"]} Job */

/** @param {{ status: string }} job */
export const isMoving = (job) => ["pending", "processing"].includes(job.status);

/** @param {string} id @returns {import("./ui.js").Loaded<Job> & { set: (job: Job) => void }} */
export function useJob(id) {
  const loaded = useLoaded((signal) => get(`/bulk-uploads/${id}`, {}, { signal }), [id]);
  const [live, setLive] = useState(/** @type {Job | null} */ (null));
  const now = live ?? loaded.value;
  const moving = now !== null && isMoving(now);
  useEffect(() => {
    if (!moving) return undefined;
    let source = /** @type {EventSource | null} */ (null);
    let timer = 0;
    let gone = false;
    const take = (/** @type {MessageEvent} */ event) => setLive(JSON.parse(event.data));
    const open = async () => {
      await freshen().catch(() => {});
      if (gone) return;
      source = new EventSource(streamUrl(`/bulk-uploads/${id}/events`));
      source.addEventListener("progress", take);
      source.addEventListener("end", (event) => { take(event); source?.close(); });
      source.addEventListener("error", () => {
        source?.close();
        timer = window.setTimeout(() => { get(`/bulk-uploads/${id}`).then(setLive, () => {}); open(); }, 3000);
      });
    };
    open();
    return () => { gone = true; source?.close(); clearTimeout(timer); };
  }, [id, moving]);
  return { ...loaded, value: now, set: setLive };
}
