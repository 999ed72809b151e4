/** What must be true of a run that is over, whatever went wrong in it. Each check throws with what is not. */

import assert from "node:assert/strict";
import type { LedgerRow } from "../../actors/ledger.ts";
import type { Dataset } from "../../datasets/define.ts";
import type { PlainRow } from "../actors/store/log/rows.ts";
import { type ReferenceBatch, type ReferenceFigures, referenceWindows } from "./reference.ts";
import type { Scenario } from "./scenario.ts";

/** A batch as it lies in the log. */
export interface StoredBatch {
  readonly dataset: string;
  readonly firstSequence: number;
  readonly writtenMs: number;
  readonly rows: readonly PlainRow[];
}

/** What was pushed, by its number. */
export type MadeRow = Readonly<Record<string, unknown>>;

/** Every row that was acknowledged is in the log, every row of the log was pushed and is there once, as it was pushed. */
export function checkRows(
  sources: readonly Dataset[],
  stored: readonly StoredBatch[],
  made: ReadonlyMap<number, MadeRow>,
  acknowledged: ReadonlySet<number>,
): void {
  const seen = new Set<number>();
  const names = ["at", "kind", "level", "load"] as const;
  for (const { dataset, rows } of stored) {
    if (!sources.some(({ name }) => name === dataset)) continue;
    for (const row of rows) {
      const number = row["number"] as number;
      const pushed = made.get(number);
      if (pushed === undefined) assert.fail(`row ${number} is in the log, and was never pushed`);
      if (seen.has(number)) assert.fail(`row ${number} is in the log twice`);
      seen.add(number);
      const other = names.find((name) => row[name] !== pushed[name]);
      if (other === undefined) continue;
      assert.fail(`row ${number}: ${other} is ${row[other]} in the log; pushed was ${pushed[other]}`);
    }
  }
  for (const number of acknowledged) {
    if (!seen.has(number)) assert.fail(`row ${number} was acknowledged and is not in the log`);
  }
}

/** Rows of each dataset are numbered one by one, without a gap, as the log has them. */
export function checkNumbers(stored: readonly StoredBatch[]): void {
  const next = new Map<string, number>();
  for (const { dataset, firstSequence, rows } of stored) {
    const expected = next.get(dataset) ?? 0;
    assert.equal(firstSequence, expected, `${dataset}: number of the first row of a batch`);
    next.set(dataset, firstSequence + rows.length);
  }
}

/** The ledger balances, nothing is under way, and what it says is stored is what the log has. */
export function checkLedger(ledger: readonly LedgerRow[], stored: readonly StoredBatch[]): void {
  const rows = new Map<string, number>();
  for (const batch of stored) rows.set(batch.dataset, (rows.get(batch.dataset) ?? 0) + batch.rows.length);
  for (const line of ledger) {
    const text = JSON.stringify(line);
    assert.ok(line.balanced, `the ledger does not balance: ${text}`);
    assert.equal(line.inFlight, 0, `rows are under way at the end: ${text}`);
    assert.equal(line.stored, rows.get(line.dataset) ?? 0, `stored, and in the log: ${text}`);
    assert.equal(line.dropped.lost, 0, `rows were lost: ${text}`);
  }
}

/**
 * The rows of windows that the log has are those that are expected under their numbers, to the bit.
 * @param mayMiss whether some may have been given up on their way
 */
export function checkWindows(
  derived: Dataset,
  stored: readonly StoredBatch[],
  expected: readonly PlainRow[],
  mayMiss: boolean,
): void {
  const names = derived.publicColumns.map(({ name }) => name);
  let end = 0;
  for (const { dataset, firstSequence, rows } of stored) {
    if (dataset !== derived.name) continue;
    rows.forEach((came, index) => {
      const number = firstSequence + index;
      const due = expected[number];
      const other = names.find((name) => !Object.is(came[name], due?.[name]));
      if (other === undefined) return;
      const told = `expected ${textOf(due)}; came ${textOf(came)}`;
      assert.fail(`${derived.name}: row ${number} of ${expected.length}, ${other}: ${told}`);
    });
    end = firstSequence + rows.length;
  }
  if (!mayMiss) assert.equal(end, expected.length, `${derived.name}: rows in the log, and expected`);
}

function textOf(row: PlainRow | undefined): string {
  if (row === undefined) return "none";
  return JSON.stringify(row, (_, value) => (typeof value === "bigint" ? String(value) : value));
}

/** Of each window, group and measure there is one row of each revision, from 0 on, in that order. */
export function checkRevisions(derived: Dataset, stored: readonly StoredBatch[]): void {
  const by = derived.derived!.by;
  const next = new Map<string, number>();
  for (const { dataset, rows } of stored) {
    if (dataset !== derived.name) continue;
    for (const row of rows) {
      const of = [row["window_start"], by.groupBy === undefined ? "" : row[by.groupBy]];
      const what = row["measure"] ?? row["column"] ?? row["rank"];
      const name = `${of.join(" ")} ${what}`;
      const revision = row["revision"] as number;
      const least = next.get(name) ?? 0;
      assert.ok(
        revision >= least,
        `${derived.name}: ${name} came with revision ${revision} after ${least - 1}`,
      );
      next.set(name, revision + 1);
    }
  }
}

/** The figures that a plain reference makes of the log's rows are those that the log has. */
export function checkFigures(
  derived: Dataset,
  stored: readonly StoredBatch[],
  scenario: Scenario,
  areAllOut: boolean,
): void {
  const { from, by } = derived.derived!;
  if (by.kind !== "figures" || by.shape.kind === "sliding") return;
  const { disorderMs, latenessMs, aheadMs } = scenario;
  const batches = stored
    .filter(({ dataset }) => dataset === from)
    .map(
      ({ writtenMs, rows }): ReferenceBatch => ({
        writtenMs,
        rows: rows.map((row) => ({
          timeMs: row["at"] as number,
          group: by.groupBy === undefined ? "" : String(row[by.groupBy]),
          values: by.measures.map((name) => row[name] as number | null),
        })),
      }),
    );
  const expected = referenceWindows(batches, { shape: by.shape, disorderMs, latenessMs, aheadMs, areAllOut });
  const found = new Map<string, PlainRow>();
  for (const { dataset, rows } of stored) {
    if (dataset !== derived.name) continue;
    for (const row of rows) {
      const group = by.groupBy === undefined ? "" : String(row[by.groupBy]);
      const measure = by.measures.indexOf(row["measure"] as string);
      found.set(`${row["window_start"]} ${group} ${measure}`, row);
    }
  }
  for (const [name, row] of found) if (row["count"] === 0) found.delete(name);
  for (const [name, figures] of expected) {
    const row = found.get(name);
    if (row === undefined) assert.fail(`${derived.name}: the window ${name} is not there`);
    checkRow(`${derived.name} ${name}`, row, figures);
  }
  for (const name of found.keys()) {
    if (!expected.has(name)) assert.fail(`${derived.name}: there is a window ${name}, and no rows of it`);
  }
}

function checkRow(name: string, row: PlainRow, figures: ReferenceFigures): void {
  for (const figure of ["count", "min", "max"] as const) {
    assert.equal(row[figure], figures[figure], `${name}: ${figure}`);
  }
  const sum = row["sum"] as number;
  const tolerance = 1e-9 * Math.max(1, Math.abs(figures.max), Math.abs(figures.min)) * figures.count;
  assert.ok(Math.abs(sum - figures.sum) <= tolerance, `${name}: sum ${sum}, expected ${figures.sum}`);
}
