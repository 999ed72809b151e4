/**
 * `millrace export --stream`: rows as they come. Onto standard output; or at an outlet of the running Millrace, which this command
 * keeps open by renewing its lease, so that it is closed also when the command is killed.
 */

import process from "node:process";
import type { OutletOptions } from "../api/outlets.ts";
import type { RemoteStoreClient, StreamBytesOptions } from "../api/remote.ts";
import type { OutletView } from "../http/outlet-view.ts";
import { pause, systemClock } from "../runtime/clock.ts";
import { onStopSignal } from "../runtime/platform/index.ts";
import type { Given } from "./command.ts";
import { printOut, writeOut } from "./console.ts";
import { CommandEnd, FAILED, refusalEnd } from "./exit-codes.ts";
import { countText } from "./figures.ts";
import { openServer } from "./open-store.ts";
import { outletExample } from "./outlet-example.ts";
import { ProgressLine } from "./progress-line.ts";
import { streamWish } from "./stream-wish.ts";

const LEASE_MS = 30_000;
const RENEW_MS = 10_000;
/** With a terminal, which shows what is sent. */
const SHOW_MS = 1000;
/** A server that does not answer for this long is given up: the lease is over by then. */
const LOST_MS = 60_000;
/** What a server has to answer in, once the command is to end. */
const END_MS = 2000;
/** Reasons for which it is asked again. */
const PASSING: readonly string[] = ["unreachable", "unavailable", "too-many"];

/** Ctrl-C is how it ends: that is no failure. @throws CommandEnd when it cannot be done */
export async function exportStream(given: Given): Promise<void> {
  const wish = streamWish(given);
  const client = await openServer(given);
  const abort = new AbortController();
  let late: ReturnType<typeof setTimeout> | undefined;
  const offSignal = onStopSignal(() => {
    abort.abort();
    late ??= setTimeout(() => void client.close(), END_MS);
  });
  try {
    if (wish.to === "stdout") await toStdout(client, wish.stream, abort.signal);
    else await atOutlet(client, wish.outlet, abort.signal);
  } finally {
    offSignal();
    clearTimeout(late);
    await client.close();
  }
}

async function toStdout(client: RemoteStoreClient, options: StreamBytesOptions, signal: AbortSignal) {
  const stream = await client.streamBytes({ ...options, signal });
  if (!stream.ok) {
    if (signal.aborted) return;
    throw refusalEnd(stream);
  }
  let stop: () => void = () => {};
  signal.addEventListener("abort", () => stop());
  try {
    for await (const bytes of stream.bytes) {
      await new Promise<void>((resolve, reject) => {
        // Who reads standard output may have ceased to.
        stop = resolve;
        write(bytes).then(resolve, reject);
      });
    }
  } catch (error) {
    if (error instanceof CommandEnd || (error as NodeJS.ErrnoException).code === "EPIPE") throw error;
  }
  if (!signal.aborted)
    throw new CommandEnd(FAILED, "the stream broke off; start Millrace, and the command again");
}

async function write(bytes: Uint8Array): Promise<void> {
  try {
    await writeOut(bytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EPIPE") throw error;
    throw new CommandEnd(FAILED, `standard output cannot be written (${code ?? "unknown"})`);
  }
}

async function atOutlet(
  client: RemoteStoreClient,
  options: OutletOptions,
  signal: AbortSignal,
): Promise<void> {
  const opened = await client.openOutlet({ ...options, leaseMs: LEASE_MS });
  if (!opened.ok) {
    if (signal.aborted) return;
    throw refusalEnd(opened);
  }
  let { outlet } = opened;
  const line = new ProgressLine(process.stderr);
  try {
    await printOut(announcement(outlet));
    const everyMs = process.stderr.isTTY === true ? SHOW_MS : RENEW_MS;
    let lostMs = 0;
    while (!signal.aborted) {
      await pause(systemClock, lostMs > 0 ? SHOW_MS : everyMs, [signal]);
      if (signal.aborted) break;
      const renewed = await renew(client, outlet, options);
      if (signal.aborted && !renewed.ok) break;
      if (renewed.ok) {
        lostMs = 0;
        outlet = renewed.outlet;
        line.say(status(outlet));
        continue;
      }
      if (!PASSING.includes(renewed.reason) || lostMs >= LOST_MS) throw refusalEnd(renewed);
      lostMs += SHOW_MS;
      line.say(`${outlet.address}: the server does not answer; asked again`);
    }
    const closed = await client.closeOutlet(outlet.id);
    line.clear();
    const { sentRows } = closed.ok ? closed.outlet : outlet;
    const end = closed.ok ? "closed" : "the server does not answer; it closes by itself";
    process.stderr.write(`${outlet.address}: ${end}; ${countText(sentRows)} rows were sent\n`);
  } finally {
    line.clear();
  }
}

/** Opens it anew, at the same place, where the server was started again meanwhile. */
async function renew(client: RemoteStoreClient, outlet: OutletView, options: OutletOptions) {
  const renewed = await client.renewOutlet(outlet.id);
  if (renewed.ok || renewed.reason !== "unknown-outlet") return renewed;
  const place = options.transport === "pipe" ? options : { ...options, port: outlet.port ?? options.port };
  return client.openOutlet({ ...place, leaseMs: LEASE_MS });
}

function announcement(outlet: OutletView): string {
  const { address, datasets, format } = outlet;
  const schema = format === "protobuf" ? "\nWhat a record is made of: GET /v1/streams/schema.proto" : "";
  return `${address} gives rows of ${datasets.join(", ")} as ${format} until Ctrl-C. To read them:\n\n  ${outletExample(outlet)}\n${schema}\n`;
}

function status({ address, clients, sentRows }: OutletView): string {
  const dropped = clients.reduce((rows, client) => rows + client.droppedRows, 0);
  const who = clients.length === 1 ? "1 client" : `${clients.length} clients`;
  return `${address}: ${who}, ${countText(sentRows)} rows sent, ${countText(dropped)} dropped`;
}
