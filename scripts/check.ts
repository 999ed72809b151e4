/**
 * The one command before a commit, and the one that CI runs: format, lint and import direction (Biome), types (tsc), tests on
 * Bun, tests on Deno. Everything runs, also after a failure, so that one look tells all that is wrong.
 *
 *   bun run check [--fast]        --fast leaves the tests out
 */

import { spawnSync } from "node:child_process";
import process from "node:process";

/** Installed by npm when it is not on the PATH: the same version that the figures in the README are of. */
const DENO = "deno@2.9.6";

/** No test is meant to take this long; it is for machines that are busy with something else. */
const TEST_TIMEOUT_MS = "120000";

interface Check {
  readonly name: string;
  readonly command: readonly string[];
}

const bun = process.execPath;
const checks: readonly Check[] = [
  { name: "format, lint, import direction", command: [bun, "x", "biome", "ci", "--error-on-warnings", "."] },
  { name: "types", command: [bun, "x", "tsc"] },
];
const tests: readonly Check[] = [
  { name: "tests on Bun", command: [bun, "test", "--timeout", TEST_TIMEOUT_MS] },
  { name: "tests on Deno", command: [...deno(), "test", "-A", "--no-check", "test/"] },
];

const failed: string[] = [];
const all = process.argv.includes("--fast") ? checks : [...checks, ...tests];
for (const { name, command } of all) {
  const startedMs = performance.now();
  console.log(`\n── ${name}`);
  const [program = "", ...args] = command;
  const { status, error } = spawnSync(program, args, { stdio: "inherit" });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  if (error !== undefined) console.log(`could not be started: ${error.message}`);
  if (status === 0) console.log(`── ${name}: good, ${seconds} s`);
  else failed.push(name);
}
console.log(`\nchecks: ${all.length - failed.length} passed, ${failed.length} failed`);
if (failed.length > 0) {
  console.log(`failed: ${failed.join("; ")}`);
  process.exit(1);
}

function deno(): readonly string[] {
  const { status } = spawnSync("deno", ["--version"], { stdio: "ignore" });
  return status === 0 ? ["deno"] : [bun, "x", DENO];
}
