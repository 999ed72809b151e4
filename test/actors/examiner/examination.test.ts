/**
 * Examinations of what is stored, against plain counts over the very rows. What would fail here: rows of log or lake that are left out or
 * counted twice, columns of one reading that are of other rows than those of the next, a bound of the span on the wrong side.
 */

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { checkExamine, type ExaminePlan } from "../../../actors/examiner/check-wish.ts";
import { type ExaminationLimits, examineSteps } from "../../../actors/examiner/examination.ts";
import type { ExamineWish } from "../../../actors/examiner/protocol.ts";
import type { TakeSnapshot } from "../../../actors/store/snapshot.ts";
import { storeSnapshots } from "../../../actors/store/store-snapshots.ts";
import type { Dataset } from "../../../datasets/define.ts";
import { datasets } from "../../../datasets/index.ts";
import { optimization } from "../../../datasets/optimization.ts";
import { process } from "../../../datasets/process.ts";
import { ksDistance, psiOfNumbers } from "../../../quality/drift.ts";
import { type QualityReport, USUAL_QUALITY } from "../../../quality/report.ts";
import { CHOICE, type Choice, choiceBatch, choices } from "../../fixtures/choices.ts";
import { plainColumns, plainQuantile } from "../../quality/reference.ts";
import type { PlainRow } from "../store/log/rows.ts";
import { START_MS } from "../store/log/temp-log.ts";
import { TempStore } from "../store/temp-store.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const EVER = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

const store = new TempStore(datasets, 7, { segmentBytes: 100_000 });
after(() => store.remove());

/** Ten hours, a row a minute and more, in no order within a batch; of the first four in the lake, and some of later ones. */
for (let hour = 0; hour < 10; hour++) {
  for (const dataset of [process, optimization]) {
    const rows = dataset === process ? 240 : 60;
    store.append(
      dataset,
      Array.from({ length: rows }, (_, row) => START_MS + hour * HOUR + ((row * 7) % rows) * (HOUR / rows)),
    );
  }
}
store.compact(process, { before: 100, hourMs: START_MS + 4 * HOUR, hourBefore: 2400 });
store.compact(optimization, { before: 0, hourMs: START_MS + 6 * HOUR, hourBefore: 600 });

const take = storeSnapshots(store.source, (dataset) => ({
  endSequence: store.rows.get(dataset)!.length,
  storedRows: 0,
}));

function planOf(wish: ExamineWish, of: readonly Dataset[] = datasets): ExaminePlan {
  const plan = checkExamine(wish, of, USUAL_QUALITY);
  assert.ok(plan.ok, JSON.stringify(plan));
  return plan;
}

