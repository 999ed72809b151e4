/**
 * A round: some children end, in reverse order, and some (mostly the same) start, in order. Every move of a supervisor is
 * one: its start and stop, a restart after a failure, an operator's command, the end that an escalation makes.
 *
 * A round is driven by level, not by edge: `advanceRound` looks at the states its children are in and gives the one command
 * that is due. Call it after any change, as often as you like. It ends because every state it waits for has a deadline.
 */

import type { ManagedChild } from "./managed-child.ts";

export interface Round {
  /** Why, for the events of the children it ends and starts. */
  readonly reason: string | undefined;
  /** Whether its starts are restarts. */
  readonly again: boolean;
  /** Wait between ending and starting; undefined: none. */
  readonly delayMs: number | undefined;
  /** Children that gave up: they rest as `escalated`, not as `stopped`. */
  readonly escalates: readonly ManagedChild[];
  phase: "ending" | "waiting" | "starting";
  /** Both in declared order. No child is in the `starts` of two rounds. */
  ends: readonly ManagedChild[];
  starts: readonly ManagedChild[];
  /** Called once, when all is done. */
  done: () => void;
  /** Called when one of its children was taken out of it. */
  interrupted: () => void;
}

/** A round that does nothing yet: give it children. */
export function newRound(parts: Partial<Round>): Round {
  return {
    reason: undefined,
    again: true,
    delayMs: undefined,
    escalates: [],
    phase: "ending",
    ends: [],
    starts: [],
    done: () => {},
    interrupted: () => {},
    ...parts,
  };
}

/** Gives the command that is due; true when the round is done. */
export function advanceRound(round: Round): boolean {
  if (round.phase === "ending") {
    if (!endLast(round)) return false;
    for (const child of round.ends) settle(round, child);
    round.phase = round.delayMs === undefined ? "starting" : "waiting";
    if (round.delayMs !== undefined) {
      for (const child of round.starts) child.send({ type: "backOff", delayMs: round.delayMs });
    }
  }
  if (round.phase === "waiting") {
    if (round.starts.some((child) => child.waiting)) return false;
    round.phase = "starting";
  }
  return startNext(round);
}

/** Stops the last child that is alive, unless one is stopping; true when none is alive. */
function endLast(round: Round): boolean {
  const alive = round.ends.filter((child) => child.alive);
  const last = alive.at(-1);
  if (last === undefined) return true;
  if (!alive.some((child) => child.state === "stopping")) last.send({ type: "stop", reason: round.reason });
  return false;
}

/** Brings a child that has ended to the state it rests in, or to where its start can follow. */
function settle(round: Round, child: ManagedChild): void {
  if (round.escalates.includes(child)) {
    child.send({ type: "escalate", reason: round.reason ?? "gave up" });
  } else if (child.state !== "stopped" && (round.delayMs === undefined || !round.starts.includes(child))) {
    child.send({ type: "stop", reason: round.reason });
  }
}

/** Starts the first child that is down, unless one is starting; true when all run. */
function startNext(round: Round): boolean {
  const next = round.starts.find((child) => child.state !== "running");
  if (next === undefined) return true;
  if (next.state === "stopped" || next.state === "backingOff") {
    next.send({ type: "start", again: round.again, reason: round.reason });
  }
  return false;
}
