/**
 * Threads that die: a stage goes on at its cursor, with nothing lost and no more repeated than it had not released; what
 * a writer had not published was never there; an end that died asleep leaves the lane working.
 *
 * What would fail here: a cursor kept in the reader, or moved by `tryRead`; attempts kept in the reader, or not forgotten
 * by `release`; a writer that goes on at what was claimed; a sleeper's flag that holds a mover up; a `release` or
 * `publish` that does not ask whether the end is still held; an opening that lets its predecessor sleep on.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LaneReader, LaneTaken, LaneWriter, laneStatus } from "../../runtime/lane/index.ts";
import { ASLEEP, stageWord } from "../../runtime/lane/layout.ts";
import { heldOpen, makeLane, sendAsync, startThread } from "../fixtures/lane-setup.ts";
import { checkSlot, writeGarbage, writeSlot } from "../fixtures/lane-slots.ts";

const CRAWL_BATCH = 50;
const CRASHES = 5;

/** Until a thread has said that it is asleep: the last it does before it looks once more, and sleeps. */
async function untilAsleep(words: Int32Array, word: number): Promise<void> {
  while (Atomics.load(words, word) === 0) await new Promise<void>((resolve) => setImmediate(resolve));
}

test("a stage that dies mid-batch goes on at its cursor, and its attempts are counted", async () => {
  const { memory, words, spec } = makeLane({ slots: 8 });
  const writer = new LaneWriter(memory, spec);
  for (let sequence = 0; sequence < 8; sequence++) writeSlot(words, writer.tryClaim(), sequence);
  writer.publish();
  const first = new LaneReader(memory, spec, "reader");
  checkSlot(words, first.tryRead(), 0, false);
  first.release();

  for (const attemptsBefore of [0, 1, 2]) {
    const thread = startThread({ job: "hold", memory, spec, slots: 3 });
    assert.equal((await thread.next()).count, attemptsBefore);
    await thread.stop();
  }
  const stage = { stage: "reader", cursor: 1, attempts: 3, lagSlots: 7 };
  assert.deepEqual(laneStatus(memory, spec).stages, [stage]);

  const reader = new LaneReader(memory, spec, "reader");
  assert.equal(reader.beginAttempt(), 3);
  reader.endAttempt();
  assert.equal(
    reader.beginAttempt(),
    3,
    "an attempt that was taken back is not counted, those before it are",
  );
  for (let sequence = 1; sequence < 8; sequence++) checkSlot(words, reader.tryRead(), sequence, false);
  assert.equal(reader.tryRead(), -1);
  reader.release();
  reader.endAttempt();
  assert.deepEqual(laneStatus(memory, spec).stages, [{ ...stage, cursor: 8, attempts: 0, lagSlots: 0 }]);
});

test(`a running stage is killed ${CRASHES} times: nothing is lost, and at most a batch is repeated`, async () => {
  const { memory, words, arena, spec } = makeLane({ slots: 64 });
  const seen = arena.allocate(4, "seen");
  const writer = new LaneWriter(memory, spec);
  for (let crash = 0, sent = 0; crash <= CRASHES; crash++) {
    const total = sent + 20_000 + 7 * crash;
    // Only the last one may come to an end.
    const until = crash === CRASHES ? total : 2 ** 30;
    const thread = startThread({ job: "crawl", memory, spec, batch: CRAWL_BATCH, seen, total: until });
    const { count: repeated } = await thread.next();
    assert.ok(repeated >= 0 && repeated <= CRAWL_BATCH, `${repeated} slots were seen and are still to come`);
    // When the last slot is sent, the thread has at most a lane full before it, and is somewhere in a batch.
    await heldOpen(() => sendAsync(writer, words, sent, total));
    sent = total;
    // On Deno a killed one runs on, until the next one has opened the stage.
    if (crash === CRASHES) assert.deepEqual(await thread.next(), { what: "done", count: total });
    await thread.stop();
  }
  assert.equal(laneStatus(memory, spec).stages[0]?.lagSlots, 0);
});

test("what a writer claimed and did not publish before it died is never seen", async () => {
  const { memory, words, spec } = makeLane({ slots: 8 });
  const reader = new LaneReader(memory, spec, "reader");
  const thread = startThread({ job: "spoil", memory, spec, publish: 3, claim: 4 });
  assert.equal((await thread.next()).count, 7);
  await thread.stop();
  assert.equal(reader.available(), 3);

  const writer = new LaneWriter(memory, spec);
  assert.equal(writer.position, 3);
  assert.equal(writer.free(), 5);
  checkSlot(words, writer.lastPublishedSlot(), 2, false);
  for (let sequence = 3; sequence < 8; sequence++) writeSlot(words, writer.tryClaim(), sequence);
  assert.equal(writer.tryClaim(), -1);
  writer.publish();
  for (let sequence = 0; sequence < 8; sequence++) checkSlot(words, reader.tryRead(), sequence, false);
  assert.equal(reader.tryRead(), -1);
});

