// The pages for users who are not signed in: signing in, registering, and the targets of links
// in mails. The token of a link is behind `#` and is removed from the URL at once.
import { html, signal, useEffect, useState } from "../parts/html.js";
import { ROLES, time } from "../parts/format.js";
import { Refused, post, noteSession } from "../parts/api.js";
import { begin, load, me, notice, signOut, user } from "../parts/session.js";
import { Field, Form, faultOf, form, changer, show, useLoaded } from "../parts/ui.js";

const KINDS = ["verify-email", "reset-password", "accept-invitation", "join"];
const name = location.pathname.split("/").pop() || "";
/** The kind of page that the mail's link opened; empty for the console itself. @type {import("../parts/html.js").Signal<string>} */
const kind = signal(KINDS.includes(name) ? name : "");
const token = kind.value ? new URLSearchParams(location.hash.slice(1)).get("token") || "" : "";
// So that the token stays neither in the history nor visible on the screen.
if (kind.value) history.replaceState(null, "", location.pathname);

export const doorOf = () => kind.value;
/** Opens the console at its own URL. */
const leave = () => location.assign(new URL("./", location.href).pathname);

/** @param {{ title: string, children: import("../parts/types.js").View, foot?: import("../parts/types.js").View, icon: string }} props */
function Box({ title, children, foot, icon }) {
  useEffect(() => { document.title = `${title} · AccuNode`; }, [title]);
  return html`<main class="door"><div class="door-box">
    <div class="brand"><img src=${icon} alt="" width="34" height="34" />AccuNode</div>
    <div class="card"><h1>${title}</h1>${children}</div>
    ${foot && html`<p class="door-foot">${foot}</p>`}
  </div></main>`;
}

const go = (/** @type {(step: string) => void} */ set, /** @type {string} */ step) => (/** @type {Event} */ event) => { event.preventDefault(); set(step); };

/** @param {{ icon: string, done?: () => void, title?: string, about?: import("../parts/types.js").View }} props */
function SignIn({ icon, done, title = "Sign in", about }) {
  const [step, setStep] = useState("password");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [challenge, setChallenge] = useState("");
  const [code, setCode] = useState("");
  const finish = (/** @type {{ expires_in: number, user: import("../parts/types.js").Schema["Me"] }} */ session) => { if (done) { noteSession(session); me.value = session.user; done(); } else begin(session); };
  const send = async () => {
    const answer = await post("/auth/login", { email: email.trim(), password }, { open: true });
    if ("mfa_token" in answer) {
      setChallenge(answer.mfa_token);
      setStep("code");
    } else finish(answer);
  };
  const show = async () => finish(await post("/auth/mfa", { mfa_token: challenge, code: code.trim() }, { open: true }));
  if (step === "forgot") return html`<${Forgot} icon=${icon} email=${email} back=${() => setStep("password")} />`;
  if (step === "resend") return html`<${Resend} icon=${icon} email=${email} back=${() => setStep("password")} />`;
  if (step === "register") return html`<${Register} icon=${icon} back=${() => setStep("password")} />`;
  if (step === "code") {
    return html`<${Box} icon=${icon} title="Second factor" foot=${html`<a href="#" onClick=${go(setStep, "password")}>Sign in as someone else</a>`}>
      <${Form} send=${show} button="Sign in">
        <${Field} label="Code" help="Six digits of your device, or one of your recovery codes." value=${code} onInput=${setCode} autocomplete="one-time-code" inputmode="text" autofocus required />
      <//><//>`;
  }
  return html`<${Box} icon=${icon} title=${title} foot=${html`No account yet? <a href="#" onClick=${go(setStep, "register")}>Register</a>`}>
    ${about}
    ${notice.value && html`<div class="notice notice-warn" role="status">${notice.value}</div>`}
    ${form({ send, button: "Sign in" }, (error) => html`
      ${error instanceof Refused && error.code === "email_unverified" && html`<p><a href="#" onClick=${go(setStep, "resend")}>Send the mail for confirming the address again</a></p>`}
      <${Field} label="E-mail address" type="email" value=${email} onInput=${setEmail} autocomplete="username" required autofocus />
      <${Field} label="Password" type="password" value=${password} onInput=${setPassword} autocomplete="current-password" required>
        <p class="small"><a href="#" onClick=${go(setStep, "forgot")}>Forgotten your password?</a></p><//>`)}<//>`;
}

