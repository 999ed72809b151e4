/**
 * Which groups of a windows dataset are kept: those that lead in their hour, and the one of all the others. Windows that tell no
 * mean are all kept.
 *
 * A group's score is the largest of its shares, one a measure: the sum of its windows' means, divided by the largest sum that
 * any group has of that measure. So who leads by processor time is kept although others have more memory, and whichever unit
 * a measure has. The same rows give the same groups: sums are made in stored order, and ties go to the smaller pseudonym.
 */

import type { Dataset } from "../../datasets/define.ts";
import type { RowRun } from "../../datasets/row-run.ts";
import { FIGURES } from "../../datasets/spec.ts";
import type { Column, PublicBatch } from "../../runtime/batch/index.ts";

/** Where the groups of a windows dataset stand. */
export interface GroupColumns {
  /** Public name of the pseudonym's column. */
  readonly group: string;
  /** Number of measures. */
  readonly measures: number;
}

/** Undefined for a dataset that is no windows of groups with means. */
export function groupColumns({ derived }: Dataset): GroupColumns | undefined {
  const by = derived?.by;
  if (by?.kind !== "figures" || by.groupBy === undefined) return undefined;
  if (!(by.figures ?? FIGURES).includes("mean")) return undefined;
  return { group: by.groupBy, measures: by.measures.length };
}

/** The sums of one hour. */
export class GroupScores {
  readonly #measures: number;
  readonly #sums = new Map<bigint, Float64Array>();

  constructor(measures: number) {
    this.#measures = measures;
  }

  /** A mean that is no finite number adds nothing. */
  add(group: bigint, measure: number, mean: number): void {
    let sums = this.#sums.get(group);
    if (sums === undefined) {
      sums = new Float64Array(this.#measures);
      this.#sums.set(group, sums);
    }
    if (Number.isFinite(mean)) sums[measure] = sums[measure]! + mean;
  }

  /** The `count` groups that lead; all when there are no more than that. */
  leaders(count: number): ReadonlySet<bigint> {
    const largest = new Float64Array(this.#measures);
    for (const sums of this.#sums.values()) {
      for (const [measure, sum] of sums.entries()) largest[measure] = Math.max(largest[measure]!, sum);
    }
    const scored = [...this.#sums].map(([group, sums]) => {
      // A measure of which nobody has anything above zero leads nobody.
      const shares = sums.map((sum, measure) => (largest[measure]! > 0 ? sum / largest[measure]! : 0));
      return { group, score: Math.max(...shares) };
    });
    scored.sort((a, b) => b.score - a.score || (a.group < b.group ? -1 : 1));
    return new Set(scored.slice(0, count).map(({ group }) => group));
  }
}

/** Reads groups, measures and means of a batch's rows. */
export class GroupReader {
  readonly #dataset: Dataset;
  readonly #columns: GroupColumns;
  readonly #group: Column;
  #batch: PublicBatch | undefined;
  #groupAt = 0;
  #measureAt = 0;
  #meanAt = 0;

  constructor(dataset: Dataset, columns: GroupColumns) {
    this.#dataset = dataset;
    this.#columns = columns;
    this.#group = dataset.plan.public(columns.group);
  }

  get measures(): number {
    return this.#columns.measures;
  }

  bind(batch: PublicBatch): void {
    const { plan } = this.#dataset;
    this.#batch = batch;
    this.#groupAt = batch.dataAt(this.#group);
    this.#measureAt = batch.dataAt(plan.public("measure"));
    this.#meanAt = batch.dataAt(plan.public("mean")) >>> 3;
  }

  /** Null: all the others. */
  group(row: number): bigint | null {
    const batch = this.#batch!;
    if (!batch.isValid(this.#group, row)) return null;
    const { u64, u32, u8 } = batch.views;
    if (this.#group.type === "u64") return u64[(this.#groupAt >>> 3) + row]!;
    return BigInt(this.#group.type === "u32" ? u32[(this.#groupAt >>> 2) + row]! : u8[this.#groupAt + row]!);
  }

  addTo(scores: GroupScores, row: number): void {
    const { u8, f64 } = this.#batch!.views;
    const group = this.group(row);
    if (group !== null) scores.add(group, u8[this.#measureAt + row]!, f64[this.#meanAt + row]!);
  }
}

/** The parts of a run whose rows are of one of the `leaders`; all of it when there are none to choose from. */
export function leadingRuns(
  reader: GroupReader,
  batch: PublicBatch,
  { from, to }: RowRun,
  leaders: ReadonlySet<bigint> | undefined,
): readonly RowRun[] {
  if (leaders === undefined) return [{ from, to }];
  reader.bind(batch);
  const runs: RowRun[] = [];
  let begin = from;
  for (let row = from; row < to; row++) {
    const group = reader.group(row);
    if (group === null || leaders.has(group)) continue;
    if (row > begin) runs.push({ from: begin, to: row });
    begin = row + 1;
  }
  if (to > begin) runs.push({ from: begin, to });
  return runs;
}
