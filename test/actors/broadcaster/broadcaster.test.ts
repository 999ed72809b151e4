import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePositions } from "../../../actors/broadcaster/positions.ts";
import {
  MAX_READERS,
  MAX_TAPS,
  MAX_WAIT_MS,
  PULL_BYTES,
  READER_BYTES,
  READER_IDLE_MS,
  type TapChunk,
} from "../../../actors/broadcaster/protocol.ts";
import { openTapEncoding } from "../../../actors/broadcaster/tap-encoding.ts";
import { type House, LANES, type LaneName, openHouse, range, sequencesIn } from "./support.ts";

const SEED = 20_260_102;

/** The numbers that chunks cover, and those of the rows in them. */
const covered = (chunks: readonly TapChunk[]) => chunks.map(({ first, next }) => [first, next]);
const sequences = (chunks: readonly TapChunk[]) => chunks.flatMap(({ bytes }) => sequencesIn(bytes));

async function stats(house: House) {
  return (await house.ask({ kind: "broadcast.stats" })).value;
}

test("rows come in order, each under its own number", async () => {
  const house = await openHouse();
  const reader = await house.open();
  const { tap, next } = await house.tap(reader);
  assert.equal(next, 0);
  await house.emit("memory", 3);
  await house.emit("memory", 2);
  const chunks = await house.chunks(reader);
  assert.deepEqual(covered(chunks), [
    [0, 3],
    [3, 5],
  ]);
  assert.deepEqual(sequences(chunks), [0, 1, 2, 3, 4]);
  assert.deepEqual(
    chunks.map(({ tap, dataset, rows, writtenMs }) => ({ tap, dataset, rows, writtenMs })),
    [3, 2].map((rows) => ({ tap, dataset: "memory", rows, writtenMs: house.clock.nowMs() })),
  );
  assert.deepEqual(await house.chunks(reader), []);
});

test("a tap begins with the next batch, and says with which number that is though nobody listened before", async () => {
  const house = await openHouse();
  await house.emit("memory", 4);
  const reader = await house.open();
  assert.equal((await house.tap(reader)).next, 4);
  assert.equal((await house.tap(reader, { dataset: "memory_1m" })).next, 0);
  await house.emit("memory_1m", 1);
  await house.emit("memory", 1);
  assert.deepEqual(
    (await house.chunks(reader)).map(({ dataset, first, next }) => [dataset, first, next]),
    [
      ["memory_1m", 0, 1],
      ["memory", 4, 5],
    ],
  );
});

test("what several readers want alike is encoded once, and nothing while nobody wants it", async () => {
  const house = await openHouse();
  await house.emit("memory", 5);
  assert.deepEqual(house.encoded, {});
  const readers = [await house.open(), await house.open()];
  const taps = [];
  for (const reader of [...readers, ...readers]) taps.push(await house.tap(reader));
  assert.equal(new Set(taps.map(({ tap }) => tap)).size, 1);
  await house.emit("memory", 5);
  assert.deepEqual(house.encoded, { memory: 5 });
  const [one, other] = [await house.chunks(readers[0]!), await house.chunks(readers[1]!)];
  assert.deepEqual(covered(one), [[5, 10]]);
  assert.equal(one[0]!.bytes, other[0]!.bytes);
  const { encodedRows, encodedBytes, taps: count } = await stats(house);
  assert.deepEqual([encodedRows, encodedBytes, count], [5, one[0]!.bytes.byteLength, 1]);
  const { tap } = taps[0]!;
  await house.ask({ kind: "broadcast.untap", reader: readers[0]!, tap });
  await house.emit("memory", 1);
  assert.deepEqual(house.encoded, { memory: 6 });
  assert.deepEqual(await house.chunks(readers[0]!), []);
  assert.deepEqual(covered(await house.chunks(readers[1]!)), [[10, 11]]);
  await house.ask({ kind: "broadcast.close", reader: readers[1]! });
  await house.emit("memory", 1);
  assert.deepEqual(house.encoded, { memory: 6 });
});

