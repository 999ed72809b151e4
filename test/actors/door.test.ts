/**
 * A door that claimed all it could and died before it published must leave the next one able to go on. Breaks when the whole
 * lane can be claimed: the slot that tells the last row's number is then overwritten. What is abandoned was never there.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Door } from "../../actors/door.ts";
import { placeLedger, StoreAccount } from "../../actors/ledger.ts";
import { memory as dataset } from "../../datasets/memory.ts";
import type { ActorContext } from "../../runtime/actor/types.ts";
import { Arena } from "../../runtime/arena.ts";
import { LaneReader, LaneWriter, placeLane } from "../../runtime/lane/index.ts";
import { createKernelMemory, KERNEL_STATIC_BYTES } from "../../wasm/index.ts";

const SLOTS = 4;

test("a door that dies with all slots claimed leaves the numbers where they were", () => {
  const memory = createKernelMemory({ bytes: 2 ** 20 });
  const arena = new Arena(memory, KERNEL_STATIC_BYTES);
  const lane = placeLane(arena, { name: dataset.name, slots: SLOTS, slotBytes: 8192, tiers: [["reader"]] });
  const ledger = placeLedger(arena, [dataset.name]);
  const context = {
    memory,
    resources: { ledger },
    writer: () => new LaneWriter(memory, lane),
  } as unknown as ActorContext<never>;
  new StoreAccount(memory, ledger, dataset.name).recover({
    stored: 0,
    nextSequence: 0,
    latestMs: null,
    rejected: {},
    dropped: {},
  });

  const first = new Door(context, dataset);
  assert.ok(first.tryBegin(7));
  first.publish();
  const reader = new LaneReader(memory, lane, "reader");
  assert.ok(reader.tryRead() >= 0);
  reader.release();

  let claimed = 0;
  while (first.tryBegin(3)) claimed++;
  assert.equal(claimed, SLOTS - 1);
  first.abandon();
  assert.equal(first.free(), SLOTS - 1);
  first.publish({ bound: 2, type: 1 });
  const { received, published, rejected } = first.account.counts();
  assert.deepEqual([received, published, rejected.bound, rejected.type], [10, 7, 2, 1]);
  assert.equal(reader.tryRead(), -1);
  assert.ok(first.tryBegin(3));
  assert.equal(first.batch.firstSequence, 7);

  const next = new Door(context, dataset);
  assert.equal(next.account.published, 7);
  assert.ok(next.tryBegin(2));
  assert.equal(next.batch.firstSequence, 7);
});
