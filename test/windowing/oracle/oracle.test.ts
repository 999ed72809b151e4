/**
 * Every kind of window against DuckDB: the same random rows, exact figures by SQL. Percentiles may be off by what a sketch promises, sums by
 * what doubles round off; everything else is equal.
 *
 * What would fail here: a row in a neighbouring window, a window that is left out or given out twice, a late row that changes a
 * window it came too late for or does not change one it was in time for, an edge that belongs to both sides or none, a group mixed up with
 * another, a calendar that has crept in.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SKETCH_RELATIVE_ERROR } from "../../../wasm/index.ts";
import { createOperator } from "../../../windowing/create-operator.ts";
import { Figures } from "../../../windowing/figures.ts";
import type { OperatorCounts } from "../../../windowing/operator.ts";
import type { WindowShape } from "../../../windowing/shape.ts";
import { cut, feed, Ground, optionsOf, type PlainWindow, type Step } from "../support.ts";
import { type ExactFigures, type ExactWindow, QUANTILES, windowsBySql } from "./duckdb.ts";
import { randomStream, type Stream } from "./streams.ts";

const STREAMS = 100;
const MEASURES = 2;
/** Batches that the rows come in, over and over. */
const CUTS = [3, 1, 50, 7];

const ground = new Ground();

for (const kind of ["tumbling", "hopping", "sliding", "session"] as const) {
  test(`${kind} windows of ${STREAMS} streams are those that DuckDB makes`, async () => {
    // Late rows of sessions are compared with a reference of their own: which session one is in time for is no question of SQL.
    const streams = Array.from({ length: STREAMS }, (_, seed) =>
      randomStream(kind, seed + 1, kind === "session"),
    );
    const onTime = await windowsBySql(kind, streams, false);
    const withLate = await windowsBySql(kind, streams, true);
    let windows = 0;
    let corrections = 0;
    let late = 0;
    for (const [index, stream] of streams.entries()) {
      const { out, counts } = windowsOf(stream);
      assert.equal(counts.rows + counts.late, stream.rows.length, `stream ${stream.seed} has lost rows`);
      compare(stream, firstOf(out), onTime[index]!, false);
      compare(stream, named(out), withLate[index]!, true);
      windows += counts.windows;
      corrections += counts.corrections;
      late += counts.late;
    }
    // Streams that met nothing of it would show nothing.
    assert.ok(windows > 2000, `${windows} windows`);
    if (kind !== "session") assert.ok(late > 100, `${late} late rows`);
    if (kind === "tumbling" || kind === "hopping") assert.ok(corrections > 100, `${corrections} corrections`);
  });
}

/** Figures of a group, as they are compared. */
type Found = readonly FoundFigures[];
interface FoundFigures {
  readonly count: number;
  readonly sum: number;
  readonly mean: number;
  readonly variance: number;
  readonly min: number;
  readonly max: number;
  readonly quantiles: readonly number[];
}
type FoundWindow = PlainWindow<Found>;

function windowsOf({ shape, disorderMs, latenessMs, rows }: Stream): {
  readonly out: readonly FoundWindow[];
  readonly counts: OperatorCounts;
} {
  const pool = ground.pool();
  const figures = new Figures(ground.kernels, pool, MEASURES);
  const options = optionsOf(ground, pool, figures, shape, { disorderMs, latenessMs });
  const operator = createOperator(options);
  const steps: Step[] = cut(
    rows.map(({ timeMs, key, values }) => ({ time: timeMs, key, values })),
    CUTS,
  );
  const out = feed(ground, operator, [...steps, { finish: true }], (record) =>
    Array.from({ length: MEASURES }, (_, measure): FoundFigures => {
      return {
        count: figures.count(record, measure),
        sum: figures.sum(record, measure),
        mean: figures.mean(record, measure),
        variance: figures.variance(record, measure),
        min: figures.min(record, measure),
        max: figures.max(record, measure),
        quantiles: QUANTILES.map((q) => figures.quantile(record, measure, q)),
      };
    }),
  );
  const { counts } = operator;
  operator.free();
  return { out, counts };
}

type Named = Readonly<Record<string, { readonly endMs: number; readonly found: Found }>>;

/** By start and group: what came out first. */
function firstOf(out: readonly FoundWindow[]): Named {
  return named(out.filter(({ revision }) => revision === 0));
}

/** By start and group: what came out last. */
function named(out: readonly FoundWindow[]): Named {
  const revisions = new Map<string, number>();
  const entries = out.flatMap(({ start, end, revision, withdrawn, groups }) =>
    groups.map(({ key, of }): [string, { endMs: number; found: Found }] => {
      const name = nameOf(start, key);
      assert.equal(withdrawn, false, name);
      // A group that late rows brought into a window that was out is new in its correction.
      assert.ok(revision > (revisions.get(name) ?? -1), `${name} came out twice as revision ${revision}`);
      revisions.set(name, revision);
      return [name, { endMs: end, found: of }];
    }),
  );
  return Object.fromEntries(entries);
}

function nameOf(startMs: number, key: bigint | null): string {
  return `${startMs} ${key}`;
}

/** @param isWhole whether all that was found is expected; else only what is expected must be there */
function compare(stream: Stream, found: Named, expected: readonly ExactWindow[], isWhole: boolean): void {
  const where = (name: string) => `stream ${stream.seed} (${describe(stream.shape)}), window ${name}`;
  for (const { startMs, endMs, key, measures } of expected) {
    const name = nameOf(startMs, key);
    const window = found[name];
    assert.ok(window !== undefined, `${where(name)} is missing`);
    assert.equal(window.endMs, endMs, where(name));
    measures.forEach((exact, measure) => {
      compareFigures(window.found[measure]!, exact, `${where(name)}, measure ${measure}`);
    });
  }
  if (!isWhole) return;
  const names = new Set(expected.map(({ startMs, key }) => nameOf(startMs, key)));
  for (const name of Object.keys(found)) assert.ok(names.has(name), `${where(name)} should not be`);
}

function compareFigures(found: FoundFigures, exact: ExactFigures, where: string): void {
  assert.equal(found.count, exact.count, `${where}: count`);
  if (exact.count === 0) {
    assert.ok(Number.isNaN(found.mean) && Number.isNaN(found.min), `${where}: figures of nothing`);
    return;
  }
  const largest = Math.max(Math.abs(exact.min!), Math.abs(exact.max!));
  near(found.sum, exact.sum!, largest * exact.count * 1e-12, `${where}: sum`);
  near(found.mean, exact.mean!, largest * 1e-12, `${where}: mean`);
  near(found.variance, exact.variance!, largest ** 2 * 1e-12, `${where}: variance`);
  assert.equal(found.min, exact.min! + 0, `${where}: min`);
  assert.equal(found.max, exact.max! + 0, `${where}: max`);
  found.quantiles.forEach((quantile, index) => {
    const value = exact.quantiles[index]!;
    near(quantile, value, Math.abs(value) * SKETCH_RELATIVE_ERROR, `${where}: quantile ${QUANTILES[index]}`);
  });
}

function near(found: number, exact: number, tolerance: number, what: string): void {
  assert.ok(
    Math.abs(found - exact) <= tolerance,
    `${what}: expected ${exact} within ${tolerance}, came ${found}`,
  );
}

function describe(shape: WindowShape): string {
  return JSON.stringify(shape);
}
