#!/usr/bin/env bun
/**
 * The command line: `millrace start` runs the program, `millrace export` takes a file out of the one that runs.
 *
 * Exit codes: 0 done; 1 it could not be done; 2 the command is not right as it stands.
 */

import { existsSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import process from "node:process";
import { defineCommand, runMain } from "citty";
import { version } from "./http/version.ts";
import { environment, exit } from "./runtime/platform/index.ts";

const FAILED = 1;
const USAGE = 2;
const FORMATS = ["csv", "parquet"];

const start = defineCommand({
  meta: { name: "start", description: "Samples, stores, streams and serves until it is told to stop." },
  // main.ts reads its own flags: every setting is one.
  run: async () => {
    process.argv.splice(2, 1);
    await import("./main.ts");
  },
});

const exportCommand = defineCommand({
  meta: { name: "export", description: "Writes one dataset and time range of a running Millrace to a file." },
  args: {
    dataset: { type: "string", required: true, description: "Dataset, such as process or memory_1m" },
    format: { type: "string", default: "csv", description: FORMATS.join(" or ") },
    hours: { type: "string", description: "The last so many hours; default 24" },
    from: { type: "string", description: "Start, such as 2026-01-31T12:00:00Z" },
    to: { type: "string", description: "End, not included; default now" },
    output: { type: "string", required: true, description: "File to write" },
    force: { type: "boolean", default: false, description: "Replace the file when it is there" },
    url: { type: "string", default: "http://127.0.0.1:8787", description: "Where Millrace listens" },
  },
  run: async ({ args }) => {
    if (!FORMATS.includes(args.format)) {
      fail(USAGE, `--format: expected ${FORMATS.join(" or ")}; came ${args.format}`);
    }
    if (existsSync(args.output) && !args.force) {
      fail(
        USAGE,
        `--output: ${args.output} is there already; choose another file, or replace it with --force`,
      );
    }
    const url = new URL(`/v1/export/${encodeURIComponent(args.dataset)}.${args.format}`, args.url);
    for (const name of ["hours", "from", "to"] as const) {
      const value = args[name];
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const bytes = await download(url, args.output);
    process.stderr.write(`${args.output}: ${bytes} bytes\n`);
  },
});

await runMain(
  defineCommand({
    meta: { name: "millrace", version, description: "Raw telemetry in, training data out." },
    subCommands: { start, export: exportCommand },
  }),
);

/** Writes beside the file and renames, so that no half file ever has its name. @returns bytes written */
async function download(url: URL, output: string): Promise<number> {
  const token = environment()["MILLRACE_HTTP_TOKEN"];
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(url, { headers }).catch(() => {
    return fail(
      FAILED,
      `nobody answers at ${url.origin}; start Millrace, or say with --url where it listens`,
    );
  });
  if (!response.ok || response.body === null) {
    const problem = (await response.json().catch(() => ({}))) as { detail?: string };
    const isUsage = response.status === 400 || response.status === 404;
    fail(isUsage ? USAGE : FAILED, problem.detail ?? `the server answered ${response.status}`);
  }
  const beside = `${output}.part`;
  let bytes = 0;
  try {
    const file = await open(beside, "w", 0o600);
    try {
      for await (const chunk of response.body) {
        await file.writeFile(chunk);
        bytes += chunk.byteLength;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    renameSync(beside, output);
  } catch (error) {
    rmSync(beside, { force: true });
    fail(FAILED, `${output} could not be written: ${(error as Error).message}`);
  }
  return bytes;
}

function fail(code: number, message: string): never {
  process.stderr.write(`${message}\n`);
  exit(code);
}
