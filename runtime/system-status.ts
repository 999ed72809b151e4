/** How a system stands: its supervisors, actors, lanes, and the messages that nobody took. */

import { type BoxSpec, type DeadLetter, mailboxDepth } from "./actor/post-office.ts";
import { type LaneStatus, laneStatus } from "./lane/index.ts";
import type { SupervisorStatus } from "./supervisor/index.ts";
import type { Places } from "./system-places.ts";

export interface ActorStatus {
  readonly name: string;
  readonly thread: string;
  readonly mailbox: { readonly depth: number; readonly capacity: number };
  /** It runs, but an operator has paused it. */
  readonly paused: boolean;
  /** For each lane it is a stage of: slots it has still to release. */
  readonly lag: Readonly<Record<string, number>>;
}

export interface SystemStatus {
  readonly supervisors: SupervisorStatus;
  readonly actors: readonly ActorStatus[];
  readonly lanes: readonly LaneStatus[];
  readonly deadLetters: { readonly count: number; readonly latest: readonly DeadLetter[] };
}

const DEAD_LETTERS_KEPT = 64;

/** Counts messages that nobody took, and keeps the latest. */
export class DeadLetters {
  readonly #latest: DeadLetter[] = [];
  #count = 0;

  keep(letter: DeadLetter): void {
    this.#count++;
    this.#latest.push(letter);
    if (this.#latest.length > DEAD_LETTERS_KEPT) this.#latest.shift();
  }

  status(): SystemStatus["deadLetters"] {
    return { count: this.#count, latest: [...this.#latest] };
  }
}

/** Lanes and mailboxes are read in the shared memory, whoever works on them meanwhile. */
export function systemStatus(
  { shared: { memory, lanes: specs }, boxes }: Places,
  isPaused: (actor: string) => boolean,
): Pick<SystemStatus, "actors" | "lanes"> {
  const lanes = specs.map((lane) => laneStatus(memory, lane));
  const actorStatus = (box: BoxSpec): ActorStatus => ({
    name: box.actor,
    thread: box.thread,
    mailbox: { depth: mailboxDepth(memory, box), capacity: box.capacity },
    paused: isPaused(box.actor),
    lag: lagOf(box.actor, lanes),
  });
  return { lanes, actors: boxes.map(actorStatus) };
}

function lagOf(actor: string, lanes: readonly LaneStatus[]): ActorStatus["lag"] {
  const lag: Record<string, number> = {};
  for (const { lane, stages } of lanes) {
    const stage = stages.find((candidate) => candidate.stage === actor);
    if (stage !== undefined) lag[lane] = stage.lagSlots;
  }
  return lag;
}
