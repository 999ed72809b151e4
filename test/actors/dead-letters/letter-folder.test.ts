/**
 * The folder of dead letters. What would fail here: numbers that come again, a bound that is not kept or not counted, a line that was not
 * finished and is read, a disk that refuses and harms who sends, a drop that a crash leaves half done.
 */

import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import process from "node:process";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { hostLetterDisk, type LetterDisk } from "../../../actors/dead-letters/letter-disk.ts";
import { LetterFolder, type LetterFolderOptions } from "../../../actors/dead-letters/letter-folder.ts";
import type { LetterChoice, NewLetter } from "../../../actors/dead-letters/protocol.ts";
import type { RejectionReason } from "../../../datasets/rejection.ts";
import { temporaryFolder } from "../../e2e/support.ts";

const START_MS = Date.UTC(2026, 5, 1);
const DAY_MS = 86_400_000;

/** What letters look like from outside. */
function letter(reason: RejectionReason, more: Partial<NewLetter> = {}): NewLetter {
  return { reason, column: "freed_mb", expected: "a number", got: "-1", row: { freed_mb: -1 }, ...more };
}

class Opened {
  readonly folder: string;
  nowMs = START_MS;
  letters: LetterFolder;
  readonly #options: Partial<LetterFolderOptions>;

  constructor(t: TestContext, options: Partial<LetterFolderOptions> = {}) {
    this.folder = options.folder ?? `${temporaryFolder(t)}/dead-letters`;
    this.#options = options;
    this.letters = this.#open();
  }

  /** As after a crash: nothing was closed. */
  reopen(): this {
    this.letters = this.#open();
    return this;
  }

  keep(dataset: string, letters: readonly NewLetter[], others = 0) {
    return this.letters.keep({ dataset, atMs: this.nowMs, letters, others });
  }

  ids(choice: LetterChoice = {}, limit = 1000, before?: number): number[] {
    return this.letters.list(choice, limit, before).letters.map(({ id }) => id);
  }

  files(): string[] {
    return readdirSync(this.folder).sort();
  }

  bytesOnDisk(): number {
    return this.files().reduce((sum, name) => sum + statSync(`${this.folder}/${name}`).size, 0);
  }

  #open(): LetterFolder {
    return new LetterFolder({
      ...{ maxBytes: 2 ** 20, keepMs: 30 * DAY_MS, nowMs: () => this.nowMs },
      ...this.#options,
      folder: this.folder,
    });
  }
}

/** The host's disk; what is set fails with ENOSPC. */
function brittleDisk() {
  const failing = { write: false, replace: false, truncate: false, writes: Number.POSITIVE_INFINITY };
  const refuse = () => {
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  };
  const disk: LetterDisk = {
    ...hostLetterDisk,
    writeSync(fd, bytes, offset, length, position) {
      if (failing.write) {
        // Some of it lands, as on a real one.
        hostLetterDisk.writeSync(fd, bytes, offset, Math.min(length, 7), position);
        refuse();
      }
      return hostLetterDisk.writeSync(fd, bytes, offset, length, position);
    },
    ftruncateSync(fd, bytes) {
      if (failing.truncate) refuse();
      hostLetterDisk.ftruncateSync(fd, bytes);
    },
    replaceFile(path, content) {
      if (failing.replace || failing.writes-- <= 0) refuse();
      hostLetterDisk.replaceFile(path, content);
    },
  };
  return { disk, failing };
}

test("lists the latest first, a page after the other, and counts by dataset and reason", (t) => {
  const opened = new Opened(t);
  opened.keep("optimization", [letter("bound"), letter("type", { row: null }), letter("bound")], 5);
  opened.keep("compression_telemetry", [letter("derived")]);
  const all = opened.letters.list({}, 2);
  assert.deepEqual(
    all.letters.map(({ id, dataset, reason }) => [id, dataset, reason]),
    [
      [4, "compression_telemetry", "derived"],
      [3, "optimization", "bound"],
    ],
  );
  assert.deepEqual([all.total, all.replayable, all.forgotten], [4, 3, 5]);
  assert.deepEqual(
    all.counts.map(({ dataset, reason, letters }) => `${dataset} ${reason} ${letters}`).sort(),
    ["compression_telemetry derived 1", "optimization bound 2", "optimization type 1"],
  );
  assert.deepEqual(opened.ids({}, 2, 3), [2, 1]);
  assert.deepEqual(opened.ids({ dataset: "optimization", reason: "bound" }), [3, 1]);
  assert.deepEqual(opened.ids({ ids: [2, 4, 99] }), [4, 2]);
  const { total, letters } = opened.letters.list({ reason: "bound" }, 0);
  assert.deepEqual([total, letters.length], [2, 0]);
  const [first] = opened.letters.list({ ids: [1] }, 1).letters;
  assert.deepEqual(first, { id: 1, dataset: "optimization", atMs: START_MS, ...letter("bound") });
});

