// Outcomes of companies: their names, recording and withdrawing them.
import { html, useState } from "./html.js";
import { get, post, requestKey } from "./api.js";
import { mayChange, organizationId } from "./session.js";
import { Dialog, Field, Tag, changer, faultOf, form, toast, useLoaded } from "./ui.js";
import { date } from "./format.js";
import { ownerOf, useOwners } from "./owner.js";

/** @typedef {import("./types.js").Schema["CompanyOutcome"]} Outcome */

/** @type {Record<Outcome["event"], { label: string, help: string, tone: string }>} */
export const EVENTS = {
  default: { label: "Default", help: "The company defaulted according to the definition.", tone: "bad" },
  cure: { label: "Cure", help: "It returned to non-defaulted status, after its probation.", tone: "good" },
  exit: { label: "Exit", help: "It repaid, merged or left without a default, and is no longer observed.", tone: "" },
};
export const EVENT_OPTIONS = Object.entries(EVENTS).map(([value, one]) => ({ value, label: one.label }));

/** @typedef {import("./types.js").Schema["DefaultDefinition"]} Definition */

/** The definitions of default that the user can read and that are not retired. The shipped ones are last. */
export const useDefinitions = () => useLoaded(async (signal) => (await get("/default-definitions", { limit: 100, is_retired: false }, { signal })).data, []);
/** Whether outcomes of an owner can name a definition: one of the same owner, of everyone, or of the program.
 * @param {Definition} one @param {string} owner */
export function fitsOwner(one, owner) {
  const { access_level: level, organization_id: organization } = ownerOf(owner);
  return one.access_level === "system" || (one.access_level === level && (level !== "organization" || one.organization_id === (organization ?? organizationId.value)));
}
/** The definitions to choose from; with an owner only those that the owner's outcomes can name.
 * @param {Definition[] | null} list @param {string} [owner] */
export const definitionOptions = (list, owner) => (list ?? []).filter((one) => !owner || fitsOwner(one, owner)).map((one) => ({ value: one.definition, label: `${one.definition}: ${one.name.charAt(0).toLowerCase()}${one.name.slice(1)}` }));

/** @param {{ outcome: Outcome }} props */
export const EventTag = ({ outcome }) => html`<${Tag} tone=${EVENTS[outcome.event].tone}>${EVENTS[outcome.event].label}<//>${outcome.technical ? html` <${Tag}>technical<//>` : null}${outcome.withdrawn_at ? html` <${Tag} tone="warn">withdrawn<//>` : null}`;

export const today = () => new Date().toISOString().slice(0, 10);

/** Whether the user may withdraw it: its creator and administrators of its owner may. @param {Outcome} outcome */
export const mayWithdraw = (outcome) => !outcome.withdrawn_at && mayChange(outcome);

/** Records an outcome of a given company, or of one that is named by its symbol.
 * @param {{ company?: { id: string, name: string }, close: () => void, done: () => void }} props */
export function RecordOutcome({ company, close, done }) {
  const definitions = useDefinitions();
  const owners = useOwners("org_member");
  const [state, set] = useState({ symbol: "", event: "default", definition: "", occurred_on: "", owner: "", technical: false, reason_code: "", external_id: "", note: "" });
  const change = changer(set);
  const owner = state.owner || owners[0].value;
  const definition = state.definition || definitionOptions(definitions.value, owner)[0]?.value || "";
  const send = async () => {
    const { symbol, technical, event, occurred_on, reason_code, external_id, note } = state;
    await post("/outcomes", {
      ...(company ? { company_id: company.id } : { company: { symbol } }), ...ownerOf(owner), definition, event, occurred_on,
      technical: event === "default" && technical, reason_code: reason_code || undefined, external_id: external_id || undefined, note: note || undefined,
    }, { headers: { "Idempotency-Key": requestKey() } });
    close();
    done();
    toast("Recorded.");
  };
  return html`<${Dialog} title=${company ? `Record an outcome of ${company.name}` : "Record an outcome"} close=${close} wide>${form({ send, button: "Record", cancel: close }, (error) => html`<div class="form-grid">
    ${!company && html`<${Field} label="Symbol of the company" value=${state.symbol} onInput=${change("symbol")} fault=${faultOf(error, "/company/symbol") ?? faultOf(error, "/company")} maxlength="10" required autofocus />`}
    <${Field} label="What happened" value=${state.event} onInput=${change("event")} options=${EVENT_OPTIONS} help=${EVENTS[/** @type {Outcome["event"]} */ (state.event)].help} fault=${faultOf(error, "/event")} />
    <${Field} label="On which day" type="date" value=${state.occurred_on} onInput=${change("occurred_on")} max=${today()} fault=${faultOf(error, "/occurred_on")} required />
    <${Field} label="By which definition" value=${definition} onInput=${change("definition")} options=${definitionOptions(definitions.value, owner)} help="A version never changes. The shipped models were trained on bankruptcy." fault=${faultOf(error, "/definition")} />
    <${Field} label="Owner" value=${owner} onInput=${change("owner")} options=${owners} help="The outcome counts in back-tests of predictions of the same owner." fault=${faultOf(error, "/access_level")} />
    <${Field} label="Reason code" optional value=${state.reason_code} onInput=${change("reason_code")} fault=${faultOf(error, "/reason_code")} />
    <${Field} label="External id" optional value=${state.external_id} onInput=${change("external_id")} help="The id in your system; it prevents duplicates." fault=${faultOf(error, "/external_id")} />
    <${Field} label="Note" optional value=${state.note} onInput=${change("note")} fault=${faultOf(error, "/note")} /></div>
    ${state.event === "default" && html`<${Field} type="checkbox" label="A technical default" help="Caused only by systems or payments. It is stored but counts in no test." value=${state.technical} onInput=${change("technical")} />`}`)}<//>`;
}

/** Withdraws an outcome, which stays visible. @param {{ outcome: Outcome, close: () => void, done: () => void }} props */
export function WithdrawOutcome({ outcome, close, done }) {
  const [reason, setReason] = useState("");
  const send = async () => {
    await post(`/outcomes/${outcome.id}/withdraw`, { reason });
    close();
    done();
    toast("Withdrawn. It no longer counts.");
  };
  return html`<${Dialog} title="Withdraw this outcome?" close=${close}><p>${EVENTS[outcome.event].label} of ${outcome.company_name} on ${date(outcome.occurred_on)}. An outcome is never changed: it is withdrawn with a reason, and reports as of an earlier time still include it.</p>
    ${form({ send, button: "Withdraw", tone: "danger", cancel: close }, (error) => html`<${Field} label="Why" value=${reason} onInput=${setReason} fault=${faultOf(error, "/reason")} required autofocus />`)}<//>`;
}
