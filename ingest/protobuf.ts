/**
 * Protobuf in (https://protobuf.dev/programming-guides/encoding/): one message `<Dataset>Push` of proto-schema.ts, whose field 1 is a row, again and again.
 *
 * As proto3 has it, fields of unknown numbers are passed over, the last of two values of one field counts, and no field is zero by being
 * left out: every one has presence. Unlike official readers, which take what is left of it, a number that is too large for its column is refused.
 *
 * A row that is not well-formed within its length is malformed, a known field of another wire type included; the rows beside it stand. Where the
 * rows themselves cannot be told apart, the body is at fault.
 */

import { BodyBytes } from "./body-bytes.ts";
import { BodyFault, type BodyPlace, type DecodeContext, type OpenBody } from "./decoder.ts";
import { LENGTH, ROWS_FIELD } from "./proto-schema.ts";
import { type ProtobufColumn, protobufColumns } from "./protobuf-columns.ts";
import { ProtobufReader } from "./protobuf-reader.ts";
import type { RowBuilder } from "./row-builder.ts";
import { BuilderPlace, Malformed, RowDecoder, type RowSource, type SlowRow } from "./row-decoder.ts";
import { TextCodes } from "./text-codes.ts";

export function protobufBody(context: DecodeContext): OpenBody {
  const bytes = new BodyBytes(context.kernels.memory);
  const builders = new BuilderPlace(context);
  const columns = protobufColumns(context.dataset);
  return (body) => new RowDecoder(context, builders, new ProtobufRows(bytes, body, columns));
}

class ProtobufRows implements RowSource {
  readonly #reader: ProtobufReader;
  readonly #start: number;
  readonly #end: number;
  /** By field number, from 1 on. */
  readonly #columns: readonly ProtobufColumn[];
  readonly #codes: readonly (TextCodes | undefined)[];

  constructor(bytes: BodyBytes, body: BodyPlace, columns: readonly ProtobufColumn[]) {
    this.#reader = new ProtobufReader(bytes);
    this.#start = body.at;
    this.#end = body.at + body.bytes;
    this.#columns = columns;
    this.#codes = columns.map(({ codes }) => (codes === undefined ? undefined : new TextCodes(bytes, codes)));
    this.at = body.at;
  }

  get at(): number {
    return this.#reader.at;
  }

  set at(at: number) {
    this.#reader.at = at;
  }

  hasMore(): boolean | BodyFault {
    const reader = this.#reader;
    for (;;) {
      const start = reader.at;
      if (start >= this.#end) return false;
      reader.end = this.#end;
      if (!reader.tryTag()) return this.#fault("a field's tag", start);
      if (reader.field === ROWS_FIELD && reader.wireType !== LENGTH) {
        return this.#fault(`rows, which have wire type ${LENGTH}`, start);
      }
      const isRow = reader.field === ROWS_FIELD;
      if (!reader.trySkip()) return this.#fault("a field that ends within the body", start);
      if (!isRow) continue;
      reader.at = start;
      return true;
    }
  }

  quick(builder: RowBuilder): boolean {
    const reader = this.#reader;
    const columns = this.#columns;
    const end = this.#openRow();
    while (reader.at < end) {
      if (!reader.tryTag()) return false;
      const column = columns[reader.field - 1];
      if (column === undefined) {
        if (!reader.trySkip()) return false;
      } else if (
        reader.wireType !== column.wireType ||
        !column.put(reader, builder, this.#codes[column.index])
      ) {
        return false;
      }
    }
    return true;
  }

  slow(): SlowRow | Malformed {
    const reader = this.#reader;
    const end = this.#openRow();
    const row: Record<string, unknown> = {};
    const malformed = this.#slowFields(row, end);
    reader.at = end;
    return malformed ?? { value: row };
  }

  #slowFields(row: Record<string, unknown>, end: number): Malformed | undefined {
    const reader = this.#reader;
    while (reader.at < end) {
      if (!reader.tryTag()) return new Malformed("a field's tag", "bytes that are none");
      const column = this.#columns[reader.field - 1];
      const { wireType } = reader;
      if (column === undefined) {
        if (!reader.trySkip()) return new Malformed("a field that ends within its row", "one that does not");
        continue;
      }
      const { name } = column;
      if (wireType !== column.wireType) {
        return new Malformed(`wire type ${column.wireType}`, `wire type ${wireType}`, name);
      }
      const value = column.value(reader);
      if (value === undefined)
        return new Malformed("a value that ends within its row", "one that does not", name);
      if (value === null) return new Malformed("text in UTF-8", "bytes that are not UTF-8", name);
      row[name] = value;
    }
    return undefined;
  }

  /** Moves to a row's first field. `hasMore` has seen that there is a row, and all of it. @returns where it ends */
  #openRow(): number {
    const reader = this.#reader;
    reader.end = this.#end;
    reader.tryTag();
    reader.tryVarint();
    reader.end = reader.at + reader.number();
    return reader.end;
  }

  #fault(expected: string, at: number): BodyFault {
    return new BodyFault(expected, "bytes that are none", at - this.#start);
  }
}
