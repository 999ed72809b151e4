/** Which groups of an hour of windows are kept, beside a plain reckoning of the same rule. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { GroupScores, groupColumns } from "../../../actors/keeper/thinning.ts";
import { datasetNamed } from "../../../datasets/index.ts";
import { describe, test } from "../../fixtures/flat-test.ts";
import { type PlainRow, readRows } from "../store/log/rows.ts";
import { HOUR, KeptStore, START, times } from "./kept-store.ts";

const windows = datasetNamed("process_1m")!;
const MEASURES = windows.plan.public("measure").values!;

interface Mean {
  readonly group: bigint;
  readonly measure: number;
  readonly mean: number;
}

/** The rule, said again: for each measure all sums, each group's share of the largest, and the largest share of each group. */
function leaders(means: readonly Mean[], count: number): bigint[] {
  const groups = [...new Set(means.map(({ group }) => group))];
  const sum = (group: bigint, measure: number) =>
    means
      .filter((mean) => mean.group === group && mean.measure === measure && Number.isFinite(mean.mean))
      .reduce((total, { mean }) => total + mean, 0);
  const largest = MEASURES.map((_, measure) => Math.max(...groups.map((group) => sum(group, measure))));
  const score = (group: bigint) =>
    Math.max(...largest.map((most, measure) => (most > 0 ? sum(group, measure) / most : 0)));
  return groups
    .map((group) => ({ group, score: score(group) }))
    .sort((one, other) => other.score - one.score || Number(one.group - other.group))
    .slice(0, count)
    .map(({ group }) => group)
    .sort((one, other) => (one < other ? -1 : 1));
}

function scored(means: readonly Mean[], count: number): bigint[] {
  const scores = new GroupScores(MEASURES.length);
  for (const { group, measure, mean } of means) scores.add(group, measure, mean);
  return [...scores.leaders(count)].sort((one, other) => (one < other ? -1 : 1));
}

describe("the groups that lead", () => {
  test("are those of the rule", () => {
    const mean = fc.record({
      // Few of each, so that there are ties; small whole numbers, whose sums are exact.
      group: fc.bigInt({ min: 0n, max: 9n }),
      measure: fc.nat({ max: MEASURES.length - 1 }),
      mean: fc.oneof(fc.integer({ min: -3, max: 9 }), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY)),
    });
    fc.assert(
      fc.property(fc.array(mean, { maxLength: 60 }), fc.nat({ max: 12 }), (means, count) => {
        assert.deepEqual(scored(means, count), leaders(means, count));
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  test("are decided by the measure in which a group is largest", () => {
    const means = [
      { group: 1n, measure: 0, mean: 1000 },
      { group: 2n, measure: 0, mean: 600 },
      { group: 3n, measure: 1, mean: 0.01 },
      { group: 4n, measure: 1, mean: 0.005 },
    ];
    assert.deepEqual(scored(means, 2), [1n, 3n]);
    assert.deepEqual(scored(means, 3), [1n, 2n, 3n]);
  });

  test("are the smaller pseudonyms of equals, with all 64 bits", () => {
    const means = [2n ** 64n - 1n, 2n ** 63n, 2n ** 63n + 1n].map((group) => ({
      group,
      measure: 0,
      mean: 5,
    }));
    assert.deepEqual(scored(means, 2), [2n ** 63n, 2n ** 63n + 1n]);
  });
});

function meanOf(row: PlainRow): Mean {
  return {
    group: row["name_hash"] as bigint,
    measure: MEASURES.indexOf(row["measure"] as string),
    mean: row["mean"] as number,
  };
}

/** As `append`, with rows of a few groups: random ones have a group each. */
function appendWindows({ store }: KeptStore, times: readonly number[], groups: bigint): PlainRow[] {
  const first = store.log.nextSequence(windows.name);
  const batch = store.at.batch(windows, times.length, first, (row) => times[row]!);
  const at = batch.dataAt(windows.plan.public("name_hash")) >>> 3;
  for (let row = 0; row < times.length; row++) {
    batch.views.u64[at + row] = batch.views.u64[at + row]! % groups;
  }
  assert.ok(store.log.append(windows.name, batch));
  store.log.sync();
  const rows = readRows(batch);
  rows.forEach((row, index) => {
    store.rowsOf(windows).push({ sequence: first + index, timeMs: times[index]!, row, file: undefined });
  });
  return rows;
}

/** Of the others it is not. */
function isOfOneGroup(row: PlainRow): boolean {
  return row["name_hash"] !== null;
}

describe("an hour of windows", () => {
  test("keeps the groups that lead in it, and counts the others' rows", (t) => {
    const store = new KeptStore([windows], { rules: { windowGroups: 3 } });
    t.after(() => store.remove());
    for (let batch = 0; batch < 12; batch++) {
      appendWindows(store, times(40, START + (batch % 2) * HOUR + batch, 1000), 16n);
    }
    const hourOf = (row: PlainRow) => Math.floor(Number(row["window_start"]) / HOUR);
    const rows = store.store.rowsOf(windows).map(({ row }) => row);
    const keptRows = [...Map.groupBy(rows, hourOf).values()].flatMap((hour) => {
      const leading = leaders(hour.filter(isOfOneGroup).map(meanOf), 3);
      return hour.filter((row) => !isOfOneGroup(row) || leading.includes(row["name_hash"] as bigint));
    });
    assert.ok(keptRows.length > 60 && keptRows.length < 300, `${keptRows.length} rows`);
    assert.ok(
      keptRows.some((row) => !isOfOneGroup(row)),
      "all the others are kept",
    );
    store.clock.advance(3 * HOUR);
    assert.deepEqual(store.round(), { files: 2, rows: keptRows.length });
    assert.equal(store.lake(windows).thinned, rows.length - keptRows.length);
    store.assertWhole((_, row) => !keptRows.includes(row));
    store.settle();
    store.assertWhole((_, row) => !keptRows.includes(row));
    // Rows that come late have leaders of their own.
    const { thinned } = store.lake(windows);
    const late = appendWindows(store, times(8, START, 1000), 2n ** 60n);
    const lateKept = 3 + late.filter((row) => !isOfOneGroup(row)).length;
    store.clock.advance(HOUR);
    assert.deepEqual(store.round(), { files: 1, rows: lateKept });
    assert.equal(store.lake(windows).thinned, thinned + 8 - lateKept);
    store.assertConserved(windows);
  });

  test("is whole when all groups are kept", (t) => {
    const store = new KeptStore([windows], { rules: { windowGroups: 0 } });
    t.after(() => store.remove());
    store.append(windows, times(40, START, 1000));
    store.clock.advance(3 * HOUR);
    assert.deepEqual(store.round(), { files: 1, rows: 40 });
    store.assertWhole();
  });

  test("of a dataset without groups is never thinned", () => {
    assert.equal(groupColumns(datasetNamed("memory_1m")!), undefined);
    assert.equal(groupColumns(datasetNamed("process")!), undefined);
    assert.deepEqual(groupColumns(windows), { group: "name_hash", measures: 5 });
  });
});
