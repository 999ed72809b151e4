/** Opens a Parquet file of ours: the footer is read and checked at once; of its pages only what is asked for. */

import { Buffer } from "node:buffer";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { TableShape } from "../../../datasets/shape.ts";
import { alignUp } from "../../../runtime/arena.ts";
import type { FieldSpec, PublicBatch } from "../../../runtime/batch/index.ts";
import { StoreDamaged } from "../store-damaged.ts";
import { decodeGroup, type WantedColumn } from "./decode-group.ts";
import { decodedBytes } from "./decoded-batch.ts";
import { type ColumnChunk, type Footer, MAGIC, TAIL_BYTES } from "./footer.ts";
import { COLUMN, ELEMENT, STATISTICS } from "./format-fields.ts";
import type { ParquetFile, ParquetGroup, RawChunk } from "./parquet-file.ts";
import { footerBytes, readFooter } from "./read-footer.ts";
import { elementOf, holdsField, isSameElement, mayBeNull } from "./schema.ts";
import { BINARY, fieldOf, type ThriftStruct } from "./thrift.ts";

export interface OpenOptions {
  /** Whether a file without checksums is refused. Default true: each of the lake's has them. */
  readonly checksums?: boolean;
}

/** Buffers of files that were closed, for those that are opened next: a long export reads hundreds. */
const spare: ArrayBuffer[] = [];
const MOST_SPARE = 4;

/**
 * @throws StoreDamaged when it is no whole Parquet file of ours; what opening a file throws
 */
