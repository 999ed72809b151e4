import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  MAX_PULL_ROWS,
  MAX_SUBSCRIBERS,
  MAX_WAIT_MS,
  type Pulled,
  SUBSCRIBER_IDLE_MS,
} from "../../../actors/broadcaster/protocol.ts";
import { type House, type LaneName, openHouse } from "./support.ts";

const SEED = 20_260_102;

async function pulled(house: House, id: string): Promise<Pulled> {
  const { value } = await house.pull(id);
  assert.ok(value.ok);
  return value;
}

const sequences = ({ events }: Pulled) => events.map(({ sequence }) => sequence);

test("rows come in order, each under its own number, as JSON of its own columns", async () => {
  const house = await openHouse();
  const id = await house.subscribe(["memory"]);
  await house.emit("memory", 3);
  await house.emit("memory", 2);
  const reply = await pulled(house, id);
  assert.equal(reply.dropped, 0);
  assert.deepEqual(sequences(reply), [0, 1, 2, 3, 4]);
  for (const { dataset, sequence, json } of reply.events) {
    assert.equal(dataset, "memory");
    const row = JSON.parse(json);
    assert.equal(row.available_mb, sequence);
    assert.equal(row.timestamp, new Date(Date.UTC(2026, 0, 1) + sequence * 1000).toISOString());
    assert.ok(!json.includes("\n"));
  }
  assert.deepEqual(sequences(await pulled(house, id)), []);
});

test("a subscription begins with the next batch and is of its datasets only; all is of every one", async () => {
  const house = await openHouse();
  await house.emit("memory", 1);
  const one = await house.subscribe(["memory"]);
  const all = await house.subscribe("all");
  await house.emit("memory_1m", 1);
  await house.emit("memory", 1);
  assert.deepEqual(sequences(await pulled(house, one)), [1]);
  assert.deepEqual(
    (await pulled(house, all)).events.map(({ dataset, sequence }) => [dataset, sequence]),
    [
      ["memory_1m", 0],
      ["memory", 1],
    ],
  );
});

test("a pull waits: it is answered by the first row, without time passing", async () => {
  const house = await openHouse();
  const id = await house.subscribe(["memory"]);
  const waiting = await house.pull(id, 10_000);
  assert.equal(waiting.result, undefined);
  await house.emit("memory", 2);
  assert.ok(waiting.value.ok);
  assert.deepEqual(sequences(waiting.value), [0, 1]);
});

test("a pull that waits is answered with nothing after exactly its time, and never after more than the most", async () => {
  const house = await openHouse();
  const id = await house.subscribe(["memory"]);
  for (const [asked, waits] of [
    [1000, 1000],
    [10 * MAX_WAIT_MS, MAX_WAIT_MS],
  ] as const) {
    const waiting = await house.pull(id, asked);
    await house.advance(waits - 1);
    assert.equal(waiting.result, undefined);
    await house.advance(1);
    assert.deepEqual(waiting.value, { ok: true, events: [], dropped: 0 });
  }
});

test("who pulls again gets the rows; the pull before is answered with nothing", async () => {
  const house = await openHouse();
  const id = await house.subscribe(["memory"]);
  const first = await house.pull(id, 10_000);
  const second = await house.pull(id, 10_000);
  assert.deepEqual(first.value, { ok: true, events: [], dropped: 0 });
  await house.emit("memory", 1);
  assert.ok(second.value.ok);
  assert.deepEqual(sequences(second.value), [0]);
});

test("a full queue drops its oldest rows and says how many, once", async () => {
  const house = await openHouse();
  const id = await house.subscribe(["memory"], 4);
  await house.emit("memory", 7);
  await house.emit("memory", 2);
  const reply = await pulled(house, id);
  assert.deepEqual([reply.dropped, sequences(reply)], [5, [5, 6, 7, 8]]);
  const { value: clients } = await house.ask({ kind: "broadcast.clients" });
  assert.deepEqual(clients, [
    { id, datasets: ["memory"], queued: 0, dropped: 5, sinceMs: house.clock.nowMs() },
  ]);
  assert.equal((await pulled(house, id)).dropped, 0);
  assert.equal((await house.ask({ kind: "broadcast.stats" })).value.droppedRows, 5);
});

