/**
 * A supervisor starts its children in order, starts them again when they fail, stops them in reverse order, and gives up
 * (escalates) when they fail too often. Strategies and intensity are Erlang/OTP's; the backoff between failure and restart
 * is ours. A supervisor can itself be a child, so supervisors make trees.
 *
 * Invariants. A child is started only when nothing of its last incarnation lives. Siblings that share its fate are all down
 * before the first of them starts. Failures with one cause are one restart. After a failed `start()`, after `stop()`,
 * `kill()` and after an escalation no child is alive. Every wait has a deadline or a backoff, so every promise settles.
 * Limits: it believes its children; a port whose `kill()` does not end the child voids the first invariant.
 */

import type { Cause } from "./child-machine.ts";
import { quote, SupervisorCore } from "./core.ts";
import type { ManagedChild } from "./managed-child.ts";
import { restartChild, startChild, stopChild, unknownChild } from "./operator.ts";
import type {
  ChildSpec,
  ChildStatus,
  CommandResult,
  Failure,
  StartResult,
  SupervisedChild,
  SupervisorOptions,
  SupervisorState,
  SupervisorStatus,
} from "./types.ts";
import { checkDeclaration } from "./validate.ts";

export class Supervisor implements SupervisedChild {
  readonly name: string;
  readonly #core: SupervisorCore;

  /**
   * Nothing is started yet.
   * @param specs the children, in the order they start in; each child's `watch` is called
   * @throws {RangeError} naming everything that is wrong with the declaration
   */
  constructor(options: SupervisorOptions, specs: readonly ChildSpec[]) {
    this.name = options.name;
    this.#core = new SupervisorCore(checkDeclaration(options, specs), options);
    for (const { child } of specs) child.watch?.((failure) => this.failed([child.name], failure));
  }

  get state(): SupervisorState {
    return this.#core.state;
  }

  /**
   * Starts all children, each after the one before runs. Anything that fails meanwhile (but a temporary child that had come
   * up) ends the attempt: those already up are stopped in reverse order, and the result says who and why. Nothing is
   * restarted yet. Begins from a clean slate: counters, failures and the intensity window are forgotten.
   * @throws {Error} (rejects) when it is neither stopped nor escalated, which is a bug of the caller
   */
  async start(): Promise<StartResult> {
    const { state } = this.#core;
    if (state !== "stopped" && state !== "escalated") {
      throw new Error(
        `supervisor ${quote(this.name)} is ${state}; it can be started when stopped or escalated`,
      );
    }
    return new Promise((resolve) => this.#core.startAll(resolve));
  }

  /** Stops all children in reverse order, by force past their deadlines. Resolves when all have ended; never rejects. */
  async stop(): Promise<void> {
    return new Promise((resolve) => this.#core.stopAll(resolve));
  }

  /** Kills all children in reverse order, before it returns. */
  kill(): void {
    this.#core.killAll();
  }

  /**
   * Says that children failed, all of one cause: that is one restart for the intensity. Those that are down or being ended
   * already are not restarted on that account. The caller vouches that it means the present incarnations.
   * @throws {Error} when a name is not a child's; then none is taken as failed
   */
  failed(names: readonly string[], reason: Failure): void {
    const fallen = names.map((name) => this.#known(name));
    const cause: Cause = { failure: reason };
    for (const child of fallen) child.send({ type: "fail", cause });
    this.#core.pump();
  }

  /**
   * Says that a child ended by itself, and well. A permanent one is restarted as if it had failed; another stays stopped,
   * and its siblings are left alone.
   * @throws {Error} when the name is not a child's
   */
  ended(name: string): void {
    const child = this.#known(name);
    if (child.policy.restart === "permanent") {
      this.failed([name], { kind: "ended", message: "ended by itself, though it is permanent" });
      return;
    }
    // One that failed before, and is being cleaned up, is restarted nonetheless.
    if (child.state === "starting" || child.state === "running") {
      child.wanted = false;
      this.#core.rounds.withdrawStarts([child]);
    }
    child.send({ type: "end" });
    this.#core.pump();
  }

  /**
   * An operator's restart: with the siblings that share its fate when it runs, alone when it is stopped. No backoff, and not
   * counted towards the intensity; but should the start fail, that is a failure like any other.
   * @param reason why, for the events
   * @returns once all are up again, or why not; refused with `restarting` while it is on its way up or down
   */
  restart(name: string, reason: string): Promise<CommandResult> {
    return restartChild(this.#core, name, reason);
  }

  /** Starts a child that is stopped. Its `restarts` go on, its backoff begins anew. */
  startChild(name: string, reason = "started on demand"): Promise<CommandResult> {
    return startChild(this.#core, name, reason);
  }

  /** Stops a child, whatever it is doing, and keeps it stopped until it is started by name or with the whole supervisor. */
  stopChild(name: string, reason = "stopped on demand"): Promise<CommandResult> {
    return stopChild(this.#core, name, reason);
  }

  /** Each child's status, in declared order. */
  children(): readonly ChildStatus[] {
    return this.#core.children.map((child) => child.status());
  }

  /** The status of this supervisor and of all below. */
  tree(): SupervisorStatus {
    const { declared, window, clock, outbox, children, state } = this.#core;
    return {
      name: this.name,
      state,
      strategy: declared.strategy,
      recentRestarts: window.count(clock.monotonicMs()),
      observerErrors: outbox.errors,
      children: children.map((child) => child.node()),
    };
  }

  /** For the parent, which is told of escalations. */
  watch(report: (failure: Failure) => void): void {
    if (this.#core.report !== undefined) {
      throw new Error(`supervisor ${quote(this.name)} has a parent already; it can be in one tree only`);
    }
    this.#core.report = report;
  }

  #known(name: string): ManagedChild {
    const child = this.#core.find(name);
    if (child === undefined) throw new Error(unknownChild(this.#core, name));
    return child;
  }
}
