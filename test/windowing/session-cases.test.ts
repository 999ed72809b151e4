/**
 * What is to be said of sessions by example. What would fail here: a row at exactly the gap that joins, a start that is moved without a word,
 * a correction given out twice or never, a group that stays in the table when it is over, what a full pool does that depends on cuts.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Figures } from "../../windowing/figures.ts";
import { SessionOperator } from "../../windowing/session-operator.ts";
import { BoundedRowTrace, RowTrace } from "./row-trace.ts";
import { at, ground, keyed, make, spans } from "./session-made.ts";
import { cut, drain, feed, optionsOf, type Row, restore, saved } from "./support.ts";

test("a row exactly the gap after another begins the next session; one just before it does not", () => {
  const { run } = make({ gapMs: 10 });
  const out = run([...cut([at(0), at(9), at(19)]), { finish: true }]);
  assert.deepEqual(spans(out), ["0-19 r0", "19-29 r0"]);
});

test("one row connects what came out as two: the older is corrected, the younger withdrawn, at the next edge", () => {
  const { run, operator } = make({ gapMs: 10, latenessMs: 100 });
  const first = run(cut([at(0), at(14), at(41)]));
  assert.deepEqual(spans(first), ["0-10 r0", "14-24 r0"]);
  assert.deepEqual(run(cut([at(7)])), []);
  assert.equal(operator.lastOpenEndMs(), 51);
  assert.deepEqual(spans(run([{ advanceMs: 49 }])), []);
  assert.deepEqual(spans(run([{ advanceMs: 50 }])), ["0-24 r1", "14-24 r1 withdrawn"]);
});

test("a chain of late rows makes one session of three", () => {
  const { run } = make({ gapMs: 10, latenessMs: 100 });
  run(cut([at(0), at(15), at(30), at(60)]));
  const out = run([...cut([at(8), at(23)]), { advanceMs: 70 }]);
  assert.deepEqual(spans(out), ["15-25 r1 withdrawn", "0-40 r1", "30-40 r1 withdrawn", "60-70 r0"]);
  assert.deepEqual(out[1]!.groups[0]!.of, [[0], [15], [8], [30], [23]]);
});

test("a late row before a session moves its start: the old start is withdrawn", () => {
  const { run } = make({ gapMs: 10, latenessMs: 100 });
  run(cut([at(20), at(35)]));
  assert.deepEqual(spans(run([...cut([at(15)]), { advanceMs: 40 }])), ["15-30 r0", "20-30 r1 withdrawn"]);
});

test("a late row that opens a session again lets it come out at its new end, not before", () => {
  const { run } = make({ gapMs: 10, latenessMs: 100, disorderMs: 0 });
  run([...cut([at(0)]), { advanceMs: 15 }]);
  run(cut([at(8)]));
  assert.deepEqual(run([{ advanceMs: 17 }]), []);
  assert.deepEqual(spans(run([{ advanceMs: 18 }])), ["0-18 r1"]);
});

test("a correction that is given up before the next edge comes out then", () => {
  const { run } = make({ gapMs: 100, latenessMs: 5 });
  run([...cut([at(10)]), { advanceMs: 112 }]);
  run(cut([at(8)]));
  assert.deepEqual(spans(run([{ advanceMs: 115 }])), ["8-110 r0"]);
  assert.deepEqual(spans(run([{ advanceMs: 200 }])), ["10-110 r1 withdrawn"]);
});

test("a row that would begin a session where one is given up is late, also when it is near one that is kept", () => {
  const { run, operator } = make({ gapMs: 10 });
  assert.deepEqual(spans(run([...cut([at(20)]), { advanceMs: 30 }])), ["20-30 r0"]);
  // One that the first would have been a part of; who was there before cannot know of it.
  run(cut([at(21)]));
  const late = () => operator.counts.late;
  run(cut([at(20), at(15)]));
  assert.equal(late(), 2);
  assert.deepEqual(spans(run([...cut([at(25)]), { advanceMs: 35 }])), ["21-35 r0"]);
  // The same when the older is given up after the younger began.
  const two = make({ gapMs: 10, disorderMs: 100 });
  two.run([...cut([at(0), at(15)]), { advanceMs: 10 }]);
  two.run(cut([at(6), at(0), at(-3)]));
  assert.deepEqual([two.operator.counts.late, two.operator.counts.rows], [2, 3]);
  assert.deepEqual(spans(two.run([{ finish: true }])), ["6-25 r0"]);
});

test("rows without a value hold a session together, and make none", () => {
  const { run } = make({ gapMs: 10 });
  const out = run([
    ...cut([at(0), { time: 6, values: [null] }, at(12), { time: 40, values: [Number.NaN] }]),
    { finish: true },
  ]);
  assert.deepEqual(spans(out), ["0-22 r0"]);
});

test("where there is no room for a record, rows go to the others' session, or are refused; cuts do not show", () => {
  const rows = Array.from({ length: 60 }, (_, i): Row => ({ time: i * 3, key: i % 5, values: [i] }));
  for (const whenFull of ["other", "refuse"] as const) {
    const [whole, pieces] = [[60], [1, 7]].map((sizes) => {
      const pool = ground.pool();
      const trace = new BoundedRowTrace(ground.kernels, pool, 5);
      const { operator, run } = make({ gapMs: 14, latenessMs: 20, maxGroups: 3, whenFull }, pool, trace);
      const out = run([...cut(rows, sizes), { finish: true }]);
      const { counts } = operator;
      assert.equal(counts.rows + counts.refused, 60);
      if (whenFull === "other") assert.ok(counts.other > 0, JSON.stringify(counts));
      else assert.ok(counts.refused > 0 && counts.other === 0, JSON.stringify(counts));
      operator.free();
      assert.equal(pool.inUse, 0);
      return out;
    });
    assert.deepEqual(pieces, whole);
  }
});

test("groups that are over at one moment and begin anew in the same batch are not mixed up", () => {
  for (const [one, two] of [
    [1, 2],
    [2, 1],
  ] as const) {
    const { run } = make({ gapMs: 10, latenessMs: 5 });
    run([{ rows: [keyed(0, 1), keyed(0, 2)] }, { advanceMs: 10 }]);
    const out = run([{ rows: [keyed(15, one), keyed(16, two)] }, { finish: true }]);
    assert.deepEqual(
      out.map(({ start, groups }) => [start, groups[0]!.key]),
      [
        [15, BigInt(one)],
        [16, BigInt(two)],
      ],
    );
  }
});

test("what a full pool leaves out does not depend on how rows are cut", () => {
  const rows = Array.from({ length: 600 }, (_, i): Row => {
    return { time: i * 2, key: i % (1 + Math.floor(i / 6)), values: [10 ** ((i * 13) % 40)] };
  });
  let truncated = 0;
  for (const bytes of [6_000, 8_000, 11_000, 16_000]) {
    const [whole, pieces] = [[600], [1, 17]].map((sizes) => {
      const pool = ground.pool(bytes);
      const figures = new Figures(ground.kernels, pool, 1);
      const shape = { kind: "session", gapMs: 300 } as const;
      const operator = new SessionOperator(
        optionsOf(ground, pool, figures, shape, { disorderMs: 20, maxRows: 1024 }),
        shape,
      );
      const read = (record: number) => [figures.count(record, 0), figures.quantile(record, 0, 0.5)];
      const out = feed(ground, operator, [...cut(rows, sizes), { finish: true }], read);
      truncated += figures.truncated + operator.counts.refused + operator.counts.other;
      return { out, counts: { ...operator.counts }, truncated: figures.truncated };
    });
    assert.deepEqual(pieces, whole);
  }
  assert.ok(truncated > 0);
});

test("a pool without room for what it needs itself gives everything back", () => {
  for (let bytes = 0; bytes < 300_000; bytes += 10_000) {
    const pool = ground.pool(bytes);
    try {
      const trace = new RowTrace(ground.kernels, pool);
      make({}, pool, trace).operator.free();
    } catch (error) {
      assert.equal((error as Error).name, "PoolExhausted");
    }
    assert.equal(pool.inUse, 0, `${bytes} bytes`);
  }
});

test("what cannot be is refused with what was expected", () => {
  assert.throws(() => make({ latenessMs: -1 }), /latenessMs: expected whole milliseconds/);
  const { operator, read, run } = make({ gapMs: 10 });
  run(cut([at(1)]));
  const state = saved(operator);
  assert.throws(
    () => restore(make({ gapMs: 11 }).operator, state),
    /expected sessions with a gap of 11 ms; came 10/,
  );
  operator.finish();
  assert.throws(() => saved(operator), /expected nothing to be due/);
  assert.equal(drain(operator, read).length, 1);
});
