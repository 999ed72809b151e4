/**
 * One examination on its way, step by step: rows of a snapshot are read, counted up column by column, and what is told of them is made.
 *
 * Memory is bounded. Measures keep the numbers of at most MAX_EXAMINED rows; as many columns as fit into SAMPLE_BYTES are read at once, and
 * the snapshot is read again for the next ones, each time only the columns that are looked at. What is no measure needs
 * little memory, and is read with the first. With two spans, each takes half.
 *
 * A step leaves nothing in the window that the log is read through, so others may read between two steps.
 */

import type { PublicColumn } from "../../datasets/define.ts";
import type { RowRun } from "../../datasets/row-run.ts";
import { AgreementTally } from "../../quality/agreement.ts";
import { formOf } from "../../quality/cells.ts";
import { type Counted, type Examined, examined } from "../../quality/column-quality.ts";
import { MAX_EXAMINED } from "../../quality/number-sample.ts";
import { qualityReport } from "../../quality/quality-report.ts";
import type { AgreementReport, QualityReport } from "../../quality/report.ts";
import { isSortedAtOnce, sortSteps } from "../../quality/sort-steps.ts";
import { ColumnTally } from "../../quality/tally.ts";
import type { PublicBatch } from "../../runtime/batch/index.ts";
import type { Clock } from "../../runtime/clock.ts";
import { Reading } from "../exporter/export-reading.ts";
import type { Snapshot, TakeSnapshot } from "../store/snapshot.ts";
import type { AgreementPlan, ExaminePlan } from "./check-wish.ts";

/** What remains to be done; undefined between two steps. Returning it early gives back what it holds. */
export type Steps<Report> = Generator<undefined, Report, void>;

export interface ExaminationLimits {
  /** Rows whose numbers are kept of a column; even. Default MAX_EXAMINED. */
  readonly maxExamined?: number;
  /** Bytes of the numbers of columns that are read at once. Default SAMPLE_BYTES. */
  readonly sampleBytes?: number;
}

const SAMPLE_BYTES = 64 * 2 ** 20;
const STEP_MS = 10;
const DOUBLE_BYTES = 8;

export function* examineSteps(
  plan: ExaminePlan,
  take: TakeSnapshot,
  { maxExamined = MAX_EXAMINED, sampleBytes = SAMPLE_BYTES }: ExaminationLimits = {},
): Steps<QualityReport> {
  const { dataset, against } = plan;
  const now = take(dataset, plan);
  const then = against === undefined ? undefined : take(dataset, against);
  const spans = then === undefined ? 1 : 2;
  const rowsKept = Math.min(maxExamined, Math.max(1, now.mostRows, then?.mostRows ?? 0));
  const atOnce = Math.max(1, Math.floor(sampleBytes / (rowsKept * DOUBLE_BYTES * spans)));
  const found = new Map<string, Examined>();
  const scratch = new Scratch();
  let rows = 0;
  let rowsThen = 0;
  for (const columns of columnGroups(dataset.publicColumns, atOnce)) {
    const compared = columns.filter((column) => isCompared(column));
    // Of a dataset that has nothing to compare, the rows are to be counted all the same.
    const earlierColumns = compared.length === 0 ? columns.slice(0, 1) : compared;
    const earlier = new Map<string, Counted>();
    if (then !== undefined) {
      for (const counted of yield* countUp(then, earlierColumns, maxExamined, scratch)) {
        earlier.set(counted.tally.column.name, counted);
        rowsThen = counted.tally.rows;
      }
    }
    for (const counted of yield* countUp(now, columns, maxExamined, scratch)) {
      const { name } = counted.tally.column;
      rows = counted.tally.rows;
      found.set(name, examined(counted, earlier.get(name)));
      yield undefined;
    }
  }
  return qualityReport({
    dataset,
    span: plan,
    against: against === undefined ? undefined : { ...against, rows: rowsThen },
    rows,
    columns: dataset.publicColumns.map(({ name }) => found.get(name)!),
    rules: plan.rules,
    isMissingAsked: plan.isMissingAsked,
  });
}

export function* agreementSteps(plan: AgreementPlan, take: TakeSnapshot): Steps<AgreementReport> {
  const { dataset, shadow, everyMs, fraction } = plan;
  const { fromMs, toMs } = plan;
  const tally = new AgreementTally(dataset, shadow, { span: { fromMs, toMs }, everyMs, fraction });
  const snapshot = take(dataset, { fromMs, toMs, columns: tally.columns });
  yield* readSteps(snapshot, tally.columns, (batch, { from, to }) => tally.add(batch, from, to));
  return tally.report();
}

/** Goes on until it has taken STEP_MS. @returns the report; undefined: there is more to do @throws what reading the store throws */
export function stepOn<Report>(steps: Steps<Report>, clock: Clock): Report | undefined {
  const endMs = clock.monotonicMs() + STEP_MS;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (clock.monotonicMs() >= endMs) return undefined;
  }
}

/** Reads the columns once; numbers come sorted. */
function* countUp(
  snapshot: Snapshot,
  columns: readonly PublicColumn[],
  maxExamined: number,
  scratch: Scratch,
): Steps<readonly Counted[]> {
  const options = { expected: snapshot.mostRows, maxExamined };
  const tallies = columns.map((column) => new ColumnTally(column, options));
  const names = columns.map(({ name }) => name);
  yield* readSteps(snapshot, names, (batch, { from, to }) => {
    for (const tally of tallies) tally.add(batch, from, to);
  });
  const counted: Counted[] = [];
  for (const tally of tallies) {
    const sorted = tally.sample?.take() ?? new Float64Array(0);
    yield* sortSteps(sorted, scratch.of(sorted.length));
    counted.push({ tally, sorted });
  }
  return counted;
}

function* readSteps(
  snapshot: Snapshot,
  columns: readonly string[],
  rows: (batch: PublicBatch, run: RowRun) => void,
): Steps<void> {
  const pass = {
    rows(batch: PublicBatch, run: RowRun): undefined {
      rows(batch, run);
    },
  };
  const reading = new Reading(() => snapshot.parts(columns), pass);
  try {
    while (reading.take() !== undefined) yield undefined;
  } finally {
    reading.close();
  }
}

/** Measures so many at once; all others with the first of them. */
function columnGroups(
  columns: readonly PublicColumn[],
  atOnce: number,
): readonly (readonly PublicColumn[])[] {
  const measures = columns.filter((column) => formOf(column) === "numbers");
  const others = columns.filter((column) => formOf(column) !== "numbers");
  const groups: PublicColumn[][] = [];
  for (let at = 0; at < measures.length; at += atOnce) groups.push(measures.slice(at, at + atOnce));
  return [[...others, ...(groups[0] ?? [])], ...groups.slice(1)].filter((group) => group.length > 0);
}

/** Whether drift is told of it: not of times, which pass, nor of pseudonyms, which come and go. */
function isCompared(column: PublicColumn): boolean {
  const form = formOf(column);
  return form === "numbers" || form === "codes";
}

/** Memory to sort in, made when it is first needed. */
class Scratch {
  #memory = new Float64Array(0);

  of(length: number): Float64Array {
    if (!isSortedAtOnce(length) && this.#memory.length < length) this.#memory = new Float64Array(length);
    return this.#memory;
  }
}
