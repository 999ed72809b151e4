/** Reads a footer, with every offset and size checked against the file. */

import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import { StoreDamaged } from "../store-damaged.ts";
import {
  CHECKSUMS_KEY,
  type ColumnChunk,
  CRC_BYTES,
  checksumText,
  type Footer,
  firstPage,
  keyValue,
  MAGIC,
  MAX_FOOTER_BYTES,
  MAX_GROUP_ROWS,
  PAGE_OFFSETS,
  type RowGroup,
  TAIL_BYTES,
} from "./footer.ts";
import { CHUNK, COLUMN, ELEMENT, FILE, GROUP, KEY_VALUE } from "./format-fields.ts";
import { readStruct } from "./read-thrift.ts";
import {
  BINARY,
  fieldOf,
  I32,
  I64,
  LIST,
  STRUCT,
  type ThriftList,
  type ThriftStruct,
  type ThriftValue,
  withField,
} from "./thrift.ts";
import { writeStruct } from "./write-thrift.ts";

/**
 * Bytes of the footer, by the last TAIL_BYTES of a file.
 * @throws StoreDamaged when they are not the end of a Parquet file of `fileBytes`
 */
export function footerBytes(tail: Uint8Array, fileBytes: number, what: string): number {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  if (tail.byteLength !== TAIL_BYTES || MAGIC.compare(tail, 4) !== 0) {
    throw new StoreDamaged(`${what} does not end as a Parquet file`);
  }
  const bytes = view.getUint32(0, true);
  if (bytes > fileBytes - TAIL_BYTES - MAGIC.byteLength || bytes > MAX_FOOTER_BYTES) {
    throw new StoreDamaged(`${what} has ${fileBytes} bytes and says that its footer has ${bytes}`);
  }
  return bytes;
}

/**
 * Reads a FileMetaData.
 * @param footerAt offset of its first byte in the file: where column chunks end at the latest
 * @throws StoreDamaged when it is not whole, says what cannot be, or does not match its checksum
 */
export function readFooter(bytes: Uint8Array, footerAt: number, what: string): Footer {
  const { struct, end } = readStruct(bytes, 0, `the footer of ${what}`);
  if (end !== bytes.byteLength) throw new StoreDamaged(`${what} has bytes after its footer`);
  return new FooterReader(struct, footerAt, what).footer();
}

class FooterReader {
  readonly #struct: ThriftStruct;
  readonly #footerAt: number;
  readonly #what: string;

  constructor(struct: ThriftStruct, footerAt: number, what: string) {
    this.#struct = struct;
    this.#footerAt = footerAt;
    this.#what = what;
  }

