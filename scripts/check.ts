/**
 * The one command before a commit, and the one that CI runs: format, lint and import direction (Biome), types (tsc), tests on
 * Bun, tests on Deno. Everything runs, also after a failure, so that one look tells all that is wrong. What passes is told in a line;
 * what failed comes again as the very last lines, from both runtimes. What each run printed and how long its tests took (JUnit's
 * XML) stays in node_modules/.cache/millrace-reports until the next one.
 *
 *   bun run check [--fast | --tested]        --fast leaves the tests out, --tested those that `bun run test` has just run
 */

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { denoParts } from "./deno-parts.ts";
import { failuresIn, slowestIn, toldFailures } from "./failures.ts";

/** Installed by npm when it is not on the PATH: the same version that the figures in the README are of. */
const DENO = "deno@2.9.6";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const REPORTS = join(ROOT, "node_modules/.cache/millrace-reports");
/** Milliseconds of each test file on Bun, as `bun test --timings=test/timings.json --update-timings` writes them. */
const TIMINGS = "test/timings.json";

/** No test is meant to take this long; it is for machines that are busy with something else. */
const TEST_TIMEOUT_MS = "120000";
/** A run that takes longer hangs, and is killed so that it can be told which test it was in. */
const RUN_TIMEOUT_MS = 1_200_000;

/** Parts that Deno's tests are run in at a time: more would get into each other's way. */
const WORKERS = Math.min(4, availableParallelism());
const SLOWEST_TOLD = 8;

interface Run {
  /** Its files in the folder of reports. */
  readonly name: string;
  readonly command: readonly string[];
}

interface Check {
  readonly name: string;
  /** Several are run side by side. */
  readonly runs: readonly Run[];
}

const bun = process.execPath;
const flags = process.argv.slice(2);
const isTested = flags.includes("--tested");

mkdirSync(REPORTS, { recursive: true });
for (const name of readdirSync(REPORTS)) {
  if (!isTested || /^(?:deno-|lint\.|types\.)/.test(name)) rmSync(join(REPORTS, name), { recursive: true });
}

const checks: readonly Check[] = [
  {
    name: "format, lint, import direction",
    runs: [{ name: "lint", command: [bun, "x", "biome", "ci", "--error-on-warnings", "."] }],
  },
  { name: "types", runs: [{ name: "types", command: [bun, "x", "tsc"] }] },
  ...testsFor(),
];
const failed: string[] = [];
for (const { name, runs } of checks) {
  const startedMs = performance.now();
  console.log(`\n── ${name}`);
  const good = await runAll(runs);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  if (!good) failed.push(name);
  console.log(`── ${name}: ${good ? "good" : "FAILED"}, ${seconds} s`);
}
const slowest = slowestIn(REPORTS).slice(0, SLOWEST_TOLD);
if (slowest.length > 0) console.log("\nThe slowest test files:");
for (const { run, file, seconds } of slowest)
  console.log(`${seconds.toFixed(1).padStart(7)} s  ${run}  ${file}`);
console.log(`\nchecks: ${checks.length - failed.length} passed, ${failed.length} failed`);
if (failed.length > 0) {
  console.log(`${toldFailures(failuresIn(REPORTS))} in ${failed.join("; ")}`);
  process.exit(1);
}

/** Begins them in their order, and resolves with whether all ended well. */
async function runAll(runs: readonly Run[]): Promise<boolean> {
  const queue = [...runs.entries()];
  let isGood = true;
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, run] = next;
      const startedMs = performance.now();
      const code = await runOne(run);
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      isGood &&= code === 0;
      const said = code === 0 ? "good" : `FAILED (${code})`;
      if (runs.length > 1)
        console.log(`${run.name} of ${runs.length}: ${said}, ${seconds} s${toldFiles(run)}`);
      if (code !== 0) console.log(readFileSync(join(REPORTS, `${runs[index]!.name}.log`), "utf8"));
    }
  };
  await Promise.all(Array.from({ length: Math.min(WORKERS, runs.length) }, work));
  return isGood;
}

/** Resolves with its exit code, or with what else it ended by. */
function runOne({ name, command: [program = "", ...args] }: Run): Promise<number | string> {
  const child = spawn(program, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => said.push(part));
  return new Promise((resolve) => {
    let isLate = false;
    const end = (code: number | string) => {
      clearTimeout(timer);
      writeFileSync(join(REPORTS, `${name}.log`), Buffer.concat(said));
      writeFileSync(join(REPORTS, `${name}.code`), `${code}\n`);
      resolve(code);
    };
    const timer = setTimeout(() => {
      isLate = true;
      child.kill("SIGKILL");
    }, RUN_TIMEOUT_MS);
    child.on("error", ({ message }) => end(`could not be started: ${message}`));
    // What it has started may hold its pipes open when it is killed.
    child.on("exit", () => {
      if (isLate) end(`killed after ${RUN_TIMEOUT_MS / 1000} s`);
    });
    child.on("close", (code, signal) => {
      if (!isLate) end(code ?? signal ?? "an unknown end");
    });
  });
}

function testsFor(): readonly Check[] {
  if (flags.includes("--fast")) return [];
  return isTested ? [onDeno()] : [onBun(), onDeno()];
}

function onBun(): Check {
  const report = ["--reporter=junit", `--reporter-outfile=${join(REPORTS, "bun.xml")}`];
  const how = ["--timeout", TEST_TIMEOUT_MS, "--parallel", "--only-failures", `--timings=${TIMINGS}`];
  return { name: "tests on Bun", runs: [{ name: "bun", command: [bun, "test", ...how, ...report] }] };
}

function onDeno(): Check {
  const files = readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" });
  const tests = files.filter((name) => name.endsWith(".test.ts")).map((name) => `test/${name}`);
  const { files: measuredMs } = JSON.parse(readFileSync(join(ROOT, TIMINGS), "utf8")) as {
    files: Record<string, number>;
  };
  const deno = denoCommand();
  return {
    name: "tests on Deno",
    runs: denoParts(tests.sort(), measuredMs).map((part, index) => {
      const name = `deno-${String(index + 1).padStart(2, "0")}`;
      const report = `--junit-path=${join(REPORTS, `${name}.xml`)}`;
      return { name, command: [...deno, "test", "-A", "--no-check", report, ...part] };
    }),
  };
}

function denoCommand(): readonly string[] {
  const { status } = spawnSync("deno", ["--version"], { stdio: "ignore" });
  return status === 0 ? ["deno"] : [bun, "x", DENO];
}

/** The first of its test files, and how many more there are. */
function toldFiles({ command }: Run): string {
  const [first, ...more] = command.filter((part) => part.endsWith(".test.ts"));
  if (first === undefined) return "";
  return `  ${first}${more.length === 0 ? "" : ` and ${more.length} more`}`;
}
