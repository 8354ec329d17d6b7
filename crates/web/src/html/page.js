// What the page is about follows from its address; the token stands behind `#`.
"use strict";

const password = { name: "password", label: "New password (10 characters or more)", type: "password", autocomplete: "new-password", required: true };
const names = [
  { name: "first_name", label: "First name", autocomplete: "given-name" },
  { name: "last_name", label: "Last name", autocomplete: "family-name" },
];

const PAGES = {
  "verify-email": {
    title: "Confirm your e-mail address", button: "Confirm", fields: [],
    done: "Your address is confirmed. You can sign in now.",
    send: (token) => post("auth/verify-email", { token }),
  },
  "reset-password": {
    title: "Choose a new password", button: "Set password", fields: [password],
    done: "Your password is set. Sign in with it.",
    send: (token, given) => post("auth/password/reset", { token, ...given }),
  },
  "accept-invitation": {
    title: "Accept the invitation", button: "Accept",
    text: "Without an account, choose a password; with one, leave the fields empty.",
    fields: [{ ...password, required: false }, ...names],
    done: "You are a member now. Sign in.",
    send: (token, given) => post("auth/accept-invitation", { token, ...given }),
  },
  "join": {
    title: "Join the organization", button: "Join",
    text: "Sign in with your account to join.",
    fields: [
      { name: "email", label: "E-mail address", type: "email", autocomplete: "username", required: true },
      { name: "password", label: "Password", type: "password", autocomplete: "current-password", required: true },
      { name: "code", label: "Code of your second factor, where you have one", autocomplete: "one-time-code" },
    ],
    done: "You are a member now.",
    send: join,
  },
};

class Refused extends Error {}

async function post(path, body, access) {
  const headers = { "Content-Type": "application/json" };
  if (access) headers.Authorization = `Bearer ${access}`;
  // Relative, so that it holds below any prefix.
  const answer = await fetch(`api/v1/${path}`, { method: "POST", headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  const told = text ? JSON.parse(text) : {};
  if (!answer.ok) {
    const faults = (told.errors || []).map((fault) => `${fault.pointer.slice(1)} ${fault.detail}`);
    throw new Refused(faults.length ? faults.join("\n") : told.detail);
  }
  return told;
}

async function join(token, { email, password, code }) {
  let session = await post("auth/login", { email, password });
  if (session.mfa_token) {
    if (!code) throw new Refused("the code of your second factor is needed");
    session = await post("auth/mfa", { mfa_token: session.mfa_token, code });
  }
  try {
    return await post("auth/join", { join_token: token }, session.access_token);
  } finally {
    // The page signs nobody in for longer than it needs to.
    await post("auth/logout", undefined, session.access_token).catch(() => {});
  }
}

function input(field) {
  const label = document.createElement("label");
  label.append(field.label);
  const input = document.createElement("input");
  Object.assign(input, { name: field.name, type: field.type || "text", autocomplete: field.autocomplete, required: Boolean(field.required) });
  label.append(input);
  return label;
}

function show() {
  const [title, text, form, outcome] = ["title", "text", "form", "outcome"].map((id) => document.getElementById(id));
  const page = PAGES[location.pathname.split("/").pop()];
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  // It is not left in the address, where history and onlookers have it.
  history.replaceState(null, "", location.pathname);
  title.textContent = document.title = page.title;
  text.textContent = page.text || "";
  if (!token) {
    outcome.textContent = "The link is not complete. Open it as it stands in the mail.";
    return;
  }
  const button = document.createElement("button");
  button.textContent = page.button;
  form.append(...page.fields.map(input), button);
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    outcome.textContent = "";
    try {
      const given = [...new FormData(form)].filter(([, value]) => value !== "");
      await page.send(token, Object.fromEntries(given));
      form.hidden = true;
      text.textContent = "";
      outcome.textContent = page.done;
    } catch (error) {
      outcome.textContent = error instanceof Refused ? error.message : "The service cannot be reached; try again.";
      button.disabled = false;
    }
  });
}

show();
