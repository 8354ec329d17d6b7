// The user's own account: profile, password, second factor, sessions, API keys, data export.
import { html, useEffect, useRef, useState } from "../parts/html.js";
import { get, patch, post, remove, request, requestKey } from "../parts/api.js";
import { user, load, rank, organizationId, signOut } from "../parts/session.js";
import { query } from "../parts/router.js";
import { Act, Card, Copy, Dialog, Empty, Field, Form, Header, Tabs, Tag, ask, faultOf, toast, useLoaded, show, table, form, changer } from "../parts/ui.js";
import { ROLES, ago, date, time } from "../parts/format.js";

/** @typedef {import("../parts/types.js").Schema} Schema */

const TABS = [["profile", "Profile"], ["security", "Password and second factor"], ["sessions", "Sessions"], ["keys", "API keys"], ["data", "Own data"]];

export default function Account() {
  const tab = query.value.get("tab") || "profile";
  return html`<${Header} title="Account" about=${`${user.value.email} · ${ROLES[user.value.effective_role]}`} />
    <${Tabs} label="Parts of the account" tabs=${TABS} value=${tab} to=${(/** @type {string} */ value) => `#/account?tab=${value}`} />
    ${tab === "profile" && html`<div class="stack"><${Profile} /><${Keys} brief /></div>`}
    ${tab === "security" && html`<div class="grid"><${Password} /><${SecondFactor} /></div>`}
    ${tab === "sessions" && html`<${Sessions} />`}
    ${tab === "keys" && html`<${Keys} />`}
    ${tab === "data" && html`<${OwnData} />`}`;
}

function Profile() {
  const [state, set] = useState({ first_name: user.value.first_name ?? "", last_name: user.value.last_name ?? "", phone: user.value.phone ?? "" });
  const change = changer(set);
  const save = async () => {
    await patch("/me", Object.fromEntries(Object.entries(state).map(([key, value]) => [key, value || null])));
    await load();
    toast("Saved.");
  };
  return html`<${Card} title="Profile">${form({ send: save, button: "Save" }, (error) => html`<div class="form-grid">
    <${Field} label="First name" value=${state.first_name} onInput=${change("first_name")} autocomplete="given-name" fault=${faultOf(error, "/first_name")} />
    <${Field} label="Last name" value=${state.last_name} onInput=${change("last_name")} autocomplete="family-name" fault=${faultOf(error, "/last_name")} />
    <${Field} label="Telephone" optional value=${state.phone} onInput=${change("phone")} autocomplete="tel" fault=${faultOf(error, "/phone")} /></div>`)}
    <dl class="facts after"><dt>E-mail address</dt><dd>${user.value.email} ${user.value.is_verified ? html`<${Tag} tone="good">confirmed<//>` : html`<${Tag} tone="warn">not confirmed<//>`}</dd><dt>Role</dt><dd>${ROLES[user.value.effective_role]}</dd><dt>Last sign-in</dt><dd>${time(user.value.last_login)}</dd><dt>Since</dt><dd>${date(user.value.created_at)}</dd></dl><//>`;
}

function Password() {
  const [state, set] = useState({ current_password: "", new_password: "" });
  const change = changer(set);
  const send = async () => {
    await post("/me/password", state);
    set({ current_password: "", new_password: "" });
    toast("Your password is changed; your other sessions have ended.");
  };
  return html`<${Card} class="span-6" title="Password">${form({ send, button: "Change password" }, (error) => html`
    <input type="text" autocomplete="username" value=${user.value.email} hidden readonly />
    <${Field} label="Present password" type="password" value=${state.current_password} onInput=${change("current_password")} autocomplete="current-password" required />
    <${Field} label="New password" type="password" help="10 characters or more, and not easily guessed." value=${state.new_password} onInput=${change("new_password")} autocomplete="new-password" fault=${faultOf(error, "/new_password")} required />`)}<//>`;
}

