/** All that the routes know of the system. Messages and figures, no actor: a test puts its own in. */

import type { Feed } from "../actors/feed/subscription.ts";
import type { LedgerRow } from "../actors/ledger.ts";
import type { StageFigures } from "../actors/stage-meter.ts";
import type { Dataset } from "../datasets/define.ts";
import type { AskResult, Message } from "../runtime/actor/types.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Problem } from "../runtime/config.ts";
import type { Log } from "../runtime/log.ts";
import type { CommandResult } from "../runtime/supervisor/index.ts";
import type { ActorCommand, ActorTransition, SystemStatus } from "../runtime/system.ts";
import type { Authority } from "./guard/known-names.ts";
import type { TokenGrant } from "./guard/tokens.ts";
import type { TrustedProxies } from "./guard/trusted-proxies.ts";
import type { IngestDoors } from "./push/doors.ts";

export interface ControlSettings {
  /** The host that was configured to listen on. */
  readonly host: string;
  /** The port that is listened on; known once the server listens. */
  readonly port: () => number;
  /** Tokens that are known; none: whoever reaches the server may do everything. */
  readonly tokens: readonly TokenGrant[];
  /** Other names under which the server is known. */
  readonly names: readonly Authority[];
  /** Whether it speaks TLS. */
  readonly isSecure: boolean;
  /** What one address may ask; 0: as much as it likes. */
  readonly requestsPerSecond: number;
  /** Those of whom it is believed who asked them. */
  readonly proxies: TrustedProxies;
  readonly version: string;
}

/** A change of an actor's state, numbered from 1 on since the process began. */
export interface NumberedTransition extends ActorTransition {
  readonly number: number;
}

/** The latest transitions of all actors. */
export interface Transitions {
  /** Number of the latest; 0 before the first. */
  readonly latest: number;
  /** Those after `number`, oldest first, as far back as they are kept (256). */
  after(number: number): readonly NumberedTransition[];
  /** Hears each one that comes. @returns what ends it */
  listen(listener: (transition: NumberedTransition) => void): () => void;
}

/** One setting as it is. A secret's value is never told. */
export interface SettingView {
  readonly name: string;
  readonly type: string;
  readonly meaning: string;
  readonly expected: string;
  /** Null: not given, or a secret. As people write it: "10s", "64MiB". */
  readonly value: string | number | boolean | null;
  readonly default: string | number | boolean | null;
  /** "default", "file …", "environment …", "flag …", "changed while running". */
  readonly source: string;
  readonly secret: boolean;
  /** `live`: takes effect at once. `restarts`: `actors` are started again with it. `fixed`: when the process starts. */
  readonly change: "live" | "restarts" | "fixed";
  /** Actors that it is for; none for one that is fixed, or that is for the whole process. */
  readonly actors: readonly string[];
  /** Whether it may be written to the settings' file from here. What guards the access to this is for its file, by hand. */
  readonly writable: boolean;
}

export interface ConfigChange {
  /** Values by dotted name; null takes a setting back to its default. */
  readonly set: Readonly<Record<string, unknown>>;
  /** Also writes them into the settings' file, where `fixed` ones wait for the next start. */
  readonly persist: boolean;
}

export type ConfigChanged =
  | {
      readonly ok: true;
      readonly changed: readonly {
        readonly name: string;
        /** `when-started`: an actor that it is for is down. `next-start`: that of the process. */
        readonly effect: "live" | "restarted" | "when-started" | "next-start" | "unchanged";
        /** Where else it is given such that, at the next start, that counts and not the file: "flag --…". Null: nowhere. */
        readonly overriddenBy: string | null;
      }[];
      /** The file that was written; null: none was. */
      readonly file: string | null;
    }
  /** Nothing was changed then. */
  | { readonly ok: false; readonly reason: "bad-setting"; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly reason: "fixed" | "file" | "actor"; readonly message: string };

export interface ConfigControl {
  settings(): readonly SettingView[];
  change(wish: ConfigChange): Promise<ConfigChanged>;
}

export interface ControlDeps {
  ask<T>(to: string, message: Message, deadlineMs: number): Promise<AskResult<T>>;
  status(): SystemStatus;
  command(actor: string, command: ActorCommand, reason: string): Promise<CommandResult>;
  readonly transitions: Transitions;
  readonly config: ConfigControl;
  /** What each stage of each lane has done. */
  stages(): readonly StageFigures[];
  /** The way to the broadcaster. */
  readonly feed: Feed;
  ledger(): readonly LedgerRow[];
  /** All metrics in Prometheus' text format. */
  metricsText(): Promise<string>;
  readonly datasets: readonly Dataset[];
  /** Absent in a system that takes no rows in. */
  readonly ingest?: IngestDoors;
  readonly settings: ControlSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted when the server is to end: streams end themselves then. */
  readonly closing: AbortSignal;
}
