/**
 * The words of supervision: the port a child is reached by, the policies, and what a supervisor tells about itself.
 *
 * A supervisor knows nothing of threads or messages. It starts, stops and kills its children through `SupervisedChild`,
 * hears of failures through `failed()` or `watch`, and takes time and chance from outside, so that a test can replay it.
 * All durations are milliseconds, finite, and at most `MAX_DURATION_MS`.
 */

import type { Clock } from "../clock.ts";

/** The longest duration a host timer takes (2^31 - 1 ms, about 24.8 days); a longer one would fire at once. */
export const MAX_DURATION_MS = 2_147_483_647;

/** A child as its supervisor sees it. At most one incarnation of it is alive at any time. */
export interface SupervisedChild {
  /** Unique among its siblings, not empty. */
  readonly name: string;
  /**
   * Begins one incarnation, and is called again for each restart. Resolves when the child runs; rejects, or resolves with
   * `{ ok: false }`, when it cannot start (then nothing of it may be left alive). When it settles after its deadline, or
   * after the child was stopped or reported as failed, the outcome is ignored.
   */
  start(): Promise<void> | Promise<StartResult>;
  /**
   * Asks it to end and resolves when it has. Also called while `start()` is pending, which is then to be given up, and for
   * a child that has just failed, so that nothing of it is left: one that has ended already resolves at once.
   */
  stop(): Promise<void>;
  /**
   * Ends it by force before it returns; a pending `start()` is given up. Called when `start()` or `stop()` missed its
   * deadline, when `stop()` rejected, and when the supervisor itself is killed. Must not throw (a throw is noted in the
   * event's reason, and the child counts as ended).
   */
  kill(): void;
  /** Optional: called once, with what the child is to call when it fails by itself; the same as `failed([name], …)`. */
  watch?(report: (failure: Failure) => void): void;
  /** Optional: the status of what lies below, when the child is a supervisor. */
  tree?(): SupervisorStatus;
}

/** How a failure came about. */
export type FailureKind =
  /** Its code threw. */
  | "threw"
  /** A promise it awaited rejected. */
  | "rejected"
  /** It did not answer in time. */
  | "deadline-missed"
  /** The thread it ran on is gone, and it with it. */
  | "thread-died"
  /** It ended by itself though it is permanent. */
  | "ended"
  /** It is a supervisor, and gave up. */
  | "escalated"
  | StartFailureKind;

/** Why a start did not come about: no answer in time, an answer of no, or a failure reported while it was starting. */
export type StartFailureKind = "timed-out" | "refused" | "died";

export interface Failure {
  readonly kind: FailureKind;
  /** For people: what happened. Goes into events and statuses as it is. */
  readonly message: string;
}

/** Outcome of starting all children. When it is a failure, nothing is left running. */
export type StartResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly child: string;
      readonly failure: StartFailureKind;
      readonly message: string;
    };

/** Outcome of an operator's command about one child. */
export type CommandResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly refused: CommandRefusal; readonly message: string };

export type CommandRefusal =
  /** No child has this name. */
  | "unknown-child"
  /** The supervisor is stopped, starting, stopping or escalated; or what is asked for needs a child that runs. */
  | "not-running"
  /** The child (or, when siblings share its fate, one of them) is on its way up or down; ask again later. */
  | "restarting"
  /** `startChild` of a child that runs. */
  | "already-running"
  | "already-paused"
  | "not-paused"
  /** It does nothing by itself that could be paused. */
  | "cannot-pause"
  /** Another command about it is being carried out; ask again later. */
  | "busy"
  /** Accepted, but a failure or another command came between; what happened since is in the child's status. */
  | "interrupted";

export interface ChildPolicy {
  /**
   * When the child is started again. `permanent` (default): always. `transient`: after a failure, not after it ended
   * well. `temporary`: never, not even when a sibling's failure stopped it.
   */
  readonly restart: "permanent" | "transient" | "temporary";
  /** Time for `start()` to resolve before the child is killed: 1 to `MAX_DURATION_MS`, default 5000. */
  readonly startDeadlineMs: number;
  /**
   * Time for `stop()` to resolve before the child is killed: 0 to `MAX_DURATION_MS`, default 5000. A supervisor as a
   * child needs the sum of its children's.
   */
  readonly stopDeadlineMs: number;
}

