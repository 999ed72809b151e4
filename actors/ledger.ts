/**
 * The conservation ledger: for each dataset, received = stored + rejected + dropped + in flight, at all times.
 *
 * The two sides are counted by different actors that share no counter. The **door** (whoever writes the dataset's lane)
 * counts what came and what it refused; the **store** (the recorder) counts what is in the log. What is in flight follows
 * from sequence numbers, not from either count: `published - recorded`. So the sum is a check and not a definition.
 *
 * Each side changes several figures at once, within a version that is odd meanwhile (a seqlock): a reader that met a change
 * looks again. Counts are doubles with one writing thread each, whole and exact below 2^53.
 */

import { REJECTION_REASONS, type RejectionReason } from "../datasets/rejection.ts";
import type { Arena } from "../runtime/arena.ts";
import { BLOCK_BYTES, Block, CELLS, type LedgerSpec, READ_ATTEMPTS } from "./ledger-block.ts";

export type { LedgerSpec } from "./ledger-block.ts";

/** Why a good row went no further. `lane-full`: no room in the lane. `crash`: in the hands of an actor that died. `poison`: see dead letters. */
export const DOOR_DROPS = ["lane-full", "crash"] as const;
export const STORE_DROPS = ["poison", "lost"] as const;
export type DoorDrop = (typeof DOOR_DROPS)[number];
export type StoreDrop = (typeof STORE_DROPS)[number];

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

/** What survives in the log: the counts that rows themselves do not tell. */
export interface CarriedCounts {
  readonly rejected: Readonly<Partial<Record<RejectionReason, number>>>;
  readonly dropped: Readonly<Partial<Record<DoorDrop | StoreDrop, number>>>;
}

/** Rows that were refused, by reason. */
export type RejectedRows = Readonly<Partial<Record<RejectionReason, number>>>;

/** The door's side of one dataset. */
export interface DoorCounts {
  readonly received: number;
  /** Sequence number after the last row that was shown to the lane's stages. */
  readonly published: number;
  readonly rejected: Readonly<Record<RejectionReason, number>>;
  readonly dropped: Readonly<Record<DoorDrop, number>>;
}

/** The store's side of one dataset. */
export interface StoreCounts {
  /** Rows in the log. */
  readonly stored: number;
  /** Sequence number after the last row that is in the log, or known to be dropped. */
  readonly recorded: number;
  readonly dropped: Readonly<Record<StoreDrop, number>>;
}

/** What a log says of a dataset when it is opened. */
export interface RecoveredCounts extends CarriedCounts {
  readonly stored: number;
  /** Sequence number that the next row gets. */
  readonly nextSequence: number;
  /** Largest event time among the rows, ms; null when there is none. */
  readonly latestMs: number | null;
}

/** Door block: version, received, published, then one count a reason. */
const RECEIVED = 1;
const PUBLISHED = 2;
const REJECTED = 3;
const DOOR_DROPPED = REJECTED + REJECTION_REASONS.length;
/** Store block: version, stored, recorded, latest event time, then one count a reason. */
const STORED = 1;
const RECORDED = 2;
const LATEST = 3;
const STORE_DROPPED = 4;

export function placeLedger(arena: Arena, datasets: readonly string[]): LedgerSpec {
  return { offset: arena.allocate(datasets.length * 2 * BLOCK_BYTES, "the ledger"), datasets };
}

/** The door's side of one dataset. One thread writes it. */
export class DoorAccount {
  readonly #block: Block;

  constructor(memory: WebAssembly.Memory, spec: LedgerSpec, dataset: string) {
    this.#block = new Block(memory, spec, dataset, 0);
  }

  /** Sequence number after the last row published. */
  get published(): number {
    return this.#block.get(PUBLISHED);
  }

  /** Whether nothing was ever counted here since the process began. */
  get isNew(): boolean {
    return this.#block.version === 0;
  }

  /**
   * Takes the account over from a door that may have died within a change. Rows that it had counted and neither published
   * nor refused were in its hands alone: they are dropped, and said so.
   * @param published end sequence of the lane's last batch; for a lane that has had none, where the log ends
   */
  takeOver(published: number): void {
    const block = this.#block;
    block.change(() => {
      block.set(PUBLISHED, published);
      const accounted = block.get(PUBLISHED) + this.#refused();
      const inHand = block.get(RECEIVED) - accounted;
      if (inHand > 0) block.add(DOOR_DROPPED + DOOR_DROPS.indexOf("crash"), inHand);
      else block.set(RECEIVED, accounted);
    });
  }

