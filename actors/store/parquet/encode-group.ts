/**
 * Encodes row groups. The library makes a small file of one row group, whose column chunks are then anybody's to assemble.
 *
 * Which encoding a column gets is not guessed from its type: candidates are tried, and the smallest chunk is taken, the first
 * of equals; so equal rows give equal bytes. In a file that is to be small all rows of each row group are tried; in one that
 * is to be fast the first TRIED_ROWS of the first that has so many, and what won there is kept for the file.
 */

import {
  type ColumnType,
  concatBytes,
  END_OF_STREAM,
  type FieldSpec,
  streamPreamble,
} from "../../../runtime/batch/index.ts";
import type { Compression } from "../../exporter/order.ts";
import { groupsOf } from "./assembler.ts";
import { COLUMN, STATISTICS } from "./format-fields.ts";
import { type ParquetLibrary, parquetLibrary } from "./load-parquet.ts";
import type { RawChunk } from "./parquet-file.ts";
import { fieldOf, STRUCT, type ThriftStruct, withField } from "./thrift.ts";

/** `small`: tries every row group whole. `fast`: a few rows, once. */
export type Effort = "small" | "fast";

export interface EncodingOptions {
  readonly compression: Compression;
  readonly effort: Effort;
  /** Columns whose smallest and largest value of each row group the footer says; those are what readers skip by. */
  readonly statistics: readonly string[];
}

/** Rows that tell enough of a column. */
const TRIED_ROWS = 4096;

type Encoding = "dictionary" | "plain" | "split" | "delta";
/** `split`: bytes of equal rank together; `delta`: differences, packed into the bits that they need. */
const CANDIDATES: Readonly<Record<ColumnType, readonly Encoding[]>> = {
  f64: ["plain", "dictionary", "split"],
  f32: ["plain", "dictionary", "split"],
  i32: ["plain", "dictionary", "delta"],
  u32: ["plain", "dictionary", "delta"],
  u16: ["plain", "dictionary", "delta"],
  u8: ["plain", "dictionary", "delta"],
  i64: ["plain", "dictionary", "delta"],
  u64: ["plain", "dictionary", "delta"],
  timestamp: ["plain", "dictionary", "delta"],
  bool: ["plain"],
  category: ["dictionary", "plain"],
  utf8: ["dictionary", "plain"],
};

/** What is as long as the rest and read by nobody. */
const LEFT_OUT: readonly number[] = [COLUMN.encodingStatistics, COLUMN.sizeStatistics];
const KEPT_STATISTICS: readonly number[] = Object.values(STATISTICS);

export class GroupEncoder {
  readonly #fields: readonly FieldSpec[];
  readonly #options: EncodingOptions;
  readonly #preamble: Uint8Array;
  /** What is used for the whole file, when it is to be fast. */
  #chosen: readonly Encoding[] | undefined;

  constructor(fields: readonly FieldSpec[], options: EncodingOptions) {
    this.#fields = fields;
    this.#options = options;
    this.#preamble = streamPreamble(fields);
  }

  /**
   * @param message Arrow IPC record batch of the fields, with at least one row; done with when this returns
   * @param rows of the message
   */
  encode(message: Uint8Array, rows: number): readonly RawChunk[] {
    const stream = concatBytes([this.#preamble, message, END_OF_STREAM]);
    if (this.#options.effort === "small") return this.#smallest(stream, rows).chunks;
    if (this.#chosen !== undefined) return this.#write(stream, rows, this.#chosen);
    if (rows <= TRIED_ROWS) return this.#smallest(stream, rows).chunks;
    this.#chosen = this.#smallest(firstRows(stream, TRIED_ROWS), TRIED_ROWS).encodings;
    return this.#write(stream, rows, this.#chosen);
  }

  /** Tries every candidate, of all columns at once. */
  #smallest(stream: Uint8Array, rows: number) {
    const candidates = this.#fields.map(({ type }) => CANDIDATES[type]);
    const rounds = Math.max(1, ...candidates.map(({ length }) => length));
    const encodings = candidates.map((column) => column[0]!);
    let chunks: RawChunk[] = [];
    for (let round = 0; round < rounds; round++) {
      const tried = candidates.map((column, index) => column[round] ?? encodings[index]!);
      const written = this.#write(stream, rows, tried);
      if (round === 0) chunks = [...written];
      written.forEach((chunk, index) => {
        if (chunk.bytes.byteLength >= chunks[index]!.bytes.byteLength) return;
        chunks[index] = chunk;
        encodings[index] = tried[index]!;
      });
    }
    return { chunks, encodings };
  }

  #write(stream: Uint8Array, rows: number, encodings: readonly Encoding[]): readonly RawChunk[] {
    const library = parquetLibrary();
    const table = library.Table.fromIPCStream(stream);
    const file = library.writeParquet(table, this.#properties(library, rows, encodings));
    const [group, ...others] = groupsOf(file, "a row group that was just encoded");
    if (group === undefined || others.length > 0)
      throw new Error(`${rows} rows made ${others.length} row groups more`);
    return group.chunks.map((chunk) => ({ ...chunk, meta: slim(chunk.meta) }));
  }

  #properties(library: ParquetLibrary, rows: number, encodings: readonly Encoding[]) {
    const { Compression: Codec, Encoding: Kind, EnabledStatistics } = library;
    const codecs = { none: Codec.UNCOMPRESSED, gzip: Codec.GZIP, zstd: Codec.ZSTD };
    const kinds = { plain: Kind.PLAIN, split: Kind.BYTE_STREAM_SPLIT, delta: Kind.DELTA_BINARY_PACKED };
    let properties = new library.WriterPropertiesBuilder()
      .setCompression(codecs[this.#options.compression])
      .setMaxRowGroupSize(rows)
      .setDictionaryEnabled(false)
      .setStatisticsEnabled(EnabledStatistics.None);
    this.#fields.forEach(({ name }, index) => {
      const encoding = encodings[index]!;
      properties =
        encoding === "dictionary"
          ? properties.setColumnDictionaryEnabled(name, true)
          : properties.setColumnEncoding(name, kinds[encoding]);
    });
    for (const name of this.#options.statistics) {
      properties = properties.setColumnStatisticsEnabled(name, EnabledStatistics.Chunk);
    }
    return properties.build();
  }
}

/** The first rows of a stream of one batch, as such a stream. */
function firstRows(stream: Uint8Array, rows: number): Uint8Array {
  const table = parquetLibrary().Table.fromIPCStream(stream);
  const batch = table.recordBatch(0)!;
  const first = batch.slice(0, rows);
  table.free();
  batch.free();
  return first.intoIPCStream();
}

/** ColumnMetaData without what nobody needs. The library writes the bounds a second time, as older readers want them. */
function slim(meta: ThriftStruct): ThriftStruct {
  const fields = meta.fields.filter(({ id }) => !LEFT_OUT.includes(id));
  const statistics = fieldOf(meta, COLUMN.statistics)?.value as ThriftStruct | undefined;
  if (statistics === undefined) return { fields };
  const kept = statistics.fields.filter(({ id }) => KEPT_STATISTICS.includes(id));
  return withField({ fields }, COLUMN.statistics, STRUCT, { fields: kept });
}
