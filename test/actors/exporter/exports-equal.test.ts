/**
 * Exports equal a plain reading of the rows, whatever was ordered of whatever lies in log and lake. What would fail here: a row
 * left out, taken twice, or of a column that was not asked for; a copied row group that holds what was not wanted.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, test } from "node:test";
import fc from "fast-check";
import { checkOrder } from "../../../actors/exporter/check-order.ts";
import { ExportRun } from "../../../actors/exporter/export-run.ts";
import { exportToFile } from "../../../actors/exporter/export-to-file.ts";
import type { ExportOrder } from "../../../actors/exporter/order.ts";
import { HOUR_MS } from "../../../actors/store/lake/manifest.ts";
import { storeSnapshots } from "../../../actors/store/store-snapshots.ts";
import { process } from "../../../datasets/process.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import type { PlainRow } from "../store/log/rows.ts";
import { START_MS } from "../store/log/temp-log.ts";
import { TempStore } from "../store/temp-store.ts";
import { orderOf } from "./export-client.ts";
import { readCsv, readParquet } from "./read-files.ts";

const MINUTE_MS = 60_000;
const HOURS = 4;
const stores: TempStore[] = [];
afterEach(() => {
  for (const made of stores.splice(0)) made.remove();
});

function store(seed: number): TempStore {
  const made = new TempStore([process], seed, { segmentBytes: 20_000 });
  stores.push(made);
  return made;
}

async function exported(made: TempStore, order: Partial<ExportOrder>) {
  const checked = checkOrder(orderOf(order));
  assert.ok(checked.ok, JSON.stringify(checked));
  const counts = () => ({
    endSequence: made.log.nextSequence("process"),
    storedRows: made.rowsOf(process).length,
  });
  const source = {
    take: storeSnapshots(made.source, counts),
    clock: new VirtualClock(START_MS + 100 * HOUR_MS),
    workFolder: join(made.at.dataFolder, "exports"),
  };
  const path = join(made.at.dataFolder, "out");
  const result = await exportToFile(new ExportRun(checked.plan, source), path, { force: true });
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(readdirSync(source.workFolder), []);
  assert.equal(result.stats.bytes, statSync(path).size);
  return { stats: result.stats, bytes: readFileSync(path) };
}

async function read(format: string, bytes: Uint8Array): Promise<PlainRow[]> {
  return format === "csv" ? readCsv(process, bytes) : await readParquet(process, bytes);
}

interface Filter {
  readonly where: string;
  readonly holds: (row: PlainRow) => boolean;
}

const FILTERS: readonly Filter[] = [
  { where: "pid >= 2147483648", holds: ({ pid }) => Number(pid) >= 2 ** 31 },
  { where: "cpu_percent is null", holds: ({ cpu_percent }) => cpu_percent === null },
  {
    where: "cpu_percent < 30 or working_set_mb > 900000",
    holds: ({ cpu_percent, working_set_mb }) =>
      (cpu_percent !== null && Number(cpu_percent) < 30) || Number(working_set_mb) > 900_000,
  },
  { where: "not (io_read_bytes > 0)", holds: ({ io_read_bytes }) => io_read_bytes === 0n },
];

const NAMES = process.publicColumns.map(({ name }) => name);
const moment = fc.integer({ min: 0, max: HOURS * 60 }).map((minute) => START_MS + minute * MINUTE_MS);
const order = fc.record({
  format: fc.constantFrom("csv", "parquet"),
  columns: fc.option(fc.shuffledSubarray(NAMES, { minLength: 1 }), { nil: undefined }),
  filter: fc.option(fc.constantFrom(...FILTERS), { nil: undefined, freq: 2 }),
  from: fc.option(moment, { nil: Number.NEGATIVE_INFINITY, freq: 2 }),
  to: fc.option(moment, { nil: Number.POSITIVE_INFINITY, freq: 2 }),
});
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ times: fc.array(moment, { minLength: 1, maxLength: 60, size: "max" }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      // Tenths of the rows that there are.
      before: fc.integer({ min: 0, max: 10 }),
      hourBefore: fc.integer({ min: 0, max: 10 }),
      hour: fc.integer({ min: 0, max: HOURS }),
    }),
  },
);

describe("exports", () => {
  test("property: equal a plain reading of the rows in log and lake", { timeout: 120_000 }, async () => {
    let copied = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 3, maxLength: 8, size: "max" }),
        fc.array(order, { minLength: 1, maxLength: 4 }),
        async (steps, orders) => {
          const made = store(7);
          let compacted = { before: 0, hourMs: 0, hourBefore: 0 };
          for (const step of steps) {
            if ("times" in step) made.append(process, step.times);
            else {
              const rows = made.log.nextSequence("process");
              // Bounds only ever grow.
              compacted = {
                before: Math.max(compacted.before, Math.floor((rows * step.before) / 10)),
                hourMs: Math.max(compacted.hourMs, START_MS + step.hour * HOUR_MS),
                hourBefore: Math.max(compacted.hourBefore, Math.floor((rows * step.hourBefore) / 10)),
              };
              made.compact(process, compacted);
            }
          }
          for (const { format, columns, filter, from, to } of orders) {
            const [fromMs, toMs] = from < to ? [from, to] : [to, from + 1];
            const { bytes, stats } = await exported(made, {
              format,
              fromMs,
              toMs,
              ...(columns === undefined ? {} : { columns }),
              ...(filter === undefined ? {} : { where: filter.where }),
            });
            const expected = made
              .expect(process, { fromMs, toMs })
              .filter((row) => filter?.holds(row) ?? true)
              .map((row) => Object.fromEntries((columns ?? NAMES).map((name) => [name, row[name]])));
            const rows = await read(format, bytes);
            assert.deepEqual(rows, expected);
            // Also in the order of the columns.
            assert.deepEqual(Object.keys(rows[0] ?? {}), Object.keys(expected[0] ?? {}));
            assert.equal(stats.rows, expected.length);
            assert.ok(stats.copiedRows <= (filter === undefined && format === "parquet" ? stats.rows : 0));
            copied += stats.copiedRows;
          }
          made.remove();
          stores.pop();
        },
      ),
      { seed: 20260101, numRuns: 60 },
    );
    assert.ok(copied > 300, `${copied}: too few row groups were copied for this to say anything`);
  });

  test("of nothing but row groups of the lake are copies of them, in whatever order of columns", async () => {
    const made = store(3);
    const times = Array.from({ length: 300 }, (_, row) => START_MS + row * MINUTE_MS);
    made.append(process, times.slice(0, 150));
    made.append(process, times.slice(150));
    made.compact(process, { before: 300, hourMs: 0, hourBefore: 0 });
    for (const columns of [NAMES, NAMES.toReversed(), ["pid", "timestamp"]]) {
      const { bytes, stats } = await exported(made, { format: "parquet", columns });
      assert.equal(stats.copiedRows, 300);
      assert.deepEqual(await readParquet(process, bytes), made.expect(process, { columns }));
    }
    // The group of the hour that is asked for in part is read.
    const range = { fromMs: START_MS + 30 * MINUTE_MS, toMs: START_MS + 3 * HOUR_MS };
    const { bytes, stats } = await exported(made, { format: "parquet", ...range });
    assert.deepEqual([stats.rows, stats.copiedRows], [150, 120]);
    assert.deepEqual(await readParquet(process, bytes), made.expect(process, range));
    // Groups that were compressed otherwise are read, too.
    assert.equal((await exported(made, { format: "parquet", compression: "gzip" })).stats.copiedRows, 0);
  });
});
