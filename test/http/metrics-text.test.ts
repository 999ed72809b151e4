import assert from "node:assert/strict";
import { test } from "node:test";
import type { BroadcasterStats } from "../../actors/broadcaster/protocol.ts";
import { createMetricsText } from "../../http/metrics-text.ts";
import type { AskResult, Message } from "../../runtime/actor/types.ts";
import { VirtualClock } from "../../runtime/clock.ts";
import { aJob } from "./jobs.ts";
import { FakeClient, wish } from "./streams/fake-feed.ts";
import { closed, good, ledgerRow, statusOf } from "./support.ts";

const STATS: BroadcasterStats = {
  readers: 2,
  taps: 5,
  encodedRows: 100,
  encodedBytes: 2000,
  droppedRows: 7,
  latency: { p50Ms: 1, p99Ms: 8, maxMs: 12 },
};

const STORE = {
  datasets: [{ dataset: "memory", rows: 70, lakeBytes: 500, logBytes: 40 }],
  totalBytes: 600,
};

const FIGURES = {
  events: 100,
  other: 10,
  uncounted: 9,
  late: 8,
  ahead: 7,
  refused: 6,
  nan: 0,
  streams: 5,
  metrics: 4,
  stateBytes: 4096,
  expiredStreams: 3,
  expiredValues: 2,
};

interface Given {
  readonly received?: () => number;
  readonly store?: AskResult<unknown>;
  readonly figures?: AskResult<unknown>;
  readonly clock?: VirtualClock;
}

function metricsText(stats: AskResult<unknown>, given: Given = {}) {
  const { received = () => 10, store = good({ ok: true, stats: STORE }), clock = new VirtualClock() } = given;
  const asked: string[] = [];
  const answers: Readonly<Record<string, AskResult<unknown>>> = {
    "broadcast.stats": stats,
    "keeper.stats": store,
    "aggregate.figures": given.figures ?? good({ ok: true, figures: FIGURES }),
    "export.jobs": good({ ok: true, jobs: [aJob(), aJob(), aJob({ state: "done" })] }),
  };
  const render = createMetricsText({
    async ask<T>(_to: string, { kind }: Message) {
      asked.push(kind);
      return answers[kind] as AskResult<T>;
    },
    status: () =>
      statusOf({
        recorder: "running",
        broadcaster: "backingOff",
        keeper: "running",
        exporter: "running",
        aggregator: "running",
      }),
    ledger: () => [ledgerRow("memory", { received: received() }), ledgerRow("process")],
    clock,
    feed: {
      subscribe: () => assert.fail("a scrape subscribes nobody"),
      clients: () =>
        [17, 25].map((queuedBytes) => ({ ...new FakeClient("c", "sse", wish()).view(), queuedBytes })),
      totals: () => ({ sentRows: 300, sentBytes: 4000, droppedRows: 5 }),
      close: () => assert.fail("a scrape closes nothing"),
    },
  });
  return Object.assign(render, { asked });
}

test("every figure of the system is a series", async () => {
  const lines = (await metricsText({ ok: true, value: STATS })()).split("\n");
  for (const line of [
    'millrace_rows_received_total{dataset="memory"} 10',
    'millrace_rows_stored_total{dataset="process"} 4',
    'millrace_rows_in_flight{dataset="memory"} 2',
    'millrace_rows_rejected_total{dataset="memory",reason="type"} 2',
    'millrace_rows_dropped_total{dataset="memory",reason="lane-full"} 1',
    'millrace_ledger_balanced{dataset="memory"} 1',
    'millrace_stage_lag_slots{lane="memory",stage="recorder"} 5',
    'millrace_mailbox_depth{actor="recorder"} 3',
    'millrace_actor_restarts_total{actor="recorder"} 2',
    'millrace_actor_running{actor="recorder"} 1',
    'millrace_actor_running{actor="broadcaster"} 0',
    'millrace_actor_paused{actor="recorder"} 0',
    "millrace_dead_letters_total 1",
    "millrace_stream_clients 2",
    "millrace_stream_queued_bytes 42",
    "millrace_stream_rows_sent_total 300",
    "millrace_stream_bytes_sent_total 4000",
    "millrace_stream_rows_dropped_total 5",
    "millrace_stream_rows_missed_total 7",
    "millrace_stream_rows_encoded_total 100",
    'millrace_stream_latency_seconds{quantile="0.99"} 0.008',
    'millrace_store_rows{dataset="memory"} 70',
    'millrace_store_bytes{dataset="memory",part="lake"} 500',
    'millrace_store_bytes{dataset="memory",part="log"} 40',
    "millrace_store_total_bytes 600",
    "millrace_exports_running 2",
    'millrace_aggregated_values_total{outcome="added"} 90',
    'millrace_aggregated_values_total{outcome="other"} 10',
    'millrace_aggregated_values_total{outcome="late"} 8',
    'millrace_aggregated_values_total{outcome="ahead"} 7',
    'millrace_aggregated_values_total{outcome="refused"} 6',
    "millrace_aggregated_values_truncated_total 9",
    "millrace_aggregated_values_expired_total 2",
    "millrace_metric_streams 5",
    "millrace_metric_streams_expired_total 3",
    "millrace_metric_state_bytes 4096",
  ]) {
    assert.ok(lines.includes(line), `${line} is missing`);
  }
  for (const name of ["millrace_process_resident_memory_bytes", "millrace_process_cpu_seconds_total"]) {
    const line = lines.find((candidate) => candidate.startsWith(`${name} `));
    assert.ok(Number(line?.split(" ")[1]) > 0, name);
  }
});

test("each scrape reads anew", async () => {
  let received = 10;
  const render = metricsText({ ok: true, value: STATS }, { received: () => received });
  await render();
  received = 25;
  assert.match(await render(), /^millrace_rows_received_total\{dataset="memory"\} 25$/m);
});

test("a broadcaster that is down takes only its own series away", async () => {
  const text = await metricsText(closed)();
  assert.doesNotMatch(text, /^millrace_stream_rows_encoded_total \d/m);
  assert.match(text, /^millrace_stream_clients 2$/m);
  assert.match(text, /^millrace_rows_received_total\{dataset="memory"\} 10$/m);
});

test("an aggregator that is down takes only its own series away", async () => {
  const text = await metricsText(good(STATS), { figures: closed })();
  assert.doesNotMatch(text, /^millrace_(?:aggregated|metric_s)\w+(?:\{[^}]*\})? \d/m);
  assert.match(text, /^millrace_exports_running 2$/m);
});

test("the keeper is asked once a minute, however often there is a scrape, and again at once when it was down", async () => {
  const clock = new VirtualClock();
  const render = metricsText(good(STATS), { clock });
  const asks = () => render.asked.filter((kind) => kind === "keeper.stats").length;
  for (let scrape = 0; scrape < 6; scrape++) {
    assert.match(await render(), /^millrace_store_total_bytes 600$/m);
    clock.advance(15_000);
  }
  assert.equal(asks(), 2);
  const down = metricsText(good(STATS), { store: closed });
  for (let scrape = 0; scrape < 3; scrape++) assert.doesNotMatch(await down(), /^millrace_store_/m);
  assert.equal(down.asked.filter((kind) => kind === "keeper.stats").length, 3);
});
