// Recognises the columns of a file by their names with the rules of the service,
// before anything is sent. Only the service decides, and reports how it read the columns.
import { RATIOS } from "./reasons.js";
import { SYNONYMS } from "./synonyms.js";
import { words } from "./format.js";

/** @typedef {"annual" | "quarterly" | "outcomes"} JobType */

const SMALL_WORDS = new Set(["to", "of", "the", "over", "by", "and", "in", "for", "on", "%", "pct", "percent", "percentage", "prc"]);
const UNITS = new Set(["%", "pct", "percent", "percentage", "prc", "x", "times", "usd", "eur", "gbp", "ttm", "ltm", "mrq", "trailing twelve months", "ratio", "decimal", "fraction"]);
const DESCRIPTIONS = ["company_name", "sector", "industry", "market_cap", "country", "currency", "exchange", "isin", "lei", "figi", "national_id"];
const NAMES = Object.keys(RATIOS);

/** The ratios of each kind of statements. */
export const RATIOS_OF = { annual: NAMES.slice(0, 5), quarterly: NAMES.slice(5) };
/** The columns of a file of outcomes, with their other names. @type {Record<string, string[]>} */
const OUTCOMES = {
  company_symbol: ["symbol", "ticker", "company"], definition: ["default_definition"], occurred_on: ["date", "default_date", "event_date"], event: ["outcome", "type"],
  technical: ["is_technical"], reason_code: ["reason"], external_id: ["reference"], note: ["comment"],
};
/** The required columns of a file. @type {Record<JobType, string[]>} */
const NEEDED = {
  annual: ["company_symbol", "reporting_year"], quarterly: ["company_symbol", "reporting_year", "reporting_quarter"], outcomes: ["company_symbol", "definition", "occurred_on"],
};

/** A name in its form for comparison: its words in lower case, without units and small words. @param {string} name */
export function keyOf(name) {
  const outside = name.normalize("NFKC").replace(/[([{]([^)\]}]*)[)\]}]/g, (_, inner) => (UNITS.has(inner.trim().toLowerCase().replace(/^in /, "")) ? " " : ` ${inner} `));
  return outside.replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1 $2").replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2").replaceAll("%", " % ").toLowerCase()
    .split(/[^\p{L}\p{N}%]+/u).filter((word) => word && !SMALL_WORDS.has(word)).join(" ");
}

/** @param {JobType} kind @returns {Map<string, string>} */
function meanings(kind) {
  const found = new Map();
  if (kind === "outcomes") {
    for (const [field, others] of Object.entries(OUTCOMES)) for (const name of [field, ...others]) found.set(keyOf(name), field);
    return found;
  }
  const fields = [...NEEDED[kind], ...DESCRIPTIONS, ...RATIOS_OF[kind]];
  for (const field of fields) {
    for (const name of [field, RATIOS[field]?.label ?? field, ...(SYNONYMS[field] ?? [])]) found.set(keyOf(name), field);
  }
  return found;
}

/** The number of rows that are searched for the header: titles and group headings may precede it. */
const HEADER_ROWS = 40;

/** Finds the header among the first rows, its recognised columns, and the missing ones.
 * @param {string[][]} rows @param {JobType} kind */
export function recognise(rows, kind) {
  const known = meanings(kind);
  const of = (/** @type {string[]} */ row) => row.map((name) => known.get(keyOf(name)) ?? "");
  const number = (/** @type {string[]} */ fields) => new Set(fields.filter(Boolean)).size;
  let at = 0;
  rows.slice(0, HEADER_ROWS).forEach((row, here) => { if (number(of(row)) > number(of(rows[at]))) at = here; });
  const head = rows[at] ?? [];
  const fields = of(head);
  const ratios = kind === "outcomes" ? [] : RATIOS_OF[kind];
  return { at, head, fields, rows: rows.slice(at + 1), count: number(fields), missing: NEEDED[kind].filter((field) => !fields.includes(field)), missingRatios: ratios.filter((field) => !fields.includes(field)) };
}

/** The most likely kind of a file, by the columns that only one kind has; empty if undecided. @param {string[][]} rows @returns {JobType | ""} */
export function likelyKind(rows) {
  const own = (/** @type {JobType} */ kind) => {
    const { fields } = recognise(rows, kind);
    const special = kind === "outcomes" ? ["definition", "occurred_on", "event", "technical"] : RATIOS_OF[kind];
    return special.filter((field) => fields.includes(field)).length;
  };
  const kinds = /** @type {const} */ (["annual", "quarterly", "outcomes"]);
  const best = kinds.reduce((/** @type {JobType} */ found, kind) => (own(kind) > own(found) ? kind : found), "annual");
  return own(best) > 0 ? best : "";
}

/** @param {string} field */
export const fieldLabel = (field) => RATIOS[field]?.label ?? (["isin", "lei", "figi"].includes(field) ? field.toUpperCase() : words(field));
