import assert from "node:assert/strict";
import { existsSync, rmSync, truncateSync } from "node:fs";
import { afterEach, describe, test } from "node:test";
import fc from "fast-check";
import { HOUR_MS, NOTHING_COMPACTED } from "../../../actors/store/lake/manifest.ts";
import type { LogWriterOptions } from "../../../actors/store/log/log-writer.ts";
import { readStats } from "../../../actors/store/stats.ts";
import { StoreDamaged } from "../../../actors/store/store-damaged.ts";
import { openStore } from "../../../actors/store/store-reader.ts";
import { verifyStore } from "../../../actors/store/verify.ts";
import { memory } from "../../../datasets/memory.ts";
import { optimization } from "../../../datasets/optimization.ts";
import { START_MS } from "./log/temp-log.ts";
import { EVERYTHING, rowsOf, TempStore } from "./temp-store.ts";

const DATASETS = [memory, optimization];
const stores: TempStore[] = [];
function store(options: Partial<LogWriterOptions> = {}): TempStore {
  const made = new TempStore(DATASETS, 5, options);
  stores.push(made);
  return made;
}

afterEach(() => {
  for (const made of stores.splice(0)) made.remove();
});

/** A hundred stores are made. */
const SLOW = { timeout: 240_000 };
const MINUTE_MS = 60_000;
/** Moments of six hours: any, and those where an hour ends. */
const moment = fc.oneof(
  fc.integer({ min: 0, max: 6 * 60 }).map((minute) => START_MS + minute * MINUTE_MS),
  fc
    .tuple(fc.integer({ min: 0, max: 6 }), fc.constantFrom(-1, 0, 1))
    .map(([h, ms]) => START_MS + h * HOUR_MS + ms),
);
/** Part of a whole. Not a double of fast-check's: of those, nearly all are nearly 0. */
const share = fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ append: fc.array(moment, { minLength: 1, maxLength: 9 }), first: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ skip: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      // Shares of the rows that there are.
      before: share,
      hourBefore: share,
      hour: fc.integer({ min: 0, max: 6 }),
      drop: fc.boolean(),
    }),
  },
);

describe("a store", () => {
  test(
    "property: gives every row once, from lake or log, whatever was compacted; stats and verify agree",
    SLOW,
    () => {
      fc.assert(
        fc.property(
          fc.array(step, { minLength: 1, maxLength: 14 }),
          fc.array(fc.tuple(moment, moment, share, fc.boolean()), {
            maxLength: 4,
          }),
          (steps, ranges) => {
            const at = store({ segmentBytes: 6000 });
            for (const step of steps) {
              if ("append" in step) at.append(step.first ? memory : optimization, step.append);
              else if ("skip" in step) at.skip(memory, step.skip);
              else {
                const { compacted } = at.manifest.datasets["memory"] ?? { compacted: NOTHING_COMPACTED };
                const next = at.log.nextSequence("memory");
                at.compact(memory, {
                  before: Math.max(compacted.before, Math.floor(step.before * step.before * next)),
                  hourMs: Math.max(compacted.hourMs, START_MS + step.hour * HOUR_MS),
                  hourBefore: Math.max(compacted.hourBefore, Math.floor(step.hourBefore * next)),
                });
                if (step.drop) at.dropSegments(DATASETS);
              }
            }
            for (const dataset of DATASETS) {
              const storedRows = at.rowsOf(dataset).length;
              assert.deepEqual(at.read(dataset, { storedRows }), at.expect(dataset));
              const inLake =
                at
                  .rowsOf(dataset)
                  .filter(({ file }) => file !== undefined)
                  .at(-1)?.sequence ?? -1;
              for (const [fromMs, toMs, share, someColumns] of ranges) {
                const last = at.log.nextSequence(dataset.name);
                const endSequence = Math.max(inLake + 1, Math.floor(share * last));
                const columns = someColumns ? [dataset.publicColumns.at(-1)!.name] : undefined;
                const range = { fromMs, toMs, endSequence, ...(columns === undefined ? {} : { columns }) };
                const expected = at.expect(dataset, range);
                assert.deepEqual(at.read(dataset, range), expected);
                const { mostRows } = openStore(at.source, at.manifest, dataset, { ...EVERYTHING, ...range });
                assert.ok(expected.length <= mostRows, `${expected.length} of at most ${mostRows}`);
              }
            }
            checkStats(at);
            const report = verifyStore(at.source, () => {}, DATASETS);
            assert.deepEqual(report.problems, []);
            assert.equal(report.rows, at.rowsOf(memory).length + at.rowsOf(optimization).length);
            stores.splice(stores.indexOf(at), 1);
            at.remove();
          },
        ),
        { numRuns: 80, seed: 20_260_401 },
      );
    },
  );
});

