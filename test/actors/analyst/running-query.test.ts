/** One query against a thread that answers when the test says. What would fail here: a thread that is lost to the next query. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { DuckRequest } from "../../../actors/analyst/duck-protocol.ts";
import { type QueryThread, RunningQuery } from "../../../actors/analyst/running-query.ts";
import { VirtualClock } from "../../../runtime/clock.ts";

const ANSWERS = {
  plan: { needs: [] },
  run: { columns: [{ name: "n", type: "INTEGER" }] },
  pull: { bytes: new TextEncoder().encode("n\n1\n"), isLast: true, rows: 1, isTruncated: false },
  end: { bytes: new Uint8Array(0) },
};

/** A query that has come to asking for `op`, which is answered by `answer`. */
async function queryAt(op: keyof typeof ANSWERS) {
  const done: string[] = [];
  const clock = new VirtualClock(0);
  let answer: () => void = () => {};
  const ask = (request: DuckRequest) => {
    const value = { ok: true, value: ANSWERS[request.op as keyof typeof ANSWERS] };
    if (request.op !== op) return Promise.resolve(value);
    return new Promise((resolve) => {
      answer = () => resolve(value);
    });
  };
  const thread = {
    ready: Promise.resolve(),
    ask,
    stop: () => void done.push("stop"),
    resume: () => void done.push("resume"),
    end: () => Promise.resolve(void done.push("end")),
  } as unknown as QueryThread;
  const options = { datasets: [], clock, take: () => assert.fail("nothing is read") };
  const query = new RunningQuery({ sql: "SELECT 1 AS n", params: [], format: "csv" }, options, () => thread);
  const ran = query.run();
  // All that is answered at once has been.
  await setImmediate();
  assert.equal(query.working, op);
  return { query, ran, done, clock, answer: () => answer() };
}

test("who goes away while a query runs has DuckDB stopped, by force where that takes long", async () => {
  const { query, ran, done, clock, answer } = await queryAt("run");
  query.close();
  assert.deepEqual(done, ["stop"]);
  clock.advance(1000);
  assert.deepEqual(done, ["stop", "end"]);
  answer();
  await ran;
  assert.deepEqual(done, ["stop", "end", "resume"]);
});

test("who goes away at the very end has nothing stopped: the thread is the next query's", async () => {
  const { query, ran, done, clock, answer } = await queryAt("end");
  query.close();
  clock.advance(1000);
  answer();
  await ran;
  assert.deepEqual(done, ["resume"]);
  const pulled = await query.pull();
  assert.ok(!pulled.ok && pulled.reason === "unknown-query");
});
