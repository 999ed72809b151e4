import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import type { FeedClient } from "../../../actors/feed/subscription.ts";
import { range } from "../broadcaster/support.ts";
import { EVEN, type FeedHouse, LIVE, ODD, openFeedHouse } from "./support.ts";

async function stats(house: FeedHouse) {
  return (await house.ask({ kind: "broadcast.stats" })).value;
}

test("clients that want the same share a tap: a chunk is encoded once, and one object for all of them", async () => {
  const house = await openFeedHouse();
  const clients: FeedClient[] = [];
  for (const wish of [{}, {}, { where: EVEN }]) {
    const subscribed = await house.subscribe(wish);
    assert.ok(subscribed.ok);
    clients.push(subscribed.client);
  }
  await house.emit("memory", 6);
  assert.deepEqual(house.encoded, { memory: 6 + 3 });
  const [one, other, filtered] = clients.map((client) => client.take());
  assert.ok(one?.kind === "chunk" && filtered?.kind === "chunk");
  assert.equal(one, other);
  assert.deepEqual([one.rows, one.next, filtered.rows, filtered.next], [6, 6, 3, 6]);
  assert.deepEqual(clients[0]!.subscriptions, clients[1]!.subscriptions);
  assert.notDeepEqual(clients[0]!.subscriptions, clients[2]!.subscriptions);
});

test("it reads only while somebody listens", async () => {
  const house = await openFeedHouse();
  assert.equal((await stats(house)).readers, 0);
  const [one, other] = [await house.client(), await house.client({ where: EVEN })];
  assert.deepEqual([(await stats(house)).readers, (await stats(house)).taps], [1, 2]);
  other.client.close();
  other.client.close();
  await house.settle();
  assert.deepEqual([(await stats(house)).readers, (await stats(house)).taps], [1, 1]);
  one.client.close();
  await house.settle();
  assert.deepEqual([(await stats(house)).readers, (await stats(house)).taps], [0, 0]);
  await house.emit("memory", 1);
  assert.deepEqual(house.encoded, {});
  const again = await house.client();
  await house.emit("memory", 2);
  again.take();
  assert.deepEqual(again.rows, { memory: [1, 2] });
});

test("who is idle is woken once for all that came, and not for rows that its filter leaves out", async () => {
  const house = await openFeedHouse();
  const client = await house.client();
  const none = await house.client({ where: "available_mb < 0" });
  assert.equal(client.wakes, 0);
  await house.emitAll([
    { dataset: "memory", rows: 1 },
    { dataset: "memory", rows: 0, discard: true },
    { dataset: "memory", rows: 1 },
  ]);
  await house.emit("memory", 1);
  assert.equal(client.wakes, 1);
  client.take();
  await house.emit("memory", 1);
  assert.equal(client.wakes, 2);
  assert.deepEqual([none.wakes, none.client.take()], [0, undefined]);
  assert.deepEqual(none.client.positions(), { memory: 4 });
});

test("who registers late is told at once what waits", async () => {
  const house = await openFeedHouse();
  const subscribed = await house.subscribe();
  assert.ok(subscribed.ok);
  await house.emit("memory", 1);
  let wakes = 0;
  subscribed.client.onReady(() => wakes++);
  assert.equal(wakes, 1);
});

test("a full queue loses its oldest chunks, and one notice tells how many rows, before the next chunk", async () => {
  const house = await openFeedHouse({ queueBytes: 2000 });
  const slow = await house.client();
  const quick = await house.client();
  for (let batch = 0; batch < 20; batch++) {
    await house.emit("memory", 3);
    quick.take();
  }
  const { queuedBytes, droppedRows } = slow.client.view();
  assert.ok(queuedBytes <= 2000, `${queuedBytes} bytes wait`);
  assert.ok(droppedRows > 0);
  // Nothing of what was dropped is counted as had.
  assert.deepEqual(slow.client.positions(), { memory: 0 });
  slow.take();
  assert.deepEqual(slow.notices, [
    { notice: "dropped", dataset: "memory", rows: droppedRows, next: droppedRows },
  ]);
  assert.deepEqual(slow.rows["memory"], range(droppedRows, 60));
  assert.deepEqual([quick.notices, quick.rows["memory"]], [[], range(0, 60)]);
  const { sentRows, sentBytes, state } = slow.client.view();
  assert.deepEqual([sentRows, state], [60 - droppedRows, "live"]);
  assert.ok(sentBytes > 0);
});

