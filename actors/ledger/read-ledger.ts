/** Reads both sides of every account at one moment, and adds them up. */

import type { RejectionReason } from "../../datasets/rejection.ts";
import { Block, CELLS, type LedgerSpec, READ_ATTEMPTS } from "./block.ts";
import { type DoorDrop, doorCounts, type StoreDrop, storeCounts } from "./figures.ts";

export interface LedgerRow {
  readonly dataset: string;
  readonly received: number;
  readonly stored: number;
  readonly rejected: Readonly<Record<RejectionReason, number>>;
  readonly dropped: Readonly<Record<DoorDrop | StoreDrop, number>>;
  readonly inFlight: number;
  /** Whether received = stored + rejected + dropped + in flight. Anything but true is a bug in this program. */
  readonly balanced: boolean;
}

/**
 * The whole ledger, each row a moment that was. From any thread, without waiting: while somebody sleeps or has died within a
 * change, a row stays what this thread read last.
 */
export function readLedger(memory: WebAssembly.Memory, spec: LedgerSpec): readonly LedgerRow[] {
  return spec.datasets.map((dataset) => {
    const [door, store] = readSides(memory, spec, dataset);
    const { received, published, rejected, ...in_ } = doorCounts(door);
    const { stored, recorded, ...out } = storeCounts(store);
    const dropped = { ...in_.dropped, ...out.dropped };
    const inFlight = published - recorded;
    const balanced = received === stored + sum(rejected) + sum(dropped) + inFlight;
    return { dataset, received, stored, rejected, dropped, inFlight, balanced };
  });
}

type Sides = readonly [door: Float64Array, store: Float64Array];

/** What this thread read last of a memory's accounts, by their place. */
const lastRead = new WeakMap<ArrayBufferLike, Map<string, Sides>>();

/**
 * The figures of both sides at one moment. When the sides change too often for that, those of the store at one moment and
 * those of the door at one a little later: each side balances by itself, and nothing is recorded that was not published.
 */
function readSides(memory: WebAssembly.Memory, spec: LedgerSpec, dataset: string): Sides {
  const [door, store] = [new Block(memory, spec, dataset, 0), new Block(memory, spec, dataset, 1)];
  const sides: Sides = [new Float64Array(CELLS), new Float64Array(CELLS)];
  let known = lastRead.get(memory.buffer);
  if (known === undefined) {
    known = new Map();
    lastRead.set(memory.buffer, known);
  }
  const place = `${spec.offset} ${dataset}`;
  if (tryReadBoth(door, store, sides) || (store.trySettled(sides[1]) && door.trySettled(sides[0]))) {
    known.set(place, sides);
    return sides;
  }
  // Before the first read nothing had been counted: zeros were true once.
  return known.get(place) ?? [new Float64Array(CELLS), new Float64Array(CELLS)];
}

function tryReadBoth(door: Block, store: Block, sides: Sides): boolean {
  for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
    const before = [door.version, store.version] as const;
    door.copyTo(sides[0]);
    store.copyTo(sides[1]);
    const still = store.version === before[1] && door.version === before[0];
    if (still && ((before[0] | before[1]) & 1) === 0) return true;
  }
  return false;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
