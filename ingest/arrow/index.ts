/**
 * Arrow's IPC stream: a schema, then dictionaries and record batches
 * (https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc).
 *
 * Every number in it is a stranger's word: where buffers lie, how long they are, where texts begin. All are looked at before anything is read
 * there, and what cannot be right is a fault of the whole body, as it says nothing of single rows. Behind that, values lie in columns as a
 * table has them, mostly, and the table looks at them where they are (`point`): they are copied once, into the slot. What lies otherwise is
 * cast into the table's own storage (`append`), and so are the rows of record batches too short to be worth a table.
 *
 * A row with a value that its column does not take is read as a plain object, and the validator says why not.
 *
 * Not read: buffers that are compressed one by one, big-endian values, nested types, binary, views, decimals, dates.
 */

import { viewsOf } from "../../runtime/batch/index.ts";
import { BodyBytes } from "../body-bytes.ts";
import {
  type BodyDecoder,
  BodyFault,
  type BodyPlace,
  type DecodeContext,
  type DecoderFactory,
  type OpenBody,
} from "../decoder.ts";
import { type PushTable, TABLE_ROWS, type TableColumn } from "../table.ts";
import { TextCodeRules } from "../text-codes.ts";
import { type ColumnReader, OddRows, type ReaderContext } from "./column-reader.ts";
import { Dictionaries } from "./dictionaries.ts";
import { FlatBuffer } from "./flat-buffer.ts";
import { DICTIONARY_BATCH, type Message, Messages, RECORD_BATCH } from "./messages.ts";
import { NoText } from "./raw-value.ts";
import { readerOf } from "./readers.ts";
import { BatchReader } from "./record-batch.ts";
import { type ArrowField, readSchema } from "./schema.ts";

/** Rows of a record batch that a table is opened for, where they lie; fewer are put together. */
const WORTH_A_TABLE = TABLE_ROWS / 2;

export const arrowBody: DecoderFactory = (context): OpenBody => {
  const made: Made = {
    context,
    flat: new FlatBuffer(context.kernels.memory),
    reading: {
      kernels: context.kernels,
      views: viewsOf(context.kernels.memory.buffer),
      bytes: new BodyBytes(context.kernels.memory),
      odd: new OddRows(),
    },
    rules: Object.values(context.dataset.columns).map((spec) =>
      spec.type === "category" ? new TextCodeRules(spec) : undefined,
    ),
  };
  return (body) => new ArrowDecoder(made, body);
};

/** What is made once for a dataset. */
interface Made {
  readonly context: DecodeContext;
  readonly flat: FlatBuffer;
  readonly reading: ReaderContext;
  readonly rules: readonly (TextCodeRules | undefined)[];
}

class ArrowDecoder implements BodyDecoder {
  readonly #made: Made;
  readonly #messages: Messages;
  readonly #batch: BatchReader;
  readonly #dictionaries: Dictionaries;
  /** Rows that there can be in the body: a value takes a bit at the least. */
  readonly #maxRows: number;
  #fields: readonly ArrowField[] | undefined;
  /** By field. */
  #readers: readonly ColumnReader[] = [];
  /** Rows of the record batch at hand, and which is next. */
  #rows = 0;
  #next = 0;
  /** Rows of the body that were read. */
  #done = 0;

  constructor(made: Made, body: BodyPlace) {
    const { flat, reading, context } = made;
    this.#made = made;
    this.#messages = new Messages(context.kernels.memory, flat, body);
    this.#batch = new BatchReader(this.#messages, flat, reading.kernels, reading.views);
    this.#dictionaries = new Dictionaries(this.#messages, flat, this.#batch, reading.views);
    this.#maxRows = body.bytes * 8;
  }

  next(table: PushTable): "more" | "end" | BodyFault {
    table.clear();
    this.#made.reading.odd.clear();
    const fault = this.#fields === undefined ? this.#open(table) : undefined;
    if (fault !== undefined) return fault;
    for (;;) {
      if (this.#next === this.#rows) {
        const found = this.#nextBatch();
        if (found !== "batch") return found;
        continue;
      }
      const isFull = this.#take(table);
      if (isFull instanceof BodyFault) return isFull;
      if (isFull) return "more";
    }
  }