test("who takes when it is woken loses nothing, however much comes at once", async () => {
  const house = await openFeedHouse({ queueBytes: 40_000 });
  const eager = await house.client();
  const unhurried = await house.client();
  eager.client.onReady(() => eager.take());
  // Transports take in a turn of their own.
  unhurried.client.onReady(() => setImmediate(() => unhurried.take()));
  await house.emitAll(Array.from({ length: 7 }, () => ({ dataset: "memory", rows: 64 }) as const));
  await house.emitAll(Array.from({ length: 7 }, () => ({ dataset: "memory", rows: 64 }) as const));
  assert.deepEqual([eager.rows["memory"], unhurried.rows["memory"]], [range(0, 896), range(0, 896)]);
});

test("each dataset is told by itself what it lost, and only rows that the filter left count", async () => {
  const house = await openFeedHouse({ queueBytes: 1000 });
  const client = await house.client({ datasets: ["memory", "memory_1m"] });
  const even = await house.client({ where: EVEN });
  for (let batch = 0; batch < 10; batch++) {
    await house.emit("memory", 2);
    await house.emit("memory_1m", 1);
  }
  client.take();
  even.take();
  const [memory, minutes] = client.notices;
  assert.deepEqual([memory?.dataset, minutes?.dataset, client.notices.length], ["memory", "memory_1m", 2]);
  const dropped = (memory?.rows ?? 0) + (minutes?.rows ?? 0);
  assert.equal(client.client.view().droppedRows, dropped);
  const sums = house.feed.totals();
  assert.equal(sums.droppedRows, dropped + (even.notices[0]?.rows ?? 0));
  assert.ok(sums.sentRows > 0 && sums.sentBytes > 0);
  client.client.close();
  client.client.close();
  assert.deepEqual(house.feed.totals(), sums, "who has gone counts on, and once");
  const [only] = even.notices;
  assert.equal(only?.next, 2 * (only?.rows ?? 0));
});

test("one chunk always has room, however large", async () => {
  const house = await openFeedHouse({ queueBytes: 10 });
  const client = await house.client();
  await house.emit("memory", 20);
  client.take();
  assert.deepEqual([client.notices, client.rows["memory"]], [[], range(0, 20)]);
});

test("who wants to be cut off when it is too slow is: what waited is gone, and the reason is told", async () => {
  const house = await openFeedHouse({ queueBytes: 1000 });
  const client = await house.client({ whenFull: "disconnect" });
  const other = await house.client();
  for (let batch = 0; batch < 3; batch++) await house.emit("memory", 5);
  assert.equal(house.feed.clients().length, 1);
  client.take();
  assert.deepEqual([client.ended, client.rows["memory"], client.client.take()], ["full", [], undefined]);
  other.take();
  assert.equal(other.ended, undefined);
});

test("a transport that throws ends its own stream and no other", async () => {
  const house = await openFeedHouse();
  const [bad, good] = [await house.client(), await house.client()];
  bad.client.onReady(() => {
    throw new Error("broken transport");
  });
  await house.emit("memory", 1);
  good.take();
  assert.deepEqual(good.rows["memory"], [0]);
  assert.equal(house.feed.clients().length, 1);
});

test("where a client goes on is where it stood: what lies between is read from the log", async () => {
  const house = await openFeedHouse();
  await house.emit("memory", 10);
  await house.emit("memory", 10);
  const client = await house.client({ from: { kind: "positions", positions: { memory: 7 } } });
  assert.equal(client.wakes, 1, "there are rows to be taken at once");
  assert.equal(client.client.view().state, "replay");
  // These wait behind those of the log.
  await house.emit("memory", 2);
  for (let turn = 0; turn < 10; turn++) {
    client.take();
    await house.settle();
  }
  assert.deepEqual([client.rows["memory"], client.notices], [range(7, 22), []]);
  assert.equal(client.client.view().state, "live");
  assert.equal(house.log.open, 0);
});

test("a time to begin with is a row's number, and a position of what is not there yet is where rows begin", async () => {
  const house = await openFeedHouse();
  await house.emit("memory", 5);
  await house.emit("memory", 5);
  const since = await house.client({ from: { kind: "since", sinceMs: Date.UTC(2026, 0, 1, 0, 0, 7) } });
  assert.deepEqual(since.client.positions(), { memory: 5 });
  const ahead = await house.client({ from: { kind: "positions", positions: { memory: 1000 } } });
  assert.deepEqual(ahead.client.positions(), { memory: 10 });
  await house.emit("memory", 1);
  for (let turn = 0; turn < 10; turn++) {
    since.take();
    ahead.take();
    await house.settle();
  }
  assert.deepEqual([since.rows["memory"], ahead.rows["memory"]], [range(5, 11), [10]]);
});

