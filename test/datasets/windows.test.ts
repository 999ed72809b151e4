/** What windows of each kind look like as a dataset, and which cannot be declared. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BY_THE_MINUTE } from "../../datasets/by-the-minute.ts";
import { type Dataset, DatasetError, defineDataset } from "../../datasets/define.ts";
import { process } from "../../datasets/process.ts";
import { FIGURES, TRENDS, type WindowSpec } from "../../datasets/spec.ts";
import { windowsOf } from "../../datasets/windows.ts";
import * as trend from "../../windowing/trend.ts";

const columns = {
  at: { class: "moment", type: "timestamp", meaning: "When." },
  who: {
    class: "identifier",
    type: "u32",
    kind: "who",
    as: "who_hash",
    pseudonym: "u32",
    meaning: "Who.",
    quasi: true,
  },
  what: { class: "category", type: "category", values: ["a", "b"], meaning: "What.", sensitive: true },
  perhaps: { class: "category", type: "category", values: ["a"], meaning: "Perhaps.", nullable: true },
  load: { class: "measure", type: "f64", unit: "MiB", min: 0, meaning: "Load." },
  change: { class: "measure", type: "i32", unit: "1", meaning: "Change." },
  flag: { class: "measure", type: "bool", unit: "1", meaning: "Flag." },
} as const;

function declare(windows: readonly WindowSpec[]): Dataset {
  return defineDataset({
    name: "test",
    title: "A test",
    time: "at",
    batchRows: 8,
    slots: 4,
    columns,
    windows,
  });
}

function windowed(by: WindowSpec): Dataset {
  return windowsOf(declare([by]))[0]!;
}

function fieldsOf({ publicColumns }: Dataset): string[] {
  return publicColumns.map(({ name, field }) => `${name} ${field.type}${field.nullable ? "?" : ""}`);
}

const tumbling = { kind: "tumbling", lengthMs: 60_000 } as const;
const figures: WindowSpec = { kind: "figures", label: "1m", shape: tumbling, measures: ["load", "change"] };
const distinct: WindowSpec = { kind: "distinct", label: "1m", shape: tumbling, of: ["who_hash", "what"] };
const top: WindowSpec = { kind: "top", label: "1m", shape: tumbling, item: "who_hash", count: 5 };
const session = { kind: "session", gapMs: 5000 } as const;

describe("windows", () => {
  test("of figures have a row for each measure, with all figures where none are chosen", () => {
    const dataset = windowed({ ...figures, groupBy: "who_hash" });
    assert.deepEqual(
      [dataset.name, dataset.time, dataset.derived?.from],
      ["test_1m", "window_start", "test"],
    );
    assert.deepEqual(fieldsOf(dataset), [
      "window_start timestamp",
      "window_end timestamp",
      "who_hash u32?",
      "measure category",
      "count u32",
      ...FIGURES.map((figure) => (figure === "trend" ? "trend category?" : `${figure} f64`)),
      "revision u16",
    ]);
    assert.deepEqual(dataset.plan.public("measure").values, ["load", "change"]);
    assert.equal(dataset.plan.rawOnlyColumns.length, 0);
  });

  test("have the figures that are chosen, in that order", () => {
    const dataset = windowed({ ...figures, figures: ["max", "sum"] });
    assert.deepEqual(fieldsOf(dataset).slice(2), [
      "measure category",
      "count u32",
      "max f64",
      "sum f64",
      "revision u16",
    ]);
  });

  test("of sessions may have no values, as they may be withdrawn", () => {
    assert.deepEqual(fieldsOf(windowed({ ...figures, shape: session, figures: ["mean"] })).slice(3), [
      "count u32",
      "mean f64?",
      "revision u16",
    ]);
    assert.equal(fieldsOf(windowed({ ...distinct, shape: session }))[4], "distinct f64?");
    assert.deepEqual(fieldsOf(windowed({ ...top, shape: session })).slice(2), [
      "rank u16",
      "who_hash u32?",
      "weight f64?",
      "error f64?",
      "revision u16",
    ]);
  });

  test("of different and of leading values have columns of their own", () => {
    assert.deepEqual(fieldsOf(windowed({ ...distinct, groupBy: "what" })).slice(2), [
      "what category?",
      "column category",
      "count u32",
      "distinct f64",
      "revision u16",
    ]);
    assert.deepEqual(fieldsOf(windowed({ ...top, weight: "load" })).slice(2), [
      "rank u16",
      "who_hash u32",
      "weight f64",
      "error f64",
      "revision u16",
    ]);
    assert.match(windowed({ ...top, weight: "load" }).columns["weight"]?.meaning ?? "", /^Sum of load/);
  });

  test("may be of several kinds, each a dataset of its own, with what it is in its title", () => {
    const made = windowsOf(
      declare([
        figures,
        { ...distinct, label: "5m", shape: { kind: "hopping", lengthMs: 300_000, everyMs: 60_000 } },
        { ...top, label: "visits", shape: session },
        { ...figures, label: "last", shape: { kind: "sliding", lengthMs: 1500 } },
      ]),
    );
    assert.deepEqual(
      made.map(({ name, title }) => [name, title]),
      [
        ["test_1m", "A test, by the minute"],
        ["test_5m", "A test, different values in windows of 5 min, one every 1 min"],
        ["test_visits", "A test, leading values in sessions that end with 5 s of silence"],
        ["test_last", "A test, over the 1500 ms up to each row"],
      ],
    );
    assert.deepEqual(windowsOf(made[0]!), []);
  });

  test("hide in the anonymous profile what their source hides, and what tells rows of one window apart", () => {
    const of = (by: WindowSpec) =>
      windowed(by).columns as Record<string, { quasi?: boolean; sensitive?: boolean }>;
    assert.equal(of({ ...figures, groupBy: "who_hash" })["who_hash"]?.quasi, true);
    assert.equal(of({ ...figures, groupBy: "what" })["what"]?.sensitive, true);
    assert.equal(of(distinct)["distinct"]?.sensitive, true);
    assert.equal(of(figures)["mean"]?.sensitive, undefined);
    for (const name of ["measure", "revision"]) assert.equal(of(figures)[name]?.quasi, true);
    for (const name of ["column", "revision"]) assert.equal(of(distinct)[name]?.quasi, true);
    for (const name of ["rank", "revision", "who_hash"]) assert.equal(of(top)[name]?.quasi, true);
  });

  test("of the stock datasets keep their columns: what they were compiled with goes on", () => {
    const names = windowsOf(process)[0]?.publicColumns.map(({ name }) => name);
    assert.deepEqual(names, [
      ...["window_start", "window_end", "name_hash", "measure", "count"],
      ...["mean", "stddev", "min", "max", "p50", "p90", "p95", "p99", "revision"],
    ]);
    assert.equal(BY_THE_MINUTE.label, "1m");
  });

  test("call trends what they are called where they are reckoned", () => {
    assert.deepEqual(TRENDS, trend.TRENDS);
  });
});

describe("windows that cannot be", () => {
  const refused: readonly (readonly [what: string, windows: readonly unknown[], message: RegExp])[] = [
    ["two of one label", [figures, distinct], /two of its windows have the label 1m/],
    ["a label with a space", [{ ...figures, label: "1 m" }], /a label is lower-case letters and digits/],
    [
      "too many",
      Array.from({ length: 17 }, (_, i) => ({ ...figures, label: `l${i}` })),
      /it has 17 kinds of windows; 16/,
    ],
    [
      "a shape that cannot be",
      [{ ...figures, shape: { kind: "tumbling", lengthMs: 0 } }],
      /lengthMs: expected whole/,
    ],
    [
      "a kind that there is not",
      [{ ...figures, kind: "sums" }],
      /expected the kind figures, distinct or top; it is sums/,
    ],
    [
      "a raw name for a group",
      [{ ...figures, groupBy: "who" }],
      /they are grouped by who; expected one of the columns/,
    ],
    ["a number for a group", [{ ...figures, groupBy: "load" }], /they are grouped by load/],
    ["a group that may be missing", [{ ...figures, groupBy: "perhaps" }], /they are grouped by perhaps/],
    ["no measures", [{ ...figures, measures: [] }], /measures are 0/],
    ["a measure twice", [{ ...figures, measures: ["load", "load"] }], /measures have load twice/],
    ["a moment for a measure", [{ ...figures, measures: ["at"] }], /they sum up at, which is not a measure/],
    ["a measure that is no number", [{ ...figures, measures: ["flag"] }], /they sum up flag/],
    [
      "a figure that there is not",
      [{ ...figures, figures: ["median"] }],
      /there is no figure median; there are sum, /,
    ],
    ["a figure twice", [{ ...figures, figures: ["sum", "sum"] }], /figures have sum twice/],
    ["different values of raw names", [{ ...distinct, of: ["who"] }], /different values of who/],
    [
      "different values that slide",
      [{ ...distinct, shape: { kind: "sliding", lengthMs: 1 } }],
      /expected no distinct/,
    ],
    ["leading values that slide", [{ ...top, shape: { kind: "sliding", lengthMs: 1 } }], /expected no top/],
    ["leading raw names", [{ ...top, item: "who" }], /they rank who/],
    ["leading numbers", [{ ...top, item: "load" }], /they rank load/],
    [
      "a weight below zero",
      [{ ...top, weight: "change" }],
      /they weigh by change; expected one that is never negative/,
    ],
    ["a weight that is no number", [{ ...top, weight: "what" }], /they weigh by what, which is not/],
    ["no ranks", [{ ...top, count: 0 }], /they have 0 ranks; expected from 1 to 1000/],
    ["too many ranks", [{ ...top, count: 1001 }], /they have 1001 ranks/],
  ];
  for (const [what, windows, message] of refused) {
    test(`are refused with ${what}`, () => {
      assert.throws(
        () => declare(windows as readonly WindowSpec[]),
        (error) => error instanceof DatasetError && message.test(error.message),
      );
    });
  }

  test("are refused when two columns would have one name", () => {
    const by: WindowSpec = { ...top, groupBy: "who_hash" };
    assert.throws(() => windowsOf(declare([by])), /its windows 1m would have two columns who_hash/);
  });
});
