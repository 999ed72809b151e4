import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, test } from "node:test";
import { EXPORT_IDLE_MS, type ExporterReplies, MAX_EXPORTS } from "../../../actors/exporter/protocol.ts";
import type { Dataset } from "../../../datasets/define.ts";
import { memory } from "../../../datasets/memory.ts";
import { optimization } from "../../../datasets/optimization.ts";
import { process } from "../../../datasets/process.ts";
import { openFilesIn } from "../../fixtures/open-files.ts";
import { RecorderHouse } from "../recorder/recorder-house.ts";
import type { PlainRow } from "../store/log/rows.ts";
import { START_MS, TempLog } from "../store/log/temp-log.ts";
import { ask, exportFile, open, orderOf, pullAll } from "./export-client.ts";
import { parquetFacts, readCsv, readParquet } from "./read-files.ts";

const FORMATS = ["csv", "parquet"] as const;
const SEGMENT_BYTES = 60_000;
let at: TempLog;
let house: RecorderHouse;

beforeEach(async () => {
  at = new TempLog(1);
  house = await new RecorderHouse(at.dataFolder, 1, SEGMENT_BYTES).start();
});

afterEach(async () => {
  await house.stop();
  at.remove();
});

async function fill(sizes: readonly number[]): Promise<void> {
  for (const rows of sizes) {
    await house.publish("process", rows);
    await house.publish("memory", 1);
    await house.publish("optimization", 3);
  }
}

/** More than a step takes. */
async function fillMuch(): Promise<void> {
  for (let batch = 0; batch < 40; batch++) await house.publish("process", 1000);
}

async function read(format: string, dataset: Dataset, bytes: Uint8Array): Promise<PlainRow[]> {
  return format === "csv" ? readCsv(dataset, bytes) : await readParquet(dataset, bytes);
}

for (const format of FORMATS) {
  describe(`an export as ${format}`, () => {
    test("holds exactly what was stored, from several segments", async () => {
      await fill([1, 500, 64, 3, 1000, 700, 1000]);
      assert.ok(at.names().length >= 3);
      for (const dataset of [process, memory, optimization]) {
        const bytes = await exportFile(house, { dataset: dataset.name, format });
        assert.deepEqual(await read(format, dataset, bytes), house.published.get(dataset.name));
      }
    });

    test("holds the rows from its start, inclusive, to its end, exclusive", async () => {
      await fill([10, 10, 10]);
      const rows = house.published.get("process")!;
      for (const [from, to] of [
        [0, 30],
        [3, 4],
        [3, 27],
        [9, 11],
        [10, 20],
        [29, 40],
      ] as const) {
        const range = { fromMs: START_MS + from * 1000, toMs: START_MS + to * 1000 };
        const bytes = await exportFile(house, { format, ...range });
        assert.deepEqual(await read(format, process, bytes), rows.slice(from, to), `${from} to ${to}`);
      }
      const beside = { fromMs: START_MS + 3001, toMs: START_MS + 5001 };
      const bytes = await exportFile(house, { format, ...beside });
      assert.deepEqual(await read(format, process, bytes), rows.slice(4, 6));
    });

    test("of no rows is a whole file all the same", async () => {
      for (const stored of [[], [5]]) {
        await fill(stored);
        const bytes = await exportFile(house, { format, fromMs: 0, toMs: 1000 });
        assert.deepEqual(await read(format, process, bytes), []);
        const names = process.publicColumns.map(({ name }) => name);
        if (format === "csv") assert.equal(bytes.toString(), `${names.join()}\n`);
        else assert.deepEqual(columnsOf(bytes), names);
      }
    });

    test("is of the moment it was opened at, while more comes", async () => {
      await fillMuch();
      const before = [...house.published.get("process")!];
      const { id } = await open(house, { format });
      const { bytes, pulls } = await pullAll(house, id, () => house.publish("process", 900));
      assert.ok(pulls > 1);
      assert.ok(house.published.get("process")!.length > before.length);
      assert.deepEqual(await read(format, process, bytes), before);
    });

    test("is the same whatever else is exported at the same time", async () => {
      await fillMuch();
      const ranges = [0, 1000, 2500].map((from) => ({ fromMs: START_MS + from * 1000 }));
      const alone: Buffer[] = [];
      for (const range of ranges) alone.push(await exportFile(house, { format, ...range }));
      const opened = [];
      for (const range of ranges) opened.push(await open(house, { format, ...range }));
      const parts = opened.map((): Uint8Array[] => []);
      for (let isOpen = opened.map(() => true); isOpen.some(Boolean); ) {
        for (const [index, { id }] of opened.entries()) {
          if (!isOpen[index]) continue;
          const chunk = await ask(house, { kind: "export.pull", id });
          assert.ok(chunk.ok);
          parts[index]!.push(chunk.bytes);
          isOpen = isOpen.with(index, !chunk.done);
        }
      }
      parts.forEach((part, index) => {
        assert.ok(Buffer.concat(part).equals(alone[index]!), `export ${index}`);
      });
    });
  });
}

