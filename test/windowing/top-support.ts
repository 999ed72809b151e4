/** What the tests of heavy items share: streams, records made of them, and all that a record tells. */

import fc from "fast-check";
import { StateWriter } from "../../windowing/state.ts";
import type { Top } from "../../windowing/top.ts";
import type { ReferenceSpaceSaving } from "../wasm/reference/space-saving.ts";
import { randomFrom } from "../wasm/support.ts";
import { type ColumnOptions, Ground } from "./support.ts";

export const ground = new Ground(24 << 20, 8 << 20);
/** Where the rows' records are told: behind the rows, before the pools. */
export const RECORDS_AT = 65536 + (7 << 20);

export const RECORDS = new Uint32Array(ground.memory.buffer, RECORDS_AT, 65536);

/** A small pool of its own, for a second accumulation: behind the records. */
export function smallPool() {
  return ground.pool(1 << 16, RECORDS_AT + (1 << 19));
}

/** As many counters as nine ranks get. */
export const CAPACITY = 105;

export type Weighed = readonly [item: number, weight: number];

/** A stream of `length` rows with `items` items, few of which come often; weights are whole, or halves. */
export const stream = fc
  .record({
    length: fc.constantFrom(0, 1, 90, 400, 3000),
    items: fc.constantFrom(3, CAPACITY, CAPACITY + 1, 500, 5000),
    skew: fc.integer({ min: 1, max: 5 }),
    isWeighed: fc.boolean(),
    seed: fc.integer(),
  })
  .map(({ length, items, skew, isWeighed, seed }): Weighed[] => {
    const random = randomFrom(seed);
    return Array.from({ length }, () => [
      Math.floor(items * random() ** skew),
      isWeighed ? Math.floor(random() * 9) / 2 : 1,
    ]);
  });

/** All to one record, in one call, or in pieces. */
export function add(
  top: Top,
  record: number,
  rows: readonly Weighed[],
  options: ColumnOptions = {},
  piece = 65536,
) {
  RECORDS.fill(record);
  const types = options.types ?? ["u64", "f64"];
  const columns = ground.columns(
    rows.map(([item, weight]) => ({ time: 0, values: [item, weight] })),
    { ...options, types },
  );
  for (let from = 0; from < rows.length; from += piece) {
    top.add(columns, RECORDS_AT, from, Math.min(from + piece, rows.length));
  }
}

export function recordOf(top: Top, rows: readonly Weighed[]): number {
  const record = top.make();
  add(top, record, rows);
  return record;
}

/** All there is to know of a record, by a reader that is told of every counter. */
export function facts(top: Top, record: number) {
  return {
    ranks: top.top(record).map(({ item, weight, error }) => [Number(item), { weight, error }]),
    least: top.least(record),
    total: top.total(record),
  };
}

export function factsOf(reference: ReferenceSpaceSaving, ranks: number) {
  return { ranks: reference.ranks().slice(0, ranks), least: reference.least, total: reference.total };
}

export function state(top: Top, record: number): Uint8Array {
  const out = new StateWriter();
  top.save(record, out);
  return out.written.slice();
}

/** All counters of a record, as they lie. */
export function* countersOf(record: number): Generator<[bigint, number, number]> {
  const at = ground.kernels.topCounters(record);
  for (let i = 0; i < ground.kernels.topCount(record); i++) {
    const [item] = new BigUint64Array(ground.memory.buffer, at + i * 24, 1);
    const [weight, error] = new Float64Array(ground.memory.buffer, at + i * 24 + 8, 2);
    yield [item!, weight!, error!];
  }
}

/** Takes blocks until there is none left. */
export function takeAll(allocate: () => number): void {
  try {
    while (allocate() > 0);
  } catch {
    // That was the last one.
  }
}
