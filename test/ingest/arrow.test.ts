import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Dataset, defineDataset } from "../../datasets/define.ts";
import { PLACES } from "../../datasets/places.ts";
import type { Row } from "../../datasets/row.ts";
import { arrowBody } from "../../ingest/arrow/index.ts";
import type { ColumnType } from "../../runtime/batch/index.ts";
import { type ArrowColumn, arrowStream, type ElementType } from "../fixtures/arrow-bodies.ts";
import { everything, rowOf } from "../fixtures/dataset-rows.ts";
import { PushPipeline, referenceOutcome, verdictsOf } from "../fixtures/push-pipeline.ts";

const SEED = 20_261_124;
const pipeline = new PushPipeline();

const measure = { class: "measure", unit: "1", meaning: "A figure.", nullable: true } as const;
const identifier = { class: "identifier", kind: "thing", meaning: "A thing.", nullable: true } as const;

/** A column of every type, that takes all that its type holds, or nearly. */
const casts = defineDataset({
  name: "casts",
  title: "A column of every type",
  time: "at",
  batchRows: 2048,
  slots: 4,
  columns: {
    at: { class: "moment", type: "timestamp", default: "now", meaning: "When." },
    f64: { ...measure, type: "f64" },
    f32: { ...measure, type: "f32", max: 0.123456789 },
    u64: { ...identifier, type: "u64" },
    i64: { ...measure, type: "i64" },
    u32: { ...measure, type: "u32" },
    i32: { ...measure, type: "i32" },
    u16: { ...measure, type: "u16" },
    u8: { ...measure, type: "u8" },
    bool: { ...measure, type: "bool" },
    category: {
      class: "category",
      type: "category",
      values: ["a", "größer"],
      nullable: true,
      meaning: "A kind.",
    },
    otherwise: {
      ...{
        class: "category",
        type: "category",
        values: ["a", "other"],
        otherwise: "other",
        maxCharacters: 4,
      },
      ...{ nullable: true, meaning: "A kind." },
    },
    place: { class: "place", type: "category", values: PLACES, nullable: true, meaning: "Where." },
    utf8: { ...identifier, type: "utf8", maxBytes: 8 },
  },
});

type Elements = ArrowColumn["values"];

/** What the same value is in JSON. */
function plainValue(type: ElementType, column: ColumnType, value: Elements[number]): unknown {
  if (typeof value !== "bigint")
    return type === "f32" && typeof value === "number" ? Math.fround(value) : value;
  const perMs = { seconds: 0n, microseconds: 1000n, nanoseconds: 1_000_000n }[type as string];
  let whole = perMs === 0n ? value * 1000n : value;
  if (perMs !== undefined && perMs > 0n) whole = (value - (((value % perMs) + perMs) % perMs)) / perMs;
  const isWide = column === "u64" || column === "i64";
  return isWide && !Number.isSafeInteger(Number(whole)) ? whole : Number(whole);
}

/** Compares a body of one column beside nothing else with the same values as JSON would have them. */
function assertCast(
  name: keyof typeof casts.columns & string,
  type: ElementType,
  values: Elements,
  index?: ArrowColumn["index"],
): void {
  const column = { name, type, values, ...(index === undefined ? {} : { index }) };
  const outcome = pipeline.run(casts, arrowBody, arrowStream([column]));
  const rows = values.map((value) =>
    value === null ? {} : { [name]: plainValue(type, casts.plan.raw(name).type, value) },
  );
  assert.deepEqual(verdictsOf(outcome), verdictsOf(referenceOutcome(casts, rows)), `${type} in ${name}`);
}