test("an export is the same bytes on every runtime", async () => {
  for (const rows of [100, 1000, 3]) await house.publish("process", rows);
  const digest = createHash("sha256")
    .update(await exportFile(house, { format: "csv" }))
    .digest("hex");
  assert.equal(digest, CSV_DIGEST);
});

/** Of the rows that the test makes. It changes with the dataset's columns and nothing else. */
const CSV_DIGEST = "6ae65c9bf016dd1ae039895231c70ab228062c43c1ef675076d3ecec73ebeb75";

function columnsOf(bytes: Uint8Array): readonly string[] {
  return parquetFacts(bytes)
    .schema.slice(1)
    .map(({ name }) => name);
}

describe("a Parquet file", () => {
  test("says what it is, and has the types of the dataset", async () => {
    await fill([5]);
    const range = { fromMs: START_MS, toMs: START_MS + 86_400_000 };
    const bytes = await exportFile(house, { dataset: "process", format: "parquet", ...range });
    const facts = parquetFacts(bytes);
    assert.equal(facts.created_by, "millrace");
    const told = new Map(facts.key_value_metadata?.map(({ key, value }) => [key, value]));
    const about = { dataset: "process", profile: "pseudonymous", ...range, rows: 5, suppressedRows: 0 };
    assert.deepEqual(JSON.parse(told.get("millrace") ?? ""), about);
    const types = facts.schema
      .slice(1)
      .map((column) => [column.name, column.type, column.logical_type?.type]);
    assert.deepEqual(types.slice(0, 5), [
      ["timestamp", "INT64", "TIMESTAMP"],
      ["pid", "INT32", "INTEGER"],
      ["name_hash", "INT64", "INTEGER"],
      ["working_set_mb", "DOUBLE", undefined],
      ["private_bytes_mb", "DOUBLE", undefined],
    ]);
    assert.deepEqual(
      facts.schema.slice(1).map(({ repetition_type }) => repetition_type === "OPTIONAL"),
      process.publicColumns.map(({ field }) => field.nullable),
    );
    assert.ok(
      facts.row_groups.every(({ columns }) => columns.every((column) => column.meta_data?.codec === "ZSTD")),
    );
  });

  test("has row groups of a bounded size", async () => {
    for (let batch = 0; batch < 70; batch++) await house.publish("process", 1000);
    const { id } = await open(house, { format: "parquet" });
    const { bytes } = await pullAll(house, id);
    assert.deepEqual(
      parquetFacts(bytes).row_groups.map(({ num_rows }) => Number(num_rows)),
      [65_536, 4464],
    );
    assert.deepEqual(await readParquet(process, bytes), house.published.get("process"));
  });
});