/** @param {{ icon: string, email: string, back: () => void }} props */
function Forgot({ icon, email: known, back }) {
  const [email, setEmail] = useState(known);
  const [sent, setSent] = useState(false);
  const send = async () => {
    await post("/auth/password/forgot", { email: email.trim() }, { open: true });
    setSent(true);
  };
  return html`<${Box} icon=${icon} title="Forgotten password" foot=${html`<a href="#" onClick=${(/** @type {Event} */ e) => { e.preventDefault(); back(); }}>Back to sign in</a>`}>
    ${sent
      ? html`<div role="status" class="stack-small"><p>If there is an account with <strong>${email}</strong>, a mail with a link is on its way. The link is good for an hour.</p><p class="muted">Nothing came? Look into the spam folder. Where this service sends no mails, an administrator can help.</p></div>`
      : html`<${Form} send=${send} button="Send a link"><p class="muted">We send you a link by which you choose a new password.</p><br />
          <${Field} label="E-mail address" type="email" value=${email} onInput=${setEmail} autocomplete="username" required /><//>`}
  <//>`;
}

/** @param {{ icon: string, email: string, back: () => void }} props */
function Resend({ icon, email, back }) {
  const [sent, setSent] = useState(false);
  const send = async () => {
    await post("/auth/verify-email/resend", { email: email.trim() }, { open: true });
    setSent(true);
  };
  return html`<${Box} icon=${icon} title="Confirm your address" foot=${html`<a href="#" onClick=${(/** @type {Event} */ e) => { e.preventDefault(); back(); }}>Back to sign in</a>`}>
    ${sent ? html`<p role="status">A new link is on its way to <strong>${email}</strong>.</p>`
      : html`<${Form} send=${send} button="Send it again"><p>We send a new link to <strong>${email}</strong>.</p><//>`}<//>`;
}

/** @param {{ icon: string, back: () => void }} props */
function Register({ icon, back }) {
  const [state, set] = useState({ email: "", password: "", first_name: "", last_name: "" });
  const [made, setMade] = useState(/** @type {import("../parts/types.js").Schema["Account"] | null} */ (null));
  const change = changer(set);
  const send = async () => {
    const body = Object.fromEntries(Object.entries(state).filter(([, value]) => value !== ""));
    setMade(await post("/auth/register", body, { open: true }));
  };
  const foot = html`<a href="#" onClick=${(/** @type {Event} */ e) => { e.preventDefault(); back(); }}>Back to sign in</a>`;
  if (made) return html`<${Box} icon=${icon} title="Your account is there" foot=${foot}><p role="status">${made.is_verified ? "You can sign in now." : "A mail with a link is on its way. Confirm your address by it, then sign in."}</p><//>`;
  return html`<${Box} icon=${icon} title="Register" foot=${foot}>
    ${form({ send, button: "Register" }, (error) => html`
      <${Field} label="E-mail address" type="email" value=${state.email} onInput=${change("email")} autocomplete="username" fault=${faultOf(error, "/email")} required />
      <${Field} label="Password" type="password" help="10 characters or more, and not easily guessed." value=${state.password} onInput=${change("password")} autocomplete="new-password" fault=${faultOf(error, "/password")} required />
      <${Field} label="First name" optional value=${state.first_name} onInput=${change("first_name")} autocomplete="given-name" fault=${faultOf(error, "/first_name")} />
      <${Field} label="Last name" optional value=${state.last_name} onInput=${change("last_name")} autocomplete="family-name" fault=${faultOf(error, "/last_name")} />`)}<//>`;
}

/** @param {{ icon: string }} props */
const Incomplete = ({ icon }) => html`<${Box} icon=${icon} title="The link is not complete" foot=${html`<a href="./">To sign in</a>`}><p>Open it as it stands in the mail. A page that was loaded again has no token any more: open the link once more.</p><//>`;

/** @param {{ icon: string }} props */
function Verify({ icon }) {
  const [state, set] = useState("asking");
  const confirm = async () => { await post("/auth/verify-email", { token }, { open: true }); set("done"); };
  return html`<${Box} icon=${icon} title="Confirm your e-mail address" foot=${html`<a href="./">To sign in</a>`}>
    ${state === "done" ? html`<p role="status">Your address is confirmed. You can sign in now.</p>` : html`<${Form} send=${confirm} button="Confirm"><p class="muted">One click, and your account can be used.</p><//>`}<//>`;
}

/** @param {{ icon: string }} props */
function Reset({ icon }) {
  const [password, setPassword] = useState("");
  const [done, setDone] = useState(false);
  const send = async () => { await post("/auth/password/reset", { token, password }, { open: true }); setDone(true); };
  return html`<${Box} icon=${icon} title="Choose a new password" foot=${html`<a href="./">To sign in</a>`}>
    ${done ? html`<p role="status">Your password is set, and every session has ended. Sign in with it.</p>`
      : form({ send, button: "Set password" }, (error) => html`<${Field} label="New password" type="password" help="10 characters or more, and not easily guessed." value=${password} onInput=${setPassword} autocomplete="new-password" fault=${faultOf(error, "/password")} required autofocus />`)}<//>`;
}

