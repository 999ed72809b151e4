/**
 * How many rows a second does POST /v1/ingest take, and what does the client cost the program that has it? Into a server that was started
 * in earnest, acknowledged when the rows are on the disk; beside it one that only parses the same bodies.
 *
 * Sender and servers are processes of one host and share its cores. What was acknowledged is compared with what the ledger says is stored.
 */

import { Child } from "./child.ts";
import type { CallerTold } from "./fixtures/ingest-caller.ts";
import type { SenderTold } from "./fixtures/ingest-sender.ts";
import { type MarkedCase, marked, percentile, rounded, startMillrace } from "./marked.ts";

const DATASET = "compression_telemetry";
const RUN_MS = 3000;
const ROUNDS = 5;
const PAIRS = 30;

interface Load {
  readonly format: "ndjson" | "arrow";
  readonly rows: number;
  readonly atATime: number;
  readonly mark?: number;
  /** Share of the peer's rate, at the least. */
  readonly ratio?: number;
  /** Whether identifiers come again and again. Default: each row's request has one of its own, as in earnest. */
  readonly repeats?: boolean;
}

const LOADS: readonly Load[] = [
  { format: "arrow", rows: 16_384, atATime: 3, mark: 1_000_000 },
  // Beside it, what the hashing of an identifier a row costs.
  { format: "arrow", rows: 16_384, atATime: 3, repeats: true },
  { format: "ndjson", rows: 8192, atATime: 4, mark: 150_000, ratio: 0.6 },
];

/** Runs the cases and reports each. Takes some three minutes. */
export async function benchIngest(report: (measured: MarkedCase) => void): Promise<void> {
  const millrace = await startMillrace();
  const peer = new Child("ingest-peer.ts", []);
  try {
    const { url } = await peer.line<{ readonly url: string }>();
    for (const load of LOADS) {
      for (const measured of await pushCases(load, millrace.url, url)) report(measured);
    }
    for (const measured of await callerCases(millrace.url)) report(measured);
  } finally {
    await peer.end();
    await millrace.end();
  }
}

async function pushCases(load: Load, url: string, peerUrl: string): Promise<readonly MarkedCase[]> {
  const before = await storedRows(url);
  const ours = await senderTo(`${url}/v1/ingest/${DATASET}`, load);
  const theirs = load.ratio === undefined ? undefined : await senderTo(peerUrl, load);
  const samples: Record<"ours" | "peer", number[]> = { ours: [], peer: [] };
  let sent = 0;
  let refused = 0;
  for (let round = -1; round < ROUNDS; round++) {
    const told = await ours.child.ask<SenderTold>(String(RUN_MS));
    sent += told.rows;
    refused += told.refused;
    const peer = await theirs?.child.ask<SenderTold>(String(RUN_MS));
    if (round < 0) continue;
    samples.ours.push((told.rows / told.ms) * 1000);
    if (peer !== undefined) samples.peer.push((peer.rows / peer.ms) * 1000);
  }
  await ours.child.end();
  await theirs?.child.end();
  const stored = (await storedRows(url)) - before;
  if (stored !== sent) throw new Error(`${sent} rows were acknowledged, ${stored} are stored`);
  const rate = percentile(samples.ours, 0.5);
  const payload =
    `25 columns, bodies of ${load.rows} rows (${Math.round(ours.bodyBytes / 1024)} KiB), ${load.atATime} at a time, each with a key; ` +
    `on the disk when acknowledged; ${refused} were answered with 429; sender and servers share the host`;
  const ids = load.repeats === true ? ", identifiers that repeat" : "";
  const one = { bench: "ingest", case: `POST /v1/ingest, ${load.format}${ids}`, unit: "rows/s" };
  const measured: MarkedCase = { ...marked(one, rate, samples.ours, payload, load.mark), least: true };
  if (load.ratio === undefined) return [measured];
  const peerRate = percentile(samples.peer, 0.5);
  const name = "JSON.parse of each line alone";
  const ratios = samples.ours.map((ours, round) => ours / samples.peer[round]!);
  const ratio = { bench: "ingest", case: `${load.format}, share of what only parses`, unit: "×" };
  return [
    {
      ...measured,
      result: { ...measured.result, peers: { [name]: rounded(peerRate) }, ratio: rounded(rate / peerRate) },
      spread: {
        ...measured.spread,
        [name]: [rounded(Math.min(...samples.peer)), rounded(Math.max(...samples.peer))],
      },
    },
    { ...marked(ratio, rate / peerRate, ratios, "the same bodies in the same run", load.ratio), least: true },
  ];
}

async function senderTo(url: string, { format, rows, atATime, repeats = false }: Load) {
  const args = [url, format, rows, atATime, repeats ? "repeats" : "unique"];
  const child = new Child("ingest-sender.ts", args.map(String));
  return { child, ...(await child.line<{ readonly bodyBytes: number }>()) };
}

/** The caller's loop with the client on against off, in turns: on the clock, and by its thread's processor time. */
async function callerCases(url: string): Promise<readonly MarkedCase[]> {
  const caller = new Child("ingest-caller.ts", [url]);
  await caller.line();
  await caller.ask<CallerTold>("3");
  const { on, off, sendUs, sent, accepted, dropped } = await caller.ask<CallerTold>(String(PAIRS));
  await caller.end();
  if (accepted !== sent) throw new Error(`${sent} rows were given, ${accepted} taken and ${dropped} dropped`);
  const moreOf = (ours: readonly number[], without: readonly number[]) =>
    ours.map((value, pair) => (value / without[pair]! - 1) * 100);
  const perPayload = (percentile(off.cpuMs, 0.5) / (sent / PAIRS)) * 1000;
  const cpu = moreOf(on.cpuMs, off.cpuMs);
  const clock = moreOf(on.ms, off.ms);
  const perRow = rounded((percentile(cpu, 0.5) / 100) * perPayload);
  const payload =
    `a program that packs payloads (${rounded(perPayload)} µs each) and tells of every one; ${PAIRS} pairs of a second or so each, ` +
    "the median of their differences; server and program share the host";
  const one = { bench: "ingest", unit: "%" };
  const name = "the calling program, more with the client on";
  return [
    marked(
      { ...one, case: `${name}: processor time of its thread` },
      percentile(cpu, 0.5),
      cpu,
      `${payload}; until all is answered, ${perRow} µs a row, of which a call of send is ${rounded(sendUs)} on the clock`,
      2,
    ),
    marked({ ...one, case: `${name}: time of its loop` }, percentile(clock, 0.5), clock, payload, 2),
  ];
}

async function storedRows(url: string): Promise<number> {
  const answer = (await (await fetch(`${url}/v1/ledger`)).json()) as {
    readonly datasets: Readonly<Record<string, { readonly stored: number }>>;
  };
  return answer.datasets[DATASET]?.stored ?? Number.NaN;
}
