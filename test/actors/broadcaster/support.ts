/** A system of a source and the broadcaster, whose rows, time and order of steps a test holds in its hand. */

import assert from "node:assert/strict";
import { createBroadcaster } from "../../../actors/broadcaster/broadcaster.ts";
import {
  BROADCASTER,
  BROADCASTER_MAILBOX,
  type BroadcasterMessage,
  type BroadcasterReplies,
  type TapChunk,
  type Tapped,
  type TapSpec,
} from "../../../actors/broadcaster/protocol.ts";
import { openTapEncoding } from "../../../actors/broadcaster/tap-encoding.ts";
import type { OpenEncoding } from "../../../actors/broadcaster/taps.ts";
import { datasets } from "../../../datasets/index.ts";
import type { Row } from "../../../datasets/row.ts";
import { createRowWriter, maxBatchBytes } from "../../../datasets/write-rows.ts";
import type {
  ActorContext,
  ActorFactory,
  ActorSpec,
  AskResult,
  Behaviour,
  Message,
} from "../../../runtime/actor/types.ts";
import { alignUp } from "../../../runtime/arena.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import { createSystem, type System } from "../../../runtime/system.ts";
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
  /** Makes it a batch of none, as one that was taken out of the pipeline is. */
  readonly discard?: boolean;
  readonly writtenMs?: number;
}

/** Several batches at once, so that they are drained together. */
interface EmitAll extends Message {
  readonly kind: "emit-all";
  readonly emits: readonly Emit[];
}

export interface House {
  readonly system: System;
  readonly clock: VirtualClock;
  /** Rows that were encoded, by dataset. */
  readonly encoded: Record<string, number>;
  /** Publishes one batch, and lets everybody do what follows from it. */
  emit(dataset: LaneName, rows: number, options?: Partial<Emit>): Promise<void>;
  /** Has the source publish one batch when it comes to it. */
  tellEmit(dataset: LaneName, rows: number, options?: Partial<Emit>): void;
  /** Publishes several batches at once. */
  emitAll(emits: readonly Omit<Emit, "kind">[]): Promise<void>;
  /** Asks and runs until nothing is left to do: `undefined` while the answer is still kept. */
  ask<M extends BroadcasterMessage>(message: M): Promise<Kept<BroadcasterReplies[M["kind"]]>>;
  /** Opens a reader and gives its id. */
  open(): Promise<string>;
  tap(reader: string, spec?: Partial<TapSpec>): Promise<Tapped>;
  pull(reader: string, waitMs?: number): Promise<Kept<BroadcasterReplies["broadcast.pull"]>>;
  /** The chunks that wait for a reader. */
  chunks(reader: string): Promise<readonly TapChunk[]>;
  settle(): Promise<void>;
  /** Does one thing that there is to do. */
  step(): Promise<boolean>;
  advance(ms: number): Promise<void>;
  restart(): Promise<void>;
}

/** An answer that may not be there yet. */
export interface Kept<T> {
  readonly result: AskResult<T> | undefined;
  /** The value of an answer that is there and good. */
  readonly value: T;
}

export interface HouseOptions {
  readonly seed?: number;
  readonly openEncoding?: OpenEncoding;
  /** Hears of every batch that the source has published. */
  readonly onEmit?: (emit: Emit, first: number) => void;
  /** Further actors, on the broadcaster's thread. */
  readonly more?: Readonly<Record<string, ActorFactory>>;
}

export const used = datasets.filter(({ name }) => LANES.some((lane) => lane === name));
export const JSON_LINES: TapSpec = {
  dataset: "memory",
  format: "jsonl",
  framing: "raw",
  columns: null,
  where: null,
  positions: false,
};

/** Making a shared memory takes tens of milliseconds: all houses of a file have one, one after the other. */
const memory = createKernelMemory({ bytes: 3 * 2 ** 20 });

