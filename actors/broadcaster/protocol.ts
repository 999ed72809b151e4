/**
 * What the broadcaster is asked, and what it answers. Rows are pulled: whoever subscribed asks for what has come since, and
 * is answered when there is something, or after `waitMs` with nothing. So a slow reader fills its own queue and no other.
 *
 *     broadcast.subscribe    → id, or why not
 *     broadcast.pull         → rows, oldest first, and how many were dropped before them
 *     broadcast.unsubscribe  → when it is over; a pull that waits is answered at once
 *     broadcast.clients      → who is subscribed
 *     broadcast.stats        → figures for metrics
 *
 * A subscription begins with the next batch: rows that came before it are in the log, for an export. It does not outlive the
 * broadcaster: after a crash every id is unknown, and the reader subscribes again.
 */

import type { Refused } from "../refused.ts";

/** Name of the actor in the system. */
export const BROADCASTER = "broadcaster";
/** Messages that may wait for it: every subscriber may pull in one moment, and somebody may come or go. */
export const BROADCASTER_MAILBOX = 1024;

/** Subscribers that there may be at once. */
export const MAX_SUBSCRIBERS = 256;
/** A subscriber that has had no pull under way for this long is forgotten. */
export const SUBSCRIBER_IDLE_MS = 30_000;
/** Rows that one pull is answered with at the most. */
export const MAX_PULL_ROWS = 512;
/** Longest time that a pull waits for rows. */
export const MAX_WAIT_MS = 20_000;

export interface Subscribe {
  readonly kind: "broadcast.subscribe";
  readonly datasets: readonly string[] | "all";
  /** Rows that wait for this subscriber before the oldest are dropped. Default, and the most: what is configured. */
  readonly queueRows?: number;
}

export interface Pull {
  readonly kind: "broadcast.pull";
  readonly id: string;
  /** From 0 to MAX_WAIT_MS. */
  readonly waitMs: number;
}

export interface Unsubscribe {
  readonly kind: "broadcast.unsubscribe";
  readonly id: string;
}

export interface ListClients {
  readonly kind: "broadcast.clients";
}

export interface AskStats {
  readonly kind: "broadcast.stats";
}

export type BroadcasterMessage = Subscribe | Pull | Unsubscribe | ListClients | AskStats;

/** One row, as it goes out. */
export interface BroadcastEvent {
  readonly dataset: string;
  /** Number of the row in its dataset. */
  readonly sequence: number;
  /** The row as one line of JSON. */
  readonly json: string;
}

/** `too-many` may be tried again later; the other is the asker's to mend. */
export type SubscribeRefusal = "too-many" | "unknown-dataset";

export interface Pulled {
  readonly ok: true;
  readonly events: readonly BroadcastEvent[];
  /** Rows that were dropped since the pull before, because the queue was full. They came before `events`. */
  readonly dropped: number;
}

export interface ClientStatus {
  readonly id: string;
  readonly datasets: readonly string[] | "all";
  readonly queued: number;
  /** Rows dropped since it subscribed. */
  readonly dropped: number;
  /** Wall time at which it subscribed. */
  readonly sinceMs: number;
}

export interface BroadcasterStats {
  readonly clients: number;
  /** Rows turned into JSON since the actor started: none while nobody listens. */
  readonly encodedRows: number;
  /** Rows dropped from full queues since the actor started, over all subscribers. */
  readonly droppedRows: number;
  /** From a batch's writing to its rows being in the queues, over the latest batches; null before the first. */
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number } | null;
}

/** What each message is answered with, as the value of `ask`. */
export interface BroadcasterReplies {
  readonly "broadcast.subscribe": { readonly ok: true; readonly id: string } | Refused<SubscribeRefusal>;
  readonly "broadcast.pull": Pulled | Refused<"unknown-subscriber">;
  /** False when there was no such subscriber, which is no error. */
  readonly "broadcast.unsubscribe": { readonly unsubscribed: boolean };
  readonly "broadcast.clients": readonly ClientStatus[];
  readonly "broadcast.stats": BroadcasterStats;
}
