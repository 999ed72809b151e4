/**
 * The key of a data folder: made once, whole, and for its owner alone.
 *
 * Breaks when the file is made where others may read it, when a second start can meet half a key or replace a whole one, when
 * a key that others may have read is used all the same, or when a refusal shows any of it.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import nodeProcess from "node:process";
import { fileURLToPath } from "node:url";
import { KEY_BYTES, KeyRefused, keyPath, openKey } from "../../../actors/anonymizer/key.ts";
import { temporaryFolder } from "../../e2e/support.ts";
import { describe, test } from "../../fixtures/flat-test.ts";

const MAKER = fileURLToPath(new URL("../../fixtures/key-maker.ts", import.meta.url));
const MAKERS = 4;

const modeOf = (path: string) => statSync(path).mode & 0o777;

function refusal(dataFolder: string): string {
  try {
    openKey(dataFolder);
  } catch (error) {
    assert.ok(error instanceof KeyRefused, String(error));
    return error.message;
  }
  return assert.fail("the key was not refused");
}

describe("the key", () => {
  test("is made at first start: 32 bytes for the owner alone, in a folder for the owner alone", (t) => {
    const folder = temporaryFolder(t);
    const key = openKey(folder);
    assert.equal(key.byteLength, KEY_BYTES);
    assert.equal(KEY_BYTES, 32);
    assert.notDeepEqual(key, new Uint8Array(KEY_BYTES));
    assert.deepEqual(new Uint8Array(readFileSync(keyPath(folder))), key);
    assert.equal(modeOf(keyPath(folder)), 0o600);
    assert.equal(modeOf(`${folder}/keys`), 0o700);
    // Nothing of the making stays.
    assert.deepEqual(readdirSync(`${folder}/keys`), ["pseudonym.key"]);
  });

  test("is the same at every start, and another in another folder", (t) => {
    const [one, two] = [temporaryFolder(t), temporaryFolder(t)];
    const first = openKey(one);
    assert.deepEqual(openKey(one), first);
    assert.notDeepEqual(openKey(two), first);
  });

  for (const mode of [0o640, 0o604, 0o620, 0o610, 0o666]) {
    test(`is refused with mode ${mode.toString(8)}`, (t) => {
      const folder = temporaryFolder(t);
      const key = openKey(folder);
      chmodSync(keyPath(folder), mode);
      const message = refusal(folder);
      assert.match(message, /keys\/pseudonym\.key.*others/);
      assert.match(message, new RegExp(`mode ${mode.toString(8)}`));
      assert.match(message, /chmod 600/);
      assertSaysNothingOf(key, message);
      chmodSync(keyPath(folder), 0o600);
      assert.deepEqual(openKey(folder), key);
    });
  }

  test("is refused in a folder that others may use, who could put their own key there", (t) => {
    const folder = temporaryFolder(t);
    openKey(folder);
    chmodSync(`${folder}/keys`, 0o770);
    assert.match(refusal(folder), /keys\/ is open to others.*mode 770.*chmod 700/);
    const fresh = temporaryFolder(t);
    mkdirSync(`${fresh}/keys`);
    chmodSync(`${fresh}/keys`, 0o755);
    refusal(fresh);
    assert.equal(existsSync(keyPath(fresh)), false);
  });

  for (const bytes of [0, 31, 33, 64]) {
    test(`is refused with ${bytes} bytes, and left as it is`, (t) => {
      const folder = temporaryFolder(t);
      mkdirSync(`${folder}/keys`, { mode: 0o700 });
      const content = crypto.getRandomValues(new Uint8Array(bytes));
      writeFileSync(keyPath(folder), content, { mode: 0o600 });
      const message = refusal(folder);
      assert.match(message, new RegExp(`must have 32 bytes; it has ${bytes}\\b`));
      assert.match(message, /delete it/);
      assertSaysNothingOf(content, message);
      assert.deepEqual(new Uint8Array(readFileSync(keyPath(folder))), content);
    });
  }

  test("is not made anew by what a crash within its making left", (t) => {
    const folder = temporaryFolder(t);
    const key = openKey(folder);
    // Died between the link and the removal: the key has two names. Died before the link: half a key under another name.
    linkSync(keyPath(folder), `${keyPath(folder)}.a.new`);
    writeFileSync(`${keyPath(folder)}.b.new`, key.subarray(0, 7), { mode: 0o600 });
    assert.deepEqual(openKey(folder), key);
    // Whoever deletes the key must not leave it behind.
    assert.deepEqual(readdirSync(`${folder}/keys`).sort(), ["pseudonym.key", "pseudonym.key.b.new"]);
  });

  test("is one for several starts at once", { timeout: 240_000 }, async (t) => {
    // Each round lets processes that wait on one line of input make a key at the same moment.
    const makers = Array.from({ length: MAKERS }, () => new Maker());
    t.after(() => {
      for (const maker of makers) maker.end();
    });
    for (let round = 0; round < 10; round++) {
      const folder = temporaryFolder(t);
      const keys = await Promise.all(makers.map((maker) => maker.open(folder)));
      const stored = Buffer.from(readFileSync(keyPath(folder))).toString("hex");
      assert.equal(stored.length, KEY_BYTES * 2);
      assert.deepEqual(keys, Array(MAKERS).fill(stored));
      assert.deepEqual(readdirSync(`${folder}/keys`), ["pseudonym.key"]);
    }
  });
});

/** Not in hex, base64 or as a list of numbers. A run of four bytes would be a quarter of a guess. */
function assertSaysNothingOf(key: Uint8Array, message: string): void {
  for (let at = 0; at + 4 <= key.byteLength; at++) {
    const part = Buffer.from(key.subarray(at, at + 4));
    for (const text of [part.toString("hex"), part.toString("latin1"), [...part].join(",")]) {
      assert.ok(!message.toLowerCase().includes(text), "the message shows a part of the key");
    }
  }
}

/** A process that opens the key of each folder it is told, and says it in hex. */
class Maker {
  readonly #child;
  #text = "";
  #onLine: (line: string) => void = () => {};

  constructor() {
    const isDeno = nodeProcess.versions["deno"] !== undefined;
    const args = isDeno ? ["run", "-A", MAKER] : [MAKER];
    this.#child = spawn(nodeProcess.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      this.#text += chunk;
      for (let end = this.#text.indexOf("\n"); end >= 0; end = this.#text.indexOf("\n")) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        this.#onLine(line);
      }
    });
  }

  open(folder: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#onLine = resolve;
      this.#child.stdin.write(`${folder}\n`);
    });
  }

  end(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }
}