test("rows that the recorder has not written yet are waited for, and told to be missing when they do not come", async () => {
  const house = await openFeedHouse();
  await house.emit("memory", 4);
  await house.emit("memory", 4);
  house.log.lag = 1;
  const late = await house.client({ from: { kind: "positions", positions: { memory: 0 } } });
  const later = await house.client({ from: { kind: "positions", positions: { memory: 6 } } });
  for (let turn = 0; turn < 10; turn++) {
    late.take();
    later.take();
    await house.pass(20);
  }
  assert.deepEqual([late.rows["memory"], later.rows["memory"]], [range(0, 4), []]);
  house.log.lag = 0;
  await house.pass(20);
  late.take();
  later.take();
  assert.deepEqual([late.rows["memory"], later.rows["memory"]], [range(0, 8), [6, 7]]);
  house.log.lag = 1;
  const never = await house.client({ from: { kind: "positions", positions: { memory: 5 } } });
  never.take();
  for (let turn = 0; turn < 60; turn++) await house.advance(500);
  never.take();
  assert.deepEqual(never.notices, [{ notice: "gap", dataset: "memory", rows: 3, next: 8 }]);
  await house.emit("memory", 1);
  never.take();
  assert.deepEqual(never.rows["memory"], [8]);
});

test("rows that are not in the log any more are a gap, and told before those that are", async () => {
  const house = await openFeedHouse();
  for (let batch = 0; batch < 3; batch++) await house.emit("memory", 10);
  house.log.keptFrom = 20;
  const client = await house.client({ from: { kind: "positions", positions: { memory: 4 } } });
  for (let turn = 0; turn < 10; turn++) {
    client.take();
    await house.settle();
  }
  assert.deepEqual(client.notices, [{ notice: "gap", dataset: "memory", rows: 16, next: 20 }]);
  assert.deepEqual(client.rows["memory"], range(20, 30));
});

test("a replay waits for its client: one answer of it, not more, and what live rows have no room for is read from the log", async () => {
  const house = await openFeedHouse({ queueBytes: 1000 });
  for (let batch = 0; batch < 30; batch++) await house.emit("memory", 4);
  const client = await house.client({ from: { kind: "positions", positions: { memory: 0 } } });
  for (let turn = 0; turn < 5; turn++) {
    client.take(1);
    await house.settle();
  }
  // Two chunks an answer: one was begun with each two that were taken.
  assert.ok(house.log.pulled <= 3, `${house.log.pulled} answers`);
  for (let batch = 0; batch < 20; batch++) await house.emit("memory", 4);
  for (let turn = 0; turn < 60; turn++) {
    client.take();
    await house.settle();
  }
  assert.deepEqual([client.rows["memory"], client.notices], [range(0, 200), []]);
});

test("several datasets are replayed one after the other, and ids say where the client stands in all of them", async () => {
  const house = await openFeedHouse();
  await house.emit("memory", 10);
  await house.emit("memory_1m", 10);
  const positions = { memory: 3, memory_1m: 8 };
  const client = await house.client({
    datasets: ["memory", "memory_1m"],
    framing: "sse",
    from: { kind: "positions", positions },
  });
  await house.emit("memory", 1);
  for (let turn = 0; turn < 10; turn++) {
    client.take();
    await house.settle();
  }
  // Each id was checked on the way.
  assert.deepEqual(client.rows, { memory: range(3, 11), memory_1m: [8, 9] });
  assert.match(client.lastId ?? "", /-b\.a$/);
});

