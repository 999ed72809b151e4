/** What a declaration can say of rows that are pushed and learned from: what is refused of it, and what comes of it. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { boundsOf, type ColumnSpec } from "../../datasets/column.ts";
import { compressionTelemetry } from "../../datasets/compression-telemetry.ts";
import { DatasetError, type DatasetSpec, defineDataset, maxTextBytes } from "../../datasets/define.ts";
import { describeDataset } from "../../datasets/describe.ts";
import { type JsonSchema, pushedRowSchema, streamedRowSchema } from "../../datasets/json-schema.ts";
import { memory } from "../../datasets/memory.ts";
import { nextDouble, nextFloat } from "../../datasets/neighbours.ts";
import { PLACES } from "../../datasets/places.ts";
import { createRowValidator } from "../../datasets/validate.ts";
import { windowsOf } from "../../datasets/windows.ts";
import { createRowWriter, maxBatchBytes, maxPublicBytes } from "../../datasets/write-rows.ts";
import { plainRow } from "../fixtures/dataset-rows.ts";
import { publicBatch, sharedMemory } from "../fixtures/public-batches.ts";

const at = { class: "moment", type: "timestamp", meaning: "When." } as const;
const measure = { class: "measure", type: "f64", unit: "1", meaning: "A figure." } as const;
const identifier = { class: "identifier", type: "utf8", kind: "user", meaning: "Who." } as const;
const category = { class: "category", type: "category", values: ["a", "b"], meaning: "A kind." } as const;
const place = { class: "place", type: "category", values: PLACES, meaning: "Where." } as const;
const named = { title: "Some", columns: ["x"], where: "x > 1", days: 30, newest: 10, format: "csv" } as const;
const derive = () => {};

interface Changes {
  readonly columns?: Record<string, unknown>;
  readonly [fact: string]: unknown;
}

/** A declaration that no compiler has seen. */
function declare({ columns, ...facts }: Changes) {
  const spec = {
    ...{ name: "test", title: "A test", time: "at", batchRows: 8, slots: 4 },
    columns: { at, ...columns },
    ...facts,
  };
  return defineDataset(spec as unknown as DatasetSpec<Record<string, ColumnSpec>>);
}

