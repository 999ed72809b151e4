/** Breaks when something of the manifest is not read back as it was written, and when a broken one is taken for a whole one. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import fc from "fast-check";
import { storedEver, withDataset } from "../../../../actors/store/lake/change-manifest.ts";
import {
  HOUR_MS,
  isCompacted,
  type LakeFile,
  type Manifest,
  NOTHING_IN_LAKE,
} from "../../../../actors/store/lake/manifest.ts";
import { EMPTY_MANIFEST, readManifest, writeManifest } from "../../../../actors/store/lake/manifest-file.ts";
import { hourOf, lakePath, parseLakePath } from "../../../../actors/store/lake/partition.ts";
import { StoreDamaged } from "../../../../actors/store/store-damaged.ts";
import { MAX_MOMENT_MS, MIN_MOMENT_MS } from "../../../../datasets/moment-text.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-lake-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const small = fc.nat({ max: 2 ** 40 });
const moment = fc.integer({ min: MIN_MOMENT_MS, max: MAX_MOMENT_MS });

const file: fc.Arbitrary<LakeFile> = fc
  .record({
    timeMs: moment,
    endSequence: fc.nat({ max: 1e15 }),
    generation: fc.nat({ max: 20 }),
    rows: small,
    bytes: small,
  })
  .map(({ timeMs, endSequence, generation, rows, bytes }) => {
    const hourMs = hourOf(timeMs);
    return {
      path: lakePath("memory", { hourMs, endSequence, generation }),
      rows,
      bytes,
      minTimeMs: timeMs,
      maxTimeMs: hourMs + HOUR_MS - 1,
      hourMs,
    };
  });

const manifest: fc.Arbitrary<Manifest> = fc
  .record({
    before: count,
    hourMs: moment,
    hourBefore: count,
    expired: small,
    thinned: small,
    lost: small,
    files: fc.array(file),
    revision: count,
  })
  .map(({ before, hourMs, hourBefore, revision, ...rest }) => ({
    ...EMPTY_MANIFEST,
    revision,
    datasets: { memory: { ...rest, compacted: { before, hourMs: hourOf(hourMs), hourBefore } } },
  }));

describe("the manifest", () => {
  test("is empty where there is none", () => {
    assert.deepEqual(readManifest(folder), EMPTY_MANIFEST);
  });

  test("is read back as it was written", () => {
    fc.assert(
      fc.property(manifest, (written) => {
        writeManifest(folder, written);
        assert.deepEqual(readManifest(folder), written);
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  test("is for its owner alone, and leaves nothing beside it", () => {
    writeManifest(folder, EMPTY_MANIFEST);
    assert.equal(statSync(join(folder, "lake")).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, "lake/manifest.json")).mode & 0o777, 0o600);
    assert.throws(() => statSync(join(folder, "lake/manifest.json.part")));
  });

  test("takes few bytes for a file", () => {
    const hour = Date.UTC(2026, 0, 1);
    const files = Array.from({ length: 1000 }, (_, index): LakeFile => {
      const hourMs = hour + index * HOUR_MS;
      const path = lakePath("memory", { hourMs, endSequence: 3600 * (index + 1), generation: 0 });
      return {
        path,
        rows: 3600,
        bytes: 20_000,
        minTimeMs: hourMs + 12,
        maxTimeMs: hourMs + HOUR_MS - 900,
        hourMs,
      };
    });
    writeManifest(folder, withDataset(EMPTY_MANIFEST, "memory", { files }));
    assert.ok(statSync(join(folder, "lake/manifest.json")).size < 50_000);
  });

  test("is read anew when it was replaced", () => {
    writeManifest(folder, { ...EMPTY_MANIFEST, revision: 1 });
    assert.equal(readManifest(folder).revision, 1);
    assert.equal(readManifest(folder), readManifest(folder));
    writeManifest(folder, { ...EMPTY_MANIFEST, revision: 2 });
    assert.equal(readManifest(folder).revision, 2);
  });

  const whole = JSON.stringify({
    format: "millrace-lake",
    version: 1,
    revision: 1,
    datasets: {
      memory: {
        before: 0,
        hourMs: 0,
        hourBefore: 0,
        expired: 0,
        thinned: 0,
        lost: 0,
        files: [[1, 2, 0, 3, 4, 5, 6]],
      },
    },
  });
  const broken: readonly (readonly [string, string])[] = [
    ["half of it", whole.slice(0, 60)],
    ["another format", whole.replace("millrace-lake", "other")],
    ["a later version", whole.replace('"version":1', '"version":2')],
    ["no revision", whole.replace('"revision":1,', "")],
    ["a negative bound", whole.replace('"before":0', '"before":-1')],
    ["a fraction", whole.replace('"expired":0', '"expired":0.5')],
    ["a file with a number too few", whole.replace("5,6]", "5]")],
    ["a file that ends before it begins", whole.replace("5,6]", "6,5]")],
    ["a file that leaves its hour", whole.replace("5,6]", "5,3600000]")],
    ["a file of no hour", whole.replace("[1,2,", "[9000000000,2,")],
    ["files that are no list", whole.replace(/\[\[.*\]\]/, "{}")],
  ];
  for (const [what, text] of broken) {
    test(`with ${what} is refused`, () => {
      assert.notEqual(text, whole);
      mkdirSync(join(folder, "lake"));
      writeFileSync(join(folder, "lake/manifest.json"), text);
      assert.throws(() => readManifest(folder), StoreDamaged);
    });
  }

  test("as it is written for that", () => {
    mkdirSync(join(folder, "lake"));
    writeFileSync(join(folder, "lake/manifest.json"), whole);
    writeManifest(folder, readManifest(folder));
    assert.equal(readFileSync(join(folder, "lake/manifest.json"), "utf8"), whole);
  });
});

describe("a path of the lake", () => {
  test("says all that it was made of, in the years that there are", () => {
    fc.assert(
      fc.property(moment, fc.nat({ max: 1e15 }), fc.nat({ max: 99 }), (timeMs, endSequence, generation) => {
        const name = { hourMs: hourOf(timeMs), endSequence, generation };
        assert.deepEqual(parseLakePath(lakePath("process_1m", name)), name);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  test("is in UTC, as Hive writes it", () => {
    const name = { hourMs: Date.UTC(2026, 1, 3, 4), endSequence: 567, generation: 0 };
    assert.equal(lakePath("memory", name), "memory/date=2026-02-03/hour=04/0000000000000567.parquet");
    assert.equal(
      lakePath("memory", { ...name, generation: 2 }),
      "memory/date=2026-02-03/hour=04/0000000000000567-2.parquet",
    );
  });

  test("is nothing else", () => {
    for (const path of [
      "memory/date=2026-02-30/hour=04/0000000000000567.parquet",
      "memory/new.part",
      "../x",
    ]) {
      assert.equal(parseLakePath(path), undefined);
    }
  });
});

describe("a change", () => {
  test("grows the revision, keeps the hours in order and those of one hour as they were", () => {
    const at = (hour: number, endSequence: number): LakeFile => ({
      path: lakePath("memory", { hourMs: hour * HOUR_MS, endSequence, generation: 0 }),
      rows: 1,
      bytes: 1,
      minTimeMs: hour * HOUR_MS,
      maxTimeMs: hour * HOUR_MS,
      hourMs: hour * HOUR_MS,
    });
    const first = withDataset(EMPTY_MANIFEST, "memory", { files: [at(2, 5), at(1, 9)] });
    const { files } = first.datasets["memory"]!;
    const second = withDataset(first, "memory", { files: [...files, at(1, 3), at(0, 1)], thinned: 4 });
    assert.deepEqual(second.datasets["memory"]?.files, [at(0, 1), at(1, 9), at(1, 3), at(2, 5)]);
    assert.deepEqual([first.revision, second.revision, EMPTY_MANIFEST.revision], [1, 2, 0]);
    assert.equal(storedEver({ ...second.datasets["memory"]!, expired: 10, lost: 100 }, 1000), 1118);
    assert.equal(storedEver(NOTHING_IN_LAKE, 3), 3);
  });
});

describe("a row of the log is in the lake", () => {
  const compacted = { before: 10, hourMs: 1000, hourBefore: 20 };
  for (const [timeMs, sequence, isIn] of [
    [5000, 9, true],
    [5000, 10, false],
    [999, 19, true],
    [999, 20, false],
    [1000, 19, false],
  ] as const) {
    test(`${isIn ? "" : "not "}at ${timeMs} with number ${sequence}`, () => {
      assert.equal(isCompacted(compacted, timeMs, sequence), isIn);
    });
  }
});
