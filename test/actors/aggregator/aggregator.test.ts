/**
 * The aggregator, by its messages.
 *
 * What would fail here: a group that is kept, told or left in the memory as it came; one whose pseudonym is another than the key
 * gives; a value that is answered for in another's place; streams that stay when nobody sends any more; a changed bound that is forgotten.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { MAX_VALUES, OUTCOMES } from "../../../actors/aggregator/protocol.ts";
import { keyPath } from "../../../actors/anonymizer/key.ts";
import { pseudonymOf } from "../anonymizer/reference.ts";
import { openAggregator } from "./support.ts";

const RAW = "Erika.Mustermann@example.org";

test("a group goes by its pseudonym: in what is kept, told and asked for", (t) => {
  const { answer, ask, dataFolder, memory, logged } = openAggregator(t);
  const groups = [RAW, "ünï𝄞", "x".repeat(256), "\u{10ffff}".repeat(128), "0"];
  answer({
    kind: "aggregate.add",
    events: groups.flatMap((group, at) => [
      { metric: "latency", value: at, group },
      { metric: "latency", value: at + 10, group },
    ]),
  });
  const key = readFileSync(keyPath(dataFolder));
  const hexOf = (group: string) => pseudonymOf(key, "metric-group", group).u64.toString(16).padStart(16, "0");
  groups.forEach((group, at) => {
    const asked = answer({ kind: "aggregate.stats", metric: "latency", group });
    assert.ok(asked.ok);
    assert.equal(asked.pseudonym, hexOf(group));
    assert.deepEqual([asked.stats.count, asked.stats.sum], [2, 2 * at + 10]);
  });
  const whole = answer({ kind: "aggregate.stats", metric: "latency" });
  assert.ok(whole.ok);
  assert.equal(whole.pseudonym, null);
  assert.equal(whole.stats.count, 10);
  assert.equal(whole.distinctGroups, 5);
  assert.deepEqual(
    whole.topGroups.map(({ pseudonym, count }) => [pseudonym, count]).sort(),
    groups.map((group) => [hexOf(group), 2]).sort(),
  );
  const unknown = answer({ kind: "aggregate.stats", metric: "latency", group: `${RAW}x` });
  const said = JSON.stringify([
    whole,
    unknown,
    answer({ kind: "aggregate.all", limit: 10 }),
    ask({ kind: "nonsense" } as never),
  ]);
  assert.ok(!unknown.ok && unknown.reason === "unknown-metric");
  for (const text of [said, logged()]) assert.ok(!text.includes("Erika"), text);
  assert.equal(Buffer.from(memory.buffer).indexOf("Erika"), -1, "not in the memory that threads share");
});

test("each value is answered for in its place", (t) => {
  const { answer, clock } = openAggregator(t, { maxStreams: 2, whenFull: "refuse" });
  const nowMs = clock.nowMs();
  const add = (
    events: readonly {
      readonly metric: string;
      readonly value: number;
      readonly group?: string;
      readonly timeMs?: number;
    }[],
  ) => {
    const { outcomes } = answer({ kind: "aggregate.add", events });
    return outcomes === null ? null : [...outcomes].map((outcome) => OUTCOMES[outcome]);
  };
  assert.equal(
    add([
      { metric: "a", value: 1 },
      { metric: "a", value: 2, group: "g" },
    ]),
    null,
  );
  assert.deepEqual(
    add([
      { metric: "a", value: 1 },
      { metric: "b", value: 1 },
      { metric: "a", value: 1, timeMs: nowMs - 60_000 },
      { metric: "a", value: 1, timeMs: nowMs + 3_600_000 },
      { metric: "a", value: 1, group: "h" },
      { metric: "a", value: 1, timeMs: nowMs - 50_000 },
    ]),
    ["added", "refused", "late", "ahead", "refused", "added"],
  );
  const { figures } = answer({ kind: "aggregate.figures" });
  const { events, refused, late, ahead, streams } = figures;
  assert.deepEqual(
    { events, refused, late, ahead, streams },
    { events: 4, refused: 2, late: 1, ahead: 1, streams: 2 },
  );
});

test("metrics come in the order of their names, a part at a time", (t) => {
  const { answer } = openAggregator(t);
  const names = ["b", "a/1", "a", "Z", "__proto__"];
  answer({ kind: "aggregate.add", events: names.map((metric) => ({ metric, value: 1 })) });
  const seen: string[] = [];
  for (let after: string | undefined; ; after = seen.at(-1)) {
    const part = answer({ kind: "aggregate.all", limit: 2, ...(after === undefined ? {} : { after }) });
    assert.ok(part.ok);
    seen.push(...part.metrics.map(({ metric }) => metric));
    assert.ok(part.metrics.length <= 2);
    if (part.next === null) break;
    assert.equal(part.next, seen.at(-1));
  }
  assert.deepEqual(seen, [...names].sort());
});

test("a window is at most the one that is kept", (t) => {
  const { answer, clock } = openAggregator(t);
  answer({ kind: "aggregate.add", events: [{ metric: "m", value: 1 }] });
  clock.advance(30_000);
  const count = (windowMs: number) => {
    const asked = answer({ kind: "aggregate.stats", metric: "m", windowMs });
    return asked.ok ? asked.stats.count : asked.reason;
  };
  assert.deepEqual(
    [count(60_000), count(10_000), count(60_001), count(0)],
    [1, 0, "bad-window", "bad-window"],
  );
  assert.ok(!answer({ kind: "aggregate.all", limit: 1, windowMs: 60_001 }).ok);
});

test("when nobody sends any more, streams are forgotten all the same, and so are names", (t) => {
  const { answer, clock } = openAggregator(t);
  answer({ kind: "aggregate.add", events: [{ metric: "m", value: 1, group: RAW }] });
  const before = answer({ kind: "aggregate.figures" }).figures;
  clock.advance(60_000 + 15_001);
  const { streams, stateBytes, expiredStreams } = answer({ kind: "aggregate.figures" }).figures;
  assert.deepEqual([streams, expiredStreams], [0, 2]);
  assert.ok(stateBytes < before.stateBytes);
  const asked = answer({ kind: "aggregate.stats", metric: "m" });
  assert.ok(!asked.ok && asked.reason === "unknown-metric");
});

test("bounds change while it runs; what everything is cut by does not", (t) => {
  const { answer, behaviour, dataFolder } = openAggregator(t, { maxStreams: 1 });
  const config = {
    dataFolder,
    windowMs: 60_000,
    maxStreams: 1,
    whenFull: "other",
    stateBytes: 4 * 2 ** 20,
  } as const;
  answer({ kind: "aggregate.add", events: [{ metric: "a", value: 1 }] });
  assert.equal(behaviour.reconfigure!({ ...config, maxStreams: 2 }), true);
  assert.deepEqual(answer({ kind: "aggregate.add", events: [{ metric: "b", value: 1 }] }).outcomes, null);
  assert.equal(answer({ kind: "aggregate.add", events: [] }).maxStreams, 2);
  assert.equal(behaviour.reconfigure!({ ...config, windowMs: 30_000 }), false);
  assert.equal(behaviour.reconfigure!({ ...config, stateBytes: 2 ** 20 }), false);
});

test("it begins anew when it is asked to, and takes no more than it says", (t) => {
  const { answer, ask } = openAggregator(t);
  answer({ kind: "aggregate.add", events: [{ metric: "m", value: 1, group: "g" }] });
  answer({ kind: "aggregate.reset" });
  const { events, streams } = answer({ kind: "aggregate.figures" }).figures;
  assert.deepEqual([events, streams], [0, 0]);
  const many = Array.from({ length: MAX_VALUES + 1 }, () => ({ metric: "m", value: 1 }));
  const refused = ask({ kind: "aggregate.add", events: many });
  assert.ok(!refused.ok && /at most 10000/.test(refused.message));
  assert.ok(!ask({ kind: "nonsense" } as never).ok);
});

test("one that starts again on the same folder and memory has the same pseudonyms, and nothing else", (t) => {
  const first = openAggregator(t);
  first.answer({ kind: "aggregate.add", events: [{ metric: "m", value: 1, group: RAW }] });
  const before = first.answer({ kind: "aggregate.stats", metric: "m", group: RAW });
  void first.behaviour.stop!();
  const second = openAggregator(t, { dataFolder: first.dataFolder });
  assert.ok(!second.answer({ kind: "aggregate.stats", metric: "m" }).ok);
  second.answer({ kind: "aggregate.add", events: [{ metric: "m", value: 5, group: RAW }] });
  const after = second.answer({ kind: "aggregate.stats", metric: "m", group: RAW });
  assert.ok(before.ok && after.ok);
  assert.equal(after.pseudonym, before.pseudonym);
  assert.deepEqual([after.stats.count, after.stats.max], [1, 5]);
});

// Streams are looked through once a pane, and a question may take from one into the next.
test("metrics that are forgotten while they are asked for do not end the list", (t) => {
  const { answer, clock } = openAggregator(t);
  const add = (names: readonly string[]) =>
    answer({ kind: "aggregate.add", events: names.map((metric) => ({ metric, value: 1 })) });
  add(["a", "b"]);
  clock.advance(2000);
  add(["c"]);
  clock.advance(57_999);
  const { nowMs } = clock;
  let asked = 0;
  clock.nowMs = () => nowMs.call(clock) + (asked++ === 0 ? 0 : 2);
  const part = answer({ kind: "aggregate.all", limit: 2 });
  assert.ok(part.ok);
  assert.deepEqual([part.metrics, part.next], [[], "b"]);
});

test("of a group for which there was no room it is not said that nothing of it came", (t) => {
  const { answer } = openAggregator(t, { maxStreams: 1 });
  const reasonOf = (group: string) => {
    const told = answer({ kind: "aggregate.stats", metric: "m", group });
    return told.ok ? assert.fail("it has no stream") : told.message;
  };
  answer({ kind: "aggregate.add", events: [{ metric: "m", value: 1 }] });
  assert.match(reasonOf(RAW), /none of this group of this metric came within the last 60 s$/);
  answer({ kind: "aggregate.add", events: [{ metric: "m", value: 1, group: RAW }] });
  assert.match(
    reasonOf(RAW),
    /came within the last 60 s, or it is one of the others, .*aggregation\.maxStreams/,
  );
});