const I32_EDGES = [
  0,
  1,
  -1,
  127,
  128,
  -128,
  -129,
  255,
  256,
  32_767,
  65_535,
  65_536,
  2 ** 31 - 1,
  -(2 ** 31),
  null,
];
const I64_EDGES = [
  ...[
    0n,
    1n,
    -1n,
    255n,
    256n,
    65_536n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 53n + 1n,
  ],
  ...[
    -(2n ** 31n) - 1n,
    -(2n ** 53n),
    2n ** 63n - 1n,
    -(2n ** 63n),
    253_402_300_799_999n,
    253_402_300_800_000n,
    null,
  ],
];
const U64_EDGES = [
  0n,
  255n,
  256n,
  2n ** 32n,
  2n ** 53n + 1n,
  2n ** 63n,
  2n ** 64n - 1n,
  1_767_225_600_000n,
  null,
];
const F64_EDGES = [
  ...[
    0,
    -0,
    0.5,
    -1,
    255,
    256,
    255.5,
    2 ** 31,
    2 ** 32,
    2 ** 53 - 1,
    2 ** 53,
    2 ** 63,
    2 ** 64,
    1e300,
    -1e300,
    5e-324,
  ],
  ...[0.123456789, 0.12345678900000001, 0.12345679, -3.4028234663852886e38, -3.4028235e38, Number.NaN],
  ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1_767_225_600_000, null],
];
const NUMBERS = ["at", "f64", "f32", "u64", "i64", "u32", "i32", "u16", "u8"] as const;

