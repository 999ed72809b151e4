/** Runs seeds one after the other, and says of those that fail how they are run again. */

import process from "node:process";
import { SeedRun } from "./run-seed.ts";
import { Space } from "./space.ts";

export interface SeedsRun {
  /** A text for each seed that failed: why, and the command that runs it again. */
  readonly failures: readonly string[];
  /** Of all traces: equal for equal runs, on Bun and on Deno. */
  readonly hash: string;
  readonly steps: number;
  readonly lives: number;
  readonly acknowledged: number;
  /** Rows that were sent again and were there already. */
  readonly repeated: number;
}

export interface SeedsOptions {
  /** Gets each line of the traces. */
  readonly print?: (line: string) => void;
  /** Gets each failure as it comes. */
  readonly onFailure?: (text: string) => void;
}

/** Real time after which a seed is given up: it does not come to its end. */
const STUCK_AFTER_MS = 60_000;

let space: Space | undefined;

export async function runSeeds(
  first: number,
  count: number,
  { print, onFailure }: SeedsOptions = {},
): Promise<SeedsRun> {
  space ??= new Space();
  const failures: string[] = [];
  let [hash, steps, lives, acknowledged, repeated] = [0, 0, 0, 0, 0];
  for (let seed = first; seed < first + count; seed++) {
    const run = new SeedRun(seed, space, print);
    try {
      await inTime(run.run());
    } catch (error) {
      const { family } = run.scenario;
      const what =
        error instanceof Error ? (print === undefined ? error.message : error.stack) : String(error);
      const text = `seed ${seed} (${family.name}): ${what}\n  ${commandFor(seed)}`;
      failures.push(text);
      onFailure?.(text);
    }
    hash = (Math.imul(hash, 31) + Number.parseInt(run.trace.hash, 16)) >>> 0;
    steps += run.trace.steps;
    lives += run.figures.lives;
    acknowledged += run.figures.acknowledged;
    repeated += run.figures.repeated;
  }
  return { failures, hash: hash.toString(16).padStart(8, "0"), steps, lives, acknowledged, repeated };
}

/** What runs a seed again and prints what happens in it. */
function commandFor(seed: number): string {
  const runtime = process.versions["deno"] === undefined ? "bun" : "deno run -A";
  return `${runtime} test/simulation/run.ts --seed ${seed}`;
}

async function inTime(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stuck = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it does not come to its end")), STUCK_AFTER_MS);
  });
  try {
    await Promise.race([work, stuck]);
  } finally {
    clearTimeout(timer);
  }
}
