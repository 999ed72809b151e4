import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BY_THE_MINUTE } from "../../datasets/by-the-minute.ts";
import type { ColumnSpec } from "../../datasets/column.ts";
import { DatasetError, type DatasetSpec, defineDataset } from "../../datasets/define.ts";
import {
  datasetNamed,
  datasets,
  derivedDatasets,
  pushedDatasets,
  sourceDatasets,
} from "../../datasets/index.ts";
import { process } from "../../datasets/process.ts";

const at = { class: "moment", type: "timestamp", meaning: "When." } as const;
const measure = { class: "measure", type: "f64", unit: "1", meaning: "A figure." } as const;
const identifier = { class: "identifier", type: "utf8", kind: "user", meaning: "Who." } as const;
const category = { class: "category", type: "category", values: ["a"], meaning: "A kind." } as const;

interface Changes {
  readonly columns?: Record<string, unknown>;
  readonly [fact: string]: unknown;
}

/** A declaration that no compiler has seen. */
function declare({ columns, ...facts }: Changes) {
  const spec = {
    name: "test",
    title: "A test",
    time: "at",
    batchRows: 8,
    slots: 4,
    columns: { at, ...columns },
    ...facts,
  };
  return () => defineDataset(spec as unknown as DatasetSpec<Record<string, ColumnSpec>>);
}

