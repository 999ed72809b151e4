/** The app over a system that a test makes up: what each actor answers, what was asked, and the time. */

import { setImmediate } from "node:timers";
import type { Hono } from "hono";
import type { LedgerRow } from "../../actors/ledger.ts";
import { datasets } from "../../datasets/index.ts";
import { buildApp } from "../../http/app.ts";
import type { ControlDeps } from "../../http/control.ts";
import type { AskResult, Message } from "../../runtime/actor/types.ts";
import { VirtualClock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { ChildState } from "../../runtime/supervisor/index.ts";
import type { SystemStatus } from "../../runtime/system.ts";

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
  readonly app: Hono;
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
  readonly token?: string;
  /** Answers what is asked. Default: nobody is there. */
  readonly answer?: (asked: Asked) => AskResult<unknown> | Promise<AskResult<unknown>>;
  readonly status?: () => SystemStatus;
  readonly restart?: ControlDeps["restart"];
  readonly ledger?: ControlDeps["ledger"];
  readonly metricsText?: ControlDeps["metricsText"];
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
    restart: options.restart ?? (async () => ({ ok: true })),
    ledger: options.ledger ?? (() => []),
    metricsText: options.metricsText ?? (async () => "# none\n"),
    datasets,
    settings: { host: options.host ?? "127.0.0.1", port: () => PORT, token: options.token, version: "1.2.3" },
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
      app.request(`http://${HOST}${path}`, { ...init, headers: { host: HOST, ...init.headers } }),
  };
}

/** A system of one group whose actors are in these states. */
export function statusOf(states: Readonly<Record<string, ChildState>>): SystemStatus {
  const names = Object.keys(states);
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
            children: names.map((name) => ({
              name,
              state: states[name]!,
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
