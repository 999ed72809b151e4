/**
 * Arrow's file format (https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format): the messages of a stream between
 * two marks, and behind them a footer that says where each begins, so that a reader may take any of them first.
 *
 * What is told of the file stands in the footer and in its copy of the schema, as readers show the one or the other.
 */

import { Builder } from "flatbuffers";
import {
  concatBytes,
  dictionaryMessages,
  END_OF_STREAM,
  keyValues,
  schemaMessage,
  schemaTable,
} from "./ipc.ts";
import { FOOTER, METADATA_V5, putTable, putVector } from "./ipc-tables.ts";
import type { FieldSpec } from "./schema.ts";

const MAGIC = new TextEncoder().encode("ARROW1");
/** The mark, padded so that the first message begins on a multiple of 8. */
const START = concatBytes([MAGIC, new Uint8Array(2)]);

/** Where a message lies: the length of its head includes the marker before it. */
interface MessageBlock {
  readonly at: number;
  readonly headBytes: number;
  readonly bodyBytes: number;
}

/** Gives the bytes of a file, one part after the other: `start`, then each batch, then `end`. Holds 24 bytes a batch. */
export class IpcFile {
  readonly #fields: readonly FieldSpec[];
  readonly #dictionaries: MessageBlock[] = [];
  readonly #batches: MessageBlock[] = [];
  #at = 0;

  constructor(fields: readonly FieldSpec[]) {
    this.#fields = fields;
  }

  /** @param metadata what is told of the file in the schema at its start, for readers that take it for a stream */
  start(metadata: ReadonlyMap<string, string>): Uint8Array {
    const schema = schemaMessage(this.#fields, metadata);
    const dictionaries = dictionaryMessages(this.#fields);
    this.#at = START.byteLength + schema.byteLength;
    for (const message of dictionaries) this.#dictionaries.push(this.#block(message));
    return concatBytes([START, schema, ...dictionaries]);
  }

  /** Counts a record batch in, whose message is written next. */
  add(message: Uint8Array): void {
    this.#batches.push(this.#block(message));
  }

  /** @param metadata what is told of the file */
  end(metadata: ReadonlyMap<string, string>): Uint8Array {
    const builder = new Builder(1024);
    const schema = schemaTable(builder, this.#fields, metadata);
    const custom = putVector(builder, keyValues(builder, metadata));
    const dictionaries = blockVector(builder, this.#dictionaries);
    const batches = blockVector(builder, this.#batches);
    builder.finish(
      putTable(
        builder,
        [FOOTER.version, "i16", METADATA_V5],
        [FOOTER.schema, "at", schema],
        [FOOTER.dictionaries, "at", dictionaries],
        [FOOTER.recordBatches, "at", batches],
        [FOOTER.metadata, "at", custom],
      ),
    );
    const footer = builder.asUint8Array();
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, footer.byteLength, true);
    return concatBytes([END_OF_STREAM, footer, length, MAGIC]);
  }

  #block(message: Uint8Array): MessageBlock {
    const words = new DataView(message.buffer, message.byteOffset, 8);
    const headBytes = 8 + words.getUint32(4, true);
    const block = { at: this.#at, headBytes, bodyBytes: message.byteLength - headBytes };
    this.#at += message.byteLength;
    return block;
  }
}

function blockVector(builder: Builder, blocks: readonly MessageBlock[]): number {
  builder.startVector(24, blocks.length, 8);
  // Vectors of structs are built back to front, and so are structs: body's length, four bytes of padding, head's length, place.
  for (const { at, headBytes, bodyBytes } of blocks.toReversed()) {
    builder.prep(8, 24);
    builder.writeInt64(BigInt(bodyBytes));
    builder.pad(4);
    builder.writeInt32(headBytes);
    builder.writeInt64(BigInt(at));
  }
  return builder.endVector();
}
