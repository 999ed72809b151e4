/** A system's status as the API shows it: one tree of supervisors and actors, in the API's own names. */

import type { ChildState, ChildStatus, SupervisorStatus } from "../runtime/supervisor/index.ts";
import type { ActorStatus, SystemStatus } from "../runtime/system.ts";

/** Characters of a failure's message that are shown. */
const MESSAGE_CHARACTERS = 500;

export interface ActorView {
  readonly kind: "actor";
  readonly name: string;
  readonly state: ChildState;
  readonly thread: string;
  readonly restarts: number;
  readonly started_at: string | null;
  readonly next_start_in_ms: number | null;
  readonly last_failure: { readonly kind: string; readonly message: string; readonly at: string } | null;
  /** By lane: slots it has still to release. */
  readonly lag_slots: Readonly<Record<string, number>>;
  readonly mailbox: { readonly depth: number; readonly capacity: number };
}

export interface SupervisorView {
  readonly kind: "supervisor";
  readonly name: string;
  readonly state: string;
  readonly strategy: string;
  readonly restarts: number;
  readonly recent_restarts: number;
  readonly children: readonly (SupervisorView | ActorView)[];
}

export interface SystemView {
  readonly tree: SupervisorView;
  readonly dead_letters: {
    readonly count: number;
    readonly latest: readonly {
      readonly to: string;
      readonly kind: string;
      readonly reason: string;
      readonly at: string;
    }[];
  };
}

export function systemView({ supervisors, actors, deadLetters }: SystemStatus): SystemView {
  const byName = new Map(actors.map((actor) => [actor.name, actor]));
  return {
    tree: supervisorView(supervisors, 0, byName),
    dead_letters: {
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
    recent_restarts: recentRestarts,
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
    state,
    thread: actor?.thread ?? "",
    restarts,
    started_at: startedAtMs === undefined ? null : isoTime(startedAtMs),
    next_start_in_ms: nextStartInMs ?? null,
    last_failure:
      lastFailure === undefined
        ? null
        : {
            kind: lastFailure.reason.kind,
            message: lastFailure.reason.message.slice(0, MESSAGE_CHARACTERS),
            at: isoTime(lastFailure.atMs),
          },
    lag_slots: actor?.lag ?? {},
    mailbox: actor?.mailbox ?? { depth: 0, capacity: 0 },
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
