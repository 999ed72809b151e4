/** Puts records into their frame (see format.ts). The jsonl events of `sse`, which are one a row, are jsonl.ts's own. */

import type { PublicBatch } from "../../runtime/batch/index.ts";
import { concatBytes } from "../../runtime/batch/index.ts";
import type { RowRun } from "../row-run.ts";
import { base64Bytes, putBase64 } from "./base64.ts";
import type { ChunkFacts, EventIds, RecordEncoder } from "./encoder.ts";
import type { Framing, MessageHead } from "./format.ts";
import { NOTHING, type RecordWriter, rowsIn } from "./writer.ts";

export interface FrameFacts {
  readonly dataset: string;
  readonly framing: Framing;
  readonly ids: EventIds;
}

const EVENT_END = new TextEncoder().encode("\n\n");

type Frame = (batch: PublicBatch, runs: readonly RowRun[], facts: ChunkFacts) => Uint8Array<ArrayBuffer>;

export function framed(writer: RecordWriter, { dataset, framing, ids }: FrameFacts): RecordEncoder {
  const { preamble, end } = writer;
  const encoder = new TextEncoder();
  const frames: Readonly<Record<Framing, Frame>> = {
    raw: (batch, runs) => new Uint8Array(writer.write(batch, runs)),
    message(batch, runs, facts) {
      const head = encoder.encode(`${JSON.stringify(headOf(dataset, batch, runs, facts))}\n`);
      return concatBytes([head, preamble, writer.write(batch, runs), end]);
    },
    sse(batch, runs, facts) {
      const head = `event: ${dataset}\nid: ${idOf(ids, batch, runs, facts)}\ndata: `;
      return eventOf(encoder.encode(head), concatBytes([preamble, writer.write(batch, runs), end]));
    },
  };
  return { preamble: framing === "raw" ? preamble : NOTHING, encode: frames[framing] };
}

function headOf(
  dataset: string,
  batch: PublicBatch,
  runs: readonly RowRun[],
  { subscription, first = batch.firstSequence, next = batch.firstSequence + batch.rows }: ChunkFacts,
): MessageHead {
  return { op: "rows", subscription, dataset, first, next, rows: rowsIn(runs) };
}

/** Id of the last row. */
function idOf(ids: EventIds, batch: PublicBatch, runs: readonly RowRun[], facts: ChunkFacts): string {
  const next = batch.firstSequence + runs[runs.length - 1]!.to;
  return facts.idBefore + (ids === "row" ? String(next - 1) : next.toString(36)) + facts.idAfter;
}

function eventOf(head: Uint8Array, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(head.length + base64Bytes(payload.length) + EVENT_END.length);
  bytes.set(head);
  bytes.set(EVENT_END, putBase64(new DataView(bytes.buffer), head.length, payload));
  return bytes;
}
