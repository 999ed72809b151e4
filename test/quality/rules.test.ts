/** Findings at the edges of their thresholds: a value on the bound passes, the next one beyond does not. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Dataset } from "../../datasets/define.ts";
import { type ColumnQuality, type Finding, type QualityRules, USUAL_QUALITY } from "../../quality/report.ts";
import { FEW_VALUES, findingsOf, isPassed } from "../../quality/rules.ts";
import { choices } from "../fixtures/choices.ts";

const COLUMN: ColumnQuality = {
  name: "size",
  missing: 0,
  distinct: 9,
  isConstant: false,
  duplicateOf: null,
  drift: null,
};
const FIGURES = { values: 1000, mean: 0, min: 0, q1: 0, median: 0, q3: 0, max: 0, outliers: 0 };

function found(
  facts: Partial<Parameters<typeof findingsOf>[0]>,
  rules: Partial<QualityRules> = {},
  dataset: Dataset = choices,
): readonly Finding[] {
  return findingsOf(
    { rows: 1000, label: null, columns: [], earlierRows: null, isMissingAsked: false, ...facts },
    { ...USUAL_QUALITY, ...rules },
    dataset,
  );
}

const kinds = (findings: readonly Finding[]) =>
  findings.map(({ kind, severity, column }) => [kind, severity, column].join(" ").trim());
const column = (more: Partial<ColumnQuality>) => ({ columns: [{ ...COLUMN, ...more }] });
const labelled = (...rows: readonly number[]) => {
  const all = rows.reduce((sum, count) => sum + count, 0);
  const classes = rows.map((count, index) => {
    return { value: `c${index}`, rows: count, share: all === 0 ? 0 : count / all };
  });
  return { label: { column: "best", classes } };
};

describe("a finding", () => {
  test("of too few rows fails, below the bound only, and then nothing is said of columns", () => {
    assert.deepEqual(kinds(found({ rows: 10 }, { minRows: 10 })), []);
    assert.deepEqual(kinds(found({ rows: 9 }, { minRows: 10 })), ["too-few-rows failed"]);
    assert.match(found({ rows: 9 }, { minRows: 10 })[0]!.message, /^expected at least 10 rows; came 9$/);
    const none = found({ rows: 0, ...labelled(0, 0), ...column({ isConstant: true }) });
    assert.deepEqual(kinds(none), ["too-few-rows failed"]);
    assert.deepEqual(kinds(found({ rows: 0 }, { minRows: 0 })), []);
  });

  test("of nothing to compare with is a warning", () => {
    assert.deepEqual(kinds(found({ earlierRows: 0 })), ["drift warned"]);
    assert.deepEqual(kinds(found({ earlierRows: 1 })), []);
    assert.deepEqual(kinds(found({ rows: 0, earlierRows: 0 }, { minRows: 0 })), []);
  });

  test("of missing values fails above the bound", () => {
    assert.deepEqual(kinds(found(column({ missing: 50 }))), []);
    const [finding, ...others] = found(column({ name: "level", missing: 51 }));
    assert.deepEqual(others, []);
    assert.deepEqual(kinds([finding!]), ["missing failed level"]);
    assert.match(finding!.message, /at most 5 % of the values to be missing; 5\.1 % are \(51 of 1000\)$/);
  });

  test("of missing values only warns of a nullable column of a dataset without an export, with their share", () => {
    const [finding, ...others] = found(column({ missing: 510 }));
    assert.deepEqual(others, []);
    assert.deepEqual(kinds([finding!]), ["missing warned size"]);
    assert.match(finding!.message, /; 51 % are \(510 of 1000\), which its dataset allows$/);
    assert.deepEqual(kinds(found(column({ name: "best", missing: 999 }))), ["missing failed best"]);
  });

  test("of missing values fails of a nullable label, and of any column when the bound was asked for", () => {
    const nullable = { ...choices, label: "chosen" };
    assert.deepEqual(kinds(found(column({ name: "chosen", missing: 51 }), {}, nullable)), [
      "missing failed chosen",
    ]);
    const asked = (missing: number) => kinds(found({ ...column({ missing }), isMissingAsked: true }));
    assert.deepEqual(asked(50), []);
    assert.deepEqual(asked(51), ["missing failed size"]);
  });

  test("of missing values only warns of a column that no named export has and that is no label", () => {
    const exports = {
      training: {
        title: "t",
        columns: ["size"],
        where: "",
        days: 1,
        newest: 1,
        format: "csv",
      } as const,
    };
    const dataset: Dataset = { ...choices, exports };
    const severity = (name: string) => kinds(found(column({ name, missing: 999 }), {}, dataset))[0];
    assert.equal(severity("size"), "missing failed size");
    assert.equal(severity("best"), "missing failed best");
    assert.equal(severity("chosen"), "missing warned chosen");
    // Who asks with a bound of his own asks it of the training set.
    const asked = (name: string) =>
      kinds(found({ ...column({ name, missing: 999 }), isMissingAsked: true }, {}, dataset))[0];
    assert.equal(asked("size"), "missing failed size");
    assert.equal(asked("chosen"), "missing warned chosen");
  });

  test("of class balance fails beyond either bound, and where no row has a label", () => {
    assert.deepEqual(kinds(found(labelled(300, 700))), []);
    assert.deepEqual(kinds(found(labelled(299, 701))), ["class-balance failed best"]);
    assert.match(
      found(labelled(299, 701))[0]!.message,
      /30 % to 70 % of the rows that have a label; c0 has 29\.9 %, c1 has 70\.1 %$/,
    );
    assert.deepEqual(kinds(found(labelled(0, 0))), ["class-balance failed best"]);
    assert.match(found(labelled(500, 500, 0))[0]!.message, /; c2 has 0 %$/);
    assert.deepEqual(kinds(found(labelled(500, 500, 0), { minClass: 0 })), []);
    assert.deepEqual(kinds(found(labelled(1000), { maxClass: 1 })), []);
  });

  test("of drift fails above either bound, and warns where there are few values on a side", () => {
    const drift = (psi: number, ks: number | null, values = FEW_VALUES, earlier = FEW_VALUES) =>
      kinds(found(column({ drift: { psi, ks, values, earlier } })));
    assert.deepEqual(drift(0.2, 0.1), []);
    assert.deepEqual(drift(0.2001, 0.1), ["drift failed size"]);
    assert.deepEqual(drift(0.2, 0.1001), ["drift failed size"]);
    assert.deepEqual(drift(0.2001, null), ["drift failed size"]);
    assert.deepEqual(drift(9, 1, FEW_VALUES - 1), ["drift warned size"]);
    assert.deepEqual(drift(9, 1, FEW_VALUES, FEW_VALUES - 1), ["drift warned size"]);
  });

  test("of outliers, a constant or a duplicate warns", () => {
    const outliers = (count: number) => kinds(found(column({ figures: { ...FIGURES, outliers: count } })));
    assert.deepEqual(outliers(100), []);
    assert.deepEqual(outliers(101), ["outliers warned size"]);
    assert.deepEqual(kinds(found(column({ isConstant: true }))), ["constant warned size"]);
    assert.deepEqual(kinds(found(column({ duplicateOf: "copy" }))), ["duplicate warned size"]);
    assert.deepEqual(kinds(found(column({ duplicateOf: "copy", isConstant: true }))), [
      "constant warned size",
    ]);
  });
});

test("what has only warnings passes, what has a failure does not", () => {
  const warned: Finding = { kind: "constant", severity: "warned", column: "size", message: "" };
  assert.ok(isPassed([]));
  assert.ok(isPassed([warned]));
  assert.ok(!isPassed([warned, { ...warned, severity: "failed" }]));
});
