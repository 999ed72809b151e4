/**
 * What do streams cost, and what does one bad client cost the others? Three questions, each with Millrace, a process of clients
 * and, where there is one, the peer: a plain broadcast server on the `ws` package, in the same run.
 *
 * - A row a millisecond to a hundred clients: how long from the row's writing to its receipt? Every row of every client counts.
 * - A hundred thousand rows a second to ten clients: are they all there after half a minute?
 * - One client of a hundred that never reads: how much more memory, and are the others served as before?
 *
 * Server and clients are of one host and share its cores; both clocks are the host's.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "./child.ts";
import type { ClientsTold } from "./fixtures/stream-clients.ts";
import type { ServerTold } from "./fixtures/stream-server.ts";
import { type MarkedCase, pause, rounded } from "./marked.ts";

const WARM_UP_MS = 4000;
const SETTLE_MS = 1500;
/** Time in which what is under way arrives, after the source has stopped. */
const ARRIVE_MS = 10_000;
const LOOK_EVERY_MS = 250;
const LATENCY = { dataset: "memory", rowsPerSecond: 1000, batchRows: 1, clients: 100, runMs: 20_000 };
const LATENCY_MARK_MS = 5;
const FLOOD = { dataset: "process", rowsPerSecond: 100_000, batchRows: 1000, clients: 10, runMs: 30_000 };
/** Two million bytes a second to each client: what the one does not read fills its queue and every buffer before it. */
const STALL = { dataset: "memory", rowsPerSecond: 5000, batchRows: 50, clients: 100, runMs: 20_000 };
const STALL_MARK_MIB = 50;

interface Load {
  readonly dataset: string;
  readonly rowsPerSecond: number;
  readonly batchRows: number;
  readonly clients: number;
  readonly runMs: number;
}

interface Run {
  readonly told: ClientsTold;
  readonly written: number;
  readonly refused: number;
  /** The server's memory at the end, MiB. */
  readonly rssMib: number;
}

type Transport = "sse" | "websocket";
type Server = "millrace" | "ws";

/** Runs the cases and reports each. Takes some four minutes. */
export async function benchStream(report: (measured: MarkedCase) => void): Promise<void> {
  for (const transport of ["sse", "websocket"] as const) {
    const ours = await run("millrace", transport, "latency", LATENCY);
    const peer = await run("ws", "websocket", "latency", LATENCY);
    for (const at of ["p50", "p99"] as const) {
      report({
        result: {
          bench: "stream",
          case: `${LATENCY.clients} clients by ${transport}, a row a millisecond: ${at}`,
          unit: "ms",
          ours: rounded(ours.told.latency![at]),
          peers: { "ws broadcast": rounded(peer.told.latency![at]) },
          ratio: rounded(peer.told.latency![at] / ours.told.latency![at]),
        },
        payload: `${rowsOf(ours)} rows received; the slowest ${rounded(ours.told.latency!.max)} ms, the peer's ${rounded(peer.told.latency!.max)} ms`,
        spread: {},
        mark: at === "p99" ? LATENCY_MARK_MS : undefined,
      });
    }
  }
  for (const transport of ["sse", "websocket"] as const) {
    const ours = await run("millrace", transport, "rows", FLOOD);
    const peer = await run("ws", "websocket", "rows", FLOOD);
    report({
      result: {
        bench: "stream",
        case: `${FLOOD.clients} clients by ${transport}, 100 000 rows a second for ${FLOOD.runMs / 1000} s: received by each`,
        unit: "rows/s",
        ours: rounded(rateOf(ours, FLOOD)),
        peers: { "ws broadcast": rounded(rateOf(peer, FLOOD)) },
        ratio: rounded(rateOf(ours, FLOOD) / rateOf(peer, FLOOD)),
      },
      payload: `${ours.written} rows written, ${ours.refused} refused, ${ours.told.dropped} dropped; memory ${rounded(ours.rssMib)} MiB, the peer's ${rounded(peer.rssMib)}`,
      spread: {},
      // Timers of a whole millisecond, and the run's two ends.
      mark: FLOOD.rowsPerSecond * 0.99,
      least: true,
    });
  }
  const without = await run("millrace", "sse", "latency", STALL);
  const stalled = await run("millrace", "sse", "latency", STALL, 1);
  report({
    result: {
      bench: "stream",
      case: "one client of a hundred never reads: memory above the run without it",
      unit: "MiB",
      ours: rounded(Math.max(0.01, stalled.rssMib - without.rssMib)),
      peers: {},
      ratio: null,
    },
    payload: `${rounded(stalled.rssMib)} MiB, ${rounded(without.rssMib)} MiB without it; p99 of the others ${rounded(stalled.told.latency!.p99)} ms, ${rounded(without.told.latency!.p99)} ms without it`,
    spread: {},
    mark: STALL_MARK_MIB,
  });
}

/** One run: warmed up, reset, measured. @throws Error when a client that reads has not had every row */
async function run(
  kind: Server,
  transport: Transport,
  mode: "latency" | "rows",
  load: Load,
  stalled = 0,
): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  const { dataset, rowsPerSecond, batchRows, clients, runMs } = load;
  const server =
    kind === "millrace"
      ? new Child("stream-server.ts", [folder, dataset, String(rowsPerSecond), String(batchRows)])
      : new Child("stream-peer.ts", [String(rowsPerSecond), String(batchRows)]);
  try {
    const { url } = await server.line<{ url: string }>();
    const scheme = transport === "sse" ? url : url.replace(/^http/, "ws");
    const address = kind === "millrace" ? `${scheme}/v1/streams/${dataset}` : url;
    const reader = new Child("stream-clients.ts", [
      address,
      transport,
      String(clients),
      mode,
      String(stalled),
    ]);
    try {
      await reader.line();
      await server.ask("start");
      await pause(WARM_UP_MS);
      await server.ask("stop");
      await pause(SETTLE_MS);
      await reader.ask("reset");
      await server.ask("start");
      await pause(runMs);
      const { written, refused, rssMib } = await server.ask<ServerTold>("stop");
      const shortOf = (told: ClientsTold) => told.rows.slice(stalled).find((rows) => rows < written);
      let told = await reader.ask<ClientsTold>("tell");
      for (let waited = 0; shortOf(told) !== undefined && waited < ARRIVE_MS; waited += LOOK_EVERY_MS) {
        await pause(LOOK_EVERY_MS);
        told = await reader.ask<ClientsTold>("tell");
      }
      const short = shortOf(told);
      if (short !== undefined && told.dropped === 0) {
        throw new Error(
          `${kind} by ${transport}: of ${written} rows a client had ${short}, and none is said to be dropped`,
        );
      }
      return { told, written, refused, rssMib };
    } finally {
      await reader.end();
    }
  } finally {
    await server.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

function rowsOf({ told }: Run): number {
  return told.rows.reduce((sum, rows) => sum + rows, 0);
}

/** Rows a second that the client with the fewest had. */
function rateOf({ told }: Run, { runMs }: Load): number {
  return (Math.min(...told.rows) / runMs) * 1000;
}

if (import.meta.main) {
  const { describeMarked } = await import("./marked.ts");
  await benchStream((measured) => console.log(describeMarked(measured)));
}