test("each wish that differs is a tap of its own, with the same number whenever it is made", async () => {
  const house = await openHouse();
  const reader = await house.open();
  const wishes = [
    {},
    { dataset: "memory_1m" },
    { format: "msgpack" },
    { framing: "sse" },
    { framing: "sse", positions: true },
    { columns: ["used_percent"] },
    { where: "used_percent > 1" },
  ] as const;
  const numbers: number[] = [];
  for (const wish of wishes) numbers.push((await house.tap(reader, wish)).tap);
  assert.equal(new Set(numbers).size, wishes.length);
  await house.restart();
  const again = await house.open();
  for (const [index, wish] of wishes.entries()) {
    assert.equal((await house.tap(again, wish)).tap, numbers[index]);
  }
});

test("columns and filter are the tap's; rows that are left out are covered all the same", async () => {
  const house = await openHouse();
  const reader = await house.open();
  const few = await house.tap(reader, { columns: ["available_mb"], where: "available_mb in (1, 2, 9)" });
  const none = await house.tap(reader, { where: "available_mb < 0" });
  await house.emit("memory", 4);
  await house.emit("memory", 4);
  await house.emit("memory", 4);
  const chunks = await house.chunks(reader);
  const of = (number: number) => chunks.filter(({ tap }) => tap === number);
  assert.deepEqual(
    of(few.tap).map(({ first, next, rows, bytes }) => [first, next, rows, new TextDecoder().decode(bytes)]),
    [
      [
        0,
        4,
        2,
        '{"dataset":"memory","sequence":1,"available_mb":1}\n{"dataset":"memory","sequence":2,"available_mb":2}\n',
      ],
      [4, 8, 0, ""],
      [8, 12, 1, '{"dataset":"memory","sequence":9,"available_mb":9}\n'],
    ],
  );
  assert.deepEqual(
    of(none.tap).map(({ first, next, rows, bytes }) => [first, next, rows, bytes.byteLength]),
    [
      [0, 4, 0, 0],
      [4, 8, 0, 0],
      [8, 12, 0, 0],
    ],
  );
});

test("an event's id says where its reader stands in every dataset", async () => {
  const house = await openHouse();
  await house.emit("memory_1m", 40);
  const reader = await house.open();
  await house.tap(reader, { framing: "sse", positions: true });
  await house.tap(reader, { dataset: "memory_1m", framing: "sse", positions: true });
  await house.emit("memory", 2);
  await house.emit("memory_1m", 1);
  await house.emit("memory", 1);
  const ids = (await house.chunks(reader))
    .flatMap(({ bytes }) => new TextDecoder().decode(bytes).split("\n"))
    .filter((line) => line.startsWith("id: "))
    .map((line) => parsePositions(line.slice(4), LANES));
  assert.deepEqual(ids, [
    { memory: 1, memory_1m: 40 },
    { memory: 2, memory_1m: 40 },
    { memory: 2, memory_1m: 41 },
    { memory: 3, memory_1m: 41 },
  ]);
});

test("small batches that are drained together are one chunk, but for messages and where there is a hole", async () => {
  const house = await openHouse();
  const reader = await house.open();
  const raw = await house.tap(reader);
  const message = await house.tap(reader, { framing: "message" });
  const dataset = "memory";
  await house.emitAll([
    { dataset, rows: 1 },
    { dataset, rows: 2 },
    { dataset, rows: 3 },
    { dataset, rows: 2, discard: true },
    { dataset, rows: 1 },
  ]);
  const chunks = await house.chunks(reader);
  const together = chunks.filter(({ tap }) => tap === raw.tap);
  assert.deepEqual(covered(together), [
    [0, 6],
    [8, 9],
  ]);
  assert.deepEqual(sequences(together), [0, 1, 2, 3, 4, 5, 8]);
  assert.deepEqual(covered(chunks.filter(({ tap }) => tap === message.tap)), [
    [0, 1],
    [1, 3],
    [3, 6],
    [8, 9],
  ]);
});

