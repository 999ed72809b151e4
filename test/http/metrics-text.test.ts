import assert from "node:assert/strict";
import { test } from "node:test";
import type { BroadcasterStats } from "../../actors/broadcaster/protocol.ts";
import { createMetricsText } from "../../http/metrics-text.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import { closed, ledgerRow, statusOf } from "./support.ts";

const STATS: BroadcasterStats = {
  clients: 3,
  encodedRows: 100,
  droppedRows: 7,
  latency: { p50Ms: 1, p99Ms: 8, maxMs: 12 },
};

function metricsText(stats: AskResult<unknown>, received: () => number = () => 10) {
  return createMetricsText({
    ask: async <T>() => stats as AskResult<T>,
    status: () => statusOf({ recorder: "running", broadcaster: "backingOff" }),
    ledger: () => [ledgerRow("memory", { received: received() }), ledgerRow("process")],
  });
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
    "millrace_dead_letters_total 1",
    "millrace_stream_clients 3",
    "millrace_stream_rows_dropped_total 7",
    "millrace_stream_rows_encoded_total 100",
    'millrace_stream_latency_seconds{quantile="0.99"} 0.008',
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
  const render = metricsText({ ok: true, value: STATS }, () => received);
  await render();
  received = 25;
  assert.match(await render(), /^millrace_rows_received_total\{dataset="memory"\} 25$/m);
});

test("a broadcaster that is down takes only its own series away", async () => {
  const text = await metricsText(closed)();
  assert.doesNotMatch(text, /^millrace_stream_clients \d/m);
  assert.match(text, /^millrace_rows_received_total\{dataset="memory"\} 10$/m);
});
