/**
 * The one command before a commit, and the one that CI runs: format, lint and import direction (Biome), types (tsc), tests on
 * Bun, tests on Deno. Everything runs, also after a failure, so that one look tells all that is wrong.
 *
 * Tests run side by side, as files in processes of their own. Deno's `--parallel` would run them as threads of one process, and some
 * of them look at what their process has open: so it gets its files in shards.
 *
 *   bun run check [--fast | --tested]        --fast leaves the tests out, --tested those that `bun run test` has just run
 */

import { spawn, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import process from "node:process";

/** Installed by npm when it is not on the PATH: the same version that the figures in the README are of. */
const DENO = "deno@2.9.6";

/** No test is meant to take this long; it is for machines that are busy with something else. */
const TEST_TIMEOUT_MS = "120000";

/** Parts that Deno's tests are run in: more would get into each other's way. */
const SHARDS = Math.min(4, availableParallelism());

interface Check {
  readonly name: string;
  /** Run side by side. The first one's output is shown as it comes, that of the others afterwards. */
  readonly commands: readonly (readonly string[])[];
}

const bun = process.execPath;
const checks: readonly Check[] = [
  {
    name: "format, lint, import direction",
    commands: [[bun, "x", "biome", "ci", "--error-on-warnings", "."]],
  },
  { name: "types", commands: [[bun, "x", "tsc"]] },
];
const onBun: Check = {
  name: "tests on Bun",
  commands: [[bun, "test", "--timeout", TEST_TIMEOUT_MS, "--parallel"]],
};
const onDeno: Check = {
  name: "tests on Deno",
  commands: Array.from({ length: SHARDS }, (_, index) => [
    ...deno(),
    ...["test", "-A", "--no-check", `--shard=${index + 1}/${SHARDS}`, "test/"],
  ]),
};

const failed: string[] = [];
const all = [...checks, ...testsFor(process.argv.slice(2))];
for (const { name, commands } of all) {
  const startedMs = performance.now();
  console.log(`\n── ${name}`);
  const good = await Promise.all(commands.map((command, index) => run(command, index === 0)));
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  if (good.every((isGood) => isGood)) console.log(`── ${name}: good, ${seconds} s`);
  else failed.push(name);
}
console.log(`\nchecks: ${all.length - failed.length} passed, ${failed.length} failed`);
if (failed.length > 0) {
  console.log(`failed: ${failed.join("; ")}`);
  process.exit(1);
}

/** Resolves with whether it ended well. */
function run([program = "", ...args]: readonly string[], isShown: boolean): Promise<boolean> {
  const child = spawn(program, args, {
    stdio: ["ignore", isShown ? "inherit" : "pipe", isShown ? "inherit" : "pipe"],
  });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part: Buffer) => said.push(part));
  return new Promise((resolve) => {
    child.on("error", ({ message }) => {
      console.log(`could not be started: ${message}`);
      resolve(false);
    });
    child.on("close", (code) => {
      process.stdout.write(Buffer.concat(said));
      resolve(code === 0);
    });
  });
}

function deno(): readonly string[] {
  const { status } = spawnSync("deno", ["--version"], { stdio: "ignore" });
  return status === 0 ? ["deno"] : [bun, "x", DENO];
}

function testsFor(flags: readonly string[]): readonly Check[] {
  if (flags.includes("--fast")) return [];
  return flags.includes("--tested") ? [onDeno] : [onBun, onDeno];
}
