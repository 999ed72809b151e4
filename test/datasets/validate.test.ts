import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { boundsOf, type ColumnSpec, fullBoundsOf, isTextualCategory } from "../../datasets/column.ts";
import { type Dataset, maxTextBytes } from "../../datasets/define.ts";
import { process } from "../../datasets/process.ts";
import { REJECTION_REASONS, type RejectionReason } from "../../datasets/rejection.ts";
import type { RowValue } from "../../datasets/row.ts";
import { createRowValidator } from "../../datasets/validate.ts";
import { everything, plainRow, rowOf, testedDatasets } from "../fixtures/dataset-rows.ts";

const SEED = 20_260_103;

/** What the validator makes of an otherwise plain row with `value` in `column`: the stored value, or the reason. */
function verdictOf(dataset: Dataset, column: string, value: unknown): { is: RowValue } | RejectionReason {
  const verdict = createRowValidator(dataset)({ ...plainRow(dataset), [column]: value }, 3);
  if (verdict.ok) return { is: verdict.row[column] as RowValue };
  assert.deepEqual([verdict.rejection.row, verdict.rejection.column], [3, column]);
  return verdict.rejection.reason;
}

function rejectionOf(dataset: Dataset, value: unknown) {
  const verdict = createRowValidator(dataset)(value, 8);
  assert.ok(!verdict.ok, "the row is refused");
  return verdict.rejection;
}

/** The next double in the given direction. */
function beside(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * Number.MIN_VALUE;
  const bits = new BigInt64Array(1);
  const double = new Float64Array(bits.buffer);
  double[0] = value;
  bits[0] = (bits[0] ?? 0n) + BigInt(Math.sign(value) * direction);
  return double[0];
}