/** @param {{ icon: string }} props */
function Accept({ icon }) {
  const preview = useLoaded((signal) => post("/auth/preview-invitation", { token }, { open: true, signal }), []);
  const [chosen, setWay] = useState(me.value ? "known" : "");
  const [state, set] = useState({ password: "", first_name: "", last_name: "" });
  const [done, setDone] = useState(false);
  const change = changer(set);
  const way = chosen || (preview.value?.has_account ? "signin" : "new");
  if (done) return html`<${Box} icon=${icon} title="Welcome"><p role="status">You are a member of ${preview.value?.organization_name ?? "the organization"} now.</p><br /><button class="button button-primary" onClick=${leave}>${me.value ? "To the console" : "Sign in"}</button><//>`;
  if (!preview.value) return html`<${Box} icon=${icon} title="Accept the invitation" foot=${preview.error && html`<a href="./">To sign in</a>`}>${show(preview, () => null, 3)}<//>`;
  const invitation = preview.value;
  const about = html`<dl class="facts"><dt>Organization</dt><dd><strong>${invitation.organization_name}</strong></dd><dt>Your role</dt><dd>${ROLES[invitation.role]}</dd><dt>Invited by</dt><dd>${invitation.invited_by_email}</dd><dt>For</dt><dd>${invitation.email}</dd><dt>Good until</dt><dd>${time(invitation.expires_at)}</dd></dl><br />`;
  if (way === "signin") return html`<${SignIn} icon=${icon} title="Sign in to accept" done=${() => setWay("known")} about=${html`${about}<p class="muted">Use the account of this address.</p><br />`} />`;
  const foot = way === "known" ? null : html`You have an account with this address? <a href="#" onClick=${go(setWay, "signin")}>Sign in to accept</a>`;
  const send = async () => {
    const given = way === "known" ? {} : Object.fromEntries(Object.entries(state).filter(([, value]) => value !== ""));
    await post("/auth/accept-invitation", { token, ...given }, { open: way !== "known" });
    setDone(true);
    if (me.value) await load();
  };
  const isOther = way === "known" && me.value && me.value.email !== invitation.email;
  const changeUser = async () => { await signOut(); setWay(invitation.has_account ? "signin" : "new"); };
  if (isOther) {
    return html`<${Box} icon=${icon} title="Accept the invitation">${about}
      <div class="notice notice-warn" role="status"><p>You are signed in as <strong>${user.value.email}</strong>, and the invitation is for another address.</p></div>
      <${Form} send=${changeUser} button="Sign out and go on" /><//>`;
  }
  return html`<${Box} icon=${icon} title="Accept the invitation" foot=${foot}>${about}
    ${form({ send, button: "Accept" }, (error) => (way === "known"
      ? html`<p>You are signed in as <strong>${user.value.email}</strong>.</p>`
      : html`<p class="muted">Choose a password for your account.</p><br />
        <${Field} label="Password" type="password" help="10 characters or more, and not easily guessed." value=${state.password} onInput=${change("password")} autocomplete="new-password" fault=${faultOf(error, "/password")} required autofocus />
        <${Field} label="First name" optional value=${state.first_name} onInput=${change("first_name")} autocomplete="given-name" />
        <${Field} label="Last name" optional value=${state.last_name} onInput=${change("last_name")} autocomplete="family-name" />`))}<//>`;
}

/** @param {{ icon: string }} props */
function Join({ icon }) {
  const [done, setDone] = useState(false);
  if (!me.value) return html`<${SignIn} icon=${icon} title="Sign in to join" done=${() => {}} about=${html`<p class="muted">Sign in with your account to join the organization of this link.</p><br />`} />`;
  const send = async () => { await post("/auth/join", { join_token: token }); setDone(true); await load(); };
  if (done) return html`<${Box} icon=${icon} title="Welcome"><p role="status">You are a member now. What was yours alone stays so.</p><br /><button class="button button-primary" onClick=${leave}>To the console</button><//>`;
  return html`<${Box} icon=${icon} title="Join the organization"><${Form} send=${send} button="Join"><p>You join as <strong>${user.value.email}</strong>.</p><//><//>`;
}

/** @param {{ kind: string, icon: string }} props */
export function Door({ kind, icon }) {
  if (!kind) return html`<${SignIn} icon=${icon} />`;
  if (!token) return html`<${Incomplete} icon=${icon} />`;
  if (kind === "verify-email") return html`<${Verify} icon=${icon} />`;
  if (kind === "reset-password") return html`<${Reset} icon=${icon} />`;
  if (kind === "accept-invitation") return html`<${Accept} icon=${icon} />`;
  return html`<${Join} icon=${icon} />`;
}
