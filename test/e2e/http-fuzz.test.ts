/**
 * The HTTP surface under requests that its own OpenAPI document gives rise to: right ones, wrong ones, and what is no HTTP.
 *
 *     MILLRACE_FUZZ=<seed>:<from>-<to> bun test test/e2e/http-fuzz.test.ts     sends these requests alone
 *     MILLRACE_FUZZ=<seed> bun test test/e2e/http-fuzz.test.ts                 another seed
 */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fuzz, mend } from "./fuzz/fuzz-run.ts";
import { Server } from "./server.ts";
import { temporaryFolder } from "./support.ts";

const IS_DENO = process.versions["deno"] !== undefined;
const SEED = 20_261_122;
/** Deno is asked less: what is looked for in our own code has been found on Bun by then. */
const REQUESTS = IS_DENO ? 5_000 : 50_000;
const LANES = 12;
/**
 * MiB by which the server's memory may grow from the third quarter of the requests to the last; and that it may have at all. DuckDB's
 * thread, which comes and goes, moves it by 150 from one moment to the next, and a collector of garbage that gets no turn on a busy
 * machine by more: so the lower quartile is looked at. What is never let go of raises that as much as all else. Half of the requests warm
 * up: on Deno, which is asked less, compiled code and heaps go on growing for a third of them.
 */
const GROWTH_MB = 96;
const MOST_MB = 1536;
const WARM_UP_SHARE = 0.5;
const RUN_MS = 600_000;
/** An actor that was brought down waits some seconds before it starts again. */
const MEND_ATTEMPTS = 200;
const MEND_PAUSE_MS = 250;

interface Choice {
  readonly seed: number;
  readonly indices: readonly number[];
  readonly isWhole: boolean;
}

test("nothing that is asked over HTTP brings the server down", { timeout: RUN_MS }, async (t) => {
  const { seed, indices, isWhole } = choice(process.env["MILLRACE_FUZZ"]);
  const folder = temporaryFolder(t);
  // Deep inside, so that what climbs out of where it is stays in the folder.
  const cwd = join(folder, "a/b/c/d/e/f/g/h");
  mkdirSync(cwd, { recursive: true });
  const server = new Server(
    t,
    [
      ...["--port", "0", "--data", join(folder, "data")],
      ...["--sampler.memoryIntervalMs", "100", "--sampler.processIntervalMs", "1000"],
    ],
    { cwd },
  );
  const url = await server.ready();
  let isGone = false;
  void server.ended.then(() => {
    isGone = true;
  });

  const report = await fuzz({
    url,
    pid: server.pid,
    seed,
    indices,
    lanes: isWhole ? LANES : 1,
    isGone: () => isGone,
  });
  const { faults, memoryMb, slowest, statuses } = report;
  const figures = JSON.stringify(
    { sent: report.sent, statuses, memoryMb: memoryMb.map(Math.round), slowest },
    null,
    1,
  );
  assert.ok(!isGone, `the server died: ${tail(server.stderr)}\n${figures}`);
  assert.deepEqual(
    faults.map(({ index, text }) => `${text}\n  again: ${replay(seed, index)}`),
    [],
    figures,
  );
  assert.doesNotMatch(server.stderr, /a request failed/, tail(server.stderr));

  assert.equal(await mended(url), "ok");
  const ledger = (await (await fetch(`${url}/v1/ledger`)).json()) as {
    readonly datasets: Readonly<Record<string, { readonly balanced: boolean; readonly stored: number }>>;
  };
  for (const [dataset, account] of Object.entries(ledger.datasets)) {
    assert.ok(account.balanced, `${dataset}: ${JSON.stringify(account)}`);
  }
  if (isWhole) {
    const warm = memoryMb.slice(memoryMb.length * WARM_UP_SHARE);
    const [early, late] = [warm.slice(0, warm.length / 2), warm.slice(warm.length / 2)];
    assert.ok(lowerQuartile(late) - lowerQuartile(early) < GROWTH_MB, `memory grows: ${figures}`);
    assert.ok(Math.max(...memoryMb) < MOST_MB, `memory peaks: ${figures}`);
  }
  assert.deepEqual(await server.kill("SIGTERM"), { code: 0, signal: null });
});

/** What health says when everything that was stopped is started again, and had time to start. */
async function mended(url: string): Promise<string> {
  let said = "";
  for (let attempt = 0; attempt < MEND_ATTEMPTS; attempt++) {
    await mend(url);
    const health = (await (await fetch(`${url}/health`)).json()) as { readonly status: string };
    if (health.status === "ok") return "ok";
    said = JSON.stringify(health);
    await new Promise((resolve) => setTimeout(resolve, MEND_PAUSE_MS));
  }
  return said;
}

function choice(text: string | undefined): Choice {
  const [, seed, from, to] = /^(\d+)(?::(\d+)(?:-(\d+))?)?$/.exec(text ?? "") ?? [];
  const first = Number(from ?? 0);
  const last = from === undefined ? REQUESTS - 1 : Number(to ?? from);
  return {
    seed: seed === undefined ? SEED : Number(seed),
    indices: Array.from({ length: last - first + 1 }, (_, index) => first + index),
    isWhole: from === undefined,
  };
}

/** The command that sends one request again. What it shows may need what was sent before it: then a range does. */
function replay(seed: number, index: number): string {
  const command = IS_DENO ? "deno test -A --no-check" : "bun test";
  return `MILLRACE_FUZZ=${seed}:${index} ${command} test/e2e/http-fuzz.test.ts`;
}

function lowerQuartile(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 4)] ?? 0;
}

function tail(text: string): string {
  return text.slice(-3000);
}
