/**
 * Runs seeds of the simulation by hand:
 *
 *     bun test/simulation/run.ts --seed 12345              one, and prints what happens in it, step by step
 *     bun test/simulation/run.ts --from 1 --seeds 100000   many; tells of those that fail
 *
 * On Deno: `deno run -A test/simulation/run.ts …`. The exit code is 1 when one fails.
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { runSeeds } from "./seeds.ts";

const { values } = parseArgs({
  options: { seed: { type: "string" }, from: { type: "string" }, seeds: { type: "string" } },
});
const first = Number(values.seed ?? values.from ?? 1);
const count = values.seed === undefined ? Number(values.seeds ?? 1000) : 1;
if (!Number.isInteger(first) || !(Number.isInteger(count) && count > 0)) {
  console.error("expected --seed with a whole number, or --from and --seeds");
  process.exit(2);
}
const startMs = performance.now();
const { failures, hash, steps, lives, acknowledged, repeated } = await runSeeds(first, count, {
  onFailure: console.log,
  ...(values.seed === undefined ? {} : { print: console.log }),
});
const ms = performance.now() - startMs;
console.log(
  `${count} seeds from ${first}: ${failures.length} failed; ${steps} steps, ${lives} lives, ${acknowledged} rows acknowledged, ` +
    `${repeated} repeated; ${(ms / count).toFixed(2)} ms each; hash ${hash}`,
);
process.exit(failures.length > 0 ? 1 : 0);
