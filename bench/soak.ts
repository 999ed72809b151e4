/**
 * Does memory grow with time? Millrace in a process of its own with a steady source, rows of a hundred programs into windows by
 * program, everything else as it is started in earnest; the log is so small that the keeper moves rows into the lake all the time,
 * and the lake so small that the oldest go. Its resident memory is looked at every second.
 *
 *     bun run bench soak [--minutes 10] [--rate 50000] [--most 1]
 *
 * After the warm-up a slope is fitted through the medians of ten seconds. The run fails when the slope is certainly above zero and
 * may be `--most` MiB a minute or more: a leak of a third of a byte for each row is a mebibyte a minute at 50 000 rows a second. It
 * fails as well when not even half of the rows got through: what stands still does not leak, and on a machine that is busy with tests
 * some rows do not. Resident memory has no page cache: neither log nor lake are in it.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Child } from "./child.ts";
import type { ServerTold } from "./fixtures/stream-server.ts";
import { pause } from "./marked.ts";
import { medians, type Point, slopeOf } from "./slope.ts";

const MINUTES = 10;
const RATE = 50_000;
/** Batches a second. */
const BATCHES = 50;
const MOST_MIB_A_MINUTE = 1;
/** Of the run; until the log is full, the first rows are in the lake and the compilers have done their work. */
const WARM_UP_SHARE = 0.3;
const LOOK_EVERY_MS = 1000;
const MEDIAN_OF = 10;
/** Of the rows that the rate asks for: the machine may be busy with something else. */
const LEAST_SHARE = 0.5;
const MEBIBYTE = 2 ** 20;
const LIMITS = {
  "recorder.segmentBytes": 8 * MEBIBYTE,
  "recorder.keepBytes": 64 * MEBIBYTE,
  "store.maxBytes.process": 32 * MEBIBYTE,
};

/** @returns the process's exit code: 1 when memory grows, or rows did not get through */
export async function soak(words: readonly string[]): Promise<number> {
  const wish = readWish(words);
  if (typeof wish === "string") {
    console.error(`bench soak: ${wish}`);
    return 2;
  }
  const { minutes, rate, most } = wish;
  const folder = mkdtempSync(join(tmpdir(), "millrace-soak-"));
  const batchRows = Math.max(1, Math.min(1024, Math.round(rate / BATCHES)));
  const flags = Object.entries(LIMITS).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = new Child("stream-server.ts", [
    folder,
    "process",
    String(rate),
    String(batchRows),
    ...flags,
  ]);
  try {
    await server.line();
    await server.ask("start");
    console.log(`soak: ${rate} rows/s for ${minutes} minutes`);
    const { memory, last } = await watch(server, minutes * 60_000);
    await server.ask("stop");
    return judge(memory, last, minutes * 60 * rate, most);
  } finally {
    await server.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Wish {
  readonly minutes: number;
  readonly rate: number;
  /** MiB a minute that memory may not grow by. */
  readonly most: number;
}

function readWish(words: readonly string[]): Wish | string {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: { minutes: { type: "string" }, rate: { type: "string" }, most: { type: "string" } },
    });
    const minutes = Number(values.minutes ?? MINUTES);
    const rate = Number(values.rate ?? RATE);
    if (!(minutes >= 1)) return `--minutes: expected a number from 1 on, came ${values.minutes}`;
    if (!(Number.isInteger(rate) && rate >= 1)) {
      return `--rate: expected whole rows a second from 1 on, came ${values.rate}`;
    }
    const most = Number(values.most ?? MOST_MIB_A_MINUTE);
    if (!(most > 0)) return `--most: expected MiB a minute above 0, came ${values.most}`;
    return { minutes, rate, most };
  } catch (error) {
    return (error as Error).message;
  }
}

/** A point a second: minutes since the start, and MiB. */
async function watch(server: Child, forMs: number) {
  const memory: Point[] = [];
  const startMs = performance.now();
  let shownMinute = 0;
  for (;;) {
    const told = await server.ask<ServerTold>("tell");
    const ranMs = performance.now() - startMs;
    memory.push({ x: ranMs / 60_000, y: told.rssMib });
    if (Math.floor(ranMs / 60_000) > shownMinute) {
      shownMinute = Math.floor(ranMs / 60_000);
      console.log(`  minute ${shownMinute}: ${told.rssMib.toFixed(1)} MiB, ${describeRows(told)}`);
    }
    if (ranMs >= forMs) return { memory, last: told };
    await pause(LOOK_EVERY_MS);
  }
}

function judge(memory: readonly Point[], last: ServerTold, wanted: number, most: number): number {
  const warm = memory.slice(Math.floor(memory.length * WARM_UP_SHARE));
  const { slope, low, high } = slopeOf(medians(warm, MEDIAN_OF));
  const grows = low > 0 && high >= most;
  const isStarved = last.written < wanted * LEAST_SHARE;
  const figure = (mib: number) => mib.toFixed(2);
  console.log(`  rows: ${describeRows(last)}; ${((100 * last.written) / wanted).toFixed(1)} % of the rate`);
  for (const { actor, latency } of last.stages) {
    const told = latency === null ? "nothing in the last minute" : `p99 ${latency.p99Ms} ms`;
    console.log(`  ${actor}: from a row's writing to its release, ${told}`);
  }
  console.log(
    `  resident memory: ${figure(slope)} MiB a minute (${figure(low)} to ${figure(high)}), ` +
      `from ${figure(warm[0]!.y)} to ${figure(warm.at(-1)!.y)} MiB after the warm-up`,
  );
  if (isStarved) console.log("  FAIL: rows did not get through at the rate asked for");
  if (grows) console.log(`  FAIL: memory grows, by ${most} MiB a minute or more`);
  const isFlat = high < most;
  const doubt = "no growth is certain, but the run is too short or too noisy to tell that there is none";
  if (!grows && !isStarved)
    console.log(`  PASS: ${isFlat ? `memory grows by less than ${most} MiB a minute` : doubt}`);
  return grows || isStarved ? 1 : 0;
}

function describeRows({ written, refused }: ServerTold): string {
  return `${written} rows written, ${refused} refused`;
}
