/**
 * What does Millrace take from the host it watches? With the defaults and an empty folder: how soon it answers, and then what
 * processor time and memory it takes in a minute in which nobody asks it anything. Linux only: the figures come from /proc.
 */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { describeMarked, type MarkedCase, marked, pause, percentile, startMillrace } from "./marked.ts";

const STARTS = 7;
const IDLE_MS = 60_000;
const MEMORY_EVERY_MS = 5000;
/** Starting is not idling: compilers are still at work. */
const SETTLE_MS = 5000;
const READY_MARK_MS = 1000;
const PROCESSOR_MARK_PERCENT = 2;
const MEMORY_MARK_MIB = 200;

/** Runs the cases and reports each. Takes some eighty seconds. */
export async function benchIdle(report: (measured: MarkedCase) => void): Promise<void> {
  if (process.platform !== "linux") throw new Error("the idle bench reads /proc, which only Linux has");
  const bench = "idle";
  const ready: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const millrace = await startMillrace();
    ready.push(millrace.readyMs);
    await millrace.end();
  }
  const starts = `${STARTS} starts on an empty folder, from the process's start to /health with all actors running`;
  const readyMs = percentile(ready, 0.5);
  report(marked({ bench, case: "ready, median", unit: "ms" }, readyMs, ready, starts, READY_MARK_MS));

  const { processor, memory, largest } = await idle();
  const minute = `${IDLE_MS / 1000} s with the defaults, nobody connected`;
  const share = percentile(processor, 0.5);
  report(
    marked(
      { bench, case: "processor time", unit: "% of a core" },
      mean(processor),
      processor,
      `${minute}; spread by ${MEMORY_EVERY_MS / 1000} s, median ${share.toPrecision(2)}`,
      PROCESSOR_MARK_PERCENT,
    ),
  );
  report(
    marked({ bench, case: "memory", unit: "MiB" }, largest, memory, `${minute}; resident`, MEMORY_MARK_MIB),
  );
}

async function idle() {
  const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  const millrace = await startMillrace();
  try {
    await pause(SETTLE_MS);
    const processor: number[] = [];
    const memory: number[] = [];
    const startMs = performance.now();
    let [beforeMs, beforeTicks] = [startMs, processorTicks(millrace.pid)];
    while (performance.now() - startMs < IDLE_MS - MEMORY_EVERY_MS / 2) {
      await pause(MEMORY_EVERY_MS);
      const [nowMs, ticks] = [performance.now(), processorTicks(millrace.pid)];
      processor.push(((ticks - beforeTicks) / ticksPerSecond / (nowMs - beforeMs)) * 1000 * 100);
      memory.push(residentMib(millrace.pid));
      [beforeMs, beforeTicks] = [nowMs, ticks];
    }
    return { processor, memory, largest: Math.max(...memory) };
  } finally {
    await millrace.end();
  }
}

/** User and system time of a process with all its threads, in clock ticks. */
function processorTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name stands in parentheses and may hold anything; utime and stime are the 14th and 15th field.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

function residentMib(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) / 1024;
}

function mean(samples: readonly number[]): number {
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
}

if (import.meta.main) {
  const json = process.argv.includes("--json");
  await benchIdle((measured) =>
    console.log(json ? JSON.stringify(measured.result) : describeMarked(measured)),
  );
}