function numbersOutside(spec: ColumnSpec): unknown[] {
  const [min, max] = boundsOf(spec);
  if (spec.type === "f64" || spec.type === "f32") {
    return [beside(min, -1), beside(max, 1), Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  }
  if (spec.type === "u64" || spec.type === "i64") {
    const [low, high] = fullBoundsOf(spec, spec.type);
    const big = [low - 1n, high + 1n, 10n ** 30n, -(10n ** 30n)];
    return [...big, ...big.map(String), min - 1, 2 ** 64, Number.POSITIVE_INFINITY];
  }
  return [min - 1, max + 1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
}

describe("the validator", () => {
  test("takes every bound itself and refuses what lies just outside, in every column of every dataset", () => {
    let checked = 0;
    for (const dataset of testedDatasets) {
      for (const [name, spec] of Object.entries(dataset.columns)) {
        if (["bool", "category", "utf8"].includes(spec.type)) continue;
        for (const bound of boundsOf(spec)) {
          assert.deepEqual(
            verdictOf(dataset, name, bound),
            { is: bound },
            `${dataset.name}.${name} at ${bound}`,
          );
          checked++;
        }
        for (const value of numbersOutside(spec)) {
          assert.equal(verdictOf(dataset, name, value), "bound", `${dataset.name}.${name} at ${value}`);
        }
      }
    }
    assert.ok(checked > 50);
  });

  test("takes text up to its bytes of UTF-8, whatever the characters", () => {
    for (const dataset of testedDatasets) {
      for (const [name, spec] of Object.entries(dataset.columns)) {
        if (spec.type !== "utf8" || spec.maxCharacters !== undefined) continue;
        const bytes = maxTextBytes(spec);
        assert.equal(bytes % 4, 0);
        for (const [character, width] of [
          ["a", 1],
          ["é", 2],
          ["😀", 4],
        ] as const) {
          const longest = character.repeat(bytes / width);
          assert.deepEqual(verdictOf(dataset, name, longest), { is: longest });
          assert.equal(verdictOf(dataset, name, `${longest}a`), "length");
        }
        assert.deepEqual(verdictOf(dataset, name, ""), { is: "" });
      }
    }
  });

  test("takes every category and no other, nor one of another case", () => {
    for (const dataset of testedDatasets) {
      for (const [name, spec] of Object.entries(dataset.columns)) {
        if (spec.class !== "category" || spec.otherwise !== undefined) continue;
        for (const value of spec.values) assert.deepEqual(verdictOf(dataset, name, value), { is: value });
        const first = spec.values[0] ?? "";
        const otherCase = first === first.toUpperCase() ? first.toLowerCase() : first.toUpperCase();
        for (const other of [`${first} `, otherCase, "toString", "__proto__"]) {
          assert.equal(verdictOf(dataset, name, other), "category");
        }
        assert.equal(verdictOf(dataset, name, 0), "type");
      }
    }
  });

  test("refuses what is of another type", () => {
    const wrong: Readonly<Record<string, readonly unknown[]>> = {
      number: ["1", true, {}, [1], Number.NaN, 1n],
      whole: ["1", 1.5, true, {}, [], Number.NaN, 1n],
      whole64: ["1.5", " 1", "+1", "01", "-0", "1e3", "0x1", "", 1.5, Number.NaN, true, {}],
      bool: ["true", 0, 1, {}],
      category: [1, true, {}],
      text: [1, true, {}, ["a"]],
      moment: ["2026-01-01", "yesterday", "", 1.5, Number.NaN, true, {}, 1n, new Date(0)],
    };
    const kind: Readonly<Record<ColumnSpec["type"], string>> = {
      f64: "number",
      f32: "number",
      u8: "whole",
      u16: "whole",
      u32: "whole",
      i32: "whole",
      u64: "whole64",
      i64: "whole64",
      bool: "bool",
      category: "category",
      utf8: "text",
      timestamp: "moment",
    };
    for (const dataset of testedDatasets) {
      for (const [name, spec] of Object.entries(dataset.columns)) {
        for (const value of wrong[kind[spec.type]] ?? []) {
          assert.equal(verdictOf(dataset, name, value), "type", `${dataset.name}.${name}: ${String(value)}`);
        }
      }
    }
  });

  test("takes 64-bit numbers as number, text or bigint, each the same", () => {
    for (const value of [10, 4_294_967_296, 5_000_000_000]) {
      for (const form of [value, String(value), BigInt(value)]) {
        assert.deepEqual(verdictOf(everything, "u64_in", form), { is: value });
        assert.deepEqual(verdictOf(everything, "id64", form), { is: value });
      }
    }
    assert.deepEqual(verdictOf(everything, "i64", "-9007199254740991"), { is: -9007199254740991 });
    assert.equal(verdictOf(everything, "i64", "-9007199254740992"), "bound");
    assert.equal(
      verdictOf(everything, "u64", "9007199254740992"),
      "bound",
      "measures stay exact in a double",
    );
    assert.deepEqual(verdictOf(everything, "id64", "18446744073709551615"), { is: 2n ** 64n - 1n });
    assert.equal(
      verdictOf(everything, "id64", 2 ** 53),
      "bound",
      "as a number it may have been rounded already",
    );
    assert.equal(verdictOf(everything, "id64_in", "1001"), "bound");
    assert.ok(Object.is((verdictOf(everything, "i64", -0) as { is: RowValue }).is, 0));
    assert.ok(Object.is((verdictOf(everything, "i32", -0) as { is: RowValue }).is, 0));
    assert.ok(Object.is((verdictOf(everything, "f64", -0) as { is: RowValue }).is, -0));
  });

  test("makes what is missing null where that is allowed, and refuses it where not", () => {
    for (const dataset of testedDatasets) {
      for (const name of Object.keys(dataset.columns)) {
        const { [name]: _, ...without } = plainRow(dataset);
        for (const row of [without, { ...without, [name]: null }, { ...without, [name]: undefined }]) {
          const verdict = createRowValidator(dataset)(row, 0);
          if (dataset.optional.has(name)) {
            assert.ok(verdict.ok && verdict.row[name] === null);
            assert.deepEqual(Object.keys(verdict.row), Object.keys(dataset.columns));
          } else {
            assert.ok(!verdict.ok);
            const { reason, column, got } = verdict.rejection;
            assert.deepEqual([reason, column], ["missing", name]);
            assert.equal(got, name in row && row[name] === null ? "null" : "nothing");
          }
        }
      }
    }
  });

  test("does not take from the prototype, nor leave a value of the row before", () => {
    const validate = createRowValidator(process);
    assert.ok(validate(plainRow(process), 0).ok);
    assert.ok(!validate(Object.create(plainRow(process)), 1).ok);
    const { cpu_percent: _, ...without } = plainRow(process);
    const verdict = validate(without, 2);
    assert.ok(verdict.ok && verdict.row["cpu_percent"] === null);
  });

  test("refuses columns that are not declared, and public names of raw columns with them", () => {
    const row = plainRow(process);
    assert.equal(rejectionOf(process, { ...row, name_hash: 1 }).reason, "unknown-column");
    assert.equal(rejectionOf(process, { ...row, name_hash: 1 }).column, "name_hash");
    assert.equal(rejectionOf(process, JSON.parse('{"__proto__": 1}')).reason, "unknown-column");
    const odd = rejectionOf(process, { ...row, "a\nforged log line": 1 });
    assert.deepEqual([odd.column, odd.reason], [null, "unknown-column"]);
    assert.ok(!JSON.stringify(odd).includes("forged"));
  });

  test("refuses what is no object", () => {
    for (const value of [null, undefined, 1, "secret", true, [plainRow(process)], () => 1]) {
      const { reason, column, row, got } = rejectionOf(process, value);
      assert.deepEqual([reason, column, row], ["not-an-object", null, 8]);
      assert.ok(!got.includes("secret"));
    }
  });

  test("takes what it made, unchanged", () => {
    for (const dataset of testedDatasets) {
      const validate = createRowValidator(dataset);
      fc.assert(
        fc.property(rowOf(dataset), (row) => {
          assert.deepEqual(validate(row, 0), { ok: true, row });
        }),
        { seed: SEED, numRuns: 60 },
      );
    }
  });

  test("tells no text that came and nothing of an identifier, wherever it stood", () => {
    const canary = "canary-7431";
    const number = 98_765_432_198_765;
    for (const dataset of testedDatasets) {
      for (const [name, spec] of Object.entries(dataset.columns)) {
        const plain = plainRow(dataset);
        const values: unknown[] = [canary, canary.repeat(100), [canary], { canary }];
        if (spec.class === "identifier") {
          values.push(
            number + 0.5,
            -number,
            BigInt(number) * 10n ** 9n,
            `-${number}`,
            `${number}`.repeat(30),
          );
        }
        for (const value of values) {
          const verdict = createRowValidator(dataset)({ ...plain, [name]: value }, 0);
          if (verdict.ok) {
            assert.ok(spec.type === "utf8" || isTextualCategory(spec));
            if (spec.type === "category") assert.ok(spec.values.includes(verdict.row[name] as string));
            continue;
          }
          assert.ok(REJECTION_REASONS.includes(verdict.rejection.reason));
          const told = JSON.stringify(verdict.rejection);
          assert.ok(!told.includes("canary") && !told.includes("98765432"), told);
        }
      }
      assert.ok(!JSON.stringify(rejectionOf(dataset, { more: canary })).includes(canary));
    }
  });

  test("says what was expected and what came", () => {
    assert.deepEqual(rejectionOf(process, { ...plainRow(process), working_set_mb: -1 }), {
      row: 8,
      column: "working_set_mb",
      reason: "bound",
      expected: "a number of at least 0",
      got: "-1",
    });
    assert.deepEqual(rejectionOf(process, { ...plainRow(process), name: "x".repeat(257) }), {
      row: 8,
      column: "name",
      reason: "length",
      expected: "text of at most 256 bytes of UTF-8",
      got: "text of 257 bytes",
    });
    assert.equal(
      rejectionOf(everything, { ...plainRow(everything), f64_in: 1 }).expected,
      "a number from -0.5 to 0.5",
    );
    assert.equal(
      rejectionOf(everything, { ...plainRow(everything), f32_in: 1 }).expected,
      "a number of at most 0.123456789",
    );
    assert.equal(
      rejectionOf(everything, { ...plainRow(everything), f64: "" }).expected,
      "a number that is finite",
    );
  });
});
