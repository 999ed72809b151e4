/**
 * Promise 2, for the whole store: what was acknowledged is there after `kill -9`, once, wherever it lies. A real process is
 * killed at fifty random moments while rows come in and the keeper moves them on, an hour of theirs in a fraction of a second:
 * compaction, retention and removal are always under way. After each kill the store verifies as it lies there, every row is
 * counted once, and what is missing is what was too old or too much.
 *
 * Breaks when a manifest lists what is not on the disk, when a segment goes before its rows are listed, when the two bounds
 * of what is compacted do not move with the files, and when rows that went are not counted.
 */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type LakeDataset, NOTHING_IN_LAKE } from "../../actors/store/lake/manifest.ts";
import { readManifest } from "../../actors/store/lake/manifest-file.ts";
import { openStore } from "../../actors/store/store-reader.ts";
import { openStoreSource } from "../../actors/store/store-source.ts";
import { verifyStore } from "../../actors/store/verify.ts";
import { optimization } from "../../datasets/optimization.ts";
import { readUint64 } from "../../runtime/batch/index.ts";
import { seededRandom } from "../../runtime/random.ts";
import { syntheticTimeMs, temporaryFolder } from "./support.ts";

const KILLS = 50;
const SEED = 20260102;
const HOUR = 3_600_000;
const KEEP_MS = 3 * HOUR;
/** The host's clock has gone on by less than this when it has said nothing more. */
const STEP_MS = 60_000;
/** Ids of one life are behind those of the one before: an unacknowledged row may be stored, and is then nobody's double. */
const GAP = 2000;
/** What a host says in a life, at the most: some hours of its clock. */
const MOST_LINES = 70;
const HOST = fileURLToPath(new URL("../fixtures/store-crash-host.ts", import.meta.url));

interface Life {
  readonly acknowledged: readonly (readonly [from: number, to: number])[];
  /** The host's clock when it was last heard of. */
  readonly nowMs: number;
}

test("the store is whole after any kill -9", { timeout: 300_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const source = openStoreSource(folder);
  const random = seededRandom(SEED);
  let nextId = 0;
  let moved = 0;
  let nowMs = 0;
  let acknowledged: number[] = [];
  for (let life = 0; life < KILLS; life++) {
    const lived = await liveAndDie(folder, nextId, random);
    nowMs = Math.max(nowMs, lived.nowMs, syntheticTimeMs(nextId));
    for (const [from, to] of lived.acknowledged) {
      for (let id = from; id < to; id++) acknowledged.push(id);
      nextId = Math.max(nextId, to);
    }
    const { problems } = verifyStore(source);
    assert.deepEqual(problems, [], `after life ${life}`);
    const lake = readManifest(folder).datasets["optimization"] ?? NOTHING_IN_LAKE;
    const ids = storedIds();
    const stored = new Set(ids);
    assert.equal(stored.size, ids.length, `a row is there twice after life ${life}`);
    const missing = acknowledged.filter((id) => !stored.has(id));
    const oldest = oldestKept(lake, ids);
    const wrong = missing.filter((id) => id > oldest && syntheticTimeMs(id) >= nowMs + STEP_MS - KEEP_MS);
    assert.deepEqual(wrong, [], `rows are missing after life ${life}`);
    assert.equal(lake.lost ?? 0, 0);
    // What is gone for good need not be looked for again.
    acknowledged = acknowledged.filter((id) => stored.has(id));
    moved += lake.files.length;
    nextId += GAP;
  }
  const lake = readManifest(folder).datasets["optimization"]!;
  assert.ok(moved > KILLS, `only ${moved} files were seen`);
  assert.ok(lake.expired > 10_000, `only ${lake.expired} rows expired`);

  function storedIds(): number[] {
    const column = optimization.plan.public("duration_ms");
    const { parts } = openStore(source, readManifest(folder), optimization, {
      fromMs: Number.NEGATIVE_INFINITY,
      toMs: Number.POSITIVE_INFINITY,
      endSequence: Number.POSITIVE_INFINITY,
      storedRows: 0,
    });
    const ids: number[] = [];
    for (const part of parts) {
      const rows = part?.kind === "group" ? part.read() : part;
      if (rows === undefined) continue;
      const at = rows.batch.dataAt(column) >>> 2;
      for (const { from, to } of rows.runs) {
        for (let row = from; row < to; row++) ids.push(readUint64(rows.batch.views.i32, at + row * 2));
      }
    }
    return ids;
  }
});

/** The oldest hours go first, by age and by size alike: what is missing from there on should be there. */
function oldestKept({ files }: LakeDataset, ids: readonly number[]): number {
  const hourMs = files[0]?.hourMs ?? Number.POSITIVE_INFINITY;
  const inLog = ids.filter((id) => syntheticTimeMs(id) < hourMs);
  return Math.min((hourMs - syntheticTimeMs(0)) / 1000, ...inLog);
}

/** Starts a host and kills it at a random moment, without warning. */
function liveAndDie(folder: string, firstId: number, random: () => number): Promise<Life> {
  const args = [HOST, folder, String(firstId)];
  const isDeno = process.versions["deno"] !== undefined;
  const child: ChildProcess = spawn(process.execPath, isDeno ? ["run", "-A", ...args] : args, {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const killAfter = 1 + Math.floor(random() * MOST_LINES);
  const turnsLater = Math.floor(random() * 200);
  let said = 0;
  let nowMs = 0;
  const acknowledged: [number, number][] = [];
  const lines = createInterface({ input: child.stdout! });
  lines.on("line", (line) => {
    const [word, ...rest] = line.split(" ");
    if (word === "ack") acknowledged.push([Number(rest[0]), Number(rest[1])]);
    if (word === "now") nowMs = Number(rest[0]);
    if (++said === killAfter) killLater(child, turnsLater);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    // Lines that were written before the kill are still in the pipe.
    lines.on("close", () => {
      if (said === 0) reject(new Error("the host died before it was ready"));
      else resolve({ acknowledged, nowMs });
    });
  });
}

function killLater(child: ChildProcess, turns: number): void {
  if (turns === 0) child.kill("SIGKILL");
  else setImmediate(() => killLater(child, turns - 1));
}
