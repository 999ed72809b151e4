/**
 * The folder lock, between processes: a fixture holds the folder, of which the test wants a part, and the other way round.
 *
 * What would fail here: a lock that two have, or that outlives a process killed with -9; an owner that is not named; a lock
 * lost by asking for it again, or by a refusal; a release that takes what is somebody else's by now.
 */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type LockResult, lockFolder } from "../../runtime/folder-lock.ts";

const HOLDER = fileURLToPath(new URL("../fixtures/actor-lock-holder.ts", import.meta.url));

interface Holder {
  readonly process: ChildProcess;
  readonly locked: { readonly ok: boolean; readonly owner?: string };
  readonly ended: Promise<unknown>;
}

function temporaryFolder(t: { after(fn: () => void): void }, name = "millrace-lock-"): string {
  const folder = mkdtempSync(join(tmpdir(), name));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Another process that tries to lock the folder; resolves with what came of it. */
async function startHolder(folder: string): Promise<Holder> {
  const isDeno = process.versions["deno"] !== undefined;
  const args = isDeno ? ["run", "-A", "--no-check", HOLDER, folder] : [HOLDER, folder];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  // Not "exit": what it said may still be on its way then.
  const ended = new Promise((resolve) => child.once("close", resolve));
  const locked = await new Promise<Holder["locked"]>((resolve, reject) => {
    createInterface({ input: child.stdout! }).once("line", (line) => resolve(JSON.parse(line)));
    void ended.then(() => reject(new Error("it ended without a word")));
  });
  return { process: child, locked, ended };
}

function held(result: LockResult) {
  assert.ok(result.ok, JSON.stringify(result));
  return result.lock;
}

test("a second process is refused and told who has it; released, the folder is another's", async (t) => {
  const folder = temporaryFolder(t);
  const lock = held(lockFolder(folder));
  const refused = await startHolder(folder);
  assert.equal(refused.locked.ok, false);
  assert.match(
    refused.locked.owner ?? "",
    new RegExp(`^process ${process.pid}, since \\d{4}-\\d\\d-\\d\\dT`),
  );
  await refused.ended;
  lock.release();
  const next = await startHolder(folder);
  assert.deepEqual(next.locked, { ok: true });
  const here = lockFolder(folder);
  assert.ok(!here.ok);
  assert.match(here.owner, new RegExp(`^process ${next.process.pid}, since `));
  // Not ours any more: releasing again must not touch what the other one holds.
  lock.release();
  assert.match((lockFolder(folder) as { owner: string }).owner, new RegExp(`^process ${next.process.pid}, `));
  next.process.stdin!.end();
  await next.ended;
  held(lockFolder(folder)).release();
});

test("it is gone with a process that is killed with -9, and what that left behind is nobody's", async (t) => {
  const folder = temporaryFolder(t);
  const holder = await startHolder(folder);
  assert.deepEqual(holder.locked, { ok: true });
  assert.equal(lockFolder(folder).ok, false);
  holder.process.kill("SIGKILL");
  await holder.ended;
  assert.ok(existsSync(`${folder}/owner.json`), "it could not tidy up");
  const lock = held(lockFolder(folder));
  assert.equal(JSON.parse(readFileSync(`${folder}/owner.json`, "utf8")).pid, process.pid);
  lock.release();
  assert.equal(existsSync(`${folder}/owner.json`), false);
});

test("within its own process it is refused as well, and asking does not loosen it", async (t) => {
  const folder = temporaryFolder(t);
  const lock = held(lockFolder(folder));
  for (let time = 0; time < 3; time++) assert.equal(lockFolder(folder).ok, false);
  const other = await startHolder(folder);
  assert.equal(other.locked.ok, false, "the operating system still has it");
  await other.ended;
  lock.release();
});

test("two folders are two locks, and only this user may read what is in them", (t) => {
  const [first, second] = [temporaryFolder(t), temporaryFolder(t)];
  const locks = [held(lockFolder(first)), held(lockFolder(second))];
  for (const file of ["lock.sqlite", "owner.json"]) {
    assert.equal(statSync(`${first}/${file}`).mode & 0o077, 0, file);
  }
  for (const lock of locks) lock.release();
});

test("an owner file that is not whole names nobody, and a folder that cannot be used is an error", async (t) => {
  const folder = temporaryFolder(t);
  const lock = held(lockFolder(folder));
  for (const text of ["", "{", "null", '{"pid":"x","since":1}']) {
    writeFileSync(`${folder}/owner.json`, text);
    assert.deepEqual(lockFolder(folder), { ok: false, owner: "another process" });
  }
  lock.release();
  // By a name that says it is locked, which it is not.
  const named = temporaryFolder(t, "millrace-is-locked-");
  assert.throws(() => lockFolder(`${named}/not-there`));
  writeFileSync(`${named}/lock.sqlite`, "this is no database, and long enough to be seen as none".repeat(20));
  assert.throws(() => lockFolder(named), /not a database/);
});
