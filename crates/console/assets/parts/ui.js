// What every page is built of.
import { html, signal, useEffect, useRef, useState, useId } from "./html.js";
import { Refused, Unreachable, offline } from "./api.js";
import { percent } from "./format.js";

/** @typedef {{ loading: boolean, value: any, error: any, again: () => void }} Loaded */

/** Loads something, anew whenever `keys` change. What was there stays until the new is.
 * @param {(signal: AbortSignal) => Promise<any>} load @param {unknown[]} keys @returns {Loaded} */
export function useLoaded(load, keys) {
  const [state, set] = useState({ loading: true, value: null, error: null });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    set((now) => ({ ...now, loading: true, error: null }));
    load(abort.signal).then(
      (value) => { if (!abort.signal.aborted) set({ loading: false, value, error: null }); },
      (error) => { if (!abort.signal.aborted) set((now) => ({ ...now, loading: false, error })); },
    );
    return () => abort.abort();
  }, [...keys, round]);
  return { ...state, again: () => setRound((n) => n + 1) };
}

/** Shows what was loaded, or why there is nothing yet.
 * @param {{ of: Loaded, lines?: number, children: (value: any) => any }} props */
export function Show({ of, lines = 5, children }) {
  if (of.error && !of.value) return html`<${Failure} error=${of.error} again=${of.again} />`;
  if (!of.value) return html`<${Skeleton} lines=${lines} />`;
  return html`<div class=${of.loading ? "is-refreshing" : ""} aria-busy=${of.loading ? "true" : null}>
    ${of.error && html`<${Failure} error=${of.error} again=${of.again} />`}
    ${children(of.value)}
  </div>`;
}

export function Skeleton({ lines = 5 }) {
  return html`<div class="skeleton" role="status"><span class="sr-only">Loading</span>
    ${Array.from({ length: lines }, (_, at) => html`<div key=${at}></div>`)}</div>`;
}

