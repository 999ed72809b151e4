/**
 * A file that is there whole or not at all. What would fail here: a name given before the bytes are on the disk, a leftover of a
 * failure, a report beside a file that it is not of, a file replaced that was not to be.
 */

import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pid } from "node:process";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type Companion, ExportFile, type FileDisk, hostDisk } from "../../../actors/exporter/export-file.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-file-"));
  path = join(folder, "out.csv");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const PARTS = ["one,", "two,", "three\n"].map((text) => new TextEncoder().encode(text));
const WHOLE = "one,two,three\n";
const REPORTS: readonly Companion[] = [
  { suffix: ".privacy.json", text: "{}\n" },
  { suffix: ".privacy.html", text: "<p>\n" },
];

type Operation = keyof FileDisk;

/** The host's disk, on which operation number `failAt` fails: once, or, the process being dead, with all that come after it. */
function failingDisk(
  failAt: number,
  isDead: boolean,
  code = "ENOSPC",
): FileDisk & { readonly done: () => number } {
  let count = 0;
  const wrap = (name: Operation) =>
    ((...given: unknown[]) => {
      const index = count++;
      if (index === failAt || (isDead && index > failAt)) {
        // A write that fails may have written some.
        if (name === "writeSync" && index === failAt)
          hostDisk.writeSync(given[0] as number, given[1] as Uint8Array, 0, 1);
        throw Object.assign(new Error(`${name} failed`), { code });
      }
      return (hostDisk[name] as (...given: unknown[]) => unknown)(...given);
    }) as never;
  return {
    openSync: wrap("openSync"),
    writeSync: wrap("writeSync"),
    fsyncSync: wrap("fsyncSync"),
    closeSync: wrap("closeSync"),
    renameSync: wrap("renameSync"),
    rmSync: wrap("rmSync"),
    done: () => count,
  };
}

/** Makes the file, as an export does. @returns the refusal, if any */
function make(disk: FileDisk, options: { force?: boolean; companions?: readonly Companion[] } = {}) {
  const begun = ExportFile.begin(path, { disk, force: options.force ?? false });
  if (!begun.ok) return begun;
  const { file } = begun;
  const fault = file.write(PARTS) ?? file.finish(options.companions ?? []);
  file.abandon();
  return fault;
}

function operationsOf(options: { force?: boolean; companions?: readonly Companion[] }): number {
  const disk = failingDisk(-1, false);
  assert.equal(make(disk, options), undefined);
  return disk.done();
}

function clear(): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
}

function begin(at: string, options: { force?: boolean } = {}) {
  const begun = ExportFile.begin(at, options);
  if (begun.ok) begun.file.abandon();
  return begun;
}

