/**
 * What an operator does to single actors of a running system: start, stop, restart, pause, resume, another configuration.
 * Starts and ends are the supervisors' (supervisor/operator.ts); the rest is carried to the actor's thread and done there
 * between two handlers (actor/operations.ts).
 *
 * A paused actor takes nothing from its lanes and does nothing by itself, but answers messages. Its data waits in the lanes; when
 * one is full, its writer drops and counts. Being paused ends with the incarnation: what is started again is not paused. An
 * orderly stop drains a paused actor's lanes like any other's.
 *
 * Nothing here throws: what cannot be done is refused with the reason.
 */

import type { Operation, OperationOutcome } from "./actor/operations.ts";
import type { Clock } from "./clock.ts";
import type {
  ChildState,
  CommandRefusal,
  CommandResult,
  SupervisionEvent,
  Supervisor,
} from "./supervisor/index.ts";

/** What an operator may ask of one actor. */
export const ACTOR_COMMANDS = ["start", "stop", "restart", "pause", "resume"] as const;
export type ActorCommand = (typeof ACTOR_COMMANDS)[number];

/** One that has been at a handler for so long when it is to take a configuration is restarted with it. */
export const TAKE_WITHIN_MS = 5000;

/** An actor's state as an operator sees it: `paused` is one that runs and does nothing by itself. */
export type ActorState = ChildState | "paused";

/** A change of an actor's state (or of a group's, as the root supervisor's child). */
export interface ActorTransition extends Omit<SupervisionEvent, "from" | "to"> {
  readonly from: ActorState;
  readonly to: ActorState;
}

/**
 * How a new configuration took effect. `live`: the actor has taken it. `restarted`: it was started again with it. `kept`: it is
 * down, and takes it when it starts. Refused: it goes on with the old one.
 */
export type ReconfigureResult =
  | { readonly ok: true; readonly effect: "live" | "restarted" | "kept" }
  | (CommandResult & { readonly ok: false });

export interface ActorControlOptions {
  /** Every actor with its configuration. */
  readonly configs: ReadonlyMap<string, unknown>;
  readonly supervisorOf: (actor: string) => Supervisor | undefined;
  /** Carries an operation to the actor's present incarnation. */
  readonly operate: (actor: string, operation: Operation) => Promise<OperationOutcome>;
  readonly clock: Pick<Clock, "nowMs" | "after">;
  readonly onTransition?: (transition: ActorTransition) => void;
}

type Refused = CommandResult & { readonly ok: false };

export class ActorControl {
  readonly #options: ActorControlOptions;
  readonly #configs: Map<string, unknown>;
  readonly #paused = new Set<string>();
  /** Actors that an operation is under way for. */
  readonly #busy = new Set<string>();
  /** Counts the ends of each actor's incarnations: tells whether it is still the one that was spoken to. */
  readonly #ends = new Map<string, number>();

  constructor(options: ActorControlOptions) {
    this.#options = options;
    this.#configs = new Map(options.configs);
  }

  /** What the actor's next start is to take. */
  configOf(actor: string): unknown {
    return this.#configs.get(actor);
  }

  isPaused(actor: string): boolean {
    return this.#paused.has(actor);
  }

  /** What a supervisor of actors tells of them. That one runs may be told after it was paused, and ends nothing. */
  note(event: SupervisionEvent): void {
    const { child, from } = event;
    const isEnd = from === "running";
    if (isEnd) this.#ends.set(child, this.#endsOf(child) + 1);
    const wasPaused = isEnd && this.#paused.delete(child);
    this.#options.onTransition?.(wasPaused ? { ...event, from: "paused" } : event);
  }

  /** @param reason why, for the transitions */
  async command(actor: string, command: ActorCommand, reason: string): Promise<CommandResult> {
    const supervisor = this.#options.supervisorOf(actor);
    if (supervisor === undefined) return this.#unknown(actor);
    switch (command) {
      case "start":
        return supervisor.startChild(actor, reason);
      case "stop":
        return supervisor.stopChild(actor, reason);
      case "restart":
        return supervisor.restart(actor, reason);
      case "pause":
        return this.#pause(actor, supervisor, reason);
      case "resume":
        return this.#resume(actor, supervisor, reason);
    }
  }

