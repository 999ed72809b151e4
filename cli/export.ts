/**
 * `millrace export`: stored rows of a span of time into a file, out of a running Millrace or of a stopped one's folder; with
 * `--stream`, rows as they come (export-stream.ts).
 */

import { createReadStream, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { COMPRESSIONS, EXPORT_FORMATS, type ExportStats, PROFILES } from "../actors/exporter/order.ts";
import type { Exported, ExportRangeOptions, StoreClient } from "../api/store-client.ts";
import { STREAM_FORMATS } from "../datasets/records/format.ts";
import { OUTLET_TRANSPORTS } from "../http/outlet-view.ts";
import { onStopSignal } from "../runtime/platform/index.ts";
import type { Command, Given } from "./command.ts";
import { printOut, writeOut } from "./console.ts";
import { CommandEnd, INTERRUPTED, refusalEnd, usageError } from "./exit-codes.ts";
import { exportStream } from "./export-stream.ts";
import { exportWish } from "./export-wish.ts";
import { bytesText, countText, secondsText } from "./figures.ts";
import { openStore, STORE_ARGS } from "./open-store.ts";
import { ProgressLine, rowsText } from "./progress-line.ts";
import { TIME_ARGS } from "./time-args.ts";

export const exportCommand: Command = {
  name: "export",
  description: "Writes stored rows of a dataset to a file, or gives rows as they come",
  args: {
    dataset: { type: "string", valueHint: "name", description: "Dataset, such as process or memory_1m" },
    all: { type: "boolean", description: "All datasets, a file each, into the folder that --output names" },
    format: {
      type: "string",
      valueHint: "format",
      description: `${EXPORT_FORMATS.join(", ")}; default: as --output ends. With --stream ${STREAM_FORMATS.join(", ")}; default jsonl`,
    },
    output: {
      type: "string",
      valueHint: "file",
      description: "File to write; - is standard output. With --stream, a named pipe, which is made",
    },
    stream: { type: "boolean", description: "Rows as they come, out of a running Millrace, until Ctrl-C" },
    port: {
      type: "string",
      valueHint: "n",
      description: "With --stream: port of 127.0.0.1 that whoever connects reads from; 0: any free one",
    },
    transport: {
      type: "string",
      valueHint: "name",
      description: `With --stream: ${OUTLET_TRANSPORTS.join(", ")}; default tcp, or pipe with --output`,
    },
    force: { type: "boolean", description: "Replace the file when it is there" },
    ...TIME_ARGS,
    columns: { type: "string", valueHint: "a,b", description: "Only these columns, in this order" },
    where: {
      type: "string",
      valueHint: "filter",
      description: 'Only these rows, such as "cpu_percent > 50"',
    },
    newest: {
      type: "string",
      valueHint: "n",
      description: "Only the newest rows, so many at the most, the latest first",
    },
    training: {
      type: "boolean",
      description:
        "The rows and columns that the dataset declares for training; format csv where nothing else is said",
    },
    compression: {
      type: "string",
      valueHint: "name",
      description: `${COMPRESSIONS.join(", ")}; default: as --output ends, else zstd for parquet and none for others`,
    },
    anonymize: {
      type: "boolean",
      description: "The profile anonymous: k-anonymous, times to the hour, with a report",
    },
    profile: {
      type: "string",
      valueHint: "name",
      description: `${PROFILES.join(", ")}; default ${PROFILES[0]}`,
    },
    k: {
      type: "string",
      valueHint: "n",
      description: "With --anonymize: rows that are alike, from 2 on; default 5",
    },
    "max-suppressed": {
      type: "string",
      valueHint: "share",
      description: "With --anonymize: share of the rows that may be left out, from 0 to 1; default 0.1",
    },
    json: { type: "boolean", description: "Print what came of it as JSON on standard output" },
    ...STORE_ARGS,
  },
  examples: [
    "millrace export --dataset process --hours 24 --output day.parquet",
    "millrace export --dataset memory_1m --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z --output january.csv.gz",
    "millrace export --dataset process --anonymize --k 10 --output shared.csv",
    "millrace export --training --dataset compression_telemetry --output training.csv",
    "millrace export --all --format jsonl --output folder",
    "millrace export --stream --port 9999 --format jsonlines --dataset memory",
    "millrace export --stream --port 5556 --transport zeromq --format msgpack",
    'millrace export --stream --output - --dataset process --where "cpu_percent > 50"',
  ],
  run,
};

async function run(given: Given): Promise<void> {
  if (given.flag("stream")) return exportStream(given);
  const wish = exportWish(given, Date.now());
  const { client } = openStore(given);
  const abort = new AbortController();
  const offSignal = onStopSignal(() => abort.abort());
  try {
    if (wish.folder !== undefined) makeFolder(wish.folder);
    const done: Exported[] = [];
    const below: string[] = [];
    for (const options of wish.exports) {
      const exported = await exportOne(client, options, abort.signal, wish.toStdout);
      if (exported.ok) done.push(exported);
      // The others may keep the policy all the same.
      else if (exported.reason === "below-policy" && wish.folder !== undefined) {
        below.push(`${options.dataset}: ${exported.message}`);
      } else throw refusalEnd(exported);
    }
    if (given.flag("json")) {
      const stats = done.map(({ path, stats }) => ({ path, ...stats }));
      await printOut(`${JSON.stringify(wish.folder === undefined ? stats[0] : stats, undefined, 2)}\n`);
    }
    if (below.length > 0) throw refusalEnd({ reason: "below-policy", message: below.join("\n") });
  } finally {
    offSignal();
    await client.close();
  }
}

type Options = Omit<ExportRangeOptions, "onProgress" | "signal">;

async function exportOne(client: StoreClient, options: Options, signal: AbortSignal, toStdout: boolean) {
  const line = new ProgressLine(process.stderr);
  const file = toStdout ? temporaryFile() : undefined;
  const { dataset } = options;
  try {
    const exported = await client.exportRange({
      ...options,
      output: file?.path ?? options.output,
      signal,
      onProgress: ({ seenRows, mostRows, bytes }) => {
        line.show(seenRows / mostRows, dataset, `${rowsText(seenRows, mostRows)}, ${bytesText(bytes)}`);
      },
    });
    line.clear();
    if (!exported.ok) return exported;
    if (file !== undefined) await sendToStdout(file.path, signal);
    process.stderr.write(`${summary(toStdout ? "-" : exported.path, exported)}\n`);
    return exported;
  } finally {
    line.clear();
    file?.remove();
  }
}

/** What came of it, on one line. */
function summary(path: string, { stats, privacy }: Exported): string {
  const { rows, bytes, seconds, rowsPerSecond, format, compression, profile, copiedRows }: ExportStats =
    stats;
  const how = compression === "none" ? format : `${format} with ${compression}`;
  const copied = copiedRows > 0 ? `, ${countText(copiedRows)} of them copied as they lie` : "";
  const line = `${path}: ${countText(rows)} rows, ${bytesText(bytes)}, ${secondsText(seconds)} (${countText(rowsPerSecond)} rows/s)${copied}; ${how}, ${profile}`;
  if (privacy === undefined) return line;
  const report = path === "-" ? "" : `; report in ${path}.privacy.html`;
  return `${line}; ${countText(stats.suppressedRows)} rows left out, k ${privacy.k}${report}`;
}

/** A file that goes to standard output is made whole first: of one that cannot be made, nothing is to be seen. */
function temporaryFile(): { readonly path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "millrace-export-"));
  return { path: join(folder, "file"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

async function sendToStdout(path: string, signal: AbortSignal): Promise<void> {
  for await (const part of createReadStream(path, { highWaterMark: 2 ** 18 })) {
    if (signal.aborted) throw new CommandEnd(INTERRUPTED, "the export was cancelled");
    await writeOut(part as Uint8Array);
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw usageError(`--output: the folder ${folder} cannot be made (${code}); choose another`);
  }
}
