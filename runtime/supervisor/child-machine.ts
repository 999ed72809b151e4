/**
 * One child's life as an XState machine:
 *
 *     stopped ─▶ starting ─▶ running ─▶ stopping ─▶ stopped
 *                   │           │          ▲
 *                   └─▶ failed ◀┘ ─────────┘ (when something of it may still live)
 *                         └─▶ backingOff ─▶ starting, or escalated
 *
 * The machine owns what concerns one incarnation: its deadlines, and that an outcome which comes late is nobody's. (Leaving
 * a state stops the promise actor it invoked, so a start that resolves after its deadline cannot be taken for the next one:
 * that is the whole of the generation keeping.) When to start, and who falls with whom, is for the supervisor to say.
 * A command that makes no sense in a state is ignored. Nothing here may throw: an XState actor whose action throws is dead.
 */

import { assign, fromPromise, setup } from "xstate";
import type { Clock } from "../clock.ts";
import type { ChildPolicy, Failure, StartResult } from "./types.ts";

/** The child's port as the machine needs it: `kill` has been made safe. */
export interface Incarnation {
  start(): Promise<void> | Promise<StartResult>;
  stop(): Promise<void>;
  kill(): void;
}

/** What one child's machine is about. */
export interface ChildInput {
  readonly child: Incarnation;
  readonly policy: ChildPolicy;
  readonly clock: Clock;
}

/** One cause, shared by all that fell by it: it is the object, not what it says, that makes it one. */
export interface Cause {
  readonly failure: Failure;
}

export interface ChildContext extends ChildInput {
  restarts: number;
  /** Whether something of the last incarnation may still live. Meaningful in `failed`. */
  alive: boolean;
  /** Wall and monotonic time since which it runs; undefined when it does not. */
  startedAtMs: number | undefined;
  runningSinceMs: number;
  /** How long the last incarnation that came up ran. */
  ranMs: number;
  lastFailure: { readonly reason: Failure; readonly atMs: number } | undefined;
  cause: Cause | undefined;
  backoffMs: number;
  /** Monotonic. */
  nextStartAtMs: number;
  backoffOver: boolean;
  /** Why the last transition was made. */
  reason: string | undefined;
}

export type ChildEvent =
  | { readonly type: "start"; readonly again: boolean; readonly reason: string | undefined }
  | { readonly type: "stop"; readonly reason: string | undefined }
  | { readonly type: "backOff"; readonly delayMs: number }
  | { readonly type: "fail"; readonly cause: Cause }
  /** It ended by itself, well. */
  | { readonly type: "end" }
  | { readonly type: "kill" }
  | { readonly type: "escalate"; readonly reason: string }
  /** Forget the past. */
  | { readonly type: "reset" };

const FRESH: Omit<ChildContext, keyof ChildInput> = {
  restarts: 0,
  alive: false,
  startedAtMs: undefined,
  runningSinceMs: 0,
  ranMs: 0,
  lastFailure: undefined,
  cause: undefined,
  backoffMs: 0,
  nextStartAtMs: 0,
  backoffOver: false,
  reason: undefined,
};

const parts = setup({
  types: {} as { context: ChildContext; events: ChildEvent; input: ChildInput },
  actors: {
    // The port is called a microtask later, when the machine is at rest: then the child may call its supervisor back.
    start: fromPromise<void, Incarnation>(async ({ input: child, signal }) => {
      await Promise.resolve();
      if (signal.aborted) return;
      const result = await child.start();
      if (result !== undefined && !result.ok) throw new Error(describeStartFailure(result));
    }),
    stop: fromPromise<void, Incarnation>(async ({ input: child, signal }) => {
      await Promise.resolve();
      if (!signal.aborted) await child.stop();
    }),
  },
  delays: {
    startDeadline: ({ context }) => context.policy.startDeadlineMs,
    stopDeadline: ({ context }) => context.policy.stopDeadlineMs,
    backoff: ({ context }) => context.backoffMs,
  },
  guards: {
    mayLive: ({ context }) => context.alive,
    isGone: ({ event }) => event.type === "fail" && !mayOutlive(event.cause.failure),
  },
  actions: {
    kill: ({ context }) => context.child.kill(),
    noteReason: assign(({ event }) => ({ reason: "reason" in event ? event.reason : undefined })),
    noteStart: assign(({ context, event }) => ({
      restarts: context.restarts + (event.type === "start" && event.again ? 1 : 0),
      reason: event.type === "start" ? event.reason : undefined,
    })),
    noteFailure: assign(({ context, event }) =>
      event.type === "fail" ? failure(context, event.cause, mayOutlive(event.cause.failure)) : {},
    ),
    noteBackoff: assign(({ context, event }) =>
      event.type === "backOff"
        ? {
            backoffMs: event.delayMs,
            nextStartAtMs: context.clock.monotonicMs() + event.delayMs,
            backoffOver: false,
            reason: `next start in ${event.delayMs} ms`,
          }
        : {},
    ),
  },
});

