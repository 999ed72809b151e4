/**
 * A child in its supervisor's hands: the port, its machine, and what the supervisor remembers about it. Turns the machine's
 * snapshots into transitions, and the machine's wish for timers into the injected clock's.
 */

import { createActor } from "xstate";
import type { Clock, Timer } from "../clock.ts";
import { type Cause, type ChildEvent, childMachine } from "./child-machine.ts";
import type {
  ChildPolicy,
  ChildState,
  ChildStatus,
  CommandResult,
  SupervisedChild,
  TreeNode,
} from "./types.ts";

export interface Transition {
  readonly child: ManagedChild;
  readonly from: ChildState;
  readonly to: ChildState;
  readonly reason: string | undefined;
  readonly atMs: number;
  readonly restarts: number;
  /** What it failed of, when `to` is `failed`. */
  readonly cause: Cause | undefined;
}

/** Called while the machine is still at work: it may note, but not command. */
export interface ChildListener {
  onTransition(transition: Transition): void;
  /** After every change, be it a transition or the end of a wait. */
  onChange(): void;
}

export class ManagedChild {
  readonly name: string;
  readonly policy: ChildPolicy;
  /** Whether it is to be up: a child stopped on purpose, or for good, does not come back with its siblings. */
  wanted = false;
  /** Failures without a run of `resetAfterMs` between them. */
  failuresInARow = 0;
  /** An operator's stop that is under way. */
  commandedStop: Promise<CommandResult> | undefined;

  readonly #port: SupervisedChild;
  readonly #clock: Clock;
  readonly #actor;
  readonly #listener: ChildListener;
  #state: ChildState = "stopped";
  #killProblem: string | undefined;

  constructor(port: SupervisedChild, policy: ChildPolicy, clock: Clock, listener: ChildListener) {
    this.name = port.name;
    this.policy = policy;
    this.#port = port;
    this.#clock = clock;
    this.#listener = listener;
    const child = {
      start: () => port.start(),
      stop: () => port.stop(),
      kill: () => this.#kill(),
    };
    this.#actor = createActor(childMachine, {
      input: { child, policy, clock },
      clock: timersOf(clock),
    });
    this.#actor.subscribe(() => {
      this.#noteTransition();
      this.#listener.onChange();
    });
    this.#actor.start();
  }

  get state(): ChildState {
    return this.#state;
  }

  /** Whether something of it may live: then it must be stopped before it may be started. */
  get alive(): boolean {
    return (
      this.#state === "starting" ||
      this.#state === "running" ||
      this.#state === "stopping" ||
      (this.#state === "failed" && this.#actor.getSnapshot().context.alive)
    );
  }

  /** Whether it has yet to wait for its backoff to be over. */
  get waiting(): boolean {
    return this.#state === "backingOff" && !this.#actor.getSnapshot().context.backoffOver;
  }

  /** How long the last of its incarnations that came up ran; 0 when none has. */
  get ranMs(): number {
    return this.#actor.getSnapshot().context.ranMs;
  }

  send(event: ChildEvent): void {
    this.#actor.send(event);
  }

  status(): ChildStatus {
    const { restarts, startedAtMs, lastFailure, nextStartAtMs } = this.#actor.getSnapshot().context;
    return {
      name: this.name,
      state: this.#state,
      restarts,
      ...(startedAtMs === undefined ? {} : { startedAtMs }),
      ...(lastFailure === undefined ? {} : { lastFailure }),
      ...(this.#state === "backingOff"
        ? { nextStartInMs: Math.max(0, nextStartAtMs - this.#clock.monotonicMs()) }
        : {}),
    };
  }

  node(): TreeNode {
    const subtree = this.#port.tree?.();
    return subtree === undefined ? this.status() : { ...this.status(), subtree };
  }

  #kill(): void {
    try {
      this.#port.kill();
    } catch (error) {
      // The child counts as ended all the same; the next transition tells of it.
      this.#killProblem = `kill threw ${error instanceof Error ? error.message : typeof error}`;
    }
  }

  #noteTransition(): void {
    const { value, context } = this.#actor.getSnapshot();
    if (value === this.#state) return;
    const from = this.#state;
    this.#state = value;
    const reason = [context.reason, this.#killProblem].filter((text) => text !== undefined).join("; ");
    this.#killProblem = undefined;
    this.#listener.onTransition({
      child: this,
      from,
      to: value,
      reason: reason === "" ? undefined : reason,
      atMs: this.#clock.nowMs(),
      restarts: context.restarts,
      cause: value === "failed" ? context.cause : undefined,
    });
  }
}

/** XState's idea of a clock, on ours. */
function timersOf(clock: Clock) {
  return {
    setTimeout: (callback: () => void, delayMs: number): Timer => clock.after(delayMs, callback),
    clearTimeout: (timer: Timer): void => timer.cancel(),
  };
}
