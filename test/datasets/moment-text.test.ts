import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  MAX_MOMENT_MS,
  MIN_MOMENT_MS,
  MOMENT_BYTES,
  MomentWriter,
  parseMoment,
} from "../../datasets/moment-text.ts";

const SEED = 20_260_104;
const moment = fc.oneof(
  fc.integer({ min: MIN_MOMENT_MS, max: MAX_MOMENT_MS }),
  fc.integer({ min: -100_000_000, max: 100_000_000 }),
);

function written(writer: MomentWriter, ms: number): string {
  const bytes = new Uint8Array(3 + MOMENT_BYTES);
  assert.equal(writer.write(new DataView(bytes.buffer), 3, ms), bytes.byteLength);
  return new TextDecoder().decode(bytes.subarray(3));
}

describe("moments as text", () => {
  test("are written as Date writes them, in any order", () => {
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 20 }), (moments) => {
        const writer = new MomentWriter();
        for (const ms of moments) assert.equal(written(writer, ms), new Date(ms).toISOString());
      }),
      { seed: SEED, numRuns: 300 },
    );
    const writer = new MomentWriter();
    const days = [MIN_MOMENT_MS, -1, 0, 86_399_999, 86_400_000, MAX_MOMENT_MS, -86_400_000, -86_400_001];
    for (const ms of days) assert.equal(written(writer, ms), new Date(ms).toISOString());
  });

  test("are not written when their year has no four digits; the next one is", () => {
    const writer = new MomentWriter();
    const bytes = new Uint8Array(MOMENT_BYTES);
    for (const ms of [MIN_MOMENT_MS - 1, MAX_MOMENT_MS + 1, Number.NaN, 2 ** 62]) {
      assert.equal(writer.write(new DataView(bytes.buffer), 0, ms), -1);
    }
    assert.ok(bytes.every((byte) => byte === 0));
    assert.equal(written(writer, 0), "1970-01-01T00:00:00.000Z");
  });

  test("are read back, in any zone", () => {
    fc.assert(
      fc.property(moment, fc.integer({ min: -1439, max: 1439 }), (ms, offsetMinutes) => {
        const local = ms + offsetMinutes * 60_000;
        fc.pre(local >= MIN_MOMENT_MS && local <= MAX_MOMENT_MS);
        const sign = offsetMinutes < 0 ? "-" : "+";
        const two = (value: number) => String(value).padStart(2, "0");
        const size = Math.abs(offsetMinutes);
        const zone = `${sign}${two(Math.floor(size / 60))}:${two(size % 60)}`;
        assert.equal(parseMoment(new Date(local).toISOString().replace("Z", zone)), ms);
        assert.equal(parseMoment(new Date(ms).toISOString()), ms);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test("are read with any fraction, cut to milliseconds", () => {
    const at = Date.UTC(2026, 0, 31, 12, 0, 5);
    for (const [fraction, ms] of [
      ["", 0],
      [".5", 500],
      [".05", 50],
      [".123", 123],
      [".1239999999", 123],
      [".000000001", 0],
    ] as const) {
      assert.equal(parseMoment(`2026-01-31T12:00:05${fraction}Z`), at + ms);
      assert.equal(parseMoment(`2026-01-31t13:00:05${fraction}+01:00`), at + ms);
    }
  });

  test("are no moments without zone, beside the calendar, or with anything more", () => {
    for (const text of [
      "",
      "2026-01-31",
      "2026-01-31T12:00:00",
      "2026-01-31T12:00Z",
      "2026-01-31_12:00:00Z",
      "2026-01-31 12:00:00",
      "2026-01-31  12:00:00Z",
      "2026-01-31T12:00:00.Z",
      "2026-01-31T12:00:00Z ",
      " 2026-01-31T12:00:00Z",
      "2026-01-31T12:00:00+1:00",
      "2026-01-31T12:00:00+0100",
      "2026-01-31T12:00:00+24:00",
      "2026-01-31T12:00:00+01:60",
      "2026-01-31T12:00:00*01:00",
      "2026-1-31T12:00:00Z",
      "2026/01/31T12:00:00Z",
      "2026-00-31T12:00:00Z",
      "2026-13-31T12:00:00Z",
      "2026-01-00T12:00:00Z",
      "2026-01-32T12:00:00Z",
      "2026-04-31T12:00:00Z",
      "2026-02-29T12:00:00Z",
      "2100-02-29T12:00:00Z",
      "2026-01-31T24:00:00Z",
      "2026-01-31T12:60:00Z",
      "2026-01-31T12:00:60Z",
      "+02026-01-31T12:00:00Z",
      "Sat, 31 Jan 2026 12:00:00 GMT",
    ]) {
      assert.ok(Number.isNaN(parseMoment(text)), text);
    }
    assert.equal(parseMoment("2000-02-29T00:00:00Z"), Date.UTC(2000, 1, 29));
    // As pandas and PostgreSQL write it.
    assert.equal(parseMoment("2000-02-29 01:00:00.5+01:00"), Date.UTC(2000, 1, 29) + 500);
    assert.equal(parseMoment("2028-02-29T23:59:59Z"), Date.UTC(2028, 1, 29, 23, 59, 59));
  });
});
