import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  emptyStat,
  keyBytes,
  parseKeyed,
  parseNumbers,
  parseStat,
} from "../../../../actors/sampler/host/proc-text.ts";
import { statRecord } from "./fake-proc.ts";

const encode = (text: string) => new TextEncoder().encode(text);

test("stat: any bytes in the name, closing parentheses and newlines included, leave the fields right", () => {
  const byte = fc.oneof(fc.constantFrom(0x28, 0x29, 0x20, 0x0a, 0x53), fc.integer({ min: 1, max: 255 }));
  const count = fc.integer({ min: 0, max: 2 ** 52 });
  fc.assert(
    fc.property(
      fc.uint8Array({ min: 1, max: 255, maxLength: 64 }),
      fc.array(byte, { maxLength: 64 }),
      fc.nat(4_194_304),
      fc.nat(0xffff_ffff),
      fc.nat(2 ** 40),
      fc.nat(2 ** 40),
      count,
      fc.nat(40),
      (left, odd, pid, flags, userTicks, systemTicks, startTicks, garbageLength) => {
        const comm = Uint8Array.from([...left, ...odd]);
        const record = statRecord(pid, { comm, flags, userTicks, systemTicks, startTicks });
        // What an earlier, longer record left behind the valid bytes must not be read.
        const buffer = new Uint8Array(record.length + garbageLength).fill(0x29);
        buffer.set(record);
        const out = emptyStat();
        assert.equal(parseStat(buffer, record.length, out), true);
        assert.deepEqual(buffer.slice(out.nameStart, out.nameEnd), comm);
        assert.equal(out.flags, flags);
        assert.equal(out.cpuTicks, userTicks + systemTicks);
        assert.equal(out.startTicks, startTicks);
      },
    ),
    { seed: 20260101, numRuns: 500 },
  );
});

test("stat: a record cut anywhere before its start time ends is refused, never misread", () => {
  const record = statRecord(7, { comm: "a) b (c", startTicks: 98765 });
  const whole = new TextDecoder().decode(record).indexOf("98765 ") + "98765 ".length;
  for (let length = 0; length < whole; length++)
    assert.equal(parseStat(record, length, emptyStat()), false, `${length}`);
  assert.equal(parseStat(record, whole, emptyStat()), true);
});

test("stat: a field that is no number, or none at all, is refused", () => {
  const text = new TextDecoder().decode(statRecord(7, {}));
  for (const bad of [
    text.replace(" 4194304 ", " 41x4304 "),
    text.replace(" 4194304 ", "  "),
    "7 program S 1",
    ") 7 (",
  ]) {
    assert.equal(parseStat(encode(bad), bad.length, emptyStat()), false, bad);
  }
});

test("numbers: as many as asked for, within the valid bytes", () => {
  const out = new Float64Array(3);
  const bytes = encode("765 418 390 5 0 123 0\n");
  assert.equal(parseNumbers(bytes, bytes.length, out), true);
  assert.deepEqual([...out], [765, 418, 390]);
  assert.equal(parseNumbers(bytes, "765 418 ".length, out), false);
  assert.equal(parseNumbers(bytes, 0, out), false);
});

test("keyed lines: only whole keys at line starts, missing ones NaN, huge ones cut at 2^53 - 1", () => {
  const text = "cancelled_b: 9\nb: 3\nbb: 4\n b: 5\na:18446744073709551615 kB\nempty:\nd: 12";
  const out = new Float64Array(5);
  const bytes = encode(`${text}34\n`);
  parseKeyed(bytes, text.length, keyBytes(["a", "b", "c", "d", "empty"]), out);
  assert.deepEqual([...out], [Number.MAX_SAFE_INTEGER, 3, Number.NaN, 12, Number.NaN]);
});
