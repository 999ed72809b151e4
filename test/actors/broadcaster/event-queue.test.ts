import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EventQueue } from "../../../actors/broadcaster/event-queue.ts";

const SEED = 20_260_101;

type Step = { readonly push: number } | { readonly take: number };

test("a queue equals an array that is cut from the front, drop for drop", () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 700 }) }),
      fc.record({ take: fc.integer({ min: 0, max: 400 }) }),
    ) as fc.Arbitrary<Step>,
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 3, 255, 256, 257, 1000), steps, (capacity, script) => {
      const queue = new EventQueue<number>(capacity);
      let model: number[] = [];
      let modelDropped = 0;
      let next = 0;
      for (const step of script) {
        if ("push" in step) {
          for (let count = 0; count < step.push; count++) {
            queue.push(next);
            model.push(next++);
          }
          modelDropped += Math.max(0, model.length - capacity);
          model = model.slice(-capacity);
        } else {
          assert.deepEqual(queue.take(step.take), model.splice(0, step.take));
          assert.equal(queue.takeDropped(), modelDropped);
          modelDropped = 0;
        }
        assert.equal(queue.length, model.length);
        assert.equal(queue.isFull, model.length === capacity);
      }
      assert.deepEqual(queue.take(Number.POSITIVE_INFINITY), model);
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test("a queue of no room is refused", () => {
  for (const capacity of [0, -1, 1.5, Number.NaN]) assert.throws(() => new EventQueue(capacity), RangeError);
});