export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const { seed = 1, openEncoding = openTapEncoding, more = {}, onEmit = () => {} } = options;
  const clock = new VirtualClock();
  const encoded: Record<string, number> = {};
  const counting: OpenEncoding = (spec, all) => {
    const encoding = openEncoding(spec, all);
    if (!encoding.ok) return encoding;
    const { encoder } = encoding;
    return {
      ...encoding,
      encoder: {
        preamble: encoder.preamble,
        encode(batch, runs, facts) {
          const rows = runs.reduce((sum, { from, to }) => sum + to - from, 0);
          encoded[spec.dataset] = (encoded[spec.dataset] ?? 0) + rows;
          return encoder.encode(batch, runs, facts);
        },
      },
    };
  };
  new Uint8Array(memory.buffer).fill(0, KERNEL_STATIC_BYTES);
  const makes: Readonly<Record<string, ActorFactory>> = {
    source: (context: ActorContext) => source(context, onEmit),
    [BROADCASTER]: (context: ActorContext) => createBroadcaster(context as never, used, counting),
    ...more,
  };
  const actor = { module: "", thread: "main", config: null };
  const broadcaster: ActorSpec = {
    ...actor,
    name: BROADCASTER,
    scratchBytes: 64,
    mailboxSize: BROADCASTER_MAILBOX,
  };
  const system = createSystem({
    memory,
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
        intensity: { restarts: 1000, withinMs: 1000 },
        backoff: { initialMs: 10, maxMs: 10, jitter: 0 },
        actors: [
          { ...actor, name: "source", writes: [...LANES] },
          broadcaster,
          ...Object.keys(more).map((name) => ({ ...actor, name, mailboxSize: 512 })),
        ],
      },
    ],
    placement: "inline",
    clock,
    seed,
    load: ({ name }) => makes[name]!,
  });
  const settle = async () => {
    // Several moments of nothing: a promise that was just settled may have something follow.
    for (let idle = 0; idle < 4; idle++) while (await system.step()) idle = 0;
  };
  assert.deepEqual(await system.start(), { ok: true });
  await settle();
  const house: House = {
    system,
    clock,
    encoded,
    settle,
    step: () => system.step(),
    async emit(dataset, rows, how = {}) {
      house.tellEmit(dataset, rows, how);
      await settle();
    },
    tellEmit(dataset, rows, how = {}) {
      assert.deepEqual(system.tell("source", { kind: "emit", dataset, rows, ...how }), { ok: true });
    },
    async emitAll(emits) {
      const message: EmitAll = { kind: "emit-all", emits: emits.map((emit) => ({ kind: "emit", ...emit })) };
      assert.deepEqual(system.tell("source", message), { ok: true });
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
          // What is told of a failure is made only then: an answer may be megabytes.
          if (result?.ok !== true) assert.fail(`expected an answer; came ${JSON.stringify(result)}`);
          return result.value;
        },
      };
    },
    async open() {
      const { value } = await house.ask({ kind: "broadcast.open" });
      assert.ok(value.ok);
      return value.reader;
    },
    async tap(reader, spec = {}) {
      const { value } = await house.ask({
        kind: "broadcast.tap",
        reader,
        spec: { ...JSON_LINES, ...spec },
      });
      assert.ok(value.ok, JSON.stringify(value));
      return value;
    },
    pull: (reader, waitMs = 0) => house.ask({ kind: "broadcast.pull", reader, waitMs }),
    async chunks(reader) {
      const { value } = await house.pull(reader);
      assert.ok(value.ok);
      return value.chunks;
    },
    async advance(ms) {
      clock.advance(ms);
      await settle();
    },
    async restart() {
      const restarted = system.restart(BROADCASTER, "test");
      await settle();
      assert.deepEqual(await restarted, { ok: true });
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
      processes_count: sequence % 10,
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
    revision: 0,
  };
}

/** The numbers of the rows in JSON lines or in server-sent events of JSON. */
export function sequencesIn(bytes: Uint8Array): number[] {
  const lines = new TextDecoder().decode(bytes).split("\n");
  const texts = lines.map((line) => (line.startsWith("data: ") ? line.slice(6) : line));
  return texts.filter((text) => text.startsWith("{")).map((text) => JSON.parse(text).sequence as number);
}

function source(context: ActorContext, onEmit: NonNullable<HouseOptions["onEmit"]>): Behaviour {
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
      const emits = message.kind === "emit" ? [message as Emit] : (message as EmitAll).emits;
      for (const one of emits) emit(one);
    },
  };

  function emit(batch: Emit): void {
    const { dataset, rows, raw, discard, writtenMs = context.clock.nowMs() } = batch;
    const end = ends.get(dataset)!;
    const slot = end.writer.tryClaim();
    if (slot < 0) throw new Error("the lane is full: the broadcaster does not drain");
    const { slotBytes } = end.writer.spec;
    const made = Array.from({ length: rows }, (_, index) => rowOf(dataset, end.next + index));
    end.rows.write(slot, slotBytes, made, end.next, writtenMs);
    if (discard === true) end.rows.batch.discard(slotBytes);
    if (raw !== true) end.rows.batch.seal();
    onEmit(batch, end.next);
    end.next += rows;
    end.writer.publish();
  }
}

export const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);
