/** The feed's way to the actors, and how it asks them. */

import type { AskResult, Message } from "../../runtime/actor/types.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { BROADCASTER, type BroadcasterMessage, type BroadcasterReplies } from "../broadcaster/protocol.ts";
import { REPLAYER, type ReplayerMessage, type ReplayerReplies } from "../replayer/protocol.ts";

export interface FeedAccess {
  ask<T>(to: string, message: Message, deadlineMs: number): Promise<AskResult<T>>;
  readonly clock: Clock;
  readonly log: Log;
}

/** An actor on a busy thread answers within this, or something is wrong with it. */
export const ANSWER_MS = 10_000;

/** Asks the broadcaster. Never rejects. */
export function askBroadcaster<M extends BroadcasterMessage>(
  access: FeedAccess,
  message: M,
  deadlineMs = ANSWER_MS,
): Promise<AskResult<BroadcasterReplies[M["kind"]]>> {
  return asked(access, BROADCASTER, message, deadlineMs);
}

/** Asks the replayer. Never rejects. */
export function askReplayer<M extends ReplayerMessage>(
  access: FeedAccess,
  message: M,
): Promise<AskResult<ReplayerReplies[M["kind"]]>> {
  return asked(access, REPLAYER, message, ANSWER_MS);
}

async function asked<T>(
  access: FeedAccess,
  to: string,
  message: Message,
  deadlineMs: number,
): Promise<AskResult<T>> {
  try {
    return await access.ask<T>(to, message, deadlineMs);
  } catch (error) {
    // There is no such actor, in a system that was built without it.
    return { ok: false, reason: "closed", message: error instanceof Error ? error.message : String(error) };
  }
}
