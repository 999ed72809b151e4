import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, test } from "node:test";
import fc from "fast-check";
import { HOUR_MS, type Manifest } from "../../../actors/store/lake/manifest.ts";
import { StoreDamaged } from "../../../actors/store/store-damaged.ts";
import { type VerifyReport, verifyStore } from "../../../actors/store/verify.ts";
import { memory } from "../../../datasets/memory.ts";
import { optimization } from "../../../datasets/optimization.ts";
import { MessageBatch, viewsOf } from "../../../runtime/batch/index.ts";
import { START_MS } from "./log/temp-log.ts";
import { TempStore } from "./temp-store.ts";

const DATASETS = [memory, optimization];
const stores: TempStore[] = [];
afterEach(() => {
  for (const made of stores.splice(0)) made.remove();
});

/** Three hours of two datasets in the lake, and three segments of log, of which only the last has rows that the lake does not. */
function filled(): TempStore {
  const at = new TempStore(DATASETS, 7, { segmentBytes: 7000 });
  stores.push(at);
  for (let hour = 0; hour < 4; hour++) {
    for (const dataset of DATASETS) {
      at.append(
        dataset,
        Array.from({ length: 40 }, (_, row) => START_MS + hour * HOUR_MS + row * 60_000),
      );
    }
  }
  for (const dataset of DATASETS) {
    at.compact(dataset, { before: 0, hourMs: START_MS + 3 * HOUR_MS, hourBefore: 120 });
  }
  assert.equal(at.at.names().length, 3, at.at.names().join());
  return at;
}

function verify(at: TempStore): VerifyReport {
  return verifyStore(at.source, () => {}, DATASETS);
}

/** Where the frame behind the one at `from` begins. */
function nextFrame(bytes: Buffer, from: number): number {
  return from + 48 + Math.ceil(bytes.readUInt32LE(from + 4) / 8) * 8;
}

/** Where the last frame of a segment begins. */
function lastFrame(bytes: Buffer): number {
  let at = 0;
  while (nextFrame(bytes, at) < bytes.byteLength) at = nextFrame(bytes, at);
  return at;
}

/** What stands in a report, a line each. */
function problems(at: TempStore): string[] {
  const { ok, problems } = verify(at);
  assert.equal(ok, problems.length === 0);
  return problems.map(({ where, what }) => `${where}: ${what}`);
}

/** Hundreds of stores are verified. */
const SLOW = { timeout: 240_000 };
const FIRST = "00000001.log";
const LAST = "00000003.log";