  /**
   * Gives an actor another configuration, which its later starts have too. It is restarted when it does not take it while it runs,
   * or not within TAKE_WITHIN_MS: else one that waits for a disk would keep whoever asks for ever.
   * @param config plain data. Rejects when it cannot be copied to the actor's thread
   */
  async reconfigure(actor: string, config: unknown, reason: string): Promise<ReconfigureResult> {
    const supervisor = this.#options.supervisorOf(actor);
    if (supervisor === undefined) return this.#unknown(actor);
    const state = stateIn(supervisor, actor);
    if (supervisor.state !== "running") return refuse("not-running", `${actor} is not supervised now`);
    if (this.#busy.has(actor)) return busy(actor);
    const before = this.#configs.get(actor);
    if (state === "stopped" || state === "backingOff") {
      this.#configs.set(actor, config);
      return { ok: true, effect: "kept" };
    }
    if (state !== "running") {
      return refuse("restarting", `${actor} is being started or stopped; try again when that is done`);
    }
    this.#configs.set(actor, config);
    try {
      const outcome = await this.#inTime(this.#operate(actor, { kind: "reconfigure", config }));
      if (outcome === "done") return { ok: true, effect: "live" };
      // It ended since, and what comes after it has the new configuration.
      if (outcome === "interrupted") {
        const isDown = stateIn(supervisor, actor) === "stopped";
        return { ok: true, effect: isDown ? "kept" : "restarted" };
      }
    } catch (error) {
      this.#configs.set(actor, before);
      throw error;
    }
    const restarted = await supervisor.restart(actor, reason);
    if (restarted.ok) return { ok: true, effect: "restarted" };
    this.#configs.set(actor, before);
    return restarted;
  }

  async #pause(actor: string, supervisor: Supervisor, reason: string): Promise<CommandResult> {
    const down = this.#refusedUnlessRunning(actor, supervisor, "paused");
    if (down !== undefined) return down;
    if (this.#paused.has(actor)) return refuse("already-paused", `${actor} is paused already; resume it`);
    const outcome = await this.#whileItRuns(actor, { kind: "pause" });
    if (outcome === "cannot") {
      return refuse("cannot-pause", `${actor} does nothing by itself that could be paused; stop it instead`);
    }
    if (outcome === "interrupted") return interrupted(actor);
    this.#paused.add(actor);
    this.#tell(actor, supervisor, "running", "paused", reason);
    return { ok: true };
  }

  async #resume(actor: string, supervisor: Supervisor, reason: string): Promise<CommandResult> {
    const down = this.#refusedUnlessRunning(actor, supervisor, "resumed");
    if (down !== undefined) return down;
    if (!this.#paused.has(actor)) return refuse("not-paused", `${actor} is not paused`);
    if ((await this.#whileItRuns(actor, { kind: "resume" })) === "interrupted") return interrupted(actor);
    this.#paused.delete(actor);
    this.#tell(actor, supervisor, "paused", "running", reason);
    return { ok: true };
  }

  #refusedUnlessRunning(actor: string, supervisor: Supervisor, what: string): Refused | undefined {
    const state = stateIn(supervisor, actor);
    if (this.#busy.has(actor)) return busy(actor);
    if (state === "running") return undefined;
    const remedy = state === "stopped" ? "start it first" : "try again when it runs";
    return refuse(
      "not-running",
      `only an actor that runs can be ${what}, and ${actor} is ${state}; ${remedy}`,
    );
  }

  /** As `#operate`; also `interrupted` when it was done by an incarnation that has ended since. */
  async #whileItRuns(actor: string, operation: Operation): Promise<OperationOutcome> {
    const ends = this.#endsOf(actor);
    const outcome = await this.#operate(actor, operation);
    return ends === this.#endsOf(actor) ? outcome : "interrupted";
  }

  async #operate(actor: string, operation: Operation): Promise<OperationOutcome> {
    this.#busy.add(actor);
    try {
      return await this.#options.operate(actor, operation);
    } finally {
      this.#busy.delete(actor);
    }
  }

  /** `cannot` when it takes too long. Whoever restarts the actor then makes void what it was to do. */
  #inTime(work: Promise<OperationOutcome>): Promise<OperationOutcome> {
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(TAKE_WITHIN_MS, () => resolve("cannot"));
      void work.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  #tell(actor: string, supervisor: Supervisor, from: ActorState, to: ActorState, reason: string): void {
    const { restarts = 0 } = supervisor.children().find(({ name }) => name === actor) ?? {};
    const atMs = this.#options.clock.nowMs();
    this.#options.onTransition?.({
      supervisor: supervisor.name,
      child: actor,
      from,
      to,
      reason,
      atMs,
      restarts,
    });
  }

  #endsOf(actor: string): number {
    return this.#ends.get(actor) ?? 0;
  }

  #unknown(actor: string): Refused {
    const names = [...this.#configs.keys()].join(", ");
    return refuse("unknown-child", `there is no actor ${actor}; there are ${names}`);
  }
}

function stateIn(supervisor: Supervisor, actor: string): ChildState {
  return supervisor.children().find(({ name }) => name === actor)?.state ?? "stopped";
}

function busy(actor: string): Refused {
  return refuse("busy", `another command about ${actor} is being carried out; try again when that is done`);
}

function interrupted(actor: string): Refused {
  return refuse("interrupted", `${actor} ended before that was done; its state says what became of it`);
}

function refuse(refused: CommandRefusal, message: string): Refused {
  return { ok: false, refused, message };
}
