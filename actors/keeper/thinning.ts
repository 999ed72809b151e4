/**
 * Which groups of a windows dataset are kept: those that lead in their hour.
 *
 * A group's score is the largest of its shares, one a measure: the sum of its windows' means, divided by the largest sum that
 * any group has of that measure. So who leads by processor time is kept although others have more memory, and whichever unit
 * a measure has. The same rows give the same groups: sums are made in stored order, and ties go to the smaller pseudonym.
 */

import type { Dataset } from "../../datasets/define.ts";
import { datasetNamed } from "../../datasets/index.ts";
import type { PublicBatch } from "../../runtime/batch/index.ts";
import type { RowRun } from "../store/stored-rows.ts";

/** Where the groups of a windows dataset stand. */
export interface GroupColumns {
  /** Public name of the pseudonym's column. */
  readonly group: string;
  /** Number of measures. */
  readonly measures: number;
}

/** Undefined for a dataset that is no windows of groups. */
export function groupColumns(dataset: Dataset): GroupColumns | undefined {
  const windows = dataset.derivedFrom === undefined ? undefined : datasetNamed(dataset.derivedFrom)?.windows;
  if (windows?.groupBy === undefined) return undefined;
  return { group: windows.groupBy, measures: windows.measures.length };
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
  #batch: PublicBatch | undefined;
  #groupAt = 0;
  #measureAt = 0;
  #meanAt = 0;

  constructor(dataset: Dataset, columns: GroupColumns) {
    this.#dataset = dataset;
    this.#columns = columns;
  }

  get measures(): number {
    return this.#columns.measures;
  }

  bind(batch: PublicBatch): void {
    const { plan } = this.#dataset;
    this.#batch = batch;
    this.#groupAt = batch.dataAt(plan.public(this.#columns.group)) >>> 3;
    this.#measureAt = batch.dataAt(plan.public("measure"));
    this.#meanAt = batch.dataAt(plan.public("mean")) >>> 3;
  }

  group(row: number): bigint {
    return this.#batch!.views.u64[this.#groupAt + row]!;
  }

  addTo(scores: GroupScores, row: number): void {
    const { u8, f64 } = this.#batch!.views;
    scores.add(this.group(row), u8[this.#measureAt + row]!, f64[this.#meanAt + row]!);
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
    if (leaders.has(reader.group(row))) continue;
    if (row > begin) runs.push({ from: begin, to: row });
    begin = row + 1;
  }
  if (to > begin) runs.push({ from: begin, to });
  return runs;
}
