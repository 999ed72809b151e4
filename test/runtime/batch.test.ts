import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Batch, BatchPlan, END_OF_STREAM, MessageBatch, streamPreamble } from "../../runtime/batch/index.ts";
import { type BatchCase, batchCase, fieldSpec, readValue, writeCase } from "../fixtures/batch-cases.ts";

const SEED = 20_260_101;
const SLOT = 1024;
const SLOT_BYTES = 32768;

const theMemory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });

/** The one memory of this file (making a shared memory takes Bun milliseconds), filled anew. */
function memoryOf(byte: number): WebAssembly.Memory {
  new Uint8Array(theMemory.buffer).fill(byte);
  return theMemory;
}

function messageOf(memory: WebAssembly.Memory, given: BatchCase): Uint8Array {
  const batch = new Batch(memory, given.plan);
  writeCase(batch, SLOT, SLOT_BYTES, given);
  batch.seal();
  return batch.message().slice();
}

const number = new BatchPlan({
  public: [fieldSpec("a", "f64", true)],
  raw: [{ name: "a", sharedWith: "a" }],
});

describe("a batch in a slot", () => {
  test("knows which request its rows came by, until its slot is begun anew; its message does not tell", () => {
    const origin = { key: "00000000000000000000000000000001", body: 2 ** 32 - 1, firstRow: 50_000 };
    const batch = new Batch(memoryOf(0xff), number);
    const sealed = () => {
      batch.seal();
      return batch.message().slice();
    };
    assert.equal(batch.begin(SLOT, SLOT_BYTES, 3, { firstSequence: 1 }).origin, undefined);
    const plain = sealed();
    batch.setOrigin(origin);
    assert.deepEqual(batch.origin, origin);
    assert.deepEqual(sealed(), plain);
    const other = { key: "f0e1d2c3b4a5968778695a4b3c2d1e0f", body: 0, firstRow: 0 };
    batch.setOrigin(other);
    assert.deepEqual(new Batch(theMemory, number).bind(SLOT).origin, other);
    assert.deepEqual([batch.firstSequence, batch.endSequence, batch.rows, batch.state], [1, 4, 3, "public"]);
    batch.discard(SLOT_BYTES);
    assert.equal(batch.origin, undefined);
    assert.throws(() => batch.setOrigin({ ...origin, key: "1" }), /32 hex digits/);
  });

  test("takes exactly the bytes it says: that many do, one less throws, and nothing is written behind", () => {
    fc.assert(
      fc.property(batchCase(), (given) => {
        const memory = memoryOf(0);
        const bytes = new Uint8Array(memory.buffer);
        const batch = new Batch(memory, given.plan);
        const needed = batch.bytesFor(given.rows, given.textBytes);
        assert.throws(() => writeCase(batch, SLOT, needed - 1, given), RangeError);
        bytes.fill(0xa5);
        writeCase(batch, SLOT, needed, given);
        batch.seal();
        const { at, bytes: rawBytes } = batch.rawPart();
        assert.equal(at + rawBytes, SLOT + needed, "the raw part is the end of the batch");
        assert.ok(bytes.subarray(0, SLOT).every((byte) => byte === 0xa5));
        assert.ok(bytes.subarray(SLOT + needed).every((byte) => byte === 0xa5));
        const message = batch.message();
        assert.equal(
          message.byteOffset + message.byteLength,
          at,
          "the message ends where the raw part begins",
        );
        assert.equal(message.byteOffset % 8, 0);
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  test("gives the same message for the same rows, whatever lay in the slot before", () => {
    fc.assert(
      fc.property(batchCase(), fc.integer({ min: 1, max: 255 }), (given, garbage) => {
        const clean = messageOf(memoryOf(0), given);
        assert.deepEqual(messageOf(memoryOf(garbage), given), clean);
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  test("holds the values that were written, raw and public", () => {
    fc.assert(
      fc.property(batchCase(), (given) => {
        const batch = new Batch(memoryOf(0), given.plan);
        writeCase(batch, SLOT, SLOT_BYTES, given);
        for (const [name, values] of given.values) {
          const isOpen = given.plan.publicColumns.some((column) => column.name === name);
          const column = isOpen ? given.plan.public(name) : given.plan.raw(name);
          assert.deepEqual(
            values.map((_, row) => readValue(batch, column, row)),
            values,
          );
          if (isOpen && given.plan.schema.raw.some((raw) => raw.name === `raw_${name}`)) {
            assert.equal(given.plan.raw(`raw_${name}`), column, "a shared column has one set of buffers");
          }
        }
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  test("keeps its raw part out of its message", () => {
    const plan = new BatchPlan({
      public: [fieldSpec("hash", "u64", false)],
      raw: [fieldSpec("name", "utf8", false)],
    });
    const memory = memoryOf(0);
    const batch = new Batch(memory, plan);
    const canary = "canary-process";
    const values = new Map([
      ["hash", [1n]],
      ["name", [canary]],
    ]);
    writeCase(batch, SLOT, SLOT_BYTES, { plan, rows: 1, values, textBytes: { name: canary.length } });
    const text = (from: number, bytes: number) =>
      new TextDecoder().decode(new Uint8Array(memory.buffer).slice(from, from + bytes));
    const { at, bytes } = batch.rawPart();
    assert.ok(text(at, bytes).includes(canary));
    const { byteOffset, byteLength } = batch.message();
    assert.ok(!text(byteOffset, byteLength).includes(canary));
    new Uint8Array(memory.buffer).fill(0, at, at + bytes);
    assert.ok(!text(0, memory.buffer.byteLength).includes(canary), "wiping the raw part wipes it everywhere");
  });

  test("is raw, then pseudonymized, then public, and is read by later stages only then", () => {
    const memory = memoryOf(0);
    const batch = new Batch(memory, number);
    const later = new Batch(memory, number);
    batch.begin(SLOT, SLOT_BYTES, 0, { firstSequence: 0 });
    assert.equal(batch.state, "raw");
    assert.throws(() => later.bindPublic(SLOT), /before its identifiers were taken out/);
    batch.state = "pseudonymized";
    assert.equal(later.bind(SLOT).state, "pseudonymized");
    assert.throws(() => later.bindPublic(SLOT), /before its identifiers were taken out/);
    batch.seal();
    assert.equal(later.bindPublic(SLOT).state, "public");
  });

  test("is public still when it is given up, and cannot be given up before it is", () => {
    const batch = new Batch(memoryOf(0), number).begin(SLOT, SLOT_BYTES, 1, { firstSequence: 0 });
    batch.giveUp();
    assert.deepEqual([batch.state, batch.isGivenUp], ["raw", false]);
    batch.seal();
    assert.equal(batch.isGivenUp, false);
    batch.giveUp();
    assert.deepEqual([batch.bindPublic(SLOT).state, batch.isGivenUp], ["public", true]);
    assert.equal(batch.begin(SLOT, SLOT_BYTES, 1, { firstSequence: 1 }).isGivenUp, false);
  });

  test("refuses to say the state of a slot that holds no batch", () => {
    const batch = new Batch(memoryOf(0), number).bind(SLOT);
    assert.throws(() => batch.state, /no batch in this slot/);
    assert.throws(() => batch.bindPublic(SLOT), /no batch in this slot/);
  });

  test("carries sequence numbers and times beyond 32 bits, and starts without times", () => {
    const memory = memoryOf(0);
    const batch = new Batch(memory, number);
    batch.begin(SLOT, SLOT_BYTES, 3, { firstSequence: 2 ** 40 });
    assert.equal(batch.minTimeMs, Number.POSITIVE_INFINITY);
    assert.equal(batch.maxTimeMs, Number.NEGATIVE_INFINITY);
    assert.equal(batch.writtenMs, 0);
    batch.setTimes(1_700_000_000_001, 1_700_000_000_002, 1_700_000_000_003);
    const other = new Batch(memory, number).bind(SLOT);
    assert.deepEqual(
      [other.rows, other.firstSequence, other.endSequence, other.minTimeMs, other.maxTimeMs, other.writtenMs],
      [3, 2 ** 40, 2 ** 40 + 3, 1_700_000_000_001, 1_700_000_000_002, 1_700_000_000_003],
    );
  });

  test("says where the next batch begins when rows of it were dropped", () => {
    const batch = new Batch(memoryOf(0), number);
    batch.begin(SLOT, SLOT_BYTES, 0, { firstSequence: 5, endSequence: 9 });
    assert.deepEqual([batch.rows, batch.firstSequence, batch.endSequence], [0, 5, 9]);
  });

  test("starts with every value valid, zeroes what is made null, and refuses null where there is none", () => {
    const plan = new BatchPlan({
      public: [fieldSpec("some", "u32", true), fieldSpec("all", "u32", false)],
      raw: [],
    });
    const memory = memoryOf(0);
    new Uint8Array(memory.buffer).fill(0x55);
    const batch = new Batch(memory, plan).begin(SLOT, SLOT_BYTES, 9, { firstSequence: 0 });
    const [some, all] = [plan.public("some"), plan.public("all")];
    for (let row = 0; row < 9; row++) assert.ok(batch.isValid(some, row) && batch.isValid(all, row));
    batch.setNull(some, 8);
    assert.ok(batch.isValid(some, 7) && !batch.isValid(some, 8));
    assert.equal(batch.views.u32[(batch.dataAt(some) >>> 2) + 8], 0);
    assert.equal(batch.views.u32[(batch.dataAt(some) >>> 2) + 7], 0x55555555);
    assert.throws(() => batch.setNull(all, 0), /column all is declared never null/);
    assert.equal(batch.validityAt(all), 0);
  });

  test("has no two columns of one name, and names the columns there are", () => {
    const twice = [fieldSpec("a", "f64", false), fieldSpec("a", "u8", false)];
    assert.throws(() => new BatchPlan({ public: twice, raw: [] }), /column a stands twice/);
    assert.throws(() => number.public("b"), /no public column b; there are a/);
    assert.throws(() => number.raw("b"), /no raw column b; there are a/);
  });
});

describe("a message read back in place", () => {
  test("holds the public values, in the slot and in a copy at any multiple of 8", () => {
    fc.assert(
      fc.property(batchCase(), fc.integer({ min: 0, max: 9 }), (given, shift) => {
        const memory = memoryOf(0);
        const batch = new Batch(memory, given.plan);
        writeCase(batch, SLOT, SLOT_BYTES, given);
        batch.seal();
        const message = batch.message();
        const copy = new Uint8Array(shift * 8 + message.byteLength);
        copy.set(message, shift * 8);
        const read = new MessageBatch(given.plan);
        for (const [buffer, at] of [
          [memory.buffer, message.byteOffset],
          [copy.buffer, shift * 8],
        ] as const) {
          assert.ok(read.bind(buffer, at, 42));
          assert.deepEqual([read.rows, read.firstSequence], [given.rows, 42]);
          for (const column of given.plan.publicColumns) {
            const values = given.values.get(column.name) ?? [];
            assert.deepEqual(
              values.map((_, row) => readValue(read, column, row)),
              values,
            );
          }
        }
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  test("is refused when it is of another schema, even one whose metadata has the same size", () => {
    const planOf = (type: "u8" | "utf8", columns: number) =>
      new BatchPlan({
        public: Array.from({ length: columns }, (_, index) => fieldSpec(`c${index}`, type, false)),
        raw: [],
      });
    // Nodes and buffers: 4 + 8 and 3 + 9.
    const [numbers, texts] = [planOf("u8", 4), planOf("utf8", 3)];
    const sealed = (plan: BatchPlan) => {
      const batch = new Batch(memoryOf(0), plan).begin(SLOT, SLOT_BYTES, 0, { firstSequence: 0 });
      batch.seal();
      return batch.message().slice();
    };
    const read = new MessageBatch(numbers);
    assert.ok(read.bind(sealed(numbers).buffer, 0, 1));
    assert.equal(sealed(numbers)[4], sealed(texts)[4], "the sizes are the same, or this shows nothing");
    assert.equal(read.bind(sealed(texts).buffer, 0, 2), false);
    assert.equal(read.bind(sealed(planOf("u8", 3)).buffer, 0, 2), false);
    assert.equal(read.bind(streamPreamble(numbers.schema.public).buffer, 0, 2), false);
    assert.equal(read.bind(END_OF_STREAM.slice().buffer, 0, 2), false);
    assert.equal(read.firstSequence, 1, "a refusal changes nothing");
  });

  test("is not read before it was bound", () => {
    assert.throws(() => new MessageBatch(number).views, /only after it was bound/);
  });
});
