/**
 * How every bench is measured.
 *
 * A case has one answer, several ways to it: ours and the peers'. First all are verified to give the same answer; only then
 * is time taken, in rounds that interleave ours and peers, so that a machine that slows down slows all of them. What
 * counts is the median of the rounds; the spread is shown beside it. Work happens inside functions: code at module
 * top level is not optimized while it runs.
 */

import { availableParallelism, cpus } from "node:os";

/** One way to the answer. `measure` takes one sample, in the case's unit: a rate, more is better. */
export interface Subject {
  readonly name: string;
  measure(): number | Promise<number>;
}

export interface Case {
  readonly name: string;
  /** A rate, such as "M values/s". */
  readonly unit: string;
  readonly ours: Subject;
  readonly peers: readonly Subject[];
  /** Throws unless ours and all peers give the same answer (or each one that its promise allows). */
  verify(): void | Promise<void>;
}

export interface Suite {
  readonly name: string;
  /** What is worked on: sizes, shapes, seeds. */
  readonly payload: string;
  readonly cases: readonly Case[];
}

/** One case's line of `--json`. `ratio` above 1 means that ours is better than the best peer. */
export interface Result {
  readonly bench: string;
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
  readonly ratio: number;
}

export interface MeasuredCase {
  readonly result: Result;
  /** What was worked on, for people. */
  readonly payload?: string;
  /** Lowest and highest sample of each subject, ours under "ours". */
  readonly spread: Readonly<Record<string, readonly [number, number]>>;
}

const ROUNDS = 15;
const WARM_UP_ROUNDS = 3;
const SAMPLE_MS = 25;

/** A subject that does `operations` operations a call of `work`; the unit is operations a second, divided by `per`. */
export function timed(name: string, operations: number, per: number, work: () => void): Subject {
  let calls = 1;
  return {
    name,
    measure() {
      for (;;) {
        const startMs = performance.now();
        repeat(work, calls);
        const tookMs = performance.now() - startMs;
        // Too short a sample measures the clock: take more calls from now on.
        if (tookMs >= SAMPLE_MS / 2) return (operations * calls * 1000) / tookMs / per;
        calls = Math.max(calls * 2, Math.floor((calls * SAMPLE_MS) / Math.max(tookMs, 0.01)));
      }
    },
  };
}

/** A bench (as run.ts wants it) of a suite's cases. */
export function measureSuite(suite: Suite): (report: (measured: MeasuredCase) => void) => Promise<void> {
  return async (report) => {
    for (const one of suite.cases) report(await measureCase(suite, one));
  };
}

async function measureCase(suite: Suite, one: Case): Promise<MeasuredCase> {
  await one.verify();
  const subjects = [one.ours, ...one.peers];
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    for (const subject of subjects) await subject.measure();
  }
  const samples = subjects.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, subject] of subjects.entries()) samples[i]!.push(await subject.measure());
  }

  const [ours, ...peers] = samples.map(median);
  const names = one.peers.map((peer) => peer.name);
  return {
    result: {
      bench: suite.name,
      case: one.name,
      unit: one.unit,
      ours: rounded(ours!),
      peers: Object.fromEntries(names.map((name, i) => [name, rounded(peers[i]!)])),
      ratio: rounded(ours! / Math.max(...peers)),
    },
    payload: suite.payload,
    spread: Object.fromEntries(
      ["ours", ...names].map((name, i) => [
        name,
        [rounded(Math.min(...samples[i]!)), rounded(Math.max(...samples[i]!))],
      ]),
    ),
  };
}

/** What figures cannot be read without. */
export function describeHost(): string {
  const runtime =
    "Deno" in globalThis
      ? `Deno ${process.versions["deno"]}`
      : `Bun ${process.versions["bun"] ?? `(Node ${process.version})`}`;
  return `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores, ${runtime}`;
}

/** Throws unless the two are within `tolerance` (relative) of each other. */
export function assertNear(actual: number, expected: number, tolerance: number, what: string): void {
  if (!(Math.abs(actual - expected) <= Math.abs(expected) * tolerance)) {
    throw new Error(`${what}: expected ${expected} within ${tolerance * 100} %, got ${actual}`);
  }
}

function repeat(work: () => void, calls: number): void {
  for (let i = 0; i < calls; i++) work();
}

function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** To four digits: more are noise. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