test("is its owner's alone", { skip: process.platform === "win32" }, (t) => {
  const opened = new Opened(t);
  opened.keep("optimization", [letter("bound")]);
  assert.equal(statSync(opened.folder).mode & 0o777, 0o700);
  opened.letters.drop({ ids: [1] });
  opened.keep("optimization", [letter("bound")]);
  for (const name of opened.files())
    assert.equal(statSync(`${opened.folder}/${name}`).mode & 0o777, 0o600, name);
});

test("numbers go on after a restart, and after all letters went", (t) => {
  const opened = new Opened(t);
  opened.keep("optimization", [letter("bound"), letter("bound")], 3);
  opened.letters.close();
  assert.equal(opened.reopen().letters.list({}, 0).forgotten, 3);
  opened.keep("optimization", [letter("bound")]);
  assert.deepEqual(opened.ids(), [3, 2, 1]);
  assert.equal(opened.letters.drop({}), 3);
  opened.letters.close();
  assert.deepEqual(opened.reopen().ids(), []);
  opened.keep("optimization", [letter("bound")]);
  assert.deepEqual(opened.ids(), [4]);
});

test("keeps its bound, lets the oldest go and counts them, also over a restart", (t) => {
  const maxBytes = 2 ** 16;
  const opened = new Opened(t, { maxBytes });
  const some = Array.from({ length: 100 }, () => letter("bound", { got: "x".repeat(100) }));
  for (let turn = 0; turn < 20; turn++) {
    opened.keep("optimization", some);
    assert.ok(opened.bytesOnDisk() <= maxBytes, `${opened.bytesOnDisk()} bytes`);
    if (turn % 7 === 0) opened.reopen();
    const ids = opened.ids();
    const { total, forgotten } = opened.letters.list({}, 0);
    assert.equal(total + forgotten, (turn + 1) * 100, "none is lost without being counted");
    assert.deepEqual(
      ids,
      Array.from({ length: total }, (_, index) => (turn + 1) * 100 - index),
    );
  }
  assert.ok(opened.ids().length > 100, "the bound is made use of");
  opened.letters.setBounds({ maxBytes: 2 ** 13, keepMs: DAY_MS });
  assert.ok(opened.bytesOnDisk() <= 2 ** 13);
});

test("counts what is only counted without growing", (t) => {
  const maxBytes = 2 ** 16;
  const disk = { ...hostLetterDisk, fdatasyncSync: () => {} };
  const opened = new Opened(t, { maxBytes, disk });
  for (let turn = 0; turn < 3000; turn++) {
    opened.keep("optimization", [], 1);
    opened.letters.sync();
  }
  assert.ok(opened.bytesOnDisk() <= maxBytes);
  assert.equal(opened.reopen().letters.forgotten, 3000);
});

test("a crash while the oldest go does not count them twice", (t) => {
  const opened = new Opened(t, { maxBytes: 2 ** 16 });
  const some = Array.from({ length: 20 }, () => letter("bound", { got: "x".repeat(100) }));
  opened.keep("optimization", some);
  const [oldest] = opened.files();
  const path = `${opened.folder}/${oldest}`;
  const content = readFileSync(path);
  while (opened.files()[0] === oldest) opened.keep("optimization", some);
  const before = opened.letters.list({}, 0);
  // As if the process had died between the mark and the removal.
  writeFileSync(path, content);
  const after = opened.reopen().letters.list({}, 0);
  assert.deepEqual([after.total, after.forgotten], [before.total, before.forgotten]);
  assert.ok(!opened.files().includes(oldest!));
});

test("lets letters go by their age, not before it, and counts them", (t) => {
  const opened = new Opened(t, { keepMs: 16 * DAY_MS });
  for (let day = 0; day < 40; day++) {
    opened.nowMs = START_MS + day * DAY_MS;
    opened.letters.expire();
    opened.keep("optimization", [letter("bound")]);
    const { total, forgotten } = opened.letters.list({}, 0);
    assert.equal(total + forgotten, day + 1);
    const oldest = Math.min(...opened.letters.list({}, 1000).letters.map(({ atMs }) => atMs));
    const age = (opened.nowMs - oldest) / DAY_MS;
    assert.ok(age >= Math.min(day, 16) && age <= 19, `the oldest is of ${age} days after ${day}`);
  }
});

test("cuts a line that was not finished, and says so", (t) => {
  const opened = new Opened(t);
  opened.keep("optimization", [letter("bound"), letter("type")]);
  const [name] = opened.files();
  const line = readFileSync(`${opened.folder}/${name}`, "utf8").split("\n")[1]!;
  for (const torn of ['{"id":3,"data', line.slice(0, -1), "\0\0\0\0\n\0\0", `${line.slice(5)}\n`]) {
    appendFileSync(`${opened.folder}/${name}`, torn);
    opened.reopen();
    assert.equal(opened.letters.opening.cutBytes, torn.length);
    assert.deepEqual(opened.ids(), [2, 1]);
  }
  opened.keep("optimization", [letter("length")]);
  assert.deepEqual(opened.reopen().ids(), [3, 2, 1]);
  assert.deepEqual(opened.letters.opening, { cutBytes: 0, unreadable: 0 });
});

