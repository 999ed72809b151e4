/**
 * What a window table leaves out is counted, and takes nothing from what it keeps.
 *
 * Breaks when a late or refused row is counted twice or not at all, when a value without a sketch is lost from the moments, or
 * when blocks are not given back.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { WindowTable, type WindowTableOptions } from "../../../actors/windower/window-table.ts";
import { process } from "../../../datasets/process.ts";
import type { Row } from "../../../datasets/row.ts";
import { createRowWriter } from "../../../datasets/write-rows.ts";
import {
  BlockPool,
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
  PoolExhausted,
} from "../../../wasm/index.ts";

const MINUTE_MS = 60_000;
const SLOT_BYTES = 2 ** 17;
const POOL_AT = KERNEL_STATIC_BYTES + SLOT_BYTES;
const memory = createKernelMemory({ bytes: POOL_AT + 2 ** 20 });
const kernels = instantiateKernels(compileKernels(), memory);
const writer = createRowWriter(memory, process);

function tableOf(poolBytes: number, more: Partial<WindowTableOptions> = {}) {
  const pool = new BlockPool(POOL_AT, poolBytes);
  const options: WindowTableOptions = {
    ...{ kernels, pool, windowMs: MINUTE_MS, disorderMs: 1000, maxGroups: 1000 },
    emittedUpToMs: Number.NEGATIVE_INFINITY,
    ...more,
  };
  return { pool, table: new WindowTable(process, options) };
}

interface Sample {
  readonly timeMs: number;
  readonly group?: bigint;
  readonly value?: number;
}

/** Public rows with one measure, in one batch. */
function batchOf(samples: readonly Sample[]) {
  const rows = samples.map(({ timeMs, value = 1 }): Row => {
    const none = { private_bytes_mb: null, cpu_percent: null, io_read_bytes: null, io_write_bytes: null };
    return { timestamp: timeMs, pid: 1, name: "p", working_set_mb: value, ...none };
  });
  writer.write(KERNEL_STATIC_BYTES, SLOT_BYTES, rows, 0, 0);
  const { batch } = writer;
  const at = batch.dataAt(process.plan.public("name_hash")) >>> 3;
  samples.forEach(({ group = 1n }, row) => {
    batch.views.u64[at + row] = group;
  });
  batch.seal();
  return batch;
}

