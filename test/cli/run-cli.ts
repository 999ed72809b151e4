/** The command line as a process of its own, on the runtime that runs the test. */

import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../cli.ts", import.meta.url));

export interface CliEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Called when it runs, with what sends it a signal. */
  readonly onStart?: (kill: (signal: "SIGINT" | "SIGTERM") => void) => void;
  /** Called with what it prints, as it does. */
  readonly onOut?: (text: string) => void;
}

/** Resolves when it has ended. Settings of whoever runs the tests are not handed on. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliEnd> {
  const runtime = process.versions["deno"] === undefined ? [] : ["run", "-A"];
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("MILLRACE_"));
  const child = spawn(process.execPath, [...runtime, CLI, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...Object.fromEntries(inherited), ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  // On Deno, a child that was sent a signal by `child.kill` is said to have died of it, whatever it did.
  child.on("spawn", () => options.onStart?.((signal) => process.kill(child.pid!, signal)));
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    options.onOut?.(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
