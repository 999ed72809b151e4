/** A system's status as the API shows it: one tree of supervisors and actors, in the API's own names. */

import { z } from "zod";
import type { ChildState, ChildStatus, SupervisorStatus } from "../runtime/supervisor/index.ts";
import type { ActorState, ActorStatus, SystemStatus } from "../runtime/system.ts";
import { count, moment } from "./schemas.ts";

/** Characters of a failure's message that are shown. */
const MESSAGE_CHARACTERS = 500;

export interface ActorView {
  readonly kind: "actor";
  readonly name: string;
  readonly state: ActorState;
  readonly thread: string;
  readonly restarts: number;
  readonly startedAt: string | null;
  readonly nextStartInMs: number | null;
  readonly lastFailure: { readonly kind: string; readonly message: string; readonly at: string } | null;
  /** By lane: slots it has still to release. */
  readonly lagSlots: Readonly<Record<string, number>>;
  readonly mailbox: { readonly depth: number; readonly capacity: number };
}

export interface SupervisorView {
  readonly kind: "supervisor";
  readonly name: string;
  readonly state: string;
  readonly strategy: string;
  readonly restarts: number;
  readonly recentRestarts: number;
  readonly children: readonly (SupervisorView | ActorView)[];
}

export interface SystemView {
  readonly tree: SupervisorView;
  readonly deadLetters: {
    readonly count: number;
    readonly latest: readonly {
      readonly to: string;
      readonly kind: string;
      readonly reason: string;
      readonly at: string;
    }[];
  };
}

const ACTOR_STATES = [
  "starting",
  "running",
  "paused",
  "failed",
  "backingOff",
  "stopping",
  "stopped",
  "escalated",
] as const satisfies readonly ActorState[];

export const actorState = () => z.enum(ACTOR_STATES);

const ACTOR_VIEW = z
  .object({
    kind: z.literal("actor"),
    name: z.string(),
    state: actorState(),
    thread: z.string(),
    restarts: count(),
    startedAt: moment().nullable(),
    nextStartInMs: z.number().nullable(),
    lastFailure: z.object({ kind: z.string(), message: z.string(), at: moment() }).nullable(),
    lagSlots: z.record(z.string(), count()).describe("By lane: batches that it has still to release."),
    mailbox: z.object({ depth: count(), capacity: count() }),
  })
  .meta({ id: "Actor" });
const SUPERVISOR_VIEW = z
  .object({
    kind: z.literal("supervisor"),
    name: z.string(),
    state: z.string(),
    strategy: z.string(),
    restarts: count(),
    recentRestarts: count(),
    get children() {
      return z.array(z.union([SUPERVISOR_VIEW, ACTOR_VIEW]));
    },
  })
  .meta({ id: "Supervisor" });
export const SYSTEM_VIEW = z
  .object({
    tree: SUPERVISOR_VIEW,
    deadLetters: z
      .object({
        count: count(),
        latest: z.array(z.object({ to: z.string(), kind: z.string(), reason: z.string(), at: moment() })),
      })
      .describe("Messages and batches that nobody could handle."),
  })
  .meta({ id: "System" });

export function systemView({ supervisors, actors, deadLetters }: SystemStatus): SystemView {
  const byName = new Map(actors.map((actor) => [actor.name, actor]));
  return {
    tree: supervisorView(supervisors, 0, byName),
    deadLetters: {
      count: deadLetters.count,
      latest: deadLetters.latest.map(({ to, kind, reason, atMs }) => {
        return { to, kind, reason: reason.slice(0, MESSAGE_CHARACTERS), at: isoTime(atMs) };
      }),
    },
  };
}

/** Every actor below a supervisor, in the order they start in. */
export function actorStates(supervisor: SupervisorStatus): readonly ChildStatus[] {
  return supervisor.children.flatMap((child) => {
    return child.subtree === undefined ? [child] : actorStates(child.subtree);
  });
}

/** Names of actors by how they are, in the order they start in. */
export interface ActorConditions {
  readonly running: readonly string[];
  /** As an operator wants it. */
  readonly paused: readonly string[];
  readonly stopped: readonly string[];
  /** All others: on their way up or down, failed, or given up. */
  readonly down: readonly string[];
}

export function actorConditions({ supervisors, actors }: SystemStatus): ActorConditions {
  const paused = new Set(actors.filter((actor) => actor.paused).map(({ name }) => name));
  const conditions: Record<keyof ActorConditions, string[]> = {
    running: [],
    paused: [],
    stopped: [],
    down: [],
  };
  const visit = ({ children, state: above }: SupervisorStatus): void => {
    for (const { name, state, subtree } of children) {
      if (subtree !== undefined) visit(subtree);
      else if (state === "running") conditions[paused.has(name) ? "paused" : "running"].push(name);
      // Below a supervisor that is not up yet, or no more, it is not an operator who stopped it.
      else conditions[state === "stopped" && above === "running" ? "stopped" : "down"].push(name);
    }
  };
  visit(supervisors);
  return conditions;
}

/** The state of an actor that is there. */
export function actorStateOf({ supervisors, actors }: SystemStatus, name: string): ActorState {
  const { state = "stopped" } = actorStates(supervisors).find((actor) => actor.name === name) ?? {};
  return shownState(
    state,
    actors.find((actor) => actor.name === name),
  );
}

function supervisorView(
  { name, state, strategy, recentRestarts, children }: SupervisorStatus,
  restarts: number,
  actors: ReadonlyMap<string, ActorStatus>,
): SupervisorView {
  return {
    kind: "supervisor",
    name,
    state,
    strategy,
    restarts,
    recentRestarts,
    children: children.map((child) =>
      child.subtree === undefined
        ? actorView(child, actors.get(child.name))
        : supervisorView(child.subtree, child.restarts, actors),
    ),
  };
}

function actorView(child: ChildStatus, actor: ActorStatus | undefined): ActorView {
  const { name, state, restarts, startedAtMs, nextStartInMs, lastFailure } = child;
  return {
    kind: "actor",
    name,
    state: shownState(state, actor),
    thread: actor?.thread ?? "",
    restarts,
    startedAt: startedAtMs === undefined ? null : isoTime(startedAtMs),
    nextStartInMs: nextStartInMs ?? null,
    lastFailure:
      lastFailure === undefined
        ? null
        : {
            kind: lastFailure.reason.kind,
            message: lastFailure.reason.message.slice(0, MESSAGE_CHARACTERS),
            at: isoTime(lastFailure.atMs),
          },
    lagSlots: actor?.lag ?? {},
    mailbox: actor?.mailbox ?? { depth: 0, capacity: 0 },
  };
}

function shownState(state: ChildState, actor: ActorStatus | undefined): ActorState {
  return state === "running" && actor?.paused === true ? "paused" : state;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
