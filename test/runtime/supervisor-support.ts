/** What the supervisor's tests share: children that do as they are told, virtual time, and a journal of all that was asked. */

import { VirtualClock } from "../../runtime/clock.ts";
import { seededRandom } from "../../runtime/random.ts";
import {
  type ChildPolicy,
  type ChildState,
  type Failure,
  type SupervisedChild,
  type SupervisionEvent,
  Supervisor,
  type SupervisorOptions,
} from "../../runtime/supervisor/index.ts";

/** What a start or a stop comes to: after a time (0: at once), never, or not. */
export type Behaviour = number | "hang" | "reject" | "throw";

export class FakeChild implements SupervisedChild {
  readonly name: string;
  /** For the next calls; when a list is empty, the default: at once. */
  startPlan: Behaviour[] = [];
  stopPlan: Behaviour[] = [];
  onKill: () => void = () => {};
  /** Whether an incarnation lives: from the call of start() to its rejection, the end of stop(), a kill or `die`. */
  live = false;
  /** Starts that came while an incarnation was live. */
  overlaps = 0;
  beforeStart: () => void = () => {};
  readonly #clock: VirtualClock;
  readonly #journal: string[];
  #incarnation = 0;

  constructor(name: string, clock: VirtualClock, journal: string[]) {
    this.name = name;
    this.#clock = clock;
    this.#journal = journal;
  }

  start(): Promise<void> {
    this.beforeStart();
    this.#journal.push(`start ${this.name}`);
    if (this.live) this.overlaps++;
    this.live = true;
    const incarnation = ++this.#incarnation;
    return this.#behave(this.startPlan.shift() ?? 0, "start", () => {
      if (incarnation === this.#incarnation) this.live = false;
    });
  }

  async stop(): Promise<void> {
    this.#journal.push(`stop ${this.name}`);
    const incarnation = this.#incarnation;
    await this.#behave(this.stopPlan.shift() ?? 0, "stop", () => {});
    if (incarnation === this.#incarnation) this.live = false;
  }

  kill(): void {
    this.#journal.push(`kill ${this.name}`);
    this.live = false;
    this.onKill();
  }

  #behave(behaviour: Behaviour, what: string, onRefusal: () => void): Promise<void> {
    if (behaviour === "throw") {
      onRefusal();
      throw new Error(`${what} threw`);
    }
    if (behaviour === "hang") return new Promise(() => {});
    if (behaviour === "reject") {
      onRefusal();
      return Promise.reject(new Error(`${what} rejected`));
    }
    if (behaviour === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#clock.after(behaviour, resolve);
    });
  }
}

export const THREW: Failure = { kind: "threw", message: "oops" };
export const DIED: Failure = { kind: "thread-died", message: "gone" };

export interface House {
  readonly clock: VirtualClock;
  readonly supervisor: Supervisor;
  /** By name. */
  readonly fake: (name: string) => FakeChild;
  /** Calls of the ports, in order; `take` empties it. */
  readonly take: () => string[];
  /** Events as "child from>to", in order; `takeEvents` empties them. */
  readonly takeEvents: () => string[];
  readonly events: SupervisionEvent[];
  readonly escalations: string[];
  readonly states: () => Record<string, ChildState>;
  readonly restarts: () => Record<string, number>;
  /** The thread of these children dies. */
  readonly die: (...names: string[]) => void;
  /** Passes virtual time, letting promises settle at every moment at which something is due. */
  readonly pass: (ms: number) => Promise<void>;
}

/** A supervisor over fake children named by the letters of `names`, without jitter: backoff 100 ms doubling to 1000 ms. */
export function build(
  names: string,
  options: Partial<SupervisorOptions> = {},
  policies: Record<string, Partial<ChildPolicy>> = {},
): House {
  const clock = new VirtualClock(1_000_000);
  const journal: string[] = [];
  const events: SupervisionEvent[] = [];
  const escalations: string[] = [];
  const fakes = [...names].map((name) => new FakeChild(name, clock, journal));
  const supervisor = new Supervisor(
    {
      name: "house",
      clock,
      random: seededRandom(1),
      onEvent: (event) => events.push(event),
      onEscalate: (reason) => escalations.push(reason),
      ...options,
      backoff: { initialMs: 100, maxMs: 1000, factor: 2, jitter: 0, resetAfterMs: 5000, ...options.backoff },
    },
    fakes.map((child) => ({
      child,
      policy: { startDeadlineMs: 50, stopDeadlineMs: 20, ...policies[child.name] },
    })),
  );
  let told = 0;
  return {
    clock,
    supervisor,
    fake: (name) => fakes.find((child) => child.name === name)!,
    take: () => journal.splice(0),
    takeEvents: () => {
      const news = events.slice(told).map(({ child, from, to }) => `${child} ${from}>${to}`);
      told = events.length;
      return news;
    },
    events,
    escalations,
    states: () => Object.fromEntries(supervisor.children().map(({ name, state }) => [name, state])),
    restarts: () => Object.fromEntries(supervisor.children().map(({ name, restarts }) => [name, restarts])),
    die: (...dead) => {
      for (const child of fakes) if (dead.includes(child.name)) child.live = false;
      supervisor.failed(dead, DIED);
    },
    pass: (ms) => pass(clock, ms),
  };
}

/** `build`, started, with journal and events emptied. */
export async function running(...parts: Parameters<typeof build>): Promise<House> {
  const house = build(...parts);
  const result = house.supervisor.start();
  await house.pass(0);
  if (!(await result).ok) throw new Error("the house did not start");
  house.take();
  house.takeEvents();
  return house;
}

export async function pass(clock: VirtualClock, ms: number): Promise<void> {
  const endMs = clock.monotonicMs() + ms;
  await settled();
  for (let due = clock.nextDueMs(); due !== undefined && due <= endMs; due = clock.nextDueMs()) {
    clock.advance(due - clock.monotonicMs());
    await settled();
  }
  clock.advance(endMs - clock.monotonicMs());
  await settled();
}

/** All microtasks have run: a macrotask comes after them. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
