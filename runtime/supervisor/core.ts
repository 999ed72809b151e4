/**
 * The heart of a supervisor: its children, what is under way with them, and what a failure leads to. The public face is
 * supervisor.ts; the operator's commands are in operator.ts.
 *
 * How it works: whatever happens is noted, then `pump` acts on it: tells the observers, turns failures into rounds
 * (round.ts) and advances the rounds, until nothing moves. Observers and ports are never called from inside a machine at
 * work (but for `kill`, which must be immediate), so they may call back.
 */

import type { Clock } from "../clock.ts";
import { backoffDelayMs } from "./backoff.ts";
import { type Cause, describeFailure } from "./child-machine.ts";
import { RestartWindow } from "./intensity.ts";
import { type ChildListener, ManagedChild, type Transition } from "./managed-child.ts";
import { Outbox } from "./outbox.ts";
import type { Round } from "./round.ts";
import { Rounds } from "./rounds.ts";
import { restartGroup } from "./strategy.ts";
import type {
  Failure,
  StartFailureKind,
  StartResult,
  SupervisionEvent,
  SupervisorOptions,
  SupervisorState,
} from "./types.ts";
import type { CheckedDeclaration } from "./validate.ts";

export class SupervisorCore {
  readonly declared: CheckedDeclaration;
  readonly clock: Clock;
  readonly window: RestartWindow;
  readonly children: readonly ManagedChild[];
  readonly rounds = new Rounds();
  readonly outbox = new Outbox();
  state: SupervisorState = "stopped";
  /** Called after an escalation, when all are stopped. */
  report: ((failure: Failure) => void) | undefined;
  /** Failures not yet acted on. */
  failures: readonly Transition[] = [];
  readonly #options: SupervisorOptions;
  #settleStart: ((result: StartResult) => void) | undefined;
  #whenStopped: (() => void)[] = [];
  #pumping = false;
  #pumpAgain = false;

  constructor(declared: CheckedDeclaration, options: SupervisorOptions) {
    this.declared = declared;
    this.#options = options;
    this.clock = options.clock;
    this.window = new RestartWindow(declared.intensity);
    const listener: ChildListener = {
      onTransition: (transition) => this.#note(transition),
      onChange: () => this.#pumpSoon(),
    };
    this.children = declared.children.map(
      ({ child, policy }) => new ManagedChild(child, policy, this.clock, listener),
    );
  }

  find(name: string): ManagedChild | undefined {
    return this.children.find((child) => child.name === name);
  }

  wanted(): ManagedChild[] {
    return this.children.filter((child) => child.wanted);
  }

  /** Starts all from a clean slate. */
  startAll(settle: (result: StartResult) => void): void {
    this.state = "starting";
    this.window.clear();
    for (const child of this.children) {
      child.send({ type: "reset" });
      child.wanted = true;
      child.failuresInARow = 0;
    }
    this.#settleStart = settle;
    const done = (): void => {
      this.state = "running";
      this.#settleStart?.({ ok: true });
      this.#settleStart = undefined;
    };
    this.rounds.add({ again: false, starts: this.children, done });
    this.pump();
  }

  stopAll(resolve: () => void): void {
    this.#whenStopped.push(resolve);
    this.#giveUpStart(this.#nextToStart(), "died", "the supervisor was stopped before it was up");
    if (this.state === "stopped") this.#isStopped();
    else this.#endAll("stopped with its supervisor");
    this.pump();
  }

  killAll(): void {
    this.#giveUpStart(this.#nextToStart(), "died", "the supervisor was killed before it was up");
    this.state = "stopping";
    for (const child of [...this.children].reverse()) {
      child.wanted = false;
      child.send({ type: "kill" });
    }
    this.rounds.drop();
    this.#isStopped();
    this.pump();
  }

