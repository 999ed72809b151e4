/**
 * Windows by SQL: what DuckDB makes of the same rows, exactly. All streams go into one table, so that a kind of window is one query.
 *
 * The watermark of a row is the running maximum of event time, its own among them, less the disorder allowed for. A row is in a window
 * when the watermark was before the window's end (and the lateness after it) as the row came.
 */

import { DuckDBInstance } from "@duckdb/node-api";
import type { WindowShape } from "../../../windowing/shape.ts";
import type { Stream } from "./streams.ts";

/** Figures of one measure; those that need a value are null without one. Values are sorted. */
export interface ExactFigures {
  readonly count: number;
  readonly sum: number | null;
  readonly mean: number | null;
  readonly variance: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** The lower order statistic, rank ⌊q(n − 1)⌋, for QUANTILES. */
  readonly quantiles: readonly (number | null)[];
}

export interface ExactWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly key: bigint;
  readonly measures: readonly [ExactFigures, ExactFigures];
}

export const QUANTILES = [0, 0.5, 0.9, 0.95, 0.99, 1] as const;

/** Of each stream, by its place: the windows that hold a value, by end, start and key. */
export type ExactWindows = readonly (readonly ExactWindow[])[];

/** @param withLate whether rows that come within the lateness count: the last word on each window, rather than the first */
export async function windowsBySql(
  kind: WindowShape["kind"],
  streams: readonly Stream[],
  withLate: boolean,
): Promise<ExactWindows> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    await connection.run(`
      create table params (stream integer, length bigint, every bigint, gap bigint, disorder bigint, kept bigint);
      create table rows (stream integer, seq integer, t bigint, k bigint, v0 double, v1 double)`);
    const params = await connection.createAppender("params");
    const rows = await connection.createAppender("rows");
    streams.forEach((stream, index) => {
      const { lengthMs, everyMs, gapMs } = figuresOf(stream.shape);
      params.appendInteger(index);
      const kept = withLate ? stream.latenessMs : 0;
      for (const ms of [lengthMs, everyMs, gapMs, stream.disorderMs, kept]) params.appendBigInt(BigInt(ms));
      params.endRow();
      stream.rows.forEach(({ timeMs, key, values }, seq) => {
        rows.appendInteger(index);
        rows.appendInteger(seq);
        rows.appendBigInt(BigInt(timeMs));
        rows.appendBigInt(key);
        for (const value of values) {
          // NaN is no value to a window.
          if (value === null || Number.isNaN(value)) rows.appendNull();
          else rows.appendDouble(value);
        }
        rows.endRow();
      });
    });
    params.closeSync();
    rows.closeSync();
    const reader = await connection.runAndReadAll(`
      with seen as (
        select *, max(t) over (partition by stream order by seq) - disorder as watermark
        from rows join params using (stream)
      ), members as (${MEMBERS[kind]})
      select stream, w_start, w_end, k, ${figuresSql("v0")}, ${figuresSql("v1")}
      from members group by stream, w_start, w_end, k
      having count(v0) + count(v1) > 0
      order by stream, w_end, w_start, k`);
    const found: ExactWindow[][] = streams.map(() => []);
    for (const row of reader.getRowsJS()) {
      const [stream, start, end, key, ...figures] = row;
      found[Number(stream)]!.push({
        startMs: Number(start),
        endMs: Number(end),
        key: BigInt(key as bigint),
        measures: [readFigures(figures.slice(0, WIDTH)), readFigures(figures.slice(WIDTH))],
      });
    }
    return found;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const PANES = `
  select *, w_start + length as w_end from (
    select *, unnest(range(cast(floor(t / every) as bigint) * every, t - length, -every)) as w_start from seen
  ) where w_start + length + kept > watermark`;

/** Rows with the window that each of them is in; one line for each window. */
const MEMBERS: Readonly<Record<WindowShape["kind"], string>> = {
  tumbling: PANES,
  hopping: PANES,
  sliding: `
    with kept_rows as (select * from seen where t + 1 > watermark)
    select b.*, a.t + 1 - a.length as w_start, a.t + 1 as w_end
    from (select distinct stream, k, t, length from kept_rows) a
    join kept_rows b on a.stream = b.stream and a.k = b.k and b.t > a.t - a.length and b.t <= a.t`,
  session: `
    select *, min(t) over (partition by stream, k, island) as w_start,
      max(t) over (partition by stream, k, island) + gap as w_end
    from (
      select *, sum(begins) over (partition by stream, k order by t, seq) as island from (
        select *, cast(coalesce(t - lag(t) over (partition by stream, k order by t, seq) >= gap, true) as integer) as begins
        from seen where t + gap > watermark
      )
    )`,
};

const WIDTH = 6 + QUANTILES.length;

function figuresSql(value: string): string {
  const quantiles = QUANTILES.map(
    (q) =>
      `list_sort(list(${value}) filter (${value} is not null))[1 + cast(floor(${q} * (count(${value}) - 1)) as bigint)]`,
  );
  return [
    `count(${value})`,
    `sum(${value})`,
    `avg(${value})`,
    `var_pop(${value})`,
    `min(${value})`,
    `max(${value})`,
    ...quantiles,
  ].join(", ");
}

function readFigures(cells: readonly unknown[]): ExactFigures {
  const [count, sum, mean, variance, min, max, ...quantiles] = cells.map((cell) =>
    cell === null || cell === undefined ? null : Number(cell),
  );
  return {
    count: count ?? 0,
    sum: sum ?? null,
    mean: mean ?? null,
    variance: variance ?? null,
    min: min ?? null,
    max: max ?? null,
    quantiles: quantiles.map((quantile) => quantile ?? null),
  };
}

function figuresOf(shape: WindowShape): { lengthMs: number; everyMs: number; gapMs: number } {
  switch (shape.kind) {
    case "tumbling":
      return { lengthMs: shape.lengthMs, everyMs: shape.lengthMs, gapMs: 0 };
    case "hopping":
      return { lengthMs: shape.lengthMs, everyMs: shape.everyMs, gapMs: 0 };
    case "sliding":
      return { lengthMs: shape.lengthMs, everyMs: 0, gapMs: 0 };
    case "session":
      return { lengthMs: 0, everyMs: 0, gapMs: shape.gapMs };
  }
}
