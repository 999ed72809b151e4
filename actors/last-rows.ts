/**
 * What must be up for an end in order to store all that came in: an orderly stop drains the lanes of actors that run, also of
 * paused ones, but not of those that an operator has stopped. These are started once more, if rows wait for them.
 */

import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { SupervisorStatus } from "../runtime/supervisor/index.ts";
import type { System } from "../runtime/system.ts";
import type { ActorName } from "./house/options.ts";

/** Whom a row has to pass on its way to the disk. What stands elsewhere can be made again from there. */
const STORING: readonly ActorName[] = ["anonymizer", "recorder"];
/** One that does not start in this time will not: the end does not wait for it. */
const START_WITHIN_MS = 3000;

/** Call before the system is stopped. Resolves when they run, or START_WITHIN_MS later; never rejects. */
export async function letLastRowsPass(
  system: Pick<System, "status" | "command">,
  { clock, log }: { readonly clock: Pick<Clock, "after">; readonly log: Log },
): Promise<void> {
  const { actors, supervisors } = system.status();
  const stopped = stoppedBelow(supervisors);
  const waiting = actors
    .map(({ name, lag }) => ({ name, batches: Object.values(lag).reduce((sum, slots) => sum + slots, 0) }))
    .filter(({ name, batches }) => batches > 0 && stopped.has(name) && STORING.includes(name as ActorName));
  if (waiting.length === 0) return;
  const started = waiting.map(async ({ name, batches }) => {
    log.info("{actor} was stopped and is started once more, as {batches} batches wait for it", {
      actor: name,
      batches,
    });
    const result = await system.command(name, "start", "rows wait for it, and the program ends");
    if (!result.ok) {
      const properties = { actor: name, batches, reason: result.message };
      log.error("{actor} did not start, and {batches} batches are lost: {reason}", properties);
    }
  });
  await Promise.race([
    Promise.allSettled(started),
    new Promise<void>((resolve) => clock.after(START_WITHIN_MS, resolve)),
  ]);
}

/** Names of actors that are stopped though their supervisor runs. */
function stoppedBelow({ children, state: above }: SupervisorStatus): ReadonlySet<string> {
  return new Set(
    children.flatMap(({ name, state, subtree }) => {
      if (subtree !== undefined) return [...stoppedBelow(subtree)];
      return state === "stopped" && above === "running" ? [name] : [];
    }),
  );
}
