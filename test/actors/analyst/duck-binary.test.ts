/** DuckDB's binary with fewer exports: a small module does what it did, under the names that stay. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { dropInnerExports } from "../../../actors/analyst/duck-binary.ts";

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** One function type: nothing in, an i32 out. */
const TYPES = [1, 5, 1, 0x60, 0, 1, 0x7f];
const FUNCTIONS = 3;

/** A module of three functions, which give 0, 1 and 2, exported in turn under these names. */
function moduleOf(names: readonly string[]): Uint8Array<ArrayBuffer> {
  const entries = names.flatMap((name, index) => {
    const letters = [...new TextEncoder().encode(name)];
    return [...leb(letters.length), ...letters, 0, ...leb(index % FUNCTIONS)];
  });
  const body = [...leb(names.length), ...entries];
  const code = [0, 1, 2].flatMap((value) => [4, 0, 0x41, value, 0x0b]);
  return Uint8Array.from([
    ...HEADER,
    ...TYPES,
    ...[3, 4, FUNCTIONS, 0, 0, 0],
    ...[7, ...leb(body.length), ...body],
    ...[10, 1 + code.length, FUNCTIONS, ...code],
  ]);
}

function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)];
}

/** What each export gives. */
function givenBy(bytes: Uint8Array<ArrayBuffer>): Readonly<Record<string, number>> {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return Object.fromEntries(Object.entries(exports).map(([name, call]) => [name, (call as () => number)()]));
}

function without(names: readonly string[]): Readonly<Record<string, number>> {
  const bytes = moduleOf(names);
  const byteLength = bytes.byteLength;
  dropInnerExports(bytes);
  assert.equal(bytes.byteLength, byteLength);
  return givenBy(bytes);
}

test("names of C++ go, all others stay and give what they gave", () => {
  assert.deepEqual(
    without(["malloc", "_ZN6duckdb4openEv", "free", "orig$_ZN6duckdb4ReadEx", "__cxa_throw"]),
    {
      malloc: 0,
      free: 2,
      __cxa_throw: 1,
    },
  );
});

test("names that only look a little like it stay", () => {
  const names = ["_", "_z", "Z_Z", "orig$", "orig$a", "orig$_", "ori_Z", ""];
  assert.deepEqual(Object.keys(without(names)).sort(), [...names].sort());
});

test("the shortest name that goes leaves room enough", () => {
  assert.deepEqual(without(["_Z"]), {});
  assert.deepEqual(without(["_Z", "a"]), { a: 1 });
});

test("a module with none of them stays as it is, byte by byte", () => {
  for (const bytes of [moduleOf(["a", "b"]), moduleOf([]), Uint8Array.from([...HEADER, ...TYPES])]) {
    const before = bytes.slice();
    dropInnerExports(bytes);
    assert.deepEqual(bytes, before);
  }
});

test("whatever the names are, and however many", () => {
  const tail = fc.stringMatching(/^[a-z]{0,300}$/);
  const name = fc
    .tuple(fc.constantFrom("_Z", "orig$_Z", "_", "orig$", "duckdb_web_"), tail)
    .map((parts) => parts.join(""));
  const names = fc.uniqueArray(name, { maxLength: 200 });
  fc.assert(
    fc.property(names, (all) => {
      const expected = all.flatMap((text, index) =>
        /^(orig\$)?_Z/.test(text) ? [] : [[text, index % FUNCTIONS] as const],
      );
      assert.deepEqual(without(all), Object.fromEntries(expected));
    }),
    { seed: 20_261_122, numRuns: 200 },
  );
});

test("bytes that are no module are refused", () => {
  assert.throws(() => dropInnerExports(Uint8Array.from([1, 2, 3])), /expected a WebAssembly module/);
  const whole = moduleOf(["_Za", "b"]);
  const exportsAt = HEADER.length + TYPES.length + 6;
  assert.throws(() => dropInnerExports(whole.slice(0, exportsAt + 4)), /beyond its end/);
  assert.throws(() => dropInnerExports(whole.slice(0, exportsAt + 1)), /ends in the middle/);
  whole[exportsAt + 2] = 1;
  assert.throws(() => dropInnerExports(whole), /do not fill their section/);
});