test("a pull waits: it is answered by the first rows, without time passing", async () => {
  const house = await openHouse();
  const reader = await house.open();
  await house.tap(reader);
  const waiting = await house.pull(reader, 10_000);
  assert.equal(waiting.result, undefined);
  await house.emit("memory", 2);
  assert.ok(waiting.value.ok);
  assert.deepEqual(sequences(waiting.value.chunks), [0, 1]);
});

test("a pull that waits is answered with nothing after exactly its time, and never after more than the most", async () => {
  const house = await openHouse();
  const reader = await house.open();
  for (const [asked, waits] of [
    [1000, 1000],
    [10 * MAX_WAIT_MS, MAX_WAIT_MS],
  ] as const) {
    const waiting = await house.pull(reader, asked);
    await house.advance(waits - 1);
    assert.equal(waiting.result, undefined);
    await house.advance(1);
    assert.deepEqual(waiting.value, { ok: true, chunks: [] });
  }
});

test("who pulls again gets the rows; the pull before is answered with nothing", async () => {
  const house = await openHouse();
  const reader = await house.open();
  await house.tap(reader);
  const first = await house.pull(reader, 10_000);
  const second = await house.pull(reader, 10_000);
  assert.deepEqual(first.value, { ok: true, chunks: [] });
  await house.emit("memory", 1);
  assert.ok(second.value.ok);
  assert.deepEqual(sequences(second.value.chunks), [0]);
});

/** Encodes every batch as a mebibyte, without the work. */
const heavy = (): typeof openTapEncoding => {
  const bytes = new Uint8Array(2 ** 20);
  return (spec, all) => {
    const encoding = openTapEncoding(spec, all);
    if (!encoding.ok) return encoding;
    return { ...encoding, encoder: { preamble: new Uint8Array(0), encode: () => bytes } };
  };
};

test("one answer is bounded, and so is what waits: the oldest chunks go, counted, and the reader is told how far", async () => {
  const house = await openHouse({ openEncoding: heavy() });
  const reader = await house.open();
  const { tap } = await house.tap(reader);
  await house.tap(reader, { dataset: "memory_1m" });
  const mebibytes = READER_BYTES / 2 ** 20;
  await house.emit("memory_1m", 5);
  for (let batch = 0; batch < mebibytes + 1; batch++) {
    house.tellEmit("memory", 2);
    if (batch % 6 === 5) await house.settle();
  }
  await house.settle();
  const first = await house.chunks(reader);
  // Each chunk costs a little beside its bytes, so one less than the mebibytes has room.
  const dropped = [5, 2, 2];
  assert.equal((await stats(house)).droppedRows, 9);
  assert.equal(dropped.length, mebibytes + 2 - (mebibytes - 1));
  assert.deepEqual(
    first.slice(0, 3).map(({ dataset, first, next, rows }) => [dataset, first, next, rows]),
    [
      ["memory_1m", 5, 5, 0],
      ["memory", 4, 4, 0],
      ["memory", 4, 6, 2],
    ],
  );
  assert.equal(first[1]!.tap, tap);
  assert.equal(first.length, 2 + PULL_BYTES / 2 ** 20);
  let next = 4 + 2 * (PULL_BYTES / 2 ** 20);
  for (let rest = await house.chunks(reader); rest.length > 0; rest = await house.chunks(reader)) {
    for (const chunk of rest) {
      assert.equal(chunk.first, next);
      next = chunk.next;
    }
  }
  assert.equal(next, 2 * (mebibytes + 1));
});

