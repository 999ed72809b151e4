/**
 * One file of the lake being made: the rows of one hour of one dataset, in the order they are added. It is written beside
 * (`new.part`), synced, renamed and its folder synced; then it is there, though nothing counts it before the manifest does.
 *
 * Rows wait in memory until they fill a row group, and a file of fewer rows is written whole at its end. So many hours can be
 * open at once, as long as the rows that they wait for are few.
 */

import { RowGatherer } from "../../../datasets/row-gatherer.ts";
import { compactPlan, type TableShape } from "../../../datasets/shape.ts";
import { type Column, type PublicBatch, readInt64 } from "../../../runtime/batch/index.ts";
import type { LakeCodec, LakeEncoder } from "./lake-codec.ts";
import { type LakeDisk, makeFolders, writeWhole } from "./lake-disk.ts";
import { type LakeFile, lakeFolder } from "./manifest.ts";
import { hourFolder, lakePath } from "./partition.ts";

/** Rows of a row group: an hour of most hosts' processes is one. */
const GROUP_ROWS = 65_536;
/** What a file is called that is not whole. There is one an hour at the most. */
export const PART_NAME = "new.part";

export interface HourFileOptions {
  readonly dataFolder: string;
  readonly disk: LakeDisk;
  readonly codec: LakeCodec;
  readonly shape: TableShape;
  readonly hourMs: number;
  /** Rows that will be added at the most. */
  readonly mostRows: number;
}

/** What a file is called by, beside its hour. */
export interface FileEnd {
  readonly endSequence: number;
  readonly generation: number;
}

export class HourFile {
  readonly #options: HourFileOptions;
  readonly #gatherer: RowGatherer;
  readonly #folder: string;
  /** The shape of what is gathered. */
  readonly #shape: TableShape;
  readonly #time: Column;
  #encoder: LakeEncoder | undefined;
  #fd = -1;
  #rows = 0;
  #bytes = 0;
  #minTimeMs = Number.POSITIVE_INFINITY;
  #maxTimeMs = Number.NEGATIVE_INFINITY;

  constructor(options: HourFileOptions) {
    const { dataFolder, hourMs, mostRows, shape } = options;
    this.#options = options;
    this.#gatherer = new RowGatherer(shape, Math.max(1, Math.min(mostRows, GROUP_ROWS)));
    this.#shape = { ...shape, plan: compactPlan(shape) };
    this.#time = shape.plan.public(shape.time);
    this.#folder = `${lakeFolder(dataFolder)}/${hourFolder(shape.name, hourMs)}`;
  }

  /** Adds rows `from` to `to` of a batch that is laid out by the shape's plan. @throws what the disk says */
  add(batch: PublicBatch, from: number, to: number): void {
    const { i32 } = batch.views;
    const timesAt = batch.dataAt(this.#time) >>> 2;
    for (let row = from; row < to; row++) {
      const timeMs = readInt64(i32, timesAt + row * 2);
      this.#minTimeMs = Math.min(this.#minTimeMs, timeMs);
      this.#maxTimeMs = Math.max(this.#maxTimeMs, timeMs);
    }
    for (let row = from; row < to; ) {
      row = this.#gatherer.add(batch, row, to);
      if (this.#gatherer.isFull) this.#encode();
    }
    this.#rows += to - from;
  }

  /**
   * Makes it a file of the lake. @returns what the manifest is to say of it; undefined when no row was added, and no file is made
   * @throws what the disk says; then `abandon` it
   */
  finish({ endSequence, generation }: FileEnd): LakeFile | undefined {
    const { dataFolder, disk, hourMs, shape } = this.#options;
    if (this.#rows === 0) return undefined;
    if (this.#gatherer.rows > 0) this.#encode();
    this.#encoder?.end();
    disk.fsyncSync(this.#fd);
    this.abandon();
    const path = lakePath(shape.name, { hourMs, endSequence, generation });
    disk.renameSync(`${this.#folder}/${PART_NAME}`, `${lakeFolder(dataFolder)}/${path}`);
    disk.syncFolder(this.#folder);
    return {
      path,
      rows: this.#rows,
      bytes: this.#bytes,
      minTimeMs: this.#minTimeMs,
      maxTimeMs: this.#maxTimeMs,
      hourMs,
    };
  }

  /** Gives its descriptor back. A part that was written stays: it is found and removed as what nobody lists. */
  abandon(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    this.#options.disk.closeSync(fd);
  }

  #encode(): void {
    const { codec, dataFolder, disk } = this.#options;
    if (this.#encoder === undefined) {
      makeFolders(disk, this.#folder, dataFolder);
      this.#fd = disk.create(`${this.#folder}/${PART_NAME}`);
      this.#encoder = codec.encode(this.#shape, (bytes) => {
        writeWhole(disk, this.#fd, bytes);
        this.#bytes += bytes.byteLength;
      });
    }
    const { rows } = this.#gatherer;
    this.#encoder.append(this.#gatherer.takeBatch(), { from: 0, to: rows });
  }
}
