/**
 * A Python with pinned packages for the tests that need another program's opinion.
 *
 * The environment is made once, under node_modules/.cache/millrace-venv, and added to when a test needs more. Test files
 * run at the same time, on two runtimes: who makes or changes it holds a lock, and the others wait.
 */

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const CACHE = fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url));
const VENV = `${CACHE}millrace-venv`;
const LOCK = `${CACHE}millrace-venv.lock`;
/** Lists the packages that are installed; written last, so that a half-made environment is made anew. */
const MARKER = `${VENV}/millrace-packages.json`;
const PYTHON = `${VENV}/bin/python3`;
/** Modules are compiled as they are imported: all of them at once takes pip two thirds of its time, and few are ever used. */
const PIP_FLAGS = [
  "--quiet",
  "--disable-pip-version-check",
  "--no-input",
  "--only-binary=:all:",
  "--no-compile",
];
const LOCK_DEADLINE_MS = 540_000;
const LOCK_POLL_MS = 100;

/** For how long a test that may have to make the environment can take. */
export const PYTHON_TEST_TIMEOUT_MS = 600_000;

export interface ProgramResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Why the tests that need Python are skipped, or false: they are not. Only who asks for it by MILLRACE_SKIP_PYTHON=1 skips
 * them, and never where CI=true: a green run there means that they ran.
 */
export function pythonSkipped(
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | false {
  return env["MILLRACE_SKIP_PYTHON"] === "1" && env["CI"] !== "true" ? "MILLRACE_SKIP_PYTHON=1" : false;
}

/**
 * A Python interpreter that has the packages.
 * @param packages pinned, as `pyarrow==26.0.1`
 * @throws Error when there is no python3, or it has no venv, or a package cannot be installed
 */
export async function pythonWith(packages: readonly string[]): Promise<string> {
  if (isInstalled(packages)) return PYTHON;
  await takeLock();
  try {
    if (isInstalled(packages)) return PYTHON;
    const before = installed();
    if (before === undefined) await makeEnvironment();
    const { code, stderr } = await run(PYTHON, ["-m", "pip", "install", ...PIP_FLAGS, ...packages]);
    if (code !== 0) throw new Error(`pip could not install ${packages.join(", ")}:\n${stderr}`);
    const all = [...new Set([...(before ?? []), ...packages])];
    writeFileSync(`${MARKER}.new`, JSON.stringify(all));
    renameSync(`${MARKER}.new`, MARKER);
    return PYTHON;
  } finally {
    rmSync(LOCK, { recursive: true, force: true });
  }
}

/** Runs a program to its end. @throws Error when it cannot be started */
export function run(program: string, args: readonly string[]): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

async function makeEnvironment(): Promise<void> {
  const advice =
    "The interop tests need Python 3.10 or later with its venv module (Debian: apt-get install python3 python3-venv); " +
    "MILLRACE_SKIP_PYTHON=1 leaves them out, though not where CI=true.";
  const result = await run("python3", ["-m", "venv", "--clear", VENV]).catch((cause) => {
    throw new Error(`python3 was not found. ${advice}`, { cause });
  });
  if (result.code !== 0)
    throw new Error(`python3 -m venv failed. ${advice}\n${result.stdout}${result.stderr}`);
}

function isInstalled(packages: readonly string[]): boolean {
  const there = installed();
  return there !== undefined && packages.every((name) => there.includes(name));
}

/** What is installed; undefined when there is no whole environment. */
function installed(): readonly string[] | undefined {
  try {
    return JSON.parse(readFileSync(MARKER, "utf8")) as string[];
  } catch {
    // No marker, or one of a form that is no longer written: made anew either way.
    return undefined;
  }
}

/** Waits for the lock: a directory, as making one is atomic everywhere, with its holder's process id. */
async function takeLock(): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  for (let waitedMs = 0; waitedMs <= LOCK_DEADLINE_MS; waitedMs += LOCK_POLL_MS) {
    try {
      mkdirSync(LOCK);
      writeFileSync(`${LOCK}/pid`, String(process.pid));
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (isAbandoned()) rmSync(LOCK, { recursive: true, force: true });
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
  throw new Error(`waited ${LOCK_DEADLINE_MS / 1000} s for ${LOCK}; remove it when no test is running`);
}

/** Whether the process that holds the lock is gone. */
function isAbandoned(): boolean {
  try {
    const pid = Number(readFileSync(`${LOCK}/pid`, "utf8"));
    // Not written yet: its holder has only just taken it.
    if (!(pid > 0)) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
