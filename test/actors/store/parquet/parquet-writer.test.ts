import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import type { ParquetFile } from "../../../../actors/store/parquet/parquet-file.ts";
import {
  lakeOptions,
  ParquetWriter,
  ROW_GROUP_ROWS,
} from "../../../../actors/store/parquet/parquet-writer.ts";
import { StoreDamaged } from "../../../../actors/store/store-damaged.ts";
import type { StoredGroup } from "../../../../actors/store/stored-rows.ts";
import { chooseColumns, type TableShape } from "../../../../datasets/shape.ts";
import { ELEMENT_BYTES } from "../../../../runtime/batch/index.ts";
import { everything, publicValues, rowOf } from "../../../fixtures/dataset-rows.ts";
import { publicBatch } from "../../../fixtures/public-batches.ts";
import {
  batchOf,
  fieldOf,
  fileOf,
  foreignRows,
  ParquetFolder,
  rowsOf,
  shapeOf,
  TYPES,
  table,
  written,
} from "./tables.ts";

const folder = new ParquetFolder();
after(() => folder.remove());

function groupOf(file: ParquetFile, group: number): StoredGroup {
  return { kind: "group", file, group, rows: file.groups[group]!.rows, isWhole: true, read: () => undefined };
}

describe("a Parquet file", () => {
  for (const [seed, compression, effort] of [
    [11, "zstd", "small"],
    [12, "zstd", "fast"],
    [13, "gzip", "fast"],
    [14, "none", "fast"],
  ] as const) {
    test(`property: gives back what was written, ${compression}, ${effort}`, async () => {
      await fc.assert(
        fc.asyncProperty(table(), async ({ shape, rows }) => {
          const bytes = written(shape, [rows], { compression, effort, checksums: true });
          assert.deepEqual(folder.rows(bytes, shape), rows);
          assert.deepEqual(await foreignRows(bytes, shape), rows);
        }),
        { seed, numRuns: 40 },
      );
    });
  }

  test("property: holds the rows of a dataset, whatever batches they came in", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rowOf(everything), { minLength: 1, maxLength: 30 }), async (rows) => {
        const bytes = fileOf(everything, lakeOptions(everything), (writer) => {
          for (let from = 0; from < rows.length; from += 7) {
            const part = rows.slice(from, from + 7);
            const batch = publicBatch(everything, part);
            const middle = Math.min(2, part.length);
            writer.append(batch, { from: 0, to: middle });
            writer.append(batch, { from: middle, to: part.length });
          }
        });
        const expected = rows.map((row) => Object.values(publicValues(everything, row)));
        const shown = folder.rows(bytes, everything);
        assert.deepEqual(shown, expected);
        assert.deepEqual(await foreignRows(bytes, everything), expected);
      }),
      { seed: 21, numRuns: 20 },
    );
  });

  test("begins a new row group when one is full, and keeps the order", () => {
    const shape = shapeOf([fieldOf("u32_0", "u32", false)]);
    const rows = Array.from({ length: ROW_GROUP_ROWS + 1000 }, (_, row) => [row]);
    const bytes = written(shape, [rows.slice(0, 30_000), rows.slice(30_000)]);
    folder.with(bytes, (file) => {
      assert.deepEqual(
        file.groups.map((group) => group.rows),
        [ROW_GROUP_ROWS, 1000],
      );
      assert.equal(file.rows, rows.length);
    });
    assert.deepEqual(folder.rows(bytes, shape), rows);
  });

  test("without rows is one that readers can read", async () => {
    const shape = shapeOf(TYPES.map((type) => fieldOf(type, type, true)));
    const bytes = written(shape, []);
    assert.deepEqual(folder.rows(bytes, shape), []);
    assert.deepEqual(await foreignRows(bytes, shape), []);
  });

  test("says bounds of the event time, with which row groups are passed over", () => {
    const shape = shapeOf([fieldOf("timestamp_0", "timestamp", false)]);
    folder.with(written(shape, [[[-5], [1_767_225_600_000], [7]]]), (file) => {
      assert.deepEqual(file.times?.(shape, 0), { minMs: -5, maxMs: 1_767_225_600_000 });
    });
  });

  test("of the same rows has the same bytes, on every runtime", () => {
    // Enough rows for alternatives to differ, from a generator that is the same everywhere.
    let state = 1;
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const fields = TYPES.map((type) => fieldOf(type, type, true));
    const rows = Array.from({ length: 6000 }, (_, row) => [
      ...fields.map(({ type, values }) => {
        if (random(9) === 0) return null;
        if (type === "bool") return random(2) === 1;
        if (type === "category") return values![random(values!.length)]!;
        if (type === "timestamp") return 1_767_225_600_000 + row * 1000 + random(3);
        if (type === "i64" || type === "u64") return BigInt(random(1000)) << BigInt(random(50));
        return random(200);
      }),
    ]);
    const hash = (options: Parameters<typeof written>[2]) =>
      createHash("sha256")
        .update(written(shapeOf(fields), [rows], options))
        .digest("hex")
        .slice(0, 16);
    assert.deepEqual(
      {
        lake: hash(undefined),
        zstd: hash({}),
        gzip: hash({ compression: "gzip" }),
        none: hash({ compression: "none" }),
      },
      HASHES,
    );
  });
});

