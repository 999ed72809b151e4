/**
 * How fast do 64-byte slots get from one thread to another? The lane against `postMessage` and ringbuf.js, one by one and
 * in batches, and the round trip of a wake-up.
 *
 * The main thread writes, one worker reads. In every contender each slot carries its sequence and the complement, and the
 * reader checks both, so the work is equal and a wrong answer ends the run. The rings hold 4096 slots and each run sends
 * many times that, so full and empty are met all the time. Contenders take turns within a round, and the figures are
 * medians over the rounds, so that a busy neighbour hits all alike.
 *
 * `postMessage` has no bound of its own (on Deno a slow reader makes it grow until memory ends), so its writer waits for
 * an acknowledgement every 4096 slots, one such stretch ahead.
 */

import process from "node:process";
import { Worker } from "node:worker_threads";
import { RingBuffer } from "ringbuf.js";
import { Arena } from "../runtime/arena.ts";
import { LaneReader, LaneWriter, placeLane } from "../runtime/lane/index.ts";
import { produceLane } from "./fixtures/ring-lane.ts";
import { Inbox, produceBatchMessages, produceMessages } from "./fixtures/ring-message.ts";
import type { ConsumerJob, ConsumerSetup, SlotMessage } from "./fixtures/ring-protocol.ts";
import { produceRingbuf } from "./fixtures/ring-ringbuf.ts";

const RING_SLOTS = 4096;
const BATCH = 256;
const ROUNDS = 9;
/** Slots a run, so that each takes some hundred milliseconds; multiples of BATCH and of ACKNOWLEDGE_EVERY. */
const SLOTS = { lane: 4096 * 4000, laneSingle: 4096 * 400, message: 4096 * 20, messageBatch: 4096 * 200 };
const TRIPS = 1000;
/** Between two round trips, so that the other side is asleep and not still spinning. */
const GAP_MS = 0.05;

export interface RingCase {
  readonly bench: "ring";
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
  /** Above 1: ours is better than the best peer. */
  readonly ratio: number;
  /** Lowest and highest round of each contender. */
  readonly spread: Readonly<Record<string, readonly [number, number]>>;
}

interface Contender {
  readonly name: string;
  /** @returns one round's figure */
  readonly run: () => Promise<number>;
}

interface Bench {
  readonly case: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  readonly ours: Contender;
  readonly peers: readonly Contender[];
}

/** Runs all cases, calls `onCase` with each as it is done. Takes about half a minute. */
export async function benchRing(onCase: (result: RingCase) => void): Promise<void> {
  const consumer = await startConsumer();
  try {
    for (const bench of consumer.benches) onCase(await measure(bench));
  } finally {
    await consumer.stop();
  }
}

/** One case for people: medians, spreads, and how often `postMessage` and the best peer fit into ours. */
export function describeRing({ case: name, unit, ours, peers, ratio, spread }: RingCase): string {
  const lines = Object.entries({ ours, ...peers }).map(([contender, figure]) => {
    const [low, high] = spread[contender] ?? [figure, figure];
    return `  ${contender.padEnd(20)} ${String(figure).padStart(8)} ${unit}  (${low} to ${high})`;
  });
  const message = peers["postMessage"] ?? Number.NaN;
  const overMessage = round(unit === "µs" ? message / ours : ours / message);
  return [`ring: ${name}`, ...lines, `  ${ratio}× the best peer, ${overMessage}× postMessage`].join("\n");
}