/** @param {{ error: any, again?: () => void }} props */
export function Failure({ error, again }) {
  if (!error) return null;
  const unreachable = error instanceof Unreachable;
  const faults = error instanceof Refused ? error.errors : [];
  return html`<div class="notice notice-bad" role="alert">
    <strong>${unreachable ? "No connection" : "That did not work"}</strong>
    <p>${error.message.charAt(0).toUpperCase() + error.message.slice(1)}</p>
    ${faults.length > 1 && html`<ul>${faults.slice(0, 20).map((f, at) => html`<li key=${at}>${f.pointer && html`<code>${f.pointer.replace(/^\//, "")}</code> `}${f.detail}</li>`)}</ul>`}
    ${error.requestId && html`<p class="small muted">Request ${error.requestId}</p>`}
    ${again && html`<button class="button" onClick=${again}>Try again</button>`}
  </div>`;
}

/** @param {{ title: string, children?: any, action?: any }} props */
export const Empty = ({ title, children, action }) => html`<div class="empty">
  <svg viewBox="0 0 48 48" width="48" height="48" aria-hidden="true"><rect x="7" y="9" width="34" height="30" rx="4" /><path d="M7 18h34M15 26h18M15 32h11" /></svg>
  <h3>${title}</h3><p>${children}</p>${action}</div>`;

/** @type {Record<string, { mark: string, word: string }>} */
const RISKS = { Low: { mark: "●", word: "Low" }, Medium: { mark: "▲", word: "Medium" }, High: { mark: "◆", word: "High" } };

/** A risk level: colour, shape and word. @param {{ level: string }} props */
export const Risk = ({ level }) => {
  const known = RISKS[level];
  if (!known) return html`<span class="muted">–</span>`;
  return html`<span class=${`risk risk-${level.toLowerCase()}`}><span aria-hidden="true">${known.mark}</span> ${known.word}</span>`;
};

/** A probability of default; the exact value on demand. @param {{ value: number | null | undefined }} props */
export const Pd = ({ value }) => (value === null || value === undefined
  ? html`<span class="muted">–</span>`
  : html`<span class="number" title=${`PD ${value}`}>${percent(value)}</span>`);

/** @param {{ tone?: string, children: any }} props */
export const Tag = ({ tone = "", children }) => html`<span class=${`tag ${tone && `tag-${tone}`}`}>${children}</span>`;

const LEVEL_MARKS = { personal: "Personal", organization: "Organization", system: "Everyone" };
/** @param {{ level: string }} props */
export const Level = ({ level }) => html`<${Tag} tone=${level === "system" ? "accent" : ""}>${LEVEL_MARKS[/** @type {"personal"} */ (level)] ?? level}<//>`;

/** @param {{ title: string, about?: any, actions?: any, back?: { href: string, label: string } }} props */
export function Header({ title, about, actions, back }) {
  useEffect(() => { document.title = `${title} · AccuNode`; }, [title]);
  return html`<header class="page-header">
    <div>
      ${back && html`<a class="back" href=${back.href}><span aria-hidden="true">←</span> ${back.label}</a>`}
      <h1 tabindex="-1">${title}</h1>
      ${about && html`<p class="about">${about}</p>`}
    </div>
    ${actions && html`<div class="actions">${actions}</div>`}
  </header>`;
}

/** @param {{ title?: any, about?: any, actions?: any, children: any, class?: string, id?: string }} props */
export const Card = ({ title, about, actions, children, class: more = "", id }) => html`<section class=${`card ${more}`} id=${id}>
  ${(title || actions) && html`<div class="card-head"><div>${title && html`<h2>${title}</h2>`}${about && html`<p class="muted small">${about}</p>`}</div>${actions && html`<div class="actions">${actions}</div>`}</div>`}
  ${children}
</section>`;

/** A field with its label, help and fault.
 * @param {any} props */
export function Field({ label, help, fault, type = "text", value, onInput, options, rows, optional, children, ...rest }) {
  const id = useId();
  const described = [help && `${id}h`, fault && `${id}f`].filter(Boolean).join(" ") || null;
  const change = (/** @type {any} */ event) => onInput(event.target.value);
  const shared = { id, "aria-describedby": described, "aria-invalid": fault ? "true" : null, ...rest };
  if (type === "checkbox") {
    return html`<div class="field field-check"><input type="checkbox" ...${shared} checked=${value} onChange=${(/** @type {any} */ event) => onInput(event.target.checked)} />
      <div><label for=${id}>${label}</label>${help && html`<p class="help" id=${`${id}h`}>${help}</p>`}</div></div>`;
  }
  let control;
  if (options) {
    control = html`<select ...${shared} value=${value} onChange=${change}>${options.map((/** @type {any} */ one) => html`<option key=${one.value} value=${one.value} selected=${one.value === value}>${one.label}</option>`)}</select>`;
  } else if (rows) {
    control = html`<textarea rows=${rows} ...${shared} value=${value} onInput=${change}></textarea>`;
  } else {
    control = html`<input type=${type} ...${shared} value=${value} onInput=${change} />`;
  }
  return html`<div class=${`field ${fault ? "has-fault" : ""}`}>
    <label for=${id}>${label}${optional && html` <span class="muted">(optional)</span>`}</label>
    ${help && html`<p class="help" id=${`${id}h`}>${help}</p>`}
    ${control}${children}
    ${fault && html`<p class="fault" id=${`${id}f`}><span aria-hidden="true">◆ </span>${fault}</p>`}
  </div>`;
}

/** The fault of a field in what the API refused. @param {any} error @param {string} pointer */
export const faultOf = (error, pointer) => (error instanceof Refused
  ? error.errors.filter((f) => f.pointer === pointer).map((f) => f.detail).join(" ") || null : null);

/** A form that sends once at a time, and shows what was refused.
 * @param {{ send: () => Promise<any>, children: any, button: string, tone?: string, cancel?: () => void, quiet?: boolean }} props */
export function Form({ send, children, button, tone = "primary", cancel, quiet }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(/** @type {any} */ (null));
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      await send();
    } catch (caught) {
      setError(caught);
    }
    setBusy(false);
  };
  return html`<form onSubmit=${submit} novalidate=${quiet}>
    ${error && html`<${Failure} error=${error} />`}
    ${typeof children === "function" ? children(error) : children}
    <div class="form-actions">
      <button class=${`button button-${tone}`} type="submit" disabled=${busy}>${busy ? "One moment…" : button}</button>
      ${cancel && html`<button class="button" type="button" onClick=${cancel}>Cancel</button>`}
    </div>
  </form>`;
}

/** A button that does something and says when it did not work.
 * @param {{ act: () => Promise<any>, children: any, tone?: string, disabled?: boolean, small?: boolean, label?: string }} props */
export function Act({ act, children, tone = "", disabled, small, label }) {
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      await act();
    } catch (error) {
      toast(/** @type {Error} */ (error).message, "bad");
    }
    setBusy(false);
  };
  return html`<button type="button" aria-label=${label} class=${`button ${tone && `button-${tone}`} ${small ? "button-small" : ""}`} disabled=${busy || disabled} onClick=${run}>${children}</button>`;
}

/** @type {import("./html.js").Signal<{ id: number, text: string, tone: string }[]>} */
const toasts = signal([]);
let nextToast = 0;
/** Says something in passing. @param {string} text @param {string} [tone] */
export function toast(text, tone = "good") {
  const id = nextToast++;
  toasts.value = [...toasts.value, { id, text, tone }];
  setTimeout(() => { toasts.value = toasts.value.filter((one) => one.id !== id); }, tone === "bad" ? 9000 : 5000);
}
export const Toasts = () => html`<div class="toasts" role="status" aria-live="polite">
  ${toasts.value.map((one) => html`<div key=${one.id} class=${`toast toast-${one.tone}`}>${one.text}</div>`)}</div>`;

export const Offline = () => (offline.value
  ? html`<div class="offline" role="alert">The service cannot be reached. What you see may be out of date; this page goes on as soon as it can.</div>` : null);

/** A dialog, modal, closed by Escape. @param {{ title: string, close: () => void, children: any, wide?: boolean }} props */
export function Dialog({ title, close, children, wide }) {
  const box = useRef(/** @type {any} */ (null));
  const id = useId();
  useEffect(() => {
    const dialog = box.current;
    dialog.showModal();
    return () => dialog.open && dialog.close();
  }, []);
  return html`<dialog ref=${box} class=${wide ? "wide" : ""} aria-labelledby=${id} onCancel=${(/** @type {Event} */ event) => { event.preventDefault(); close(); }}>
    <div class="dialog-head"><h2 id=${id}>${title}</h2><button type="button" class="icon-button" aria-label="Close" onClick=${close}>✕</button></div>
    ${children}
  </dialog>`;
}

/** @type {import("./html.js").Signal<any>} */
const question = signal(null);
/** Asks before something that is hard to undo. @param {{ title: string, text: any, button: string, tone?: string }} what @returns {Promise<boolean>} */
export const ask = (what) => new Promise((answer) => { question.value = { ...what, answer }; });
export function Question() {
  const now = question.value;
  if (!now) return null;
  const done = (/** @type {boolean} */ yes) => { question.value = null; now.answer(yes); };
  return html`<${Dialog} title=${now.title} close=${() => done(false)}>
    <p>${now.text}</p>
    <div class="form-actions"><button class=${`button button-${now.tone ?? "danger"}`} onClick=${() => done(true)}>${now.button}</button>
      <button class="button" onClick=${() => done(false)}>Cancel</button></div><//>`;
}

/** @typedef {{ key: string, label: string, cell: (row: any) => any, number?: boolean, sort?: string, hide?: boolean }} Column */

/** A table of rows; a row is opened by the link in its first cell.
 * @param {{ caption: string, columns: Column[], rows: any[], rowKey?: (row: any) => any, sort?: string | null, onSort?: (sort: string) => void }} props */
export function Table({ caption, columns, rows, rowKey = (row) => row.id, sort, onSort }) {
  const shown = columns.filter((column) => !column.hide);
  const sorted = (/** @type {Column} */ column) => (sort === column.sort ? "ascending" : sort === `-${column.sort}` ? "descending" : "none");
  return html`<div class="table-wrap" tabindex="0" role="region" aria-label=${caption}><table>
    <caption class="sr-only">${caption}</caption>
    <thead><tr>${shown.map((column) => html`<th key=${column.key} scope="col" class=${column.number ? "number" : ""} aria-sort=${column.sort && onSort ? sorted(column) : null}>
      ${column.sort && onSort
        ? html`<button type="button" class="sort" onClick=${() => onSort?.(sort === `-${column.sort}` ? String(column.sort) : `-${column.sort}`)}>${column.label} <span aria-hidden="true">${{ ascending: "↑", descending: "↓", none: "↕" }[sorted(column)]}</span></button>`
        : column.label || html`<span class="sr-only">Actions</span>`}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr key=${rowKey(row)}>${shown.map((column) => html`<td key=${column.key} class=${column.number ? "number" : ""}>${column.cell(row)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/** The next and the previous page of a list by cursors; those before are in the address.
 * @param {{ page: any, query: URLSearchParams, set: (changes: Record<string, unknown>) => void }} props */
export function Pager({ page, query, set }) {
  const trail = (query.get("trail") || "").split("~").filter(Boolean);
  const here = query.get("cursor") || "";
  if (!page.has_more && !here) return null;
  return html`<nav class="pager" aria-label="Pages">
    <button class="button" disabled=${!here} onClick=${() => set({ cursor: trail.at(-1) === "-" ? "" : trail.at(-1) || "", trail: trail.slice(0, -1).join("~") })}>← Previous</button>
    <span class="muted small">Page ${trail.length + 1}</span>
    <button class="button" disabled=${!page.has_more} onClick=${() => set({ cursor: page.next_cursor, trail: [...trail, here || "-"].join("~") })}>Next →</button>
  </nav>`;
}

/** @param {{ label: string, options: { value: string, label: string }[], value: string, onChange: (value: string) => void }} props */
export const Segments = ({ label, options, value, onChange }) => html`<div class="segments" role="group" aria-label=${label}>
  ${options.map((one) => html`<button key=${one.value} type="button" aria-pressed=${one.value === value ? "true" : "false"} onClick=${() => onChange(one.value)}>${one.label}</button>`)}</div>`;

/** A text that can be copied with one click. @param {{ text: string, label: string }} props */
export function Copy({ text, label }) {
  const [done, setDone] = useState(false);
  const box = useRef(/** @type {any} */ (null));
  const copy = async () => {
    // Over plain http browsers have no clipboard for pages: the text is marked, to be copied by hand.
    if (!navigator.clipboard) {
      getSelection()?.selectAllChildren(box.current);
      return;
    }
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  };
  return html`<div class="copy"><code ref=${box}>${text}</code><button type="button" class="button button-small" onClick=${copy} aria-label=${`Copy ${label}`}>${done ? "Copied" : "Copy"}</button></div>`;
}

/** The value some time after the last change: for a search as one types. @template T @param {T} value @param {number} milliseconds @returns {T} */
export function useSettled(value, milliseconds) {
  const [settled, set] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => set(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

/** How far something is. @param {{ value: number, max: number, label: string }} props */
export const Progress = ({ value, max, label }) => html`<progress value=${value} max=${max || 1} aria-label=${label}></progress>`;
