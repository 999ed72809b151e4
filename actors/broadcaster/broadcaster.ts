/**
 * The broadcaster: hands each row, as JSON, to everybody who subscribed to its dataset.
 *
 * A stage on every lane. It drains and releases whatever its subscribers do: a queue that is full drops its oldest rows and
 * says how many. A row is encoded once, for all who want it, and not at all when nobody does; the queues share the text.
 * Memory is bounded by MAX_SUBSCRIBERS × the configured queue.
 */

import type { Dataset } from "../../datasets/define.ts";
import { datasets as allDatasets } from "../../datasets/index.ts";
import { createJsonEncoder, type JsonEncoder } from "../../datasets/json-rows.ts";
import type { ActorContext, Behaviour, Message, Reply, StageHandler } from "../../runtime/actor/types.ts";
import { Batch } from "../../runtime/batch/index.ts";
import type { LaneReader } from "../../runtime/lane/index.ts";
import { LatencyRing } from "./latency.ts";
import {
  type BroadcasterMessage,
  type BroadcasterReplies,
  MAX_SUBSCRIBERS,
  type Subscribe,
} from "./protocol.ts";
import { Subscriber } from "./subscriber.ts";

export interface BroadcasterConfig {
  /** Rows that wait for one subscriber before the oldest are dropped; from 1 on. */
  readonly queueRows: number;
}

export default function broadcaster(context: ActorContext<BroadcasterConfig>): Behaviour {
  return createBroadcaster(context, allDatasets, createJsonEncoder);
}

/** @param encoderOf called once for each dataset that anybody subscribes to */
export function createBroadcaster(
  context: ActorContext<BroadcasterConfig>,
  datasets: readonly Dataset[],
  encoderOf: (dataset: Dataset) => JsonEncoder,
): Behaviour {
  const { clock } = context;
  const subscribers = new Map<string, Subscriber>();
  const audiences = new Map(datasets.map(({ name }) => [name, new Set<Subscriber>()]));
  const latency = new LatencyRing();
  let encodedRows = 0;
  let droppedRows = 0;

  function handler(dataset: Dataset): StageHandler {
    const { name } = dataset;
    const audience = audiences.get(name)!;
    const batch = new Batch(context.memory, dataset.plan);
    let encode: JsonEncoder | undefined;

    function broadcast(): void {
      encode ??= encoderOf(dataset);
      const { rows, firstSequence } = batch;
      for (let row = 0; row < rows; row++) {
        const event = { dataset: name, sequence: firstSequence + row, json: encode(batch, row) };
        for (const subscriber of audience) subscriber.offer(event);
      }
      encodedRows += rows;
      if (batch.writtenMs > 0) latency.add(clock.nowMs() - batch.writtenMs);
    }

    return {
      drain(reader: LaneReader, maxSlots: number) {
        for (let taken = 0; taken < maxSlots; taken++) {
          const slot = reader.tryRead();
          if (slot < 0) break;
          if (audience.size > 0) {
            batch.bindPublic(slot);
            broadcast();
          }
        }
        reader.release();
        for (const subscriber of audience) subscriber.flush();
      },
      poisoned(slot) {
        batch.bind(slot);
        return `a batch of ${batch.rows} rows of ${name} brought the broadcaster down`;
      },
    };
  }

  function subscribe(message: Subscribe): BroadcasterReplies["broadcast.subscribe"] {
    const wanted = message.datasets === "all" ? [...audiences.keys()] : message.datasets;
    const unknown = wanted.find((name) => !audiences.has(name));
    if (unknown !== undefined || wanted.length === 0) {
      const expected = `expected one or more of ${[...audiences.keys()].join(", ")}`;
      return { ok: false, reason: "unknown-dataset", message: `${expected}; came ${unknown ?? "none"}` };
    }
    if (subscribers.size >= MAX_SUBSCRIBERS) {
      const message = `${MAX_SUBSCRIBERS} clients are subscribed, which is the most; try again when one has left`;
      return { ok: false, reason: "too-many", message };
    }
    const most = context.config.queueRows;
    // Not a count: an id of an incarnation that crashed must not be anybody's in the next one.
    const id = crypto.randomUUID();
    const subscriber = new Subscriber({
      id,
      datasets: message.datasets,
      queueRows: Math.min(Math.max(1, Math.floor(message.queueRows ?? most)), most),
      sinceMs: clock.nowMs(),
      after: (delayMs, expire) => context.after(delayMs, expire),
      onExpiry: () => {
        context.log.info("a stream client has not read for too long and was dropped");
        remove(id);
      },
      onDropped: (rows) => {
        droppedRows += rows;
      },
    });
    subscribers.set(id, subscriber);
    for (const name of wanted) audiences.get(name)!.add(subscriber);
    return { ok: true, id };
  }

  function remove(id: string): boolean {
    const subscriber = subscribers.get(id);
    if (subscriber === undefined) return false;
    subscribers.delete(id);
    for (const audience of audiences.values()) audience.delete(subscriber);
    subscriber.end((reply) => reply(unknownSubscriber));
    return true;
  }

  return {
    stages: Object.fromEntries(datasets.map((dataset) => [dataset.name, handler(dataset)])),
    receive(received: Message, reply: Reply) {
      const message = received as BroadcasterMessage;
      switch (message.kind) {
        case "broadcast.subscribe":
          return reply(subscribe(message));
        case "broadcast.pull": {
          const subscriber = subscribers.get(message.id);
          if (subscriber === undefined) return reply(unknownSubscriber);
          return subscriber.pull(message.waitMs, reply);
        }
        case "broadcast.unsubscribe":
          return reply({ unsubscribed: remove(message.id) });
        case "broadcast.clients":
          return reply([...subscribers.values()].map((subscriber) => subscriber.status()));
        case "broadcast.stats":
          return reply({ clients: subscribers.size, encodedRows, droppedRows, latency: latency.summary() });
        default:
          return reply.fail(`the broadcaster does not know the message ${received.kind}`);
      }
    },
    stop() {
      for (const id of [...subscribers.keys()]) remove(id);
    },
  };
}

const unknownSubscriber: BroadcasterReplies["broadcast.pull"] = {
  ok: false,
  reason: "unknown-subscriber",
  message: "there is no such subscriber (any more); subscribe again",
};