  footer(): Footer {
    const metadata = this.#metadata();
    const schema = this.#schema();
    const groups = this.#structs(this.#struct, FILE.groups, "row groups");
    const crcs = this.#checksums(metadata, groups.length * schema.length);
    const read = groups.map((group, index) => this.#group(group, schema, crcs, index * schema.length));
    const rows = this.#count(this.#struct, FILE.rows, "rows");
    const inGroups = read.reduce((sum, group) => sum + group.rows, 0);
    if (rows !== inGroups) this.#fail(`says that it has ${rows} rows; its row groups have ${inGroups}`);
    const createdBy = fieldOf(this.#struct, FILE.createdBy);
    return {
      schema,
      rows,
      groups: read,
      metadata,
      createdBy: createdBy === undefined ? undefined : this.#text(createdBy.value),
      hasChecksums: crcs !== undefined,
    };
  }

  #schema(): readonly ThriftStruct[] {
    const [root, ...columns] = this.#structs(this.#struct, FILE.schema, "schema elements");
    if (root === undefined || fieldOf(root, ELEMENT.children)?.value !== columns.length) {
      this.#fail("does not declare its columns one beside the other");
    }
    if (columns.some((column) => fieldOf(column, ELEMENT.children) !== undefined))
      this.#fail("has columns within columns");
    return columns;
  }

  #group(
    struct: ThriftStruct,
    schema: readonly ThriftStruct[],
    crcs: readonly number[] | undefined,
    first: number,
  ): RowGroup {
    const rows = this.#count(struct, GROUP.rows, "rows");
    if (rows > MAX_GROUP_ROWS) this.#fail(`has a row group of ${rows} rows`);
    const chunks = this.#structs(struct, GROUP.columns, "column chunks");
    if (chunks.length !== schema.length) {
      this.#fail(`has a row group of ${chunks.length} column chunks for ${schema.length} columns`);
    }
    const columns = chunks.map((chunk, index) =>
      this.#chunk(chunk, this.#name(schema[index]!), rows, crcs?.[first + index]),
    );
    return { rows, columns, bytes: columns.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  #chunk(struct: ThriftStruct, name: string, rows: number, crc: number | undefined): ColumnChunk {
    const meta = fieldOf(struct, CHUNK.meta);
    if (meta?.type !== STRUCT) this.#fail(`says nothing of column ${name}`);
    const column = meta.value as ThriftStruct;
    const path = fieldOf(column, COLUMN.path)?.value as ThriftList | undefined;
    if (path?.of !== BINARY || path.items.length !== 1 || this.#text(path.items[0]!) !== name) {
      this.#fail(`has another column where ${name} should be`);
    }
    const values = this.#count(column, COLUMN.values, "values");
    if (values !== rows) this.#fail(`has ${values} values of column ${name} in a row group of ${rows} rows`);
    for (const id of PAGE_OFFSETS) if (fieldOf(column, id) !== undefined) this.#count(column, id, "offset");
    this.#count(column, COLUMN.dataAt, "offset");
    this.#count(column, COLUMN.uncompressedBytes, "bytes");
    const bytes = this.#count(column, COLUMN.bytes, "bytes");
    const at = firstPage(column);
    if (at < MAGIC.byteLength || at + bytes > this.#footerAt) {
      this.#fail(`has column ${name} at bytes ${at} to ${at + bytes}, and ends at ${this.#footerAt}`);
    }
    return {
      name,
      physical: this.#count(column, COLUMN.type, "type"),
      codec: this.#count(column, COLUMN.codec, "codec"),
      values,
      at,
      bytes,
      crc,
      meta: column,
    };
  }

  #metadata(): ReadonlyMap<string, string> {
    const pairs =
      fieldOf(this.#struct, FILE.metadata) === undefined
        ? []
        : this.#structs(this.#struct, FILE.metadata, "metadata");
    return new Map(
      pairs.map((pair) => {
        const value = fieldOf(pair, KEY_VALUE.value);
        const key = fieldOf(pair, KEY_VALUE.key)?.value ?? 0;
        return [this.#text(key), value === undefined ? "" : this.#text(value.value)];
      }),
    );
  }

  /** Checksums of the column chunks, after the footer was found to match its own. */
  #checksums(metadata: ReadonlyMap<string, string>, chunks: number): readonly number[] | undefined {
    const text = metadata.get(CHECKSUMS_KEY);
    if (text === undefined) return undefined;
    const bytes = Buffer.from(text, "base64");
    if (bytes.byteLength !== (chunks + 1) * CRC_BYTES)
      this.#fail("has another number of checksums than chunks");
    const crcs = Array.from({ length: chunks }, (_, index) => bytes.readUInt32LE(index * CRC_BYTES));
    const own = bytes.readUInt32LE(chunks * CRC_BYTES);
    // Base64 can say the same in more than one way.
    if (checksumText([...crcs, own]) !== text) this.#fail("has checksums that are no base64");
    const pairs = (fieldOf(this.#struct, FILE.metadata)!.value as ThriftList)
      .items as readonly ThriftStruct[];
    const items = pairs.map((pair) =>
      this.#text(fieldOf(pair, KEY_VALUE.key)!.value) === CHECKSUMS_KEY
        ? keyValue([CHECKSUMS_KEY, checksumText([...crcs, 0])])
        : pair,
    );
    const unsigned = withField(this.#struct, FILE.metadata, LIST, { of: STRUCT, items });
    if (crc32(writeStruct(unsigned)) !== own) {
      this.#fail("has a footer that does not match its checksum");
    }
    return crcs;
  }

  #name(element: ThriftStruct): string {
    const name = fieldOf(element, ELEMENT.name);
    if (name === undefined) this.#fail("has a column without a name");
    return this.#text(name.value);
  }

  #structs(struct: ThriftStruct, id: number, what: string): readonly ThriftStruct[] {
    const field = fieldOf(struct, id);
    const list = field?.value as ThriftList;
    if (field?.type !== LIST || (list.of !== STRUCT && list.items.length > 0))
      this.#fail(`has no list of ${what}`);
    return list.items as readonly ThriftStruct[];
  }

  /** A whole number from 0 on. */
  #count(struct: ThriftStruct, id: number, what: string): number {
    const field = fieldOf(struct, id);
    const isWhole = field?.type === I32 || field?.type === I64;
    if (!isWhole || (field.value as number) < 0) this.#fail(`has no number of ${what} where it needs one`);
    return field.value as number;
  }

  #text(value: ThriftValue): string {
    if (!(value instanceof Uint8Array)) this.#fail("has no text where it needs one");
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();
  }

  #fail(why: string): never {
    throw new StoreDamaged(`${this.#what} ${why}`);
  }
}