describe("a declaration", () => {
  const refused: readonly (readonly [what: string, Changes, RegExp])[] = [
    [
      "a column without a class",
      { columns: { x: { type: "f64" } } },
      /column x has no privacy class; give it one of measure, /,
    ],
    [
      "a class there is not",
      { columns: { x: { ...measure, class: "public" } } },
      /the unknown privacy class public/,
    ],
    [
      "a class of the prototype",
      { columns: { x: { ...measure, class: "constructor" } } },
      /unknown privacy class/,
    ],
    [
      "text that would leave as a measure",
      { columns: { x: { ...measure, type: "utf8" } } },
      /class measure and type utf8/,
    ],
    [
      "a column without a type",
      { columns: { x: { ...measure, type: undefined } } },
      /class measure and type undefined/,
    ],
    [
      "two columns that leave under one name",
      { columns: { x: measure, name: { ...identifier, as: "x" } } },
      /leave under one name: at, x, x/,
    ],
    [
      "a time column that is none",
      { time: "x", columns: { x: measure } },
      /time column x must be declared with class moment/,
    ],
    ["a time column that is not there", { time: "when" }, /time column when must be declared/],
    [
      "a time column that may be missing",
      { columns: { at: { ...at, nullable: true } } },
      /must not be nullable/,
    ],
    ["a name that cannot stand in a path", { name: "../x" }, /its name must be/],
    ["a column name that cannot stand in SQL", { columns: { "a b": measure } }, /column name a b must be/],
    [
      "a public name that cannot either",
      { columns: { x: { ...identifier, as: "X-1" } } },
      /column name X-1 must be/,
    ],
    [
      "a category without values",
      { columns: { x: { ...category, values: [] } } },
      /from 1 to 255 different values; it has 0/,
    ],
    [
      "a category of 256 values",
      { columns: { x: { ...category, values: Array.from({ length: 256 }, (_, i) => `${i}`) } } },
      /it has 256/,
    ],
    [
      "a category with one value twice",
      { columns: { x: { ...category, values: ["a", "a"] } } },
      /different values/,
    ],
    [
      "a pseudonym in a source",
      { columns: { x: { ...identifier, class: "pseudonym", type: "u64" } } },
      /claims to be a pseudonym already/,
    ],
    [
      "an identifier of no kind",
      { columns: { x: { ...identifier, kind: "" } } },
      /must say what kind of thing it names/,
    ],
    ["bounds the wrong way round", { columns: { x: { ...measure, min: 2, max: 1 } } }, /bounded by 2 and 1/],
    [
      "a bound beyond its type",
      { columns: { x: { ...measure, type: "u8", max: 256 } } },
      /bounded by 0 and 256/,
    ],
    ["a bound that is no number", { columns: { x: { ...measure, min: Number.NaN } } }, /bounded by NaN/],
    [
      "a bound between whole numbers",
      { columns: { x: { ...measure, type: "u8", max: 1.5 } } },
      /must be whole/,
    ],
    ["text of no bytes", { columns: { x: { ...identifier, maxBytes: 0 } } }, /maxBytes 0/],
    ["batches of no rows", { batchRows: 0 }, /batchRows must be a whole number from 1 to 65536; it is 0/],
    ["batches of too many rows", { batchRows: 65537 }, /it is 65537/],
    [
      "rows that are kept for no time",
      { keepDays: 0 },
      /keepDays must be a whole number from 1 to 36525; it is 0/,
    ],
    ["rows that are kept for part of a day", { keepDays: 1.5 }, /it is 1.5/],
    ["rows that are kept for more than a hundred years", { keepDays: 36_526 }, /it is 36526/],
    ["slots that are no power of two", { slots: 12 }, /slots must be a power of two; it is 12/],
    [
      "a column that had a value before there was it which it may not have",
      { columns: { x: { ...measure, type: "u8", earlier: 256 } } },
      /column x had the value 256 before there was it/,
    ],
    [
      "a column that is missing and has a value where there was none",
      { columns: { x: { ...measure, nullable: true, earlier: 0 } } },
      /column x may be missing/,
    ],
  ];
  for (const [what, changes, message] of refused) {
    test(`is refused with ${what}`, () => {
      assert.throws(
        declare(changes),
        (error) => error instanceof DatasetError && message.test(error.message),
      );
    });
  }

  test("is taken when nothing is wrong, up to its limits", () => {
    declare({ batchRows: 65536, slots: 1 })();
    declare({ columns: { x: { ...category, values: Array.from({ length: 255 }, (_, i) => `${i}`) } } })();
    declare({
      derived: { from: "other", by: { ...BY_THE_MINUTE, measures: ["y"] } },
      columns: { x: { ...identifier, class: "pseudonym", type: "u64" } },
    })();
    declare({ columns: { x: { ...measure, type: "u8", min: 0, max: 255 } } })();
    declare({ columns: { x: { ...measure, type: "u8", earlier: 255 } } })();
  });

  test("keeps raw identifiers apart from what leaves, and shares all else", () => {
    const { plan } = process;
    assert.equal(plan.raw("name").type, "utf8");
    assert.equal(plan.public("name_hash").type, "u64");
    assert.notEqual(plan.raw("pid"), plan.public("pid"));
    assert.equal(plan.raw("cpu_percent"), plan.public("cpu_percent"));
    assert.deepEqual(
      plan.rawOnlyColumns.map(({ name }) => name),
      ["pid", "name"],
    );
    assert.throws(() => plan.public("name"), RangeError);
    assert.equal(process.maxRowTextBytes, 256);
  });

  test("lets only pseudonyms of an identifier leave: no text does, in any dataset", () => {
    for (const dataset of datasets) {
      for (const { field, spec } of dataset.publicColumns) {
        assert.notEqual(field.type, "utf8");
        if (spec.class === "identifier") assert.match(field.type, /^u(32|64)$/);
      }
    }
  });
});

test("datasets are found by name, sources and derived ones apart", () => {
  assert.deepEqual(
    datasets.map(({ name }) => name),
    [
      "memory",
      "process",
      "optimization",
      "compression_telemetry",
      "memory_1m",
      "process_1m",
      "optimization_1m",
    ],
  );
  assert.equal(datasetNamed("process"), process);
  assert.equal(datasetNamed("constructor"), undefined);
  assert.deepEqual(
    pushedDatasets.map(({ name }) => name),
    ["optimization", "compression_telemetry"],
  );
  assert.ok(sourceDatasets.every(({ derived }) => derived === undefined));
  assert.ok(derivedDatasets.every(({ derived }) => derived !== undefined));
});
