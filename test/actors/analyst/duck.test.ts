/** DuckDB by itself, on this thread: what it cannot do however it is asked, and how it is stopped. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Duck, DuckError, Stopped } from "../../../actors/analyst/duck.ts";

let looks = 0;
let stopAfter = Number.POSITIVE_INFINITY;
const isStopped = () => ++looks > stopAfter;
const patient = { memoryBytes: 2 ** 27, isStopped, patienceMs: Number.POSITIVE_INFINITY };
const impatient = { ...patient, patienceMs: 0 };
let duck = await Duck.start(patient);

function run(sql: string, looksUntilStop = Number.POSITIVE_INFINITY): number {
  looks = 0;
  stopAfter = looksUntilStop;
  try {
    return [...duck.query(sql)].length;
  } finally {
    stopAfter = Number.POSITIVE_INFINITY;
  }
}

test("opens no file even when its own settings would let it", () => {
  duck.open();
  duck.execute("SET autoload_known_extensions = false");
  for (const sql of [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/hostname')",
    "COPY (SELECT 1) TO '/tmp/millrace-must-not-be.csv'",
  ]) {
    // Nothing comes of it: an error, or no row of any file.
    try {
      const messages = [...duck.query(sql)].slice(1);
      assert.doesNotMatch(Buffer.concat(messages).toString("latin1"), /root:/);
    } catch (error) {
      assert.ok(error instanceof Error);
    }
  }
});

test("is stopped between two steps and lives on", async () => {
  if (duck.isBroken) duck = await Duck.start(patient);
  duck.open();
  const sql = "SELECT count(*) FROM range(1000000) a(x), range(1000000) b(y)";
  assert.throws(() => run(sql, 20), Stopped);
  assert.equal(duck.isBroken, false);
  assert.equal(run("SELECT 1"), 2);
});

test("is stopped in the middle of a step that never ends, and is broken then", async () => {
  duck = await Duck.start(impatient);
  duck.open();
  duck.execute("SET enable_profiling = 'no_output'");
  const sql = "SELECT * FROM range(1000000) a(x), range(1000000) b(y) WHERE x + y = -1";
  // So late that it is in that step.
  assert.throws(() => run(sql, 300_000), Stopped);
  assert.equal(duck.isBroken, true);
  assert.throws(() => duck.open(), /made anew/);
  duck = await Duck.start(patient);
  duck.open();
  assert.equal(run("SELECT 1"), 2);
});

test("says its own error, and lives on", () => {
  duck.open();
  assert.throws(
    () => run("SELECT x"),
    (error) => error instanceof DuckError && /Binder Error/.test(error.message),
  );
  assert.equal(duck.isBroken, false);
});

test("gets no more memory than it was given, and half as much again", () => {
  duck.open();
  assert.throws(() => run("SELECT list(x) FROM range(100000000) r(x)"), /Out of Memory|Allocation|memory/i);
});

test("says why it does not start, where its own loader would wait for ever", async () => {
  const instantiate = WebAssembly.instantiate;
  WebAssembly.instantiate = () => Promise.reject<never>(new Error("no room"));
  try {
    await assert.rejects(Duck.start(patient), /^Error: no room$/);
  } finally {
    WebAssembly.instantiate = instantiate;
  }
});
