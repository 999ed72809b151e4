/**
 * Benches whose figure stands against a mark of our own, which it has to stay below or to reach; peers may stand beside it.
 * Some start Millrace as it is started in earnest, as a process of its own on an empty folder.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const READY_WITHIN_MS = 30_000;

/** One case's line of `--json`. Without a peer there is no ratio. */
export interface MarkedResult {
  readonly bench: string;
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
  readonly ratio: number | null;
}

export interface MarkedCase {
  readonly result: MarkedResult;
  /** What was measured, for people. */
  readonly payload: string;
  /** Lowest and highest sample of each subject, ours under "ours". */
  readonly spread: Readonly<Record<string, readonly [number, number]>>;
  /** What `ours` has to stay below, or to reach when that is `least`; undefined for a figure that is only shown. */
  readonly mark: number | undefined;
  readonly least?: boolean;
}

export function marked(
  { bench, case: name, unit }: { readonly bench: string; readonly case: string; readonly unit: string },
  ours: number,
  samples: readonly number[],
  payload: string,
  mark?: number,
): MarkedCase {
  const spread = [rounded(Math.min(...samples)), rounded(Math.max(...samples))] as const;
  return {
    result: { bench, case: name, unit, ours: rounded(ours), peers: {}, ratio: null },
    payload,
    spread: { ours: spread },
    mark,
  };
}

/** One case for people. */
export function describeMarked({ result, payload, spread, mark, least = false }: MarkedCase): string {
  const line = (name: string, value: number) => {
    const [low, high] = spread[name] ?? [value, value];
    return `    ${value} ${result.unit}   (${low} to ${high})`;
  };
  const isKept = mark !== undefined && (least ? result.ours >= mark : result.ours < mark);
  const verdict =
    mark === undefined ? "" : `; the mark is ${least ? "≥" : "<"} ${mark}: ${isKept ? "kept" : "MISSED"}`;
  return [
    `\n${result.bench}: ${result.case}`,
    `  ${payload}`,
    `${line("ours", result.ours)}${verdict}`,
    ...Object.entries(result.peers).map(([name, value]) => `${line(name, value)}: ${name}`),
  ].join("\n");
}

/** The value that `share` of the samples do not exceed (nearest rank). */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Millrace as a child, on the runtime that runs the bench. */
export interface Running {
  readonly url: string;
  readonly pid: number;
  /** From the start of the process to the first answer of /health, with all actors running. */
  readonly readyMs: number;
  /** Ends it in order, and removes its folder. */
  end(): Promise<void>;
}

/** Starts it on an empty folder, with the defaults and `args`. */
export async function startMillrace(args: readonly string[] = []): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  const port = await freePort();
  const runtime = process.versions["deno"] === undefined ? [] : ["run", "-A"];
  const flags = ["--port", String(port), "--data", folder, ...args];
  const url = `http://127.0.0.1:${port}`;
  const startMs = performance.now();
  const child = spawn(process.execPath, [...runtime, MAIN, ...flags], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
  });
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const end = async () => {
    child.kill("SIGTERM");
    await closed;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilHealthy(url, child);
  } catch (error) {
    await end();
    throw new Error(`${String(error)}; it said: ${said}`);
  }
  return { url, pid: child.pid ?? -1, readyMs: performance.now() - startMs, end };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function untilHealthy(url: string, child: ChildProcess): Promise<void> {
  const endMs = performance.now() + READY_WITHIN_MS;
  while (performance.now() < endMs) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    try {
      if ((await fetch(`${url}/health`)).ok) return;
    } catch {
      // It does not listen yet.
    }
    await pause(2);
  }
  throw new Error(`/health did not answer within ${READY_WITHIN_MS} ms`);
}

/** A port that nobody listens on, at this moment. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => resolve(port));
    });
  });
}

/** To three digits: more are noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
