/**
 * Arrow's file format (https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format): the messages of a stream between
 * two marks, and behind them a footer that says where each begins, so that a reader may take any of them first.
 *
 * What is told of the file stands in the footer and in its copy of the schema, as readers show the one or the other.
 */

import { Block } from "apache-arrow/fb/block";
import { Footer } from "apache-arrow/fb/footer";
import { MetadataVersion } from "apache-arrow/fb/metadata-version";
import { Builder } from "flatbuffers";
import {
  concatBytes,
  dictionaryMessages,
  END_OF_STREAM,
  keyValues,
  schemaMessage,
  schemaTable,
} from "./ipc.ts";
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
    const custom = Footer.createCustomMetadataVector(builder, keyValues(builder, metadata));
    const dictionaries = blockVector(builder, this.#dictionaries, Footer.startDictionariesVector);
    const batches = blockVector(builder, this.#batches, Footer.startRecordBatchesVector);
    Footer.startFooter(builder);
    Footer.addVersion(builder, MetadataVersion.V5);
    Footer.addSchema(builder, schema);
    Footer.addDictionaries(builder, dictionaries);
    Footer.addRecordBatches(builder, batches);
    Footer.addCustomMetadata(builder, custom);
    builder.finish(Footer.endFooter(builder));
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

function blockVector(
  builder: Builder,
  blocks: readonly MessageBlock[],
  start: (builder: Builder, length: number) => void,
): number {
  start(builder, blocks.length);
  // Vectors of structs are built back to front.
  for (const { at, headBytes, bodyBytes } of blocks.toReversed()) {
    Block.createBlock(builder, BigInt(at), headBytes, BigInt(bodyBytes));
  }
  return builder.endVector();
}