test("a replayer that is full, or that forgets, is asked again; one that cannot read the log ends the stream", async () => {
  const house = await openFeedHouse();
  for (let batch = 0; batch < 10; batch++) await house.emit("memory", 4);
  house.log.refusal = "too-many";
  const client = await house.client({ from: { kind: "positions", positions: { memory: 0 } } });
  client.take();
  await house.pass(300);
  assert.deepEqual(client.rows["memory"], []);
  house.log.refusal = undefined;
  await house.pass(200);
  client.take(1);
  house.log.forget();
  for (let turn = 0; turn < 30; turn++) {
    client.take();
    await house.pass(20);
  }
  assert.deepEqual(client.rows["memory"], range(0, 40));
  house.log.refusal = "damaged";
  const unlucky = await house.client({ from: { kind: "positions", positions: { memory: 0 } } });
  unlucky.take();
  await house.settle();
  unlucky.take();
  assert.equal(unlucky.ended, "replay-failed");
  const refused = await house.subscribe({ from: { kind: "since", sinceMs: 0 } });
  assert.equal(!refused.ok && refused.reason, "unavailable");
});

test("when the broadcaster restarts, clients go on: what nobody encoded meanwhile is read from the log", async () => {
  const house = await openFeedHouse();
  const client = await house.client();
  await house.emit("memory", 3);
  client.take();
  await house.restart();
  // It drains again, and the feed has not yet come back to it.
  await house.emit("memory", 3);
  await house.pass(300);
  await house.emit("memory", 3);
  for (let turn = 0; turn < 10; turn++) {
    client.take();
    await house.settle();
  }
  assert.deepEqual([client.rows["memory"], client.notices, client.ended], [range(0, 9), [], undefined]);
  assert.ok(house.log.opened > 0, "nothing was missed: the test is none");
});

test("a broadcaster that does not come back ends the streams; one that is away refuses new ones", async () => {
  const house = await openFeedHouse();
  const client = await house.client();
  const stopped = house.system.stop();
  await house.settle();
  await stopped;
  for (let turn = 0; turn < 400; turn++) await house.advance(100);
  client.take();
  assert.equal(client.ended, "broadcaster-gone");
  const refused = await house.subscribe();
  assert.equal(!refused.ok && refused.reason, "unavailable");
});

test("a batch that was taken out of the pipeline is a gap of its rows", async () => {
  const house = await openFeedHouse();
  const client = await house.client();
  await house.emit("memory", 2);
  await house.emit("memory", 5, { discard: true });
  await house.emit("memory", 2);
  for (let turn = 0; turn < 10; turn++) {
    client.take();
    await house.settle();
  }
  assert.deepEqual(client.notices, [{ notice: "gap", dataset: "memory", rows: 5, next: 7 }]);
  assert.deepEqual(client.rows["memory"], [0, 1, 7, 8]);
});

test("a filter is changed at an exact row: what waits comes as it was, all after it in the new way", async () => {
  const house = await openFeedHouse();
  const client = await house.client({ where: EVEN });
  const { subscriptions } = client.client;
  await house.emit("memory", 10);
  const changed = await house.run(client.client.change({ columns: null, where: ODD }));
  assert.deepEqual(changed, { ok: true, positions: { memory: 10 } });
  assert.notDeepEqual(client.client.subscriptions, subscriptions);
  client.change({ memory: 10 }, { columns: null, where: ODD });
  await house.emit("memory", 10);
  client.take();
  assert.deepEqual(client.rows["memory"], [0, 2, 4, 6, 8, 11, 13, 15, 17, 19]);
  assert.equal((await stats(house)).taps, 1);
  const same = await house.run(client.client.change({ columns: null, where: ODD }));
  assert.ok(same.ok);
  assert.equal((await stats(house)).taps, 1);
  await house.emit("memory", 2);
  client.take();
  assert.deepEqual(client.rows["memory"]?.slice(10), [21]);
});

test("changes come one after the other, and one that cannot be leaves all as it was", async () => {
  const house = await openFeedHouse();
  const client = await house.client();
  const refused = await house.run(client.client.change({ columns: null, where: "nonesuch = 1" }));
  assert.equal(!refused.ok && refused.reason, "bad-filter");
  const both = Promise.all([
    client.client.change({ columns: null, where: EVEN }),
    client.client.change({ columns: ["available_mb"], where: ODD }),
  ]);
  for (const { ok } of await house.run(both)) assert.ok(ok);
  client.change({ memory: 0 }, { columns: null, where: ODD });
  await house.emit("memory", 4);
  client.take();
  assert.deepEqual(client.rows["memory"], [1, 3]);
  client.client.close();
  const over = await house.run(client.client.change({ columns: null, where: null }));
  assert.equal(!over.ok && over.reason, "unavailable");
  await house.settle();
  assert.equal((await stats(house)).taps, 0);
});

