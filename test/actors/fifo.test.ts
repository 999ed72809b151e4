import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fifo } from "../../actors/fifo.ts";

test("whatever is put in and taken out, it is an array's push and shift", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -700, max: 700 }), { maxLength: 12 }), (moves) => {
      const fifo = new Fifo<number>();
      let model: number[] = [];
      let next = 1;
      for (const move of moves) {
        if (move === 0) {
          fifo.clear();
          model = [];
        }
        for (let count = 0; count < Math.abs(move); count++) {
          if (move > 0) {
            fifo.push(next);
            model.push(next++);
          } else {
            assert.equal(fifo.peek(), model[0]);
            assert.equal(fifo.shift(), model.shift());
          }
        }
        assert.equal(fifo.length, model.length);
        assert.deepEqual([...fifo], model);
      }
    }),
    { seed: 20_260_104 },
  );
});
