import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Anonymizing } from "../../../../actors/exporter/anonymous/index.ts";
import type { GeneralizationStep } from "../../../../datasets/column.ts";
import type { Row } from "../../../../datasets/row.ts";
import { chooseColumns } from "../../../../datasets/shape.ts";
import { fakePseudonym } from "../../../fixtures/dataset-rows.ts";
import { publicBatch } from "../../../fixtures/public-batches.ts";
import { anonymize, type Exported, HOUR_MS, policies, START_MS, visitRows, visits } from "./visits.ts";

const RUNS = { numRuns: 150, seed: 20260131 };

/** What must be in the file, made of the raw rows with strings and Maps. */
interface Naive {
  readonly kept: boolean;
  readonly steps: Readonly<Record<string, GeneralizationStep>>;
  readonly lines: readonly string[];
  readonly suppressed: number;
}

const STEPS: Readonly<Record<string, readonly GeneralizationStep[]>> = {
  at: ["hour", "day", "removed"],
  town_hash: ["exact", "removed"],
  ward: ["exact"],
  weight: ["3 digits", "2 digits", "1 digit", "removed"],
};

function digits(value: unknown, count: number): string {
  return value === null ? "" : String(Number((value as number).toPrecision(count)) + 0);
}

function quasiText(row: Row, name: string, step: GeneralizationStep): string {
  if (step === "removed") return "removed";
  const moment = new Date(row["at"] as number).toISOString();
  if (step === "hour") return `${moment.slice(0, 13)}:00:00.000Z`;
  if (step === "day") return `${moment.slice(0, 10)}T00:00:00.000Z`;
  if (name === "town_hash") return row["town"] == null ? "" : String(fakePseudonym(row["town"], 64));
  if (name === "ward") return row["ward"] as string;
  // One after the other, as halves may come of the first.
  let value = row["weight"];
  for (const finer of [3, 2, 1]) {
    if (finer < Number.parseInt(step, 10)) break;
    value = value == null ? null : Number(digits(value, finer));
  }
  return value == null ? "" : String(value);
}

function naive(rows: readonly Row[], k: number, maxSuppressed: number): Naive {
  const levels = new Map(Object.keys(STEPS).map((name) => [name, 0]));
  const stepOf = (name: string) => STEPS[name]![levels.get(name)!]!;
  for (;;) {
    const keys = rows.map((row) =>
      [...levels.keys()].map((name) => quasiText(row, name, stepOf(name))).join("|"),
    );
    const sizes = new Map<string, number>();
    for (const key of keys) sizes.set(key, (sizes.get(key) ?? 0) + 1);
    const left = rows.filter((_, index) => sizes.get(keys[index]!)! >= k);
    const suppressed = rows.length - left.length;
    const kept = left.length > 0 && suppressed / rows.length <= maxSuppressed;
    const distinct = (name: string) => new Set(rows.map((row) => quasiText(row, name, stepOf(name)))).size;
    const candidates = [...levels.keys()].filter(
      (name) => levels.get(name)! < STEPS[name]!.length - 1 && distinct(name) > 1,
    );
    if (kept || candidates.length === 0) {
      const steps = Object.fromEntries([...levels.keys()].map((name) => [name, stepOf(name)]));
      return { kept, steps, suppressed, lines: left.map((row) => line(row, stepOf)).sort() };
    }
    const most = Math.max(...candidates.map(distinct));
    const chosen = candidates.find((name) => distinct(name) === most)!;
    levels.set(chosen, levels.get(chosen)! + 1);
  }
}

function line(row: Row, stepOf: (name: string) => GeneralizationStep): string {
  const quasi = (name: string) => (stepOf(name) === "removed" ? [] : [quasiText(row, name, stepOf(name))]);
  const text = (name: string) => (row[name] == null ? "" : String(row[name]));
  return [
    ...["at", "town_hash", "ward", "weight"].flatMap(quasi),
    text("illness"),
    digits(Math.fround(row["cost"] as number), 3),
    digits(row["bill"], 3),
    digits(row["change"], 3),
    text("paid"),
    text("kind"),
  ].join(",");
}