test("a reader that takes nothing holds up neither the lane nor the others", async () => {
  const house = await openHouse();
  const [slow, quick] = [await house.open(), await house.open()];
  await house.tap(slow);
  await house.tap(quick);
  // Many times what the lane holds.
  for (let batch = 0; batch < 40; batch++) await house.emit("memory", 5);
  assert.deepEqual(sequences(await house.chunks(quick)), range(0, 200));
  assert.deepEqual(
    house.system.status().lanes.flatMap(({ stages }) => stages.map(({ lagSlots }) => lagSlots)),
    [0, 0],
  );
});

test("whoever has not pulled for half a minute is forgotten, and who waits is not", async () => {
  const house = await openHouse();
  const reader = await house.open();
  await house.tap(reader);
  await house.advance(READER_IDLE_MS - 1);
  assert.deepEqual(await house.chunks(reader), []);
  // Waiting counts as being there: only the time after the answer is idle.
  await house.advance(READER_IDLE_MS - 1);
  const waiting = await house.pull(reader, MAX_WAIT_MS);
  await house.advance(MAX_WAIT_MS);
  assert.ok(waiting.value.ok);
  await house.advance(READER_IDLE_MS - 1);
  assert.equal((await stats(house)).readers, 1);
  await house.advance(1);
  const { readers, taps } = await stats(house);
  assert.deepEqual([readers, taps], [0, 0]);
  const { value } = await house.pull(reader);
  assert.equal(!value.ok && value.reason, "unknown-reader");
  await house.emit("memory", 1);
  assert.deepEqual(house.encoded, {});
});

test("closing answers the pull that waits", async () => {
  const house = await openHouse();
  const reader = await house.open();
  const waiting = await house.pull(reader, 10_000);
  await house.ask({ kind: "broadcast.close", reader });
  assert.equal(waiting.value.ok, false);
});

test("one reader more than there may be is refused, until one has left; so is one tap more", async () => {
  const house = await openHouse();
  const readers: string[] = [];
  for (let count = 0; count < MAX_READERS; count++) readers.push(await house.open());
  const { value } = await house.ask({ kind: "broadcast.open" });
  assert.equal(!value.ok && value.reason, "too-many");
  await house.ask({ kind: "broadcast.close", reader: readers[7]! });
  await house.open();
  const [reader] = readers;
  for (let count = 0; count < MAX_TAPS; count++) {
    await house.tap(reader!, { where: `used_percent > ${count}` });
  }
  const more = await house.ask({
    kind: "broadcast.tap",
    reader: reader!,
    spec: {
      dataset: "memory",
      format: "jsonl",
      framing: "raw",
      columns: null,
      where: null,
      positions: false,
    },
  });
  assert.equal(!more.value.ok && more.value.reason, "too-many");
  // One that is there already is no more.
  await house.tap(readers[1]!, { where: "used_percent > 7" });
});

test("a wish that cannot be is refused, and says what was expected", async () => {
  const house = await openHouse();
  const reader = await house.open();
  for (const [wish, reason, message] of [
    [{ dataset: "nonesuch" }, "unknown-dataset", /expected one of memory, memory_1m; came "nonesuch"$/],
    [{ columns: ["nonesuch"] }, "unknown-column", /expected some of timestamp, .*; came "nonesuch"$/],
    [{ columns: [] }, "unknown-column", /came none$/],
    [{ where: "nonesuch = 1" }, "bad-filter", /^where: /],
  ] as const) {
    const spec = {
      dataset: "memory",
      format: "jsonl",
      framing: "raw",
      columns: null,
      where: null,
      positions: false,
    };
    const { value } = await house.ask({
      kind: "broadcast.tap",
      reader,
      spec: { ...spec, ...wish } as never,
    });
    assert.ok(!value.ok);
    assert.equal(value.reason, reason);
    assert.match(value.message, message);
  }
  assert.equal((await stats(house)).taps, 0);
});

test("the latency is from a batch's writing to its chunk's being there", async () => {
  const house = await openHouse();
  await house.tap(await house.open());
  assert.equal((await stats(house)).latency, null);
  await house.emit("memory", 1, { writtenMs: house.clock.nowMs() - 12 });
  assert.deepEqual((await stats(house)).latency, { p50Ms: 12, p99Ms: 12, maxMs: 12 });
});