describe("verifying a store", () => {
  test("that is as it should be counts what it read, and says what can go", () => {
    const at = filled();
    const seen: number[] = [];
    let total = 0;
    const report = verifyStore(
      at.source,
      ({ doneBytes, totalBytes }) => {
        seen.push(doneBytes);
        total = totalBytes;
      },
      DATASETS,
    );
    assert.deepEqual(
      { ...report, notes: [] },
      {
        ok: true,
        segments: 3,
        frames: 11,
        files: 6,
        rows: 320,
        problems: [],
        notes: [],
      },
    );
    assert.deepEqual(
      report.notes.map(({ where }) => where),
      [`log/${FIRST}`, "log/00000002.log"],
    );
    assert.deepEqual(
      seen,
      [...seen].sort((one, other) => one - other),
    );
    assert.ok(seen.at(-1)! <= total && seen.at(-1)! > total * 0.9, `${seen.at(-1)} of ${total}`);
  });

  test("of nothing at all finds nothing", () => {
    const at = filled();
    rmSync(at.at.dataFolder, { recursive: true });
    assert.deepEqual(verify(at), {
      ok: true,
      segments: 0,
      frames: 0,
      files: 0,
      rows: 0,
      problems: [],
      notes: [],
    });
  });

  test("notes what was left over, and no row of it counts", () => {
    const at = filled();
    const [file] = at.manifest.datasets["memory"]!.files;
    const folder = dirname(at.lakePath(file!));
    writeFileSync(join(folder, "new.part"), "x");
    mkdirSync(join(at.at.dataFolder, "lake/other"));
    writeFileSync(join(at.at.dataFolder, "lake/other/file"), "x");
    writeFileSync(at.at.path("00000004.new"), "x");
    mkdirSync(at.at.path("aside"));
    writeFileSync(at.at.path("aside/00000000.log"), "x");
    const { ok, notes } = verify(at);
    assert.equal(ok, true);
    const folders = file!.path.slice(0, file!.path.lastIndexOf("/"));
    assert.deepEqual(
      notes
        .map(({ where }) => where)
        .filter((where) => !/^log.\d+.log$/.test(where))
        .sort(),
      [`lake/${folders}/new.part`, "lake/other/file", "log/00000004.new", "log/aside/00000000.log"],
    );
  });

  test("notes the end of a write that was cut short", () => {
    const at = filled();
    const whole = readFileSync(at.at.path(LAST));
    const frame = 48 + whole.readUInt32LE(lastFrame(whole) + 4);
    // Within its header, too.
    for (const cut of [1, 47, 500, frame - 47, frame - 1]) {
      writeFileSync(at.at.path(LAST), whole.subarray(0, whole.byteLength - cut));
      const { ok, notes } = verify(at);
      assert.equal(ok, true, `cut by ${cut}`);
      assert.match(notes.at(-1)!.where, /^log\/00000003\.log, byte \d+$/);
      assert.match(notes.at(-1)!.what, /unfinished write/);
    }
    writeFileSync(at.at.path(LAST), Buffer.concat([whole, Buffer.alloc(8192)]));
    assert.match(verify(at).notes.at(-1)!.what, /^8192 bytes of an unfinished write/);
  });

  test("says of the last segment what no crash leaves", () => {
    const at = filled();
    const whole = readFileSync(at.at.path(LAST));
    const head = nextFrame(whole, 0);
    const change = (place: number, to: number) => {
      const changed = Buffer.from(whole);
      changed.writeUInt32LE(to, place);
      writeFileSync(at.at.path(LAST), changed);
      return problems(at);
    };
    assert.equal(whole.readUInt32LE(head + 8), 2, "a batch follows the head");
    // Too long for the file: as if it were cut, but for the frame behind it.
    assert.match(
      change(head + 4, 100_000).join(),
      new RegExp(`byte ${head}: is damaged.*whole frames are behind it`),
    );
    assert.match(
      change(head + 100, 1).join(),
      new RegExp(`byte ${head}: is damaged.*whole frames are behind it`),
    );
    assert.match(change(whole.byteLength - 8, 0x1234_5678).join(), /is damaged: \d+ bytes from there/);
    writeFileSync(
      at.at.path(LAST),
      Buffer.concat([whole, Buffer.from("what is this, and who wrote it? ".repeat(4))]),
    );
    assert.match(problems(at).join(), /is damaged: 128 bytes from there/);
    writeFileSync(at.at.path(LAST), Buffer.concat([whole, Buffer.alloc(64), Buffer.alloc(64, "x")]));
    assert.match(problems(at).join(), /is damaged: 128 bytes from there/);
  });

  test("says how many rows are missing between two segments", () => {
    const at = new TempStore([memory], 7, { segmentBytes: 3000 });
    stores.push(at);
    for (let hour = 0; hour < 4; hour++) at.append(memory, Array(60).fill(START_MS + hour * HOUR_MS));
    assert.ok(at.at.names().length >= 4);
    rmSync(at.at.path("00000002.log"));
    const missing = "log/00000003.log: before it, 60 rows of memory are missing, from number 60 on";
    assert.deepEqual(problems(at), [missing]);
    assert.deepEqual(verify(at).notes, []);
    // In the lake they are not missing.
    const other = new TempStore([memory], 7, { segmentBytes: 3000 });
    stores.push(other);
    for (let hour = 0; hour < 4; hour++) other.append(memory, Array(60).fill(START_MS + hour * HOUR_MS));
    other.compact(memory, { before: 0, hourMs: START_MS + 2 * HOUR_MS, hourBefore: 120 });
    rmSync(other.at.path("00000002.log"));
    assert.deepEqual(problems(other), []);
    assert.deepEqual(
      verify(other).notes.map(({ where }) => where),
      ["log/00000001.log"],
    );
  });

  test("tells a segment of another log by what it says of those before", () => {
    const [at, other] = [60, 50].map((rows) => {
      const made = new TempStore([memory], 7, { segmentBytes: 3000 });
      stores.push(made);
      for (let hour = 0; hour < 4; hour++) made.append(memory, Array(rows).fill(START_MS + hour * HOUR_MS));
      return made;
    });
    copyFileSync(other!.at.path(LAST), at!.at.path(LAST));
    const said =
      "says that before it are 100 rows of memory, and the next has number 100; there are 120, and the next has 120";
    assert.equal(problems(at!)[0], `log/${LAST}: ${said}`);
  });

  test("says of a segment that is not the last when it was cut", () => {
    const at = filled();
    truncateSync(at.at.path(FIRST), readFileSync(at.at.path(FIRST)).byteLength - 1);
    assert.match(problems(at).join("\n"), /^log\/00000001\.log, byte \d+: is damaged/);
  });

  test("finds rows that are in lake and log, and rows that are in neither", () => {
    const at = filled();
    const { manifest } = at;
    const of = manifest.datasets["memory"]!;
    const change = (changed: Partial<typeof of>) => {
      at.replace({ ...manifest, datasets: { ...manifest.datasets, memory: { ...of, ...changed } } });
      return problems(at);
    };
    const found = (rows: number) =>
      `lake/manifest.json: 160 rows of memory were stored, and there are ${rows}: `;
    const twice = change({ compacted: { before: 0, hourMs: START_MS + 3 * HOUR_MS, hourBefore: 119 } });
    assert.ok(twice.join().startsWith(found(161)), twice.join());
    const none = change({ compacted: { before: 121, hourMs: 0, hourBefore: 0 } });
    assert.ok(none.join().startsWith(found(159)), none.join());
    assert.deepEqual(
      change({ compacted: { before: 125, hourMs: 0, hourBefore: 0 }, expired: 2, thinned: 3 }),
      [],
    );
    assert.deepEqual(change({ compacted: { before: 125, hourMs: 0, hourBefore: 0 }, lost: 5 }), []);
    assert.match(
      verify(at)
        .notes.map(({ what }) => what)
        .join(),
      /5 rows of memory could not be read when they were compacted/,
    );
    const ahead = change({ compacted: { before: 161, hourMs: 0, hourBefore: 0 } });
    assert.match(ahead.join(), /up to number 160 are in the lake; the next row of the log gets 160/);
  });

  test("tells of files that are missing, or not what the manifest says", () => {
    const at = filled();
    const [first, second] = at.manifest.datasets["memory"]!.files;
    const [third, fourth, ...others] = at.manifest.datasets["optimization"]!.files;
    const change = (changed: (manifest: Manifest) => Manifest) => at.replace(changed(at.manifest));
    rmSync(at.lakePath(first!));
    appendFileSync(at.lakePath(second!), "x");
    change((manifest) => {
      const of = manifest.datasets["optimization"]!;
      const files = [{ ...third!, maxTimeMs: third!.maxTimeMs + 1 }, { ...fourth!, rows: 41 }, ...others];
      return { ...manifest, datasets: { ...manifest.datasets, optimization: { ...of, files } } };
    });
    // Which no checksum covers.
    const begun = readFileSync(at.lakePath(others[0]!));
    begun[0]! ^= 1;
    writeFileSync(at.lakePath(others[0]!), begun);
    const lines = problems(at);
    const start = (path: string) => lines.filter((line) => line.startsWith(`lake/${path}: `)).join("\n");
    assert.match(start(first!.path), /is missing, and the manifest lists it/);
    assert.match(start(second!.path), /has \d+ bytes, and \d+ by the manifest/);
    assert.match(start(third!.path), /has times from \d+ to \d+ \(ms\), and \d+ to \d+ by the manifest/);
    assert.match(start(others[0]!.path), /does not begin as a Parquet file/);
    assert.match(start(fourth!.path), /has 40 rows, and 41 by the manifest/);
  });

  test("goes on when the disk does not give a file", () => {
    const at = filled();
    rmSync(at.at.path(FIRST));
    mkdirSync(at.at.path(FIRST));
    const path = at.lakePath(at.manifest.datasets["memory"]!.files[0]!);
    rmSync(path);
    mkdirSync(path);
    const lines = problems(at);
    assert.ok(lines.includes(`log/${FIRST}: cannot be read: EISDIR`), lines.join("\n"));
    assert.ok(lines.some((line) => line.startsWith("lake/memory/date=2026-01-01/hour=00/")));
    assert.ok(!lines.join().includes(at.at.dataFolder));
  });

  test("goes on without a manifest that cannot be read", () => {
    const at = filled();
    writeFileSync(join(at.at.dataFolder, "lake/manifest.json"), "{}");
    const report = verify(at);
    assert.match(report.problems.map(({ where }) => where).join(), /^lake\/manifest\.json$/);
    assert.equal(report.rows, 320, "all of the log");
  });

  test("finds frames that hold what they may not, though their CRC fits", () => {
    const at = filled();
    const whole = readFileSync(at.at.path(FIRST));
    const head = nextFrame(whole, 0);
    /** Changes the frame at `from` and gives it the CRC that it then has. */
    const change = (make: (frame: Buffer) => void, from = head) => {
      const changed = Buffer.from(whole);
      const bytes = nextFrame(whole, from) - from;
      const frame = changed.subarray(from, from + bytes);
      const { u8 } = viewsOf(at.source.kernels.memory.buffer);
      u8.set(frame, at.source.window.at);
      make(frame);
      u8.set(frame, at.source.window.at);
      frame.writeUInt32LE(at.source.kernels.crc32c(at.source.window.at + 4, bytes - 4), 0);
      writeFileSync(at.at.path(FIRST), changed);
      return problems(at).join("\n");
    };
    assert.equal(
      change(() => {}),
      "",
    );
    const place = `log/${FIRST}, byte ${head}: a batch of \\d+ rows of memory`;
    assert.match(
      change((frame) => frame.writeUInt32LE(39, 16)),
      new RegExp(`${place} has 40 rows in its message`),
    );
    assert.match(
      change((frame) => frame.writeDoubleLE(START_MS + 1, 32)),
      new RegExp(`${place} has times from`),
    );
    assert.match(
      change((frame) => frame.writeDoubleLE(START_MS, 40)),
      new RegExp(`${place} has times from`),
    );
    assert.match(
      change((frame) => frame.writeDoubleLE(39, 24), lastFrame(whole)),
      /a batch of 40 rows of memory begins with row 39, though row 39 is before it/,
    );
    assert.match(
      change(
        (frame) => {
          const batch = new MessageBatch(optimization.plan);
          assert.ok(batch.bind(at.source.kernels.memory.buffer, at.source.window.at + 48, 0));
          frame[batch.dataAt(optimization.plan.public("trigger")) - at.source.window.at + 7] = 4;
        },
        nextFrame(whole, head),
      ),
      /of optimization column trigger has value 4 of 4 in row 7/,
    );
    assert.match(
      change((frame) => frame.writeUInt32LE(1, 12)),
      /of optimization is not of the schema/,
    );
    assert.match(
      change((frame) => frame.writeUInt32LE(9, 12)),
      /is of a dataset that the segment's head does not name/,
    );
    assert.match(
      change((frame) => frame.writeUInt32LE(7, 8)),
      /a frame is of type 7/,
    );
    const column = memory.plan.public("processes_count");
    assert.ok(column.data > 0);
    assert.match(
      change((frame) => {
        // Offset of the last buffer in the message, behind which 40 rows have no room.
        const at = frame.lastIndexOf(Buffer.from([160, 0, 0, 0, 0, 0, 0, 0]), 600);
        frame.writeUInt32LE(frame.byteLength - 48, at - 8);
      }),
      /cut short: column processes_count lies outside of it/,
    );
  });
});