/** One child with what differs from the default policy. */
export interface ChildSpec {
  readonly child: SupervisedChild;
  readonly policy?: Partial<ChildPolicy>;
}

/**
 * Who shares a failed child's fate. `one-for-one`: nobody. `one-for-all`: every sibling. `rest-for-one`: those declared
 * after it. Children that are stopped on purpose stay stopped.
 */
export type Strategy = "one-for-one" | "one-for-all" | "rest-for-one";

/** More than `restarts` (whole, ≥ 0) restarts, each less than `withinMs` (≥ 1) ago, escalate. */
export interface Intensity {
  readonly restarts: number;
  readonly withinMs: number;
}

/**
 * The wait before restart n (n = 0, 1, … failures in a row) is `min(maxMs, initialMs × factor^n) × (1 − jitter × u)`,
 * rounded to whole milliseconds, with u in [0, 1) from `random`: never longer than `maxMs`.
 */
export interface Backoff {
  /** 0 to `maxMs`. */
  readonly initialMs: number;
  readonly maxMs: number;
  /** ≥ 1. */
  readonly factor: number;
  /** 0 (none) to 1 (anything from nothing to the full wait). */
  readonly jitter: number;
  /** A child that has run this long (≥ 0) begins again at n = 0. */
  readonly resetAfterMs: number;
}

export interface SupervisorOptions {
  /** Not empty. */
  readonly name: string;
  /** Default `one-for-one`. */
  readonly strategy?: Strategy;
  /** Default 5 within 60 000 ms. */
  readonly intensity?: Intensity;
  /** Default 100 ms doubling up to 30 000 ms, jitter 0.2, reset after 60 000 ms; fields left out take these. */
  readonly backoff?: Partial<Backoff>;
  readonly clock: Clock;
  /** Uniform in [0, 1); one draw for each backoff. */
  readonly random: () => number;
  /** Hears every transition of every child, in order. What it throws is counted, and changes nothing. */
  readonly onEvent?: (event: SupervisionEvent) => void;
  /** Called once all children are stopped after the intensity was exceeded. What it throws is counted. */
  readonly onEscalate?: (reason: string) => void;
}

export type ChildState =
  | "starting"
  | "running"
  | "failed"
  | "backingOff"
  | "stopping"
  | "stopped"
  | "escalated";

export interface SupervisionEvent {
  readonly supervisor: string;
  readonly child: string;
  readonly from: ChildState;
  readonly to: ChildState;
  /** Why, when there is more to say than the states do. */
  readonly reason?: string;
  /** Wall time. */
  readonly atMs: number;
  /** See `ChildStatus.restarts`. */
  readonly restarts: number;
}

export interface ChildStatus {
  readonly name: string;
  readonly state: ChildState;
  /** How often it was started again since its supervisor's `start()`, for whatever reason but `startChild`. */
  readonly restarts: number;
  /** Wall time at which the present incarnation began to run; absent when none runs. */
  readonly startedAtMs?: number;
  readonly lastFailure?: { readonly reason: Failure; readonly atMs: number };
  /** While backing off: time until the next start; 0 when only siblings before it hold it back. */
  readonly nextStartInMs?: number;
}

export type SupervisorState = "stopped" | "starting" | "running" | "stopping" | "escalated";

/** A supervisor and all below it. */
export interface SupervisorStatus {
  readonly name: string;
  readonly state: SupervisorState;
  readonly strategy: Strategy;
  /** Restarts that count towards the intensity at this moment. */
  readonly recentRestarts: number;
  /** How often `onEvent` or `onEscalate` threw. */
  readonly observerErrors: number;
  readonly children: readonly TreeNode[];
}

export interface TreeNode extends ChildStatus {
  /** Present when the child is a supervisor. */
  readonly subtree?: SupervisorStatus;
}
