// The API's document as types: what a path answers, takes and calls its parameters. The module
// "accunode-api" is made of docs/openapi.json by `scripts/check-console.sh`; nothing here is served.
import type { components, paths } from "accunode-api";

export type Schema = components["schemas"];

/** What `html` makes, and whatever else may stand where it does. */
export interface Element { readonly view: unique symbol }
export type View = Element | string | number | boolean | null | undefined | View[];

type Split<S extends string> = S extends `${infer Head}/${infer Rest}` ? [Head, ...Split<Rest>] : [S];
type FitsOne<K, P> = K extends `{${string}}` ? true : [K] extends [P] ? ([P] extends [K] ? true : false) : false;
type Fits<K, P> = K extends [infer A, ...infer Behind]
  ? P extends [infer B, ...infer After] ? (FitsOne<A, B> extends true ? Fits<Behind, After> : false) : false
  : P extends [] ? true : false;

type Short<K extends string> = K extends `/api/v1${infer Rest}` ? Rest : K;
export type Method = "get" | "post" | "put" | "patch" | "delete";
/** The paths of the document that have this method. */
type Having<M extends Method> = { [K in keyof paths]: paths[K] extends { [N in M]: object } ? K : never }[keyof paths] & string;
/** The path of the document that a path fits: `/companies/${id}` is `/api/v1/companies/{id}`. */
type Known<M extends Method, P extends string> = { [K in Having<M>]: Fits<Split<Short<K>>, Split<P>> extends true ? K : never }[Having<M>];
type Operation<M extends Method, P extends string> = paths[Known<M, P>] extends { [N in M]: infer O } ? O : never;

type Content<R> = R extends { content: { "application/json": infer T } } ? T : null;
type Responses<O> = O extends { responses: infer R } ? R : never;
export type Answer<M extends Method, P extends string> = {
  [S in keyof Responses<Operation<M, P>>]: S extends 200 | 201 | 202 ? Content<Responses<Operation<M, P>>[S]> : S extends 204 ? null : never;
}[keyof Responses<Operation<M, P>>];

/** Names are checked and values are not: they come from fields of forms. */
type Named<T> = { [K in keyof T]?: unknown };
export type Query<M extends Method, P extends string> = Operation<M, P> extends { parameters: { query?: infer Q } }
  ? [NonNullable<Q>] extends [never] ? { [name: string]: never } : Named<NonNullable<Q>>
  : never;
export type Body<M extends Method, P extends string> = Operation<M, P> extends { requestBody?: infer B }
  ? NonNullable<B> extends { content: { "application/json": infer T } } ? Named<T> : undefined
  : undefined;
/** A list's page of whatever rows. */
export interface Page<R> { data: R[]; has_more: boolean; next_cursor?: string | null }
export type Level = Schema["AccessLevel"];
export type Kind = Schema["Kind"];

export type Verdict = Schema["Verdict"];
/** An estimate of a report with its 95 % interval. */
export interface Estimate { value: number; standard_error: number; from: number; to: number; p: number }
export interface Auc { auc: number; variance: number; from: number | null; to: number | null }
export interface PdTest {
  companies: number; defaults: number; rate: number; pd: number; correlation: number; p_correlated: number;
  jeffreys: { p_too_low: number; p_too_high: number; rate_from: number; rate_to: number };
}
export interface GradeTest { code: string; test: PdTest | null; p_holm: number | null; verdict: Verdict }
export interface SampleCounts {
  population: number; in_default: number; left: number; customers: number; rating_outdated: number; statement_outdated: number;
  out_of_scope: number; not_covered: number; sample: number; defaults: number; exits: number; technical: number; deleted: number | null;
}
export interface Migration {
  migration: number[][]; bandwidths: { upper: number | null; lower: number | null };
  cells: ({ z: number; p: number } | null)[][];
  concentration: { variation: number; herfindahl: number } | null; p_concentration: number | null;
}
export interface Calibration {
  shift: { delta: Estimate; odds_ratio: number } | null; new_target_rate: number | null;
  line: { intercept: Estimate; slope: Estimate } | null; brier: { score: number; skill: number | null } | null;
  brier_parts: { reliability: number; resolution: number; uncertainty: number } | null;
  hosmer_lemeshow: { statistic: number; degrees: number; p: number } | null;
}
export interface Verdicts { overall: Verdict; calibration: Verdict; portfolio: Verdict; grades: Verdict; discrimination?: Verdict; deletions?: Verdict }
export interface WindowFigures {
  first_day: string; last_day: string; sample: SampleCounts;
  default_rate: { keep: number; drop: number | null; half: number | null } | null; kaplan_meier: number | null;
  calibration: Calibration; predictive_ability: { portfolio: PdTest | null; grades: GradeTest[] };
  discriminatory_power: {
    pd: Auc | null; grades: Auc | null; roc: [number, number][];
    change: { initial: number; statistic: number; p: number } | null; grade_change: { initial: number; statistic: number; p: number } | null;
  };
  stability: Migration; verdicts: Verdicts;
}
/** The report of a back-test, format 1: docs/validation.md says what each figure means. */
export interface Report {
  format: number; notes: string[]; sample_sha256: string;
  parameters: { complete_through: string; as_of: string | null; scale: string; reference: { initial_auc: number | null; target_rate: number | null } };
  windows: WindowFigures[];
  series: { rates: { first_day: string; companies: number; defaults: number; rate: number | null }[]; overlapping: boolean; long_run_average: number | null; pooled_auc: Auc | null };
}
