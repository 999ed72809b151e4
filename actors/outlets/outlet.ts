/** What the three kinds of outlets have in common: how one is opened, and what it can be asked. */

import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { ClientView, Feed } from "../feed/subscription.ts";
import type { Refused } from "../refused.ts";
import type { OutletRefusal, OutletSpec } from "./protocol.ts";

/** What an outlet gives the clients that it has when it is closed: time to take what waits for them. */
export const CLOSE_MS = 1000;
/** A client that takes nothing for so long, while something waits for it, is cut off where the outlet's rule is to disconnect. */
export const STALL_MS = 30_000;

export interface OutletDeps {
  readonly feed: Feed;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Outlet {
  /** As it was asked for, with the port that was taken. */
  readonly spec: OutletSpec;
  clients(): readonly ClientView[];
  /** Since it was opened, also to clients that have gone. */
  sentRows(): number;
  /**
   * Takes no more clients, gives those that it has what waits for them, and ends. Resolves when everything is given back:
   * within CLOSE_MS, or once the feed has ended its clients and they have taken the rest. May be called again.
   */
  close(): Promise<void>;
}

export type OutletOpened = { readonly ok: true; readonly outlet: Outlet } | Refused<OutletRefusal>;