  /**
   * Counts `rows` as received and published, and those beside them that were refused, and has `show` show the former to the lane's stages
   * within the same change.
   */
  publish(rows: number, show: () => void, rejected: RejectedRows = {}): void {
    this.#block.change(() => {
      this.#reject(rejected);
      this.#block.add(RECEIVED, rows);
      this.#block.add(PUBLISHED, rows);
      show();
    });
  }

  rejected(reason: RejectionReason, rows = 1): void {
    this.#block.change(() => this.#reject({ [reason]: rows }));
  }

  dropped(reason: DoorDrop, rows: number): void {
    this.#block.change(() => {
      this.#block.add(RECEIVED, rows);
      this.#block.add(DOOR_DROPPED + DOOR_DROPS.indexOf(reason), rows);
    });
  }

  /** Sets the account to what the log says, before any door is open. */
  recover(counts: RecoveredCounts): void {
    const block = this.#block;
    block.change(() => {
      block.set(PUBLISHED, counts.nextSequence);
      REJECTION_REASONS.forEach((reason, index) => {
        block.set(REJECTED + index, counts.rejected[reason] ?? 0);
      });
      DOOR_DROPS.forEach((reason, index) => {
        block.set(DOOR_DROPPED + index, counts.dropped[reason] ?? 0);
      });
      block.set(RECEIVED, counts.nextSequence + this.#refused());
    });
  }

  counts(): DoorCounts {
    const cells = new Float64Array(CELLS);
    this.#block.trySettled(cells);
    return doorCounts(cells);
  }

  #reject(rejected: RejectedRows): void {
    REJECTION_REASONS.forEach((reason, index) => {
      const rows = rejected[reason] ?? 0;
      if (rows === 0) return;
      this.#block.add(RECEIVED, rows);
      this.#block.add(REJECTED + index, rows);
    });
  }

  #refused(): number {
    let rows = 0;
    for (let cell = REJECTED; cell < DOOR_DROPPED + DOOR_DROPS.length; cell++) rows += this.#block.get(cell);
    return rows;
  }
}

/** The store's side of one dataset. The recorder writes it. */
export class StoreAccount {
  readonly #block: Block;

  constructor(memory: WebAssembly.Memory, spec: LedgerSpec, dataset: string) {
    this.#block = new Block(memory, spec, dataset, 1);
  }

  /** Sequence number after the last row that is in the log, or known to be dropped. */
  get recorded(): number {
    return this.#block.get(RECORDED);
  }

  /** Largest event time in the log, ms; -Infinity when it holds no row. */
  get latestMs(): number {
    return this.#block.get(STORED) === 0 ? Number.NEGATIVE_INFINITY : this.#block.get(LATEST);
  }

  /** Counts rows that the log now holds, the latest of them at `latestMs`, and those before `endSequence` that it does not. */
  stored(rows: number, endSequence: number, latestMs: number): void {
    const block = this.#block;
    block.change(() => {
      const gap = endSequence - block.get(RECORDED) - rows;
      block.set(LATEST, Math.max(this.latestMs, latestMs));
      block.add(STORED, rows);
      if (gap > 0) block.add(STORE_DROPPED + STORE_DROPS.indexOf("poison"), gap);
      block.set(RECORDED, endSequence);
    });
  }

  /** Sets the account to what the log says. Rows that got a number, are not in the log and were not counted, are `lost`. */
  recover(counts: RecoveredCounts): void {
    const block = this.#block;
    block.change(() => {
      block.set(STORED, counts.stored);
      block.set(LATEST, counts.latestMs ?? Number.NEGATIVE_INFINITY);
      block.set(RECORDED, counts.nextSequence);
      const poison = counts.dropped.poison ?? 0;
      block.set(STORE_DROPPED + STORE_DROPS.indexOf("poison"), poison);
      block.set(STORE_DROPPED + STORE_DROPS.indexOf("lost"), counts.nextSequence - counts.stored - poison);
    });
  }

  /**
   * What the log holds and what it is known not to hold. From any thread; read while a change is under way, each figure is
   * from before or after it, and the log has all that any of them tells of.
   */
  counts(): StoreCounts {
    const cells = new Float64Array(CELLS);
    this.#block.trySettled(cells);
    return storeCounts(cells);
  }
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

function doorCounts(cells: Float64Array): DoorCounts {
  return {
    received: cells[RECEIVED]!,
    published: cells[PUBLISHED]!,
    rejected: named(cells, REJECTED, REJECTION_REASONS),
    dropped: named(cells, DOOR_DROPPED, DOOR_DROPS),
  };
}

function storeCounts(cells: Float64Array): StoreCounts {
  return {
    stored: cells[STORED]!,
    recorded: cells[RECORDED]!,
    dropped: named(cells, STORE_DROPPED, STORE_DROPS),
  };
}

function named<Name extends string>(cells: Float64Array, first: number, names: readonly Name[]) {
  return Object.fromEntries(names.map((name, index) => [name, cells[first + index]])) as Record<Name, number>;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