test("a stage that died asleep leaves a lane that works, for blocking and for waiting ends", async () => {
  const { memory, words, spec } = makeLane({ slots: 2 });
  const asleep = stageWord(spec, "reader") + ASLEEP;
  const thread = startThread({ job: "sleep", memory, spec });
  await thread.next();
  await untilAsleep(words, asleep);
  await thread.stop();
  assert.equal(Atomics.load(words, asleep), 1, "the dead one's flag stands");

  const writer = new LaneWriter(memory, spec);
  const reader = new LaneReader(memory, spec, "reader");
  const waiting = reader.dataAsync();
  for (let sequence = 0; sequence < 10; sequence++) {
    writeSlot(words, writer.claim(), sequence);
    writer.publish();
    if (sequence === 0) await heldOpen(async () => waiting);
    checkSlot(words, reader.read(), sequence, false);
    reader.release();
  }
  assert.equal(Atomics.load(words, asleep), 0, "the first move took it back");
});

test("an end that is opened rings those that its dead predecessor moved past and did not ring", async () => {
  const { memory, words, spec } = makeLane({ slots: 2, tiers: [["first"], ["second"]] });
  const second = new LaneReader(memory, spec, "second");
  const waiting = second.dataAsync();
  assert.ok(waiting !== undefined);
  // As if the stage before had stored its cursor, and died before it looked who is asleep.
  Atomics.store(words, stageWord(spec, "first"), 1);
  new LaneReader(memory, spec, "first");
  await heldOpen(() => waiting);
  assert.equal(second.available(), 1);
});

test("an end that was opened again elsewhere may look, and may not move", () => {
  const { memory, words, spec } = makeLane({ name: "shared", slots: 4 });
  const oldWriter = new LaneWriter(memory, spec);
  const oldReader = new LaneReader(memory, spec, "reader");
  for (let sequence = 0; sequence < 3; sequence++) writeSlot(words, oldWriter.tryClaim(), sequence);
  oldWriter.publish();
  assert.equal(oldReader.beginAttempt(), 0);
  checkSlot(words, oldReader.tryRead(), 0, false);
  writeGarbage(words, oldWriter.tryClaim());

  const writer = new LaneWriter(memory, spec);
  const reader = new LaneReader(memory, spec, "reader");
  const before = laneStatus(memory, spec);
  const taken = (message: RegExp) => (error: unknown) =>
    error instanceof LaneTaken && message.test(error.message);
  const ofReader = taken(/stage reader of lane shared has been opened again/);
  assert.throws(() => oldReader.release(), ofReader);
  assert.throws(() => oldReader.beginAttempt(), ofReader);
  oldReader.endAttempt();
  oldReader.rewind();
  assert.equal(oldReader.available(), 0);
  assert.throws(() => {
    while (oldReader.tryRead() >= 0);
  }, ofReader);
  assert.throws(() => oldReader.dataAsync(), ofReader);
  const ofWriter = taken(/the writer of lane shared has been opened again/);
  assert.throws(() => oldWriter.publish(), ofWriter);
  assert.throws(() => oldWriter.claim(), ofWriter);
  assert.throws(() => oldWriter.spaceAsync(), ofWriter);
  assert.deepEqual(laneStatus(memory, spec), before);

  writeSlot(words, writer.tryClaim(), 3);
  writer.publish();
  for (let sequence = 0; sequence < 4; sequence++) checkSlot(words, reader.tryRead(), sequence, false);
  reader.release();
  assert.deepEqual(laneStatus(memory, spec).stages, [
    { stage: "reader", cursor: 4, attempts: 0, lagSlots: 0 },
  ]);
});

test("a thread asleep at an end that is opened elsewhere is sent away, not left there", async () => {
  const { memory, words, spec } = makeLane({ slots: 2 });
  const thread = startThread({ job: "sleep", memory, spec });
  await thread.next();
  await untilAsleep(words, stageWord(spec, "reader") + ASLEEP);
  const reader = new LaneReader(memory, spec, "reader");
  await assert.rejects(thread.next(), /LaneTaken/);
  assert.equal(reader.tryRead(), -1);
  await thread.stop();
});
