/**
 * The command line within the test's own process: for what a command says and leaves behind, of which a process for each would take ten
 * times as long. That it is one, with its exit code and its standard output, is what run-cli.ts is for.
 */

import process from "node:process";
import { millrace } from "../../cli/commands.ts";
import { runCli } from "../../cli/run.ts";
import type { CliEnd, CliOptions } from "./run-cli.ts";

type Written = (bytes: Uint8Array) => void;
type Stream = typeof process.stdout | typeof process.stderr;

/** Resolves when it has ended. One at a time: it has the process's folder, environment and output meanwhile. */
export async function runHere(
  args: readonly string[],
  { env = {}, cwd = process.cwd() }: Pick<CliOptions, "env" | "cwd"> = {},
): Promise<CliEnd> {
  const [stdout, stderr]: [Uint8Array[], Uint8Array[]] = [[], []];
  const before = { cwd: process.cwd(), env: { ...process.env } };
  const undo = [
    diverted(process.stdout, (bytes) => stdout.push(bytes)),
    diverted(process.stderr, (bytes) => stderr.push(bytes)),
  ];
  for (const name of Object.keys(before.env)) if (name.startsWith("MILLRACE_")) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  try {
    const code = await runCli(millrace, args);
    return { code, stdout: textOf(stdout), stderr: textOf(stderr) };
  } finally {
    process.chdir(before.cwd);
    for (const name of Object.keys(env)) delete process.env[name];
    Object.assign(process.env, before.env);
    for (const restore of undo) restore();
  }
}

/** @returns what gives the stream its own `write` back */
function diverted(stream: Stream, onWritten: Written): () => void {
  const { write, isTTY } = stream;
  const divert = (chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    onWritten(typeof chunk === "string" ? new TextEncoder().encode(chunk) : Uint8Array.from(chunk));
    const done = rest.find((one) => typeof one === "function");
    if (done !== undefined) queueMicrotask(() => (done as () => void)());
    return true;
  };
  Object.assign(stream, { write: divert });
  Object.defineProperty(stream, "isTTY", { value: false, configurable: true, writable: true });
  return () => {
    Object.assign(stream, { write });
    Object.defineProperty(stream, "isTTY", { value: isTTY, configurable: true, writable: true });
  };
}

function textOf(parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString();
}
