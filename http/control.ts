/** All that the routes know of the system. Messages and figures, no actor: a test puts its own in. */

import type { LedgerRow } from "../actors/ledger.ts";
import type { Dataset } from "../datasets/define.ts";
import type { AskResult, Message } from "../runtime/actor/types.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { CommandResult } from "../runtime/supervisor/index.ts";
import type { SystemStatus } from "../runtime/system.ts";

export interface ControlSettings {
  /** The host that was configured to listen on. */
  readonly host: string;
  /** The port that is listened on; known once the server listens. */
  readonly port: () => number;
  /** Needed for everything but /health; undefined: for nothing. */
  readonly token: string | undefined;
  readonly version: string;
}

export interface ControlDeps {
  ask<T>(to: string, message: Message, deadlineMs: number): Promise<AskResult<T>>;
  status(): SystemStatus;
  restart(actor: string, reason: string): Promise<CommandResult>;
  ledger(): readonly LedgerRow[];
  /** All metrics in Prometheus' text format. */
  metricsText(): Promise<string>;
  readonly datasets: readonly Dataset[];
  readonly settings: ControlSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted when the server is to end: streams end themselves then. */
  readonly closing: AbortSignal;
}