describe("an Arrow stream", () => {
  test("of the columns' own types says what its rows say one by one, in record batches of any length", () => {
    const types: Partial<Record<ColumnType, ElementType>> = { timestamp: "milliseconds", category: "utf8" };
    fc.assert(
      fc.property(
        fc.array(rowOf(everything), { maxLength: 20 }),
        fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 6 }),
        fc.constantFrom(undefined, "i8" as const),
        (rows, lengths, index) => {
          let left = rows.length;
          const cut = lengths.map((length) => {
            const taken = Math.min(length, left);
            left -= taken;
            return taken;
          });
          const columns = Object.keys(everything.columns).map((name): ArrowColumn => {
            const { type } = everything.plan.raw(name);
            const values = rows.map((row) => row[name]!);
            const indexed = type === "category" && index !== undefined ? { index } : {};
            return { name, type: types[type] ?? (type as ElementType), values, ...indexed };
          });
          const body = arrowStream(columns.reverse(), [...cut, left]);
          const given = rows.map((row) =>
            Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)),
          );
          assert.deepEqual(
            verdictsOf(pipeline.run(everything, arrowBody, body)),
            verdictsOf(referenceOutcome(everything, given)),
          );
        },
      ),
      { seed: SEED, numRuns: 20 },
    );
  });

  test("brings every integer type into every number column, or says why not", () => {
    for (const name of NUMBERS) {
      assertCast(name, "i8", [0, 1, -1, 127, -128, null]);
      assertCast(name, "u8", [0, 1, 255, null]);
      assertCast(name, "i16", [0, -1, 127, 128, 255, 256, 32_767, -32_768, null]);
      assertCast(name, "u16", [0, 255, 256, 65_535, null]);
      assertCast(name, "i32", I32_EDGES);
      assertCast(name, "u32", [0, 255, 65_536, 2 ** 31, 2 ** 32 - 1, null]);
      assertCast(name, "i64", I64_EDGES);
      assertCast(name, "u64", U64_EDGES);
    }
  });

  test("brings floats into every number column, exactly or not at all, and bounds of float32 before they are rounded", () => {
    for (const name of NUMBERS) {
      assertCast(name, "f64", F64_EDGES);
      // A float32 that is the bound rounded is within it: its sender has no other.
      const edges = F64_EDGES.filter(
        (value) => name !== "f32" || value === null || !(value > 0.12 && value < 0.13),
      );
      assertCast(name, "f32", edges);
    }
    const bounds = [0.123456789, 0.12345679, 0.1234568];
    const { accepted } = pipeline.run(
      casts,
      arrowBody,
      arrowStream([{ name: "f32", type: "f32", values: bounds }]),
    );
    assert.deepEqual([...accepted.keys()], [0, 1]);
  });

  test("brings moments of every unit down to milliseconds, and cuts off what lies below", () => {
    const edges = [0n, 1n, -1n, 999n, 1000n, 1001n, -999n, -1000n, -1001n, 1_767_225_600_123n, null];
    const beyond = [253_402_300_799_999n, 253_402_300_800_000n, -62_167_219_200_000n, -62_167_219_200_001n];
    assertCast("at", "milliseconds", [...edges, ...beyond, 2n ** 62n, -(2n ** 63n)]);
    assertCast("at", "seconds", [
      0n,
      1n,
      -1n,
      253_402_300_799n,
      253_402_300_800n,
      -62_167_219_200n,
      -62_167_219_201n,
      null,
    ]);
    for (const [type, per] of [
      ["microseconds", 1000n],
      ["nanoseconds", 1_000_000n],
    ] as const) {
      const all = [...edges, ...beyond].flatMap((edge) =>
        edge === null ? [null] : [edge * per, edge * per - 1n, edge * per + 1n],
      );
      assertCast(
        "at",
        type,
        all.filter((value) => value === null || BigInt.asIntN(64, value) === value),
      );
      assertCast("at", type, [-1n, 1n, 2n ** 63n - 1n, -(2n ** 63n), null]);
    }
  });

  test("says that a second beyond what milliseconds can be is no moment", () => {
    const values = [2n ** 62n, -(2n ** 62n), 9_223_372_036_854_775n, 9_223_372_036_854_776n];
    const { rejections } = pipeline.run(
      casts,
      arrowBody,
      arrowStream([{ name: "at", type: "seconds", values }]),
    );
    assert.deepEqual(
      rejections.map(({ row, reason }) => [row, reason]),
      values.map((_, row) => [row, "bound"]),
    );
  });

  test("takes texts as what a column makes of them, from offsets of both widths and dictionaries of all indexes", () => {
    const texts: Readonly<Record<string, Elements>> = {
      category: ["a", "größer", null, "b", "", "A"],
      otherwise: ["a", "other", null, "b", "größ", "größe", "😀😀😀😀", ""],
      place: ["us-east-1", "US-EAST-1", "EU-central-1", null, "us-*", "", "somewhere", "x".repeat(257)],
      utf8: ["", "a", "größer", null, "12345678", "123456789", "é".repeat(5), "\u{feff}x"],
      at: ["2026-01-31T12:00:00.000Z", "2026-01-31T12:00:00.123456789+01:00", null, "1767225600000", "x", ""],
      u64: ["0", "18446744073709551615", "18446744073709551616", null, "-1", "01", "1.0", "9007199254740993"],
      i64: ["0", "-9007199254740991", "9007199254740992", null, "x"],
    };
    const indexes = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"] as const;
    for (const [name, values] of Object.entries(texts)) {
      for (const type of ["utf8", "large_utf8"] as const) {
        assertCast(name as "utf8", type, values);
        for (const index of indexes) assertCast(name as "utf8", type, [...values, ...values], index);
      }
    }
  });

  test("takes a bitmap of booleans, and columns that have no values at all", () => {
    assertCast("bool", "bool", [true, false, null, true, true, false, false, true, null, false]);
    for (const name of Object.keys(casts.columns)) assertCast(name as "f64", "null", [null, null, null]);
  });

  test("looks at long columns where they lie, and puts short record batches together", () => {
    const rows = 7000;
    const numbers = Array.from({ length: rows }, (_, row) => row);
    const columns: ArrowColumn[] = [
      { name: "at", type: "milliseconds", values: numbers.map((row) => BigInt(row)) },
      { name: "f64", type: "f64", values: numbers.map((row) => (row % 7 === 0 ? null : row / 8)) },
      { name: "f32", type: "f32", values: numbers.map((row) => (row % 1000 === 999 ? 1 : -row)) },
      { name: "u32", type: "f64", values: numbers.map((row) => (row % 500 === 3 ? 0.5 : row)) },
      { name: "bool", type: "bool", values: numbers.map((row) => (row % 5 === 0 ? null : row % 3 === 0)) },
      {
        name: "category",
        type: "utf8",
        index: "u16",
        values: numbers.map((row) => (row % 3000 === 2999 ? "no" : "a")),
      },
      {
        name: "utf8",
        type: "utf8",
        values: numbers.map((row) =>
          row % 11 === 0 ? null : row % 2000 === 1500 ? "too long by far" : `n${row}`,
        ),
      },
    ];
    const given = numbers.map((row) =>
      Object.fromEntries(
        columns.flatMap(({ name, type, values }) => {
          const value = values[row]!;
          return value === null ? [] : [[name, plainValue(type, casts.plan.raw(name).type, value)]];
        }),
      ),
    );
    const expected = verdictsOf(referenceOutcome(casts, given));
    for (const lengths of [
      [rows],
      [1, 2, 3, 6994],
      [300, 2000, 2100, 2600],
      [4096, 904, 2000],
      Array(70).fill(100),
    ]) {
      assert.deepEqual(verdictsOf(pipeline.run(casts, arrowBody, arrowStream(columns, lengths))), expected);
    }
  });

  test("takes as many rows into a table as there is room for their text", () => {
    const wide: Dataset = defineDataset({
      ...{ name: "wide", title: "Long texts", time: "at", batchRows: 64, slots: 4 },
      columns: {
        at: { class: "moment", type: "timestamp", meaning: "When." },
        long: { ...identifier, type: "utf8", maxBytes: 65_536 },
      },
    });
    const values = Array.from({ length: 12 }, (_, row) =>
      String(row % 10).repeat(row % 5 === 4 ? 65_537 : 65_536 - row),
    );
    const at = values.map((_, row) => BigInt(row));
    const given = values.map((long, row) => ({ at: row, long }));
    for (const [type, index] of [["utf8"], ["large_utf8"], ["utf8", "i32"], ["large_utf8", "u8"]] as const) {
      const columns: ArrowColumn[] = [
        { name: "at", type: "milliseconds", values: at },
        { name: "long", type, values, ...(index === undefined ? {} : { index }) },
      ];
      for (const lengths of [[12], [1, 2, 3, 4, 2]]) {
        assert.deepEqual(
          verdictsOf(pipeline.run(wide, arrowBody, arrowStream(columns, lengths))),
          verdictsOf(referenceOutcome(wide, given)),
        );
      }
    }
  });

  test("refuses rows whose text is not UTF-8, and keeps nothing of them", () => {
    const bad = [
      [0xff],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xe2, 0x82],
      [0xf4, 0x90, 0x80, 0x80],
      [0x80],
    ].map((bytes) => Uint8Array.from(bytes));
    const values = ["a", ...bad, "a", null];
    for (const name of ["utf8", "category", "otherwise", "place"]) {
      for (const [type, index] of [["utf8"], ["large_utf8"], ["utf8", "u8"]] as const) {
        const column: ArrowColumn = { name, type, values, ...(index === undefined ? {} : { index }) };
        const { accepted, rejections, raw } = pipeline.run(casts, arrowBody, arrowStream([column]));
        assert.deepEqual([...accepted.keys()], [0, 7, 8], `${type} ${name}`);
        assert.deepEqual(
          rejections.map(({ row, column: at, reason, got }) => [row, at, reason, got]),
          bad.map((_, index) => [index + 1, name, "type", "bytes that are not UTF-8"]),
        );
        assert.ok(raw.every((row) => row === undefined));
      }
    }
    // Characters that two values share are whole in neither.
    const halves = [Uint8Array.of(0xc3), Uint8Array.of(0xa9), "é"];
    const { rejections } = pipeline.run(
      casts,
      arrowBody,
      arrowStream([{ name: "utf8", type: "utf8", values: halves }]),
    );
    assert.deepEqual(
      rejections.map(({ row }) => row),
      [0, 1],
    );
  });

  test("tells the first fault in declared order, whichever way it was found", () => {
    const columns: ArrowColumn[] = [
      { name: "i32", type: "f64", values: [0.5, 0.5, 1] },
      { name: "f64", type: "f64", values: [Number.NaN, 1, Number.POSITIVE_INFINITY] },
      { name: "at", type: "milliseconds", values: [0n, 2n ** 60n, 0n] },
    ];
    const { rejections } = pipeline.run(casts, arrowBody, arrowStream(columns));
    assert.deepEqual(
      rejections.map(({ row, column, reason }) => [row, column, reason]),
      [
        [0, "f64", "type"],
        [1, "at", "bound"],
        [2, "f64", "bound"],
      ],
    );
  });

  test("of no columns, no rows, or no record batch has none", () => {
    const row = { at: 0 } as Row;
    assert.equal(
      pipeline.run(casts, arrowBody, arrowStream([{ name: "at", type: "milliseconds", values: [] }])).accepted
        .size,
      0,
    );
    const body = arrowStream([{ name: "at", type: "milliseconds", values: [0n] }], [0, 1, 0]);
    assert.deepEqual([...pipeline.run(casts, arrowBody, body).accepted.values()], [row]);
  });
});
