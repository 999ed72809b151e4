/**
 * A file is replaced whole, with its mode, and nothing is left behind.
 *
 * What would fail here: a new file that others can read, a mode that is lost, a link that becomes a file, a file beside it that
 * stays, an old text that is gone when the new one could not be written.
 */

import assert from "node:assert/strict";
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { replaceFile } from "../../runtime/replace-file.ts";

function inFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

test("a new file is its owner's alone, one that is there keeps its mode", () => {
  inFolder((folder) => {
    const path = join(folder, "f");
    replaceFile(path, "one");
    assert.deepEqual([readFileSync(path, "utf8"), modeOf(path)], ["one", 0o600]);
    for (const mode of [0o644, 0o640, 0o600, 0o666]) {
      chmodSync(path, mode);
      replaceFile(path, `${mode}`);
      assert.deepEqual([readFileSync(path, "utf8"), modeOf(path)], [`${mode}`, mode]);
    }
    assert.deepEqual(readdirSync(folder), ["f"]);
  });
});

test("what a link leads to is replaced, and the link stays", () => {
  inFolder((folder) => {
    mkdirSync(join(folder, "there"));
    const target = join(folder, "there", "f");
    writeFileSync(target, "one");
    symlinkSync(target, join(folder, "link"));
    replaceFile(join(folder, "link"), "two");
    assert.equal(readFileSync(target, "utf8"), "two");
    assert.ok(lstatSync(join(folder, "link")).isSymbolicLink());
    assert.deepEqual(readdirSync(join(folder, "there")), ["f"]);
  });
});

test("where it cannot be written, it says so and leaves nothing", () => {
  inFolder((folder) => {
    assert.throws(() => replaceFile(join(folder, "none", "f"), ""), { code: "ENOENT" });
    mkdirSync(join(folder, "f", "below"), { recursive: true });
    // A folder that is not empty takes no file's name.
    assert.throws(() => replaceFile(join(folder, "f"), ""));
    assert.deepEqual(readdirSync(folder), ["f"]);
  });
});

// Breaks when the file beside is opened whatever is there: what it leads to would be overwritten, or the text be read by others.
test("what stands where the text is written first is neither followed nor kept", () => {
  inFolder((folder) => {
    const path = join(folder, "f");
    const beside = `${path}.${process.pid}.tmp`;
    writeFileSync(join(folder, "other"), "not ours");
    symlinkSync(join(folder, "other"), beside);
    replaceFile(path, "one");
    assert.equal(readFileSync(join(folder, "other"), "utf8"), "not ours");
    assert.ok(!lstatSync(path).isSymbolicLink());

    writeFileSync(beside, "left by a crash");
    chmodSync(beside, 0o644);
    const [left, before] = [openSync(beside, "r"), statSync(beside).ino];
    try {
      replaceFile(path, "two");
      assert.notEqual(statSync(path).ino, before);
      assert.equal(readFileSync(left, "utf8"), "left by a crash");
    } finally {
      closeSync(left);
    }
    assert.deepEqual([readFileSync(path, "utf8"), readdirSync(folder).sort()], ["two", ["f", "other"]]);
  });
});
