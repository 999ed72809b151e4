/** A system that answers everything: each actor says something of every kind that it can say. */

import type { MetricAnswer } from "../../actors/aggregator/protocol.ts";
import type { PushBody } from "../../actors/intake/protocol.ts";
import { OUTLETS, type OutletStatus } from "../../actors/outlets/protocol.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import { aJob, aReport } from "./jobs.ts";
import { someLetters } from "./letters.ts";
import { accepted, fakeDoors, refusing } from "./push/fake-intake.ts";
import { anAgreementReport, aQualityReport } from "./quality-reports.ts";
import {
  type Asked,
  type Control,
  type ControlOptions,
  closed,
  good,
  ledgerRow,
  openControl,
  START_MS,
  statusOf,
} from "./support.ts";

const STORE = {
  datasets: [
    {
      dataset: "memory",
      rows: 7,
      lakeRows: 3,
      logRows: 4,
      lakeBytes: 100,
      lakeFiles: 1,
      logBytes: 10,
      firstMs: START_MS,
      lastMs: START_MS + 1,
      bytesPerMinute: 12.5,
      expired: 0,
      thinned: 0,
    },
  ],
  totalBytes: 110,
  bytesPerMinute: null,
  segments: 2,
};
const CLIENT = {
  id: "1",
  transport: "tcp",
  datasets: ["memory"],
  format: "jsonl",
  whenFull: "drop-oldest",
  state: "live",
  queuedBytes: 0,
  sentRows: 5,
  sentBytes: 500,
  droppedRows: 0,
  sinceMs: START_MS,
} as const;
const OUTLET: OutletStatus = {
  id: "1",
  spec: {
    transport: "tcp",
    host: "127.0.0.1",
    port: 9999,
    datasets: ["memory"],
    format: "jsonl",
    columns: null,
    where: null,
    whenFull: "drop-oldest",
  },
  openedMs: START_MS,
  expiresMs: null,
  clients: [CLIENT],
  sentRows: 5,
};
const DONE = aJob({
  state: "done",
  endedMs: START_MS + 500,
  bytes: 4,
  privacy: aReport(),
  stats: {
    dataset: "memory",
    format: "csv",
    compression: "none",
    profile: "anonymous",
    rows: 3,
    bytes: 4,
    seconds: 0.5,
    rowsPerSecond: 6,
    suppressedRows: 0,
    copiedRows: 0,
  },
});
const RESULT = {
  columns: [{ name: "a", type: "INTEGER" }],
  rows: [{ a: 1 }],
  rowCount: 1,
  truncated: false,
  seconds: 0.1,
  read: {
    rows: 1,
    bytes: 8,
    groups: 1,
    tables: [{ table: "memory", columns: ["timestamp"], from: null, to: null, rows: 1 }],
  },
};

const METRIC: MetricAnswer = {
  metric: "latency",
  stats: {
    count: 2,
    sum: 3,
    mean: 1.5,
    variance: 0.25,
    stddev: 0.5,
    min: 1,
    max: 2,
    p50: 1,
    p90: 1,
    p95: 1,
    p99: 1,
    rate: 0.01,
    fromMs: START_MS - 300_000,
    toMs: START_MS,
  },
  totalEvents: 2,
  topGroups: [{ pseudonym: "0123456789abcdef", count: 2, error: 0 }],
  distinctGroups: 1,
};

export function wholeControl(options: ControlOptions = {}): Control {
  return openControl({
    answer,
    status: () => statusOf({ recorder: "running", broadcaster: "backingOff", windower: "paused" }),
    ledger: () => [ledgerRow("memory"), ledgerRow("process")],
    ingest: fakeDoors(),
    stages: () => [
      {
        dataset: "memory",
        actor: "recorder",
        batches: 4,
        rows: 4,
        latency: { p50Ms: 0.5, p99Ms: 2 },
        rowsPerSecond: 1.5,
        lagSlots: 1,
      },
      {
        dataset: "memory",
        actor: "broadcaster",
        batches: 0,
        rows: 0,
        latency: null,
        rowsPerSecond: 0,
        lagSlots: 0,
      },
    ],
    feed: { clients: () => [CLIENT] },
    config: {
      settings: () => [
        {
          name: "http.port",
          type: "integer",
          meaning: "the port",
          expected: "a whole number",
          value: 8787,
          default: 8787,
          source: "default",
          secret: false,
          change: "fixed",
          actors: [],
          writable: true,
        },
      ],
      change: async () => ({
        ok: true,
        changed: [{ name: "http.port", effect: "next-start", overriddenBy: null }],
        file: null,
      }),
    },
    ...options,
  });
}

function answer({ to, message }: Asked): AskResult<unknown> {
  const bytes = new TextEncoder().encode(JSON.stringify(RESULT));
  switch (message.kind) {
    case "keeper.stats":
      return good({ ok: true, stats: STORE });
    case "keeper.compact":
      return good({ ok: true, files: 1, rows: 3 });
    case "export.jobs":
      return good({ ok: true, jobs: [DONE, aJob()] });
    case "export.job":
    case "export.start":
    case "export.cancel":
      return good({ ok: true, job: DONE });
    case "export.read":
      return good({ ok: true, bytes: new Uint8Array(4), fileBytes: 4 });
    case "export.open":
      return good({ ok: true, id: 1, fileName: "memory.csv", contentType: "text/csv", mostRows: 1 });
    case "export.pull":
    case "query.pull":
      return good({ ok: true, bytes, done: true });
    case "query.open":
      return good({ ok: true, id: 1, contentType: "application/json" });
    case "examiner.examine":
      return good({ ok: true, report: aQualityReport() });
    case "examiner.agreement":
      return good({ ok: true, report: anAgreementReport() });
    case "intake.body":
      return (message as PushBody).bytes === 1 ? refusing("bad-body") : accepted(1);
    case "letters.list":
      return good(someLetters());
    case "letters.replay":
      return good({ ok: true, accepted: 1, rejected: 0, notReplayable: 1 });
    case "letters.drop":
      return good({ ok: true, dropped: 2 });
    case "aggregate.add":
      return good({ ok: true, outcomes: null, windowMs: 300_000, maxStreams: 10_000 });
    case "aggregate.stats":
      return good({ ok: true, pseudonym: null, ...METRIC });
    case "aggregate.all":
      return good({ ok: true, metrics: [METRIC], hasMore: false });
    case "outlet.list":
      return good({ ok: true, outlets: [OUTLET] });
    default:
      return to === OUTLETS ? good({ ok: true, outlet: OUTLET }) : closed;
  }
}
