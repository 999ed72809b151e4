/**
 * Transitions of actors as server-sent events, for one watcher, until it goes or the server ends.
 *
 *     event: transition   id: <number>   data: what became of which actor
 *     event: gap          data: {"after": n, "missed": m}; m is null when the numbers are those of an earlier process
 *
 * Nothing is queued for a watcher: it has its place in the log that all share (transitions.ts). One that is so slow that the
 * log has gone on without it is told of the gap, like one that comes back late.
 */

import { z } from "zod";
import type { ControlDeps, NumberedTransition } from "./control.ts";
import { BEAT, type Watcher } from "./event-stream.ts";
import { count, moment } from "./schemas.ts";
import { BEAT_MS, RETRY_MS } from "./streams/limits.ts";
import { actorState } from "./system-view.ts";

const REASON_CHARACTERS = 500;

/** The data of `transition`. */
const TRANSITION = z
  .object({
    number: count().describe("Counts from 1 since the process began."),
    at: moment(),
    supervisor: z.string(),
    actor: z.string().describe("Or a group of actors, as a child of the root."),
    from: actorState(),
    to: actorState(),
    reason: z.string().nullable(),
    restarts: count(),
  })
  .meta({ id: "Transition" });

type Deps = Pick<ControlDeps, "transitions" | "clock" | "closing">;

/** Resolves when the stream is over. @param after number of the last transition that the watcher has */
export async function runTransitionEvents(deps: Deps, watcher: Watcher, after: number): Promise<void> {
  const { closing, transitions } = deps;
  const isOver = () => watcher.isGone || closing.aborted;
  let ring = () => {};
  watcher.onGone(() => ring());
  const onClosing = () => ring();
  closing.addEventListener("abort", onClosing, { once: true });
  const unlisten = transitions.listen(() => ring());
  try {
    // Something at once, so that the watcher knows that it is connected.
    await watcher.write(`: millrace\nretry: ${RETRY_MS}\n\n`);
    for (let told = after; !isOver(); ) {
      const { text, latest } = eventsAfter(deps, told);
      told = latest;
      if (text !== "") {
        await watcher.write(text);
      } else if (
        !(await rung(deps, (resolve) => {
          ring = resolve;
        }))
      ) {
        await watcher.write(BEAT);
      }
    }
  } finally {
    unlisten();
    closing.removeEventListener("abort", onClosing);
  }
}

/** What came after a number, as events; empty when nothing did. */
function eventsAfter(
  { transitions }: Deps,
  told: number,
): { readonly text: string; readonly latest: number } {
  const isForeign = told > transitions.latest;
  const kept = transitions.after(isForeign ? 0 : told);
  const next = kept[0]?.number ?? transitions.latest + 1;
  let text = "";
  if (isForeign) text = gapText(told, null);
  else if (next > told + 1) text = gapText(told, next - told - 1);
  return { text: text + kept.map(transitionText).join(""), latest: transitions.latest };
}

/** JSON has no line breaks, so each is one `data` line. */
function transitionText(transition: NumberedTransition): string {
  const { number, atMs, supervisor, child, from, to, reason, restarts } = transition;
  const data: z.output<typeof TRANSITION> = {
    ...{ number, at: new Date(atMs).toISOString(), supervisor, actor: child, from, to },
    reason: reason?.slice(0, REASON_CHARACTERS) ?? null,
    restarts,
  };
  return `event: transition\nid: ${number}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Without an id: the watcher's last one stays that of a transition. */
function gapText(after: number, missed: number | null): string {
  return `event: gap\ndata: ${JSON.stringify({ after, missed })}\n\n`;
}

/** @returns false when a heartbeat is due first */
function rung({ clock }: Deps, wait: (resolve: () => void) => void): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.after(BEAT_MS, () => resolve(false));
    wait(() => {
      timer.cancel();
      resolve(true);
    });
  });
}