test("who waits is given a full queue before any of it is dropped", async () => {
  const house = await openHouse();
  const id = await house.subscribe(["memory"], 4);
  const waiting = await house.pull(id, 1000);
  await house.emit("memory", 6);
  assert.deepEqual(waiting.value.ok && [waiting.value.dropped, sequences(waiting.value)], [0, [0, 1, 2, 3]]);
  assert.deepEqual(sequences(await pulled(house, id)), [4, 5]);
});

test("a queue is never longer than configured, whatever is asked for; one pull is bounded too", async () => {
  const house = await openHouse({ queueRows: MAX_PULL_ROWS + 8 });
  const greedy = await house.subscribe(["memory"], 1_000_000);
  const modest = await house.subscribe(["memory"], 0);
  for (let batch = 0; batch < 10; batch++) await house.emit("memory", 64);
  const first = await pulled(house, greedy);
  assert.equal(first.events.length, MAX_PULL_ROWS);
  assert.equal(first.dropped, 640 - MAX_PULL_ROWS - 8);
  assert.equal((await pulled(house, greedy)).events.length, 8);
  assert.deepEqual(sequences(await pulled(house, modest)), [639]);
});

test("a client that takes nothing holds up neither the lane nor the others", async () => {
  const house = await openHouse({ queueRows: 1000 });
  await house.subscribe(["memory"], 1);
  const quick = await house.subscribe(["memory"]);
  // Many times what the lane holds.
  for (let batch = 0; batch < 40; batch++) await house.emit("memory", 5);
  const reply = await pulled(house, quick);
  assert.equal(reply.dropped, 0);
  assert.deepEqual(
    sequences(reply),
    Array.from({ length: 200 }, (_, index) => index),
  );
  assert.deepEqual(
    house.system.status().lanes.flatMap(({ stages }) => stages.map(({ lagSlots }) => lagSlots)),
    [0, 0],
  );
});

test("nothing is encoded while nobody listens, and everything once however many do", async () => {
  const house = await openHouse();
  await house.emit("memory", 5);
  assert.deepEqual(house.encoded, {});
  const ids = [
    await house.subscribe(["memory"]),
    await house.subscribe("all"),
    await house.subscribe(["memory"]),
  ];
  await house.emit("memory", 5);
  assert.deepEqual(house.encoded, { memory: 5 });
  for (const id of ids) {
    assert.deepEqual((await house.ask({ kind: "broadcast.unsubscribe", id })).value, { unsubscribed: true });
    assert.deepEqual((await house.ask({ kind: "broadcast.unsubscribe", id })).value, { unsubscribed: false });
  }
  await house.emit("memory", 5);
  assert.deepEqual(house.encoded, { memory: 5 });
});

test("whoever has not pulled for half a minute is forgotten, and who waits is not", async () => {
  const house = await openHouse();
  const id = await house.subscribe(["memory"]);
  await house.advance(SUBSCRIBER_IDLE_MS - 1);
  assert.deepEqual((await pulled(house, id)).events, []);
  // Waiting counts as being there: only the time after the answer is idle.
  await house.advance(SUBSCRIBER_IDLE_MS - 1);
  const waiting = await house.pull(id, MAX_WAIT_MS);
  await house.advance(MAX_WAIT_MS);
  assert.ok(waiting.value.ok);
  await house.advance(SUBSCRIBER_IDLE_MS - 1);
  assert.equal((await house.ask({ kind: "broadcast.stats" })).value.clients, 1);
  await house.advance(1);
  assert.equal((await house.ask({ kind: "broadcast.stats" })).value.clients, 0);
  const { value } = await house.pull(id);
  assert.equal(!value.ok && value.reason, "unknown-subscriber");
  await house.emit("memory", 1);
  assert.deepEqual(house.encoded, {});
});

test("unsubscribing answers the pull that waits", async () => {
  const house = await openHouse();
  const id = await house.subscribe(["memory"]);
  const waiting = await house.pull(id, 10_000);
  await house.ask({ kind: "broadcast.unsubscribe", id });
  assert.equal(waiting.value.ok, false);
});

test("one client more than there may be is refused, until one has left", async () => {
  const house = await openHouse();
  const ids: string[] = [];
  for (let count = 0; count < MAX_SUBSCRIBERS; count++) ids.push(await house.subscribe(["memory"]));
  const { value } = await house.ask({ kind: "broadcast.subscribe", datasets: "all" });
  assert.equal(!value.ok && value.reason, "too-many");
  await house.ask({ kind: "broadcast.unsubscribe", id: ids[7]! });
  await house.subscribe("all");
});