describe("an anonymous export", () => {
  test("is what the policy says of the rows, reckoned again with strings", () => {
    const seen = { kept: 0, refused: 0, generalized: 0, suppressed: 0, removed: 0 };
    fc.assert(
      fc.property(visitRows(120), policies, (rows, policy) => {
        const expected = naive(rows, policy.k, policy.maxSuppressed);
        const result = anonymize(visits, rows, { policy });
        assert.equal(result.ok, expected.kept && rows.length >= policy.k);
        if (!result.ok) {
          seen.refused++;
          assert.equal(result.reason, "below-policy");
          return;
        }
        const { report } = result;
        assert.deepEqual([...result.lines].sort(), expected.lines);
        const steps = Object.fromEntries(
          report.quasiIdentifiers.map((one) => [one.column, one.generalization]),
        );
        assert.deepEqual(steps, expected.steps);
        assert.equal(report.rows.suppressed, expected.suppressed);
        assert.equal(report.rows.exported, result.lines.length);
        assert.equal(report.rows.exported + report.rows.suppressed, rows.length);
        assert.deepEqual([report.rows.considered, report.rows.population], [rows.length, rows.length]);
        seen.kept++;
        if (report.rows.suppressed > 0) seen.suppressed++;
        if (Object.values(steps).some((step) => step === "2 digits" || step === "day")) seen.generalized++;
        if (Object.values(steps).includes("removed")) seen.removed++;
      }),
      RUNS,
    );
    for (const [what, times] of Object.entries(seen)) assert.ok(times > 5, `${what} ${times} times`);
  });

  test("has no row that fewer than k - 1 others are like, and reports the classes it has", () => {
    fc.assert(
      fc.property(visitRows(120), policies, (rows, policy) => {
        const result = anonymize(visits, rows, { policy });
        if (!result.ok) return;
        const { report, shape } = result;
        const isQuasi = new Set(report.quasiIdentifiers.map(({ column }) => column));
        const places = shape.publicColumns.flatMap(({ name }, place) => (isQuasi.has(name) ? [place] : []));
        const sizes = new Map<string, number>();
        const values = new Map(
          report.sensitive.map(({ column }) => [column, new Map<string, Set<string>>()]),
        );
        for (const text of result.lines) {
          const cells = text.split(",");
          const key = places.map((place) => cells[place]).join(",");
          sizes.set(key, (sizes.get(key) ?? 0) + 1);
          for (const [column, byClass] of values) {
            const cell = cells[shape.publicColumns.findIndex(({ name }) => name === column)]!;
            byClass.set(key, (byClass.get(key) ?? new Set()).add(cell));
          }
        }
        for (const { column, l } of report.sensitive) {
          assert.equal(l, Math.min(...[...values.get(column)!.values()].map(({ size }) => size)));
        }
        const classes = [...sizes.values()];
        assert.equal(report.k, Math.min(...classes));
        assert.ok(report.k >= policy.k);
        assert.ok(report.kept);
        assert.equal(report.classes, classes.length);
        assert.equal(report.averageClass, rows.length === 0 ? 0 : result.lines.length / classes.length);
        assert.equal(report.risk.prosecutor.highest, 1 / report.k);
        assert.equal(report.risk.marketer, classes.length / result.lines.length);
      }),
      RUNS,
    );
  });

  test("does not depend on batches, nor on the order of the rows, nor on what fits into memory", () => {
    const workFolder = mkdtempSync(join(tmpdir(), "millrace-anonymous-"));
    try {
      fc.assert(
        fc.property(
          visitRows(150),
          policies,
          fc.integer({ min: 1, max: 40 }),
          fc.gen(),
          (rows, policy, batchRows, gen) => {
            const shuffled = gen(fc.shuffledSubarray, [...rows], { minLength: rows.length });
            const whole = anonymize(visits, rows, { policy });
            assert.deepEqual(anonymize(visits, rows, { policy, batchRows }), whole);
            assert.deepEqual(
              anonymize(visits, shuffled, { policy, batchRows, workFolder, bufferBytes: 1500 }),
              whole,
            );
            assert.deepEqual(readdirSync(workFolder), []);
          },
        ),
        { ...RUNS, numRuns: 60 },
      );
    } finally {
      rmSync(workFolder, { recursive: true });
    }
  });

  test("lets neither other pseudonyms nor other moments leave, and no column that nobody asked for", () => {
    const rows = alike(10);
    const result = exported(rows, { k: 5, maxSuppressed: 0 });
    assert.deepEqual(result.report.removed, ["left", "visitor"]);
    const names = result.shape.publicColumns.map(({ name }) => name);
    assert.deepEqual(names, [
      "at",
      "town_hash",
      "ward",
      "weight",
      "illness",
      "cost",
      "bill",
      "change",
      "paid",
      "kind",
    ]);
    const few = anonymize(chooseColumns(visits, ["cost", "visitor"]), rows, {
      policy: { k: 5, maxSuppressed: 0 },
    });
    assert.ok(few.ok);
    assert.deepEqual(
      few.shape.publicColumns.map(({ name }) => name),
      ["cost"],
    );
    assert.deepEqual(few.report.quasiIdentifiers, []);
    assert.equal(few.report.k, 10);
  });

  test("says that nothing is left of columns that cannot leave", () => {
    const result = anonymize(chooseColumns(visits, ["visitor", "left"]), alike(10), {
      policy: { k: 2, maxSuppressed: 0 },
    });
    assert.ok(!result.ok);
    assert.match(result.message, /visitor and left cannot leave/);
  });

  test("goes up in the quasi-identifier with most values, of several in the first, and no further than it must", () => {
    // Two hours and two towns: a tie.
    const rows = alike(8).map((row, index) => ({
      ...row,
      at: START_MS + (index % 2) * HOUR_MS,
      town: index < 4 ? "here" : "there",
    }));
    const steps = (result: Exported) =>
      result.report.quasiIdentifiers.map(({ generalization }) => generalization);
    assert.deepEqual(steps(exported(rows, { k: 2, maxSuppressed: 0 })), [
      "hour",
      "exact",
      "exact",
      "3 digits",
    ]);
    assert.deepEqual(steps(exported(rows, { k: 4, maxSuppressed: 0 })), [
      "day",
      "exact",
      "exact",
      "3 digits",
    ]);
    assert.deepEqual(steps(exported(rows, { k: 5, maxSuppressed: 0 })), [
      "day",
      "removed",
      "exact",
      "3 digits",
    ]);
  });

  test("takes a missing value for one of its own, and looks at no row that is not wanted", () => {
    const missing = alike(8).map((row, index) => ({ ...row, weight: index < 4 ? 0 : null }));
    assert.equal(
      exported(missing, { k: 5, maxSuppressed: 0 }).report.quasiIdentifiers[3]?.generalization,
      "removed",
    );
    // Two hours and one town are wanted; that there are many towns besides says nothing.
    const rows = alike(16).map((row, index) => ({
      ...row,
      at: START_MS + (index % 2) * HOUR_MS,
      town: index < 8 ? "here" : `${index}`,
    }));
    const isWanted = ({ town }: Row) => town === "here";
    const result = anonymize(visits, rows, { policy: { k: 8, maxSuppressed: 0 }, isWanted });
    assert.ok(result.ok);
    assert.deepEqual(
      result.report.quasiIdentifiers.map(({ generalization }) => generalization),
      ["day", "exact", "exact", "3 digits"],
    );
  });

  test("leaves out as many rows as it may, and none more", () => {
    const rows = [...alike(71), ...alike(29).map((row, index) => ({ ...row, ward: "b", weight: index }))];
    const just = exported(rows, { k: 60, maxSuppressed: 0.29 });
    assert.equal(just.report.rows.suppressed, 29);
    assert.equal(just.report.quasiIdentifiers[3]?.generalization, "3 digits");
    const less = anonymize(visits, rows, { policy: { k: 60, maxSuppressed: 0.28 } });
    assert.ok(!less.ok, "ward cannot be generalized");
    assert.match(
      less.message,
      /29 of 100 rows \(29 %\) would have to be left out, and at most 28 % may; k = 29 can be kept/,
    );
    assert.match(less.message, /with at hour, town_hash exact, ward exact and weight removed, 29 of/);
  });

  test("is refused with fewer rows than k, however many may be left out, and never empty", () => {
    for (const maxSuppressed of [0, 1]) {
      for (const count of [0, 1, 4]) {
        const result = anonymize(visits, alike(count), { policy: { k: 5, maxSuppressed } });
        assert.ok(!result.ok);
        assert.match(result.message, new RegExp(`k = 5 needs at least 5 rows; there are ${count} in`));
      }
    }
    const rows = alike(6).map((row, index) => ({ ...row, weight: index * 1000 }));
    assert.equal(exported(rows, { k: 5, maxSuppressed: 1 }).report.rows.exported, 6);
  });

  test("counts what a filter left out as population", () => {
    const rows = alike(10).map((row, index) => ({ ...row, change: index, ward: index < 8 ? "a" : "b" }));
    const isWanted = (row: Row) => (row["change"] as number) < 5;
    const result = anonymize(visits, rows, { policy: { k: 4, maxSuppressed: 0 }, isWanted });
    assert.ok(result.ok);
    const { report } = result;
    assert.deepEqual(report.rows, { population: 10, considered: 5, exported: 5, suppressed: 0 });
    assert.equal(report.risk.prosecutor.highest, 1 / 5);
    assert.equal(report.risk.journalist.highest, 1 / 8);
    assert.equal(report.k, 5);
  });

  test("coarsens at once when there are more classes than it can count", () => {
    const rows = alike(400).map((row, index) => ({ ...row, weight: (index % 100) + 100 }));
    const policy = { k: 2, maxSuppressed: 0 };
    assert.equal(exported(rows, policy).report.quasiIdentifiers[3]?.generalization, "3 digits");
    const bounded = anonymize(visits, rows, { policy, maxClasses: 50 });
    assert.ok(bounded.ok);
    assert.equal(bounded.report.quasiIdentifiers[3]?.generalization, "2 digits");
    assert.equal(bounded.report.rows.exported, 400);
    assert.equal(bounded.report.k, 20);
    const costs = alike(400).map((row, index) => ({ ...row, cost: index % 25, town: `${index % 4}` }));
    const pairs = (maxClasses: number) => {
      const result = anonymize(visits, costs, { policy, maxClasses });
      return result.ok ? result.report.quasiIdentifiers[1]?.generalization : result.message;
    };
    assert.deepEqual([pairs(50), pairs(49)], ["exact", "removed"]);
    const wards = alike(4).map((row, index) => ({ ...row, ward: index < 2 ? "a" : "b" }));
    const none = anonymize(visits, wards, { policy, maxClasses: 1 });
    assert.ok(!none.ok);
    assert.match(none.message, /more kinds than can be counted, and ward cannot be generalized/);
  });

  test("notices when the second pass is given other rows", () => {
    const batch = publicBatch(visits, alike(10));
    const start = () => {
      const counting = new Anonymizing(visits, {
        policy: { k: 5, maxSuppressed: 0 },
        fromMs: 0,
        toMs: 1,
        workFolder: "",
      });
      counting.observe(batch, { from: 0, to: 10 });
      const anonymous = counting.decide();
      assert.ok(anonymous.ok);
      return anonymous;
    };
    const fewer = start();
    fewer.add(batch, { from: 0, to: 9 });
    assert.throws(() => fewer.rows().next(), /expected the 10 rows that were counted; came 9/);
    const started = start();
    const other = publicBatch(visits, [{ ...alike(1)[0]!, ward: "c" }]);
    assert.throws(() => started.add(other, { from: 0, to: 1 }), /not counted/);
  });

  test("takes no policy that is none", () => {
    for (const policy of [
      { k: 1, maxSuppressed: 0 },
      { k: 2.5, maxSuppressed: 0 },
      { k: 2, maxSuppressed: 1.1 },
      { k: 2, maxSuppressed: Number.NaN },
    ]) {
      assert.throws(
        () => new Anonymizing(visits, { policy, fromMs: 0, toMs: 1, workFolder: "" }),
        RangeError,
      );
    }
  });

  test("says in its shape and its report what was done", () => {
    const result = exported(alike(10), { k: 5, maxSuppressed: 0.1 });
    assert.match(result.shape.publicColumns[0]!.spec.meaning, /^When\. Taken down to the hour, in UTC\.$/);
    assert.match(result.shape.publicColumns[5]!.spec.meaning, /three significant digits/);
    assert.equal(result.shape.time, "at");
    assert.deepEqual(result.report.rounded, { columns: ["cost", "bill", "change"], digits: 3 });
    assert.deepEqual([result.report.from, result.report.to], [null, null]);
    assert.deepEqual(
      result.report.sensitive.map(({ column, distance }) => [column, distance]),
      [
        ["illness", "equal"],
        ["cost", "ordered"],
      ],
    );
    const ranged = anonymize(visits, alike(10), {
      policy: { k: 5, maxSuppressed: 0 },
      fromMs: START_MS,
      toMs: START_MS + HOUR_MS,
    });
    assert.ok(ranged.ok);
    assert.deepEqual(
      [ranged.report.from, ranged.report.to],
      ["2026-01-31T22:00:00.000Z", "2026-01-31T23:00:00.000Z"],
    );
  });
});

function alike(count: number): Row[] {
  return Array.from({ length: count }, (_, index) => ({
    at: START_MS + index,
    left: START_MS + index,
    visitor: index,
    town: "here",
    ward: "a",
    weight: 71.23,
    illness: "flu",
    cost: 12.345,
    bill: 123_456,
    change: -12_345,
    paid: true,
    kind: "x",
  }));
}

function exported(rows: readonly Row[], policy: { k: number; maxSuppressed: number }): Exported {
  const result = anonymize(visits, rows, { policy });
  assert.ok(result.ok, result.ok ? "" : result.message);
  return result;
}
