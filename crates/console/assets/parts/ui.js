// Components for all pages.
import { html, signal, useEffect, useId, useLayoutEffect, useRef, useState } from "./html.js";
import { Refused, Unreachable, offline } from "./api.js";
import { percent } from "./format.js";

/** @typedef {import("./types.js").View} View */
/** The state of loading a value. @template T @typedef {{ loading: boolean, value: T | null, error: Error | null, again: () => void }} Loaded */

/** Loads a value, and again whenever `keys` change. The old value stays until the new one is loaded.
 * @template T @param {(signal: AbortSignal) => Promise<T>} load @param {unknown[]} keys @returns {Loaded<T>} */
export function useLoaded(load, keys) {
  const [state, set] = useState(/** @type {{ loading: boolean, value: T | null, error: Error | null }} */ ({ loading: true, value: null, error: null }));
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

/** The loaded value, or an error; until then this many grey lines. With `back` the value is a whole page with its own heading, and so is the error.
 * @template T @param {Loaded<T>} of @param {(value: T) => View} children @param {number} [lines] @param {{ href: string, label: string }} [back] */
export const show = (of, children, lines = 5, back = undefined) => html`<${Show} of=${of} lines=${lines} back=${back}>${children}<//>`;

/** @template T @param {{ of: Loaded<T>, lines?: number, back?: { href: string, label: string }, children: (value: T) => View }} props */
function Show({ of, lines = 5, back, children }) {
  if (of.error && !of.value && back) {
    const isMissing = of.error instanceof Refused && of.error.status === 404;
    return html`<${Header} title=${isMissing ? "Not found" : "Not shown"} back=${back} /><${Failure} error=${of.error} again=${isMissing ? undefined : of.again} />`;
  }
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

/** @param {{ error: Error | null, again?: () => void }} props */
export function Failure({ error, again }) {
  if (!error) return null;
  const unreachable = error instanceof Unreachable;
  const faults = error instanceof Refused ? error.errors : [];
  return html`<div class="notice notice-bad" role="alert">
    <strong>${unreachable ? "No connection" : "That did not work"}</strong>
    <p>${error.message.charAt(0).toUpperCase() + error.message.slice(1)}</p>
    ${faults.length > 1 && html`<ul>${faults.slice(0, 20).map((f, at) => html`<li key=${at}>${f.pointer && html`<code>${f.pointer.replace(/^\//, "")}</code> `}${f.detail}</li>`)}</ul>`}
    ${error instanceof Refused && error.requestId && html`<p class="small muted">Request ${error.requestId}</p>`}
    ${again && html`<button class="button" onClick=${again}>Try again</button>`}
  </div>`;
}

/** @param {{ title: string, children?: View, action?: View }} props */
export const Empty = ({ title, children, action }) => html`<div class="empty">
  <svg viewBox="0 0 48 48" width="48" height="48" aria-hidden="true"><rect x="7" y="9" width="34" height="30" rx="4" /><path d="M7 18h34M15 26h18M15 32h11" /></svg>
  <p class="empty-title">${title}</p><p>${children}</p>${action}</div>`;

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

/** @param {{ tone?: string, children: View }} props */
export const Tag = ({ tone = "", children }) => html`<span class=${`tag ${tone && `tag-${tone}`}`}>${children}</span>`;

const LEVEL_MARKS = { personal: "Personal", organization: "Organization", system: "Everyone" };
/** @param {{ level: string }} props */
export const Level = ({ level }) => html`<${Tag} tone=${level === "system" ? "accent" : ""}>${LEVEL_MARKS[/** @type {"personal"} */ (level)] ?? level}<//>`;

/** @param {{ title: string, about?: View, actions?: View, back?: { href: string, label: string } }} props */
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

/** @param {{ title?: View, about?: View, actions?: View, children: View, class?: string, id?: string }} props */
export const Card = ({ title, about, actions, children, class: more = "", id }) => html`<section class=${`card ${more}`} id=${id}>
  ${(title || actions) && html`<div class="card-head"><div>${title && html`<h2>${title}</h2>`}${about && html`<p class="muted small">${about}</p>`}</div>${actions && html`<div class="actions">${actions}</div>`}</div>`}
  ${children}
</section>`;

/** @typedef {{ label: string, help?: View, fault?: string | null, type?: string, value: string | number | boolean | null | undefined, onInput: (value: never) => void,
 *   options?: { value: string, label: string }[], rows?: number, optional?: boolean, children?: View, [attribute: string]: unknown }} FieldProps */

/** A field with its label, help and fault. @param {FieldProps} props */
export function Field({ label, help, fault, type = "text", value, onInput, options, rows, optional, children, ...rest }) {
  const id = useId();
  const described = [help && `${id}h`, fault && `${id}f`].filter(Boolean).join(" ") || null;
  const tell = /** @type {(value: string | boolean) => void} */ (onInput);
  const change = onText(tell);
  const shared = { id, "aria-describedby": described, "aria-invalid": fault ? "true" : null, ...rest };
  if (type === "checkbox") {
    return html`<div class="field field-check"><input type="checkbox" ...${shared} checked=${value} onChange=${onCheck(tell)} />
      <div><label for=${id}>${label}</label>${help && html`<p class="help" id=${`${id}h`}>${help}</p>`}</div></div>`;
  }
  let control;
  if (options) {
    control = html`<select ...${shared} value=${value} onChange=${change}>${options.map((one) => html`<option key=${one.value} value=${one.value} selected=${one.value === value}>${one.label}</option>`)}</select>`;
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

/** Passes the value of a field to its handler. @param {(text: string) => void} take @returns {(event: Event) => void} */
export const onText = (take) => (event) => take(/** @type {HTMLInputElement} */ (event.target).value);
/** Passes the state of a checkbox to its handler. @param {(isOn: boolean) => void} take @returns {(event: Event) => void} */
export const onCheck = (take) => (event) => take(/** @type {HTMLInputElement} */ (event.target).checked);

/** Returns a function that changes one field of a form's state. @template F @param {(change: (now: F) => F) => void} set @returns {<K extends keyof F>(key: K) => (value: F[K]) => void} */
export const changer = (set) => (key) => (value) => set((now) => ({ ...now, [key]: value }));

/** The fault of a field in an error of the API. @param {Error | null} error @param {string} pointer */
export const faultOf = (error, pointer) => (error instanceof Refused
  ? error.errors.filter((f) => f.pointer === pointer).map((f) => f.detail).join(" ") || null : null);

/** @typedef {{ send: () => Promise<unknown>, button: string, tone?: string, cancel?: () => void, quiet?: boolean, disabled?: boolean }} FormProps */

/** A form whose fields show their faults. @param {FormProps} props @param {(error: Error | null) => View} children */
export const form = (props, children) => html`<${Form} ...${props}>${children}<//>`;

/** A form that sends one request at a time, and shows its error. @param {FormProps & { children: View | ((error: Error | null) => View) }} props */
export function Form({ send, children, button, tone = "primary", cancel, quiet, disabled }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      await send();
    } catch (caught) {
      setError(/** @type {Error} */ (caught));
    }
    setBusy(false);
  };
  return html`<form onSubmit=${submit} novalidate=${quiet}>
    ${error && html`<${Failure} error=${error} />`}
    ${typeof children === "function" ? children(error) : children}
    <div class="form-actions">
      <button class=${`button button-${tone}`} type="submit" disabled=${busy || disabled}>${busy ? "One moment…" : button}</button>
      ${cancel && html`<button class="button" type="button" onClick=${cancel}>Cancel</button>`}
    </div>
  </form>`;
}

/** A button for an action, which shows its error.
 * @param {{ act: () => Promise<unknown>, children: View, tone?: string, disabled?: boolean, small?: boolean, label?: string }} props */
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
/** Shows a temporary message. @param {string} text @param {string} [tone] */
export function toast(text, tone = "good") {
  const id = nextToast++;
  toasts.value = [...toasts.value, { id, text, tone }];
  setTimeout(() => { toasts.value = toasts.value.filter((one) => one.id !== id); }, tone === "bad" ? 9000 : 5000);
}
export const Toasts = () => html`<div class="toasts" role="status" aria-live="polite">
  ${toasts.value.map((one) => html`<div key=${one.id} class=${`toast toast-${one.tone}`}>${one.text}</div>`)}</div>`;

export const Offline = () => (offline.value
  ? html`<div class="offline" role="alert">The service cannot be reached. What you see may be out of date; this page goes on as soon as it can.</div>` : null);

/** A modal dialog, closed by Escape; afterwards the focus returns to the previous element.
 * @param {{ title: string, close: () => void, children: View, wide?: boolean }} props */
export function Dialog({ title, close, children, wide }) {
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useId();
  useEffect(() => {
    const dialog = box.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      if (dialog?.open) dialog.close();
      // The dialog was removed from the page while open, so the browser does not restore the focus.
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return html`<dialog ref=${box} class=${wide ? "wide" : ""} aria-labelledby=${id} onCancel=${(/** @type {Event} */ event) => { event.preventDefault(); close(); }}>
    <div class="dialog-head"><h2 id=${id}>${title}</h2><button type="button" class="icon-button" aria-label="Close" onClick=${close}>✕</button></div>
    ${children}
  </dialog>`;
}

/** @typedef {{ title: string, text: View, button: string, tone?: string }} Asked */
/** @type {import("./html.js").Signal<(Asked & { answer: (yes: boolean) => void }) | null>} */
const question = signal(null);
/** Asks for confirmation before an action that is hard to undo. @param {Asked} what @returns {Promise<boolean>} */
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

/** @template R @typedef {{ key: string, label: string, cell: (row: R) => View, number?: boolean, sort?: string, hide?: boolean }} Column */
/** @template R @typedef {{ caption: string, columns: Column<R>[], rows: R[], rowKey?: (row: R) => string | number, sort?: string | null, onSort?: (sort: string) => void, isTall?: boolean }} TableProps */

/** A table of rows; the link in its first cell opens a row. @template R @param {TableProps<R>} props */
export const table = (props) => html`<${Table} ...${props} />`;

/** @template R @param {TableProps<R>} props */
function Table({ caption, columns, rows, rowKey = (row) => /** @type {{ id: string }} */ (row).id, sort, onSort, isTall }) {
  const began = performance.now();
  // The time to show the rows, for profiling (and for the test that limits it).
  useLayoutEffect(() => { performance.clearMeasures("accunode.table"); performance.measure("accunode.table", { start: began, end: performance.now(), detail: rows.length }); }, [rows]);
  const shown = columns.filter((column) => !column.hide);
  const sorted = (/** @type {Column<R>} */ column) => (sort === column.sort ? "ascending" : sort === `-${column.sort}` ? "descending" : "none");
  return html`<div class=${`table-wrap ${isTall ? "is-tall" : ""}`} tabindex="0" role="region" aria-label=${caption}><table>
    <caption class="sr-only">${caption}</caption>
    <thead><tr>${shown.map((column) => html`<th key=${column.key} scope="col" class=${column.number ? "number" : ""} aria-sort=${column.sort && onSort ? sorted(column) : null}>
      ${column.sort && onSort
        ? html`<button type="button" class="sort" onClick=${() => onSort?.(sort === `-${column.sort}` ? String(column.sort) : `-${column.sort}`)}>${column.label} <span aria-hidden="true">${{ ascending: "↑", descending: "↓", none: "↕" }[sorted(column)]}</span></button>`
        : column.label || html`<span class="sr-only">Actions</span>`}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr key=${rowKey(row)}>${shown.map((column) => html`<td key=${column.key} class=${column.number ? "number" : ""}>${column.cell(row)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

const SIZES = ["25", "50", "100", "200", "500"];
/** The number of rows on a page of a list, from the URL. @param {URLSearchParams} query */
export const sizeOf = (query) => (SIZES.includes(query.get("rows") ?? "") ? Number(query.get("rows")) : 50);

/** Links to the next and the previous page of a list by cursors; the URL contains those of earlier pages.
 * @param {{ page: { has_more: boolean, next_cursor?: string | null }, query: URLSearchParams, set: (changes: Record<string, unknown>) => void }} props */
export function Pager({ page, query, set }) {
  const trail = (query.get("trail") || "").split("~").filter(Boolean);
  const here = query.get("cursor") || "";
  const rows = query.get("rows");
  if (!page.has_more && !here && !rows) return null;
  return html`<nav class="pager" aria-label="Pages">
    <${Field} label="Rows on a page" value=${rows ?? "50"} options=${SIZES.map((value) => ({ value, label: value }))} onInput=${(/** @type {string} */ value) => set({ rows: value === "50" ? "" : value, cursor: "", trail: "" })} />
    <button class="button" disabled=${!here} onClick=${() => set({ cursor: trail.at(-1) === "-" ? "" : trail.at(-1) || "", trail: trail.slice(0, -1).join("~") })}>← Previous</button>
    <span class="muted small">Page ${trail.length + 1}</span>
    <button class="button" disabled=${!page.has_more} onClick=${() => set({ cursor: page.next_cursor, trail: [...trail, here || "-"].join("~") })}>Next →</button>
  </nav>`;
}

/** The parts of a page, of which one is shown. On a narrow screen the shown one is scrolled into view.
 * @param {{ label: string, tabs: string[][], value: string, to: (value: string) => string }} props */
export function Tabs({ label, tabs, value, to }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    const here = /** @type {HTMLElement | null | undefined} */ (box.current?.querySelector("[aria-current]"));
    if (box.current && here) box.current.scrollLeft = here.offsetLeft + here.offsetWidth / 2 - box.current.clientWidth / 2;
  }, [value]);
  return html`<nav class="tabs" aria-label=${label} ref=${box}>${tabs.map(([of, name]) => html`<a key=${of} href=${to(of)} aria-current=${of === value ? "page" : null}>${name}</a>`)}</nav>`;
}

/** @param {{ label: string, options: { value: string, label: string }[], value: string, onChange: (value: string) => void }} props */
export const Segments = ({ label, options, value, onChange }) => html`<div class="segments" role="group" aria-label=${label}>
  ${options.map((one) => html`<button key=${one.value} type="button" aria-pressed=${one.value === value ? "true" : "false"} onClick=${() => onChange(one.value)}>${one.label}</button>`)}</div>`;

/** A text that can be copied with one click. @param {{ text: string, label: string }} props */
export function Copy({ text, label }) {
  const [done, setDone] = useState(false);
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const copy = async () => {
    // Over plain http pages have no clipboard: the text is selected, so that users can copy it.
    if (!navigator.clipboard) {
      if (box.current) getSelection()?.selectAllChildren(box.current);
      return;
    }
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  };
  return html`<div class="copy"><code ref=${box}>${text}</code><button type="button" class="button button-small" onClick=${copy} aria-label=${`Copy ${label}`}>${done ? "Copied" : "Copy"}</button></div>`;
}

/** The value a certain time after its last change, for a search while typing. @template T @param {T} value @param {number} milliseconds @returns {T} */
export function useSettled(value, milliseconds) {
  const [settled, set] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => set(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

/** A progress bar. @param {{ value: number, max: number, label: string }} props */
export const Progress = ({ value, max, label }) => html`<progress value=${value} max=${max || 1} aria-label=${label}></progress>`;
