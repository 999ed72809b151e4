import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { tableFromIPC } from "apache-arrow";
import fc from "fast-check";
import { RowGatherer } from "../../datasets/row-gatherer.ts";
import { chooseColumns, type TableShape } from "../../datasets/shape.ts";
import { concatBytes, END_OF_STREAM, MessageBatch, streamPreamble } from "../../runtime/batch/index.ts";
import { batchOf, fieldOf, rowsOf, shapeOf, TYPES, table } from "../actors/store/parquet/tables.ts";
import type { Value } from "../fixtures/batch-cases.ts";

/** Rows of a message as it was taken, by the code that reads the log's. */
function messageRows(gatherer: RowGatherer, shape: TableShape): (readonly Value[])[] {
  const message = gatherer.take();
  const copy = new Uint8Array(message);
  const batch = new MessageBatch(gatherer.plan);
  assert.ok(batch.bind(copy.buffer, 0, 0));
  return rowsOf({ ...shape, plan: gatherer.plan }, batch);
}

describe("rows that are gathered", () => {
  test("property: are those that were added, in order, whatever runs they came in", () => {
    const runs = fc.array(fc.tuple(fc.nat(1000), fc.nat(1000)), { maxLength: 12 });
    fc.assert(
      fc.property(table(), runs, fc.integer({ min: 1, max: 300 }), ({ shape, rows }, ends, capacity) => {
        const batch = batchOf({ shape, rows });
        const gatherer = new RowGatherer(shape, capacity);
        const [expected, taken]: [(readonly Value[])[], (readonly Value[])[]] = [[], []];
        for (const [one, other] of ends) {
          const [from, to] = [one, other].map((end) => end % (rows.length + 1)).sort((a, b) => a - b);
          expected.push(...rows.slice(from, to));
          for (let row = from!; row < to!; ) {
            const next = gatherer.add(batch, row, to!);
            assert.ok(next > row);
            row = next;
            assert.ok(gatherer.rows <= capacity);
            if (gatherer.isFull) taken.push(...messageRows(gatherer, shape));
          }
        }
        taken.push(...messageRows(gatherer, shape));
        assert.equal(gatherer.rows, 0);
        assert.deepEqual(taken, expected);
      }),
      { seed: 51, numRuns: 200 },
    );
  });

  test("are of the columns that are wanted, in their order", () => {
    const shape = shapeOf(TYPES.map((type) => fieldOf(type, type, true)));
    const rows = [TYPES.map(() => null), TYPES.map((type) => (type === "u16" ? 7 : null))];
    const some = chooseColumns(shape, ["u16", "bool"]);
    const gatherer = new RowGatherer(some, 10);
    gatherer.add(batchOf({ shape, rows }), 0, 2);
    assert.deepEqual(messageRows(gatherer, some), [
      [null, null],
      [7, null],
    ]);
  });

  test("are a message that Arrow reads, with its nulls counted, and more of them than there was room for at first", () => {
    const shape = shapeOf([fieldOf("a", "u32", true), fieldOf("b", "bool", false)]);
    const rows = Array.from({ length: 5000 }, (_, row) => [row % 3 === 0 ? null : row, row % 2 === 0]);
    const batch = batchOf({ shape, rows });
    const gatherer = new RowGatherer(shape, 20_000);
    for (let times = 0; times < 4; times++) gatherer.add(batch, 0, rows.length);
    assert.ok(gatherer.isFull);
    const fields = shape.publicColumns.map(({ field }) => field);
    const read = tableFromIPC(concatBytes([streamPreamble(fields), gatherer.take(), END_OF_STREAM]));
    assert.equal(read.numRows, 20_000);
    assert.equal(read.getChild("a")?.nullCount, 4 * 1667);
    assert.equal(read.getChild("a")?.get(15_001), 1);
    assert.equal(read.getChild("b")?.get(19_998), true);
    assert.equal(read.getChild("b")?.get(19_999), false);
  });

  test("of the same values have the same bytes, whatever was gathered before", () => {
    const shape = shapeOf(TYPES.map((type) => fieldOf(type, type, true)));
    const nothing = Array.from({ length: 20 }, () => TYPES.map(() => null));
    const plain = TYPES.map((type) =>
      type === "bool" ? true : type === "category" ? "" : type === "u64" || type === "i64" ? 9n : 9,
    );
    const batch = batchOf({ shape, rows: nothing });
    const fresh = new RowGatherer(shape, 64);
    fresh.add(batch, 3, 14);
    const used = new RowGatherer(shape, 64);
    used.add(batchOf({ shape, rows: Array(64).fill(plain) }), 0, 64);
    used.take();
    used.add(batch, 3, 14);
    assert.deepEqual([...used.take()], [...fresh.take()]);
  });

  test("may not be of a table with text", () => {
    assert.throws(
      () => new RowGatherer(shapeOf([{ name: "t", type: "utf8", nullable: false }]), 1),
      RangeError,
    );
  });
});
