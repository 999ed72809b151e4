/** The declaration of a system: plain data, checked as a whole before anything is made of it. */

import { MAX_MAILBOX_SIZE } from "./actor/mailbox-word.ts";
import type { ChooseNext } from "./actor/scheduler.ts";
import { type ActorFactory, type ActorSpec, DEFAULT_MAILBOX_SIZE } from "./actor/types.ts";
import type { ActorTransition } from "./actor-control.ts";
import type { Arena } from "./arena.ts";
import type { Clock } from "./clock.ts";
import type { LaneShape } from "./lane/index.ts";
import type { LogLevel } from "./log.ts";
import { type ChildPolicy, MAX_DURATION_MS, type SupervisorOptions } from "./supervisor/index.ts";

/** Actors that share a supervisor. Started in this order, stopped in the reverse one. */
export interface GroupSpec {
  readonly name: string;
  readonly actors: readonly ActorSpec[];
  /** Default `one-for-one`. */
  readonly strategy?: SupervisorOptions["strategy"];
  readonly intensity?: SupervisorOptions["intensity"];
  readonly backoff?: SupervisorOptions["backoff"];
  readonly policy?: Partial<ChildPolicy>;
}

export interface SystemSpec {
  readonly lanes: readonly LaneShape[];
  readonly groups: readonly GroupSpec[];
  /** Shared memory that does not grow; the system places everything from `arenaFrom` on. */
  readonly memory: WebAssembly.Memory;
  readonly arenaFrom: number;
  /** Plain data for every actor, made with the arena when something of it needs a place in the shared memory. */
  readonly resources?: (arena: Arena) => Readonly<Record<string, unknown>>;
  /** `threads` (default): each actor on the thread it names. `inline`: all on this thread, by `step`. */
  readonly placement?: "threads" | "inline";
  /** Default: the host's clock. */
  readonly clock?: Clock;
  /** Seeds backoff jitter and, inline, the order of steps. Default: drawn. */
  readonly seed?: number;
  /** Inline only: decides the order of steps. Default: drawn by the seed. */
  readonly chooseNext?: ChooseNext;
  /** Least severe level that workers send. Default `info`. */
  readonly logLevel?: LogLevel;
  /** A worker whose event loop has not turned for this long is ended. Default 15 s. */
  readonly hungAfterMs?: number;
  /** Hears every transition of every actor and group, in order. */
  readonly onSupervision?: (event: ActorTransition) => void;
  /** The system gave up: more restarts than its intensity allows. Everything is stopped by then. */
  readonly onEscalate?: (reason: string) => void;
  /** Makes the actors that run on this thread; default: imports their modules. */
  readonly load?: (spec: ActorSpec) => ActorFactory | Promise<ActorFactory>;
}

export class SystemError extends Error {
  override readonly name = "SystemError";
}

/** @throws SystemError on a declaration that cannot work */
export function checkSystem({ lanes, groups, hungAfterMs }: SystemSpec): void {
  const actors = groups.flatMap((group) => group.actors);
  const names = actors.map(({ name }) => name);
  const fail = (what: string): never => {
    throw new SystemError(what);
  };
  if (new Set(names).size !== names.length) fail(`two actors have one name among ${names.join(", ")}`);
  const laneNames = lanes.map(({ name }) => name);
  if (new Set(laneNames).size !== laneNames.length)
    fail(`two lanes have one name among ${laneNames.join(", ")}`);
  if (hungAfterMs !== undefined && !(hungAfterMs > 0 && hungAfterMs <= MAX_DURATION_MS))
    fail(`hungAfterMs: expected more than 0 and at most ${MAX_DURATION_MS} ms, got ${hungAfterMs}`);
  for (const lane of lanes) {
    const writers = actors.filter(({ writes }) => writes?.includes(lane.name)).map(({ name }) => name);
    if (writers.length !== 1) {
      fail(`lane ${lane.name} needs exactly one writer; it has ${writers.join(" and ") || "none"}`);
    }
    for (const stage of lane.tiers.flat()) {
      if (!names.includes(stage))
        fail(`lane ${lane.name} has the stage ${stage}, but there is no such actor`);
      if (writers.includes(stage)) fail(`actor ${stage} is both the writer and a stage of lane ${lane.name}`);
    }
  }
  for (const { name, writes, mailboxSize } of actors) {
    for (const lane of writes ?? []) {
      if (!lanes.some((candidate) => candidate.name === lane))
        fail(`actor ${name} writes lane ${lane}, which is not there`);
    }
    const size = mailboxSize ?? DEFAULT_MAILBOX_SIZE;
    if (!(Number.isInteger(size) && size >= 1 && size <= MAX_MAILBOX_SIZE))
      fail(`actor ${name}: expected a mailbox of 1 to ${MAX_MAILBOX_SIZE} messages, got ${size}`);
  }
}
