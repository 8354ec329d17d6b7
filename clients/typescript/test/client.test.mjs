// The client against `accunode serve --ephemeral`; ACCUNODE_PROGRAM names the program.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";

import { Accunode, Refused } from "../dist/index.js";

const example = new URL("../../../docs/examples/annual.csv", import.meta.url);
let service;
let ready;
let accunode;

before(async () => {
  service = spawn(process.env.ACCUNODE_PROGRAM, ["serve", "--ephemeral"], { stdio: ["pipe", "pipe", "ignore"] });
  for await (const line of createInterface(service.stdout)) {
    ready = JSON.parse(line);
    break;
  }
  const { email, password } = ready.administrator;
  accunode = await Accunode.login(ready.url, email, password);
});

after(async () => {
  const ended = new Promise((resolve) => service.once("exit", resolve));
  service.kill("SIGTERM");
  await ended;
});

test("rows walks all pages", async () => {
  for (const symbol of ["PAGE1", "PAGE2", "PAGE3"]) await accunode.create("/api/v1/companies", { body: { symbol } });
  const found = [];
  for await (const row of accunode.rows("/api/v1/companies", { query: { limit: 2 } })) found.push(row.symbol);
  assert.equal(new Set(found).size, found.length);
  for (const symbol of ["PAGE1", "PAGE2", "PAGE3"]) assert.ok(found.includes(symbol), symbol);
});

test("a refusal has the problem of the service", async () => {
  await accunode.create("/api/v1/companies", { body: { symbol: "TAKEN" } });
  await assert.rejects(accunode.create("/api/v1/companies", { body: { symbol: "TAKEN" } }), (error) => {
    assert.ok(error instanceof Refused);
    assert.deepEqual([error.status, error.problem?.code], [409, "symbol_taken"]);
    return true;
  });
});

test("an upload tells its progress and waits for the end", async () => {
  const told = [];
  const file = new Blob([await readFile(example)]);
  const fields = { job_type: "annual", ratio_unit: "percent", on_conflict: "skip", force: true };
  const upload = await accunode.upload(file, "annual.csv", fields, { progress: (...step) => told.push(step) });
  assert.equal(upload.status, "completed");
  assert.ok(upload.processed_rows > 0);
  assert.deepEqual(told[1], ["sent", file.size, file.size]);
  assert.equal(told.at(-1)[0], "rows");
});

test("what is not safe to send again is sent once, the rest again", async () => {
  let sent = 0;
  const busy = async () => {
    sent += 1;
    return new Response("", { status: 503, headers: { "retry-after": "0" } });
  };
  const client = new Accunode("http://service", "token", { retries: 2, fetch: busy });
  await assert.rejects(client.call("post", "/api/v1/companies", { body: { symbol: "A" } }), Refused);
  assert.equal(sent, 1);
  await assert.rejects(client.create("/api/v1/companies", { body: { symbol: "A" } }), Refused);
  assert.equal(sent, 1 + 3);
  await assert.rejects(client.call("get", "/api/v1/companies"), Refused);
  assert.equal(sent, 1 + 3 + 3);
});
