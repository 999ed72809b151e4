/** A Millrace that others push to, with all that can be had of it by who does not have its key. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { keyPath } from "../../../actors/anonymizer/key.ts";
import { compressionTelemetry } from "../../../datasets/compression-telemetry.ts";
import { datasets } from "../../../datasets/index.ts";
import { process as processDataset } from "../../../datasets/process.ts";
import { PUSH_FORMATS } from "../../../ingest/decoder.ts";
import { MEDIA_TYPES } from "../../../ingest/media-types.ts";
import { readCsv, readParquet } from "../../actors/exporter/read-files.ts";
import type { PlainRow } from "../../actors/store/log/rows.ts";
import { encodeBody } from "../../ingest/fuzz/encode.ts";
import { Random } from "../../ingest/fuzz/random.ts";
import { filesBelow, type Haystack } from "../haystacks.ts";
import { sampleOf } from "../pushed-samples.ts";
import { EventStream, Server } from "../server.ts";
import { temporaryFolder, until } from "../support.ts";

/** Identifiers of one pushed row. */
export interface Pushed {
  readonly vm_id: string;
  readonly request_id: string;
  readonly session_id: string;
}

export interface Collected {
  readonly everything: readonly Haystack[];
  /** Rows as they leave, of the datasets that have identifiers; pushed ones in the order they were pushed in. */
  readonly samples: readonly PlainRow[];
  readonly processes: readonly PlainRow[];
  /** Pseudonyms of dead letters by column, and of groups. */
  readonly letters: readonly Readonly<Record<string, unknown>>[];
  readonly groups: readonly string[];
  /** Process id of the server itself, which is among the processes that it samples. */
  readonly pid: number;
  readonly key: Uint8Array;
}

const FORMATS = ["json", "jsonl", "sqlite", "arrow", "arrows", "parquet", "csv"] as const;
const TIME = "from=1970-01-02T00:00:00Z&to=2100-01-01T00:00:00Z";
const JSON_HEADERS = { "content-type": "application/json" };

/**
 * Pushes rows to a Millrace of its own, some of them bad, and collects what comes of them.
 * @param isWhole whether everything that leaves is wanted, and not only rows, dead letters and groups
 */
export async function collect(
  t: TestContext,
  pushed: readonly Pushed[],
  refused: readonly Pushed[],
  groups: readonly string[],
  isWhole = true,
): Promise<Collected> {
  const folder = temporaryFolder(t);
  const server = new Server(t, [
    ...["--port", "0", "--data", folder, "--log.level", "trace"],
    ...["--sampler.processIntervalMs", "1000", "--sampler.memoryIntervalMs", "1000"],
  ]);
  const url = await server.ready();
  const stream = await EventStream.open(`${url}/v1/streams/all`, t);
  const said: Haystack[] = [];
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(url + path, init);
    const bytes = Buffer.from(await response.arrayBuffer());
    const head = [...response.headers].map((header) => header.join(": ")).join("\n");
    const where = `the answer to ${path} (${response.status})`;
    said.push({ where: `${where}: its head`, bytes: Buffer.from(head) }, { where, bytes });
    return { status: response.status, bytes };
  };
  await push(url, ask, pushed, refused);
  const events = groups.map((group) => ({ metric_name: "latency", value: 1, group_by: group }));
  await ask("/pipeline/aggregate", { method: "POST", headers: JSON_HEADERS, body: JSON.stringify(events) });
  const stats = (await ask("/pipeline/stats/latency")).bytes.toString();
  await until("samples are streamed", () => {
    const seen = stream.events().map(({ event }) => event);
    return seen.includes(processDataset.name) && seen.includes(compressionTelemetry.name);
  });
  const letters = await ask("/v1/dead-letters?limit=1000");
  // From the log first, and from the lake after.
  const query = { method: "POST", headers: { ...JSON_HEADERS, accept: "text/csv" } };
  await ask("/v1/query", {
    ...query,
    body: JSON.stringify({ sql: "select * from compression_telemetry limit 50" }),
  });
  assert.equal((await ask("/v1/store/compact?all=true", { method: "POST" })).status, 200);
  if (isWhole) await exportAll(ask);
  const { samples, processes } = await exported(ask);
  for (const path of ["/metrics", "/v1/ledger", "/v1/actors", "/v1/store", "/v1/ingest", "/v1/exports"])
    await ask(path);
  const live = filesBelow(folder);
  assert.deepEqual(await server.kill("SIGTERM"), { code: 0, signal: null });
  const files = [...live, ...filesBelow(folder)].filter(({ where }) => !where.endsWith("pseudonym.key"));
  const everything = !isWhole
    ? []
    : [
        ...distinct([...files, ...said]),
        { where: "the stream", bytes: Buffer.from(stream.text) },
        { where: "standard error", bytes: Buffer.from(server.stderr) },
        { where: "standard output", bytes: Buffer.from(server.stdout) },
      ];
  return {
    ...{ everything, samples, processes, pid: server.pid },
    letters: (JSON.parse(letters.bytes.toString()) as { letters: Record<string, unknown>[] }).letters,
    groups: [...stats.matchAll(/\b[0-9a-f]{16}\b/g)].map(([group]) => group),
    key: readFileSync(keyPath(folder)),
  };
}

