/** The app over a system that a test makes up: what each actor answers, what was asked, and the time. */

import { setImmediate } from "node:timers";
import type { LedgerRow } from "../../actors/ledger.ts";
import { datasets } from "../../datasets/index.ts";
import { tokensOf } from "../../http/access.ts";
import { buildApp } from "../../http/app.ts";
import type { ControlDeps } from "../../http/control.ts";
import { parseNames } from "../../http/guard/known-names.ts";
import type { TokenGrant } from "../../http/guard/tokens.ts";
import { parseProxies } from "../../http/guard/trusted-proxies.ts";
import type { App } from "../../http/route.ts";
import { createTransitionLog, type TransitionLog } from "../../http/transitions.ts";
import type { AskResult, Message } from "../../runtime/actor/types.ts";
import { VirtualClock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Connection } from "../../runtime/platform/index.ts";
import type { ActorState, SystemStatus } from "../../runtime/system.ts";

export const PORT = 8787;
export const HOST = `localhost:${PORT}`;
export const START_MS = Date.UTC(2026, 5, 1, 12);

export interface Asked {
  readonly to: string;
  readonly message: Message;
  readonly deadlineMs: number;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface Control {
  readonly app: App;
  readonly clock: VirtualClock;
  readonly asked: readonly Asked[];
  readonly log: readonly LogLine[];
  readonly closing: AbortController;
  /** A request under our own name, with what is given. */
  request(
    path: string,
    init?: RequestInit & { readonly headers?: Record<string, string> },
  ): Promise<Response>;
}

export interface ControlOptions {
  readonly host?: string;
  /** One that is good for everything. */
  readonly token?: string;
  readonly tokens?: readonly TokenGrant[];
  readonly names?: string;
  readonly isSecure?: boolean;
  readonly requestsPerSecond?: number;
  readonly trustedProxies?: string;
  /** Address that requests come from. */
  readonly from?: () => string;
  /** Answers what is asked. Default: nobody is there. */
  readonly answer?: (asked: Asked) => AskResult<unknown> | Promise<AskResult<unknown>>;
  readonly status?: () => SystemStatus;
  readonly command?: ControlDeps["command"];
  /** Default: none has happened. */
  readonly transitions?: TransitionLog;
  readonly config?: Partial<ControlDeps["config"]>;
  readonly stages?: ControlDeps["stages"];
  /** Default: the broadcaster is not there. */
  readonly feed?: Partial<ControlDeps["feed"]>;
  /** Default: one that cannot be upgraded. */
  readonly connection?: Partial<Connection>;
  readonly ledger?: ControlDeps["ledger"];
  readonly metricsText?: ControlDeps["metricsText"];
  /** Default: nothing is taken in. */
  readonly ingest?: ControlDeps["ingest"];
}

export const closed: AskResult<never> = { ok: false, reason: "closed", message: "it is not running" };
export const good = (value: unknown): AskResult<unknown> => ({ ok: true, value });

export function openControl(options: ControlOptions = {}): Control {
  const clock = new VirtualClock(START_MS);
  const asked: Asked[] = [];
  const log: LogLine[] = [];
  const closing = new AbortController();
  const { answer = () => closed } = options;
  const app = buildApp({
    async ask<T>(to: string, message: Message, deadlineMs: number) {
      const question = { to, message, deadlineMs };
      asked.push(question);
      return (await answer(question)) as AskResult<T>;
    },
    status: options.status ?? (() => statusOf({ recorder: "running", broadcaster: "running" })),
    command: options.command ?? (async () => ({ ok: true })),
    transitions: options.transitions ?? createTransitionLog(),
    config: {
      settings: () => [],
      change: async () => ({ ok: true, changed: [], file: null }),
      ...options.config,
    },
    stages: options.stages ?? (() => []),
    feed: {
      subscribe: async () => ({
        ok: false,
        reason: "unavailable",
        message: "the broadcaster is not running",
      }),
      clients: () => [],
      totals: () => ({ sentRows: 0, sentBytes: 0, droppedRows: 0 }),
      close() {},
      ...options.feed,
    },
    ledger: options.ledger ?? (() => []),
    metricsText: options.metricsText ?? (async () => "# none\n"),
    datasets,
    ...(options.ingest === undefined ? {} : { ingest: options.ingest }),
    settings: {
      host: options.host ?? "127.0.0.1",
      port: () => PORT,
      tokens: [
        ...tokensOf(options.token === undefined ? {} : { token: options.token }),
        ...(options.tokens ?? []),
      ],
      names: parseNames(options.names ?? "") ?? [],
      isSecure: options.isSecure ?? false,
      requestsPerSecond: options.requestsPerSecond ?? 0,
      proxies: parseProxies(options.trustedProxies ?? "")!,
      version: "1.2.3",
    },
    clock,
    log: logInto(log),
    closing: closing.signal,
  });
  return {
    app,
    clock,
    asked,
    log,
    closing,
    request: async (path, init = {}) =>
      app.request(
        `http://${HOST}${path}`,
        { ...init, headers: { host: HOST, ...init.headers } },
        {
          connection: {
            remoteAddress: options.from?.() ?? "127.0.0.1",
            upgrade: () => undefined,
            keepOpen() {},
            cutSoon() {},
            ...options.connection,
          },
        },
      ),
  };
}

/** A system of one group whose actors are in these states. */
export function statusOf(given: Readonly<Record<string, ActorState>>): SystemStatus {
  const names = Object.keys(given);
  const states = names.map((name) => (given[name] === "paused" ? "running" : given[name]!));
  return {
    supervisors: {
      name: "millrace",
      state: "running",
      strategy: "one-for-one",
      recentRestarts: 0,
      observerErrors: 0,
      children: [
        {
          name: "group",
          state: "running",
          restarts: 0,
          subtree: {
            name: "group",
            state: "running",
            strategy: "rest-for-one",
            recentRestarts: 1,
            observerErrors: 0,
            children: names.map((name, index) => ({
              name,
              state: states[index]!,
              restarts: 2,
              startedAtMs: START_MS,
              lastFailure: { reason: { kind: "threw", message: "Error: boom" }, atMs: START_MS },
            })),
          },
        },
      ],
    },
    actors: names.map((name) => ({
      name,
      thread: "main",
      mailbox: { depth: 3, capacity: 64 },
      paused: given[name] === "paused",
      lag: { memory: 5 },
    })),
    lanes: [
      {
        lane: "memory",
        slots: 8,
        published: 9,
        stages: names.map((stage) => ({ stage, cursor: 4, lagSlots: 5, attempts: 0 })),
      },
    ],
    deadLetters: { count: 1, latest: [{ to: "x", kind: "batch", reason: "why", atMs: START_MS }] },
  };
}

export function ledgerRow(dataset: string, more: Partial<LedgerRow> = {}): LedgerRow {
  return {
    dataset,
    received: 10,
    stored: 4,
    rejected: {
      "not-an-object": 0,
      "unknown-column": 0,
      missing: 1,
      type: 2,
      bound: 0,
      category: 0,
      length: 0,
      malformed: 0,
      derived: 0,
    },
    dropped: { "lane-full": 1, crash: 0, poison: 0, lost: 0 },
    inFlight: 2,
    balanced: true,
    ...more,
  };
}

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

function logInto(lines: LogLine[]): Log {
  const at =
    (level: string) =>
    (message: string, properties: Readonly<Record<string, unknown>> = {}) => {
      lines.push({ level, message, properties });
    };
  return {
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warning: at("warning"),
    error: at("error"),
    isEnabled: () => true,
  };
}
