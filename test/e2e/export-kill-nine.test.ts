/**
 * No half file ever has the name of an export. Real processes that export into the same files again and again are killed at
 * fifty random moments: what has the name then is whole, byte for byte, an anonymous one has its report, and the store is as
 * it was.
 *
 * Breaks when a file is written in its place, when it is renamed before all of it was written, or before its report is there.
 */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { verifyStore } from "../../actors/store/verify.ts";
import { datasets } from "../../datasets/index.ts";
import { process as dataset } from "../../datasets/process.ts";
import { seededRandom } from "../../runtime/random.ts";
import { TempStore } from "../actors/store/temp-store.ts";
import { exportAgain, ORDERS } from "../fixtures/export-orders.ts";
import { temporaryFolder } from "./support.ts";

const KILLS = 50;
const AT_A_TIME = 4;
const SEED = 20260101;
/** A whole round of the four files has about as many. */
const MOST_STEPS = 16;
const ROWS = 6000;
const HOUR_MS = 3_600_000;
/** Before the moment that the exports are made at: an anonymous one has only hours that are over. */
const FIRST_MS = Date.UTC(2025, 11, 31);
const LOOP = fileURLToPath(new URL("../fixtures/export-loop.ts", import.meta.url));
const REPORTS = [".privacy.json", ".privacy.html"];

const store = makeStore();
after(() => store.at.remove());

/** Six hours, of which two are in the lake. */
function makeStore(): TempStore {
  const made = new TempStore(datasets, 1);
  for (let first = 0; first < ROWS; first += 500) {
    made.append(
      dataset,
      Array.from({ length: 500 }, (_, row) => FIRST_MS + ((first + row) * 6 * HOUR_MS) / ROWS),
    );
  }
  made.compact(dataset, { before: 0, hourMs: FIRST_MS + 2 * HOUR_MS, hourBefore: ROWS });
  made.log.close();
  return made;
}

test("a kill -9 in the middle of an export leaves a whole file or none", { timeout: 900_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const whole = new Map<string, Buffer>();
  for (const [name, order] of Object.entries(ORDERS)) {
    const path = join(folder, name);
    const result = await exportAgain(store.at.dataFolder, folder, path, order);
    assert.ok(result.ok, JSON.stringify(result));
    assert.ok(result.stats.rows > 0);
    for (const written of result.privacy === undefined ? [name] : [name, ...REPORTS.map((of) => name + of)]) {
      whole.set(written, readFileSync(join(folder, written)));
    }
  }
  const random = seededRandom(SEED);
  const found = { whole: 0, none: 0, parts: 0 };
  const kills = Array.from({ length: KILLS }, (_, index) => ({
    output: join(folder, `${index}`),
    steps: 1 + Math.floor(random() * MOST_STEPS),
    turns: Math.floor(random() * 20),
  }));
  const runNext = async (): Promise<void> => {
    for (let kill = kills.pop(); kill !== undefined; kill = kills.pop()) {
      mkdirSync(kill.output);
      await exportAndDie(kill.output, kill.steps, kill.turns);
      look(kill.output);
    }
  };
  const look = (output: string) => {
    const names = readdirSync(output);
    for (const name of Object.keys(ORDERS)) {
      if (!names.includes(name)) {
        found.none++;
        continue;
      }
      found.whole++;
      for (const [written, bytes] of whole) {
        if (written !== name && !(written.startsWith(name) && written.includes(".privacy."))) continue;
        assert.ok(existsSync(join(output, written)), `${written} is missing beside ${name}`);
        assert.ok(readFileSync(join(output, written)).equals(bytes), `${written} is not whole`);
      }
    }
    found.parts += names.filter((name) => name.includes(".part-")).length;
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, runNext));
  for (const [what, count] of Object.entries(found)) {
    assert.ok(count >= KILLS / 5, `only ${count} times ${what}: too seldom for this to say anything`);
  }
  const report = verifyStore(store.source);
  assert.ok(report.ok && report.rows === ROWS, JSON.stringify(report.problems));
});

/** Starts a process that exports, and kills it some turns of the event loop after its step number `steps`, without warning. */
function exportAndDie(output: string, steps: number, turns: number): Promise<void> {
  const args = [LOOP, store.at.dataFolder, output];
  const isDeno = process.versions["deno"] !== undefined;
  const child: ChildProcess = spawn(process.execPath, isDeno ? ["run", "-A", "--no-check", ...args] : args, {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let seen = 0;
  createInterface({ input: child.stdout! }).on("line", () => {
    if (++seen === steps) killLater(child, turns);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (signal === "SIGKILL") resolve();
      else reject(new Error(`the process that exports ended by itself: ${code}`));
    });
  });
}

function killLater(child: ChildProcess, turns: number): void {
  if (turns === 0) child.kill("SIGKILL");
  else setImmediate(() => killLater(child, turns - 1));
}
