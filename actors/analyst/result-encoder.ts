/**
 * A query's rows as a document: JSON, CSV or an Arrow stream. Bytes come out as rows go in.
 *
 *     {"columns":[{"name","type"}],"rows":[{…}],"rowCount":n,"truncated":false,…}
 *
 * CSV has a header line and then lines as datasets/csv-rows.ts writes them. The Arrow stream is DuckDB's own messages. Only JSON has
 * room to say that there were more rows than were wanted; whoever pulled the others is told beside.
 */

import {
  type RecordBatch,
  RecordBatchReader,
  RecordBatchStreamWriter,
  type Schema,
  Vector,
} from "apache-arrow";
import { csvField } from "../../datasets/csv-rows.ts";
import { MomentWriter } from "../../datasets/moment-text.ts";
import { Literal, SLACK_BYTES, TextSink } from "../../datasets/text-sink.ts";
import { concatBytes, END_OF_STREAM } from "../../runtime/batch/index.ts";
import { typeName } from "./cell-text.ts";
import { cellWriter } from "./cell-writer.ts";
import type { QueryFormat } from "./protocol.ts";

export interface ResultColumn {
  readonly name: string;
  readonly type: string;
}

/** What is written once a column, and kept for all batches. */
interface Column {
  /** Before each cell: what ends the one before, and its name where the format has it. */
  readonly before: Literal;
  readonly moments: MomentWriter;
}

export class ResultEncoder {
  readonly columns: readonly ResultColumn[];
  /** Rows written. */
  rows = 0;
  /** There were more. */
  isTruncated = false;
  readonly #schemaMessage: Uint8Array;
  readonly #format: QueryFormat;
  readonly #maxRows: number;
  readonly #columns: readonly Column[];
  readonly #sink = new TextSink();
  /** Of the Arrow stream. */
  #messages: Uint8Array[] = [];

  /** @param schemaMessage the stream's first message */
  constructor(schemaMessage: Uint8Array, format: QueryFormat, maxRows: number) {
    const { fields } = schemaOf(schemaMessage);
    this.columns = fields.map(({ name, type }) => ({ name, type: typeName(type) }));
    this.#schemaMessage = schemaMessage;
    this.#format = format;
    this.#maxRows = maxRows;
    this.#columns = this.columns.map(({ name }, index) => {
      const json = `${index === 0 ? "{" : ","}${JSON.stringify(name)}:`;
      const csv = index === 0 ? "" : ",";
      return { before: new Literal(format === "json" ? json : csv), moments: new MomentWriter() };
    });
    if (format === "arrow") this.#messages.push(schemaMessage.slice());
    else if (format === "csv")
      this.#sink.append(`${this.columns.map(({ name }) => csvField(name)).join(",")}\n`);
    else this.#sink.append(`{"columns":${JSON.stringify(this.columns)},"rows":[`);
  }

  get byteLength(): number {
    return this.#messages.reduce((bytes, { byteLength }) => bytes + byteLength, this.#sink.length);
  }

  /** @param message of one record batch */
  append(message: Uint8Array): void {
    const batch = batchOf(this.#schemaMessage, message);
    const wanted = Math.min(batch.numRows, this.#maxRows - this.rows);
    if (wanted < batch.numRows) this.isTruncated = true;
    if (wanted === 0) return;
    if (this.#format === "arrow") {
      this.#messages.push(wanted === batch.numRows ? message : shortened(batch, wanted));
    } else this.#appendText(batch, wanted, this.#format);
    this.rows += wanted;
  }

  /** Writes what comes after the rows. @param facts members of the JSON document */
  end(facts: Readonly<Record<string, unknown>>): void {
    if (this.#format === "arrow") this.#messages.push(END_OF_STREAM);
    if (this.#format !== "json") return;
    const all = { rowCount: this.rows, truncated: this.isTruncated, ...facts };
    this.#sink.append(`],${JSON.stringify(all).slice(1)}\n`);
  }

  /** What was written since the last time; the receiver's own. */
  take(): Uint8Array<ArrayBuffer> {
    if (this.#format !== "arrow") return this.#sink.take();
    const taken = concatBytes(this.#messages);
    this.#messages = [];
    return taken;
  }

  #appendText(batch: RecordBatch, rows: number, format: "json" | "csv"): void {
    const sink = this.#sink;
    const cells = batch.data.children.map((data, index) => {
      const { before, moments } = this.#columns[index]!;
      return { before, write: cellWriter(new Vector([data]), format, moments) };
    });
    const end = new Literal(format === "json" ? "}" : "\n");
    for (let row = 0; row < rows; row++) {
      if (format === "json") append(sink, this.rows + row === 0 ? FIRST_ROW : NEXT_ROW);
      for (const { before, write } of cells) {
        append(sink, before);
        write(sink, row);
      }
      append(sink, end);
    }
  }
}

const FIRST_ROW = new Literal("\n");
const NEXT_ROW = new Literal(",\n");

function append(sink: TextSink, literal: Literal): void {
  sink.reserve(literal.length + SLACK_BYTES);
  sink.length = literal.put(sink.view, sink.length);
}

function schemaOf(message: Uint8Array): Schema {
  const reader = RecordBatchReader.from(concatBytes([message, END_OF_STREAM]));
  reader.open();
  return reader.schema;
}

function batchOf(schemaMessage: Uint8Array, message: Uint8Array): RecordBatch {
  const reader = RecordBatchReader.from(concatBytes([schemaMessage, message, END_OF_STREAM]));
  const next = reader.next() as IteratorResult<RecordBatch>;
  if (next.done === true) throw new Error("a message of DuckDB's result holds no batch");
  return next.value;
}

/** The batch's first rows as a message of their own: a stream of it, without the stream's first and last message. */
function shortened(batch: RecordBatch, rows: number): Uint8Array {
  const stream = RecordBatchStreamWriter.writeAll([batch.slice(0, rows)] as RecordBatch[]).toUint8Array(true);
  const schemaBytes = 8 + new DataView(stream.buffer, stream.byteOffset).getInt32(4, true);
  const ends = stream.subarray(stream.byteLength - 8).every((byte, index) => byte === END_OF_STREAM[index]);
  return stream.slice(schemaBytes, ends ? stream.byteLength - 8 : stream.byteLength);
}