function checkStats(at: TempStore): void {
  const stats = readStats(at.source, at.manifest, DATASETS);
  for (const dataset of DATASETS) {
    const rows = at.rowsOf(dataset);
    const times = rows.map(({ timeMs }) => timeMs);
    const files = at.manifest.datasets[dataset.name]?.files ?? [];
    const found = stats.datasets.find((of) => of.dataset === dataset.name)!;
    assert.equal(found.rows, rows.length);
    assert.equal(found.logRows, rows.filter(({ file }) => file === undefined).length);
    assert.equal(found.lakeRows, rows.filter(({ file }) => file !== undefined).length);
    assert.equal(found.lakeFiles, files.length);
    assert.equal(found.firstMs, times.length === 0 ? null : Math.min(...times));
    assert.equal(found.lastMs, times.length === 0 ? null : Math.max(...times));
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const hours = new Set(files.map(({ hourMs }) => hourMs)).size;
    assert.equal(found.lakeBytes, bytes);
    assert.equal(found.bytesPerMinute, hours === 0 ? null : bytes / (hours * 60));
  }
  assert.equal(stats.segments, at.at.names().length);
}

/** Two hours of memory in the lake, each with its late row in a second file, and a third hour in the log. */
function threeHours(): TempStore {
  const at = store();
  const times = (hour: number) =>
    Array.from({ length: 60 }, (_, row) => START_MS + hour * HOUR_MS + row * MINUTE_MS);
  at.append(memory, times(0));
  at.append(memory, times(1));
  at.compact(memory, { before: 0, hourMs: START_MS + 2 * HOUR_MS, hourBefore: 120 });
  at.append(memory, [START_MS + 5, START_MS + HOUR_MS + 5, ...times(2)]);
  at.compact(memory, { before: 0, hourMs: START_MS + 2 * HOUR_MS, hourBefore: 122 });
  return at;
}

