/**
 * Puts a Parquet file together from row groups that were made elsewhere: encoded one at a time, or lying in another file.
 * Pages do not know where in a file they lie, so their bytes are taken as they are; what does know is the footer, which is
 * written anew with every offset moved. So memory is bounded by one row group and what the footer says of those before.
 */

import { crc32 } from "node:zlib";
import { MAGIC, TAIL_BYTES } from "./footer.ts";
import type { RawChunk } from "./parquet-file.ts";
import { footerBytes, readFooter } from "./read-footer.ts";
import type { ThriftStruct } from "./thrift.ts";
import { rowGroupStruct, writeFooter } from "./write-footer.ts";

/** Takes bytes as they become ready; keeps them without a copy. */
export type ParquetSink = (bytes: Uint8Array) => void;

export interface AssemblerOptions {
  /** The schema that all row groups are of, root first; see `schemaOf`. */
  readonly schema: readonly ThriftStruct[];
  /** Whether the file's metadata holds checksums; see footer.ts. */
  readonly checksums: boolean;
}

export class ParquetAssembler {
  /** Rows and bytes so far. */
  rows = 0;
  bytes = 0;
  readonly #options: AssemblerOptions;
  readonly #sink: ParquetSink;
  readonly #groups: ThriftStruct[] = [];
  readonly #crcs: number[] = [];

  /** Begins the file. */
  constructor(options: AssemblerOptions, sink: ParquetSink) {
    this.#options = options;
    this.#sink = sink;
    this.#give(MAGIC);
  }

  /**
   * Adds a row group.
   * @param chunks one for each column of the schema, in its order, of the type that it declares
   */
  addGroup(rows: number, chunks: readonly RawChunk[]): void {
    const written = chunks.map(({ meta, at, bytes }) => {
      const movedBytes = this.bytes - at;
      if (this.#options.checksums) this.#crcs.push(crc32(bytes));
      this.#give(bytes);
      return { meta, movedBytes, bytes: bytes.byteLength };
    });
    this.#groups.push(rowGroupStruct(rows, this.#groups.length, written));
    this.rows += rows;
  }

  /** Writes the footer. Nothing can be added afterwards. */
  end(metadata: ReadonlyMap<string, string>): void {
    const { schema, checksums } = this.#options;
    this.#give(
      writeFooter({
        schema,
        rows: this.rows,
        groups: this.#groups,
        metadata,
        checksums: checksums ? this.#crcs : undefined,
      }),
    );
  }

  #give(bytes: Uint8Array): void {
    this.bytes += bytes.byteLength;
    this.#sink(bytes);
  }
}

export interface RawGroup {
  readonly rows: number;
  readonly chunks: readonly RawChunk[];
}

/**
 * The row groups of a whole Parquet file in memory.
 * @throws StoreDamaged when it is none
 */
export function groupsOf(file: Uint8Array, what: string): readonly RawGroup[] {
  const tail = file.subarray(Math.max(0, file.byteLength - TAIL_BYTES));
  const footerAt = file.byteLength - TAIL_BYTES - footerBytes(tail, file.byteLength, what);
  // A copy: what is kept of it for the new footer would else keep the whole file in memory.
  const footer = readFooter(file.slice(footerAt, file.byteLength - TAIL_BYTES), footerAt, what);
  return footer.groups.map(({ rows, columns }) => ({
    rows,
    chunks: columns.map(({ name, codec, meta, at, bytes }) => ({
      name,
      codec,
      meta,
      at,
      bytes: file.subarray(at, at + bytes),
    })),
  }));
}
