/**
 * A thin layer on the types that are generated from the OpenAPI document (`schema.ts`): calls
 * that know their parameters and answers, requests that are sent again where that is safe,
 * lists as iterators, uploads with progress and their end. It needs `fetch` and nothing else.
 */
import type { components, paths } from "./schema.js";

export type { components, paths } from "./schema.js";
export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];

type Method = "get" | "post" | "put" | "patch" | "delete";
/** The addresses that know a method. */
type PathsWith<M extends Method> = {
  [P in keyof paths]: paths[P] extends { [K in M]: { responses: unknown } } ? P : never;
}[keyof paths];
type Operation<P extends keyof paths, M extends Method> = M extends keyof paths[P] ? paths[P][M] : never;
type Json<R> = R extends { content: { "application/json": infer T } } ? T : undefined;
/** What an operation answers where it succeeds. */
export type Answer<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { responses: infer R } ? Json<R[keyof R & (200 | 201 | 202 | 204)]> : never;
type Query<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { parameters: { query?: infer Q } } ? NonNullable<Q> : Record<string, never>;
type Path<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { parameters: { path: infer Q } } ? Q : undefined;
type Body<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { requestBody?: { content: { "application/json": infer B } } } ? B : undefined;
/** The row of a list. */
type Row<P extends keyof paths> = Answer<P, "get"> extends { data: (infer T)[] } ? T : never;

export interface Asked<P extends keyof paths, M extends Method> {
  path?: Path<P, M>;
  query?: Query<P, M>;
  body?: Body<P, M>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** The service refused a request. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | undefined,
    text: string,
  ) {
    super(`${status} ${problem ? `${problem.code}: ${problem.detail}` : text.slice(0, 200)}`);
    this.name = "Refused";
  }
}

export interface Options {
  /** How often a request is sent again at most; 4 by default. */
  retries?: number;
  /** The longest pause between two attempts, in seconds; 60 by default. */
  longestPause?: number;
  fetch?: typeof fetch;
}

/** What is told of an upload. `of` is absent where it is not known. */
export type Progress = (what: "sent" | "rows", done: number, of?: number) => void;

const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

export class Accunode {
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #retries: number;
  readonly #longest: number;
  readonly #fetch: typeof fetch;

  /** `token` is an access token or an API key. */
  constructor(url: string, token?: string, options: Options = {}) {
    this.#url = url.replace(/\/$/, "");
    this.#token = token;
    this.#retries = options.retries ?? 4;
    this.#longest = options.longestPause ?? 60;
    this.#fetch = options.fetch ?? fetch;
  }

  /** A client of a user who signs in. */
  static async login(url: string, email: string, password: string, options: Options = {}): Promise<Accunode> {
    const tokens = await new Accunode(url, undefined, options).call("post", "/api/v1/auth/login", {
      body: { email, password },
    });
    if (!tokens || !("access_token" in tokens)) {
      throw new TypeError("the service asks for a second factor; make a client with an API key instead");
    }
    return new Accunode(url, tokens.access_token, options);
  }

  /** What an operation answers. Throws `Refused` where the service refuses it. */
  async call<M extends Method, P extends PathsWith<M>>(method: M, path: P, asked: Asked<P, M> = {}): Promise<Answer<P, M>> {
    const headers: Record<string, string> = { accept: "application/json", ...asked.headers };
    let body: string | undefined;
    if (asked.body !== undefined) {
      headers["content-type"] = "application/json";
      body = JSON.stringify(asked.body);
    }
    const target = address(path as string, asked.path, asked.query);
    const response = await this.#send(method, target, { headers, body, signal: asked.signal });
    const text = await response.text();
    return (text ? JSON.parse(text) : undefined) as Answer<P, M>;
  }

  /** A POST with an `Idempotency-Key`, so that it may be sent again and is done once. */
  create<P extends PathsWith<"post">>(path: P, asked: Asked<P, "post"> = {}): Promise<Answer<P, "post">> {
    const headers = { "idempotency-key": crypto.randomUUID(), ...asked.headers };
    return this.call("post", path, { ...asked, headers });
  }