function examine(plan: ExaminePlan, limits?: ExaminationLimits, from: TakeSnapshot = take): QualityReport {
  const steps = examineSteps(plan, from, limits);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function assertLike(report: QualityReport, dataset: Dataset, rows: readonly PlainRow[]): void {
  assert.equal(report.rows, rows.length);
  const expected = plainColumns(dataset, rows, report.everyNth);
  assert.deepEqual(
    report.columns.map(({ name }) => name),
    expected.map(({ name }) => name),
  );
  for (const [index, column] of report.columns.entries()) {
    const { name, missing, distinct, numbers, values } = expected[index]!;
    assert.deepEqual([column.missing, column.distinct], [missing, distinct], name);
    assert.deepEqual(column.values, values, name);
    if (numbers === undefined || numbers.length === 0) {
      assert.equal(column.figures, undefined, name);
      continue;
    }
    const { figures } = column;
    assert.equal(figures?.values, numbers.length, name);
    for (const [figure, share] of [
      ["min", 0],
      ["q1", 0.25],
      ["median", 0.5],
      ["q3", 0.75],
      ["max", 1],
    ] as const) {
      const plain = plainQuantile(numbers, share);
      assert.ok(Math.abs(figures![figure] - plain) <= Math.abs(plain) * 1e-12, `${figure} of ${name}`);
    }
  }
}

describe("an examination", () => {
  test("is of all rows of log and lake within the span, each once", () => {
    for (const dataset of [process, optimization]) {
      for (const span of [
        EVER,
        { fromMs: START_MS + 90 * MINUTE, toMs: START_MS + 5 * HOUR },
        { fromMs: START_MS + 8 * HOUR, toMs: START_MS + 9 * HOUR },
      ]) {
        const report = examine(planOf({ dataset: dataset.name, ...span }));
        assertLike(report, dataset, store.expect(dataset, span));
        assert.equal(report.everyNth, 1);
        assert.equal(report.fromMs, Number.isFinite(span.fromMs) ? span.fromMs : null);
      }
    }
  });

  test("says the same however few columns are read at once", () => {
    const plan = planOf({
      dataset: "process",
      fromMs: START_MS + 5 * HOUR,
      toMs: START_MS + 10 * HOUR,
      against: { fromMs: START_MS, toMs: START_MS + 5 * HOUR },
    });
    assert.deepEqual(examine(plan, { sampleBytes: 1 }), examine(plan));
  });

  test("makes figures of every n-th row when there are more than fit, and all else of all rows", () => {
    const report = examine(planOf({ dataset: "process", ...EVER }), { maxExamined: 256 });
    assert.equal(report.everyNth, 16);
    assertLike(report, process, store.expect(process));
  });

  test("compares with an earlier span, measures and categories alone", () => {
    const [now, then] = [
      { fromMs: START_MS + 5 * HOUR, toMs: START_MS + 10 * HOUR },
      { fromMs: START_MS, toMs: START_MS + 5 * HOUR },
    ];
    const report = examine(planOf({ dataset: "optimization", ...now, against: then }));
    assert.deepEqual(report.against, { ...then, rows: store.expect(optimization, then).length });
    assertLike(report, optimization, store.expect(optimization, now));
    const numbersOf = (span: typeof now, name: string) =>
      Float64Array.from(
        plainColumns(optimization, store.expect(optimization, span)).find((one) => one.name === name)!
          .numbers!,
      );
    let compared = 0;
    for (const { name, drift, figures, values } of report.columns) {
      if (figures === undefined && values === undefined) {
        assert.equal(drift, null, name);
        continue;
      }
      compared++;
      if (values !== undefined) {
        assert.equal(drift?.ks, null, name);
        continue;
      }
      const [one, other] = [numbersOf(now, name), numbersOf(then, name)];
      assert.equal(drift?.psi, psiOfNumbers(one, other), name);
      assert.equal(drift?.ks, ksDistance(one, other), name);
      assert.deepEqual([drift?.values, drift?.earlier], [one.length, other.length]);
    }
    assert.ok(compared > 3);
  });

  test("of a span without rows says that, and nothing else", () => {
    const report = examine(planOf({ dataset: "process", fromMs: 0, toMs: 1 }));
    assert.deepEqual([report.rows, report.passed], [0, false]);
    assert.deepEqual(
      report.findings.map(({ kind }) => kind),
      ["too-few-rows"],
    );
    const against = examine(planOf({ dataset: "process", ...EVER, against: { fromMs: 0, toMs: 1 } }));
    assert.equal(against.against?.rows, 0);
    assert.ok(against.columns.every(({ drift }) => drift === null));
  });

  test("gives back what it reads when it is ended early", () => {
    const steps = examineSteps(planOf({ dataset: "process", ...EVER }), take);
    for (let step = 0; step < 3; step++) assert.equal(steps.next().done, false);
    steps.return(undefined as never);
    assert.equal(steps.next().done, true);
  });
});

describe("of a dataset with a label", () => {
  const takeOf =
    (rows: readonly Choice[]): TakeSnapshot =>
    () => ({
      mostRows: rows.length,
      *parts() {
        for (let at = 0; at < rows.length; at += 7) {
          const some = rows.slice(at, at + 7);
          yield { kind: "rows", batch: choiceBatch(some, at), runs: [{ from: 0, to: some.length }] };
        }
      },
    });
  const told = (rows: readonly Choice[]) =>
    examine(planOf({ dataset: "choices", ...EVER }, [choices]), {}, takeOf(rows));
  const rows = (count: number, change: (row: number) => Partial<Choice>) =>
    Array.from({ length: count }, (_, row): Choice => ({ ...CHOICE, at: CHOICE.at + row, ...change(row) }));

  test("its classes are told, those without a row too", () => {
    const report = told(rows(10, (row) => ({ best: row < 4 ? "HDE" : "AMST" })));
    assert.deepEqual(report.label, {
      column: "best",
      classes: [
        { value: "HDE", rows: 4, share: 0.4 },
        { value: "AMST", rows: 6, share: 0.6 },
      ],
    });
    assert.ok(report.passed);
    const one = told(rows(10, () => ({ best: "HDE" })));
    assert.deepEqual(
      one.label?.classes.map(({ share }) => share),
      [1, 0],
    );
    assert.ok(!one.passed);
  });

  test("constant columns and duplicates of earlier ones are found, missing values included", () => {
    const report = told(
      rows(20, (row) => {
        const size = row % 4 === 0 ? null : row;
        return { size, copy: size, level: 5, best: row % 2 === 0 ? "HDE" : "AMST", chosen: null };
      }),
    );
    const of = (name: string) => report.columns.find((column) => column.name === name)!;
    assert.deepEqual([of("size").duplicateOf, of("copy").duplicateOf], [null, "size"]);
    assert.deepEqual(
      [of("level").isConstant, of("chosen").isConstant, of("size").isConstant],
      [true, true, false],
    );
    assert.equal(of("flag").distinct, 1);
    // The same texts in two columns, by lists in another order.
    const twins = told(
      rows(9, (row) => ({ best: row % 2 === 0 ? "HDE" : "AMST", chosen: row % 2 === 0 ? "HDE" : "AMST" })),
    );
    assert.equal(twins.columns.find(({ name }) => name === "chosen")?.duplicateOf, "best");
    // One place where they differ: a value, or one that is missing.
    for (const copy of [null, 99]) {
      const other = told(rows(20, (row) => ({ size: row, copy: row === 13 ? copy : row })));
      assert.equal(other.columns.find(({ name }) => name === "copy")?.duplicateOf, null);
    }
    assert.ok(told(rows(1, () => ({}))).columns.every(({ isConstant }) => !isConstant));
  });
});