function SecondFactor() {
  const state = useLoaded((signal) => get("/me/mfa", {}, { signal }), []);
  const [made, setMade] = useState(/** @type {Schema["NewSecondFactor"] | null} */ (null));
  const [code, setCode] = useState("");
  const start = async () => setMade(await post("/me/mfa/totp"));
  const confirm = async () => {
    const answer = await post("/me/mfa/totp/confirm", { code: code.trim() });
    setMade(null);
    setCode("");
    state.again();
    toast(answer ? "Enrolled. An administrator has to approve it." : "Your second factor is active.");
  };
  const off = async () => {
    if (!(await ask({ title: "Remove the second factor?", text: "Your account is then guarded by the password alone.", button: "Remove" }))) return;
    await remove("/me/mfa/totp");
    state.again();
    toast("The second factor is removed.");
  };
  return html`<${Card} class="span-6" title="Second factor">${show(state, ({ status }) => html`
    <p>${{ none: "You have none. An app on your telephone that makes codes guards your account even where the password is known.", unconfirmed: "One was begun and not confirmed. Begin again.", pending_approval: "It waits for an administrator's approval.", active: "It is active: signing in asks for a code." }[/** @type {"none"} */ (status)]} ${status === "active" && html`<${Tag} tone="good">active<//>`}</p>
    <div class="form-actions">${status === "active" ? html`<${Act} tone="danger" act=${off}>Remove<//>` : !made && status !== "pending_approval" && html`<${Act} tone="primary" act=${start}>Set one up<//>`}</div>
    ${made && html`<div class="stack after"><p><strong>1.</strong> Scan this with your app, or type the secret.</p><${Qr} text=${made.otpauth_uri} /><${Copy} text=${made.secret} label="the secret" />
      <p><strong>2.</strong> Keep these recovery codes where your device is not. Each is good once.</p><ul class="codes">${made.recovery_codes.map((/** @type {string} */ one) => html`<li key=${one}>${one}</li>`)}</ul>
      <${Form} send=${confirm} button="Confirm"><${Field} label="3. The code that the app shows" value=${code} onInput=${setCode} autocomplete="one-time-code" inputmode="numeric" required /><//></div>`}`, 3)}<//>`;
}

/** @param {{ text: string }} props */
function Qr({ text }) {
  const box = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    import(new URL("../vendor/qrcode.js", import.meta.url).href).then((module) => {
      const make = module.default ?? module.qrcode;
      const code = make(0, "M");
      code.addData(text);
      code.make();
      const canvas = box.current;
      const context = canvas?.getContext("2d");
      if (!canvas || !context) return;
      const n = code.getModuleCount();
      const size = Math.floor(180 / n) || 1;
      canvas.width = canvas.height = n * size;
      context.fillStyle = "#fff";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.fillStyle = "#000";
      for (let y = 0; y < n; y += 1) for (let x = 0; x < n; x += 1) if (code.isDark(y, x)) context.fillRect(x * size, y * size, size, size);
    });
  }, [text]);
  return html`<canvas ref=${box} class="qr" role="img" aria-label="QR code of the secret below"></canvas>`;
}

/** The browser and system of a user agent, such as "Firefox 140 on Windows"; of other programs the beginning. @param {string | null | undefined} agent */
export function programOf(agent) {
  if (!agent) return "unknown";
  // Later browsers also name the earlier ones.
  const browser = /** @type {const} */ ([["Edge", /Edg\w*\/(\d+)/], ["Opera", /OPR\/(\d+)/], ["Firefox", /(?:Firefox|FxiOS)\/(\d+)/], ["Chrome", /(?:Chrome|CriOS)\/(\d+)/], ["Safari", /Version\/(\d+).* Safari\//]])
    .map(([name, pattern]) => { const found = pattern.exec(agent); return found && `${name} ${found[1]}`; }).find(Boolean);
  const system = /** @type {const} */ ([["iPhone", /iPhone/], ["iPad", /iPad/], ["Android", /Android/], ["Windows", /Windows/], ["macOS", /Mac OS X/], ["ChromeOS", /CrOS/], ["Linux", /Linux/]]).find(([, pattern]) => pattern.test(agent));
  return browser ? `${browser}${system ? ` on ${system[0]}` : ""}` : agent.slice(0, 90);
}

function Sessions() {
  const list = useLoaded((signal) => get("/me/sessions", {}, { signal }), []);
  const end = async (/** @type {Schema["Session"]} */ one) => { await remove(`/me/sessions/${one.id}`); list.again(); toast("The session has ended."); };
  const others = async () => { await remove("/me/sessions"); list.again(); toast("All other sessions have ended."); };
  return html`<${Card} class="card-flush" title="Where you are signed in" actions=${html`<${Act} tone="danger" act=${others}>End all others<//>`}>${show(list, (value) => table({ caption: "Sessions", rows: value.data, columns: [
    { key: "p", label: "Program", cell: (s) => html`<div class="name-cell" title=${s.user_agent}>${programOf(s.user_agent)} ${s.current && html`<${Tag} tone="good">this one<//>`}</div>` },
    { key: "ip", label: "Address", cell: (s) => s.ip_address ?? "–" },
    { key: "b", label: "Since", cell: (s) => html`<span class="nowrap">${time(s.created_at)}</span>` },
    { key: "l", label: "Last seen", cell: (s) => html`<span class="nowrap">${ago(s.last_seen_at)}</span>` },
    { key: "e", label: "", cell: (s) => (s.current ? null : html`<${Act} small act=${() => end(s)}>End<//>`) },
  ] }))}<//>`;
}

const SCOPES = [["read", "Read companies, predictions and figures"], ["score", "Score without storing"], ["write", "Make and change rows"], ["upload", "Upload files"], ["audit", "Read the audit log"], ["admin", "Read users and organizations"]];

