/**
 * One client's stream: pulls rows from the broadcaster and writes them as server-sent events, until the client goes, the
 * server ends, or the client takes nothing for STALL_MS.
 *
 *     event: <dataset>     id: <sequence in that dataset>     data: <the row as JSON>
 *     event: dropped       data: {"rows": n}; null when the broadcaster failed and it is not known how many
 *
 * The next pull comes when the last one's rows are written, so a slow client fills its own queue at the broadcaster, where
 * the oldest rows are dropped, and nothing here.
 */

import type { SSEStreamingApi } from "hono/streaming";
import {
  BROADCASTER,
  type BroadcasterMessage,
  type BroadcasterReplies,
  type Pulled,
} from "../actors/broadcaster/protocol.ts";
import type { AskResult } from "../runtime/actor/types.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ControlDeps } from "./control.ts";

/** What the stream is written to: hono's, as far as it is used. */
export type StreamSink = Pick<SSEStreamingApi, "write" | "abort" | "aborted" | "closed" | "onAbort">;

type Wanted = readonly string[] | "all";

/** With nothing to say for this long, a comment says that the stream lives: proxies cut what is silent. */
const HEARTBEAT_MS = 15_000;
/** A client that takes nothing for this long is cut off. */
const STALL_MS = 30_000;
const ANSWER_MS = 5_000;
/** The broadcaster starts again within seconds, or it escalates. */
const RESUBSCRIBE_EVERY_MS = 250;
const RESUBSCRIBE_ATTEMPTS = 120;
/** What a browser is to wait before it connects again. */
const RETRY_MS = 2_000;

export function subscribe(deps: ControlDeps, datasets: Wanted) {
  return tell(deps, { kind: "broadcast.subscribe", datasets }, ANSWER_MS);
}

/** Resolves when the stream is over. The subscription `id` is over then too. */
export async function runRowStream(
  deps: ControlDeps,
  stream: StreamSink,
  wanted: Wanted,
  id: string,
): Promise<void> {
  let subscriber: string | undefined = id;
  const isOver = () => stream.aborted || stream.closed || deps.closing.aborted;
  // The pull that waits is answered at once then, which ends the loop below.
  const unsubscribe = () => {
    if (subscriber !== undefined)
      void tell(deps, { kind: "broadcast.unsubscribe", id: subscriber }, ANSWER_MS);
    subscriber = undefined;
  };
  stream.onAbort(unsubscribe);
  deps.closing.addEventListener("abort", unsubscribe, { once: true });
  try {
    // Something at once, so that the client knows that it is connected.
    await write(deps.clock, stream, `: millrace\nretry: ${RETRY_MS}\n\n`);
    while (!isOver() && subscriber !== undefined) {
      const message = { kind: "broadcast.pull", id: subscriber, waitMs: HEARTBEAT_MS } as const;
      const pull = await tell(deps, message, HEARTBEAT_MS + ANSWER_MS);
      if (isOver()) break;
      if (pull.ok && pull.value.ok) {
        await write(deps.clock, stream, eventText(pull.value));
      } else if (!pull.ok && pull.reason === "full") {
        await pause(deps.clock, RESUBSCRIBE_EVERY_MS);
      } else {
        // The broadcaster has failed, and with it the queue.
        subscriber = await subscribeAgain(deps, wanted, isOver);
        if (subscriber !== undefined) await write(deps.clock, stream, droppedText(null));
      }
    }
  } finally {
    deps.closing.removeEventListener("abort", unsubscribe);
    unsubscribe();
  }
}

function tell<M extends BroadcasterMessage>(deps: ControlDeps, message: M, deadlineMs: number) {
  return deps.ask<BroadcasterReplies[M["kind"]]>(BROADCASTER, message, deadlineMs);
}

async function subscribeAgain(
  deps: ControlDeps,
  wanted: Wanted,
  isOver: () => boolean,
): Promise<string | undefined> {
  for (let attempt = 0; attempt < RESUBSCRIBE_ATTEMPTS && !isOver(); attempt++) {
    const result: AskResult<BroadcasterReplies["broadcast.subscribe"]> = await subscribe(deps, wanted);
    if (result.ok && result.value.ok) return result.value.id;
    await pause(deps.clock, RESUBSCRIBE_EVERY_MS);
  }
  return undefined;
}

/** JSON has no line breaks, so a row is one `data` line. */
function eventText({ events, dropped }: Pulled): string {
  if (events.length === 0 && dropped === 0) return ": still here\n\n";
  const rows = events.map(
    ({ dataset, sequence, json }) => `event: ${dataset}\nid: ${sequence}\ndata: ${json}\n\n`,
  );
  return (dropped > 0 ? droppedText(dropped) : "") + rows.join("");
}

/** Without an id: a client's last one stays that of a row. */
function droppedText(rows: number | null): string {
  return `event: dropped\ndata: {"rows":${rows}}\n\n`;
}

/** Writes, and waits until the client has taken it. Cuts the client off when it does not. */
async function write(clock: Clock, stream: StreamSink, text: string): Promise<void> {
  const stalled = clock.after(STALL_MS, () => stream.abort());
  await stream.write(text);
  stalled.cancel();
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}
