/**
 * Four test files share the seeds of the simulation, so that they run side by side. How many there are all together: TEST_SEEDS;
 * by default 10 000 on Bun, and one in 25 of them on Deno, where the same seed gives the same run.
 */

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { runSeeds } from "./seeds.ts";

const PARTS = 4;
const SEEDS = 10_000;
const IS_DENO = process.versions["deno"] !== undefined;
/** Generous: a machine that is busy with something else takes its time. */
const MS_PER_SEED = 400;
/** Seeds whose runs must be the same everywhere. */
const KNOWN_SEEDS = 20;
/** Failures that are told of. */
const TOLD = 10;

/**
 * Defines the tests of one part.
 * @param part from 0 to 3
 * @param hash what run.ts says of the seeds that the first test runs
 */
export function simulate(part: number, hash: string): void {
  const wanted = Number(process.env["TEST_SEEDS"] ?? (IS_DENO ? SEEDS / 25 : SEEDS));
  const count = Math.ceil(wanted / PARTS);
  const first = 1 + part * count;
  const known = 1_000_000 * (part + 1);

  test("the same seed gives the same run on Bun and on Deno", { timeout: 240_000 }, async () => {
    const run = await runSeeds(known, KNOWN_SEEDS);
    assert.deepEqual(run.failures, []);
    const command = `bun test/simulation/run.ts --from ${known} --seeds ${KNOWN_SEEDS}`;
    assert.equal(run.hash, hash, `after a change of what actors do, the hash is what this says: ${command}`);
  });

  test(`seeds ${first} to ${first + count - 1}`, { timeout: 120_000 + count * MS_PER_SEED }, async () => {
    const { failures } = await runSeeds(first, count);
    const told = failures.slice(0, TOLD).join("\n");
    assert.ok(failures.length === 0, `${failures.length} of ${count} seeds failed:\n${told}`);
  });
}
