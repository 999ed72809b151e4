import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BodyBytes } from "../../ingest/body-bytes.ts";
import { readDecimal } from "../../ingest/decimal.ts";
import { isUtf8 } from "../../ingest/utf8-check.ts";

const SEED = 20_261_124;
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const memory = { buffer: new SharedArrayBuffer(1024) };
const bytes = new BodyBytes(memory);

/** Reads a text that has other digits before and behind it. */
function read(text: string): number {
  const encoded = new TextEncoder().encode(text);
  bytes.u8.fill(0x31).set(encoded, 8);
  return readDecimal(bytes, 8, 8 + encoded.length);
}

const expected = (text: string) => (JSON_NUMBER.test(text) ? Number(text) : Number.NaN);

test("a number is read to the bit as Number reads it, and nothing else is one", () => {
  const digits = fc.stringMatching(/^[0-9]{0,24}$/);
  const numberLike = fc
    .tuple(
      fc.constantFrom("", "-", "+", " "),
      digits,
      fc.option(digits, { nil: undefined }),
      fc.option(fc.tuple(fc.constantFrom("e", "E", "e+", "e-"), fc.integer({ min: 0, max: 400 })), {
        nil: undefined,
      }),
    )
    .map(([sign, whole, fraction, exponent]) => {
      return `${sign}${whole}${fraction === undefined ? "" : `.${fraction}`}${exponent?.join("") ?? ""}`;
    });
  const doubles = fc.double({ noNaN: true, noDefaultInfinity: true }).map(String);
  const integers = fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }).map(String);
  const junk = fc.string({ maxLength: 6 });
  fc.assert(
    fc.property(fc.oneof(numberLike, doubles, integers, junk), (text) => {
      assert.ok(Object.is(read(text), expected(text)), text);
    }),
    { seed: SEED, numRuns: 20_000 },
  );
  for (const text of [
    "0x10",
    "1_0",
    "Infinity",
    "NaN",
    "",
    "-",
    ".",
    "1.",
    ".5",
    "1e",
    "01",
    "-01",
    "1 ",
    "1e5.5",
    "٣",
  ]) {
    assert.ok(Number.isNaN(read(text)), text);
  }
  for (const text of [
    "-0",
    "9007199254740993",
    "1e23",
    "123456789012345678",
    "2.2250738585072011e-308",
    "1e999",
    "0.1e-400",
  ]) {
    assert.ok(Object.is(read(text), Number(text)), text);
  }
});

test("bytes are UTF-8 when a strict TextDecoder says so", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decode = (list: Uint8Array) => {
    try {
      return decoder.decode(list);
    } catch {
      return undefined;
    }
  };
  const lead = fc.constantFrom(
    0x61,
    0x7f,
    0x80,
    0xbf,
    0xc0,
    0xc2,
    0xdf,
    0xe0,
    0xed,
    0xef,
    0xf0,
    0xf4,
    0xf5,
    0xff,
  );
  const trail = fc.constantFrom(0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0);
  const sequence = fc.tuple(lead, fc.array(trail, { maxLength: 4 })).map(([first, rest]) => [first, ...rest]);
  const text = fc
    .string({ unit: "binary", maxLength: 4 })
    .map((value) => [...new TextEncoder().encode(value)]);
  let good = 0;
  fc.assert(
    fc.property(fc.array(fc.oneof(sequence, text), { maxLength: 4 }), (parts) => {
      const list = Uint8Array.from(parts.flat());
      const decoded = decode(list);
      if (decoded !== undefined) good++;
      bytes.u8.fill(0xbf).set(list, 8);
      assert.equal(isUtf8(bytes.u8, 8, 8 + list.length), decoded !== undefined);
      assert.equal(bytes.text(8, 8 + list.length), decoded);
    }),
    { seed: SEED, numRuns: 10_000 },
  );
  assert.ok(good > 1000);
});
