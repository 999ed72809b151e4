/**
 * Promise 2: what was acknowledged is there after `kill -9`, once. A real process is killed at twenty random moments while it
 * pushes; nothing is arranged for the moment, so it falls before, in and after writes, syncs and segment changes.
 *
 * Breaks when the recorder releases before it syncs, when a torn tail is not cut, when sequence numbers restart, when a batch
 * found in the log is written again, or when the ledger is not carried over.
 */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { LedgerRow } from "../../actors/ledger.ts";
import { seededRandom } from "../../runtime/random.ts";
import { storedIds, temporaryFolder } from "./support.ts";

const KILLS = 20;
const SEED = 20260101;
const HOST = fileURLToPath(new URL("../fixtures/crash-host.ts", import.meta.url));

interface Life {
  readonly ledger: readonly LedgerRow[];
  readonly acknowledged: readonly (readonly [from: number, to: number])[];
  readonly unbalanced: readonly string[];
}

test("rows acknowledged before a kill -9 are in the log once", { timeout: 900_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const random = seededRandom(SEED);
  const acknowledged = new Set<number>();
  const everSent: number[] = [];
  for (let life = 0; life < KILLS; life++) {
    // Ids of one life are far from those of the next: an unacknowledged row may be stored, and is then nobody's double.
    const firstId = life * 1_000_000;
    const { ledger, acknowledged: ranges, unbalanced } = await liveAndDie(folder, firstId, life, random);
    assert.deepEqual(unbalanced, []);
    for (const row of ledger) assert.ok(row.balanced, `life ${life}: ${JSON.stringify(row)}`);
    const optimization = ledger.find(({ dataset }) => dataset === "optimization");
    assert.ok(optimization !== undefined);
    assert.ok(optimization.stored >= acknowledged.size, "the ledger forgot acknowledged rows");
    assert.equal(optimization.inFlight, 0);
    for (const [from, to] of ranges) {
      for (let id = from; id < to; id++) {
        acknowledged.add(id);
        everSent.push(id);
      }
    }
  }
  assert.ok(acknowledged.size > KILLS, "too little was acknowledged for this to say anything");
  const stored = storedIds(folder);
  const unique = new Set(stored);
  assert.equal(unique.size, stored.length, "a row is in the log twice");
  const missing = [...acknowledged].filter((id) => !unique.has(id));
  assert.deepEqual(missing, [], "acknowledged rows are not in the log");
});

/** Starts a host and kills it after a random number of acknowledgements, without warning. */
function liveAndDie(folder: string, firstId: number, seed: number, random: () => number): Promise<Life> {
  const args = [HOST, folder, String(firstId), String(seed)];
  const isDeno = process.versions["deno"] !== undefined;
  const child: ChildProcess = spawn(process.execPath, isDeno ? ["run", "-A", ...args] : args, {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const killAfter = 1 + Math.floor(random() * 60);
  const turnsLater = Math.floor(random() * 20);
  let ledger: readonly LedgerRow[] = [];
  const acknowledged: [number, number][] = [];
  const unbalanced: string[] = [];
  const lines = createInterface({ input: child.stdout! });
  lines.on("line", (line) => {
    const [word, ...rest] = line.split(" ");
    if (word === "ledger") ledger = JSON.parse(rest.join(" ")) as LedgerRow[];
    if (word === "unbalanced") unbalanced.push(line);
    if (word !== "ack") return;
    acknowledged.push([Number(rest[0]), Number(rest[1])]);
    if (acknowledged.length === killAfter) killLater(child, turnsLater);
  });
  return new Promise((resolve, reject) => {
    let ended = false;
    let closed = false;
    const finish = () => {
      if (!ended || !closed) return;
      if (ledger.length === 0) reject(new Error("the host died before it said its ledger"));
      else resolve({ ledger, acknowledged, unbalanced });
    };
    child.on("error", reject);
    child.on("exit", () => {
      ended = true;
      finish();
    });
    // Lines that were written before the kill are still in the pipe.
    lines.on("close", () => {
      closed = true;
      finish();
    });
  });
}

function killLater(child: ChildProcess, turns: number): void {
  if (turns === 0) child.kill("SIGKILL");
  else setImmediate(() => killLater(child, turns - 1));
}
