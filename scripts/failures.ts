/**
 * What failed, from what the runs left in a folder: `<name>.code` holds a run's exit code, `<name>.log` what it printed, `<name>.xml` its
 * tests as JUnit has them (Bun's or Deno's). A run that failed without a failed test has died or been killed: of it the last lines are told.
 *
 *   bun scripts/failures.ts <folder>        prints it, and ends with 1 when anything failed
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

export interface Failure {
  /** Of the run: `bun`, `deno-07`, `types`. */
  readonly run: string;
  /** File and name of the test; undefined when it is the run as a whole. */
  readonly test?: string;
  readonly text: string;
}

export interface TestedFile {
  readonly run: string;
  readonly file: string;
  readonly seconds: number;
}

interface TestCase {
  readonly file: string;
  readonly name: string;
  readonly seconds: number;
  /** Of one that failed. */
  readonly error?: string;
}

/** More of them are only named, so that the end of a log that was cut has them all. */
const MOST_TOLD_IN_FULL = 20;
const MOST_LINES = 16;
const LAST_LINES = 30;
const MOST_LINE_LENGTH = 300;

/** How Deno's `node:test` names the file of everything that is in a `describe`. */
const DENO_STEPS = "ext:";
const DENO_PARENT = /\d+ test steps? failed/;
const ESCAPE_CODES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");
/** What Bun says of an error that is no test's: none of it is in its report. */
const OUTSIDE = /^# Unhandled error between tests\n-+\n([\s\S]*?)\n-{5,}$/gm;

/** @returns the failures of all runs in a folder, in the order of their names */
export function failuresIn(folder: string): readonly Failure[] {
  return runsIn(folder)
    .filter((run) => textOf(folder, `${run}.code`).trim() !== "0")
    .flatMap((run) => {
      const log = textOf(folder, `${run}.log`);
      const failures = [
        ...casesOf(textOf(folder, `${run}.xml`)).flatMap(({ file, name, error }) =>
          error === undefined ? [] : [{ run, test: `${file}: ${name}`, text: shortened(error) }],
        ),
        ...Array.from(log.matchAll(OUTSIDE), ([, text = ""]) => ({ run, text: shortened(text) })),
      ];
      if (failures.length > 0) return failures;
      const code = textOf(folder, `${run}.code`).trim();
      const last = log.trimEnd().split("\n").slice(-LAST_LINES);
      return [{ run, text: [`ended with ${code}; the last that it said:`, ...last].join("\n") }];
    });
}

/** @returns the test files of all runs, the slowest first: the sum of their tests, without what loading them took */
export function slowestIn(folder: string): readonly TestedFile[] {
  const seconds = new Map<string, TestedFile>();
  for (const run of runsIn(folder)) {
    for (const one of casesOf(textOf(folder, `${run}.xml`))) {
      const key = `${run} ${one.file}`;
      const before = seconds.get(key)?.seconds ?? 0;
      seconds.set(key, { run, file: one.file, seconds: before + one.seconds });
    }
  }
  return [...seconds.values()].sort((a, b) => b.seconds - a.seconds);
}

/** A line for each run that failed and the text of what failed in it, as short as it can be. */
export function toldFailures(failures: readonly Failure[]): string {
  const lines = failures.map(({ run, test, text }, index) => {
    const head = `✗ ${run}${test === undefined ? "" : `  ${test}`}`;
    return index < MOST_TOLD_IN_FULL ? `${head}\n${text.replaceAll(/^/gm, "    ")}` : head;
  });
  return [...lines, `failed: ${failures.length}`].join("\n");
}

/** Tests as they are in a report. Of Deno's groups only the tests are told, each with the file of its group. */
function casesOf(xml: string): readonly TestCase[] {
  const cases: TestCase[] = [];
  const groups = new Map<string, string>();
  const parts =
    /<testcase\b([^>]*?)(?:\/>|>\s*(?:<failure\b([^>]*?)(?:\/>|>([\s\S]*?)<\/failure>))?[\s\S]*?<\/testcase>)/g;
  for (const [, about = "", failure, said = ""] of xml.matchAll(parts)) {
    const isBun = attribute(about, "file") !== undefined;
    const group = attribute(about, "classname") ?? "";
    const own = attribute(about, "name") ?? "";
    const file = isBun ? attribute(about, "file")! : group.replace(/^\.\//, "");
    const name = isBun && group !== "" ? `${group} > ${own}` : own;
    if (!isBun && !file.startsWith(DENO_STEPS)) groups.set(name, file);
    const error =
      failure === undefined ? undefined : unescaped(said || (attribute(failure, "message") ?? ""));
    cases.push({
      file,
      name,
      seconds: Number(attribute(about, "time") ?? 0),
      ...(error === undefined ? {} : { error }),
    });
  }
  return cases.flatMap((one) => {
    if (!one.file.startsWith(DENO_STEPS)) {
      return one.error !== undefined && DENO_PARENT.test(one.error) ? [withoutError(one)] : [one];
    }
    // The time of its steps is in the group's.
    return [{ ...one, seconds: 0, file: groups.get(one.name.split(" > ")[0] ?? "") ?? one.file }];
  });
}

function withoutError({ file, name, seconds }: TestCase): TestCase {
  return { file, name, seconds };
}

function attribute(attributes: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];
  return value === undefined ? undefined : unescaped(value);
}

function unescaped(text: string): string {
  const characters: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replaceAll(/&(?:#(\d+)|(\w+));/g, (whole, code: string | undefined, name: string) =>
    code === undefined ? (characters[name] ?? whole) : String.fromCodePoint(Number(code)),
  );
}

/** Without the places inside the runtimes, and at most so many lines and so long ones. */
function shortened(text: string): string {
  const lines = text
    .trim()
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^\s*at .*(?:\bnode:|\bext:)/.test(line));
  const some = lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES), "…"] : lines;
  return some
    .map((line) => (line.length > MOST_LINE_LENGTH ? `${line.slice(0, MOST_LINE_LENGTH)}…` : line))
    .join("\n");
}

function runsIn(folder: string): readonly string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".code"));
  return names.map((name) => name.slice(0, -".code".length)).sort();
}

function textOf(folder: string, name: string): string {
  const path = join(folder, name);
  return existsSync(path) ? readFileSync(path, "utf8").replaceAll(ESCAPE_CODES, "") : "";
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const failures = failuresIn(process.argv[2] ?? ".");
  console.log(failures.length === 0 ? "nothing failed" : toldFailures(failures));
  process.exitCode = failures.length === 0 ? 0 : 1;
}