test("a batch with identifiers in it is never sent: the lane goes on after it, and its numbers are a hole", async () => {
  const house = await openHouse();
  const reader = await house.open();
  await house.tap(reader);
  const waiting = await house.pull(reader, 10_000);
  await house.emit("memory", 3, { raw: true });
  // Told by the broadcaster as it ends, or by its mailbox: there are no rows either way.
  assert.ok(waiting.result !== undefined);
  assert.equal(waiting.result.ok && waiting.result.value.ok, false);
  for (let restart = 0; restart < 5; restart++) await house.advance(1000);
  assert.deepEqual(house.encoded, {});
  const again = await house.open();
  assert.equal((await house.tap(again)).next, 3);
  await house.emit("memory", 1);
  assert.deepEqual(covered(await house.chunks(again)), [[3, 4]]);
});

test("readers are nobody's after a restart, and numbers go on where they were", async () => {
  const house = await openHouse();
  const reader = await house.open();
  await house.tap(reader);
  await house.emit("memory", 6);
  await house.restart();
  const { value } = await house.pull(reader);
  assert.equal(value.ok, false);
  assert.equal((await house.tap(await house.open())).next, 6);
});

test("a message it does not know is answered, not fatal", async () => {
  const house = await openHouse();
  const { result } = await house.ask({ kind: "broadcast.nonesuch" } as never);
  assert.equal(result?.ok, false);
  assert.equal((await stats(house)).readers, 0);
});

test("whatever the order of batches and pulls, each tap's chunks cover its numbers once and in order", async () => {
  type Step =
    | { readonly emit: number; readonly dataset: LaneName }
    | { readonly pull: 0 | 1 }
    | { readonly steps: number };
  const script = fc.array(
    fc.oneof(
      fc.record({
        emit: fc.integer({ min: 0, max: 12 }),
        dataset: fc.constantFrom<LaneName>("memory", "memory_1m"),
      }),
      fc.record({ pull: fc.constantFrom(0 as const, 1 as const) }),
      fc.record({ steps: fc.integer({ min: 0, max: 6 }) }),
    ) as fc.Arbitrary<Step>,
    { maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(script, fc.integer({ min: 0, max: 1000 }), async (steps, seed) => {
      const house = await openHouse({ seed });
      const readers = [await house.open(), await house.open()];
      const standing = new Map<string, number>();
      const emitted = new Map<number, number>();
      for (const reader of readers) {
        for (const dataset of LANES) await house.tap(reader, { dataset });
        const odd = await house.tap(reader, { where: "processes_count in (1, 3, 5, 7, 9)" });
        emitted.set(odd.tap, 0);
      }
      const take = async (reader: string) => {
        for (const { tap, first, next, rows, bytes } of await house.chunks(reader)) {
          const key = `${reader} ${tap}`;
          assert.equal(first, standing.get(key) ?? 0);
          standing.set(key, next);
          const wanted = range(first, next).filter((row) => !emitted.has(tap) || row % 2 === 1);
          assert.deepEqual(sequencesIn(bytes), wanted);
          assert.equal(rows, wanted.length);
        }
      };
      let waiting = 0;
      let memory = 0;
      for (const step of steps) {
        if ("pull" in step) await take(readers[step.pull]!);
        else if ("steps" in step) for (let count = 0; count < step.steps; count++) await house.step();
        else {
          if (++waiting % 7 === 0) await house.settle();
          house.tellEmit(step.dataset, step.emit);
          if (step.dataset === "memory") memory += step.emit;
        }
      }
      await house.settle();
      for (const reader of readers) {
        await take(reader);
        for (const tap of emitted.keys()) assert.equal(standing.get(`${reader} ${tap}`) ?? 0, memory);
      }
    }),
    { seed: SEED, numRuns: 40 },
  );
});