describe("the exporter", () => {
  test("refuses what it cannot do, and says why", async () => {
    const refused = await ask(house, { kind: "export.open", order: orderOf({ format: "xlsx" }) });
    assert.ok(!refused.ok && refused.reason === "unknown-format");
    assert.match(refused.message, /^expected a format: .*; came "xlsx"$/);
    const noJob = await ask(house, { kind: "export.start", order: orderOf({ columns: ["x"] }) });
    assert.ok(!noJob.ok && noJob.reason === "unknown-column");
    const unknown = await ask(house, { kind: "export.pull", id: 1 });
    assert.ok(!unknown.ok && unknown.reason === "unknown-export");
    assert.deepEqual(await ask(house, { kind: "export.close", id: 1 }), { closed: false });
  });

  test("says how large a file may become, how far it is, and what it was", async () => {
    await fill([1000, 1000]);
    const { id, mostRows, contentType } = await open(house, {});
    assert.equal(mostRows, 2000);
    assert.match(contentType, /^text\/csv/);
    house.clock.advance(1500);
    const { bytes, last } = await pullAll(house, id);
    assert.equal(last.seenRows, 2000);
    assert.deepEqual(last.stats, {
      dataset: "process",
      format: "csv",
      compression: "none",
      profile: "pseudonymous",
      rows: 2000,
      bytes: bytes.byteLength,
      seconds: 1.5,
      rowsPerSecond: 2000 / 1.5,
      suppressedRows: 0,
      copiedRows: 0,
    });
  });

  test("runs so many at once and no more, and has room again when one is closed", async () => {
    await fill([5]);
    const opened = [];
    for (let count = 0; count < MAX_EXPORTS; count++) {
      opened.push(await open(house, { format: FORMATS[count % 2]! }));
    }
    const full = await ask(house, {
      kind: "export.open",
      order: orderOf({ dataset: "memory" }),
    });
    assert.ok(!full.ok && full.reason === "too-many");
    assert.deepEqual(await ask(house, { kind: "export.close", id: opened[1]!.id }), { closed: true });
    const again = await open(house, { format: "parquet" });
    assert.ok(opened.every(({ id }) => id !== again.id));
    const { bytes } = await pullAll(house, again.id);
    assert.equal((await readParquet(process, bytes)).length, 5);
    // One that was pulled to its end has made room by itself.
    await open(house, {});
  });

  test("closes an export that nobody pulls, and only such a one", async () => {
    await fillMuch();
    const left = await open(house, { format: "parquet" });
    const pulled = await open(house, {});
    await house.pass(EXPORT_IDLE_MS - 1000, 10_000);
    assert.ok((await ask(house, { kind: "export.pull", id: pulled.id })).ok);
    await house.pass(2000, 1000);
    const gone = await ask(house, { kind: "export.pull", id: left.id });
    assert.ok(!gone.ok && gone.reason === "unknown-export");
    assert.ok((await ask(house, { kind: "export.pull", id: pulled.id })).ok);
  });

  test("holds no file open when an export has ended, one way or another", { skip: noProc() }, async () => {
    await fillMuch();
    const held = openOnes();
    const closed = await open(house, {});
    await ask(house, { kind: "export.pull", id: closed.id });
    assert.ok(openOnes() > held);
    await ask(house, { kind: "export.close", id: closed.id });
    assert.equal(openOnes(), held);
    await exportFile(house, {});
    assert.equal(openOnes(), held);
    const idle = await open(house, { format: "parquet" });
    await ask(house, { kind: "export.pull", id: idle.id });
    await house.pass(EXPORT_IDLE_MS + 1000, 10_000);
    assert.equal(openOnes(), held);
  });

  test("tells of a damaged log rather than leaving rows out", async () => {
    await fill([500, 500, 500, 500]);
    const [first] = at.names();
    const last = at.names().at(-1)!;
    const { id } = await open(house, {});
    const damaged = at.bytes(first!);
    damaged[damaged.byteLength - 100]! ^= 1;
    writeFileSync(at.path(first!), damaged);
    let chunk = await ask(house, { kind: "export.pull", id });
    while (chunk.ok && !chunk.done) chunk = await ask(house, { kind: "export.pull", id });
    assert.ok(!chunk.ok && chunk.reason === "damaged");
    assert.match(chunk.message, /log segment 00000001\.log is damaged at byte/);
    const after = await ask(house, { kind: "export.pull", id });
    assert.ok(!after.ok && after.reason === "unknown-export");
    assert.notEqual(first, last);
  });

  test("tells of rows that were stored and are not there any more", async () => {
    house = await reopened(2 ** 20);
    await fill([500, 500]);
    truncateSync(at.path("00000001.log"), at.bytes("00000001.log").byteLength - 2000);
    const { id } = await open(house, {});
    let chunk = await ask(house, { kind: "export.pull", id });
    while (chunk.ok && !chunk.done) chunk = await ask(house, { kind: "export.pull", id });
    assert.ok(!chunk.ok && chunk.reason === "damaged");
  });

  test("looks at all rows of an anonymous file before it is open, beside other work", async () => {
    await fillMuch();
    house.clock.jumpWall(86_400_000);
    const order = orderOf({ profile: "anonymous", k: 2, maxSuppressed: 1 });
    const answers: ExporterReplies["export.open"][] = [];
    void house.system
      .ask<ExporterReplies["export.open"]>("exporter", { kind: "export.open", order } as never, 60_000)
      .then((result) => {
        if (result.ok) answers.push(result.value);
      });
    await house.settle();
    assert.equal(answers.length, 0);
    // Meanwhile others are served.
    const { id } = await open(house, { columns: ["pid"] });
    await pullAll(house, id);
    for (let turn = 0; turn < 100 && answers.length === 0; turn++) await house.pass(1, 1);
    const [answer] = answers;
    assert.ok(answer?.ok && answer.privacy?.kept === true, JSON.stringify(answer));
    const { bytes, last } = await pullAll(house, answer.id);
    assert.equal(last.stats?.rows, answer.privacy.rows.exported);
    assert.equal(bytes.toString().trimEnd().split("\n").length, 1 + answer.privacy.rows.exported);
    assert.equal(last.stats?.suppressedRows, answer.privacy.rows.suppressed);
    // From the last hour on there are less than k rows.
    const strict = { profile: "anonymous", k: 1000, maxSuppressed: 0, fromMs: START_MS + 11 * 3_600_000 };
    // One that is refused leaves its place to others.
    for (let count = 0; count <= MAX_EXPORTS; count++) {
      const refused = await ask(house, { kind: "export.open", order: orderOf(strict) });
      assert.ok(!refused.ok && refused.reason === "below-policy", JSON.stringify(refused));
    }
  });

  test("answers in steps: no pull waits for the whole file", async () => {
    await fillMuch();
    const { id } = await open(house, {});
    const { pulls } = await pullAll(house, id);
    assert.ok(pulls >= 4, `${pulls} pulls`);
  });
});

async function reopened(segmentBytes: number): Promise<RecorderHouse> {
  await house.stop();
  return new RecorderHouse(at.dataFolder, 2, segmentBytes).start();
}

function noProc(): string | false {
  return openFilesIn(tmpdir()) === undefined ? "open files are counted in /proc" : false;
}

function openOnes(): number {
  return openFilesIn(at.dataFolder)!.length;
}