describe("a file", () => {
  test("has its name when it is whole, and is its owner's alone", () => {
    const begun = ExportFile.begin(path);
    assert.ok(begun.ok);
    assert.equal(begun.file.write(PARTS.slice(0, 2)), undefined);
    assert.deepEqual(readdirSync(folder), [`out.csv.part-${pid}`]);
    assert.equal(statSync(join(folder, `out.csv.part-${pid}`)).mode & 0o777, 0o600);
    assert.equal(begun.file.write(PARTS.slice(2)), undefined);
    assert.equal(begun.file.finish(), undefined);
    begun.file.abandon();
    assert.deepEqual(readdirSync(folder), ["out.csv"]);
    assert.equal(readFileSync(path, "utf8"), WHOLE);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test("has its name, and its report beside it, only when the bytes are on the disk", () => {
    const done: string[] = [];
    const names = new Map<unknown, string>();
    const disk: FileDisk = {
      ...hostDisk,
      openSync(at, flags, mode) {
        const fd = hostDisk.openSync(at, flags, mode);
        names.set(fd, at.replace(folder, "").replace(/^\//, ""));
        return fd;
      },
      writeSync(fd, bytes, offset, length) {
        done.push(`write ${names.get(fd)}`);
        // No disk takes all at once.
        return hostDisk.writeSync(fd, bytes, offset, Math.min(length, 3));
      },
      fsyncSync(fd) {
        done.push(`sync ${names.get(fd)}`);
        hostDisk.fsyncSync(fd);
      },
      renameSync(from, to) {
        done.push(`name ${to.replace(`${folder}/`, "")}`);
        hostDisk.renameSync(from, to);
      },
    };
    assert.equal(make(disk, { companions: REPORTS }), undefined);
    const parts = ["out.csv", "out.csv.privacy.json", "out.csv.privacy.html"].map(
      (name) => `${name}.part-${pid}`,
    );
    const order = done.filter((what, index) => what !== done[index - 1]);
    assert.deepEqual(order, [
      ...parts.flatMap((part) => [`write ${part}`, `sync ${part}`]),
      "name out.csv.privacy.json",
      "name out.csv.privacy.html",
      "sync ",
      "name out.csv",
      "sync ",
    ]);
    assert.equal(readFileSync(path, "utf8"), WHOLE);
  });

  test("that is given up leaves nothing", () => {
    const begun = ExportFile.begin(path);
    assert.ok(begun.ok);
    begun.file.write(PARTS);
    begun.file.abandon();
    begun.file.abandon();
    assert.deepEqual(readdirSync(folder), []);
    assert.equal(make(hostDisk), undefined);
  });

  test("that is there is replaced with force alone", () => {
    writeFileSync(path, "old");
    const refused = make(hostDisk);
    assert.ok(refused !== undefined && refused.reason === "exists");
    assert.match(
      refused.message,
      /out\.csv is there already; choose another path, or replace it with force$/,
    );
    assert.equal(readFileSync(path, "utf8"), "old");
    assert.equal(make(hostDisk, { force: true }), undefined);
    assert.equal(readFileSync(path, "utf8"), WHOLE);
    assert.deepEqual(readdirSync(folder), ["out.csv"]);
  });

  test("that came while ours was made is not replaced", () => {
    const begun = ExportFile.begin(path);
    assert.ok(begun.ok);
    begun.file.write(PARTS);
    writeFileSync(path, "another's");
    assert.equal(begun.file.finish()?.reason, "exists");
    begun.file.abandon();
    assert.equal(readFileSync(path, "utf8"), "another's");
    assert.deepEqual(readdirSync(folder), ["out.csv"]);
  });

  test("is made by one at a time", () => {
    const first = ExportFile.begin(path);
    assert.ok(first.ok);
    const second = ExportFile.begin(path, { force: true });
    assert.ok(!second.ok && second.reason === "exists");
    assert.match(second.message, /is being written by another export/);
    first.file.write(PARTS);
    assert.equal(first.file.finish(), undefined);
    assert.ok(begin(path, { force: true }).ok);
  });

  test("is made over what a process that was killed left under our number", () => {
    writeFileSync(join(folder, `out.csv.part-${pid}`), "half of somet");
    assert.equal(make(hostDisk), undefined);
    assert.deepEqual(readdirSync(folder), ["out.csv"]);
    assert.equal(readFileSync(path, "utf8"), WHOLE);
  });

  test("cannot be where no file can be, and it says what to do", () => {
    const file = join(folder, "a file");
    writeFileSync(file, "");
    mkdirSync(join(folder, "a folder"));
    const cases = [
      ["", /expected the path of a file/],
      [`${folder}/`, /expected the path of a file/],
      [join(folder, "a folder"), /is no file that could be replaced/],
      [join(folder, "none", "out.csv"), /its folder is not there; make the folder first/],
      [join(file, "out.csv"), /it is no path of a file \(ENOTDIR\); choose another/],
      [join(folder, "n".repeat(300)), /it is no path of a file \(ENAMETOOLONG\)/],
      ["/dev/null", /is no file that could be replaced/],
    ] as const;
    for (const [at, message] of cases) {
      for (const force of [false, true]) {
        const begun = begin(at, { force });
        assert.ok(!begun.ok, at);
        assert.equal(begun.reason, "unwritable");
        assert.match(begun.message, message);
        assert.ok(!begun.message.includes("\n"));
      }
    }
    assert.deepEqual(readdirSync(folder).sort(), ["a file", "a folder"]);
  });

  test("by way of a link replaces the link, and not what it leads to", () => {
    const target = join(folder, "target");
    writeFileSync(target, "kept");
    symlinkSync(target, path);
    assert.equal(make(hostDisk)?.reason, "exists");
    assert.equal(make(hostDisk, { force: true }), undefined);
    assert.equal(readFileSync(target, "utf8"), "kept");
    assert.equal(readFileSync(path, "utf8"), WHOLE);
  });
});

describe("a disk that refuses", () => {
  for (const [code, reason, message] of [
    ["ENOSPC", "disk", /the disk has no room for it \(ENOSPC\); make room, or choose another place$/],
    ["EIO", "disk", /the disk refused \(EIO\); look at the disk, or choose another place$/],
    ["EROFS", "unwritable", /may not be written to \(EROFS\); change its mode/],
  ] as const) {
    test(`with ${code} is told of, at every operation, and nothing is left`, () => {
      const options = { companions: REPORTS };
      const operations = operationsOf(options);
      assert.ok(operations > 15, `${operations}`);
      for (let failAt = 0; failAt < operations; failAt++) {
        clear();
        const fault = make(failingDisk(failAt, false, code), options);
        const names = readdirSync(folder).sort();
        if (fault === undefined || existsSync(path)) {
          // Closing, and what comes after the name is given, harms nothing.
          assert.deepEqual(
            names,
            ["out.csv", "out.csv.privacy.html", "out.csv.privacy.json"],
            `at ${failAt}`,
          );
          assert.equal(readFileSync(path, "utf8"), WHOLE);
          continue;
        }
        assert.equal(fault.reason, reason);
        assert.match(fault.message, message);
        assert.deepEqual(names, [], `at ${failAt}`);
      }
    });
  }

  test("leaves the file that was to be replaced", () => {
    writeFileSync(path, "old");
    const operations = operationsOf({ force: true });
    let kept = 0;
    for (let failAt = 0; failAt < operations; failAt++) {
      clear();
      writeFileSync(path, "old");
      if (make(failingDisk(failAt, false), { force: true }) === undefined) continue;
      const text = readFileSync(path, "utf8");
      assert.ok(text === "old" || text === WHOLE);
      if (text === "old") kept++;
      assert.deepEqual(readdirSync(folder), ["out.csv"], `at ${failAt}`);
    }
    assert.ok(kept >= 6, `${kept}`);
  });
});

describe("a process that ends", () => {
  for (const isReplaced of [false, true]) {
    test(`at any operation leaves no half file${isReplaced ? " in place of the one before" : ""}`, () => {
      const before = () => {
        clear();
        if (!isReplaced) return;
        writeFileSync(path, "old");
        for (const { suffix } of REPORTS) writeFileSync(path + suffix, "old");
      };
      before();
      const options = { force: isReplaced, companions: REPORTS };
      const operations = operationsOf(options);
      const seen = new Set<string>();
      for (let failAt = 0; failAt <= operations; failAt++) {
        before();
        make(failingDisk(failAt, true), options);
        const text = existsSync(path) ? readFileSync(path, "utf8") : "none";
        assert.ok(text === WHOLE || text === (isReplaced ? "old" : "none"), `at ${failAt}: ${text}`);
        seen.add(text);
        for (const { suffix, text: report } of REPORTS) {
          const there = existsSync(path + suffix) ? readFileSync(path + suffix, "utf8") : undefined;
          if (text === WHOLE)
            assert.equal(there, report, `at ${failAt}: the file is there without its report`);
          // A report of another export may never stand beside the file that is about to be.
          else assert.ok(there === undefined || there === report || there === "old");
        }
      }
      assert.equal(seen.size, 2);
    });
  }
});

describe("a report", () => {
  test("of a file that is replaced goes with it", () => {
    assert.equal(make(hostDisk, { companions: REPORTS }), undefined);
    assert.equal(readFileSync(`${path}.privacy.html`, "utf8"), "<p>\n");
    assert.equal(statSync(`${path}.privacy.json`).mode & 0o777, 0o600);
    assert.equal(make(hostDisk, { force: true }), undefined);
    assert.deepEqual(readdirSync(folder), ["out.csv"]);
  });
});
