/**
 * What an operator may do to one child of a running supervisor. Nothing here counts towards the intensity, waits for a
 * backoff or throws: a command that cannot be carried out is refused with the reason.
 */

import { quote, type SupervisorCore } from "./core.ts";
import { ManagedChild } from "./managed-child.ts";
import type { Round } from "./round.ts";
import { restartGroup } from "./strategy.ts";
import type { CommandRefusal, CommandResult } from "./types.ts";

/** Restarts a running child with the siblings that share its fate, or starts one that is stopped. */
export async function restartChild(
  core: SupervisorCore,
  name: string,
  reason: string,
): Promise<CommandResult> {
  const child = commanded(core, name);
  if (!(child instanceof ManagedChild)) return child;
  const conflict = conflictOf(core, child);
  if (conflict !== undefined) return conflict;
  const isDown = child.state === "stopped";
  const group = isDown ? [child] : restartGroup(core.declared.strategy, core.wanted(), [child]);
  const starts = group.filter((other) => other === child || other.policy.restart !== "temporary");
  for (const other of group) other.wanted = starts.includes(other);
  child.failuresInARow = 0;
  return carryOut(core, { reason, ends: group, starts });
}

/** Starts a child that is stopped. */
export async function startChild(core: SupervisorCore, name: string, reason: string): Promise<CommandResult> {
  const child = commanded(core, name);
  if (!(child instanceof ManagedChild)) return child;
  if (child.state === "running") {
    return refuse("already-running", `child ${quote(name)} is running; restart it instead`);
  }
  const conflict = conflictOf(core, child);
  if (conflict !== undefined) return conflict;
  child.wanted = true;
  child.failuresInARow = 0;
  return carryOut(core, { reason, again: false, starts: [child] });
}

/** Stops a child, whatever it is doing. */
export async function stopChild(core: SupervisorCore, name: string, reason: string): Promise<CommandResult> {
  const child = commanded(core, name);
  if (!(child instanceof ManagedChild)) return child;
  // Asked again while it ends it ends once, however often and for however long that is.
  if (child.commandedStop !== undefined) return child.commandedStop;
  child.wanted = false;
  core.rounds.withdrawStarts([child]);
  let isOver = false;
  const stop = carryOut(core, { reason, ends: [child] }, () => {
    isOver = true;
    child.commandedStop = undefined;
  });
  if (!isOver) child.commandedStop = stop;
  return stop;
}

/** The child that is meant, or why no command about it is taken now. */
function commanded(core: SupervisorCore, name: string): ManagedChild | CommandResult {
  const child = core.find(name);
  if (child === undefined) return refuse("unknown-child", unknownChild(core, name));
  if (core.state === "running") return child;
  return refuse(
    "not-running",
    `supervisor ${quote(core.declared.name)} is ${core.state}; start it, or wait until it runs`,
  );
}

/** Why the child may not be started or restarted at this moment, if so. */
function conflictOf(core: SupervisorCore, child: ManagedChild): CommandResult | undefined {
  const alone = core.declared.strategy === "one-for-one";
  const busy = alone
    ? core.rounds.touches(child) || child.state === "failed"
    : !core.rounds.none || core.failures.length > 0;
  if (!busy) return undefined;
  const who = alone
    ? `child ${quote(child.name)}`
    : `a child of supervisor ${quote(core.declared.name)}, whose children share their fate,`;
  return refuse("restarting", `${who} is being started or stopped already; try again when that is done`);
}

function carryOut(
  core: SupervisorCore,
  parts: Partial<Round>,
  onSettled: () => void = () => {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const settle = (result: CommandResult) => {
      onSettled();
      resolve(result);
    };
    core.rounds.add({
      ...parts,
      done: () => settle({ ok: true }),
      interrupted: () => settle(refuse("interrupted", "a failure or another command came between")),
    });
    core.pump();
  });
}

/** The same words wherever a name is not a child's. */
export function unknownChild(core: SupervisorCore, name: string): string {
  const names = core.children.map((child) => quote(child.name)).join(", ");
  return `supervisor ${quote(core.declared.name)} has no child ${quote(name)}; it has ${names === "" ? "none" : names}`;
}

function refuse(refused: CommandRefusal, message: string): CommandResult {
  return { ok: false, refused, message };
}