/** The machine of every child; `stopped` at first. One for all: putting it together takes longer than most lives have steps. */
export const childMachine = parts.createMachine({
  id: "child",
  context: ({ input }) => ({ ...FRESH, ...input }),
  initial: "stopped",
  states: {
    stopped: {
      on: {
        start: "starting",
        backOff: "backingOff",
        escalate: { target: "escalated", actions: "noteReason" },
        reset: { actions: assign(() => ({ ...FRESH })) },
      },
    },
    starting: {
      entry: "noteStart",
      invoke: {
        src: "start",
        input: ({ context }) => context.child,
        onDone: { target: "running", actions: assign({ reason: undefined }) },
        onError: {
          target: "failed",
          actions: assign(({ context, event }) =>
            failure(context, startFailure("refused", messageOf(event.error)), false),
          ),
        },
      },
      after: {
        startDeadline: {
          target: "failed",
          actions: [
            "kill",
            assign(({ context }) =>
              failure(
                context,
                startFailure("timed-out", `no start within ${context.policy.startDeadlineMs} ms; killed`),
                false,
              ),
            ),
          ],
        },
      },
      on: {
        stop: { target: "stopping", actions: "noteReason" },
        fail: { target: "failed", actions: "noteFailure" },
        end: { target: "stopped", actions: assign({ reason: "ended" }) },
        kill: { target: "stopped", actions: ["kill", assign({ reason: "killed" })] },
      },
    },
    running: {
      entry: assign(({ context: { clock } }) => ({
        startedAtMs: clock.nowMs(),
        runningSinceMs: clock.monotonicMs(),
      })),
      exit: assign(({ context }) => ({
        startedAtMs: undefined,
        ranMs: context.clock.monotonicMs() - context.runningSinceMs,
      })),
      on: {
        stop: { target: "stopping", actions: "noteReason" },
        fail: { target: "failed", actions: "noteFailure" },
        end: { target: "stopped", actions: assign({ reason: "ended" }) },
        kill: { target: "stopped", actions: ["kill", assign({ reason: "killed" })] },
      },
    },
    failed: {
      on: {
        stop: [
          { guard: "mayLive", target: "stopping", actions: "noteReason" },
          { target: "stopped", actions: "noteReason" },
        ],
        backOff: "backingOff",
        escalate: { target: "escalated", actions: "noteReason" },
        fail: { guard: "isGone", actions: assign({ alive: false }) },
        end: { actions: assign({ alive: false }) },
        kill: [
          { guard: "mayLive", target: "stopped", actions: ["kill", assign({ reason: "killed" })] },
          { target: "stopped", actions: assign({ reason: "killed" }) },
        ],
      },
    },
    backingOff: {
      entry: "noteBackoff",
      after: { backoff: { actions: assign({ backoffOver: true }) } },
      on: {
        start: "starting",
        backOff: { target: "backingOff", reenter: true },
        stop: { target: "stopped", actions: "noteReason" },
        kill: { target: "stopped", actions: assign({ reason: "killed" }) },
      },
    },
    stopping: {
      invoke: {
        src: "stop",
        input: ({ context }) => context.child,
        onDone: { target: "stopped", actions: assign({ reason: undefined }) },
        onError: {
          target: "stopped",
          actions: [
            "kill",
            assign(({ event }) => ({ reason: `stop rejected: ${messageOf(event.error)}; killed` })),
          ],
        },
      },
      after: {
        stopDeadline: {
          target: "stopped",
          actions: [
            "kill",
            assign(({ context }) => ({
              reason: `not stopped within ${context.policy.stopDeadlineMs} ms; killed`,
            })),
          ],
        },
      },
      on: {
        // Its thread died under the stop: that is an end as well.
        fail: { guard: "isGone", target: "stopped", actions: "noteFailure" },
        end: { target: "stopped", actions: assign({ reason: "ended" }) },
        kill: { target: "stopped", actions: ["kill", assign({ reason: "killed" })] },
      },
    },
    escalated: {
      on: {
        reset: { target: "stopped", actions: assign(() => ({ ...FRESH })) },
        stop: { target: "stopped", actions: "noteReason" },
        kill: { target: "stopped", actions: assign({ reason: "killed" }) },
      },
    },
  },
});

/** "kind: message". */
export function describeFailure({ kind, message }: Failure): string {
  return message === "" ? kind : `${kind}: ${message}`;
}

function failure({ clock }: ChildInput, cause: Cause, alive: boolean): Partial<ChildContext> {
  return {
    alive,
    cause,
    lastFailure: { reason: cause.failure, atMs: clock.nowMs() },
    reason: describeFailure(cause.failure),
  };
}

/** Whether something may be left of a child that failed so. A child whose code threw may still hold timers and handles. */
function mayOutlive({ kind }: Failure): boolean {
  return kind === "threw" || kind === "rejected" || kind === "deadline-missed";
}

function startFailure(kind: "timed-out" | "refused", message: string): Cause {
  return { failure: { kind, message } };
}

function describeStartFailure(result: StartResult & { readonly ok: false }): string {
  return `its child ${JSON.stringify(result.child)} ${result.failure}: ${result.message}`;
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    // An object without a text form, thrown on purpose or not, must not stop supervision.
    return "an error that has no text";
  }
}
