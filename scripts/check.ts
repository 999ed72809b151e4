/**
 * The one command before a commit, and the one that CI runs: format, lint and import direction (Biome), types (tsc), tests on
 * Bun, tests on Deno. Everything runs, also after a failure, so that one look tells all that is wrong.
 *
 *   bun run check [--fast | --tested]        --fast leaves the tests out, --tested those that `bun run test` has just run
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
const onBun: Check = {
  name: "tests on Bun",
  command: [bun, "test", "--timeout", TEST_TIMEOUT_MS, "--parallel"],
};
const onDeno: Check = {
  name: "tests on Deno",
  command: [...deno(), "test", "-A", "--no-check", "--parallel", "test/"],
};

const failed: string[] = [];
const all = [...checks, ...testsFor(process.argv.slice(2))];
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

function testsFor(flags: readonly string[]): readonly Check[] {
  if (flags.includes("--fast")) return [];
  return flags.includes("--tested") ? [onDeno] : [onBun, onDeno];
}
