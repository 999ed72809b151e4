/**
 * One export on its way, over a store and a format that the test makes up. What would fail here: a row group copied where its
 * rows were to be changed, rows taken twice or not at all between two steps, a step that does not end, and memory that grows.
 */

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { checkOrder, type ExportPlan } from "../../../actors/exporter/check-order.ts";
import { ExportRun } from "../../../actors/exporter/export-run.ts";
import { exportToFile } from "../../../actors/exporter/export-to-file.ts";
import type { ByteSink, Encoder, ExportFacts, ExportNotes } from "../../../actors/exporter/format.ts";
import type { ExportOrder } from "../../../actors/exporter/order.ts";
import type { SnapshotWish } from "../../../actors/store/snapshot.ts";
import { StoreDamaged } from "../../../actors/store/store-damaged.ts";
import type { StoredPart } from "../../../actors/store/stored-rows.ts";
import { process } from "../../../datasets/process.ts";
import { Batch } from "../../../runtime/batch/index.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import { fillRows } from "../store/log/rows.ts";
import { START_MS } from "../store/log/temp-log.ts";
import { orderOf } from "./export-client.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-run-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Pids are the rows' numbers, so that a row can be told from another. */
const batch = numbered(10_000);

function numbered(rows: number): Batch {
  const pages = Math.ceil(
    new Batch(new WebAssembly.Memory({ initial: 1 }), process.plan).bytesFor(rows) / 65_536,
  );
  const made = new Batch(new WebAssembly.Memory({ initial: pages + 1 }), process.plan);
  made.begin(0, (pages + 1) * 65_536, rows, { firstSequence: 0 });
  fillRows(made, process, { random: () => 0.5, timeMs: (row) => START_MS + row });
  const pids = made.dataAt(process.plan.public("pid")) >>> 2;
  for (let row = 0; row < rows; row++) made.views.u32[pids + row] = row;
  made.seal();
  return made;
}

const rowsPart = (from: number, to: number): StoredPart => ({ kind: "rows", batch, runs: [{ from, to }] });

/** A row group with the first `rows` of the batch, of which those of `runs` are wanted; default: all. */
function group(rows: number, runs?: readonly { from: number; to: number }[]): StoredPart {
  const read = () => ({ kind: "rows" as const, batch, runs: runs ?? [{ from: 0, to: rows }] });
  return { kind: "group", file: {} as never, group: 0, rows, isWhole: runs === undefined, read };
}

interface Made {
  /** What the encoder was given, in order: runs, and `copy <rows>`. */
  readonly given: string[];
  readonly wishes: SnapshotWish[];
  facts: ExportFacts | undefined;
  notes: ExportNotes | undefined;
  closed: number;
  flushed: number;
  returned: number;
}

interface Wanted {
  readonly order?: Partial<ExportOrder>;
  readonly canCopy?: boolean;
  /** Bytes that a row becomes. */
  readonly rowBytes?: number;
  readonly isSlow?: boolean;
  readonly endSteps?: number;
}

function makeRun(parts: () => Iterable<StoredPart>, wanted: Wanted = {}) {
  const { canCopy = true, rowBytes = 1, isSlow = false, endSteps = 1 } = wanted;
  const made: Made = {
    given: [],
    wishes: [],
    facts: undefined,
    notes: undefined,
    closed: 0,
    flushed: 0,
    returned: 0,
  };
  const checked = checkOrder(orderOf(wanted.order ?? {}));
  assert.ok(checked.ok, JSON.stringify(checked));
  let ends = 0;
  const open = (facts: ExportFacts, sink: ByteSink): Encoder => {
    made.facts = facts;
    return {
      append(_, { from, to }) {
        made.given.push(`${from}-${to}`);
        sink(new Uint8Array((to - from) * rowBytes));
        return isSlow ? Promise.resolve() : undefined;
      },
      copy({ rows }) {
        if (canCopy) {
          made.given.push(`copy ${rows}`);
          sink(new Uint8Array(rows));
        }
        return canCopy;
      },
      flush: () => {
        made.flushed++;
      },
      end(notes) {
        made.notes = notes;
        sink(new Uint8Array(3));
        return ++ends < endSteps ? "more" : undefined;
      },
      close: () => {
        made.closed++;
      },
    };
  };
  const plan: ExportPlan = { ...checked.plan, format: { ...checked.plan.format, open } };
  const clock = new VirtualClock();
  const take = (_: unknown, wish: SnapshotWish) => {
    made.wishes.push(wish);
    return {
      mostRows: 50_000,
      *parts() {
        try {
          yield* parts();
        } finally {
          made.returned++;
        }
      },
    };
  };
  return { made, clock, run: new ExportRun(plan, { take, clock, workFolder: folder }) };
}