/** @param {{ brief?: boolean }} props */
function Keys({ brief }) {
  const list = useLoaded((signal) => get("/api-keys", {}, { signal }), []);
  const [making, setMaking] = useState(false);
  const [secret, setSecret] = useState(/** @type {{ name: string, secret: string } | null} */ (null));
  const revoke = async (/** @type {Schema["ApiKey"]} */ key) => {
    if (!(await ask({ title: `Revoke ${key.name}?`, text: "Programs that use it are refused from now on.", button: "Revoke" }))) return;
    await remove(`/api-keys/${key.id}`);
    list.again();
    toast("The key is revoked.");
  };
  const rotate = async (/** @type {Schema["ApiKey"]} */ key) => { setSecret(await post(`/api-keys/${key.id}/rotate`, { overlap_seconds: 3600 })); list.again(); };
  return html`<${Card} class="card-flush" title="API keys" about="For programs. A key can do no more than you, and only what its scopes say." actions=${html`<button class="button button-primary" onClick=${() => setMaking(true)}>New API key</button>`}>${show(list, (value) => (value.data.length ? table({ caption: "API keys", rows: value.data, columns: [
    { key: "n", label: "Name", cell: (k) => html`${k.name}<span class="sub"><code>${k.prefix}…</code></span>` },
    { key: "s", label: "Scopes", cell: (k) => html`<span class="row">${k.scopes.map((/** @type {string} */ one) => html`<${Tag} key=${one}>${one}<//>`)}</span>` },
    { key: "u", label: "Last used", cell: (k) => html`<span class="nowrap">${k.last_used_at ? ago(k.last_used_at) : "never"}</span>` },
    { key: "x", label: "Ends", cell: (k) => html`<span class="nowrap">${k.expires_at ? date(k.expires_at) : "not by itself"}</span>` },
    { key: "a", label: "", cell: (k) => html`<span class="row"><${Act} small act=${() => rotate(k)}>New secret<//><${Act} small tone="danger" act=${() => revoke(k)}>Revoke<//></span>` },
  ] }) : html`<${Empty} title="No API keys">Make one for a program that scores or uploads for you.<//>`), brief ? 2 : 5)}
  ${making && html`<${NewKey} close=${() => setMaking(false)} made=${(/** @type {Schema["RevealedApiKey"]} */ key) => { setMaking(false); setSecret(key); list.again(); }} />`}
  ${secret && html`<${Dialog} title=${`The secret of ${secret.name}`} close=${() => setSecret(null)}><p>Copy it now. This is the only time that it is shown.</p><${Copy} text=${secret.secret} label="the secret" /><div class="form-actions"><button class="button button-primary" onClick=${() => setSecret(null)}>I have it</button></div><//>`}<//>`;
}

/** @param {{ close: () => void, made: (key: Schema["RevealedApiKey"]) => void }} props */
function NewKey({ close, made }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState(["read"]);
  const [days, setDays] = useState("90");
  const send = async () => {
    const expires_at = days ? new Date(Date.now() + Number(days) * 86_400_000).toISOString() : undefined;
    made(await post("/api-keys", { name, scopes, expires_at }, { headers: { "Idempotency-Key": requestKey() } }));
  };
  const shown = SCOPES.filter(([scope]) => rank.value >= 2 || !["audit", "admin"].includes(scope));
  return html`<${Dialog} title="New API key" close=${close}>${form({ send, button: "Make it", cancel: close }, (error) => html`
    <${Field} label="Name" help="What it is for, such as the program's name." value=${name} onInput=${setName} fault=${faultOf(error, "/name")} required />
    <fieldset class="plain"><legend>What it may do</legend>${shown.map(([scope, about]) => html`<${Field} key=${scope} type="checkbox" label=${scope} help=${about} value=${scopes.includes(scope)} onInput=${(/** @type {boolean} */ yes) => setScopes(yes ? [...scopes, scope] : scopes.filter((one) => one !== scope))} />`)}</fieldset>
    <${Field} label="Ends" value=${days} onInput=${setDays} options=${[{ value: "30", label: "in 30 days" }, { value: "90", label: "in 90 days" }, { value: "365", label: "in a year" }, { value: "", label: "not by itself" }]} />`)}<//>`;
}

function OwnData() {
  const save = async () => {
    const answer = await request("GET", "/me/export");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = "accunode-own-data.json";
    link.click();
  };
  const leave = async () => {
    if (!(await ask({ title: "Delete your account?", text: html`Your personal rows go, what you shared stays, and who you were is forgotten. <strong>This cannot be undone.</strong>`, button: "Delete my account" }))) return;
    await remove("/me");
    await signOut();
  };
  return html`<div class="stack"><${Card} title="Everything about you" about="Your account, rows, sessions and traces in the audit log, as a file."><${Act} act=${save}>Download<//><//>
    <${Card} title="Delete your account" about=${organizationId.value ? "Rows that you shared with your organization stay there." : "Your rows go with it."}><${Act} tone="danger" act=${leave}>Delete my account<//><//></div>`;
}
