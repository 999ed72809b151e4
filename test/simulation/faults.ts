/**
 * Faults, drawn from a seed. An actor made by `mortal` may crash wherever it touches what outlives it: before and after each of
 * its handlers, at each slot that it reads or claims, before and after each release, publish, message and timer; and at each
 * operation of a disk of mortal-disk.ts. At the same places the whole process may end: then everything that is tried
 * afterwards fails, so that nothing of it can be seen any more.
 *
 * An actor never crashes so often over one batch that the batch would be given up, unless `poison` says so.
 */

import {
  type ActorContext,
  type Behaviour,
  type Message,
  POISON_ATTEMPTS,
  type Reply,
  type StageHandler,
} from "../../runtime/actor/types.ts";
import type { LaneReader, LaneWriter } from "../../runtime/lane/index.ts";
import type { Trace } from "./trace.ts";

/** An actor fails. */
export class Crash extends Error {}
/** The process is no more. */
export class Death extends Error {}

export interface FaultRates {
  /** Chance at each point that the actor there crashes. */
  readonly crash: number;
  /** Chance at each point that the process ends. */
  readonly death: number;
  /** Chance that a disk refuses an operation. */
  readonly refuse: number;
  /** Actors that may be brought down by one batch until it is given up. */
  readonly poison: readonly string[];
}

export class Faults {
  /** No fault happens while it is false. */
  isOn = true;
  /** No actor crashes while it is true, but the process may end. */
  isSheltered = false;
  crashes = 0;
  refusals = 0;
  readonly rates: FaultRates;
  readonly random: () => number;
  readonly #trace: Trace;
  /** Crashes over one batch, by actor and lane; and the lane that an actor is at. */
  readonly #inARow = new Map<string, number>();
  readonly #lanes = new Map<string, string>();
  #isDead = false;

  /** Of one process. */
  constructor(rates: FaultRates, random: () => number, trace: Trace) {
    this.rates = rates;
    this.random = random;
    this.#trace = trace;
  }

  /** The process has ended, by itself or by `kill`. */
  get isDead(): boolean {
    return this.#isDead;
  }

  kill(why: string): void {
    if (!this.#isDead) this.#trace.note(`the process ends: ${why}`);
    this.#isDead = true;
  }

  /** An actor crashes, or the process ends, if it is drawn so. */
  hit(actor: string, point: string): void {
    this.#checkAlive();
    if (!this.isOn) return;
    const chance = this.random();
    if (chance < this.rates.death) {
      this.kill(`${actor}, ${point}`);
      throw new Death();
    }
    if (this.isSheltered || chance >= this.rates.death + this.rates.crash) return;
    const lane = this.#lanes.get(actor);
    if (lane !== undefined && !this.rates.poison.includes(actor)) {
      const crashes = this.#inARow.get(`${actor} ${lane}`) ?? 0;
      if (crashes >= POISON_ATTEMPTS - 1) return;
      this.#inARow.set(`${actor} ${lane}`, crashes + 1);
    }
    this.crashes++;
    this.#trace.note(`${actor} crashes: ${point}`);
    throw new Crash(`${actor}: ${point}`);
  }

  /** An actor drains a lane: what it crashes over until `left` is a batch of it. */
  entered(actor: string, lane: string): void {
    this.#lanes.set(actor, lane);
  }

  left(actor: string): void {
    this.#lanes.delete(actor);
  }

  /** A stage has moved on: what it crashed over is behind it. */
  passed(actor: string, lane: string): void {
    if (this.#inARow.size > 0) this.#inARow.delete(`${actor} ${lane}`);
  }

  /** As `hit`, for an operation of a disk, which may refuse too. */
  disk(actor: string, operation: string): void {
    this.hit(actor, operation);
    if (!this.isOn || this.random() >= this.rates.refuse) return;
    this.refusals++;
    this.#trace.note(`the disk refuses: ${actor}, ${operation}`);
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  }

  #checkAlive(): void {
    if (this.#isDead) throw new Death();
  }
}

/** The actor that `make` makes, which may crash wherever `faults` say. */
export async function mortal<Config>(
  context: ActorContext<Config>,
  make: (context: ActorContext<Config>) => Behaviour | Promise<Behaviour>,
  faults: Faults,
  trace: Trace,
): Promise<Behaviour> {
  const { name } = context;
  const hit = (point: string) => faults.hit(name, point);
  const handled = (what: string, handler: () => void | Promise<void>) => async (): Promise<void> => {
    hit(`before ${what}`);
    await handler();
    hit(`after ${what}`);
  };
  hit("before its start");
  const behaviour = await make({
    ...context,
    writer: (lane) => mortalWriter(context.writer(lane), name, faults, trace),
    after: (delayMs, handler) => context.after(delayMs, handled("a timer", handler)),
    every: (intervalMs, handler, firstMs) => context.every(intervalMs, handled("a timer", handler), firstMs),
  });
  const { receive } = behaviour;
  try {
    hit("after its start");
  } catch (error) {
    await behaviour.stop?.();
    throw error;
  }
  return {
    ...behaviour,
    ...(receive === undefined
      ? {}
      : {
          async receive(message: Message, reply: Reply) {
            hit("before a message");
            await receive.call(behaviour, message, reply);
            hit("after a message");
          },
        }),
    stages: Object.fromEntries(
      Object.entries(behaviour.stages ?? {}).map(([lane, handler]) => [
        lane,
        mortalStage(handler, { actor: name, lane, faults, trace }),
      ]),
    ),
  };
}

interface Place {
  readonly actor: string;
  readonly lane: string;
  readonly faults: Faults;
  readonly trace: Trace;
}

function mortalStage(handler: StageHandler, { actor, lane, faults, trace }: Place): StageHandler {
  const hit = (point: string) => faults.hit(actor, `${lane}: ${point}`);
  return {
    async drain(reader: LaneReader, maxSlots: number) {
      let taken = 0;
      const watched = {
        spec: reader.spec,
        stage: reader.stage,
        get position() {
          return reader.position;
        },
        available: () => reader.available(),
        tryRead() {
          const slot = reader.tryRead();
          if (slot >= 0) {
            taken++;
            hit(`reads slot ${taken}`);
          }
          return slot;
        },
        release() {
          hit("before it releases");
          reader.release();
          faults.passed(actor, lane);
          hit("after it released");
        },
      };
      faults.entered(actor, lane);
      try {
        hit("before it drains");
        await handler.drain(watched as unknown as LaneReader, maxSlots);
        trace.note(`${actor} took ${taken} of ${lane}`);
        hit("after it drained");
      } finally {
        faults.left(actor);
      }
    },
    poisoned(slot) {
      trace.note(`${actor} gives up a batch of ${lane}`);
      return handler.poisoned(slot);
    },
  };
}

function mortalWriter(writer: LaneWriter, actor: string, faults: Faults, trace: Trace): LaneWriter {
  const { name: lane } = writer.spec;
  const hit = (point: string) => faults.hit(actor, `${lane}: ${point}`);
  const watched = {
    spec: writer.spec,
    get position() {
      return writer.position;
    },
    tryClaim() {
      hit("before it claims");
      return writer.tryClaim();
    },
    publish() {
      hit("before it publishes");
      writer.publish();
      trace.note(`${actor} published up to ${writer.position} of ${lane}`);
      hit("after it published");
    },
    abandon: () => writer.abandon(),
    free: () => writer.free(),
    lastPublishedSlot: () => writer.lastPublishedSlot(),
  };
  return watched as unknown as LaneWriter;
}
