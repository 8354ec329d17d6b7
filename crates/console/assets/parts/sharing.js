// Shows and changes who may see a company or prediction.
import { html, useState } from "./html.js";
import { organizationId, isAtLeast } from "./session.js";
import { Dialog, Field, Form, toast } from "./ui.js";
import { LEVELS } from "./format.js";

/** With `also` the rows that belong to it can be shared along with it, such as the predictions of a company.
 * @param {{ what: string, level: string, also?: string, change: (body: { access_level: string, with_predictions?: boolean }) => Promise<unknown> }} props */
export function Sharing({ what, level, also, change }) {
  const [isOpen, setOpen] = useState(false);
  const [next, setNext] = useState(level);
  const [isWhole, setWhole] = useState(true);
  const options = Object.entries(LEVELS).map(([value, label]) => ({ value, label }))
    .filter(({ value }) => value === level || (value === "organization" && organizationId.value) || (value === "system" && isAtLeast("super_admin")));
  const save = async () => {
    await change({ access_level: next, ...(also && isWhole && next !== level ? { with_predictions: true } : {}) });
    setOpen(false);
    toast("Saved. Who may see it has changed.");
  };
  if (options.length < 2) return null;
  return html`<button class="button" onClick=${() => { setNext(level); setOpen(true); }}>Share</button>
    ${isOpen && html`<${Dialog} title=${`Who may see this ${what}`} close=${() => setOpen(false)}>
      <${Form} send=${save} button="Save" cancel=${() => setOpen(false)}>
        <${Field} label="Seen by" value=${next} onInput=${setNext} options=${options} help="Sharing can be widened and not taken back: others may have worked with it by then." />
        ${also && html`<${Field} type="checkbox" label=${also} help="Predictions are never seen by more users than their company." value=${isWhole} onInput=${setWhole} />`}
      <//><//>`}`;
}