describe("a window table", () => {
  test("counts what is late, and what was given out before", () => {
    const { table } = tableOf(2 ** 16, { emittedUpToMs: MINUTE_MS });
    table.add(batchOf([{ timeMs: MINUTE_MS - 1 }, { timeMs: MINUTE_MS }]));
    assert.equal(table.lateRows, 1);
    // The watermark reaches the end of the second minute, and passes it, within one batch.
    table.add(batchOf([{ timeMs: 2 * MINUTE_MS + 999 }, { timeMs: 2 * MINUTE_MS - 1 }]));
    assert.equal(table.lateRows, 1);
    table.add(batchOf([{ timeMs: 2 * MINUTE_MS + 1000 }, { timeMs: 2 * MINUTE_MS - 1 }]));
    assert.equal(table.lateRows, 2);
    assert.equal(table.watermarkMs, 2 * MINUTE_MS);
    const [closed, ...more] = table.close(table.watermarkMs);
    assert.deepEqual([closed?.startMs, closed?.endMs, more.length], [MINUTE_MS, 2 * MINUTE_MS, 0]);
    assert.equal(closed?.groups[0]?.aggregates[0]?.count, 2);
    assert.equal(table.close(table.watermarkMs).length, 0);
  });

  test("has a watermark before everything until there is a row", () => {
    const { table } = tableOf(2 ** 16);
    assert.equal(table.watermarkMs, Number.NEGATIVE_INFINITY);
    assert.deepEqual(table.close(table.watermarkMs), []);
    assert.equal(table.lastOpenEndMs(), undefined);
    table.add(batchOf([{ timeMs: -1 }]));
    assert.equal(table.lastOpenEndMs(), 0);
    assert.equal(table.close(0)[0]?.startMs, -MINUTE_MS);
  });

  test("gives groups by their pseudonyms as numbers of 64 bits", () => {
    const { table } = tableOf(2 ** 16);
    const keys = [2n ** 64n - 1n, 3n, 2n ** 63n, 2n ** 63n - 1n];
    table.add(batchOf(keys.map((group) => ({ timeMs: 0, group }))));
    const [window] = table.close(MINUTE_MS);
    assert.deepEqual(
      window?.groups.map(({ key }) => key),
      [3n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n],
    );
  });

  test("refuses rows of more groups than it may hold, window by window, and counts them", () => {
    const { table } = tableOf(2 ** 18, { maxGroups: 3 });
    const samples = [1n, 2n, 3n, 4n, 4n, 1n].map((group) => ({ timeMs: 0, group }));
    table.add(batchOf(samples));
    assert.equal(table.refusedRows, 2);
    table.add(batchOf([{ timeMs: MINUTE_MS, group: 4n }]));
    assert.equal(table.refusedRows, 2);
    const [window] = table.close(MINUTE_MS);
    assert.deepEqual(
      window?.groups.map(({ key, aggregates }) => [key, aggregates[0]?.count]),
      [
        [1n, 2],
        [2n, 1],
        [3n, 1],
      ],
    );
  });

  test("without memory for one more group refuses it whole, and gives back what it had taken for it", () => {
    // Room for one group of five measures, and a half.
    const { table, pool } = tableOf(5 * 320 + 800);
    table.add(
      batchOf([
        { timeMs: 0, group: 1n },
        { timeMs: 0, group: 2n },
        { timeMs: 0, group: 2n },
      ]),
    );
    assert.equal(table.refusedRows, 2);
    const [window] = table.close(MINUTE_MS);
    assert.equal(window?.groups.length, 1);
    for (const { aggregates } of window?.groups ?? []) for (const aggregate of aggregates) aggregate.free();
    table.add(batchOf([{ timeMs: MINUTE_MS, group: 2n }]));
    assert.equal(table.refusedRows, 2);
    assert.throws(() => pool.allocate(1024), PoolExhausted);
  });

  test("counts a value that its sketch has no room for, and keeps it among the moments", () => {
    const { table } = tableOf(5 * 320);
    // Over so many magnitudes that the smallest sketch does not hold them.
    const values = Array.from({ length: 200 }, (_, index) => 1.1 ** index);
    table.add(batchOf(values.map((value) => ({ timeMs: 0, value }))));
    assert.equal(table.refusedRows, 0);
    assert.ok(table.unsketchedValues > 0 && table.unsketchedValues < values.length);
    const aggregate = table.close(MINUTE_MS)[0]?.groups[0]?.aggregates[0];
    assert.equal(aggregate?.count, values.length);
    assert.equal(kernels.momentsMax(aggregate!.moments), values.at(-1));
    assert.equal(kernels.sketchCount(aggregate!.sketchAt), values.length - table.unsketchedValues);
  });
});

test("blocks of a pool never overlap, stay within it, and are used again", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.constantFrom(8, 64, 256, 512, 1024), fc.nat()), { maxLength: 200 }),
      (steps) => {
        const pool = new BlockPool(POOL_AT, 2 ** 13);
        const held: { at: number; bytes: number }[] = [];
        for (const [gives, bytes, pick] of steps) {
          if (gives && held.length > 0) {
            const [block] = held.splice(pick % held.length, 1);
            pool.free(block!.at, block!.bytes);
            continue;
          }
          try {
            const at = pool.allocate(bytes);
            assert.equal(at % 8, 0);
            assert.ok(at >= POOL_AT && at + bytes <= POOL_AT + 2 ** 13);
            for (const other of held) assert.ok(at + bytes <= other.at || other.at + other.bytes <= at);
            held.push({ at, bytes });
          } catch (error) {
            assert.ok(error instanceof PoolExhausted);
          }
        }
        // What was given back can be had again.
        for (const { at, bytes } of held) {
          pool.free(at, bytes);
          assert.equal(pool.allocate(bytes), at);
        }
      },
    ),
    { seed: 20_260_110, numRuns: 200 },
  );
});