  /** Every row of a list, page by page. */
  async *rows<P extends PathsWith<"get">>(path: P, asked: Asked<P, "get"> = {}): AsyncGenerator<Row<P>> {
    let cursor: string | null | undefined;
    do {
      const query = { ...asked.query, ...(cursor ? { cursor } : {}) } as Query<P, "get">;
      const page = (await this.call("get", path, { ...asked, query })) as unknown as {
        data: Row<P>[];
        next_cursor?: string | null;
      };
      yield* page.data;
      cursor = page.next_cursor;
    } while (cursor);
  }

  /**
   * Sends a file, and waits for the end of its upload, whatever that is: look at `status`.
   * `fields` are those of the form, such as `job_type`.
   */
  async upload(
    file: Blob,
    name: string,
    fields: Omit<Schemas["NewBulkUpload"], "file">,
    options: { progress?: Progress; wait?: boolean } = {},
  ): Promise<Schemas["BulkUpload"]> {
    const form = new FormData();
    for (const [field, value] of Object.entries(fields)) {
      if (value !== undefined && value !== null) form.set(field, String(value));
    }
    form.set("file", file, name);
    options.progress?.("sent", 0, file.size);
    const headers = { accept: "application/json", "idempotency-key": crypto.randomUUID() };
    const sent = await this.#send("post", "/api/v1/bulk-uploads", { headers, body: form });
    options.progress?.("sent", file.size, file.size);
    let job = (await sent.json()) as Schemas["BulkUpload"];
    while (options.wait !== false && !["completed", "failed", "cancelled"].includes(job.status)) {
      job = await this.call("get", "/api/v1/bulk-uploads/{id}", {
        path: { id: job.id },
        query: { wait: options.progress ? 1 : 30 },
      });
      options.progress?.("rows", job.processed_rows, job.total_rows ?? undefined);
    }
    return job;
  }

  /** Sends a request, and again where that is safe and helps. */
  async #send(method: string, path: string, init: RequestInit & { headers: Record<string, string> }): Promise<Response> {
    if (this.#token) init.headers["authorization"] = `Bearer ${this.#token}`;
    const isSafe = method !== "post" || "idempotency-key" in init.headers;
    const retries = isSafe ? this.#retries : 0;
    for (let attempt = 0; ; attempt += 1) {
      let seconds = Math.min(0.25 * 2 ** attempt, this.#longest) * (0.5 + Math.random() / 2);
      let response: Response | undefined;
      try {
        response = await this.#fetch(this.#url + path, { ...init, method: method.toUpperCase() });
      } catch (lost) {
        if (attempt >= retries || init.signal?.aborted) throw lost;
      }
      if (response) {
        if (response.ok) return response;
        const told = response.headers.get("retry-after");
        const isForNow = response.status === 429 || response.status === 503 || (response.status === 409 && told !== null);
        if (!isForNow || attempt >= retries) throw await refusal(response);
        await response.body?.cancel();
        if (told !== null && /^\d+$/.test(told)) seconds = Math.min(Number(told), this.#longest);
      }
      await pause(seconds);
    }
  }
}

async function refusal(response: Response): Promise<Refused> {
  const text = await response.text();
  let problem: Problem | undefined;
  if (response.headers.get("content-type")?.startsWith("application/problem+json")) {
    problem = JSON.parse(text) as Problem;
  }
  return new Refused(response.status, problem, text);
}

/** A path with its parameters filled in, and a query; a list is given as often as it has values. */
function address(path: string, parameters: unknown, query: unknown): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = (parameters as Record<string, unknown> | undefined)?.[name];
    if (value === undefined) throw new TypeError(`${path} needs ${name}`);
    return encodeURIComponent(String(value));
  });
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries((query ?? {}) as Record<string, unknown>)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null) pairs.append(name, String(one));
    }
  }
  return pairs.size > 0 ? `${filled}?${pairs}` : filled;
}
