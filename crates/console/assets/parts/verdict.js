// A verdict of a back-test: a word, a shape and a colour, and its meaning.
import { html } from "./html.js";

/** @typedef {import("./types.js").Verdict} Verdict */

/** The verdicts, the worst last. @type {Record<Verdict, { mark: string, word: string, says: string }>} */
export const VERDICTS = {
  undetermined: { mark: "○", word: "Undetermined", says: "Fewer than ten defaults: no conclusion is possible, whatever the p-values." },
  unobtrusive: { mark: "●", word: "Unobtrusive", says: "No figure contradicts the PDs. This does not prove that they are right." },
  attention: { mark: "▲", word: "Attention", says: "At least one figure raises doubts about the PDs (p below 0.05)." },
  breach: { mark: "◆", word: "Breach", says: "At least one figure contradicts the PDs (p below 0.01)." },
};
export const VERDICT_OPTIONS = Object.entries(VERDICTS).map(([value, one]) => ({ value, label: one.word }));

/** @param {{ value: Verdict | null | undefined }} props */
export const VerdictTag = ({ value }) => (value
  ? html`<span class=${`judged judged-${value}`}><span aria-hidden="true">${VERDICTS[value].mark}</span> ${VERDICTS[value].word}</span>`
  : html`<span class="muted">–</span>`);

/** @type {Record<number, string>} */
export const ASSESSMENTS = { 1: "1, no deficiencies", 2: "2, minor deficiencies", 3: "3, material deficiencies", 4: "4, severe deficiencies" };