  /** Acts on all that was noted, until nothing moves. Called again from inside, it leaves that to the call at work. */
  pump(): void {
    this.#pumpAgain = true;
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#pumpAgain) {
        this.#pumpAgain = false;
        this.outbox.flush();
        this.#actOnFailures();
        this.rounds.advance();
      }
    } finally {
      this.#pumping = false;
    }
  }

  #note(transition: Transition): void {
    const { child, from, to, reason, atMs, restarts } = transition;
    const supervisor = this.declared.name;
    const why = reason === undefined ? {} : { reason };
    const event: SupervisionEvent = { supervisor, child: child.name, from, to, ...why, atMs, restarts };
    this.outbox.push(() => this.#options.onEvent?.(event));
    if (to === "failed") this.failures = [...this.failures, transition];
  }

  /** Called from inside a machine: has the rest done when the machine has finished. */
  #pumpSoon(): void {
    if (this.#pumping) this.#pumpAgain = true;
    else queueMicrotask(() => this.pump());
  }

  #actOnFailures(): void {
    const failures = this.failures;
    this.failures = [];
    for (const cause of new Set(failures.map((failure) => failure.cause))) {
      if (cause === undefined) continue;
      const byIt = failures.filter((failure) => failure.cause === cause);
      if (this.state === "starting") this.#failStart(byIt, cause);
      if (this.state === "starting" || this.state === "running") this.#recover(byIt, cause);
    }
  }

  /** A failure before all are up fails the start, but for a temporary child that had come up: it may end as it likes. */
  #failStart(failures: readonly Transition[], { failure }: Cause): void {
    const fatal = failures.find((one) => one.child.policy.restart !== "temporary" || one.from === "starting");
    if (fatal === undefined) return;
    const kind = failure.kind === "timed-out" || failure.kind === "refused" ? failure.kind : "died";
    this.#giveUpStart(fatal.child.name, kind, failure.message);
    this.#endAll(`${quote(fatal.child.name)} did not start`);
  }

  #recover(failures: readonly Transition[], cause: Cause): void {
    // A child that is being ended anyway, for a restart or for good, needs nothing.
    const fallen = failures.filter(({ child }) => !this.rounds.ending(child));
    this.#letGo(fallen.map(({ child }) => child).filter((child) => child.policy.restart === "temporary"));
    const again = fallen.filter(({ child }) => child.policy.restart !== "temporary");
    if (again.length === 0) return;
    const children = again.map(({ child }) => child);
    const reason = `${children.map(({ name }) => quote(name)).join(", ")} failed (${describeFailure(cause.failure)})`;
    if (!this.window.tryCount(this.clock.monotonicMs())) {
      this.#escalate(children, reason);
      return;
    }
    // One wait for all, that of the child which failed most often in a row. A round that this one takes over waits no
    // longer than it: its children get a sibling restarted before them, and so a new chance.
    const before = Math.max(...again.map((failure) => this.#countInARow(failure)));
    const delayMs = backoffDelayMs(this.declared.backoff, before, this.#options.random());
    const group = restartGroup(this.declared.strategy, this.wanted(), children);
    const starts = group.filter((child) => child.policy.restart !== "temporary");
    for (const child of group) child.wanted = starts.includes(child);
    this.rounds.withdraw(group);
    this.rounds.add({ reason, delayMs, ends: group, starts });
  }

  /** Temporary children that failed: cleaned up, and that is that. */
  #letGo(children: readonly ManagedChild[]): void {
    if (children.length === 0) return;
    for (const child of children) child.wanted = false;
    this.rounds.withdraw(children);
    this.rounds.add({ reason: "temporary: not restarted", ends: children });
  }

  /** The failures in a row before this one, which is added to them. */
  #countInARow({ child, from }: Transition): number {
    if (from === "running" && child.ranMs >= this.declared.backoff.resetAfterMs) child.failuresInARow = 0;
    return child.failuresInARow++;
  }

  #escalate(escalates: readonly ManagedChild[], last: string): void {
    const { restarts, withinMs } = this.declared.intensity;
    const reason = `supervisor ${quote(this.declared.name)} gave up: more than ${restarts} restarts within ${withinMs} ms; ${last}`;
    const done = (): void => {
      this.state = "escalated";
      this.outbox.push(() => this.#options.onEscalate?.(reason));
      this.outbox.push(() => this.report?.({ kind: "escalated", message: reason }));
    };
    this.#endAll(reason, { done, escalates });
  }

  /** Ends all children in reverse order, whatever is under way; then, unless told otherwise, the supervisor is stopped. */
  #endAll(reason: string, parts: Partial<Round> = {}): void {
    this.rounds.drop();
    for (const child of this.children) child.wanted = false;
    this.state = "stopping";
    this.rounds.add({ reason, ends: this.children, done: () => this.#isStopped(), ...parts });
  }

  #isStopped(): void {
    this.state = "stopped";
    const waiting = this.#whenStopped;
    this.#whenStopped = [];
    for (const resolve of waiting) resolve();
  }

  /** Makes a pending start come out as failed, once all is stopped. */
  #giveUpStart(child: string, failure: StartFailureKind, message: string): void {
    const settle = this.#settleStart;
    if (settle === undefined) return;
    this.#settleStart = undefined;
    this.#whenStopped.push(() => settle({ ok: false, child, failure, message }));
  }

  /** The child that a start which is broken off has come to. */
  #nextToStart(): string {
    return this.children.find((child) => child.state !== "running")?.name ?? this.declared.name;
  }
}

/** Names are shown as JSON strings: no quote or newline in one can break a message. */
export function quote(name: string): string {
  return JSON.stringify(name);
}
