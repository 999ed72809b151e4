/**
 * One thread, random moves, against a model that is a plain array and whole numbers that do not wrap: after every move
 * each figure that the lane gives is the model's, and every slot that is read holds what was published at that place.
 *
 * What would fail here: any wrong bound (a ring that holds one more or one less), any barrier or gate over the wrong
 * stages, a stale limit that is not looked at again, moves that an end's death should have undone, and arithmetic that
 * does not wrap.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LaneReader, LaneWriter, laneStatus } from "../../runtime/lane/index.ts";
import { slotAt } from "../../runtime/lane/status.ts";
import { makeLane, START_POSITIONS } from "../fixtures/lane-setup.ts";

const TIERS = [[["a"]], [["a"], ["b"]], [["a", "b"]], [["a"], ["b", "c"]], [["a", "b"], ["c"], ["d", "e"]]];

const moves = fc.array(
  fc.record({
    kind: fc.constantFrom(
      "claim",
      "claim",
      "publish",
      "abandon",
      "free",
      "reopenWriter",
      "read",
      "read",
      "read",
      "release",
      "release",
      "rewind",
      "available",
      "attempt",
      "endAttempt",
      "reopenStage",
    ),
    stage: fc.nat(4),
    times: fc.integer({ min: 1, max: 5 }),
  }),
  // Without a size, arrays stay so short that a stage of the second tier hardly ever reads.
  { maxLength: 150, size: "max" },
);

interface StageModel {
  cursor: number;
  next: number;
  attempts: number;
}

test("any sequence of moves gives the figures of a plain array", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(2, 4, 8),
      fc.constantFrom(...TIERS),
      fc.constantFrom(...START_POSITIONS),
      moves,
      (slots, tiers, startPosition, sequence) => {
        const { memory, words, spec } = makeLane({ slots, tiers }, startPosition);
        const names = tiers.flat();
        const readers = names.map((name) => new LaneReader(memory, spec, name));
        let writer = new LaneWriter(memory, spec);

        // The model: everything ever published, how much more is claimed, and each stage's place in the array.
        const published: number[] = [];
        const claimed: number[] = [];
        const stages: StageModel[] = names.map(() => ({ cursor: 0, next: 0, attempts: 0 }));
        let value = 0;
        const cursors = (tier: readonly string[]) => tier.map((name) => stages[names.indexOf(name)]!.cursor);
        const limitOf = (index: number) => {
          const tier = tiers.findIndex((names_) => names_.includes(names[index]!));
          return tier === 0 ? published.length : Math.min(...cursors(tiers[tier - 1]!));
        };
        const free = () => slots - (published.length + claimed.length - Math.min(...cursors(tiers.at(-1)!)));
        const at = (position: number) => (startPosition + position) | 0;

        for (const { kind, stage, times } of sequence) {
          const index = stage % names.length;
          const reader = readers[index]!;
          const model = stages[index]!;
          switch (kind) {
            case "claim":
              for (let time = 0; time < times; time++) {
                const wasFree = free() > 0;
                const offset = writer.tryClaim();
                assert.equal(offset >= 0, wasFree);
                if (offset < 0) break;
                assert.equal(offset, slotAt(spec, at(published.length + claimed.length)));
                claimed.push(++value);
                words[offset >>> 2] = value;
              }
              break;
            case "publish":
              published.push(...claimed.splice(0));
              writer.publish();
              break;
            case "abandon":
              claimed.length = 0;
              writer.abandon();
              break;
            case "free":
              assert.equal(writer.free(), free());
              break;
            case "reopenWriter":
              claimed.length = 0;
              writer = new LaneWriter(memory, spec);
              break;
            case "read":
              for (let time = 0; time < times; time++) {
                const offset = reader.tryRead();
                assert.equal(offset >= 0, model.next < limitOf(index));
                if (offset < 0) break;
                assert.equal(words[offset >>> 2], published[model.next]);
                model.next++;
              }
              break;
            case "release":
              if (model.next > model.cursor) model.attempts = 0;
              model.cursor = model.next;
              reader.release();
              break;
            case "rewind":
              model.next = model.cursor;
              reader.rewind();
              break;
            case "available":
              assert.equal(reader.available(), limitOf(index) - model.next);
              break;
            case "attempt":
              assert.equal(reader.beginAttempt(), model.attempts++);
              break;
            case "endAttempt":
              model.attempts = Math.max(0, model.attempts - 1);
              reader.endAttempt();
              break;
            case "reopenStage":
              model.next = model.cursor;
              readers[index] = new LaneReader(memory, spec, names[index]!);
              break;
          }
          assert.equal(writer.position, at(published.length + claimed.length));
          assert.equal(readers[index]!.position, at(model.next));
          const last = writer.lastPublishedSlot();
          if (published.length > 0) assert.equal(last, slotAt(spec, at(published.length - 1)));
          else if (startPosition === 0) assert.equal(last, -1);
          assert.deepEqual(laneStatus(memory, spec), {
            lane: spec.name,
            slots,
            published: at(published.length),
            stages: names.map((name, place) => ({
              stage: name,
              cursor: at(stages[place]!.cursor),
              lagSlots: published.length - stages[place]!.cursor,
              attempts: stages[place]!.attempts,
            })),
          });
        }
      },
    ),
    { seed: 20_250_101, numRuns: 300 },
  );
});