/** Part of a whole. Not a double of fast-check's: of those, nearly all are nearly 0. */
const share = fc.integer({ min: 0, max: 99_999 }).map((part) => part / 100_000);

describe("damage", () => {
  test("property: is told of the file it is in, or no row is another than it was", SLOW, () => {
    const at = filled();
    const files = [
      ...at.at.names().map((name) => ({ where: `log/${name}`, path: at.at.path(name) })),
      ...DATASETS.flatMap(({ name }) => at.manifest.datasets[name]!.files).map((file) => ({
        where: `lake/${file.path}`,
        path: at.lakePath(file),
      })),
    ].map((file) => ({ ...file, bytes: readFileSync(file.path) }));
    const rows = DATASETS.map((dataset) => at.read(dataset));
    const damage = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          place: share,
          bit: fc.nat(7),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ keep: share }),
      },
      { weight: 1, arbitrary: fc.record({ more: fc.uint8Array({ minLength: 1, maxLength: 70 }) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          place: share,
          over: fc.uint8Array({ minLength: 1, maxLength: 40 }),
        }),
      },
    );
    fc.assert(
      fc.property(fc.nat(files.length - 1), damage, (index, how) => {
        const { where, path, bytes } = files[index]!;
        const changed = damaged(bytes, how);
        if (changed.equals(bytes)) return;
        writeFileSync(path, changed);
        try {
          const { ok, problems, notes } = verify(at);
          // The whole segments that can go are noted of a good store as well.
          const told = [
            ...problems,
            ...notes.filter((note) => note.what.includes("unfinished") && note.where.includes(LAST)),
          ];
          assert.equal(ok, problems.length === 0);
          if (told.some((finding) => finding.where.startsWith(where))) return;
          assert.deepEqual(told, [], "another file is blamed");
          assert.deepEqual(
            DATASETS.map((dataset) => at.read(dataset)),
            rows,
            `${where}, not told`,
          );
        } finally {
          writeFileSync(path, bytes);
        }
      }),
      { numRuns: 200, seed: 20_260_402 },
    );
    assert.deepEqual(problems(at), []);
  });

  test("property: of the manifest is told, or no row is another than it was", SLOW, () => {
    const at = filled();
    const path = join(at.at.dataFolder, "lake/manifest.json");
    const bytes = readFileSync(path);
    const rows = DATASETS.map((dataset) => at.read(dataset));
    fc.assert(
      fc.property(fc.nat(bytes.byteLength - 1), fc.constantFrom(..."0123456789m-[]"), (place, letter) => {
        const changed = Buffer.from(bytes);
        changed.write(letter, place);
        writeFileSync(path, changed);
        if (!verify(at).ok) return;
        assert.deepEqual(
          DATASETS.map((dataset) => at.read(dataset)),
          rows,
          changed.toString(),
        );
      }),
      { numRuns: 150, seed: 20_260_403 },
    );
  });

  test("of several files at once is told, and nothing is thrown", () => {
    const at = filled();
    for (const name of at.at.names()) truncateSync(at.at.path(name), 30);
    for (const { name } of DATASETS) {
      for (const file of at.manifest.datasets[name]!.files) truncateSync(at.lakePath(file), 10);
    }
    assert.equal(new Set(verify(at).problems.map(({ where }) => where)).size >= 7, true);
    assert.throws(() => at.read(memory), StoreDamaged);
  });
});

type Damage =
  | { readonly place: number; readonly bit: number }
  | { readonly keep: number }
  | { readonly more: Uint8Array }
  | { readonly place: number; readonly over: Uint8Array };

function damaged(bytes: Buffer, how: Damage): Buffer {
  if ("keep" in how) return bytes.subarray(0, Math.floor(how.keep * bytes.byteLength));
  if ("more" in how) return Buffer.concat([bytes, how.more]);
  const changed = Buffer.from(bytes);
  const place = Math.floor(how.place * bytes.byteLength);
  if ("bit" in how) changed[place]! ^= 1 << how.bit;
  else changed.set(how.over.subarray(0, bytes.byteLength - place), place);
  return changed;
}
