/** What a closed window's group becomes in its windows dataset: how many rows, and what stands in them. One maker for each kind. */

import type { Dataset, WindowSpec } from "../../datasets/define.ts";
import { FIGURES, type Figure, TRENDS } from "../../datasets/spec.ts";
import type { Batch, Column } from "../../runtime/batch/index.ts";
import type { BlockPool, Kernels } from "../../wasm/index.ts";
import type { Accumulation } from "../../windowing/accumulation.ts";
import { Distinct } from "../../windowing/distinct.ts";
import { Figures } from "../../windowing/figures.ts";
import type { ClosedGroup, ClosedWindow } from "../../windowing/operator.ts";
import type { StateReader, StateWriter } from "../../windowing/state.ts";
import { Top, type TopRank } from "../../windowing/top.ts";
import { type Trend, TrendBook } from "../../windowing/trend.ts";

/** Makes rows of one windows dataset. */
export interface WindowRows {
  /** What the windows' records are of. */
  readonly accumulation: Accumulation;
  /** Looks at a group of a window, once: what follows is about it. @returns rows that it becomes, in order */
  look(window: ClosedWindow, group: ClosedGroup): number;
  /** Writes what is told of row `index` of the group into row `row` of a batch. */
  put(batch: Batch, row: number, index: number): void;
  /** Event time has begun anew. */
  beginAnew(): void;
  /** What it knows beside what the accumulation has. */
  save(out: StateWriter): void;
  load(from: StateReader): void;
}

/** @param maxGroups groups that windows have at the most @throws PoolExhausted */
export function windowRowsOf(
  kernels: Kernels,
  pool: BlockPool,
  derived: Dataset,
  by: WindowSpec,
  maxGroups: number,
): WindowRows {
  switch (by.kind) {
    case "figures":
      return new FigureRows(new Figures(kernels, pool, by.measures.length), derived, by, maxGroups);
    case "distinct":
      return new DistinctRows(new Distinct(kernels, pool, by.of.length), derived, by);
    case "top":
      return new TopRows(new Top(kernels, pool, by.count), derived, by);
  }
}

const NO_GROUP = { key: null, record: 0 } as const;
const QUANTILES: Readonly<Partial<Record<Figure, number>>> = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 };

type Spec<Kind extends WindowSpec["kind"]> = Extract<WindowSpec, { kind: Kind }>;
type ReadFigure = (record: number, measure: number, window: ClosedWindow) => number;

/** A row for each measure that has values. */
class FigureRows implements WindowRows {
  readonly accumulation: Figures;
  readonly #measures: number;
  readonly #columns: { readonly measure: Column; readonly count: Column; readonly trend: Column | undefined };
  readonly #figures: readonly { readonly column: Column; readonly read: ReadFigure }[];
  /** Undefined: nobody wants to know. */
  readonly #book: TrendBook | undefined;
  readonly #shown: number[] = [];
  readonly #trends: (Trend | null)[] = [];
  #window: ClosedWindow | undefined;
  #group: ClosedGroup = NO_GROUP;

  constructor(
    figures: Figures,
    derived: Dataset,
    { measures, figures: told = FIGURES }: Spec<"figures">,
    maxGroups: number,
  ) {
    const { plan } = derived;
    this.accumulation = figures;
    this.#measures = measures.length;
    const isTold = told.includes("trend");
    this.#columns = {
      measure: plan.public("measure"),
      count: plan.public("count"),
      trend: isTold ? plan.public("trend") : undefined,
    };
    this.#figures = told
      .filter((figure) => figure !== "trend")
      .map((figure) => ({ column: plan.public(figure), read: readerOf(figures, figure) }));
    // One more for all the others.
    this.#book = isTold ? new TrendBook({ maxGroups: maxGroups + 1 }) : undefined;
  }

  look(window: ClosedWindow, group: ClosedGroup): number {
    this.#window = window;
    this.#group = group;
    this.#shown.length = 0;
    for (let measure = 0; measure < this.#measures; measure++) {
      if (window.isWithdrawn) {
        this.#book?.withdraw(group.key, measure, window.startMs);
        this.#trends[measure] = null;
      } else {
        if (this.accumulation.count(group.record, measure) === 0) continue;
        const mean = this.accumulation.mean(group.record, measure);
        this.#trends[measure] = this.#book?.observe(group.key, measure, window.startMs, mean) ?? null;
      }
      this.#shown.push(measure);
    }
    return this.#shown.length;
  }

  put(batch: Batch, row: number, index: number): void {
    const measure = this.#shown[index]!;
    const { views } = batch;
    const { record } = this.#group;
    const window = this.#window!;
    const { measure: measureColumn, count, trend } = this.#columns;
    views.u8[batch.dataAt(measureColumn) + row] = measure;
    views.u32[(batch.dataAt(count) >>> 2) + row] = window.isWithdrawn
      ? 0
      : this.accumulation.count(record, measure);
    for (const { column, read } of this.#figures) {
      if (window.isWithdrawn) batch.setNull(column, row);
      else views.f64[(batch.dataAt(column) >>> 3) + row] = read(record, measure, window);
    }
    if (trend === undefined) return;
    const word = this.#trends[measure] ?? null;
    if (word === null) batch.setNull(trend, row);
    else views.u8[batch.dataAt(trend) + row] = TRENDS.indexOf(word);
  }

  beginAnew(): void {
    this.#book?.clear();
  }

  save(out: StateWriter): void {
    this.#book?.save(out);
  }

  load(from: StateReader): void {
    this.#book?.load(from);
  }
}