test("a disk that is full drops letters and counts them; what it took before stays readable", (t) => {
  const { disk, failing } = brittleDisk();
  const opened = new Opened(t, { disk });
  opened.keep("optimization", [letter("bound")]);
  failing.write = true;
  failing.truncate = true;
  assert.equal(opened.keep("optimization", [letter("type"), letter("type")], 1)?.code, "ENOSPC");
  failing.truncate = false;
  assert.equal(opened.keep("optimization", [letter("type")])?.code, "ENOSPC");
  assert.equal(opened.letters.sync()?.code, "ENOSPC");
  assert.deepEqual([opened.ids(), opened.letters.forgotten], [[1], 4]);
  failing.write = false;
  assert.equal(opened.keep("optimization", [letter("length")]), undefined);
  opened.letters.sync();
  opened.reopen();
  const { letters, forgotten } = opened.letters.list({}, 10);
  assert.deepEqual([letters.map(({ reason }) => reason), forgotten], [["length", "bound"], 4]);
  assert.equal(opened.letters.opening.cutBytes, 0);
});

test("a segment that cannot be begun is none", (t) => {
  const { disk, failing } = brittleDisk();
  failing.write = true;
  const opened = new Opened(t, { disk });
  assert.ok(opened.keep("optimization", [letter("bound")]));
  assert.deepEqual(opened.files(), []);
  failing.write = false;
  assert.equal(opened.keep("optimization", [letter("bound")]), undefined);
  assert.deepEqual(opened.ids(), [2]);
});

test("drops what is chosen and nothing else, whatever was kept and dropped before", (t) => {
  const reasons: readonly RejectionReason[] = ["bound", "type", "missing"];
  const kept = fc.record({
    dataset: fc.constantFrom("optimization", "process"),
    reasons: fc.array(fc.constantFrom(...reasons), { maxLength: 12 }),
  });
  const dropped: fc.Arbitrary<LetterChoice> = fc.oneof(
    fc.record({ dataset: fc.constantFrom("optimization", "process") }),
    fc.record({ reason: fc.constantFrom(...reasons) }),
    fc.record({ ids: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 }) }),
  );
  const step = fc.oneof(kept, dropped, fc.constant("reopen" as const));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      // Segments of 4 KiB: a few letters each.
      const opened = new Opened(t, { maxBytes: 2 ** 16 });
      let next = 1;
      let model: { id: number; dataset: string; reason: string }[] = [];
      for (const it of steps) {
        if (it === "reopen") opened.reopen();
        else if ("reasons" in it) {
          const letters = it.reasons.map((reason) => letter(reason, { got: "y".repeat(900) }));
          opened.keep(it.dataset, letters);
          for (const reason of it.reasons) model.push({ id: next++, dataset: it.dataset, reason });
        } else {
          const isChosen = ({ id, dataset, reason }: (typeof model)[number]) =>
            (it.dataset ?? dataset) === dataset &&
            (it.reason ?? reason) === reason &&
            (it.ids?.includes(id) ?? true);
          assert.equal(opened.letters.drop(it), model.filter(isChosen).length);
          model = model.filter((one) => !isChosen(one));
        }
        const { letters, total, forgotten } = opened.letters.list({}, 1000);
        const found = letters.map(({ id, dataset, reason }) => ({ id, dataset, reason })).reverse();
        assert.equal(total + forgotten, model.length + forgotten);
        // What the bound took is the oldest.
        assert.deepEqual(found, model.slice(model.length - found.length));
        model = found;
      }
    }),
    { numRuns: 60, seed: 7 },
  );
});

test("a crash half way through a drop leaves each letter once, or not at all", (t) => {
  for (let writes = 0; writes < 5; writes++) {
    const { disk, failing } = brittleDisk();
    const opened = new Opened(t, { maxBytes: 2 ** 16, disk });
    for (let turn = 0; turn < 5; turn++) {
      opened.keep("optimization", [
        ...[letter("bound"), letter("type"), letter("bound")].map((one) => ({
          ...one,
          got: "z".repeat(1000),
        })),
      ]);
    }
    assert.ok(opened.files().length >= 4, "several segments");
    const all = opened.ids();
    const chosen = opened.ids({ reason: "bound" });
    failing.writes = writes;
    try {
      opened.letters.drop({ reason: "bound" });
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
    }
    // What a process leaves that died while it wrote beside.
    writeFileSync(`${opened.folder}/000000000001.jsonl.77.tmp`, '{"id":1,');
    failing.writes = Number.POSITIVE_INFINITY;
    const left = opened.reopen().ids();
    assert.equal(new Set(left).size, left.length);
    const others = all.filter((id) => !chosen.includes(id));
    assert.deepEqual(
      left.filter((id) => !chosen.includes(id)),
      others,
    );
    assert.ok(!opened.files().some((name) => name.endsWith(".tmp")));
    opened.letters.drop({ reason: "bound" });
    assert.deepEqual(opened.ids(), others);
  }
});