const HASHES = {
  lake: "42f2edb21b48c3a7",
  zstd: "1bdee498dca065e2",
  gzip: "6e7e9a679cbb3d48",
  none: "508b80972ece97a2",
};

describe("a batch that was read", () => {
  test("stays while other files are read, until the next row group of its own", () => {
    const shape = shapeOf([fieldOf("a", "u32", true)]);
    const [one, other] = [[[1], [null], [3]], Array.from({ length: 40 }, (_, row) => [row])];
    folder.with(written(shape, [one]), (first) =>
      folder.with(written(shape, [other]), (second) => {
        const batch = first.readGroup(shape, 0);
        const beside = second.readGroup(shape, 0);
        assert.deepEqual(rowsOf(shape, batch), one);
        assert.deepEqual(rowsOf(shape, beside), other);
        const some = chooseColumns(shape, []);
        assert.equal(second.readGroup(some, 0).rows, 40);
        assert.deepEqual(rowsOf(shape, batch), one);
      }),
    );
  });

  test("has zeros where a value is missing, of every type", () => {
    const fields = TYPES.map((type) => fieldOf(type, type, true));
    const shape = shapeOf(fields);
    const full = TYPES.map((type) => plainValue(type, 2));
    const none = TYPES.map(() => null);
    folder.with(written(shape, [[full, none, full, none]]), (file) => {
      const batch = file.readGroup(shape, 0);
      for (const { name, type } of fields) {
        const column = shape.plan.public(name);
        const width = ELEMENT_BYTES[type];
        const at = batch.dataAt(column);
        const missing = batch.views.u8.subarray(at + width, at + 2 * width);
        if (width > 0)
          assert.ok(
            missing.every((byte) => byte === 0),
            name,
          );
        else assert.equal(batch.views.u8[at]! & 0b1010, 0, name);
      }
    });
  });
});

describe("a row group that is copied", () => {
  test("property: lies among encoded ones, and the file says the same rows", async () => {
    await fc.assert(
      fc.asyncProperty(table(), fc.array(fc.boolean(), { maxLength: 5 }), async ({ shape, rows }, copies) => {
        const parts = copies.map((_, index) => rows.slice(0, index + 1));
        const source = written(shape, [rows]);
        const bytes = folder.with(source, (file) =>
          fileOf(shape, { checksums: true }, (writer) => {
            copies.forEach((copied, index) => {
              if (copied) assert.ok(writer.copy(groupOf(file, 0)));
              else
                writer.append(batchOf({ shape, rows: parts[index]! }), { from: 0, to: parts[index]!.length });
            });
          }),
        );
        const expected = copies.flatMap((copied, index) => (copied ? rows : parts[index]!));
        assert.deepEqual(folder.rows(bytes, shape), expected);
        assert.deepEqual(await foreignRows(bytes, shape), expected);
      }),
      { seed: 31, numRuns: 40 },
    );
  });

  test("may be some of its columns, in another order", async () => {
    const shape = shapeOf(TYPES.map((type) => fieldOf(type, type, false)));
    const [row] = fc.sample(fc.tuple(...shape.publicColumns.map(() => fc.constant(0))), {
      seed: 1,
      numRuns: 1,
    });
    const rows = [
      row!.map((_, index) => plainValue(TYPES[index]!, 1)),
      row!.map((_, index) => plainValue(TYPES[index]!, 2)),
    ];
    const some = chooseColumns(shape, ["category", "f64", "u8"]);
    const bytes = folder.with(written(shape, [rows]), (file) =>
      fileOf(some, {}, (writer) => assert.ok(writer.copy(groupOf(file, 0)))),
    );
    const expected = [
      ["", 1, 1],
      ['a "quoted" one', 2, 2],
    ];
    assert.deepEqual(await foreignRows(bytes, some), expected);
  });

  test("is not copied when it is compressed otherwise, lacks a column, or has one that may be null", () => {
    const shape = shapeOf([fieldOf("a", "u32", false)]);
    const other = shapeOf([fieldOf("a", "u32", false), fieldOf("b", "u32", true)]);
    const nullable = shapeOf([fieldOf("a", "u32", true)]);
    folder.with(written(shape, [[[1]]]), (file) => {
      const copies = (to: TableShape, compression: "zstd" | "none") =>
        new ParquetWriter(to, () => {}, { compression }).copy(groupOf(file, 0));
      assert.equal(copies(shape, "zstd"), true);
      assert.equal(copies(shape, "none"), false);
      assert.equal(copies(other, "zstd"), false);
      assert.equal(copies(nullable, "zstd"), false);
      assert.equal(file.holds(shape), true);
      assert.equal(file.holds(other), false);
      assert.equal(file.holds(nullable), false);
    });
  });
});

