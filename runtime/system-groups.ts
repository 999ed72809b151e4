/** The supervisors of a system: one over each group of actors, and one over the groups. */

import type { ActorSpec } from "./actor/types.ts";
import {
  type ChildPolicy,
  DEFAULT_POLICY,
  type Failure,
  MAX_DURATION_MS,
  type SupervisedChild,
  Supervisor,
  type SupervisorOptions,
} from "./supervisor/index.ts";
import type { GroupSpec, SystemSpec } from "./system-spec.ts";

/** What a group may take beyond all of its actors: only for one that goes wrong altogether, as these have deadlines of their own. */
const GROUP_SLACK_MS = 30_000;

export interface SystemGroupsOptions
  extends Pick<SystemSpec, "groups" | "onSupervision" | "onEscalate">,
    Pick<SupervisorOptions, "clock" | "random"> {
  readonly child: (actor: ActorSpec) => SupervisedChild;
  /** Hears what becomes of actors; `onSupervision` of groups. */
  readonly onEvent: NonNullable<SupervisorOptions["onEvent"]>;
}

export class SystemGroups {
  /** Over all of them. */
  readonly root: Supervisor;
  readonly #groups: readonly Supervisor[];

  /** @param actors as they run, by which group they are in */
  constructor(options: SystemGroupsOptions, actors: ReadonlyMap<string, ActorSpec>) {
    const { groups, clock, random, onSupervision, onEscalate } = options;
    this.#groups = groups.map((group) => supervisorOf(group, options, actors));
    this.root = new Supervisor(
      {
        name: "millrace",
        ...{ clock, random },
        ...(onSupervision === undefined ? {} : { onEvent: onSupervision }),
        ...(onEscalate === undefined ? {} : { onEscalate }),
      },
      this.#groups.map((child, index) => ({ child, policy: deadlinesOf(groups[index]!) })),
    );
  }

  /** The group's supervisor that an actor is under. */
  of(actor: string): Supervisor | undefined {
    return this.#groups.find((group) => group.children().some(({ name }) => name === actor));
  }

  /** Tells each group of those that are its own. */
  failed(actors: readonly string[], failure: Failure): void {
    for (const group of this.#groups) {
      const own = actors.filter((actor) => group.children().some(({ name }) => name === actor));
      if (own.length > 0) group.failed(own, failure);
    }
  }
}

function supervisorOf(
  { name, strategy, intensity, backoff, policy, actors }: GroupSpec,
  { clock, random, onEvent, child }: SystemGroupsOptions,
  running: ReadonlyMap<string, ActorSpec>,
): Supervisor {
  return new Supervisor(
    {
      name,
      ...{ clock, random, onEvent },
      ...(strategy === undefined ? {} : { strategy }),
      ...(intensity === undefined ? {} : { intensity }),
      ...(backoff === undefined ? {} : { backoff }),
    },
    actors.map((actor) => ({
      child: child(running.get(actor.name)!),
      ...(policy === undefined ? {} : { policy }),
    })),
  );
}

/** Its actors start one after the other, and stop so: none is to be given up before its own deadline because others took their time. */
function deadlinesOf({ policy, actors }: GroupSpec): Partial<ChildPolicy> {
  const each = { ...DEFAULT_POLICY, ...policy };
  const ofAll = (deadlineMs: number) =>
    Math.min(MAX_DURATION_MS, actors.length * deadlineMs + GROUP_SLACK_MS);
  return { startDeadlineMs: ofAll(each.startDeadlineMs), stopDeadlineMs: ofAll(each.stopDeadlineMs) };
}
