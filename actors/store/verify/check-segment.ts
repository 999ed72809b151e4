/** What the frames of one segment hold: batches of the schemas that its head names, rows that go on where those before end. */

import type { Dataset } from "../../../datasets/define.ts";
import { BatchPlan, MessageBatch } from "../../../runtime/batch/index.ts";
import { type Compacted, isCompacted, type Manifest, NOTHING_IN_LAKE } from "../lake/manifest.ts";
import type { Frame, SegmentReader } from "../log/frame-reader.ts";
import {
  type CountsPayload,
  FRAME_BATCH,
  FRAME_COUNTS,
  FRAME_RECEIPTS,
  type FrameHeader,
  isReceiptOf,
  type SegmentDataset,
  type SegmentHead,
} from "../log/log-format.ts";
import { readSchema } from "../log/read-schema.ts";
import { decodeReceipts } from "../log/receipts.ts";
import { rowRuns } from "../row-runs.ts";
import { bufferFault, timeSpan, valueFault } from "./check-batch.ts";
import { BRING_BACK, type Findings, READ_ELSEWHERE } from "./findings.ts";

const EVERY_ROW = {
  fromMs: Number.NEGATIVE_INFINITY,
  toMs: Number.POSITIVE_INFINITY,
  endSequence: Number.POSITIVE_INFINITY,
};

/** What the log says of a dataset, up to where it was read. */
export interface LogAccount {
  /** Rows that were ever stored. */
  stored: number;
  nextSequence: number;
  latestMs: number | null;
  /** Rows that are in the log and not in the lake. */
  rows: number;
}

/** Checks the frames of one segment. */
export class SegmentCheck {
  /** Whether no row was met that is not in the lake. */
  isCompacted = true;
  readonly #where: string;
  readonly #accounts: Map<string, LogAccount>;
  readonly #findings: Findings;
  readonly #tables: readonly (TableCheck | undefined)[];
  readonly #names: readonly string[];
  /** Header of a receipt whose batch has to follow. */
  #receipt: FrameHeader | undefined;

  constructor(
    head: SegmentHead,
    where: string,
    accounts: Map<string, LogAccount>,
    manifest: Manifest,
    datasets: readonly Dataset[],
    findings: Findings,
  ) {
    this.#where = where;
    this.#accounts = accounts;
    this.#findings = findings;
    this.#names = head.datasets.map(({ name }) => name);
    this.#tables = head.datasets.map((then) => {
      const table = TableCheck.make(then, manifest, datasets);
      if (table === undefined)
        findings.problem(where, `the schema of ${then.name} cannot be read`, READ_ELSEWHERE);
      return table;
    });
  }

  frame(frame: Frame, reader: SegmentReader, buffer: ArrayBufferLike): void {
    const { header, fileOffset } = frame;
    const fault = this.#faultOf(frame, reader, buffer);
    if (fault === undefined) return;
    const kind = header.type === FRAME_BATCH ? `a batch of ${header.rows} rows` : "a frame";
    this.#findings.problem(`${this.#where}, byte ${fileOffset}`, `${kind} ${fault}`, BRING_BACK);
  }

  #faultOf(frame: Frame, reader: SegmentReader, buffer: ArrayBufferLike): string | undefined {
    const { header } = frame;
    const receipt = this.#receipt;
    this.#receipt = undefined;
    const fault = this.#contentFault(frame, reader, buffer);
    if (receipt === undefined || isReceiptOf(receipt, header)) return fault;
    return `follows a receipt of ${receipt.rows} rows from number ${receipt.firstSequence} on, and does not have them`;
  }

  #contentFault(frame: Frame, reader: SegmentReader, buffer: ArrayBufferLike): string | undefined {
    const { header } = frame;
    if (header.type === FRAME_RECEIPTS) return this.#receipts(header, reader.bytes(frame));
    if (header.type === FRAME_COUNTS) return this.#counts(parseJson<CountsPayload>(reader.text(frame)));
    if (header.type !== FRAME_BATCH) return `is of type ${header.type}, which cannot be here`;
    const table = this.#tables[header.dataset];
    const account = table && this.#accounts.get(table.name);
    if (table === undefined || account === undefined)
      return "is of a dataset that the segment's head does not name";
    const { nextSequence } = account;
    account.stored += header.rows;
    account.nextSequence = Math.max(nextSequence, header.firstSequence + header.rows);
    account.latestMs = Math.max(account.latestMs ?? Number.NEGATIVE_INFINITY, header.maxTimeMs);
    const { fault, rows } = table.check(frame, buffer);
    account.rows += rows;
    if (rows > 0) this.isCompacted = false;
    if (header.firstSequence < nextSequence) {
      return `of ${table.name} begins with row ${header.firstSequence}, though row ${nextSequence - 1} is before it`;
    }
    return fault === undefined ? undefined : `of ${table.name} ${fault}`;
  }

  #receipts(header: FrameHeader, bytes: Uint8Array): string | undefined {
    const receipts = decodeReceipts(bytes, this.#names);
    if (receipts === undefined) return "of receipts cannot be read";
    if (header.rows === 0) return undefined;
    this.#receipt = { ...header };
    const isOne = receipts.length === 1 && receipts[0]?.rows === header.rows;
    return isOne ? undefined : `of receipts is of ${header.rows} rows, and its receipt of others`;
  }

  #counts(counts: CountsPayload | undefined): string | undefined {
    if (counts === undefined) return "of counts is no JSON";
    for (const [name, { nextSequence }] of Object.entries(counts)) {
      const account = this.#accounts.get(name);
      if (account === undefined) return `of counts names ${name}, which the segment's head does not`;
      account.nextSequence = Math.max(account.nextSequence, nextSequence);
    }
    return undefined;
  }
}

