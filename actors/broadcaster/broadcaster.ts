/**
 * The broadcaster: encodes each batch once for each tap of its dataset, and queues the bytes for whoever reads it.
 *
 * A stage on every lane. It drains and releases whatever its readers do: a reader's queue is bounded, and when it is full its
 * oldest chunks go and are counted. Nothing is encoded of a dataset that has no tap; where the dataset stands is known all the
 * same. Memory is bounded by MAX_READERS × READER_BYTES, and by the encoders' buffers of MAX_TAPS taps.
 */

import type { Dataset } from "../../datasets/define.ts";
import { datasets as allDatasets } from "../../datasets/index.ts";
import type { ActorContext, Behaviour, Message, Reply, StageHandler } from "../../runtime/actor/types.ts";
import { Batch } from "../../runtime/batch/index.ts";
import type { LaneReader } from "../../runtime/lane/index.ts";
import { refuse } from "../refused.ts";
import { StageMeter } from "../stage-meter.ts";
import { LatencyRing } from "./latency.ts";
import { NextNumbers } from "./next-numbers.ts";
import { aroundPosition } from "./positions.ts";
import {
  type BroadcasterMessage,
  type BroadcasterReplies,
  type BroadcasterStats,
  MAX_READERS,
} from "./protocol.ts";
import { Reader } from "./reader.ts";
import type { IdParts } from "./tap.ts";
import { openTapEncoding } from "./tap-encoding.ts";
import { type OpenEncoding, Taps } from "./taps.ts";

/** After so much a drain ends, so that messages and the event loop get their turn: what is left is drained next. */
const DRAIN_BYTES = 512 * 1024;

const ROW_IDS: IdParts = { idBefore: "", idAfter: "" };

export default function broadcaster(context: ActorContext<null>): Behaviour {
  return createBroadcaster(context, allDatasets, openTapEncoding);
}

/** @param openEncoding called once for each tap */
export function createBroadcaster(
  context: ActorContext<null>,
  datasets: readonly Dataset[],
  openEncoding: OpenEncoding,
): Behaviour {
  const { clock } = context;
  const bare = context as ActorContext<never>;
  const names = datasets.map(({ name }) => name);
  const numbers = new NextNumbers(bare, datasets);
  const readers = new Map<string, Reader>();
  const taps = new Taps((spec) => openEncoding(spec, datasets));
  const latency = new LatencyRing();
  let encodedRows = 0;
  let encodedBytes = 0;
  let droppedRows = 0;

  function handler(dataset: Dataset): StageHandler {
    const { name } = dataset;
    const audience = taps.of(name);
    const batch = new Batch(context.memory, dataset.plan);
    const meter = new StageMeter(bare, name);

    function encode(positionIds: IdParts): void {
      for (const tap of audience) {
        const { rows, bytes } = tap.add(batch, tap.spec.positions ? positionIds : ROW_IDS);
        encodedRows += rows;
        encodedBytes += bytes;
      }
      if (batch.writtenMs > 0) latency.add(clock.nowMs() - batch.writtenMs);
    }

    return {
      drain(reader: LaneReader, maxSlots: number) {
        // The other datasets stand still meanwhile.
        const positionIds = taps.wantsPositions(name) ? aroundPosition(numbers.all(), names, name) : ROW_IDS;
        const enough = encodedBytes + DRAIN_BYTES;
        for (let taken = 0; taken < maxSlots && encodedBytes < enough; taken++) {
          const slot = reader.tryRead();
          if (slot < 0) break;
          batch.bindPublic(slot);
          meter.read(batch);
          // One that was read and not released by the incarnation before.
          if (batch.endSequence <= numbers.of(name)) continue;
          if (audience.size > 0 && batch.rows > 0) encode(positionIds);
          numbers.set(name, batch.endSequence);
        }
        reader.release();
        meter.released();
        if (audience.size === 0) return;
        for (const tap of audience) tap.flush();
        for (const waiting of readers.values()) waiting.flush();
      },
      poisoned(slot) {
        batch.bind(slot);
        numbers.set(name, Math.max(numbers.of(name), batch.endSequence));
        return `a batch of ${batch.rows} rows of ${name} brought the broadcaster down`;
      },
    };
  }

  function open(): BroadcasterReplies["broadcast.open"] {
    if (readers.size >= MAX_READERS) {
      return refuse("too-many", `${MAX_READERS} readers are open, which is the most; try again later`);
    }
    // Not a count: an id of an incarnation that crashed must not be anybody's in the next one.
    const id = crypto.randomUUID();
    const reader = new Reader({
      id,
      after: (delayMs, expire) => context.after(delayMs, expire),
      onExpiry: () => {
        context.log.info("a reader of live rows has not asked for too long and was dropped");
        close(id);
      },
      onDropped: (rows) => {
        droppedRows += rows;
      },
    });
    readers.set(id, reader);
    return { ok: true, reader: id };
  }

  function close(id: string): void {
    const reader = readers.get(id);
    if (reader === undefined) return;
    readers.delete(id);
    taps.leaveAll(reader);
    reader.end((reply) => reply(unknownReader));
  }

  function stats(): BroadcasterStats {
    return {
      readers: readers.size,
      taps: taps.size,
      encodedRows,
      encodedBytes,
      droppedRows,
      latency: latency.summary(),
    };
  }

  return {
    stages: Object.fromEntries(datasets.map((dataset) => [dataset.name, handler(dataset)])),
    receive(received: Message, reply: Reply) {
      const message = received as BroadcasterMessage;
      switch (message.kind) {
        case "broadcast.open":
          return reply(open());
        case "broadcast.tap": {
          const reader = readers.get(message.reader);
          if (reader === undefined) return reply(unknownReader);
          const tap = taps.join(message.spec, reader);
          if (!tap.ok) return reply(tap);
          const { number, preamble, spec } = tap.tap;
          return reply({ ok: true, tap: number, preamble, next: numbers.of(spec.dataset) });
        }
        case "broadcast.untap": {
          const reader = readers.get(message.reader);
          if (reader !== undefined) taps.leave(message.tap, reader);
          return reply({ ok: true });
        }
        case "broadcast.pull": {
          const reader = readers.get(message.reader);
          return reader === undefined ? reply(unknownReader) : reader.pull(message.waitMs, reply);
        }
        case "broadcast.close":
          close(message.reader);
          return reply({ ok: true });
        case "broadcast.stats":
          return reply(stats());
        default:
          return reply.fail(`the broadcaster does not know the message ${received.kind}`);
      }
    },
    stop() {
      for (const id of [...readers.keys()]) close(id);
    },
  };
}

const unknownReader = refuse("unknown-reader", "there is no such reader (any more); open one again");
