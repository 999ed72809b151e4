/**
 * Waiting across threads: no wake-up is lost, whether a side blocks or has an event loop to run, and `wake` ends a wait.
 *
 * What would fail here: a sleeper that does not look again after it said it is asleep; one that sleeps on a bell it read
 * after looking; a mover that looks who is asleep before it stores its cursor; a ringer that takes `ASLEEP` back after the
 * bell, or does not move the bell; a `wake` that is forgotten when nobody sleeps yet. Each leaves a thread asleep, which
 * its deadline turns into an error.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LaneReader, LaneWriter, placeLane, wakeStage } from "../../runtime/lane/index.ts";
import {
  heldOpen,
  type LaneThread,
  makeLane,
  START_POSITIONS,
  sendAsync,
  startThread,
  takeAsync,
} from "../fixtures/lane-setup.ts";

const ROUND_TRIPS = 100_000;
const SLOTS_ONE_BY_ONE = 50_000;

/** Two lanes of two slots, one each way. */
function pingPong(startPosition = 0) {
  const there = makeLane({ slots: 2 }, startPosition);
  const back = placeLane(there.arena, { ...there.spec, name: "back" }, startPosition);
  return { ...there, back };
}

/** What `work` gives, or the failure of one of the threads, whichever is first; ends the threads. */
async function among<T>(threads: readonly LaneThread[], work: Promise<T>): Promise<T> {
  try {
    const [result] = await Promise.all([work, ...threads.map((thread) => thread.next())]);
    return result;
  } finally {
    await Promise.all(threads.map((thread) => thread.stop()));
  }
}

test(`${ROUND_TRIPS} round trips between two blocking threads`, async () => {
  const { memory, spec, back } = pingPong(START_POSITIONS[2]);
  const common = { job: "rally", memory, spec, back, total: ROUND_TRIPS } as const;
  const threads = [
    startThread({ ...common, first: true, seed: 21 }),
    startThread({ ...common, first: false, seed: 22 }),
  ];
  await among(threads, Promise.resolve());
});

test(`${ROUND_TRIPS} round trips between an event loop and a blocking thread`, async () => {
  const { memory, words, spec, back } = pingPong(START_POSITIONS[1]);
  const writer = new LaneWriter(memory, spec);
  const reader = new LaneReader(memory, back, "reader");
  const rally = async () => {
    for (let sequence = 0; sequence < ROUND_TRIPS; sequence++) {
      await sendAsync(writer, words, sequence, sequence + 1);
      await takeAsync(reader, words, sequence, sequence + 1);
    }
  };
  const thread = startThread({
    job: "rally",
    first: false,
    memory,
    spec,
    back,
    total: ROUND_TRIPS,
    seed: 23,
  });
  await among([thread], rally());
});

for (const startPosition of START_POSITIONS) {
  test(`an event loop takes ${SLOTS_ONE_BY_ONE} slots of a thread, from position ${startPosition}`, async () => {
    const { memory, words, spec } = makeLane({ slots: 4 }, startPosition);
    const reader = new LaneReader(memory, spec, "reader");
    const thread = startThread({ job: "feed", memory, spec, total: SLOTS_ONE_BY_ONE });
    await among([thread], takeAsync(reader, words, 0, SLOTS_ONE_BY_ONE));
    assert.equal(reader.tryRead(), -1);
  });

  test(`an event loop sends ${SLOTS_ONE_BY_ONE} slots to a thread, from position ${startPosition}`, async () => {
    const { memory, words, spec } = makeLane({ slots: 4 }, startPosition);
    const writer = new LaneWriter(memory, spec);
    const thread = startThread({ job: "drain", memory, spec, total: SLOTS_ONE_BY_ONE });
    await among([thread], sendAsync(writer, words, 0, SLOTS_ONE_BY_ONE));
    assert.equal(writer.free(), 4);
  });
}

test("wake ends a blocking read in another thread, whether it came before or during the sleep", async () => {
  const { memory, spec } = makeLane();
  for (let round = 0; round < 3; round++) {
    const thread = startThread({ job: "sleep", memory, spec });
    assert.equal((await thread.next()).what, "ready");
    wakeStage(memory, spec, "reader");
    assert.deepEqual(await thread.next(), { what: "done", count: 0 });
    await thread.stop();
  }
});

test("a wake ends one wait, and only one; a slot that is there is read first", async () => {
  const { memory, spec } = makeLane({ slots: 2 });
  const writer = new LaneWriter(memory, spec);
  const reader = new LaneReader(memory, spec, "reader");
  reader.wake();
  writer.tryClaim();
  writer.publish();
  assert.ok(reader.read() >= 0);
  assert.equal(reader.read(), -1, "the wake was kept for the wait that had to sleep");
  const waiting = reader.dataAsync();
  assert.ok(waiting !== undefined);
  assert.equal(await Promise.race([waiting.then(() => "woken"), Promise.resolve("asleep")]), "asleep");
  reader.wake();
  await heldOpen(() => waiting);
  reader.release();

  writer.wake();
  while (writer.tryClaim() >= 0);
  writer.publish();
  assert.equal(writer.claim(), -1);
  const full = writer.spaceAsync();
  assert.ok(full !== undefined);
  writer.wake();
  await heldOpen(() => full);
});

test("a wait with a deadline ends; one with nothing in its way does not start", () => {
  const { memory, spec } = makeLane({ slots: 2 });
  const writer = new LaneWriter(memory, spec);
  const reader = new LaneReader(memory, spec, "reader");
  assert.equal(reader.read(0), -1);
  assert.equal(reader.read(1), -1);
  assert.equal(writer.spaceAsync(), undefined);
  writer.tryClaim();
  writer.tryClaim();
  writer.publish();
  assert.equal(writer.claim(0), -1);
  assert.equal(writer.claim(1), -1);
  assert.equal(reader.dataAsync(), undefined);
});

test("waiting for what only oneself could bring about is refused", () => {
  const { memory, spec } = makeLane({ name: "knot", slots: 2 });
  const writer = new LaneWriter(memory, spec);
  const reader = new LaneReader(memory, spec, "reader");
  while (writer.tryClaim() >= 0);
  assert.throws(() => writer.claim(), /lane knot: all 2 slots are claimed and none is published/);
  assert.throws(() => writer.spaceAsync(), RangeError);
  writer.publish();
  while (reader.tryRead() >= 0);
  assert.throws(() => reader.read(), /lane knot, stage reader: all 2 slots are read and none is released/);
  assert.throws(() => reader.dataAsync(), RangeError);
});
