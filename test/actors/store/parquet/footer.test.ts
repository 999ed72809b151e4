import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { MAX_FOOTER_BYTES, TAIL_BYTES } from "../../../../actors/store/parquet/footer.ts";
import { parquetLibrary } from "../../../../actors/store/parquet/load-parquet.ts";
import { lakeOptions } from "../../../../actors/store/parquet/parquet-writer.ts";
import { footerBytes, readFooter } from "../../../../actors/store/parquet/read-footer.ts";
import { readStruct } from "../../../../actors/store/parquet/read-thrift.ts";
import { writeStruct } from "../../../../actors/store/parquet/write-thrift.ts";
import { StoreDamaged } from "../../../../actors/store/store-damaged.ts";
import { concatBytes, END_OF_STREAM, streamPreamble } from "../../../../runtime/batch/index.ts";
import { anyValue, batchOf, fieldOf, fileOf, ParquetFolder, shapeOf, TYPES, written } from "./tables.ts";

const folder = new ParquetFolder();
after(() => folder.remove());

const fields = TYPES.map((type, index) => fieldOf(type, type, index % 2 === 0));
const shape = shapeOf(fields);
const rows = fc.sample(fc.tuple(...fields.map(anyValue)), { seed: 5, numRuns: 12 });

/** Two row groups: one that was copied, and one of the rows from the fourth on. */
function twoGroups(checksums: boolean): Uint8Array {
  const timed = { ...shape, time: "timestamp" };
  const options = { ...lakeOptions(timed), checksums };
  return folder.with(written(timed, [rows]), (file) =>
    fileOf(timed, options, (writer) => {
      const group = { file, group: 0, rows: rows.length, isWhole: true, read: () => undefined };
      assert.ok(writer.copy({ kind: "group", ...group }));
      writer.append(batchOf({ shape: timed, rows }), { from: 3, to: rows.length });
    }),
  );
}

function footerAt(file: Uint8Array): number {
  return file.length - TAIL_BYTES - footerBytes(file.subarray(file.length - TAIL_BYTES), file.length, "it");
}

function footerOf(file: Uint8Array): Uint8Array {
  return file.slice(footerAt(file), file.length - TAIL_BYTES);
}

describe("a footer", () => {
  test("of another writer is written back byte by byte, with all that we know nothing of", () => {
    const library = parquetLibrary();
    const message = batchOf({ shape, rows }).message();
    const stream = concatBytes([streamPreamble(fields), message, END_OF_STREAM]);
    const file = library.writeParquet(library.Table.fromIPCStream(stream));
    const footer = footerOf(file);
    const { struct, end } = readStruct(footer, 0, "it");
    assert.equal(end, footer.length);
    assert.deepEqual(writeStruct(struct), footer.slice());
  });

  test("that is cut is damaged, wherever it is", () => {
    for (const checksums of [true, false]) {
      const file = twoGroups(checksums);
      const footer = footerOf(file);
      for (let end = 0; end < footer.length; end++) {
        assert.throws(() => readFooter(footer.slice(0, end), footerAt(file), "it"), StoreDamaged);
      }
    }
  });

  test("of which any bit was turned is damaged, or says what it said", () => {
    const file = twoGroups(true);
    const footer = footerOf(file);
    const said = readFooter(footer.slice(), footerAt(file), "it");
    let damaged = 0;
    for (let at = 0; at < footer.length; at++) {
      for (const mask of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const turned = footer.slice();
        turned[at]! ^= mask;
        try {
          const read = readFooter(turned, footerAt(file), "it");
          // Its name was turned: a file that has none is refused when it is opened.
          if (!read.hasChecksums) throw new StoreDamaged("no checksums");
          assert.deepEqual(read, said);
        } catch (error) {
          assert.ok(error instanceof StoreDamaged, `byte ${at} ^ ${mask}: ${error}`);
          damaged++;
        }
      }
    }
    assert.ok(damaged > footer.length * 8);
  });

  test("without checksums of which any bit was turned is read or damaged, and nothing else", () => {
    const file = twoGroups(false);
    const footer = footerOf(file);
    for (let at = 0; at < footer.length; at++) {
      for (const mask of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const turned = footer.slice();
        turned[at]! ^= mask;
        try {
          const { groups, rows: said } = readFooter(turned, footerAt(file), "it");
          assert.equal(
            said,
            groups.reduce((sum, group) => sum + group.rows, 0),
          );
          for (const { columns } of groups) {
            for (const { at: from, bytes } of columns) assert.ok(from >= 4 && from + bytes <= footerAt(file));
          }
        } catch (error) {
          assert.ok(error instanceof StoreDamaged, `byte ${at} ^ ${mask}: ${error}`);
        }
      }
    }
  });
});

describe("a file", () => {
  test("that is cut anywhere is damaged", () => {
    const file = twoGroups(true);
    for (let end = 0; end < file.length; end++) {
      assert.throws(() => folder.with(file.slice(0, end), () => {}), StoreDamaged, `the first ${end} bytes`);
    }
  });

  test("of which any byte was turned is damaged, and said to be without its pages being decoded", () => {
    const file = twoGroups(true);
    folder.with(file, (whole) => whole.groups.forEach((_, group) => void whole.checkGroup?.(group)));
    for (let at = 0; at < file.length; at++) {
      const turned = file.slice();
      turned[at]! ^= 0xff;
      const check = () =>
        folder.with(turned, (whole) => whole.groups.forEach((_, group) => void whole.checkGroup?.(group)));
      assert.throws(check, StoreDamaged, `byte ${at}`);
    }
  });

  test("whose pages were turned is not read, and not copied", () => {
    const file = twoGroups(true);
    const turned = file.slice();
    turned[10]! ^= 1;
    folder.with(turned, (read) => {
      assert.throws(() => read.readGroup(shape, 0), /row group 0 .* damaged/);
      assert.throws(() => read.readChunks?.(shape, 0), StoreDamaged);
      assert.equal(read.readGroup(shape, 1).rows, rows.length - 3);
    });
  });

  test("without checksums whose pages were turned is read or damaged, and nothing else", () => {
    const file = twoGroups(false);
    for (let at = 4; at < footerAt(file); at += 7) {
      const turned = file.slice();
      turned[at]! ^= 0x55;
      folder.with(
        turned,
        (read) => {
          for (const group of read.groups.keys()) {
            try {
              read.readGroup(shape, group);
            } catch (error) {
              assert.ok(error instanceof StoreDamaged, `byte ${at}: ${error}`);
            }
          }
        },
        false,
      );
    }
  });

  test("without checksums is refused unless it is said to be so", () => {
    const file = twoGroups(false);
    assert.throws(() => folder.with(file, () => {}), /no checksums/);
    folder.with(file, (read) => assert.equal(read.rows, 2 * rows.length - 3), false);
  });

  test("that says that its footer is larger than it, or than any, is damaged", () => {
    const file = twoGroups(true);
    for (const bytes of [file.length, file.length - 11, MAX_FOOTER_BYTES + 1, 0xffffffff]) {
      const turned = file.slice();
      new DataView(turned.buffer).setUint32(file.length - 8, bytes, true);
      assert.throws(() => folder.with(turned, () => {}), StoreDamaged);
    }
  });

  test("is named by its place in the lake, not by where that lies", () => {
    const name = folder.write(new Uint8Array(40));
    assert.throws(
      () => folder.with(new Uint8Array(40), () => {}),
      (error) => error instanceof StoreDamaged && !error.message.includes(folder.folder) && name !== "",
    );
  });
});