test("a filter that is changed while the log is read counts for all that was not given yet", async () => {
  const house = await openFeedHouse();
  for (let batch = 0; batch < 5; batch++) await house.emit("memory", 4);
  const client = await house.client({ from: { kind: "positions", positions: { memory: 0 } } });
  client.take();
  await house.settle();
  client.take(1);
  assert.deepEqual(client.rows["memory"], range(0, 4));
  await house.emit("memory", 4);
  const changed = await house.run(client.client.change({ columns: null, where: EVEN }));
  assert.deepEqual(changed, { ok: true, positions: { memory: 4 } });
  client.change({ memory: 4 }, { columns: null, where: EVEN });
  for (let turn = 0; turn < 20; turn++) {
    client.take();
    await house.settle();
  }
  assert.deepEqual(client.rows["memory"], [...range(0, 4), ...range(4, 24).filter((row) => row % 2 === 0)]);
});

test("what cannot be is refused, and says what was expected", async () => {
  const house = await openFeedHouse({ maxClients: 2 });
  const arrow = { format: "arrow", framing: "raw" } as const;
  for (const [wish, reason, message] of [
    [
      { datasets: ["nonesuch"] },
      "unknown-dataset",
      /expected some of memory, memory_1m, .*; came "nonesuch"$/,
    ],
    [{ datasets: [] }, "bad-option", /came none$/],
    [{ datasets: ["memory", "memory"] }, "bad-option", /each once/],
    [{ columns: ["nonesuch"] }, "unknown-column", /came "nonesuch"$/],
    [{ datasets: ["memory", "memory_1m"], columns: ["count"] }, "bad-option", /^columns: /],
    [{ where: "nonesuch" }, "bad-filter", /^where: /],
    [{ ...arrow }, "bad-option", /^whenFull: /],
    [{ ...arrow, datasets: ["memory", "memory_1m"], whenFull: "disconnect" }, "bad-option", /^datasets: /],
  ] as const) {
    const refused = await house.subscribe(wish);
    assert.ok(!refused.ok, JSON.stringify(wish));
    assert.equal(refused.reason, reason);
    assert.match(refused.message, message);
  }
  const stream = await house.subscribe({ ...arrow, whenFull: "disconnect" });
  assert.ok(stream.ok);
  assert.ok(stream.client.preamble.byteLength > 0);
  const changed = await house.run(stream.client.change({ columns: ["used_percent"], where: null }));
  assert.equal(!changed.ok && changed.reason, "bad-option");
  await house.client();
  const more = await house.subscribe();
  assert.equal(!more.ok && more.reason, "too-many");
  stream.client.close();
  assert.ok((await house.subscribe()).ok);
});

test("closing ends everybody, with a reason, and takes nobody more", async () => {
  const house = await openFeedHouse();
  const client = await house.client();
  await house.emit("memory", 1);
  house.feed.close();
  client.take();
  assert.deepEqual([client.ended, client.rows["memory"]], ["closing", []]);
  assert.deepEqual(house.feed.clients(), []);
  const refused = await house.subscribe();
  assert.equal(!refused.ok && refused.reason, "unavailable");
  await house.settle();
  assert.equal((await stats(house)).readers, 0);
});

test("a client that closes while it subscribes or changes leaves nothing behind", async () => {
  const house = await openFeedHouse();
  const client = await house.client();
  const changing = client.client.change({ columns: null, where: EVEN });
  client.client.close();
  assert.equal((await house.run(changing)).ok, false);
  const subscribing = house.feed.subscribe("sse", LIVE);
  house.feed.close();
  const subscribed = await house.run(subscribing);
  assert.equal(subscribed.ok, false);
  await house.settle();
  const { readers, taps } = await stats(house);
  assert.deepEqual([readers, taps], [0, 0]);
});

test("it is shown who listens", async () => {
  const house = await openFeedHouse();
  const client = await house.client({ datasets: ["memory", "memory_1m"], format: "msgpack" });
  const { id, ...view } = client.client.view();
  assert.deepEqual(view, {
    transport: "http",
    datasets: ["memory", "memory_1m"],
    format: "msgpack",
    whenFull: "drop-oldest",
    state: "live",
    queuedBytes: 0,
    sentRows: 0,
    sentBytes: 0,
    droppedRows: 0,
    sinceMs: house.clock.nowMs(),
  });
  assert.deepEqual(house.feed.clients(), [{ id, ...view }]);
});
