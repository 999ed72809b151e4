/**
 * Sends bodies of one format the way in: random rows as they are, the same with something wrong with them, and bytes that were never a
 * body. Each body is a function of the seed and its number, so that one that fails is run again by itself.
 */

import type { Dataset } from "../../../datasets/define.ts";
import type { PushFormat } from "../../../ingest/decoder.ts";
import { Arena } from "../../../runtime/arena.ts";
import { viewsOf } from "../../../runtime/batch/index.ts";
import {
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
} from "../../../wasm/index.ts";
import { GUARD_BYTES, Guards } from "./guarded.ts";
import { fuzzLedger, LedgeredLane } from "./lane.ts";
import { mutate, randomBody } from "./mutate.ts";
import { makePool, type PoolBody } from "./pool.ts";
import { Random } from "./random.ts";
import { ROW_KINDS } from "./rows.ts";
import { WayIn, type WayInOutcome } from "./way-in.ts";

export interface FuzzOptions {
  readonly format: PushFormat;
  readonly bodies: number;
  readonly seed: number;
  /** Number of the first body. Default 0. */
  readonly from?: number;
}

export interface FuzzResult {
  readonly bodies: number;
  /** Rows, in bodies that were taken. */
  readonly accepted: number;
  readonly rejected: number;
  /** Bodies that were refused as a whole. */
  readonly faults: number;
}

const MEMORY_BYTES = 48 * 2 ** 20;
const BODY_BYTES = 64 * 1024;
/** One body in so many also goes through a door into a lane. */
const LANE_EVERY = 64;

/** @throws Error on the first body with which something is not as it must be: which, and what */
export function runFuzz({ format, bodies, seed, from = 0 }: FuzzOptions): FuzzResult {
  const run = new FuzzRun(format, seed);
  let [accepted, rejected, faults] = [0, 0, 0];
  for (let body = from; body < from + bodies; body++) {
    try {
      const outcome = run.body(body);
      if (outcome.isFault) faults++;
      else {
        accepted += outcome.accepted;
        rejected += outcome.rejected;
      }
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const again = `bun test/ingest/fuzz.ts --format ${format} --seed ${seed} --from ${body} --bodies 1`;
      throw new Error(`body ${body}: ${why}\n  ${again}`, { cause });
    }
  }
  return { bodies, accepted, rejected, faults };
}

class FuzzRun {
  readonly #format: PushFormat;
  readonly #seed: number;
  readonly #pool: readonly PoolBody[];
  readonly #u8: Uint8Array;
  readonly #guards: Guards;
  readonly #bodyAt: number;
  readonly #ways: ReadonlyMap<Dataset, WayIn>;
  readonly #lanes: ReadonlyMap<Dataset, LedgeredLane>;

  constructor(format: PushFormat, seed: number) {
    const memory = createKernelMemory({ bytes: MEMORY_BYTES });
    const module = compileKernels();
    const kernels = instantiateKernels(module, memory);
    const arena = new Arena(memory, KERNEL_STATIC_BYTES);
    const datasets = ROW_KINDS.map(({ dataset }) => dataset);
    const ledger = fuzzLedger(arena, datasets);
    this.#format = format;
    this.#seed = seed;
    this.#pool = makePool(format, new Random(seed));
    this.#u8 = viewsOf(memory.buffer).u8;
    this.#guards = new Guards(memory);
    this.#bodyAt = arena.allocate(BODY_BYTES + 2 * GUARD_BYTES, "a body") + GUARD_BYTES;
    this.#ways = new Map(datasets.map((dataset) => [dataset, new WayIn(kernels, arena, format, dataset)]));
    this.#lanes = new Map(
      datasets.map((dataset) => [dataset, new LedgeredLane(kernels, module, arena, ledger, dataset)]),
    );
  }

  body(number: number): WayInOutcome {
    const random = new Random(Math.imul(this.#seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
    const from = random.pick(this.#pool);
    const kind = random.below(16);
    const isKept = kind < 3;
    const made = isKept
      ? from.bytes
      : kind === 3
        ? randomBody(random)
        : mutate(random, from.bytes, random.pick(this.#pool).bytes);
    const bytes = made.subarray(0, BODY_BYTES);
    this.#place(bytes);
    const outcome = this.#ways.get(from.dataset)!.run(this.#bodyAt, bytes.length);
    if (isKept) checkKept(from, outcome);
    this.#checkPlace(bytes);
    if (number % LANE_EVERY === 0) {
      this.#lanes.get(from.dataset)!.run(this.#format, this.#bodyAt, bytes.length, outcome);
    }
    return outcome;
  }

  #place(bytes: Uint8Array): void {
    const at = this.#bodyAt;
    this.#u8.set(bytes, at);
    const behind = at + bytes.length;
    // A guard begins on a word; what is before it in the word is not the body's either.
    const aligned = (behind + 3) & ~3;
    this.#u8.fill(0xff, behind, aligned);
    this.#guards.set(at - GUARD_BYTES);
    this.#guards.set(aligned);
  }

  #checkPlace(bytes: Uint8Array): void {
    const at = this.#bodyAt;
    const u8 = this.#u8;
    for (let byte = 0; byte < bytes.length; byte++) {
      if (u8[at + byte] !== bytes[byte]) throw new Error(`byte ${byte} of the body was written`);
    }
    if (!this.#guards.isWhole(at - GUARD_BYTES)) throw new Error("bytes before the body were written");
    if (!this.#guards.isWhole((at + bytes.length + 3) & ~3))
      throw new Error("bytes behind the body were written");
  }
}

function checkKept({ rows, isGood }: PoolBody, { accepted, rejected, isFault }: WayInOutcome): void {
  if (isFault) throw new Error("a body that is as it must be is refused");
  if (accepted + rejected !== rows)
    throw new Error(`of ${rows} rows, ${accepted} were accepted and ${rejected} refused`);
  if (isGood && rejected > 0) throw new Error(`of ${rows} good rows, ${rejected} were refused`);
}
