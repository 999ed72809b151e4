/**
 * Records as JSON, one on a line: `{"dataset":"memory","sequence":12,…}`, the values as json-rows.ts has them. And the same as
 * server-sent events, one a row, where dataset and number stand in `event` and `id` too.
 */

import type { PublicBatch } from "../../runtime/batch/index.ts";
import { jsonMembers } from "../json-rows.ts";
import { NUMBER_BYTES, putWhole } from "../number-text.ts";
import type { RowRun } from "../row-run.ts";
import type { RowLead } from "../row-text.ts";
import type { TableShape } from "../shape.ts";
import { Literal, SLACK_BYTES } from "../text-sink.ts";
import { putBase36 } from "./base36.ts";
import type { ChunkFacts, EventIds, RecordEncoder } from "./encoder.ts";
import { scratch } from "./scratch.ts";
import { NOTHING, type RecordWriter } from "./writer.ts";

export function jsonRecords(shape: TableShape): RecordWriter {
  const rows = jsonMembers(shape, "\n");
  const lead = new RecordLead(recordStart(shape));
  return {
    preamble: NOTHING,
    end: NOTHING,
    write(batch: PublicBatch, runs: readonly RowRun[]) {
      scratch.clear();
      lead.first = batch.firstSequence;
      for (const { from, to } of runs) rows.append(scratch, batch, from, to, lead);
      return scratch.bytes();
    },
  };
}

export function jsonEvents(shape: TableShape, ids: EventIds): RecordEncoder {
  const rows = jsonMembers(shape, "\n\n");
  const lead = new EventLead(shape, ids);
  return {
    preamble: NOTHING,
    encode(batch, runs, facts) {
      scratch.clear();
      lead.begin(batch.firstSequence, facts);
      for (const { from, to } of runs) rows.append(scratch, batch, from, to, lead);
      return scratch.take();
    },
  };
}

/** What a record begins with, up to its number. */
function recordStart({ name }: TableShape): string {
  return `{"dataset":${JSON.stringify(name)},"sequence":`;
}

class RecordLead implements RowLead {
  readonly bytes: number;
  /** Number of the batch's first row. */
  first = 0;
  readonly #start: Literal;

  constructor(start: string) {
    this.#start = new Literal(start);
    this.bytes = this.#start.length + NUMBER_BYTES;
  }

  put(into: DataView, at: number, row: number): number {
    return putWhole(into, this.#start.put(into, at), this.first + row);
  }
}

class EventLead implements RowLead {
  bytes = 0;
  #first = 0;
  readonly #ids: EventIds;
  readonly #event: string;
  readonly #data: string;
  /** The part before the id's number, and that between it and the record's, with the texts of the chunk in them. */
  #before = new Literal("");
  #between = new Literal("");
  #idBefore: string | undefined;
  #idAfter: string | undefined;

  constructor(shape: TableShape, ids: EventIds) {
    this.#ids = ids;
    this.#event = `event: ${shape.name}\nid: `;
    this.#data = `\ndata: ${recordStart(shape)}`;
  }

  begin(firstSequence: number, { idBefore, idAfter }: ChunkFacts): void {
    this.#first = firstSequence;
    if (idBefore === this.#idBefore && idAfter === this.#idAfter) return;
    this.#idBefore = idBefore;
    this.#idAfter = idAfter;
    this.#before = new Literal(this.#event + idBefore);
    this.#between = new Literal(idAfter + this.#data);
    this.bytes = this.#before.length + this.#between.length + 2 * NUMBER_BYTES + SLACK_BYTES;
  }

  put(into: DataView, at: number, row: number): number {
    const sequence = this.#first + row;
    const id = this.#before.put(into, at);
    const end = this.#ids === "row" ? putWhole(into, id, sequence) : putBase36(into, id, sequence + 1);
    return putWhole(into, this.#between.put(into, end), sequence);
  }
}