export function openParquet(path: string, { checksums = true }: OpenOptions = {}): ParquetFile {
  const fd = openSync(path, "r");
  try {
    const bytes = fstatSync(fd).size;
    const what = `Parquet file ${shownPath(path)}`;
    if (bytes < 2 * TAIL_BYTES)
      throw new StoreDamaged(`${what} has ${bytes} bytes, which is no Parquet file`);
    const tail = readAt(fd, bytes - TAIL_BYTES, TAIL_BYTES, what);
    const length = footerBytes(tail, bytes, what);
    const footerAt = bytes - TAIL_BYTES - length;
    if (MAGIC.compare(readAt(fd, 0, MAGIC.byteLength, what)) !== 0) {
      throw new StoreDamaged(`${what} does not begin as a Parquet file`);
    }
    const footer = readFooter(readAt(fd, footerAt, length, what), footerAt, what);
    if (checksums && !footer.hasChecksums)
      throw new StoreDamaged(`${what} has no checksums: it is none of the lake's`);
    return new OpenedFile(path, fd, bytes, footer, what);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

class OpenedFile implements ParquetFile {
  readonly path: string;
  readonly bytes: number;
  readonly rows: number;
  readonly groups: readonly ParquetGroup[];
  readonly metadata: ReadonlyMap<string, string>;
  #fd: number | undefined;
  readonly #footer: Footer;
  readonly #what: string;
  #buffer: ArrayBuffer | undefined;
  /** The shape that was asked for last, and what of it the file has. */
  #shape: TableShape | undefined;
  #wanted: readonly WantedColumn[] = [];

  constructor(path: string, fd: number, bytes: number, footer: Footer, what: string) {
    this.path = path;
    this.bytes = bytes;
    this.rows = footer.rows;
    this.groups = footer.groups.map((group) => ({ rows: group.rows, bytes: group.bytes }));
    this.metadata = footer.metadata;
    this.#fd = fd;
    this.#footer = footer;
    this.#what = what;
  }

  readGroup(shape: TableShape, group: number): PublicBatch {
    const { rows } = this.#group(group);
    const wanted = this.#columnsOf(shape);
    const indexes = wanted.flatMap(({ from }) => (from === undefined ? [] : [this.#indexOf(from.name)]));
    const chunks = this.#chunks(group, indexes);
    const buffer = this.#bufferOf(
      decodedBytes(
        wanted.map(({ to }) => to),
        rows,
      ),
    );
    return decodeGroup(shape, wanted, rows, chunks, buffer, `row group ${group} of ${this.#what}`);
  }

  holds(shape: TableShape): boolean {
    const { schema } = this.#footer;
    return (
      schema.length === shape.publicColumns.length &&
      shape.publicColumns.every(({ field }, index) => isSameElement(schema[index]!, elementOf(field)))
    );
  }

  readChunks(shape: TableShape, group: number): readonly RawChunk[] | undefined {
    const { schema } = this.#footer;
    const indexes = shape.publicColumns.map(({ name, field }) => {
      const index = this.#indexOf(name);
      return index >= 0 && isSameElement(schema[index]!, elementOf(field)) ? index : -1;
    });
    return indexes.includes(-1) ? undefined : this.#chunks(group, indexes);
  }

  times(shape: TableShape, group: number): { readonly minMs: number; readonly maxMs: number } | undefined {
    const chunk = this.#group(group).columns[this.#indexOf(shape.time)];
    const statistics = chunk && (fieldOf(chunk.meta, COLUMN.statistics)?.value as ThriftStruct | undefined);
    if (statistics === undefined) return undefined;
    const [minMs, maxMs] = [STATISTICS.min, STATISTICS.max].map((id) => momentOf(statistics, id));
    return minMs === undefined || maxMs === undefined ? undefined : { minMs, maxMs };
  }

  checkGroup(group: number): void {
    this.#chunks(group, [...this.#footer.schema.keys()]);
  }

  close(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
    if (this.#buffer !== undefined && spare.length < MOST_SPARE) spare.push(this.#buffer);
    this.#buffer = undefined;
  }

  #group(index: number) {
    const group = this.#footer.groups[index];
    if (group === undefined) throw new RangeError(`${this.#what} has no row group ${index}`);
    return group;
  }

  /** Column chunks of a row group, in the order of `indexes`; neighbours in the file are read at once. */
  #chunks(group: number, indexes: readonly number[]): readonly RawChunk[] {
    const { columns } = this.#group(group);
    const wanted = indexes.map((index) => columns[index]!);
    const read = new Map<ColumnChunk, Uint8Array>();
    const ordered = [...wanted].sort((one, other) => one.at - other.at);
    for (let first = 0; first < ordered.length; ) {
      let next = first + 1;
      while (next < ordered.length && endOf(ordered[next - 1]!) === ordered[next]!.at) next++;
      const run = ordered.slice(first, next);
      const start = run[0]!.at;
      const bytes = readAt(this.#fd!, start, endOf(run.at(-1)!) - start, this.#what);
      for (const chunk of run) {
        const part = bytes.subarray(chunk.at - start, endOf(chunk) - start);
        if (chunk.crc !== undefined && crc32(part) !== chunk.crc) {
          throw new StoreDamaged(`column ${chunk.name} of row group ${group} of ${this.#what} is damaged`);
        }
        read.set(chunk, part);
      }
      first = next;
    }
    return wanted.map((chunk) => ({
      name: chunk.name,
      codec: chunk.codec,
      meta: chunk.meta,
      at: chunk.at,
      bytes: read.get(chunk)!,
    }));
  }

  /** What of the shape's columns the file has. @throws StoreDamaged when one is of another type, or missing and needed */
  #columnsOf(shape: TableShape): readonly WantedColumn[] {
    if (this.#shape === shape) return this.#wanted;
    this.#wanted = shape.publicColumns.map(({ name, field, spec }) => {
      const to = shape.plan.public(name);
      const element = this.#footer.schema[this.#indexOf(name)];
      if (element === undefined) {
        const earlier = spec.class === "measure" ? spec.earlier : undefined;
        if (field.nullable || earlier !== undefined) return { to, from: undefined, earlier };
        throw new StoreDamaged(`${this.#what} has no column ${name}`);
      }
      if (!holdsField(element, field)) {
        throw new StoreDamaged(`${this.#what} holds column ${name} as something else than ${field.type}`);
      }
      const from: FieldSpec = { ...field, nullable: mayBeNull(element) === true };
      return { to, from };
    });
    this.#shape = shape;
    return this.#wanted;
  }

  #indexOf(name: string): number {
    return this.#footer.schema.findIndex((element) => {
      const own = fieldOf(element, ELEMENT.name);
      return own?.type === BINARY && Buffer.from(own.value as Uint8Array).toString() === name;
    });
  }

  #bufferOf(bytes: number): ArrayBuffer {
    this.#buffer ??= spare.pop();
    if (this.#buffer === undefined || this.#buffer.byteLength < bytes) {
      this.#buffer = new ArrayBuffer(alignUp(bytes, 65_536));
    }
    return this.#buffer;
  }
}

function endOf({ at, bytes }: ColumnChunk): number {
  return at + bytes;
}

function readAt(fd: number, at: number, bytes: number, what: string): Uint8Array {
  const read = new Uint8Array(bytes);
  for (let filled = 0; filled < bytes; ) {
    const count = readSync(fd, read, filled, bytes - filled, at + filled);
    if (count === 0) throw new StoreDamaged(`${what} became shorter while it was read`);
    filled += count;
  }
  return read;
}

/** A bound of a timestamp column: 8 bytes, little-endian. */
function momentOf(statistics: ThriftStruct, id: number): number | undefined {
  const value = fieldOf(statistics, id)?.value;
  if (!(value instanceof Uint8Array) || value.byteLength !== 8) return undefined;
  return Number(new DataView(value.buffer, value.byteOffset, 8).getBigInt64(0, true));
}

/** Of a path in the lake the part below it, else the name: where the data folder lies is nobody's business. */
function shownPath(path: string): string {
  const lake = path.lastIndexOf("/lake/");
  return lake < 0 ? path.slice(path.lastIndexOf("/") + 1) : path.slice(lake + 1);
}
