/** What the tests of the encoders share: batches with runs of their rows, and what each row must say. */

import fc from "fast-check";
import type { Dataset } from "../../../datasets/define.ts";
import {
  type ChunkFacts,
  createRecordEncoder,
  type EncoderOptions,
} from "../../../datasets/records/index.ts";
import type { RowRun } from "../../../datasets/row-run.ts";
import type { PublicBatch } from "../../../runtime/batch/index.ts";
import { readValue, type Value } from "../../fixtures/batch-cases.ts";
import { rowOf, testedDatasets } from "../../fixtures/dataset-rows.ts";
import { mixed, mixedBatches, mixedColumns } from "../../fixtures/mixed-rows.ts";
import { publicBatch } from "../../fixtures/public-batches.ts";

export const FACTS: ChunkFacts = { idBefore: "", idAfter: "", subscription: 7 };

export const allDatasets: readonly Dataset[] = [...testedDatasets, mixed];

/** A chunk of the rows, by an encoder that knows the tests' datasets. */
export function encoded(
  dataset: Dataset,
  options: Omit<EncoderOptions, "columns"> & { readonly columns?: readonly string[] },
  batch: PublicBatch,
  runs: readonly RowRun[] = [{ from: 0, to: batch.rows }],
  facts: ChunkFacts = FACTS,
): Uint8Array<ArrayBuffer> {
  const encoder = createRecordEncoder(dataset, { columns: null, datasets: allDatasets, ...options });
  return encoder.encode(batch, runs, facts);
}

/** Some of the rows of a batch: which, and the runs that they make. */
export function runsOf(isWanted: readonly boolean[]): readonly RowRun[] {
  const runs: RowRun[] = [];
  for (let from = 0; from < isWanted.length; from++) {
    if (isWanted[from] !== true) continue;
    let to = from + 1;
    while (isWanted[to] === true) to++;
    runs.push({ from, to });
    from = to;
  }
  return runs;
}

export function rowsOf(runs: readonly RowRun[]): readonly number[] {
  return runs.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + index));
}

/** Values of a row by public name, read one by one. */
export function valuesOf(
  dataset: Dataset,
  batch: PublicBatch,
  row: number,
  columns: readonly string[] = dataset.publicColumns.map(({ name }) => name),
): [name: string, value: Value][] {
  return columns.map((name) => [name, readValue(batch, dataset.plan.public(name), row)]);
}

/** A value as the references read it: whole numbers are bigints, moments apart from them. */
export function asRead(dataset: Dataset, name: string, value: Value): unknown {
  const { type } = dataset.plan.public(name);
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (type === "timestamp") return { ms: BigInt(value) };
  return type === "f64" || type === "f32" ? value : BigInt(value);
}

/** Calls with batches of random valid rows, of every dataset, and random runs of them; some columns in some order. */
export function forRandomRows(
  seed: number,
  check: (dataset: Dataset, batch: PublicBatch, runs: readonly RowRun[], columns: readonly string[]) => void,
): void {
  for (const dataset of testedDatasets) {
    const names = dataset.publicColumns.map(({ name }) => name);
    const marked = fc.array(fc.tuple(rowOf(dataset), fc.boolean()), { minLength: 1, maxLength: 20 });
    const first = fc.oneof(fc.nat(300), fc.constantFrom(0, 2 ** 32 - 3, 2 ** 53 - 40));
    fc.assert(
      fc.property(
        marked,
        first,
        fc.shuffledSubarray(names, { minLength: 1 }),
        (rows, firstSequence, columns) => {
          const batch = publicBatch(
            dataset,
            rows.map(([row]) => row),
            firstSequence,
          );
          const runs = runsOf(rows.map(([, isWanted], index) => isWanted || index === 0));
          check(dataset, batch, runs, columns);
        },
      ),
      { seed, numRuns: 15 },
    );
  }
}

/** Calls with batches of the table that has everything a format may stumble over. */
export function forMixedRows(rows: number, check: (batch: PublicBatch) => void): void {
  for (const batch of mixedBatches(mixedColumns(rows), 512)) check(batch);
}
