import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { afterEach, beforeEach, test } from "node:test";
import fc from "fast-check";
import type { TapSpec } from "../../../actors/broadcaster/protocol.ts";
import {
  MAX_REPLAYS,
  type OpenReplay,
  REPLAY_BYTES,
  REPLAY_IDLE_MS,
  type ReplayerMessage,
  type ReplayerReplies,
} from "../../../actors/replayer/protocol.ts";
import { RecorderHouse } from "../recorder/recorder-house.ts";
import { START_MS, TempLog } from "../store/log/temp-log.ts";

const SEGMENT_BYTES = 60_000;
const facts = { idBefore: "", idAfter: "", subscription: 1 };
let at: TempLog;
let house: RecorderHouse;

beforeEach(async () => {
  at = new TempLog(1);
  house = await new RecorderHouse(at.dataFolder, 1, SEGMENT_BYTES).start();
});

afterEach(async () => {
  await house.stop();
  at.remove();
});

async function ask<Kind extends ReplayerMessage["kind"]>(
  message: Extract<ReplayerMessage, { kind: Kind }>,
): Promise<ReplayerReplies[Kind]> {
  let isAnswered = false;
  const answer = house.system.ask<ReplayerReplies[Kind]>("replayer", message, 1000).finally(() => {
    isAnswered = true;
  });
  while (!isAnswered) await house.settle();
  const result = await answer;
  if (!result.ok) throw new Error(`${result.reason}: ${result.message}`);
  return result.value;
}

function tapOf(spec: Partial<TapSpec> = {}): TapSpec {
  const usual = { dataset: "process", format: "jsonl", framing: "raw" } as const;
  return { ...usual, columns: null, where: null, positions: false, ...spec };
}

async function open(from: OpenReplay["from"], spec: Partial<TapSpec> = {}) {
  const opened = await ask({ kind: "replay.open", spec: tapOf(spec), from });
  if (!opened.ok) throw new Error(opened.message);
  return opened;
}

interface Got {
  readonly sequences: number[];
  next: number;
}

