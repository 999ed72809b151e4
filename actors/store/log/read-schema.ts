/**
 * The way back from what a segment head says of a dataset: Arrow IPC schema and dictionaries, as `schemaOf` writes them, to
 * the fields that its batches were laid out by. What is not of our own making is not understood, and told so.
 */

import { Buffer } from "node:buffer";
import { FlatBuffer } from "../../../ingest/arrow/flat-buffer.ts";
import type { ColumnType, FieldSpec } from "../../../runtime/batch/index.ts";
import {
  DICTIONARY_BATCH,
  DICTIONARY_ENCODING,
  FIELD,
  FLOATING_POINT,
  HEADER,
  INT,
  MESSAGE,
  MILLISECOND,
  PRECISION,
  RECORD_BATCH,
  SCHEMA,
  TIMESTAMP,
  TYPE,
  vtableSlot,
} from "../../../runtime/batch/ipc-tables.ts";

/** A message's header, as the table it is; valid until the next message is read. */
interface IpcMessage {
  readonly kind: number;
  readonly header: number;
  /** From byte to byte of the buffer. */
  readonly body: readonly [from: number, to: number];
}

const BUFFER_BYTES = 16;
const INTEGERS: ReadonlySet<string> = new Set(["u8", "u16", "u32", "u64", "i32", "i64"]);

/** @returns the fields, in their order; undefined when the text is no schema of ours */
export function readSchema(base64: string): readonly FieldSpec[] | undefined {
  try {
    return new SchemaText(base64).fields();
  } catch {
    // Whatever it stumbled over: the text is not what we write.
    return undefined;
  }
}

class SchemaText {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #flat: FlatBuffer;

  constructor(base64: string) {
    this.#bytes = new Uint8Array(Buffer.from(base64, "base64"));
    this.#view = new DataView(this.#bytes.buffer);
    this.#flat = new FlatBuffer(this.#bytes);
  }

  /** Undefined: there is no schema. Throws on what cannot be read. */
  fields(): readonly FieldSpec[] | undefined {
    let fields: readonly (FieldSpec & { readonly dictionary: number | undefined })[] | undefined;
    const dictionaries = new Map<number, readonly string[]>();
    for (const message of this.#messages()) {
      if (fields === undefined) {
        if (message.kind !== HEADER.schema || message.header === 0) return undefined;
        const found = this.#flat.vector(message.header, vtableSlot(SCHEMA.fields), 4);
        fields = Array.from({ length: found.length }, (_, index) =>
          this.#field(this.#flat.element(found, index)),
        );
      } else {
        dictionaries.set(...this.#dictionary(message));
      }
      if (this.#flat.isBroken) throw new RangeError("a message leads out of itself");
    }
    return fields?.map(({ dictionary, ...spec }) => {
      const values = dictionary === undefined ? undefined : dictionaries.get(dictionary);
      return values === undefined ? spec : { ...spec, values };
    });
  }

  *#messages(): Generator<IpcMessage> {
    const { byteLength } = this.#bytes;
    for (let at = 0; at + 8 <= byteLength; ) {
      const bodyAt = at + 8 + this.#view.getUint32(at + 4, true);
      if (bodyAt > byteLength) throw new RangeError("a message is cut short");
      const message = this.#flat.open(at + 8, bodyAt);
      const end = bodyAt + this.#flat.i64(message, vtableSlot(MESSAGE.bodyLength));
      if (end < bodyAt || end > byteLength) throw new RangeError("a message has another body than it says");
      yield {
        kind: this.#flat.u8(message, vtableSlot(MESSAGE.headerType)),
        header: this.#flat.table(message, vtableSlot(MESSAGE.header)),
        body: [bodyAt, end],
      };
      at = end;
    }
  }

  #field(field: number): FieldSpec & { readonly dictionary: number | undefined } {
    const name = this.#flat.vector(field, vtableSlot(FIELD.name), 1);
    const encoding = this.#flat.table(field, vtableSlot(FIELD.dictionary));
    return {
      name: this.#text(name.at, name.at + name.length),
      nullable: this.#flat.u8(field, vtableSlot(FIELD.nullable)) !== 0,
      type: this.#type(field, encoding !== 0),
      dictionary: encoding === 0 ? undefined : this.#flat.i64(encoding, vtableSlot(DICTIONARY_ENCODING.id)),
    };
  }

  #type(field: number, isCategory: boolean): ColumnType {
    const flat = this.#flat;
    const type = flat.table(field, vtableSlot(FIELD.type));
    switch (flat.u8(field, vtableSlot(FIELD.typeType))) {
      case TYPE.floatingPoint: {
        const precision = flat.i16(type, vtableSlot(FLOATING_POINT.precision));
        return precision === PRECISION.double ? "f64" : "f32";
      }
      case TYPE.int: {
        const sign = flat.u8(type, vtableSlot(INT.isSigned)) === 0 ? "u" : "i";
        const name = `${sign}${flat.i32(type, vtableSlot(INT.bitWidth))}`;
        if (!INTEGERS.has(name)) break;
        return name as ColumnType;
      }
      case TYPE.timestamp:
        if (flat.i16(type, vtableSlot(TIMESTAMP.unit)) !== MILLISECOND) break;
        return "timestamp";
      case TYPE.bool:
        return "bool";
      case TYPE.utf8:
        return isCategory ? "category" : "utf8";
    }
    throw new RangeError("a field is of a type that no batch of ours has");
  }

  #dictionary({ header, body: [from, to] }: IpcMessage): [id: number, values: readonly string[]] {
    const flat = this.#flat;
    const batch = flat.table(header, vtableSlot(DICTIONARY_BATCH.data));
    const buffers = flat.vector(batch, vtableSlot(RECORD_BATCH.buffers), BUFFER_BYTES);
    // Validity, offsets, text.
    const [offsetsAt, textAt] = [1, 2].map((index) => from + flat.i64At(buffers.at + index * BUFFER_BYTES));
    const place = (index: number) => textAt! + this.#view.getInt32(offsetsAt! + index * 4, true);
    const length = flat.i64(batch, vtableSlot(RECORD_BATCH.length));
    if (length * 4 > to - from) throw new RangeError("a dictionary has fewer values than it says");
    const values = Array.from({ length }, (_, index) => {
      if (place(index + 1) > to) throw new RangeError("a dictionary is cut short");
      return this.#text(place(index), place(index + 1));
    });
    return [flat.i64(header, vtableSlot(DICTIONARY_BATCH.id)), values];
  }

  #text(from: number, to: number): string {
    return new TextDecoder().decode(this.#bytes.subarray(from, to));
  }
}
