/**
 * How long from a sample to who watches it? Memory is sampled every 100 ms in a process of its own, with everything else as by
 * default, and one client reads the stream over a socket.
 *
 * A latency is the time of receipt less the row's timestamp, which is taken before the host is read. Both are of one host's
 * wall clock; the timestamp is cut to whole milliseconds, so a figure is up to 1 ms too large and never too small. The
 * samples are as they come, those that meet a process sample on the same thread included.
 */

import process from "node:process";
import { describeMarked, type MarkedCase, marked, percentile, startMillrace } from "./marked.ts";

const INTERVAL_MS = 100;
const RUN_MS = 20_000;
/** The first rows meet code that has not been compiled. */
const WARM_UP_ROWS = 10;
const P99_MARK_MS = 20;

/** Runs the cases and reports each. Takes some twenty seconds. */
export async function benchLatency(report: (measured: MarkedCase) => void): Promise<void> {
  const millrace = await startMillrace(["--sampler.memoryIntervalMs", String(INTERVAL_MS)]);
  let latencies: readonly number[];
  try {
    latencies = (await watch(`${millrace.url}/v1/streams/memory`)).slice(WARM_UP_ROWS);
  } finally {
    await millrace.end();
  }
  const expected = RUN_MS / INTERVAL_MS - WARM_UP_ROWS;
  // Rows that never came have no latency: without this, losing the slow ones would look like an improvement.
  if (latencies.length < expected * 0.95) {
    throw new Error(`expected about ${expected} rows, came ${latencies.length}: rows are late or lost`);
  }
  const payload = `${latencies.length} rows, one every ${INTERVAL_MS} ms, over a socket`;
  const names = { bench: "latency", unit: "ms" };
  const p50 = percentile(latencies, 0.5);
  const p99 = percentile(latencies, 0.99);
  report(marked({ ...names, case: "sample to stream client, p50" }, p50, latencies, payload));
  report(marked({ ...names, case: "sample to stream client, p99" }, p99, latencies, payload, P99_MARK_MS));
}

/** Latency of each row of RUN_MS, in the order of receipt. */
async function watch(url: string): Promise<number[]> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), RUN_MS);
  const latencies: number[] = [];
  const decoder = new TextDecoder();
  let rest = "";
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`);
    for await (const chunk of response.body) {
      // Finer than Date.now(), which is cut to whole milliseconds as well.
      const receivedMs = performance.timeOrigin + performance.now();
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (!line.startsWith("data: ")) continue;
        const { timestamp } = JSON.parse(line.slice(6)) as { readonly timestamp: string };
        latencies.push(receivedMs - Date.parse(timestamp));
      }
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  return latencies;
}

if (import.meta.main) {
  const json = process.argv.includes("--json");
  await benchLatency((measured) =>
    console.log(json ? JSON.stringify(measured.result) : describeMarked(measured)),
  );
}
