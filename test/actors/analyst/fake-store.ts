/** Rows in memory that an engine reads as if they were stored, and what it asked for. */

import { rowRuns } from "../../../actors/store/row-runs.ts";
import type { SnapshotWish, TakeSnapshot } from "../../../actors/store/snapshot.ts";
import type { Dataset } from "../../../datasets/define.ts";
import { Batch, batchBytes, type PublicBatch } from "../../../runtime/batch/index.ts";
import { seededRandom } from "../../../runtime/random.ts";
import { fillRows, type PlainRow, readRows } from "../store/log/rows.ts";

export const START_MS = Date.UTC(2026, 0, 1);

export class FakeStore {
  readonly rows = new Map<string, PlainRow[]>();
  /** What was asked for, by dataset, since it was last cleared. */
  readonly wishes: (SnapshotWish & { readonly dataset: string })[] = [];
  /** Thrown by the next reading. */
  failure: unknown;
  readonly #batches = new Map<string, PublicBatch[]>();
  readonly #random: () => number;

  constructor(seed = 1) {
    this.#random = seededRandom(seed);
  }

  /** Adds batches of `sizes` rows; row n of the dataset is `stepMs * n` after START_MS. */
  fill(dataset: Dataset, sizes: readonly number[], stepMs = 1000): PlainRow[] {
    const rows = this.rows.get(dataset.name) ?? [];
    const batches = this.#batches.get(dataset.name) ?? [];
    for (const size of sizes) {
      const first = rows.length;
      const bytes = (batchBytes(dataset.plan, size) + 7) & ~7;
      const batch = new Batch({ buffer: new ArrayBuffer(bytes) }, dataset.plan);
      batch.begin(0, bytes, size, { firstSequence: first });
      fillRows(batch, dataset, { random: this.#random, timeMs: (row) => START_MS + (first + row) * stepMs });
      batch.seal();
      batches.push(batch);
      rows.push(...readRows(batch));
    }
    this.rows.set(dataset.name, rows);
    this.#batches.set(dataset.name, batches);
    return rows;
  }

  readonly take: TakeSnapshot = (dataset, wish) => {
    this.wishes.push({ dataset: dataset.name, ...wish });
    const batches = this.#batches.get(dataset.name) ?? [];
    const { failure } = this;
    this.failure = undefined;
    return {
      mostRows: this.rows.get(dataset.name)?.length ?? 0,
      *parts() {
        if (failure !== undefined) throw failure;
        for (const batch of batches) {
          yield undefined;
          const bounds = { ...wish, endSequence: Number.POSITIVE_INFINITY };
          const runs = [...rowRuns(dataset, batch, bounds)];
          if (runs.length > 0) yield { kind: "rows", batch, runs } as const;
        }
      },
    };
  };
}
