/** What a lane may be, and where it lies. A missing check shows as a lane that is placed where an error should be. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CACHE_PAIR_BYTES } from "../../runtime/arena.ts";
import { LaneReader, type LaneShape, LaneWriter, laneStatus, placeLane } from "../../runtime/lane/index.ts";
import { BELL, slotsOffset, stageWord, writerWord } from "../../runtime/lane/layout.ts";
import { slotAt } from "../../runtime/lane/status.ts";
import { makeLane, START_POSITIONS } from "../fixtures/lane-setup.ts";

const REFUSED: readonly (readonly [Partial<LaneShape>, RegExp])[] = [
  [{ slots: 0 }, /lane test: slots must be a power of two from 2 to 2\^30; came 0/],
  [{ slots: 1 }, /came 1/],
  [{ slots: 3 }, /came 3/],
  [{ slots: 2.5 }, /came 2.5/],
  [{ slots: -2 }, /came -2/],
  [{ slots: 2 ** 31 }, /came 2147483648/],
  [{ slots: Number.NaN }, /came NaN/],
  [{ slotBytes: 0 }, /lane test: slotBytes must be a positive multiple of 64; came 0/],
  [{ slotBytes: 32 }, /came 32/],
  [{ slotBytes: 100 }, /came 100/],
  [{ slotBytes: -64 }, /came -64/],
  [{ tiers: [] }, /every tier needs at least one stage; came \[\]/],
  [{ tiers: [["a"], []] }, /every tier needs at least one stage; came \[\["a"\],\[\]\]/],
  [{ tiers: [["a"], ["b", "a"]] }, /a stage may stand once; came a, b, a/],
];

for (const [shape, message] of REFUSED) {
  test(`the shape ${JSON.stringify(shape)} is refused`, () => {
    // The memory is made for a small lane: the shape is refused before the room is.
    const { arena } = makeLane();
    const full: LaneShape = { name: "test", slotBytes: 64, slots: 8, tiers: [["reader"]], ...shape };
    assert.throws(
      () => placeLane(arena, full),
      (error) => error instanceof RangeError && message.test(error.message),
    );
  });
}

test("a stage that is none is refused, with those there are", () => {
  const { memory, spec } = makeLane({ tiers: [["a"], ["b"]] });
  assert.throws(() => new LaneReader(memory, spec, "c"), /lane test has no stage c; it has a, b/);
});

test("no two ends share a cache line, nor an end with its own doorbell, nor with the slots", () => {
  const { spec } = makeLane({ tiers: [["a", "b"], ["c"]], slotBytes: 192, slots: 4 });
  const blocks = [writerWord(spec), ...["a", "b", "c"].map((name) => stageWord(spec, name))];
  const bytes = [...blocks.flatMap((word) => [word * 4, (word + BELL) * 4]), slotsOffset(spec)];
  for (const byte of bytes) assert.equal(byte % CACHE_PAIR_BYTES, 0);
  assert.equal(new Set(bytes).size, bytes.length);
  assert.equal(Math.max(...bytes), slotsOffset(spec));
});

test("the slots of two lanes and their words do not overlap", () => {
  const { arena, spec } = makeLane({ slots: 4, slotBytes: 64 });
  const other = placeLane(arena, { ...spec, name: "other" });
  assert.ok(slotsOffset(spec) + 4 * 64 <= other.offset);
});

for (const startPosition of START_POSITIONS) {
  test(`a slot's place is the same for the writer, each stage and the status, from position ${startPosition}`, () => {
    const { memory, spec } = makeLane({ slots: 4, slotBytes: 128 }, startPosition);
    const writer = new LaneWriter(memory, spec);
    const reader = new LaneReader(memory, spec, "reader");
    const first = slotsOffset(spec);
    for (let count = 0; count < 12; count++) {
      const position = writer.position;
      assert.equal(position, (startPosition + count) | 0);
      const offset = writer.tryClaim();
      assert.equal(offset, first + ((((startPosition + count) % 4) + 4) % 4) * 128);
      writer.publish();
      assert.equal(writer.lastPublishedSlot(), offset);
      assert.equal(slotAt(spec, position), offset);
      assert.equal(reader.tryRead(), offset);
      reader.release();
    }
  });
}

test("a lane that wraps to position 0 still knows its last slot, and one that had none has none", () => {
  const { memory, spec } = makeLane({ slots: 4 }, -1);
  const writer = new LaneWriter(memory, spec);
  const offset = writer.tryClaim();
  writer.publish();
  assert.equal(laneStatus(memory, spec).published, 0);
  assert.equal(writer.lastPublishedSlot(), offset);
  assert.equal(new LaneWriter(memory, spec).lastPublishedSlot(), offset);

  const fresh = makeLane();
  const first = new LaneWriter(fresh.memory, fresh.spec);
  first.publish();
  assert.equal(first.lastPublishedSlot(), -1, "a publish of nothing is none");
});
