// A verdict of monitoring: a word, a shape and a colour, and what it says.
import { html } from "./html.js";

/** @typedef {import("./types.js").Schema["Stability"]} Stability */

/** @type {Record<Stability, { mark: string, word: string, says: string, tone: import("./verdict.js").Verdict }>} */
export const STABILITIES = {
  undetermined: { mark: "○", word: "Undetermined", says: "There are so few companies that chance alone explains a large difference.", tone: "undetermined" },
  stable: { mark: "●", word: "Stable", says: "No figure differs by more than 0.10, or by more than chance explains.", tone: "unobtrusive" },
  watch: { mark: "▲", word: "Watch", says: "At least one figure differs by 0.10 or more, and by more than chance explains.", tone: "attention" },
  shifted: { mark: "◆", word: "Shifted", says: "At least one figure differs by 0.25 or more: the companies are others than those of the baseline.", tone: "breach" },
};

/** @param {{ value: Stability }} props */
export const StabilityTag = ({ value }) => html`<span class=${`judged judged-${STABILITIES[value].tone}`}><span aria-hidden="true">${STABILITIES[value].mark}</span> ${STABILITIES[value].word}</span>`;