describe("a declaration is refused with", () => {
  const x = (column: unknown, facts: object = {}): Changes => ({ columns: { x: column }, ...facts });
  const refused: readonly (readonly [what: string, Changes, RegExp])[] = [
    [
      "a whole number that is above",
      x({ ...measure, type: "u32", above: 0 }),
      /column x is above 0 and of the type u32; only a float is/,
    ],
    [
      "a number that is above and has a least",
      x({ ...measure, above: 0, min: 1 }),
      /is above 0 and has min 1; expected one of the two/,
    ],
    ["a number above no number", x({ ...measure, above: Number.NaN }), /is above NaN/],
    [
      "a number above all there are",
      x({ ...measure, above: Number.MAX_VALUE }),
      /is above 1.79.*expected a number below the largest/,
    ],
    [
      "a number above its largest",
      x({ ...measure, above: 5, max: 5 }),
      /is bounded by 5.000000000000001 and 5/,
    ],
    [
      "a default beyond the bounds",
      x({ ...measure, min: 0, max: 1, default: 1.5 }),
      /column x has the default 1.5, which it may not have/,
    ],
    ["a default that is not above", x({ ...measure, above: 0, default: 0 }), /has the default 0, which/],
    ["a default that is no number", x({ ...measure, default: true }), /has the default true, which/],
    [
      "a default that is no whole number",
      x({ ...measure, type: "u8", default: 0.5 }),
      /has the default 0.5, which/,
    ],
    [
      "a flag's default that is no flag",
      x({ ...measure, type: "bool", default: 1 }),
      /has the default 1, which/,
    ],
    [
      "a default of what may be missing",
      x({ ...measure, nullable: true, default: 1 }),
      /has a default, so that it is never missing, and is nullable/,
    ],
    [
      "a moment that is bounded beyond the years there are",
      { columns: { at: { ...at, min: Date.UTC(10_000, 0, 1) } } },
      /column at is bounded by 253402300800000 and 253402300799999; expected bounds in order/,
    ],
    [
      "a moment that is bounded by a part of a millisecond",
      { columns: { at: { ...at, min: 0.5 } } },
      /column at holds whole numbers; its bounds 0.5 and/,
    ],
    [
      "a moment's default that is not now",
      { columns: { at: { ...at, default: 0 } } },
      /column at has the default 0; a moment's is now/,
    ],
    [
      "a category's default",
      x({ ...category, default: "a" }),
      /has a default and class category; only a measure or a moment has one/,
    ],
    [
      "another value that is none",
      x({ ...category, otherwise: "c" }),
      /category x takes other texts for c, which is none of its values/,
    ],
    [
      "a length of what has a closed list",
      x({ ...category, maxCharacters: 5 }),
      /has maxCharacters and takes no text but that of its values/,
    ],
    ["a length of numbers", x({ ...identifier, type: "u32", maxCharacters: 5 }), /takes no text/],
    [
      "texts of no characters",
      x({ ...identifier, maxCharacters: 0 }),
      /maxCharacters 0; expected a whole number from 1 to 16384/,
    ],
    ["texts of too many characters", x({ ...place, maxCharacters: 16_385 }), /maxCharacters 16385/],
    [
      "places of its own",
      x({ ...place, values: ["us-*", "other"] }),
      /place x must have the values of places.ts/,
    ],
    [
      "a place that is no category",
      x({ ...place, type: "utf8" }),
      /has class place and type utf8; a place is category/,
    ],
    [
      "a default that is derived as well",
      x({ ...measure, default: 1 }, { derivations: [{ fills: ["x"], derive }] }),
      /column x has a default, so that a derivation never fills it/,
    ],
    [
      "a derivation of nothing there is",
      { derivations: [{ fills: ["y"], derive }] },
      /a derivation fills y, which is no measure or category/,
    ],
    [
      "a derivation of a name",
      x(identifier, { derivations: [{ fills: ["x"], derive }] }),
      /a derivation fills x, which is no measure/,
    ],
    [
      "two derivations of one column",
      x(measure, {
        derivations: [
          { fills: ["x"], derive },
          { fills: ["x"], derive },
        ],
      }),
      /column x is filled by two derivations/,
    ],
    [
      "slots without room for one row's text",
      x({ ...identifier, maxCharacters: 10 }, { slotTextBytes: 39 }),
      /slotTextBytes must be a whole number, and hold the texts of one row, which may be 40 bytes; it is 39/,
    ],
    [
      "windows that are pushed",
      { pushed: true, derived: { from: "other", by: {} } },
      /its rows are derived; nobody can push them/,
    ],
    ["a label there is not", { label: "y" }, /its label y is no category that it has/],
    ["a label that is a number", x(measure, { label: "x" }), /its label x is no category/],
    [
      "an export without columns",
      x(measure, { exports: { e: { ...named, columns: [] } } }),
      /its export e has no columns/,
    ],
    [
      "an export of a raw column",
      x({ ...identifier, as: "y" }, { exports: { e: { ...named, where: "at is not null" } } }),
      /its export e has the column x, which does not leave/,
    ],
    [
      "an export of a column twice",
      x(measure, { exports: { e: { ...named, columns: ["x", "x"] } } }),
      /the column x, which does not leave, or has it twice/,
    ],
    [
      "an export by what is no predicate",
      x(measure, { exports: { e: { ...named, where: "y > 1" } } }),
      /its export e chooses its rows by what cannot be read: .*y/,
    ],
    ["an export of no days", x(measure, { exports: { e: { ...named, days: 0 } } }), /goes back 0 days/],
    [
      "an export of no rows",
      x(measure, { exports: { e: { ...named, newest: 0 } } }),
      /has the newest 0 rows/,
    ],
    [
      "an export in a format there is not",
      x(measure, { exports: { e: { ...named, format: "xml" } } }),
      /is in the format xml/,
    ],
    [
      "an export with an odd name",
      x(measure, { exports: { "../e": named } }),
      /the name \.\.\/e of its export must be/,
    ],
    ["a shadow of what is no choice", shadowed({ actual: "id" }), /shadow's actual id is no category/],
    ["a shadow by what is no choice", shadowed({ oracle: "none" }), /shadow's oracle none is no category/],
    ["a shadow that is told by a name", shadowed({ by: "id" }), /told by id; expected a category or a place/],
    ["a shadow without a unit", shadowed({ unit: "kind" }), /unit kind must leave as a pseudonym of 64 bits/],
    [
      "a shadow of what is never chosen",
      shadowed({ actual: "kind" }),
      /oracle may say c, and its actual kind never does/,
    ],
    ["a shadow of units that are missing", shadowed({ unit: "or" }), /never be null/],
    ["a shadow of units too short", shadowed({ unit: "short" }), /pseudonym of 64 bits/],
  ];

  for (const [what, changes, message] of refused) {
    test(what, () => {
      assert.throws(
        () => declare(changes),
        (error) =>
          error instanceof DatasetError && (message.test(error.message) || assert.fail(error.message)),
      );
    });
  }

  test("nothing when all is right", () => {
    declare(shadowed({}));
    declare(shadowed({ by: "region" }));
    declare(x({ ...measure, above: -1, max: 5, default: 5 }));
    declare(x({ ...measure, type: "f32", above: 0.1, nullable: true }));
    declare(x({ ...measure, type: "bool", default: false }));
    declare(x({ ...identifier, maxCharacters: 10 }, { slotTextBytes: 40 }));
    declare(x({ ...identifier, maxCharacters: 16_384 }));
    declare(x({ ...place, quasi: true, steps: ["exact"] }));
    declare(x({ ...place, sensitive: true }, { label: undefined }));
    declare(
      x({ ...measure, nullable: true }, { derivations: [{ fills: ["x"], derive }], exports: { e: named } }),
    );
  });
});

function shadowed(change: object): Changes {
  return {
    columns: {
      id: identifier,
      or: { ...identifier, nullable: true },
      short: { ...identifier, pseudonym: "u32" },
      kind: category,
      chosen: { ...category, values: ["c", "a", "b"] },
      region: place,
      best: { ...category, values: ["a", "c"] },
    },
    shadow: { actual: "chosen", oracle: "best", by: "kind", unit: "id", ...change },
  };
}

const pushed = declare({
  pushed: true,
  derivations: [{ fills: ["worked", "kind"], derive }],
  columns: {
    at: { ...at, default: "now" },
    id: { ...identifier, maxCharacters: 3 },
    both: { ...identifier, maxCharacters: 3, maxBytes: 4, nullable: true },
    above: { ...measure, above: 0, max: 10 },
    above32: { ...measure, type: "f32", above: 0.1 },
    count: { ...measure, type: "u8", default: 7 },
    worked: measure,
    kind: category,
    other: { ...category, otherwise: "b", maxCharacters: 2 },
    region: { ...place, nullable: true },
  },
});
const row = { id: "x", above: 1, above32: 1, other: "a" };

/** What is kept of a value in an otherwise good row, or why it is refused. */
function verdictOf(column: string, value: unknown): unknown {
  const verdict = createRowValidator(pushed)({ ...row, [column]: value }, 0);
  if (verdict.ok) return { is: verdict.row[column] };
  assert.equal(verdict.rejection.column, column);
  const { reason, expected, got } = verdict.rejection;
  return `${reason}: expected ${expected}, got ${got}`;
}

describe("what is declared of pushed rows", () => {
  test("lets a sender leave out what has a default or is derived", () => {
    assert.deepEqual([...pushed.optional].sort(), ["at", "both", "count", "kind", "region", "worked"]);
    const verdict = createRowValidator(pushed)(row, 0);
    assert.ok(verdict.ok);
    assert.deepEqual(verdict.row, {
      ...{ at: null, id: "x", both: null, above: 1, above32: 1, count: null, worked: null, kind: null },
      ...{ other: "a", region: null },
    });
  });

  test("bounds numbers from above something", () => {
    assert.deepEqual(boundsOf(pushed.columns["above"]!), [Number.MIN_VALUE, 10]);
    const expected = "expected a number above 0, up to 10";
    assert.equal(verdictOf("above", 0), `bound: ${expected}, got 0`);
    assert.equal(verdictOf("above", nextDouble(10, 1)), `bound: ${expected}, got 10.000000000000002`);
    assert.deepEqual(verdictOf("above", 10), { is: 10 });
    const [least] = boundsOf(pushed.columns["above32"]!);
    assert.ok(least > 0.1 && Math.fround(least) === least && nextFloat(least, -1) <= 0.1);
    assert.match(String(verdictOf("above32", 0.1)), /^bound: expected a number above 0.1, got/);
  });

  test("counts characters, and bytes where they are bounded by themselves", () => {
    assert.equal(maxTextBytes(pushed.columns["id"]!), 12);
    assert.equal(maxTextBytes(pushed.columns["both"]!), 4);
    assert.deepEqual(verdictOf("id", "😀😀😀"), { is: "😀😀😀" });
    assert.equal(
      verdictOf("id", "😀a😀b"),
      "length: expected text of at most 3 characters, got text of 4 characters",
    );
    const expected = "length: expected text of at most 3 characters and 4 bytes of UTF-8, got text of";
    assert.deepEqual(verdictOf("both", "€a"), { is: "€a" });
    assert.equal(verdictOf("both", "€€"), `${expected} 2 characters and 6 bytes`);
    assert.equal(verdictOf("both", "abcd"), `${expected} 4 characters and 4 bytes`);
  });

  test("keeps of a text what it is taken for, and tells nothing of one that is too long", () => {
    assert.deepEqual(verdictOf("other", "b"), { is: "b" });
    assert.deepEqual(verdictOf("other", "zz"), { is: "b" });
    assert.equal(
      verdictOf("other", "zzz"),
      "length: expected text of at most 2 characters, got text of 3 characters",
    );
    assert.deepEqual(verdictOf("region", "eu-west-1"), { is: "eu-*" });
    assert.deepEqual(verdictOf("region", "x".repeat(256)), { is: "other" });
    assert.match(
      String(verdictOf("region", "x".repeat(257))),
      /^length: expected text of at most 256 characters/,
    );
  });

  test("stands in the JSON Schema of a row", () => {
    const schema = pushedRowSchema(pushed);
    assert.deepEqual(schema["required"], ["id", "above", "above32", "other"]);
    const properties = schema["properties"] as Record<string, JsonSchema>;
    const facts = (name: string) => {
      const { description: _, "x-millrace-class": __, "x-millrace-unit": ___, ...others } = properties[name]!;
      return others;
    };
    assert.deepEqual(facts("id"), { type: "string", maxLength: 3, "x-millrace-max-bytes": 12 });
    assert.deepEqual(facts("above"), { type: "number", exclusiveMinimum: 0, maximum: 10 });
    assert.deepEqual(facts("count"), { type: ["integer", "null"], minimum: 0, maximum: 255, default: 7 });
    assert.deepEqual(facts("worked"), { type: ["number", "null"], "x-millrace-derived": true });
    assert.deepEqual(facts("kind"), { enum: ["a", "b", null], "x-millrace-derived": true });
    assert.deepEqual(facts("other"), {
      ...{ type: "string", maxLength: 2, "x-millrace-kept-as": ["a", "b"], "x-millrace-otherwise": "b" },
    });
    assert.deepEqual(facts("region"), {
      ...{ type: ["string", "null"], maxLength: 256 },
      ...{ "x-millrace-kept-as": PLACES, "x-millrace-otherwise": "other" },
    });
    const moment = facts("at");
    assert.deepEqual([moment["type"], moment["x-millrace-default"]], [["integer", "string", "null"], "now"]);
    const streamed = streamedRowSchema(pushed)["properties"] as Record<string, JsonSchema>;
    assert.deepEqual(streamed["region"]?.["enum"], [...PLACES, null]);
    assert.equal(streamed["above"]?.["exclusiveMinimum"], 0);
    // The float that is written as 0.1 is above it.
    assert.deepEqual([streamed["above32"]?.["minimum"], Math.fround(0.1) > 0.1], [0.1, true]);
  });

  test("is told of the dataset", () => {
    const told = describeDataset(compressionTelemetry);
    assert.deepEqual([told.pushed, told.label, told.shadow?.unit], [true, "oracle_algorithm", "request_id"]);
    assert.deepEqual(told.exports, [{ name: "training", ...compressionTelemetry.exports!["training"] }]);
    const plain = describeDataset(memory);
    assert.deepEqual([plain.pushed, plain.label, plain.shadow, plain.exports], [false, null, null, []]);
  });

  test("goes on to windows that are grouped by a place", () => {
    const source = declare({
      columns: { region: place, x: measure },
      windows: [
        {
          ...{ label: "1m", kind: "figures", groupBy: "region", measures: ["x"] },
          shape: { kind: "tumbling", lengthMs: 60_000 },
        },
      ],
    });
    const [windows] = windowsOf(source);
    assert.deepEqual(
      [windows?.columns["region"]?.class, windows?.columns["region"]?.nullable],
      ["place", true],
    );
    assert.deepEqual(windows?.plan.public("region").values, PLACES);
  });
});

describe("slots", () => {
  const texts = (slotTextBytes?: number) =>
    declare({
      columns: { one: { ...identifier, maxBytes: 100 }, two: { ...identifier, maxBytes: 60 } },
      ...(slotTextBytes === undefined ? {} : { slotTextBytes }),
    });
  const rowsOf = (...lengths: readonly (readonly [one: number, two: number])[]) =>
    lengths.map(([one, two]) => ({ at: 0, one: "x".repeat(one), two: "y".repeat(two) }));

  test("hold as much text as is declared, however it is divided", () => {
    const dataset = texts(200);
    const bytes = maxBatchBytes(dataset);
    const writer = createRowWriter(sharedMemory(), dataset);
    const empty = Array.from({ length: 6 }, () => [0, 0] as const);
    for (const [one, two] of [
      [100, 0],
      [0, 60],
      [99, 1],
      [97, 3],
    ] as const) {
      const rest = 200 - one - two;
      const rows = rowsOf([one, two], [Math.min(100, rest), Math.max(0, rest - 100)], ...empty);
      assert.ok(writer.fits(bytes, rows), `${one} and ${two}`);
    }
    assert.ok(bytes < maxBatchBytes(texts()));
    assert.ok(!writer.fits(bytes, rowsOf([100, 60], [100, 60], ...empty)));
  });

  test("hold no more than the longest rows, whatever is declared", () => {
    assert.equal(maxBatchBytes(texts(160 * 8)), maxBatchBytes(texts()));
    assert.equal(maxBatchBytes(texts(10_000)), maxBatchBytes(texts()));
  });

  test("have public parts that are no longer than a frame of the log may have to hold", () => {
    for (const dataset of [texts(), texts(200), memory, compressionTelemetry]) {
      const few = Math.min(dataset.batchRows, 200);
      const { byteLength } = publicBatch(
        dataset,
        Array.from({ length: few }, () => plainRow(dataset)),
      ).message();
      assert.ok(byteLength <= maxPublicBytes({ ...dataset, batchRows: few }));
      assert.ok(maxPublicBytes(dataset) <= maxBatchBytes(dataset));
    }
  });
});
