/** Where a subscription begins, in row numbers. */

import { pause } from "../../runtime/clock.ts";
import type { TapSpec } from "../broadcaster/protocol.ts";
import { type Refused, refuse } from "../refused.ts";
import { askReplayer, type FeedAccess } from "./access.ts";
import type { From, SubscribeRefusal } from "./subscription.ts";

const BUSY_PAUSE_MS = 100;
const ATTEMPTS = 50;

export type Beginnings =
  | { readonly ok: true; readonly positions: readonly number[] }
  | Refused<SubscribeRefusal>;

/** @param live number of the first live row, for each of `specs` */
export async function beginningsOf(
  access: FeedAccess,
  from: From,
  specs: readonly TapSpec[],
  live: readonly number[],
): Promise<Beginnings> {
  const positions: number[] = [];
  for (const [index, spec] of specs.entries()) {
    const first = live[index]!;
    if (from.kind === "since") {
      const found = await firstSince(access, spec, from.sinceMs);
      if (typeof found !== "number") return found;
      positions.push(Math.min(found, first));
    } else {
      // A number that is not there yet is another data folder's: its rows would be held back until then.
      const wanted = from.kind === "positions" ? from.positions[spec.dataset] : undefined;
      positions.push(Math.min(wanted ?? first, first));
    }
  }
  return { ok: true, positions };
}

/** Opens a replay to see where it begins. It is read by row numbers afterwards, as every other. */
async function firstSince(
  access: FeedAccess,
  spec: TapSpec,
  sinceMs: number,
): Promise<number | Refused<SubscribeRefusal>> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await pause(access.clock, BUSY_PAUSE_MS);
    const opened = await askReplayer(access, { kind: "replay.open", spec, from: { sinceMs } });
    if (!opened.ok) continue;
    if (opened.value.ok) {
      void askReplayer(access, { kind: "replay.close", id: opened.value.id });
      return opened.value.next;
    }
    const { reason, message } = opened.value;
    if (reason === "damaged") return refuse("unavailable", message);
    if (reason !== "too-many") return refuse(reason, message);
  }
  return refuse(
    "unavailable",
    "since: the log's rows cannot be read now; try again later, or begin with live rows",
  );
}