type Ask = (path: string, init?: RequestInit) => Promise<{ readonly status: number; readonly bytes: Buffer }>;

/** Rows in every format, one after the other; and bad ones beside them, so that there are dead letters. */
async function push(
  url: string,
  ask: Ask,
  pushed: readonly Pushed[],
  refused: readonly Pushed[],
): Promise<void> {
  const random = new Random(1);
  const path = `/v1/ingest/${compressionTelemetry.name}`;
  const sends = PUSH_FORMATS.map((format, index) => {
    const part = <T>(rows: readonly T[]) => {
      const size = Math.ceil(rows.length / PUSH_FORMATS.length);
      return rows.slice(index * size, (index + 1) * size);
    };
    const from = index * Math.ceil(pushed.length / PUSH_FORMATS.length);
    const good = part(pushed).map((ids, at) => ({ ...sampleOf(from + at + 1), ...ids }));
    const bad = part(refused).map((ids, at) => ({ ...sampleOf(at + 1), ...ids, rtt_ms: -1 }));
    return { format, rows: [...good, ...bad], good: good.length };
  });
  for (const { format, rows, good } of sends) {
    const body = encodeBody(format, compressionTelemetry, rows, random) as Uint8Array<ArrayBuffer>;
    const headers = { "content-type": MEDIA_TYPES[format][0]! };
    const { status, bytes } = await ask(path, { method: "POST", headers, body });
    assert.equal(status, 202, `${format}: ${bytes.toString()}`);
    assert.equal((JSON.parse(bytes.toString()) as { accepted: number }).accepted, good, format);
  }
  // And what is no row of the dataset at all.
  const mistakes = refused
    .slice(0, 20)
    .flatMap((ids) => [
      { ...sampleOf(1), ...ids, rtt_ms: ids.session_id },
      { ...sampleOf(1), vm_id: [ids.vm_id], request_id: { [ids.request_id]: 1 } },
      ids.session_id,
    ]);
  await ask(path, { method: "POST", headers: JSON_HEADERS, body: JSON.stringify(mistakes) });
  // The name of a column that is not declared is told to who sent it, and to nobody else.
  const named = refused.slice(0, 20).map((ids) => ({ ...sampleOf(1), ...ids, [ids.vm_id]: ids.session_id }));
  const told = await fetch(url + path, {
    method: "POST",
    headers: JSON_HEADERS,
    body: JSON.stringify(named),
  });
  assert.equal(told.status, 422, await told.text());
  for (const { vm_id } of refused.slice(0, 5)) {
    await ask(path, { method: "POST", headers: JSON_HEADERS, body: `[{"vm_id": "${vm_id}" "${vm_id}` });
  }
}

/** Every file that identifiers could be in. */
async function exportAll(ask: Ask): Promise<void> {
  const named = datasets.filter(({ publicColumns }) =>
    publicColumns.some(({ spec }) => spec.class === "identifier" || spec.class === "pseudonym"),
  );
  for (const { name } of named) {
    for (const format of FORMATS) await ask(`/v1/export/${name}.${format}?${TIME}`);
    for (const format of ["csv", "parquet"])
      await ask(`/v1/export/${name}.${format}?${TIME}&profile=anonymous&k=2`);
  }
}

async function exported(ask: Ask) {
  const read = async (dataset: typeof compressionTelemetry | typeof processDataset) => {
    const { bytes } = await ask(`/v1/export/${dataset.name}.csv?${TIME}`);
    const rows = readCsv(dataset, bytes);
    const parquet = await readParquet(
      dataset,
      (await ask(`/v1/export/${dataset.name}.parquet?${TIME}`)).bytes,
    );
    // Read later, as the host goes on being sampled.
    assert.ok(rows.length > 0 && parquet.length >= rows.length);
    return rows;
  };
  const samples = await read(compressionTelemetry);
  return { samples, processes: await read(processDataset) };
}

/** The same bytes need not be looked at twice. */
function distinct(haystacks: readonly Haystack[]): Haystack[] {
  const seen = new Set<string>();
  return haystacks.filter(({ bytes }) => {
    const text = `${bytes.byteLength} ${bytes.toString("latin1")}`;
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}