/** @returns steps that it took */
async function toEnd(run: ExportRun, between: () => void = () => {}): Promise<number> {
  assert.equal(await run.prepare(), "ready");
  for (let steps = 1; ; steps++) {
    await run.step();
    between();
    if (run.isEnded) return steps;
    run.bytes.takeAll();
    assert.ok(steps < 10_000, "it does not end");
  }
}

/** The rows that the encoder was given. */
function rowsGiven({ given }: Made): number[] {
  return given.flatMap((run) => {
    const [from, to] = run.split("-").map(Number) as [number, number];
    return Array.from({ length: to - from }, (_, index) => from + index);
  });
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe("row groups", () => {
  test("are copied where nothing is done to their rows", async () => {
    const { made, run } = makeRun(() => [group(5000), rowsPart(3, 7), group(100)]);
    await toEnd(run);
    assert.deepEqual(made.given, ["copy 5000", "3-7", "copy 100"]);
    const { rows, copiedRows, bytes } = run.stats();
    assert.deepEqual([rows, copiedRows, bytes], [5104, 5100, 5107]);
    assert.equal(made.notes?.rows, 5104);
    run.close();
  });

  test("are read where they are wanted in part, or filtered, or the format cannot copy", async () => {
    const cases = [
      [group(5000, [{ from: 10, to: 20 }]), {}, range(10, 20)],
      [group(5000), { order: { where: "pid < 7" } }, range(0, 7)],
      [group(5000), { canCopy: false }, range(0, 5000)],
    ] as const;
    for (const [part, wanted, rows] of cases) {
      const { made, run } = makeRun(() => [part], wanted);
      await toEnd(run);
      assert.deepEqual(rowsGiven(made), rows);
      assert.equal(run.stats().copiedRows, 0);
      assert.equal(run.stats().rows, rows.length);
      run.close();
    }
  });

  test("that hold no row of the range after all are passed over", async () => {
    const none: StoredPart = { ...(group(5000, []) as object), read: () => undefined } as never;
    const { made, run } = makeRun(() => [none, rowsPart(0, 2)]);
    await toEnd(run);
    assert.deepEqual(made.given, ["0-2"]);
    run.close();
  });

  test("are read a slice at a time, and a step may end in between", async () => {
    for (const isSlow of [false, true]) {
      const runs = [
        { from: 1, to: 4000 },
        { from: 4001, to: 10_000 },
      ];
      const { made, run, clock } = makeRun(
        () => [group(10_000, runs), group(9000, [{ from: 0, to: 9000 }])],
        { isSlow },
      );
      let ticks = 0;
      // Each look at the clock finds a step's time over: the longest that a step can be is one slice.
      clock.monotonicMs = () => ticks++ * 100;
      const slices: number[] = [];
      await toEnd(run, () => slices.push(made.given.length));
      assert.deepEqual(rowsGiven(made), [...range(1, 4000), ...range(4001, 10_000), ...range(0, 9000)]);
      assert.ok(
        slices.every((count, index) => count - (slices[index - 1] ?? 0) <= 1),
        slices.join(),
      );
      assert.ok(made.given.every((run) => Number(run.split("-")[1]) - Number(run.split("-")[0]) <= 4096));
      run.close();
    }
  });
});

describe("a filter", () => {
  test("leaves the rows it is true for, of each run", async () => {
    const part: StoredPart = {
      kind: "rows",
      batch,
      runs: [
        { from: 0, to: 5 },
        { from: 8, to: 20 },
      ],
    };
    for (const isSlow of [false, true]) {
      const { made, run } = makeRun(() => [part], {
        order: { where: "pid in (3, 4, 6, 8, 12, 13)" },
        isSlow,
      });
      await toEnd(run);
      assert.deepEqual(made.given, ["3-5", "8-9", "12-14"]);
      run.close();
    }
  });

  test("has its columns read, and not written", () => {
    const { made, run } = makeRun(() => [], { order: { columns: ["timestamp"], where: "pid = 1" } });
    assert.deepEqual(made.wishes[0]?.columns, ["timestamp", "pid"]);
    run.close();
    const all = makeRun(() => [], { order: { where: "pid = 1" } });
    assert.equal(all.made.wishes[0]?.columns, undefined);
    all.run.close();
  });
});

describe("a step", () => {
  test("ends after so many rows, so many bytes, or so much time", async () => {
    const parts = () => Array.from({ length: 200 }, () => rowsPart(0, 1000));
    const byRows = makeRun(parts);
    assert.ok((await toEnd(byRows.run)) >= 6);
    byRows.run.close();
    const byBytes = makeRun(parts, { rowBytes: 1000 });
    let most = 0;
    await toEnd(byBytes.run, () => {
      most = Math.max(most, byBytes.run.bytes.byteLength);
    });
    assert.ok(most < 2.1 * 2 ** 20, `${most} bytes wait`);
    byBytes.run.close();
    const byTime = makeRun(parts);
    let ticks = 0;
    byTime.clock.monotonicMs = () => ticks++;
    assert.ok((await toEnd(byTime.run)) >= 15);
    byTime.run.close();
  });

  test("ends where nothing but rows that are not wanted is passed over", async () => {
    const { run, made } = makeRun(() => Array.from({ length: 1000 }, () => undefined));
    assert.ok((await toEnd(run)) > 20);
    assert.ok(made.flushed > 20);
    run.close();
  });

  test("ends what takes several to end, with the same notes", async () => {
    const { run, made } = makeRun(() => [rowsPart(0, 2)], { endSteps: 3 });
    assert.equal(await toEnd(run), 4);
    assert.equal(run.stats().bytes, 2 + 3 * 3);
    assert.equal(made.notes?.rows, 2);
    run.close();
  });
});

describe("an export", () => {
  test("says what it is of, and how far it is", async () => {
    const toMs = START_MS + 5;
    const { run, made, clock } = makeRun(() => [rowsPart(0, 30), group(500)], {
      order: { toMs, columns: ["pid"] },
    });
    assert.equal(run.seenRows, 0);
    assert.equal(await run.prepare(), "ready");
    await run.step();
    // Of a batch all rows are looked at.
    assert.equal(run.seenRows, 10_500);
    clock.advance(2000);
    await run.step();
    assert.equal(run.seenRows, 50_000);
    assert.deepEqual(made.notes, {
      dataset: "process",
      profile: "pseudonymous",
      fromMs: null,
      toMs,
      rows: 530,
      suppressedRows: 0,
    });
    assert.deepEqual(
      made.facts?.shape.publicColumns.map(({ name }) => name),
      ["pid"],
    );
    assert.equal(run.stats().seconds, 2);
    assert.equal(run.stats().rowsPerSecond, 265);
    run.close();
  });

  test("gives back all that it holds, whenever it is closed", async () => {
    for (const steps of [-1, 0, 1, 3, 100]) {
      const { run, made } = makeRun(() =>
        Array.from({ length: 200 }, () => group(9000, [{ from: 0, to: 9000 }])),
      );
      assert.equal(readdirSync(folder).length, 1);
      if (steps >= 0) await run.prepare();
      for (let step = 0; step < steps && !run.isEnded; step++) await run.step();
      run.close();
      run.close();
      assert.deepEqual(readdirSync(folder), []);
      assert.equal(made.closed, steps >= 0 ? 1 : 0);
      assert.equal(made.returned, steps >= 1 ? 1 : 0);
      assert.equal(run.bytes.byteLength, 0);
    }
  });
});

describe("memory", () => {
  test("does not grow with the export", { timeout: 240_000 }, async () => {
    // Of a format as it is: what it gathers counts too.
    for (const [format, parts] of [
      ["arrow", 400],
      ["csv", 100],
    ] as const) {
      const checked = checkOrder(orderOf({ format }));
      assert.ok(checked.ok);
      const take = () => ({
        mostRows: parts * 10_000,
        *parts() {
          for (let part = 0; part < parts; part++) yield group(10_000, [{ from: 0, to: 10_000 }]);
        },
      });
      const run = new ExportRun(checked.plan, { take, clock: new VirtualClock(), workFolder: folder });
      // What the run holds; what the process takes is measured by the bench.
      let most = 0;
      const steps = await toEnd(run, () => {
        most = Math.max(most, run.bytes.byteLength);
      });
      assert.ok(steps > 10);
      const { bytes, rows } = run.stats();
      assert.equal(rows, parts * 10_000);
      assert.ok(bytes > 60 * 2 ** 20, `${bytes}`);
      assert.ok(most < 8 * 2 ** 20, `${format}: ${most} bytes at once of ${bytes}`);
      run.close();
    }
  });
});

describe("into a file", () => {
  // Beside the work folder, which is to be empty; of this process alone.
  const outFolder = mkdtempSync(join(tmpdir(), "millrace-out-"));
  const path = join(outFolder, "out");
  after(() => rmSync(outFolder, { recursive: true, force: true }));
  const endless = () => Array.from({ length: 50 }, () => rowsPart(0, 10_000));

  test("tells how far it is, never back, and at last all", async () => {
    const { run } = makeRun(endless);
    const seen: number[] = [];
    const bytes: number[] = [];
    const result = await exportToFile(run, path, {
      force: true,
      onProgress: (progress) => {
        seen.push(progress.seenRows);
        bytes.push(progress.bytes);
        assert.equal(existsSync(path), false);
      },
    });
    assert.ok(result.ok);
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
    assert.equal(seen.at(-1), 50_000);
    assert.equal(bytes.at(-1), result.stats.bytes);
    assert.deepEqual(readdirSync(folder), []);
    rmSync(path);
  });

  test("that is cancelled leaves nothing", async () => {
    const cancel = new AbortController();
    const { run } = makeRun(endless);
    let steps = 0;
    const onProgress = () => {
      steps++;
      cancel.abort();
    };
    const result = await exportToFile(run, path, { onProgress, signal: cancel.signal });
    assert.ok(!result.ok && result.reason === "cancelled");
    assert.equal(steps, 1);
    assert.equal(existsSync(path), false);
    assert.deepEqual(readdirSync(folder), []);
  });

  test("from a store that is damaged, or by a bug, leaves nothing", async () => {
    const broken = (error: Error) =>
      function* () {
        yield rowsPart(0, 10);
        throw error;
      };
    const { run } = makeRun(broken(new StoreDamaged("log segment 7 is damaged")));
    assert.deepEqual(await exportToFile(run, path), {
      ok: false,
      reason: "damaged",
      message: "log segment 7 is damaged",
    });
    const io = makeRun(broken(Object.assign(new Error("EIO: /home/me"), { code: "EIO" })));
    assert.deepEqual(await exportToFile(io.run, path), {
      ok: false,
      reason: "damaged",
      message: "the store cannot be read: EIO",
    });
    const bug = makeRun(broken(new TypeError("undefined is not a function")));
    await assert.rejects(exportToFile(bug.run, path), TypeError);
    const listener = makeRun(endless);
    const onProgress = () => {
      throw new Error("the terminal is gone");
    };
    await assert.rejects(exportToFile(listener.run, path, { onProgress }), /the terminal is gone/);
    assert.equal(existsSync(path), false);
    assert.deepEqual(readdirSync(folder), []);
  });
});