test("a dataset that is not there is refused by name, with those that are", async () => {
  const house = await openHouse();
  for (const datasets of [["memory", "nonesuch"], []]) {
    const { value } = await house.ask({ kind: "broadcast.subscribe", datasets });
    assert.ok(!value.ok);
    assert.equal(value.reason, "unknown-dataset");
    assert.match(value.message, /expected one or more of memory, memory_1m; came (?:nonesuch|none)$/);
  }
  assert.equal((await house.ask({ kind: "broadcast.stats" })).value.clients, 0);
});

test("the latency is from a batch's writing to its being queued", async () => {
  const house = await openHouse();
  await house.subscribe(["memory"]);
  assert.equal((await house.ask({ kind: "broadcast.stats" })).value.latency, null);
  await house.emit("memory", 1, { writtenMs: house.clock.nowMs() - 12 });
  assert.deepEqual((await house.ask({ kind: "broadcast.stats" })).value.latency, {
    p50Ms: 12,
    p99Ms: 12,
    maxMs: 12,
  });
});

test("a batch with identifiers in it is never sent: it brings the broadcaster down, and the lane goes on after it", async () => {
  const house = await openHouse();
  const id = await house.subscribe(["memory"]);
  const waiting = await house.pull(id, 10_000);
  await house.emit("memory", 3, { raw: true });
  // Told by the broadcaster as it ends, or by its mailbox: there are no rows either way.
  assert.ok(waiting.result !== undefined);
  assert.equal(waiting.result.ok && waiting.result.value.ok, false);
  assert.deepEqual(house.encoded, {});
  await house.advance(1000);
  const again = await house.subscribe(["memory"]);
  await house.emit("memory", 1);
  assert.deepEqual(sequences(await pulled(house, again)), [3]);
});

test("ids are nobody's after a restart", async () => {
  const house = await openHouse();
  const id = await house.subscribe(["memory"]);
  const restart = house.system.restart("broadcaster", "test");
  await house.settle();
  assert.deepEqual(await restart, { ok: true });
  await house.subscribe(["memory"]);
  const { value } = await house.pull(id);
  assert.equal(value.ok, false);
});

test("a message it does not know is answered, not fatal", async () => {
  const house = await openHouse();
  const { result } = await house.ask({ kind: "broadcast.nonesuch" } as never);
  assert.equal(result?.ok, false);
  assert.equal((await house.ask({ kind: "broadcast.stats" })).value.clients, 0);
});

test("whatever the order of rows and pulls, rows and drops add up and no row is out of place", async () => {
  type Step = { readonly emit: number; readonly dataset: LaneName } | { readonly pull: 0 | 1 | 2 };
  const script = fc.array(
    fc.oneof(
      fc.record({
        emit: fc.integer({ min: 0, max: 12 }),
        dataset: fc.constantFrom<LaneName>("memory", "memory_1m"),
      }),
      fc.record({ pull: fc.constantFrom(0 as const, 1 as const, 2 as const) }),
    ) as fc.Arbitrary<Step>,
    { maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(script, fc.integer({ min: 0, max: 1000 }), async (steps, seed) => {
      const house = await openHouse({ seed });
      const clients = [
        { id: await house.subscribe(["memory"], 1), next: 0 },
        { id: await house.subscribe(["memory"], 7), next: 0 },
        { id: await house.subscribe(["memory"], 64), next: 0 },
      ];
      let emitted = 0;
      const take = async (client: (typeof clients)[number]) => {
        const { events, dropped } = await pulled(house, client.id);
        // What was dropped lies before what is given, so it is known which rows are missing.
        client.next += dropped;
        for (const { sequence } of events) assert.equal(sequence, client.next++);
      };
      for (const step of steps) {
        if ("pull" in step) await take(clients[step.pull]!);
        else {
          await house.emit(step.dataset, step.emit);
          if (step.dataset === "memory") emitted += step.emit;
        }
      }
      for (const client of clients) {
        await take(client);
        assert.equal(client.next, emitted);
      }
    }),
    { seed: SEED, numRuns: 40 },
  );
});
