// The entry point of the console: shows the sign-in pages or the console, depending on the session.
import { html, render, useEffect, useState } from "./parts/html.js";
import { path, address, match } from "./parts/router.js";
import { me, user, isKnown, isAtLeast, load, signOut } from "./parts/session.js";
import { Failure, Offline, Question, Skeleton, Toasts } from "./parts/ui.js";
import { StepUp } from "./parts/stepup.js";
import { nameOf, ROLES } from "./parts/format.js";
import { theme } from "./parts/chart.js";
import { Door, doorOf } from "./pages/door.js";
import { ROUTES, MENU } from "./routes.js";

const icon = new URL("icon.svg", import.meta.url).href;
export const Brand = () => html`<a class="brand" href="#/"><img src=${icon} alt="" width="26" height="26" />AccuNode</a>`;

/** @typedef {(parameters: never) => import("./parts/types.js").View} Shown */

/** The module of a page, which is loaded when the page is first shown. @param {{ load: import("./routes.js").Route["load"], parameters: Record<string, string> }} props */
function Page({ load, parameters }) {
  const [state, set] = useState(/** @type {{ page: Shown | null, error: Error | null }} */ ({ page: null, error: null }));
  const [round, again] = useState(0);
  useEffect(() => {
    let gone = false;
    set({ page: null, error: null });
    load().then((page) => !gone && set({ page: page.default, error: null }), (error) => !gone && set({ page: null, error }));
    return () => { gone = true; };
  }, [load, round]);
  const shown = state.page;
  useEffect(() => { if (shown) /** @type {HTMLElement | null} */ (document.querySelector("h1"))?.focus({ preventScroll: true }); scrollTo(0, 0); }, [shown, path.value]);
  if (state.error) return html`<${Failure} error=${state.error} again=${() => again(round + 1)} />`;
  if (!shown) return html`<${Skeleton} lines=${8} />`;
  return html`<${shown} key=${path.value} ...${parameters} />`;
}

function Missing() {
  useEffect(() => { document.title = "Not found · AccuNode"; }, []);
  return html`<div class="empty"><h1>There is nothing at this address</h1><p>The link may be old, or what it led to is gone or not for you.</p><a class="button" href="#/">To the overview</a></div>`;
}

function ThemeButton() {
  const [now, set] = useState(document.documentElement.dataset.theme || "");
  const isDark = now ? now === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const change = () => {
    const next = isDark ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("accunode.theme", next);
    theme.value += 1;
    set(next);
  };
  return html`<button class="icon-button" onClick=${change} aria-label=${isDark ? "Light theme" : "Dark theme"} title=${isDark ? "Light theme" : "Dark theme"}>
    <svg viewBox="0 0 24 24" aria-hidden="true">${isDark
      ? html`<circle cx="12" cy="12" r="4.5" /><path d="M12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.7 1.7M17.3 17.3 19 19M5 19l1.7-1.7M17.3 6.7 19 5" />`
      : html`<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z" />`}</svg></button>`;
}

/** @param {{ isOpen: boolean }} props */
function Menu({ isOpen }) {
  const here = path.value;
  const isCurrent = (/** @type {string} */ to) => (to === "/" ? here === "/" : here === to || here.startsWith(`${to}/`));
  const entries = MENU.filter((entry) => !entry.role || isAtLeast(entry.role));
  return html`<aside class=${`side ${isOpen ? "is-open" : ""}`} id="menu"><${Brand} />
    <nav aria-label="Main">${entries.map((entry) => (entry.path
      ? html`<a key=${entry.path} href=${`#${entry.path}`} aria-current=${isCurrent(entry.path) ? "page" : null}><svg viewBox="0 0 24 24" aria-hidden="true"><path d=${entry.icon} /></svg>${entry.label}</a>`
      : html`<h2 key=${entry.label}>${entry.label}</h2>`))}</nav>
    <div class="side-foot">
      <a class="who" href="#/account"><span class="strong">${nameOf(user.value)}</span><br /><span class="small muted">${ROLES[user.value.effective_role]} · account</span></a>
      <div class="side-tools"><${ThemeButton} />
        <a class="icon-button" href="docs" target="_blank" rel="noopener" aria-label="API documentation" title="API documentation"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 7 3.5 12 8 17M16 7l4.5 5-4.5 5M13.5 5l-3 14" /></svg></a>
        <button class="icon-button" onClick=${signOut} aria-label="Sign out" title="Sign out"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M14 4H6v16h8M10 12h10M17 8.5l3.5 3.5-3.5 3.5" /></svg></button></div>
    </div></aside>`;
}

function Frame() {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setOpen(false), [address.value]);
  let route = null;
  /** @type {Record<string, string>} */
  let parameters = {};
  for (const one of ROUTES) {
    const found = match(one.path, path.value);
    if (found && (!one.role || isAtLeast(one.role))) {
      route = one;
      parameters = found;
      break;
    }
  }
  return html`<a class="skip" href="#main" onClick=${(/** @type {Event} */ event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to the content</a>
    <${Offline} />
    <header class="top"><${Brand} /><button class="icon-button" aria-expanded=${isOpen ? "true" : "false"} aria-controls="menu" aria-label="Menu" onClick=${() => setOpen(!isOpen)}><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 7h16M4 12h16M4 17h16" /></svg></button></header>
    <div class="frame"><${Menu} isOpen=${isOpen} />
      <main class="main" id="main" tabindex="-1">${route ? html`<${Page} key=${route.path} load=${route.load} parameters=${parameters} />` : html`<${Missing} />`}</main></div>`;
}

function Console() {
  // When the page can be used, for profiling (and for the test that limits it).
  useEffect(() => { if (isKnown.value && !performance.getEntriesByName("accunode.usable").length) performance.mark("accunode.usable"); }, [isKnown.value]);
  if (!isKnown.value) return html`<div class="door" aria-busy="true"><span class="sr-only" role="status">Loading</span></div>`;
  const door = doorOf();
  return html`${door || !me.value ? html`<${Door} kind=${door} icon=${icon} />` : html`<${Frame} />`}<${StepUp} /><${Question} /><${Toasts} />`;
}

const root = /** @type {HTMLElement} */ (document.getElementById("console"));
root.textContent = "";
render(html`<${Console} />`, root);
load().catch((error) => {
  isKnown.value = true;
  render(html`<main class="door"><div class="door-box"><${Failure} error=${error} again=${() => location.reload()} /></div></main>`, root);
});
