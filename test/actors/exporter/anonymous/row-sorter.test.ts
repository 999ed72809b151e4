import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { RowSorter } from "../../../../actors/exporter/anonymous/row-sorter.ts";

describe("the row sorter", () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "millrace-sorter-"));
  });

  after(() => rmSync(folder, { recursive: true }));

  test("sorts as a plain sort does, in memory and in a file", () => {
    const word = fc.oneof(fc.nat(2), fc.constantFrom(0xffffffff, 0x80000000));
    const row = fc.tuple(word, word, word);
    fc.assert(
      fc.property(fc.array(row, { maxLength: 200 }), fc.integer({ min: 1, max: 300 }), (rows, bufferRows) => {
        const path = join(folder, "rows");
        const sorter = new RowSorter(3, path, bufferRows * 12);
        for (const words of rows) sorter.add(Uint32Array.of(7, ...words), 1);
        assert.equal(existsSync(path), rows.length > bufferRows);
        if (existsSync(path)) assert.equal(statSync(path).mode & 0o777, 0o600);
        const found = [...sorter.sorted()].length;
        assert.equal(found, rows.length);
        sorter.close();
        assert.ok(!existsSync(path));
        const again = new RowSorter(3, path, bufferRows * 12);
        for (const words of rows) again.add(Uint32Array.of(...words), 0);
        const sorted: string[] = [];
        for (const { words, at } of again.sorted()) sorted.push(words.subarray(at, at + 3).join());
        again.close();
        const expected = [...rows].sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
        assert.deepEqual(
          sorted,
          expected.map((words) => words.join()),
        );
      }),
      { numRuns: 150, seed: 8 },
    );
  });

  test("reads its file through a buffer that is shorter than a run", () => {
    const path = join(folder, "long");
    const sorter = new RowSorter(1, path, 4 * 60_000, 4 * 1000);
    const count = 200_000;
    for (let row = 0; row < count; row++) sorter.add(Uint32Array.of(Math.imul(row, 0x9e3779b1)), 0);
    let [before, rows] = [-1, 0];
    for (const { words, at } of sorter.sorted()) {
      assert.ok(words[at]! > before);
      before = words[at]!;
      rows++;
    }
    assert.equal(rows, count);
    sorter.close();
  });

  test("makes no file over another, and closes without having been read", () => {
    const path = join(folder, "there");
    const first = new RowSorter(1, path, 4);
    for (const row of [3, 2, 1]) first.add(Uint32Array.of(row), 0);
    const second = new RowSorter(1, path, 4);
    second.add(Uint32Array.of(1), 0);
    assert.throws(() => second.add(Uint32Array.of(2), 0), { code: "EEXIST" });
    second.close();
    first.close();
    first.close();
    assert.ok(!existsSync(path));
  });
});
