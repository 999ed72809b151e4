/** Whatever happens in whatever order: every row once and in order, or the exact number of those that were not given. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePositions } from "../../../actors/broadcaster/positions.ts";
import { READER_IDLE_MS } from "../../../actors/broadcaster/protocol.ts";
import type { Subscription } from "../../../actors/feed/subscription.ts";
import { LANES, type LaneName } from "../broadcaster/support.ts";
import { type CheckingClient, EVEN, type FeedHouse, LIVE, ODD, openFeedHouse } from "./support.ts";

const SEED = 20_260_105;
const CLIENTS = 5;
const WISHES: readonly Partial<Subscription>[] = [
  {},
  { where: EVEN, framing: "sse" },
  { datasets: LANES, framing: "sse" },
  { datasets: LANES },
  { framing: "sse", from: { kind: "since", sinceMs: Date.UTC(2026, 0, 1) } },
];

type Step =
  | { readonly kind: "emit"; readonly dataset: LaneName; readonly rows: number; readonly discard: boolean }
  | { readonly kind: "take"; readonly client: number; readonly most: number }
  | { readonly kind: "steps"; readonly count: number }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "restart" }
  | { readonly kind: "asleep" }
  | { readonly kind: "reconnect"; readonly client: number; readonly byId: boolean }
  | { readonly kind: "filter"; readonly client: number; readonly where: string | null }
  | { readonly kind: "lag"; readonly batches: number }
  | { readonly kind: "forget" };

const client = fc.integer({ min: 0, max: CLIENTS - 1 });
const emit = fc.record({
  kind: fc.constant("emit" as const),
  dataset: fc.constantFrom<LaneName>(...LANES),
  rows: fc.integer({ min: 0, max: 7 }),
  discard: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
});
const take = fc.record({ kind: fc.constant("take" as const), client, most: fc.integer({ min: 1, max: 5 }) });
const steps = fc.record({ kind: fc.constant("steps" as const), count: fc.integer({ min: 1, max: 8 }) });
const step: fc.Arbitrary<Step> = fc.oneof(
  emit,
  emit,
  emit,
  take,
  take,
  steps,
  steps,
  fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(5, 20, 200) }),
  fc.constant({ kind: "restart" as const }),
  fc.constant({ kind: "asleep" as const }),
  fc.record({ kind: fc.constant("reconnect" as const), client, byId: fc.boolean() }),
  fc.record({ kind: fc.constant("filter" as const), client, where: fc.constantFrom(null, EVEN, ODD) }),
  fc.record({ kind: fc.constant("lag" as const), batches: fc.integer({ min: 0, max: 2 }) }),
  fc.constant({ kind: "forget" as const }),
);

async function reconnect(house: FeedHouse, clients: CheckingClient[], at: number, byId: boolean) {
  const wish = { ...LIVE, ...WISHES[at]! };
  const before = clients[at]!;
  const { client } = before;
  // What a browser knows is the id of the last event that it had.
  const several = wish.datasets.length > 1;
  const useId = byId && wish.framing === "sse" && before.lastId !== undefined;
  const known = useId ? parsePositions(before.lastId!, several ? LANES : wish.datasets)! : client.positions();
  client.close();
  assert.equal(client.take(), undefined);
  const positions = Object.fromEntries(wish.datasets.map((name) => [name, known[name]!]));
  const again = await house.subscribe({
    ...wish,
    where: before.where,
    from: { kind: "positions", positions },
  });
  assert.ok(again.ok);
  before.resume(again.client, positions);
}

async function changeFilter(house: FeedHouse, changed: CheckingClient, where: string | null) {
  // memory_1m has no such column.
  if (changed.datasets.length > 1) return;
  const answer = await house.run(changed.client.change({ columns: null, where }));
  assert.ok(answer.ok, JSON.stringify(answer));
  changed.change(answer.positions, { columns: null, where });
}

test("every client has each row once and in order, or is told exactly how many it has not", {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.integer({ min: 0, max: 100_000 }),
      fc.constantFrom(600, 3000, 100_000),
      async (script, seed, queueBytes) => {
        const house = await openFeedHouse({ seed, queueBytes });
        const clients: CheckingClient[] = [];
        for (const wish of WISHES) clients.push(await house.client(wish));
        let waiting = 0;
        for (const step of script) {
          switch (step.kind) {
            case "emit":
              // A lane that is full would hold the source up, and the broadcaster may be away.
              if (++waiting % 5 === 0) await house.pass(30);
              house.tellEmit(step.dataset, step.rows, { discard: step.discard });
              break;
            case "take":
              clients[step.client]!.take(step.most);
              break;
            case "steps":
              for (let count = 0; count < step.count; count++) await house.step();
              break;
            case "pass":
              await house.pass(step.ms);
              break;
            case "restart":
              await house.restart();
              break;
            case "asleep":
              house.clock.advance(READER_IDLE_MS + 1);
              await house.settle();
              break;
            case "reconnect":
              await reconnect(house, clients, step.client, step.byId);
              break;
            case "filter":
              await changeFilter(house, clients[step.client]!, step.where);
              break;
            case "lag":
              house.log.lag = step.batches;
              break;
            case "forget":
              house.log.forget();
              break;
          }
        }
        house.log.lag = 0;
        await house.pass(300);
        // The hole that a discarded batch leaves shows with the next one.
        for (const dataset of LANES) await house.emit(dataset, 1);
        for (let turn = 0; turn < 400; turn++) {
          for (const client of clients) client.take();
          if (clients.every((client) => client.hasAll)) break;
          await house.pass(20);
        }
        for (const client of clients) {
          assert.equal(client.ended, undefined);
          assert.ok(client.hasAll, `it has rows up to ${JSON.stringify(client.next)}`);
          client.client.close();
        }
        await house.pass(200);
        // An answer that came when its question was given up is a replay that expires by itself, which this log has none do.
        const slept = script.some(({ kind }) => kind === "asleep");
        assert.ok(slept || house.log.open === 0, "a replay was left open");
        const { value } = await house.ask({ kind: "broadcast.stats" });
        assert.deepEqual([value.readers, value.taps], [0, 0]);
      },
    ),
    { seed: SEED, numRuns: 40 },
  );
});