describe("parts", () => {
  test("are row groups by hour, late files behind their hour's, and then the log", () => {
    const at = threeHours();
    const { parts, mostRows } = openStore(at.source, at.manifest, memory, EVERYTHING);
    const seen = [...parts].map((part) => (part?.kind === "group" ? [part.rows, part.isWhole] : part?.runs));
    assert.deepEqual(seen, [[60, true], [1, true], [60, true], [1, true], [{ from: 2, to: 62 }]]);
    assert.equal(mostRows, Number.POSITIVE_INFINITY);
  });

  test("say which are wanted whole: a range that ends with the last row's moment does not hold it", () => {
    const at = threeHours();
    const [first] = at.manifest.datasets["memory"]!.files;
    const groups = (fromMs: number, toMs: number) => {
      const seen: (readonly [isWhole: boolean, rows: number])[] = [];
      const { parts } = openStore(at.source, at.manifest, memory, { ...EVERYTHING, fromMs, toMs });
      for (const part of parts) {
        if (part?.kind === "group") seen.push([part.isWhole, rowsOf(memory, part).length]);
      }
      return seen;
    };
    const { minTimeMs, maxTimeMs } = first!;
    assert.deepEqual(groups(minTimeMs, maxTimeMs + 1), [
      [true, 60],
      [true, 1],
    ]);
    assert.deepEqual(groups(minTimeMs, maxTimeMs), [
      [false, 59],
      [true, 1],
    ]);
    assert.deepEqual(groups(minTimeMs + 1, maxTimeMs + 1), [
      [false, 59],
      [true, 1],
    ]);
    assert.deepEqual(groups(maxTimeMs, maxTimeMs + 1), [[false, 1]]);
    assert.deepEqual(groups(maxTimeMs + 1, maxTimeMs + 2), []);
  });

  test("of an hour that is over are known to be few beforehand", () => {
    const at = threeHours();
    const range = { ...EVERYTHING, fromMs: START_MS, toMs: START_MS + HOUR_MS, endSequence: 182 };
    assert.equal(openStore(at.source, at.manifest, memory, range).mostRows, 61 + 60);
    assert.equal(openStore(at.source, at.manifest, memory, { ...range, endSequence: 122 }).mostRows, 61);
  });

  test("hold no file when they have ended, or were returned", () => {
    const at = threeHours();
    const opened: string[] = [];
    const source = {
      ...at.source,
      openParquet: (path: string) => {
        opened.push(path);
        return { ...FAKE, path, close: () => void opened.splice(opened.indexOf(path), 1) };
      },
    };
    const files = at.manifest.datasets["memory"]!.files.map((file) => ({ ...file, rows: 2, bytes: 9 }));
    const manifest = { ...at.manifest, datasets: { memory: { ...at.manifest.datasets["memory"]!, files } } };
    const { parts } = openStore(source, manifest, memory, EVERYTHING);
    assert.equal(opened.length, 0);
    for (let part = 0; part < 3; part++) {
      parts.next();
      assert.equal(opened.length, 1);
    }
    parts.return();
    assert.equal(opened.length, 0);
  });

  test("say nothing for a range of no time", () => {
    const at = threeHours();
    assert.deepEqual(at.read(memory, { fromMs: START_MS, toMs: START_MS }), []);
  });
});

const FAKE = {
  bytes: 9,
  rows: 2,
  groups: [
    { rows: 1, bytes: 1 },
    { rows: 1, bytes: 1 },
  ],
  metadata: new Map<string, string>(),
  readGroup(): never {
    throw new Error("not asked for");
  },
  holds: () => true,
};

describe("a file of the lake", () => {
  const damaged = (pattern: RegExp) => (error: unknown) =>
    error instanceof StoreDamaged && pattern.test(error.message) && !error.message.includes("/tmp");

  test("that is gone is named", () => {
    const at = threeHours();
    rmSync(at.lakePath(at.manifest.datasets["memory"]!.files[0]!));
    assert.throws(
      () => at.read(memory),
      damaged(/memory\/date=2026-01-01\/hour=00\/0+60\.parquet is missing/),
    );
    // Hours beside it can be read all the same.
    assert.equal(at.read(memory, { fromMs: START_MS + HOUR_MS }).length, 121);
  });

  test("that was cut is named", () => {
    const at = threeHours();
    const [file] = at.manifest.datasets["memory"]!.files;
    truncateSync(at.lakePath(file!), file!.bytes - 1);
    assert.throws(() => at.read(memory), damaged(/hour=00\/0+60\.parquet/));
  });

  test("that is another than the manifest says is named", () => {
    const at = threeHours();
    const { datasets } = at.manifest;
    const [first, ...others] = datasets["memory"]!.files;
    const files = [{ ...first!, rows: 61 }, ...others];
    at.replace({ ...at.manifest, datasets: { memory: { ...datasets["memory"]!, files } } });
    assert.throws(() => at.read(memory), damaged(/has 60 rows in \d+ bytes; the manifest says 61 in/));
    assert.ok(existsSync(at.lakePath(first!)));
  });
});