function readerOf(figures: Figures, figure: Exclude<Figure, "trend">): ReadFigure {
  switch (figure) {
    case "sum":
      return (record, measure) => figures.sum(record, measure);
    case "mean":
      return (record, measure) => figures.mean(record, measure);
    case "variance":
      return (record, measure) => figures.variance(record, measure);
    case "stddev":
      return (record, measure) => figures.stddev(record, measure);
    case "min":
      return (record, measure) => figures.min(record, measure);
    case "max":
      return (record, measure) => figures.max(record, measure);
    case "rate":
      return (record, measure, { startMs, endMs }) =>
        (figures.count(record, measure) * 1000) / (endMs - startMs);
    default: {
      const q = QUANTILES[figure]!;
      return (record, measure) => figures.quantile(record, measure, q);
    }
  }
}

/** A row for each column that has values. */
class DistinctRows implements WindowRows {
  readonly accumulation: Distinct;
  readonly #of: number;
  readonly #columns: { readonly column: Column; readonly count: Column; readonly distinct: Column };
  readonly #shown: number[] = [];
  #isWithdrawn = false;
  #record = 0;

  constructor(distinct: Distinct, { plan }: Dataset, { of }: Spec<"distinct">) {
    this.accumulation = distinct;
    this.#of = of.length;
    this.#columns = {
      column: plan.public("column"),
      count: plan.public("count"),
      distinct: plan.public("distinct"),
    };
  }

  look({ isWithdrawn }: ClosedWindow, { record }: ClosedGroup): number {
    this.#isWithdrawn = isWithdrawn;
    this.#record = record;
    this.#shown.length = 0;
    for (let column = 0; column < this.#of; column++) {
      if (isWithdrawn || this.accumulation.count(record, column) > 0) this.#shown.push(column);
    }
    return this.#shown.length;
  }

  put(batch: Batch, row: number, index: number): void {
    const shown = this.#shown[index]!;
    const { views } = batch;
    const { column, count, distinct } = this.#columns;
    views.u8[batch.dataAt(column) + row] = shown;
    const countAt = (batch.dataAt(count) >>> 2) + row;
    views.u32[countAt] = this.#isWithdrawn ? 0 : this.accumulation.count(this.#record, shown);
    if (this.#isWithdrawn) batch.setNull(distinct, row);
    else views.f64[(batch.dataAt(distinct) >>> 3) + row] = this.accumulation.estimate(this.#record, shown);
  }

  beginAnew(): void {}
  save(): void {}
  load(): void {}
}

/** A row for each rank; a withdrawn one has a row without an item. */
class TopRows implements WindowRows {
  readonly accumulation: Top;
  readonly #columns: Readonly<Record<"rank" | "item" | "weight" | "error", Column>>;
  #ranks: readonly TopRank[] = [];

  constructor(top: Top, { plan }: Dataset, { item }: Spec<"top">) {
    this.accumulation = top;
    this.#columns = {
      rank: plan.public("rank"),
      item: plan.public(item),
      weight: plan.public("weight"),
      error: plan.public("error"),
    };
  }

  look({ isWithdrawn }: ClosedWindow, { record }: ClosedGroup): number {
    this.#ranks = isWithdrawn ? [] : this.accumulation.top(record);
    return isWithdrawn ? 1 : this.#ranks.length;
  }

  put(batch: Batch, row: number, index: number): void {
    const { views } = batch;
    const { rank, item, weight, error } = this.#columns;
    views.u16[(batch.dataAt(rank) >>> 1) + row] = index + 1;
    const shown = this.#ranks[index];
    if (shown === undefined) {
      for (const column of [item, weight, error]) batch.setNull(column, row);
      return;
    }
    putName(batch, item, row, shown.item);
    views.f64[(batch.dataAt(weight) >>> 3) + row] = shown.weight;
    views.f64[(batch.dataAt(error) >>> 3) + row] = shown.error;
  }

  beginAnew(): void {}
  save(): void {}
  load(): void {}
}

/** Writes a pseudonym or the place of a category's value; null: it is missing. */
export function putName(batch: Batch, column: Column, row: number, name: bigint | null): void {
  const { views } = batch;
  const at = batch.dataAt(column);
  if (name === null) batch.setNull(column, row);
  else if (column.type === "u64") views.u64[(at >>> 3) + row] = name;
  else if (column.type === "u32") views.u32[(at >>> 2) + row] = Number(name);
  else views.u8[at + row] = Number(name);
}
