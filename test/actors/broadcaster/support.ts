/** A system of a source and the broadcaster, whose rows, time and order of steps a test holds in its hand. */

import assert from "node:assert/strict";
import { createBroadcaster } from "../../../actors/broadcaster/broadcaster.ts";
import {
  BROADCASTER,
  BROADCASTER_MAILBOX,
  type BroadcasterMessage,
  type BroadcasterReplies,
} from "../../../actors/broadcaster/protocol.ts";
import { datasets } from "../../../datasets/index.ts";
import { createJsonEncoder, type JsonEncoder } from "../../../datasets/json-rows.ts";
import type { Row } from "../../../datasets/row.ts";
import { createRowWriter, maxBatchBytes } from "../../../datasets/write-rows.ts";
import type {
  ActorContext,
  ActorFactory,
  AskResult,
  Behaviour,
  Message,
} from "../../../runtime/actor/types.ts";
import { alignUp } from "../../../runtime/arena.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import { createSystem, type System, type SystemSpec } from "../../../runtime/system.ts";
import { createKernelMemory, KERNEL_STATIC_BYTES } from "../../../wasm/index.ts";

/** Two datasets without identifiers: what they hold may be read without an anonymizer. */
export const LANES = ["memory", "memory_1m"] as const;
export type LaneName = (typeof LANES)[number];
const SLOTS = 8;

export interface Emit extends Message {
  readonly kind: "emit";
  readonly dataset: LaneName;
  readonly rows: number;
  /** Leaves the batch as its writer made it, before anybody took the identifiers out. */
  readonly raw?: boolean;
  readonly writtenMs?: number;
}

export interface House {
  readonly system: System;
  readonly clock: VirtualClock;
  /** Rows that were encoded, by dataset. */
  readonly encoded: Record<string, number>;
  /** Publishes one batch, and lets everybody do what follows from it. */
  emit(dataset: LaneName, rows: number, options?: Partial<Emit>): Promise<void>;
  /** Asks and runs until nothing is left to do: `undefined` while the answer is still kept. */
  ask<M extends BroadcasterMessage>(message: M): Promise<Kept<BroadcasterReplies[M["kind"]]>>;
  /** Subscribes and gives the id. */
  subscribe(datasets: readonly string[] | "all", queueRows?: number): Promise<string>;
  pull(id: string, waitMs?: number): Promise<Kept<BroadcasterReplies["broadcast.pull"]>>;
  settle(): Promise<void>;
  advance(ms: number): Promise<void>;
}

/** An answer that may not be there yet. */
export interface Kept<T> {
  readonly result: AskResult<T> | undefined;
  /** The value of an answer that is there and good. */
  readonly value: T;
}

export interface HouseOptions {
  readonly queueRows?: number;
  readonly seed?: number;
  readonly encoderOf?: typeof createJsonEncoder;
}

const used = datasets.filter(({ name }) => LANES.some((lane) => lane === name));

/** A source that writes what it is told to, and a broadcaster; all on this thread. */
export function houseSpec(queueRows: number, broadcaster: ActorFactory): SystemSpec {
  const actor = { module: "", thread: "main" };
  return {
    memory: createKernelMemory({ bytes: 8 * 2 ** 20 }),
    arenaFrom: KERNEL_STATIC_BYTES,
    lanes: used.map((dataset) => ({
      name: dataset.name,
      slotBytes: alignUp(maxBatchBytes(dataset), 64),
      slots: SLOTS,
      tiers: [[BROADCASTER]],
    })),
    groups: [
      {
        name: "test",
        actors: [
          { ...actor, name: "source", config: null, writes: [...LANES] },
          { ...actor, name: BROADCASTER, config: { queueRows }, mailboxSize: BROADCASTER_MAILBOX },
        ],
      },
    ],
    load: ({ name }) => (name === "source" ? source : broadcaster),
  };
}

export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const { queueRows = 64, seed = 1, encoderOf = createJsonEncoder } = options;
  const clock = new VirtualClock();
  const encoded: Record<string, number> = {};
  const counting: typeof createJsonEncoder = (dataset) => {
    const encode: JsonEncoder = encoderOf(dataset);
    return (batch, row) => {
      encoded[dataset.name] = (encoded[dataset.name] ?? 0) + 1;
      return encode(batch, row);
    };
  };
  const system = createSystem({
    ...houseSpec(queueRows, (context) => createBroadcaster(context as never, used, counting)),
    placement: "inline",
    clock,
    seed,
  });
  const settle = async () => {
    // Several moments of nothing: a promise that was just settled may have something follow.
    for (let idle = 0; idle < 20; idle++) while (await system.step()) idle = 0;
  };
  assert.deepEqual(await system.start(), { ok: true });
  await settle();
  const house: House = {
    system,
    clock,
    encoded,
    settle,
    async emit(dataset, rows, more = {}) {
      assert.deepEqual(system.tell("source", { kind: "emit", dataset, rows, ...more }), { ok: true });
      await settle();
    },
    async ask<M extends BroadcasterMessage>(message: M) {
      type Reply = BroadcasterReplies[M["kind"]];
      let result: AskResult<Reply> | undefined;
      void system.ask<Reply>(BROADCASTER, message, 60_000).then((answer) => {
        result = answer;
      });
      await settle();
      return {
        get result() {
          return result;
        },
        get value() {
          assert.ok(result?.ok, `expected an answer; came ${JSON.stringify(result)}`);
          return result.value;
        },
      };
    },
    async subscribe(wanted, rows) {
      const size = rows === undefined ? {} : { queueRows: rows };
      const { value } = await house.ask({ kind: "broadcast.subscribe", datasets: wanted, ...size });
      assert.ok(value.ok);
      return value.id;
    },
    pull: (id, waitMs = 0) => house.ask({ kind: "broadcast.pull", id, waitMs }),
    async advance(ms) {
      clock.advance(ms);
      await settle();
    },
  };
  return house;
}

/** What the row of a sequence number holds: enough to tell rows apart. */
export function rowOf(dataset: LaneName, sequence: number): Row {
  if (dataset === "memory") {
    return {
      timestamp: Date.UTC(2026, 0, 1) + sequence * 1000,
      total_mb: 16_000,
      available_mb: sequence,
      used_percent: 50,
      page_file_used_mb: 0,
      processes_count: 100,
    };
  }
  return {
    window_start: Date.UTC(2026, 0, 1) + sequence * 60_000,
    window_end: Date.UTC(2026, 0, 1) + (sequence + 1) * 60_000,
    measure: "used_percent",
    count: sequence,
    mean: 1,
    stddev: 0,
    min: 1,
    max: 1,
    p50: 1,
    p90: 1,
    p95: 1,
    p99: 1,
  };
}

function source(context: ActorContext): Behaviour {
  const ends = new Map(
    LANES.map((name) => {
      const dataset = datasets.find((candidate) => candidate.name === name)!;
      return [
        name,
        { writer: context.writer(name), rows: createRowWriter(context.memory, dataset), next: 0 },
      ];
    }),
  );
  return {
    receive(message) {
      const { dataset, rows, raw = false, writtenMs = context.clock.nowMs() } = message as Emit;
      const end = ends.get(dataset)!;
      const slot = end.writer.tryClaim();
      if (slot < 0) throw new Error("the lane is full: the broadcaster does not drain");
      const made = Array.from({ length: rows }, (_, index) => rowOf(dataset, end.next + index));
      end.rows.write(slot, end.writer.spec.slotBytes, made, end.next, writtenMs);
      if (!raw) end.rows.batch.seal();
      end.next += rows;
      end.writer.publish();
    },
  };
}