describe("a file of another time", () => {
  const then = shapeOf([fieldOf("a", "u32", false), fieldOf("b", "f64", true)]);
  const bytes = () =>
    written(then, [
      [
        [1, 0.5],
        [2, null],
      ],
    ]);

  test("gives nulls for a nullable column that it lacks, of every type", () => {
    const now = shapeOf([
      ...TYPES.map((type) => fieldOf(`new_${type}`, type, true)),
      fieldOf("a", "u32", false),
    ]);
    assert.deepEqual(folder.rows(bytes(), now), [
      [...TYPES.map(() => null), 1],
      [...TYPES.map(() => null), 2],
    ]);
  });

  test("gives what a column had before it was there, where it says so", () => {
    const table = shapeOf([fieldOf("revision", "u16", false), fieldOf("a", "u32", false)]);
    const [revision, a] = table.publicColumns;
    const spec = { class: "measure", type: "u16", unit: "1", meaning: "New.", earlier: 7 } as const;
    const now = { ...table, publicColumns: [{ ...revision!, spec }, a!] };
    assert.deepEqual(folder.rows(bytes(), now), [
      [7, 1],
      [7, 2],
    ]);
  });

  test("gives the columns that are wanted alone, none among them", () => {
    assert.deepEqual(folder.rows(bytes(), chooseColumns(then, ["b"])), [[0.5], [null]]);
    assert.deepEqual(folder.rows(bytes(), chooseColumns(then, [])), [[], []]);
    folder.with(bytes(), (file) => {
      const batch = file.readGroup(chooseColumns(then, ["b"]), 0);
      assert.throws(() => batch.dataAt(then.plan.public("a")), RangeError);
    });
  });

  test("that has a column of another type, or not at all, says which", () => {
    const read = (...fields: Parameters<typeof shapeOf>[0]) => folder.rows(bytes(), shapeOf(fields));
    assert.throws(() => read(fieldOf("a", "i32", false)), damaged(/column a .* i32/));
    assert.throws(() => read(fieldOf("c", "u32", false)), damaged(/no column c/));
    assert.throws(() => read(fieldOf("b", "f64", false)), damaged(/column b .* missing/));
  });

  test("may have had a column never null that may be now", () => {
    assert.deepEqual(folder.rows(bytes(), shapeOf([fieldOf("a", "u32", true)])), [[1], [2]]);
  });

  test("has its categories matched by their text", () => {
    const field = (values: readonly string[], nullable = false) => ({
      ...fieldOf("c", "category", nullable),
      values,
    });
    const old = written(shapeOf([field(["x", "y", "z"])]), [[["z"], ["x"], ["z"]]]);
    assert.deepEqual(folder.rows(old, shapeOf([field(["new", "z", "y", "x"])])), [["z"], ["x"], ["z"]]);
    assert.throws(() => folder.rows(old, shapeOf([field(["x", "y"])])), damaged(/column c/));
    const gaps = written(shapeOf([field(["x", "y"], true)]), [[[null], ["y"], [null]]]);
    folder.with(gaps, (file) => {
      const shape = shapeOf([field(["y", "x"], true)]);
      const batch = file.readGroup(shape, 0);
      assert.deepEqual(rowsOf(shape, batch), [[null], ["y"], [null]]);
      const at = batch.dataAt(shape.plan.public("c"));
      assert.deepEqual([...batch.views.u8.subarray(at, at + 3)], [0, 0, 0], "a missing value is zero");
    });
  });
});

function plainValue(type: (typeof TYPES)[number], of: number) {
  if (type === "bool") return of === 1;
  if (type === "category") return of === 1 ? "" : 'a "quoted" one';
  return type === "i64" || type === "u64" ? BigInt(of) : of;
}

function damaged(message: RegExp) {
  return (error: unknown) => error instanceof StoreDamaged && message.test(error.message);
}
