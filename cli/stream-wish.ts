/** What `millrace export --stream` was asked for: an outlet that others read from, or the stream on standard output. */

import { resolve } from "node:path";
import { ALL_DATASETS } from "../actors/outlets/outlet-address.ts";
import type { OutletAt, OutletOptions } from "../api/outlets.ts";
import type { StreamBytesOptions } from "../api/remote.ts";
import { datasets } from "../datasets/index.ts";
import { STREAM_FORMATS, type StreamFormat } from "../datasets/records/format.ts";
import { OUTLET_TRANSPORTS } from "../http/outlet-view.ts";
import type { Given } from "./command.ts";
import { usageError } from "./exit-codes.ts";
import { unknownName } from "./unknown-name.ts";

export type StreamWish =
  | { readonly to: "stdout"; readonly stream: StreamBytesOptions }
  | { readonly to: "outlet"; readonly outlet: OutletOptions };

/** Options of exports that have no meaning for rows that are yet to come. */
const OF_FILES = [
  "force",
  "hours",
  "from",
  "to",
  "compression",
  "anonymize",
  "profile",
  "k",
  "max-suppressed",
  "json",
] as const;
/** Another name that people know a format by. */
const ALIASES: Readonly<Record<string, StreamFormat>> = { jsonlines: "jsonl", ndjson: "jsonl" };
const STDOUT = "-";

/** @throws CommandEnd that names the option that is wrong */
export function streamWish(given: Given): StreamWish {
  const strange = OF_FILES.find((name) => given.texts(name).length > 0);
  if (strange !== undefined) throw usageError(`--${strange}: expected it without --stream; came with it`);
  const format = formatOf(given.text("format"));
  const columns = given.text("columns");
  const where = given.text("where");
  const names = datasetsOf(given);
  const rows = {
    ...(names === undefined ? {} : { datasets: names }),
    ...(columns === undefined ? {} : { columns: columns.split(",").map((name) => name.trim()) }),
    ...(where === undefined ? {} : { where }),
    format,
  };
  const at = placeOf(given);
  return at === undefined ? { to: "stdout", stream: rows } : { to: "outlet", outlet: { ...rows, ...at } };
}

/** Undefined: standard output. */
function placeOf(given: Given): OutletAt | undefined {
  const [output, port, transport] = [given.text("output"), given.text("port"), given.text("transport")];
  if (transport !== undefined && !OUTLET_TRANSPORTS.some((known) => known === transport)) {
    throw unknownName("--transport", transport, OUTLET_TRANSPORTS);
  }
  if (output !== undefined && port !== undefined) {
    throw usageError("--port: expected it, or --output, which names a pipe; came both");
  }
  if (output === STDOUT) {
    if (transport !== undefined)
      throw usageError(`--transport: expected none with --output -; came ${transport}`);
    return undefined;
  }
  if (output !== undefined) {
    if (transport === undefined || transport === "pipe") return { transport: "pipe", path: resolve(output) };
    throw usageError(`--output: expected it with the transport pipe; came with ${transport}: give --port`);
  }
  if (transport === "pipe") {
    throw usageError("--output: expected the path of the pipe; came nothing");
  }
  if (port === undefined) {
    throw usageError(
      "--port: expected the port to give rows at (0: any free one), --output <pipe>, or --output - for standard output; came none",
    );
  }
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw usageError(`--port: expected a whole number from 0 to 65535; came ${JSON.stringify(port)}`);
  }
  return { transport: transport === "zeromq" ? "zeromq" : "tcp", port: Number(port) };
}

/** Undefined: all. */
function datasetsOf(given: Given): readonly string[] | undefined {
  const asked = given.text("dataset");
  if (asked !== undefined && given.flag("all")) {
    throw usageError("--dataset: expected it, or --all; came both");
  }
  if (asked === undefined || asked === ALL_DATASETS) return undefined;
  const known = datasets.map(({ name }) => name);
  const names = asked.split(",").map((name) => name.trim());
  for (const name of names) if (!known.includes(name)) throw unknownName("--dataset", name, known);
  return names;
}

function formatOf(text = "jsonl"): StreamFormat {
  const format = STREAM_FORMATS.find((known) => known === text) ?? ALIASES[text];
  if (format === undefined) throw unknownName("--format", text, STREAM_FORMATS);
  return format;
}
