import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ColumnSpec } from "../../datasets/column.ts";
import { DatasetError, type DatasetSpec, defineDataset } from "../../datasets/define.ts";
import { process } from "../../datasets/process.ts";
import { windowsOf } from "../../datasets/windows.ts";

const at = { class: "moment", type: "timestamp", meaning: "When." } as const;
const measure = { class: "measure", type: "f64", unit: "1", meaning: "A figure." } as const;
const identifier = { class: "identifier", type: "utf8", kind: "user", meaning: "Who." } as const;
const category = { class: "category", type: "category", values: ["a"], meaning: "A kind." } as const;

/** A declaration that no compiler has seen. */
function declare(columns: Record<string, unknown>) {
  const facts = { name: "test", title: "A test", time: "at", batchRows: 8, slots: 4 };
  const spec = { ...facts, columns: { at, ...columns } } as unknown;
  return defineDataset(spec as DatasetSpec<Record<string, ColumnSpec>>);
}

describe("a declaration's part in the anonymous profile", () => {
  const refused: readonly (readonly [what: string, Record<string, unknown>, RegExp])[] = [
    [
      "a column that is both",
      { x: { ...category, quasi: true, sensitive: true } },
      /x is both a quasi-ident/,
    ],
    ["an event time that is sensitive", { at: { ...at, sensitive: true } }, /column at is both/],
    [
      "an event time that is no quasi-identifier",
      { at: { ...at, quasi: false } },
      /the event time always is one/,
    ],
    [
      "a sensitive pseudonym",
      { x: { ...identifier, sensitive: true } },
      /x is sensitive and has class identifier/,
    ],
    [
      "a sensitive moment",
      { x: { ...at, sensitive: true } },
      /x is sensitive and has class moment; only a measure, a/,
    ],
    [
      "steps of what is no quasi-identifier",
      { x: { ...measure, steps: ["1 digit"] } },
      /x has steps of gener/,
    ],
    [
      "no steps at all",
      { x: { ...measure, quasi: true, steps: [] } },
      /has the steps ; expected some of 3 digits/,
    ],
    [
      "steps in the wrong order",
      { x: { ...measure, quasi: true, steps: ["1 digit", "2 digits"] } },
      /has the steps 1 digit, 2 digits; expected some of 3 digits, 2 digits, 1 digit, removed, in that order/,
    ],
    [
      "a step twice",
      { x: { ...category, quasi: true, steps: ["exact", "exact"] } },
      /expected some of exact, r/,
    ],
    [
      "a step of another class",
      { x: { ...category, quasi: true, steps: ["hour"] } },
      /expected some of exact, r/,
    ],
    [
      "a moment that leaves exactly",
      { at: { ...at, steps: ["exact", "hour"] } },
      /expected some of hour, day, r/,
    ],
    [
      "a measure that leaves exactly",
      { x: { ...measure, quasi: true, steps: ["exact"] } },
      /some of 3 digits/,
    ],
  ];
  for (const [what, columns, message] of refused) {
    test(`is refused with ${what}`, () => {
      assert.throws(
        () => declare(columns),
        (error) => error instanceof DatasetError && message.test(error.message),
      );
    });
  }

  test("is taken when nothing is wrong", () => {
    declare({ at: { ...at, quasi: true, steps: ["day"] } });
    declare({ x: { ...measure, sensitive: true }, y: { ...category, sensitive: true, quasi: false } });
    declare({
      x: { ...identifier, quasi: true, steps: ["exact"] },
      y: { ...at, quasi: true, steps: ["hour", "removed"] },
    });
  });

  test("goes on to the windows, whose group is what its source column is", () => {
    assert.equal(windowsOf(process)[0]?.columns["name_hash"]?.quasi, true);
    const { name, ...columns } = process.columns;
    const plain = { ...process, columns: { ...columns, name: { ...name, quasi: false } } };
    assert.equal(windowsOf(plain)[0]?.columns["name_hash"]?.quasi, false);
    const steps = { ...process, columns: { ...columns, name: { ...name, steps: ["exact"] as const } } };
    assert.deepEqual(windowsOf(steps)[0]?.columns["name_hash"]?.steps, ["exact"]);
  });
});
