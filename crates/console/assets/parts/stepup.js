// Asks for a new proof of identity when the API requires one, and then repeats the request.
import { html, signal, useState } from "./html.js";
import { post, onStepUp, noteSession } from "./api.js";
import { me } from "./session.js";
import { Dialog, Field, Form } from "./ui.js";

/** @type {import("./html.js").Signal<((given: boolean) => void)[]>} */
const waiting = signal([]);

onStepUp.current = () => new Promise((answer) => { waiting.value = [...waiting.value, answer]; });

export function StepUp() {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  if (!waiting.value.length) return null;
  const finish = (/** @type {boolean} */ given) => {
    const all = waiting.value;
    waiting.value = [];
    setPassword("");
    setCode("");
    all.forEach((answer) => answer(given));
  };
  const send = async () => {
    noteSession(await post("/auth/step-up", { password, code: code || undefined }, { again: true }));
    finish(true);
  };
  return html`<${Dialog} title="Confirm that it is you" close=${() => finish(false)}>
    <p>This needs a proof of the last 15 minutes. What you were about to do goes on afterwards.</p>
    <${Form} send=${send} button="Confirm" cancel=${() => finish(false)}>
      <input type="text" autocomplete="username" value=${me.value?.email} hidden readonly />
      <${Field} label="Password" type="password" value=${password} onInput=${setPassword} autocomplete="current-password" required autofocus />
      <${Field} label="Code of your second factor" optional help="Needed if you have one: six digits, or a recovery code." value=${code} onInput=${setCode} autocomplete="one-time-code" inputmode="numeric" />
    <//><//>`;
}