  #open({ columns }: PushTable): BodyFault | undefined {
    const { flat, reading, rules } = this.#made;
    const fields = readSchema(this.#messages, flat, reading.bytes, columns);
    if (fields instanceof BodyFault) return fields;
    this.#fields = fields;
    this.#readers = fields.map((field) =>
      readerOf(reading, field, columns[field.column]!, this.#dictionaries, rules),
    );
    return undefined;
  }

  /** Reads messages up to the next record batch. */
  #nextBatch(): "batch" | "end" | BodyFault {
    for (;;) {
      const message = this.#messages.next();
      if (message instanceof BodyFault) return message;
      if (message === undefined) return "end";
      if (message.kind === DICTIONARY_BATCH) {
        const fault = this.#dictionaries.read(message, this.#maxRows);
        if (fault !== undefined) return fault;
      } else if (message.kind === RECORD_BATCH) {
        return this.#openBatch(message) ?? "batch";
      } else {
        const expected = "record batches and dictionaries behind the schema";
        return this.#messages.fault(expected, `a message of kind ${message.kind}`, message.at);
      }
    }
  }

  #openBatch(message: Message): BodyFault | undefined {
    const batch = this.#batch;
    let fault = batch.open(message, message.header, this.#maxRows - this.#done);
    for (const [index, { type, dictionary, name }] of this.#fields!.entries()) {
      fault ??= batch.take(dictionary?.index ?? type, name, this.#readers[index]!.place);
    }
    fault ??= batch.end();
    if (fault !== undefined) return fault;
    this.#rows = batch.rows;
    this.#next = 0;
    return undefined;
  }

  /** Puts the next rows of the record batch at hand into the table. True: the table is to be worked on before there are more. */
  #take(table: PushTable): boolean | BodyFault {
    const to = table.rows;
    const from = this.#next;
    const left = this.#rows - from;
    const isWorthIt = to === 0 && (from & 7) === 0 && left >= WORTH_A_TABLE;
    let count = Math.min(left, TABLE_ROWS - to);
    // So that those behind it begin on a byte of their bitmaps.
    if (count < left && count > 7) count -= (from + count) & 7;
    this.#each(table, (reader, column) => {
      if (reader.room !== undefined && !(isWorthIt && reader.point)) {
        count = Math.min(count, reader.room(column, from, count, to));
      }
    });
    let fault: BodyFault | undefined;
    this.#each(table, (reader, column) => {
      if (isWorthIt && reader.point) reader.point(column, from, count);
      else fault ??= reader.append(column, from, count, to);
    });
    if (fault !== undefined) return fault;
    for (let row = 0; row < count; row++) table.rowNumbers[to + row] = this.#done + row;
    this.#next += count;
    this.#done += count;
    table.rows = to + count;
    if (this.#made.reading.odd.any) this.#refuseOdd(table, from, to);
    return isWorthIt || this.#next < this.#rows || table.rows === TABLE_ROWS;
  }

  #each(table: PushTable, use: (reader: ColumnReader, column: TableColumn) => void): void {
    for (const [index, { column }] of this.#fields!.entries())
      use(this.#readers[index]!, table.columns[column]!);
  }

  /** Lets the validator say what is wrong with the odd rows among those that the table begins with at `to`. */
  #refuseOdd(table: PushTable, from: number, to: number): void {
    const { context, reading } = this.#made;
    for (let row = to; row < table.rows; row++) {
      if (!reading.odd.has(row)) continue;
      const values: Record<string, unknown> = {};
      this.#each(table, (reader, { name }) => {
        const value = reader.raw(from + row - to);
        if (value !== undefined) values[name] = value;
      });
      const number = table.rowNumbers[row]!;
      const verdict = context.validate(values, number);
      // It is refused whatever the validator says: a value of it is not in the table.
      const rejection = verdict.ok ? { row: number, column: null, ...UNREADABLE } : verdict.rejection;
      const isText = !Object.values(values).some((value) => value instanceof NoText);
      const came = rejection.column === null ? undefined : values[rejection.column];
      table.bad[row] = 1;
      context.rejected.reject(came instanceof NoText ? { ...rejection, got: came.got } : rejection, () =>
        isText ? values : undefined,
      );
    }
    reading.odd.clear();
  }
}

const UNREADABLE = {
  reason: "malformed",
  expected: "values that their columns hold",
  got: "another",
} as const;
