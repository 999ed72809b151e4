/** ZMTP's bytes: what is written is read back however it is cut, and what is none is found out. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  encodeCommand,
  encodeFrame,
  encodeGreeting,
  encodeProperties,
  type Frame,
  FrameReader,
  frameHead,
  MAX_FRAME_BYTES,
  readCommand,
  readGreeting,
  readProperties,
} from "../../../../actors/outlets/zmtp/wire.ts";

const SEED = 20_260_101;
const bytes = (most: number) => fc.uint8Array({ maxLength: most });
const frame: fc.Arbitrary<Frame> = fc
  .record({
    kind: fc.constantFrom("command" as const, "message" as const),
    more: fc.boolean(),
    // Around the length where a frame becomes a long one.
    body: fc.oneof(
      bytes(20),
      fc.integer({ min: 250, max: 260 }).map((length) => new Uint8Array(length).fill(7)),
    ),
  })
  .map((one) => (one.kind === "command" ? { ...one, more: false } : one));
const name = fc.string({ unit: fc.constantFrom(..."ABCxyz-"), minLength: 1, maxLength: 255 });

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Cuts bytes at places that a test was given. */
function cut(whole: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (whole.byteLength + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => whole.subarray(from, at[index] ?? whole.byteLength));
}

function readAll(reader: FrameReader): Frame[] {
  const frames: Frame[] = [];
  for (;;) {
    const read = reader.next();
    if (read.kind !== "frame") {
      assert.equal(read.kind, "more");
      return frames;
    }
    frames.push({ ...read.frame, body: Uint8Array.from(read.frame.body) });
  }
}

test("frames come back as they were, wherever the stream is cut", () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 8 }), (frames, places) => {
      const reader = new FrameReader();
      const seen: Frame[] = [];
      for (const part of cut(concat(frames.map(encodeFrame)), places)) {
        reader.push(part);
        seen.push(...readAll(reader));
      }
      assert.deepEqual(
        seen,
        frames.map((one) => ({ ...one, body: Uint8Array.from(one.body) })),
      );
    }),
    { seed: SEED },
  );
});

test("frames are laid out as the specification says", () => {
  const body = Uint8Array.of(1, 2, 3);
  assert.deepEqual(encodeFrame({ kind: "message", more: false, body }), Uint8Array.of(0, 3, 1, 2, 3));
  assert.deepEqual(encodeFrame({ kind: "message", more: true, body }), Uint8Array.of(1, 3, 1, 2, 3));
  assert.deepEqual(encodeFrame({ kind: "command", more: false, body }), Uint8Array.of(4, 3, 1, 2, 3));
  assert.deepEqual(frameHead({ kind: "message", more: false }, 255), Uint8Array.of(0, 255));
  assert.deepEqual(
    frameHead({ kind: "message", more: false }, 256),
    Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 1, 0),
  );
  assert.deepEqual(
    frameHead({ kind: "message", more: true }, 2 ** 33 + 5),
    Uint8Array.of(3, 0, 0, 0, 2, 0, 0, 0, 5),
  );
  assert.deepEqual(encodeCommand("PONG", Uint8Array.of(9)), Uint8Array.of(4, 6, 4, 80, 79, 78, 71, 9));
});

test("a frame that is longer than a subscriber's may be is found out by its head", () => {
  const reader = new FrameReader(10);
  reader.push(Uint8Array.of(0, 10, ...new Array<number>(10).fill(1), 0, 11));
  assert.equal(reader.next().kind, "frame");
  assert.equal(reader.next().kind, "fault");
  const long = new FrameReader();
  long.push(frameHead({ kind: "message", more: false }, MAX_FRAME_BYTES + 1));
  assert.equal(long.next().kind, "fault");
  const endless = new FrameReader();
  endless.push(Uint8Array.of(2, 255, 255, 255, 255, 255, 255, 255, 255));
  assert.equal(endless.next().kind, "fault");
});

for (const flags of [8, 16, 0x80, 5, 7]) {
  test(`there is no frame with the flags ${flags}`, () => {
    const reader = new FrameReader();
    reader.push(Uint8Array.of(flags, 0));
    assert.equal(reader.next().kind, "fault");
  });
}

test("a greeting is 64 bytes that say version and mechanism", () => {
  const greeting = encodeGreeting({ major: 3, minor: 1, mechanism: "NULL" });
  assert.equal(greeting.byteLength, 64);
  assert.deepEqual(
    [...greeting.subarray(0, 17)],
    [255, 0, 0, 0, 0, 0, 0, 0, 0, 127, 3, 1, 78, 85, 76, 76, 0],
  );
  assert.deepEqual(readGreeting(greeting), { major: 3, minor: 1, mechanism: "NULL" });
});

test("of a greeting that is not whole no more is said than that, of one that is none as soon as it shows", () => {
  const greeting = encodeGreeting({ major: 3, minor: 0, mechanism: "PLAIN" });
  for (let length = 0; length < 64; length++)
    assert.equal(readGreeting(greeting.subarray(0, length)), undefined);
  assert.deepEqual(readGreeting(greeting), { major: 3, minor: 0, mechanism: "PLAIN" });
  const text = new TextEncoder();
  assert.match(String(readGreeting(text.encode("GET / HTTP/1.1"))), /ZMTP/);
  // ZMTP 1.0: a length of eight bytes, and flags that are even.
  assert.match(String(readGreeting(Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 0, 1, 0))), /ZMTP/);
  assert.match(String(readGreeting(Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 0, 1, 127, 1))), /version 1/);
});

test("commands come back as they were", () => {
  fc.assert(
    fc.property(name, bytes(40), (text, data) => {
      const reader = new FrameReader();
      reader.push(encodeCommand(text, data));
      const [one] = readAll(reader);
      const command = readCommand(one!.body);
      assert.equal(one?.kind, "command");
      assert.equal(command?.name, text);
      assert.deepEqual([...(command?.data ?? [])], [...data]);
    }),
    { seed: SEED },
  );
  for (const body of [[], [0], [3, 65, 66]]) assert.equal(readCommand(Uint8Array.from(body)), undefined);
});

test("properties come back as they were, their names in any case", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(name, name), { selector: ([key]) => key.toLowerCase() }), (given) => {
      const read = readProperties(encodeProperties(given));
      assert.deepEqual(
        [...(read ?? [])],
        given.map(([key, value]) => [key.toLowerCase(), value]),
      );
    }),
    { seed: SEED },
  );
  assert.deepEqual([...encodeProperties([["A", "bc"]])], [1, 65, 0, 0, 0, 2, 98, 99]);
  for (const data of [
    [1],
    [1, 65, 0, 0, 0],
    [1, 65, 0, 0, 0, 2, 98],
    [0, 0, 0, 0, 0],
    [1, 65, 255, 255, 255, 255],
  ])
    assert.equal(readProperties(Uint8Array.from(data)), undefined);
});

test("nothing that comes makes a reader throw", () => {
  fc.assert(
    fc.property(fc.array(bytes(64), { maxLength: 20 }), (parts) => {
      const reader = new FrameReader(32);
      for (const part of parts) {
        reader.push(part);
        let read = reader.next();
        while (read.kind === "frame") read = reader.next();
        if (read.kind === "fault") return;
      }
      readProperties(concat(parts));
      readGreeting(concat(parts));
    }),
    { seed: SEED, numRuns: 1000 },
  );
});