/** Checks the batches of one dataset in one segment. */
class TableCheck {
  readonly name: string;
  readonly #batch: MessageBatch;
  /** Which of the batch's columns is the time; undefined when this program does not know the dataset. */
  readonly #time: string | undefined;
  readonly #compacted: Compacted;

  static make(
    { name, schema }: SegmentDataset,
    manifest: Manifest,
    datasets: readonly Dataset[],
  ): TableCheck | undefined {
    const fields = readSchema(schema);
    if (fields === undefined) return undefined;
    const time = datasets.find((dataset) => dataset.name === name)?.time;
    const isThere = fields.some((field) => field.name === time && field.type === "timestamp");
    const { compacted } = manifest.datasets[name] ?? NOTHING_IN_LAKE;
    return new TableCheck(
      name,
      new BatchPlan({ public: fields, raw: [] }),
      isThere ? time : undefined,
      compacted,
    );
  }

  private constructor(name: string, plan: BatchPlan, time: string | undefined, compacted: Compacted) {
    this.name = name;
    this.#batch = new MessageBatch(plan);
    this.#time = time;
    this.#compacted = compacted;
  }

  /** @returns what is wrong with the batch, and how many of its rows the lake does not have */
  check({ header, payloadAt }: Frame, buffer: ArrayBufferLike): { fault: string | undefined; rows: number } {
    const batch = this.#batch;
    const bad = (fault: string) => ({ fault, rows: header.rows });
    if (!batch.bind(buffer, payloadAt, header.firstSequence))
      return bad("is not of the schema in its segment's head");
    if (batch.rows !== header.rows) return bad(`has ${batch.rows} rows in its message`);
    const misplaced = bufferFault(batch, payloadAt, payloadAt + header.payloadBytes);
    if (misplaced !== undefined) return bad(`is cut short: ${misplaced}`);
    const fault = valueFault(batch, batch.plan.publicColumns);
    if (this.#time === undefined) {
      const isGone = isCompacted(this.#compacted, header.maxTimeMs, header.firstSequence + header.rows - 1);
      return { fault, rows: isGone ? 0 : header.rows };
    }
    const { minMs, maxMs } = timeSpan(batch, batch.plan.public(this.#time));
    const table = { name: this.name, title: "", time: this.#time, plan: batch.plan, publicColumns: [] };
    const runs = rowRuns(table, batch, { ...EVERY_ROW, compacted: this.#compacted });
    const rows = runs.reduce((sum, { from, to }) => sum + to - from, 0);
    // The last batch of a window says that it is by a time past those of its rows.
    if (minMs < header.minTimeMs || maxMs > header.maxTimeMs) {
      return {
        fault: `has times from ${minMs} to ${maxMs}, and says ${header.minTimeMs} to ${header.maxTimeMs}`,
        rows,
      };
    }
    return { fault, rows };
  }
}

/** What a frame's text says; undefined when it is no JSON. */
export function parseJson<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
