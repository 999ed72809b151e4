/**
 * Promise 3: a crash of one actor stops no other, and data waits in its lane. Every actor gets a thread of its own, each
 * thread is killed in turn while rows are pushed, and afterwards every acknowledged row is stored once and in its window.
 *
 * Breaks when a cursor lives in the actor, when a dead thread's mailbox still takes messages, when the windower does not read
 * back what it had, when the recorder writes again what it had written, or when the death is not counted as a restart.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ACTORS, type ActorName } from "../../actors/house/options.ts";
import { ledgerOf } from "../../actors/house/places.ts";
import { readLedger } from "../../actors/ledger.ts";
import { MINUTE_MS } from "../../datasets/by-the-minute.ts";
import type { System } from "../../runtime/system.ts";
import {
  buildHouse,
  houseOptions,
  pushSynthetic,
  storedIds,
  storedRows,
  storedWindowCounts,
  temporaryFolder,
  until,
} from "./support.ts";

test("killing the thread of each actor in turn loses nothing", { timeout: 120_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const threads = Object.fromEntries(ACTORS.map((name) => [name, `thread-of-${name}`]));
  const system = buildHouse(houseOptions(folder, { threads, segmentBytes: 2 ** 20 }));
  assert.deepEqual(await system.start(), { ok: true });

  const acknowledged: number[] = [];
  let nextId = 0;
  let sending = true;
  const sender = (async () => {
    while (sending) {
      const ids = Array.from({ length: 20 }, (_, index) => nextId + index);
      nextId += ids.length;
      const answer = await pushSynthetic(system, ids);
      if (answer.ok) acknowledged.push(...ids);
      else await new Promise<void>((resolve) => setTimeout(resolve, 5));
    }
  })();

  for (const name of ACTORS) {
    const before = acknowledged.length;
    await until(`rows are acknowledged before ${name} dies`, () => acknowledged.length > before + 100);
    assert.ok(system.killThread(`thread-of-${name}`));
    await until(`${name} runs again`, () => stateOf(system, name).restarts >= 1 && allRunning(system));
  }
  const atEnd = acknowledged.length;
  await until("rows are acknowledged after the last death", () => acknowledged.length > atEnd + 100);
  sending = false;
  await sender;

  for (const name of ACTORS) assert.equal(stateOf(system, name).restarts, 1, `${name} shows its restart`);
  const rows = () => readLedger(system.memory, ledgerOf(system));
  await until("nothing of what was pushed is in flight", () =>
    rows().every(({ dataset, inFlight }) => inFlight === 0 || dataset !== "optimization"),
  );
  await system.stop();
  for (const row of rows()) assert.ok(row.balanced, JSON.stringify(row));

  const stored = storedIds(folder);
  assert.equal(new Set(stored).size, stored.length, "a row is stored twice");
  const present = new Set(stored);
  assert.deepEqual(
    acknowledged.filter((id) => !present.has(id)),
    [],
    "acknowledged rows are missing",
  );
  // In order: one writer, one lane, one log.
  assert.deepEqual(
    stored,
    [...stored].sort((a, b) => a - b),
  );
  const windows = storedWindowCounts(folder);
  const expected = new Map<number, number>();
  for (const { timeMs } of storedRows(folder)) {
    const startMs = Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
    expected.set(startMs, (expected.get(startMs) ?? 0) + 1);
  }
  assert.ok(windows.size > 5, "too few windows were closed for this to say anything");
  for (const [startMs, count] of windows) {
    assert.equal(count, expected.get(startMs), `window ${new Date(startMs).toISOString()} has its rows once`);
  }
  const lastClosedMs = Math.max(...windows.keys());
  const closed = [...expected.keys()].filter((startMs) => startMs <= lastClosedMs);
  assert.equal(windows.size, closed.length, "no window is missing before the last one closed");
});

function stateOf(system: System, actor: ActorName) {
  for (const group of system.status().supervisors.children) {
    const found = group.subtree?.children.find(({ name }) => name === actor);
    if (found !== undefined) return found;
  }
  throw new Error(`no actor ${actor}`);
}

function allRunning(system: System): boolean {
  return ACTORS.every((name) => stateOf(system, name).state === "running");
}
