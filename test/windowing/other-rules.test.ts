/**
 * A state that is loaded under other rules than it was saved under, as when a setting was changed. What would fail here: event time that
 * goes back, so that sliding windows hold rows from after their end or closed windows come out again for nothing; a window that changed
 * rules lose; what is given up by the new rules and was never given out.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createOperator } from "../../windowing/create-operator.ts";
import { Figures } from "../../windowing/figures.ts";
import type { OperatorOptions } from "../../windowing/operator.ts";
import type { WindowShape } from "../../windowing/shape.ts";
import { feed, Ground, optionsOf, type Row, restore, type Step, saved } from "./support.ts";

type Rules = Partial<OperatorOptions>;

const ground = new Ground(8 << 20, 1 << 20);
const TENS: WindowShape = { kind: "tumbling", lengthMs: 10 };
const END: Step = { finish: true };

function at(...times: number[]): Step {
  return { rows: times.map((time): Row => ({ time, values: [time] })) };
}

/** What comes out by some rules, and then by others. */
function run(shape: WindowShape, parts: readonly (readonly [rules: Rules, steps: readonly Step[]])[]) {
  let state: Uint8Array | undefined;
  return parts.map(([rules, steps]) => {
    const pool = ground.pool();
    const figures = new Figures(ground.kernels, pool, 1);
    const operator = createOperator(
      optionsOf(ground, pool, figures, shape, { maxRows: 64, aheadMs: 1000, ...rules }),
    );
    if (state !== undefined) restore(operator, state);
    const out = feed(
      ground,
      operator,
      steps,
      (record) => `${figures.count(record, 0)} to ${figures.max(record, 0)}`,
    );
    const { watermarkMs } = operator;
    state = saved(operator);
    operator.free();
    figures.close();
    assert.equal(pool.inUse, 0);
    return {
      out: out.map((one) => `${one.start}-${one.end} r${one.revision}: ${one.groups[0]?.of}`),
      watermarkMs,
    };
  });
}

test("more disorder does not let event time go back: sliding windows stay in order", () => {
  const [, second] = run({ kind: "sliding", lengthMs: 100 }, [
    [{ disorderMs: 0 }, [at(0, 50, 100, 101)]],
    [{ disorderMs: 80 }, [at(60, 105), END]],
  ]);
  assert.deepEqual(second!.out, ["2-102 r0: 3 to 101", "6-106 r0: 4 to 105"]);
});

test("more disorder does not give closed windows out again", () => {
  const [first, second] = run(TENS, [
    [{ disorderMs: 0, latenessMs: 100 }, [at(1, 15, 25)]],
    [{ disorderMs: 20, latenessMs: 100 }, [at(30), { advanceMs: 30 }, at(46), END]],
  ]);
  assert.deepEqual(first!.out, ["0-10 r0: 1 to 1", "10-20 r0: 1 to 15"]);
  assert.equal(first!.watermarkMs, 25);
  assert.deepEqual(second!.out, ["20-30 r0: 1 to 25", "30-40 r0: 1 to 30", "40-50 r0: 1 to 46"]);
});

test("less disorder lets event time go on: what is over then comes out, once", () => {
  for (const shape of [TENS, { kind: "hopping", lengthMs: 10, everyMs: 10 }] as const) {
    const [first, second] = run(shape, [
      [{ disorderMs: 50, latenessMs: 30 }, [at(1, 12, 44)]],
      [{ disorderMs: 0, latenessMs: 0 }, [at(45), END]],
    ]);
    assert.deepEqual([first!.out, first!.watermarkMs], [[], -6]);
    assert.deepEqual(second!.out, ["0-10 r0: 1 to 1", "10-20 r0: 1 to 12", "40-50 r0: 2 to 45"]);
  }
});

test("less lateness gives up what is kept; what changed before comes out first", () => {
  for (const shape of [TENS, { kind: "session", gapMs: 10 }] as const) {
    const [, second] = run(shape, [
      [{ latenessMs: 1000 }, [at(1, 15, 45, 2)]],
      [{ latenessMs: 0 }, [at(3, 56), END]],
    ]);
    assert.match(second!.out[0]!, / r1: 2 to 2$/);
    assert.equal(second!.out.length, 3, `${second!.out}`);
  }
});

test("more lateness does not begin a session anew where one was given up", () => {
  const [, second] = run({ kind: "session", gapMs: 10 }, [
    [{ latenessMs: 0 }, [at(20), { advanceMs: 30 }]],
    [{ latenessMs: 100 }, [at(20, 25, 20), END]],
  ]);
  assert.deepEqual(second!.out, ["25-35 r0: 1 to 25"]);
});
