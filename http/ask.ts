/** Asking an actor for whom a full mailbox is no answer yet. */

import type { AskResult, Message } from "../runtime/actor/types.ts";
import { pause } from "../runtime/clock.ts";
import type { ControlDeps } from "./control.ts";

/** The first question may load a library, a pull may read much that holds nothing of what is wanted. */
export const ANSWER_MS = 30_000;
const FULL_PAUSE_MS = 100;
const FULL_ATTEMPTS = 50;

/** Asks; while the actor's mailbox is full, again and again for some seconds. */
export async function askPatiently<T>(
  deps: ControlDeps,
  to: string,
  message: Message,
  deadlineMs = ANSWER_MS,
): Promise<AskResult<T>> {
  for (let attempt = 1; ; attempt++) {
    const result = await deps.ask<T>(to, message, deadlineMs);
    if (result.ok || result.reason !== "full" || attempt === FULL_ATTEMPTS) return result;
    await pause(deps.clock, FULL_PAUSE_MS);
  }
}