async function startConsumer() {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true });
  const arena = new Arena(memory, 0);
  const lane = placeLane(arena, { name: "there", slotBytes: 64, slots: RING_SLOTS, tiers: [["reader"]] });
  const back = placeLane(arena, { name: "back", slotBytes: 64, slots: 2, tiers: [["reader"]] });
  const ringbuf = RingBuffer.getStorageForCapacity(RING_SLOTS * 8, Float64Array);
  const setup: ConsumerSetup = { memory, lane, back, ringbuf };
  const worker = new Worker(new URL("./fixtures/ring-consumer.ts", import.meta.url), { workerData: setup });
  const inbox = new Inbox(worker);
  await inbox.next();

  const words = new Int32Array(memory.buffer);
  const writer = new LaneWriter(memory, lane);
  const backReader = new LaneReader(memory, back, "reader");
  const ring = new RingBuffer(ringbuf, Float64Array);
  const tell = (job: ConsumerJob) => worker.postMessage(job);

  /** Millions of slots a second, from the first slot's writing to the reader's word that it has checked the last one. */
  const timed = async (slots: number, job: ConsumerJob, produce: () => unknown) => {
    tell(job);
    const startMs = performance.now();
    await produce();
    await inbox.until("done");
    return slots / (performance.now() - startMs) / 1000;
  };
  const byLane = (slots: number, batch: number) => () =>
    timed(slots, { job: "lane", slots, batch }, () => produceLane(writer, words, slots, batch));
  const byRingbuf = (slots: number, batch: number) => () =>
    timed(slots, { job: "ringbuf.js", slots, batch }, () => produceRingbuf(ring, slots, batch));
  const byMessage = (slots: number) => () =>
    timed(slots, { job: "messages", slots }, () => produceMessages(worker, inbox, slots));
  const byBatchMessage = (slots: number) => () =>
    timed(slots, { job: "messages", slots }, () => produceBatchMessages(worker, inbox, slots, BATCH));

  const laneTrip = (answer: () => number | Promise<number>) => async () => {
    tell({ job: "lane echo", trips: TRIPS });
    const p50 = await roundTrips(async (trip) => {
      words[writer.claim() >> 2] = trip;
      writer.publish();
      const slot = answer();
      const offset = typeof slot === "number" ? slot : await slot;
      if (words[offset >> 2] !== trip)
        throw new Error(`lane: expected ${trip} back, came ${words[offset >> 2]}`);
      backReader.release();
    });
    await inbox.until("done");
    return p50;
  };
  const nextAnswer = async () => {
    for (;;) {
      const offset = backReader.tryRead();
      if (offset >= 0) return offset;
      await backReader.dataAsync();
    }
  };
  const messageTrip = async () => {
    tell({ job: "message echo", trips: TRIPS });
    return roundTrips(async (trip) => {
      worker.postMessage({ sequence: trip, check: ~trip } satisfies SlotMessage);
      const { sequence } = (await inbox.next()) as SlotMessage;
      if (sequence !== trip) throw new Error(`postMessage: expected ${trip} back, came ${sequence}`);
    });
  };

  const message = { name: "postMessage", run: byMessage(SLOTS.message) };
  const benches: readonly Bench[] = [
    {
      case: `batches of ${BATCH}`,
      unit: "M slots/s",
      better: "higher",
      ours: { name: "ours", run: byLane(SLOTS.lane, BATCH) },
      peers: [
        message,
        { name: "ringbuf.js", run: byRingbuf(SLOTS.lane, BATCH) },
        { name: `postMessage of ${BATCH}`, run: byBatchMessage(SLOTS.messageBatch) },
      ],
    },
    {
      case: "one by one",
      unit: "M slots/s",
      better: "higher",
      ours: { name: "ours", run: byLane(SLOTS.laneSingle, 1) },
      peers: [message, { name: "ringbuf.js", run: byRingbuf(SLOTS.laneSingle, 1) }],
    },
    {
      case: "wake-up round trip, both blocking, p50",
      unit: "µs",
      better: "lower",
      ours: { name: "ours", run: laneTrip(() => backReader.read()) },
      peers: [{ name: "postMessage", run: messageTrip }],
    },
    {
      case: "wake-up round trip, event loop and blocking thread, p50",
      unit: "µs",
      better: "lower",
      ours: { name: "ours", run: laneTrip(nextAnswer) },
      peers: [{ name: "postMessage", run: messageTrip }],
    },
  ];
  return { benches, stop: () => worker.terminate() };
}

/** The median round trip in microseconds. */
async function roundTrips(trip: (index: number) => Promise<void>): Promise<number> {
  const micros = new Float64Array(TRIPS);
  for (let index = 0; index < TRIPS; index++) {
    for (const untilMs = performance.now() + GAP_MS; performance.now() < untilMs; );
    const startMs = performance.now();
    await trip(index);
    micros[index] = (performance.now() - startMs) * 1000;
  }
  return median(micros);
}

async function measure({ case: name, unit, better, ours, peers }: Bench): Promise<RingCase> {
  const contenders = [ours, ...peers];
  const figures = new Map<string, number[]>(contenders.map((contender) => [contender.name, []]));
  for (let round = -1; round < ROUNDS; round++) {
    for (const contender of contenders) {
      const figure = await contender.run();
      // The first round warms the compilers up.
      if (round >= 0) figures.get(contender.name)?.push(figure);
    }
  }
  const medians = new Map([...figures].map(([contender, rounds]) => [contender, round(median(rounds))]));
  const own = medians.get(ours.name) ?? 0;
  const others = peers.map((peer): [string, number] => [peer.name, medians.get(peer.name) ?? 0]);
  const best = others.map(([, figure]) => figure);
  return {
    bench: "ring",
    case: name,
    unit,
    ours: own,
    peers: Object.fromEntries(others),
    ratio: round(better === "higher" ? own / Math.max(...best) : Math.min(...best) / own),
    spread: Object.fromEntries(
      [...figures].map(([contender, rounds]) => [
        contender,
        [round(Math.min(...rounds)), round(Math.max(...rounds))],
      ]),
    ),
  };
}

function median(values: Iterable<number>): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

if (import.meta.main) {
  const json = process.argv.includes("--json");
  await benchRing((result) => console.log(json ? JSON.stringify(result) : describeRing(result)));
}
