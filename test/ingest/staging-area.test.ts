import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PLACE_FREE, PLACE_HEAD_BYTES, PLACE_TAIL_BYTES } from "../../ingest/staging.ts";
import { GRANULE_BYTES, type Place, StagingArea } from "../../ingest/staging-area.ts";

const OFFSET = 192;
const GRANULES = 16;
const EDGE = PLACE_HEAD_BYTES + PLACE_TAIL_BYTES;

function open(granules = GRANULES) {
  const spec = { offset: OFFSET, bytes: granules * GRANULE_BYTES };
  const buffer = new SharedArrayBuffer(OFFSET + spec.bytes + 64);
  const bytes = new Uint8Array(buffer);
  const area = new StagingArea({ buffer }, spec, (at, length) =>
    bytes.subarray(at, at + length).reduce((sum, byte) => sum + byte, 0),
  );
  const word = ({ at }: Place) => (at - PLACE_HEAD_BYTES) / 4;
  return {
    area,
    bytes,
    /** What a reader does: wipes, then says that it is done. */
    finish(place: Place) {
      bytes.fill(0, place.at, place.at + place.bytes);
      Atomics.store(new Int32Array(buffer), word(place), PLACE_FREE);
    },
  };
}

const body = (length: number, value = 7) => new Uint8Array(length).fill(value);

test("a body lies in its place, on a multiple of 64, with its tail within the area", () => {
  const { area, bytes } = open();
  const place = area.tryPlace(body(100, 3))!;
  assert.equal(place.at % 64, 0);
  assert.equal(place.bytes, 100);
  assert.deepEqual(bytes.slice(place.at, place.at + 100), body(100, 3));
  assert.equal(area.checksumOf(place), 300);
});

test("the largest body takes everything, one byte more has no room", () => {
  const { area } = open();
  assert.equal(area.mostBytes, GRANULES * GRANULE_BYTES - EDGE);
  assert.equal(area.tryPlace(body(area.mostBytes + 1)), undefined);
  const place = area.tryPlace(body(area.mostBytes))!;
  assert.equal(area.tryPlace(body(0)), undefined);
  area.release(place);
  assert.notEqual(area.tryPlace(body(0)), undefined);
});

test("a place goes back as soon as its reader is done, before its question is answered", () => {
  const { area, finish } = open(2);
  const first = area.tryPlace(body(GRANULE_BYTES))!;
  assert.equal(area.tryPlace(body(1)), undefined);
  finish(first);
  const second = area.tryPlace(body(1))!;
  assert.equal(second.at, first.at);
  // The first question is answered only now: the place is the second's.
  area.release(first);
  assert.equal(area.figures().places, 1);
  assert.equal(area.tryPlace(body(GRANULE_BYTES)), undefined);
});

test("what no reader has wiped is wiped when it goes back", () => {
  const { area, bytes } = open();
  const place = area.tryPlace(body(5000))!;
  area.release(place);
  assert.ok(bytes.every((byte) => byte === 0));
});

test("a place whose question came to nothing is kept until its reader is done, or gone", () => {
  const { area, finish, bytes } = open(3);
  const [late, lost, other] = [area.tryPlace(body(1)), area.tryPlace(body(1)), area.tryPlace(body(1))];
  area.quarantine(late!);
  area.quarantine(lost!);
  assert.equal(area.tryPlace(body(1)), undefined);
  assert.deepEqual(area.figures(), {
    places: 3,
    quarantined: 2,
    takenBytes: 3 * GRANULE_BYTES,
    totalBytes: 3 * GRANULE_BYTES,
  });
  finish(late!);
  assert.equal(area.figures().places, 2);
  area.readersGone();
  assert.equal(bytes[lost!.at], 0);
  // Its question is still open, and goes to whoever came after.
  assert.equal(bytes[other!.at], 7);
  assert.equal(area.figures().places, 1);
});

test("places never overlap, and all room is there again in the end", () => {
  const action = fc.oneof(
    fc.record({ kind: fc.constant("place" as const), bytes: fc.integer({ min: 0, max: 5 * GRANULE_BYTES }) }),
    fc.record({
      kind: fc.constantFrom("release" as const, "finish" as const, "quarantine" as const, "gone" as const),
      which: fc.nat(),
    }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const { area, bytes, finish } = open();
      const live = new Map<Place, { readonly value: number; quarantined: boolean }>();
      let value = 0;
      for (const step of actions) {
        if (step.kind === "place") {
          value = (value % 255) + 1;
          const place = area.tryPlace(body(step.bytes, value));
          if (place !== undefined) live.set(place, { value, quarantined: false });
          continue;
        }
        const place = [...live.keys()][step.which % Math.max(1, live.size)];
        if (step.kind === "gone") {
          area.readersGone();
          for (const [one, { quarantined }] of live) if (quarantined) live.delete(one);
        } else if (place !== undefined && step.kind === "quarantine") {
          area.quarantine(place);
          live.get(place)!.quarantined = true;
        } else if (place !== undefined) {
          if (step.kind === "finish") finish(place);
          else area.release(place);
          live.delete(place);
        }
        for (const [{ at, bytes: length }, { value: written }] of live) {
          assert.ok(bytes.subarray(at, at + length).every((byte) => byte === written));
          assert.ok(at + length + PLACE_TAIL_BYTES <= OFFSET + GRANULES * GRANULE_BYTES);
        }
      }
      for (const place of live.keys()) area.release(place);
      assert.notEqual(area.tryPlace(body(area.mostBytes)), undefined);
    }),
    { seed: 20_261_122, numRuns: 200 },
  );
});

test("an area that does not lie on a multiple of 64 is refused", () => {
  const buffer = new SharedArrayBuffer(GRANULE_BYTES * 2);
  assert.throws(() => new StagingArea({ buffer }, { offset: 32, bytes: GRANULE_BYTES }, () => 0), RangeError);
});