/** Pulls until the end of the log, checking that chunks follow each other. */
async function pullOn(id: string, got: Got, before?: number): Promise<void> {
  for (;;) {
    const bound = before === undefined ? {} : { before };
    const pulled = await ask({ kind: "replay.pull", id, ...facts, ...bound });
    if (!pulled.ok) throw new Error(pulled.message);
    let bytes = 0;
    for (const chunk of pulled.chunks) {
      assert.equal(chunk.first, got.next, "a chunk does not follow the one before");
      got.next = chunk.next;
      assert.ok(bytes < REPLAY_BYTES, "chunks beyond the bound");
      bytes += chunk.bytes.byteLength;
      const lines = new TextDecoder().decode(chunk.bytes).split("\n").slice(0, -1);
      assert.equal(lines.length, chunk.rows);
      got.sequences.push(...lines.map((line) => (JSON.parse(line) as { sequence: number }).sequence));
    }
    assert.equal(pulled.next, got.next);
    if (pulled.atEnd) return;
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

test("gives every row from a number on, over segments and within a batch, and goes on where the log grew", async () => {
  for (const rows of [1, 500, 64, 3, 1000, 700, 1000]) await house.publish("process", rows);
  assert.ok(at.names().length >= 3);
  const { id, next, missingRows } = await open({ sequence: 123 });
  assert.deepEqual([next, missingRows], [123, 0]);
  const got: Got = { sequences: [], next };
  await pullOn(id, got);
  assert.deepEqual(got.sequences, range(123, 3268));
  await pullOn(id, got);
  await house.publish("memory", 5);
  await house.publish("process", 10);
  await pullOn(id, got);
  assert.deepEqual(got.sequences, range(123, 3278));
});

test("stops before the number that it is told, and goes on from there", async () => {
  for (const rows of [10, 10, 10]) await house.publish("process", rows);
  const { id, next } = await open({ sequence: 0 });
  const got: Got = { sequences: [], next };
  await pullOn(id, got, 15);
  assert.deepEqual(got.sequences, range(0, 15));
  await pullOn(id, got, 15);
  assert.deepEqual(got.sequences, range(0, 15));
  await pullOn(id, got);
  assert.deepEqual(got.sequences, range(0, 30));
});

test("begins with the first batch that holds a time, and with what comes next when there is none", async () => {
  for (const rows of [10, 10, 10]) await house.publish("process", rows);
  assert.equal((await open({ sinceMs: START_MS + 14_000 })).next, 10);
  assert.equal((await open({ sinceMs: START_MS + 20_000 })).next, 20);
  assert.equal((await open({ sinceMs: START_MS - 1 })).next, 0);
  assert.deepEqual(
    [(await open({ sinceMs: START_MS + 60_000 })).next, (await open({ sequence: 99 })).next],
    [30, 30],
  );
});

test("says how many rows are gone that were asked for", async () => {
  for (const rows of [1000, 1000, 1000, 1000]) await house.publish("process", rows);
  const [oldest, second] = at.names();
  assert.ok(second !== undefined);
  rmSync(at.path(oldest!));
  const { id, next, missingRows } = await open({ sequence: 5 });
  assert.equal(missingRows, next - 5);
  assert.ok(missingRows >= 995 && missingRows % 1000 === 995);
  const got: Got = { sequences: [], next };
  await pullOn(id, got);
  assert.deepEqual(got.sequences, range(next, 4000));
});

test("passes over what is known to be in no log, so that whoever waits for it does not wait for ever", async () => {
  await house.publish("process", 10);
  house.tell({ kind: "publish", dataset: "process", rows: 7, poison: true });
  await house.pass(5000);
  const { id, next } = await open({ sequence: 4 });
  const got: Got = { sequences: [], next };
  const pulled = await ask({ kind: "replay.pull", id, ...facts, before: 17 });
  assert.ok(pulled.ok);
  const again = pulled.atEnd ? pulled : await ask({ kind: "replay.pull", id, ...facts, before: 17 });
  assert.ok(again.ok && again.atEnd);
  assert.equal(again.next, 17);
  await house.publish("process", 3);
  got.next = 17;
  await pullOn(id, got);
  assert.deepEqual(got.sequences, range(17, 20));
});

test("filters and chooses columns, and still tells which numbers a chunk covers", async () => {
  for (const rows of [200, 200]) await house.publish("process", rows);
  const where = "working_set_mb > 500000";
  const { id, next } = await open({ sequence: 50 }, { where, columns: ["cpu_percent"] });
  const wanted = house.published
    .get("process")!
    .flatMap((row, sequence) =>
      sequence >= 50 && (row["working_set_mb"] as number) > 500_000 ? [sequence] : [],
    );
  assert.ok(wanted.length > 10 && wanted.length < 340);
  const got: Got = { sequences: [], next };
  await pullOn(id, got);
  assert.deepEqual([got.sequences, got.next], [wanted, 400]);
});

test("refuses what no tap could be, by the parameter's name", async () => {
  for (const [spec, reason, word] of [
    [{ dataset: "nothing" }, "unknown-dataset", "memory, process"],
    [{ columns: ["pid", "name"] }, "unknown-column", '"name"'],
    [{ columns: ["pid", "pid"] }, "unknown-column", '"pid"'],
    [{ columns: [] }, "unknown-column", "none"],
    [{ where: "pid >" }, "bad-filter", "where:"],
  ] as const) {
    const opened = await ask({ kind: "replay.open", spec: tapOf(spec), from: { sequence: 0 } });
    assert.ok(!opened.ok);
    assert.equal(opened.reason, reason);
    assert.ok(opened.message.includes(word), opened.message);
  }
});

test("has a bound, forgets who does not pull, and who closes", async () => {
  const opened = [];
  for (let replay = 0; replay < MAX_REPLAYS; replay++) opened.push(await open({ sequence: 0 }));
  const refused = await ask({ kind: "replay.open", spec: tapOf(), from: { sequence: 0 } });
  assert.equal(!refused.ok && refused.reason, "too-many");
  await ask({ kind: "replay.close", id: opened[0]!.id });
  await house.pass(REPLAY_IDLE_MS - 1000);
  await ask({ kind: "replay.pull", id: opened[1]!.id, ...facts });
  await house.pass(2000);
  const pulls = await Promise.all(
    opened.slice(0, 3).map(({ id }) => ask({ kind: "replay.pull", id, ...facts })),
  );
  assert.deepEqual(
    pulls.map((pulled) => (pulled.ok ? "ok" : pulled.reason)),
    ["unknown-replay", "ok", "unknown-replay"],
  );
});

test("whatever is written, asked for and bounded in between, each row comes once and in order", async () => {
  const step = fc.oneof(
    fc.record({ publish: fc.integer({ min: 1, max: 400 }) }),
    fc.record({ pull: fc.integer({ min: 0, max: 600 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const from = house.published.get("process")!.length;
      const { id, next } = await open({ sequence: from });
      const got: Got = { sequences: [], next };
      for (const done of steps) {
        if ("publish" in done) await house.publish("process", done.publish);
        else await pullOn(id, got, got.next + done.pull);
      }
      await pullOn(id, got);
      assert.deepEqual(got.sequences, range(from, house.published.get("process")!.length));
      await ask({ kind: "replay.close", id });
    }),
    { seed: 4, numRuns: 15 },
  );
});
