/**
 * Appends frames to the log. Frames gather in a staging area of the shared memory; `sync` writes them in one go and returns
 * when they are on the disk. Only then may anybody be told that a row is stored.
 *
 * Opening finds where the log ends: the last segment is read frame by frame, and what follows its last whole frame is cut
 * off. That is what a crash within a write leaves; a row that was acknowledged is never behind it.
 */

import { closeSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import type { Dataset } from "../../../datasets/define.ts";
import type { Batch } from "../../../runtime/batch/index.ts";
import type { Kernels } from "../../../wasm/index.ts";
import type { CarriedCounts, RecoveredCounts } from "../../ledger.ts";
import { type ReadWindow, SegmentReader } from "./frame-reader.ts";
import { hostDisk, type LogDisk, syncFolder } from "./log-disk.ts";
import {
  type CountsPayload,
  FRAME_BATCH,
  FRAME_COUNTS,
  FRAME_HEADER_BYTES,
  FRAME_SEGMENT,
  frameBytes,
  LOG_FORMAT,
  LOG_VERSION,
  logFolder,
  type SegmentHead,
  schemaOf,
  segmentName,
  segmentNumbers,
  unfinishedName,
  writeHeader,
  writtenSeconds,
} from "./log-format.ts";
import { LogDamaged, readHead } from "./log-reader.ts";

/** Who writes the log of a folder: the one that was opened last. */
const writers = new Map<string, LogWriter>();

export interface LogWriterOptions {
  readonly dataFolder: string;
  readonly datasets: readonly Dataset[];
  readonly kernels: Kernels;
  /** Where frames gather; at least the largest frame. Also used to read the last segment when opening. */
  readonly staging: ReadWindow;
  /** A segment that has reached this size is followed by a new one. */
  readonly segmentBytes: number;
  readonly nowMs: () => number;
  /**
   * What the lake has of each dataset, by name. A log that knows less has lost its end: it goes on after that, or new rows
   * would be taken for rows that the lake has. Default: nothing.
   */
  readonly inLake?: ReadonlyMap<string, InLake>;
  /** Default: the host's. */
  readonly disk?: LogDisk;
}

/** Rows that are in the lake, or were. */
export interface InLake {
  readonly rows: number;
  /** Sequence number after the last of them. */
  readonly endSequence: number;
}

/** What opening the log found. */
export interface LogOpening {
  readonly segments: number;
  /** Bytes that were cut off the end, because they were no whole frame. */
  readonly cutBytes: number;
  readonly counts: ReadonlyMap<string, RecoveredCounts>;
}

interface Mutable {
  stored: number;
  nextSequence: number;
  latestMs: number | null;
  carried: CarriedCounts;
}

const NOTHING: CarriedCounts = { rejected: {}, dropped: {} };
/** What a frame without rows says of them. */
const NO_ROWS = { rows: 0, writtenSeconds: 0, firstSequence: 0, minTimeMs: 0, maxTimeMs: 0 };

export class LogWriter {
  readonly opening: LogOpening;
  readonly #options: LogWriterOptions;
  readonly #disk: LogDisk;
  readonly #folder: string;
  readonly #counts = new Map<string, Mutable>();
  /** Schemas of datasets that the log holds and this program does not know: their numbers are kept for when it does again. */
  readonly #retired = new Map<string, string>();
  readonly #u8: Uint8Array;
  readonly #view: DataView;
  #segment = 0;
  #fd = -1;
  /** Bytes of the segment that are on the disk. */
  #fileBytes = 0;
  /** Rows in the segment, what is staged included. */
  #segmentRows = 0;
  #staged = 0;

  /**
   * Opens or creates the log of a data folder.
   * @throws LogDamaged when the last segment with rows cannot be read; the file system's error when the folder cannot be used
   */
  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#disk = options.disk ?? hostDisk;
    this.#folder = logFolder(options.dataFolder);
    const { at, bytes } = options.staging;
    this.#u8 = new Uint8Array(options.kernels.memory.buffer, at, bytes);
    this.#view = new DataView(options.kernels.memory.buffer, at, bytes);
    for (const { name } of options.datasets) {
      this.#counts.set(name, { stored: 0, nextSequence: 0, latestMs: null, carried: NOTHING });
    }
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    writers.get(this.#folder)?.close();
    writers.set(this.#folder, this);
    const numbers = [...segmentNumbers(readdirSync(this.#folder))];
    const cutBytes = this.#recover(numbers);
    if (this.#catchUp(options.inLake ?? new Map())) this.#begin(this.#segment + 1);
    this.opening = { segments: numbers.length, cutBytes, counts: this.counts() };
  }

  /** Sequence number that the next row of a dataset gets. */
  nextSequence(dataset: string): number {
    return this.#of(dataset).nextSequence;
  }

  /** What the log holds, what is staged included. */
  counts(): ReadonlyMap<string, RecoveredCounts> {
    return new Map(
      [...this.#counts].map(([name, { carried, ...counts }]) => [name, { ...counts, ...carried }]),
    );
  }

  /** Stages a public batch. @returns false when the staging area has no room: `sync` first */
  append(dataset: string, batch: Batch): boolean {
    const message = batch.message();
    const bytes = frameBytes(message.byteLength);
    if (this.#staged + bytes > this.#options.staging.bytes) {
      if (this.#staged === 0) {
        throw new RangeError(`a batch of ${bytes} bytes does not fit into the staging area`);
      }
      return false;
    }
    this.#u8.set(message, this.#staged + FRAME_HEADER_BYTES);
    this.#stage(FRAME_BATCH, dataset, message.byteLength, {
      rows: batch.rows,
      writtenSeconds: writtenSeconds(batch.writtenMs),
      firstSequence: batch.firstSequence,
      minTimeMs: batch.minTimeMs,
      maxTimeMs: batch.maxTimeMs,
    });
    this.#segmentRows += batch.rows;
    const counts = this.#of(dataset);
    counts.stored += batch.rows;
    counts.nextSequence = batch.endSequence;
    counts.latestMs = later(counts.latestMs, batch.maxTimeMs);
    return true;
  }

  /** Notes that the rows before `nextSequence` will not come: they were dropped on their way. */
  skipTo(dataset: string, nextSequence: number): void {
    const counts = this.#of(dataset);
    counts.nextSequence = Math.max(counts.nextSequence, nextSequence);
  }

  /** Stages the counts that rows do not tell. Small; there is always room for it in an empty staging area. */
  appendCounts(counts: CountsPayload): boolean {
    if (!this.#stageJson(FRAME_COUNTS, counts)) return false;
    for (const [name, carried] of Object.entries(counts)) this.#carry(name, carried);
    return true;
  }

  /**
   * Writes what is staged and returns when it is on the disk. When the disk refuses, the file is cut back to what it held
   * and the error is thrown: staged frames stay staged, and `sync` may be tried again.
   */
  sync(): void {
    if (this.#staged === 0) return;
    this.#checkOurs();
    try {
      this.#writeStaged(this.#fd, this.#fileBytes);
    } catch (error) {
      this.#cutBack();
      throw error;
    }
    this.#fileBytes += this.#staged;
    this.#staged = 0;
    if (this.#fileBytes >= this.#options.segmentBytes) this.#tryBegin(this.#segment + 1);
  }

  /**
   * Begins a new segment when this one holds rows. What is staged is on the disk then.
   * @throws what the disk says; then it goes on in the old one, and nothing staged is lost
   */
  roll(): void {
    this.#checkOurs();
    this.sync();
    if (this.#segmentRows > 0) this.#begin(this.#segment + 1);
  }

  /** Number of the segment that is written to. */
  get segment(): number {
    return this.#segment;
  }

  /** Bytes that are staged and not yet on the disk. */
  get stagedBytes(): number {
    return this.#staged;
  }

  /** Gives the file back; what is staged is forgotten. May be called again. */
  close(): void {
    if (writers.get(this.#folder) === this) writers.delete(this.#folder);
    this.#closeFile();
  }

  /** A recorder that was given up on while it waited for the disk must not write into what its successor wrote. */
  #checkOurs(): void {
    if (writers.get(this.#folder) !== this) throw new Error("this log was closed, or opened anew by another");
  }

  #closeFile(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** @returns bytes that were cut off the end */
  #recover(numbers: readonly number[]): number {
    const number = numbers.at(-1);
    if (number === undefined) {
      this.#begin(1);
      return 0;
    }
    const name = segmentName(number);
    const path = `${this.#folder}/${name}`;
    const reader = new SegmentReader(path, this.#options.kernels, this.#options.staging);
    try {
      const head = readHead(reader);
      if (head === undefined) {
        // A segment has its name only once its head is on the disk: no crash leaves this.
        throw new LogDamaged(
          `log segment ${name} does not begin with a readable head; ` +
            "bring it back from a copy, or move it away to go on without the rows in it",
        );
      }
      this.#readCounts(reader, head);
      const { goodBytes, fileBytes } = reader.end();
      this.#goOn(number, path, goodBytes, fileBytes, head);
      return fileBytes - goodBytes;
    } finally {
      reader.close();
    }
  }

  /** @returns whether the lake has rows that the log does not know of */
  #catchUp(inLake: ReadonlyMap<string, InLake>): boolean {
    let isBehind = false;
    for (const [name, { rows, endSequence }] of inLake) {
      const counts = this.#of(name);
      isBehind ||= counts.nextSequence < endSequence || counts.stored < rows;
      counts.nextSequence = Math.max(counts.nextSequence, endSequence);
      counts.stored = Math.max(counts.stored, rows);
    }
    return isBehind;
  }

  #readCounts(reader: SegmentReader, head: SegmentHead): void {
    for (const { name, schema, stored, nextSequence, latestMs, rejected, dropped } of head.datasets) {
      if (!this.#counts.has(name)) this.#retired.set(name, schema);
      this.#counts.set(name, { stored, nextSequence, latestMs, carried: { rejected, dropped } });
    }
    for (let frame = reader.next(() => true); frame !== undefined; frame = reader.next(() => true)) {
      const { type, dataset, rows, firstSequence, maxTimeMs } = frame.header;
      if (type === FRAME_BATCH) {
        this.#segmentRows += rows;
        const counts = this.#of(head.datasets[dataset]?.name ?? "");
        counts.stored += rows;
        counts.nextSequence = firstSequence + rows;
        counts.latestMs = later(counts.latestMs, maxTimeMs);
      } else if (type === FRAME_COUNTS) {
        for (const [name, carried] of Object.entries(JSON.parse(reader.text(frame)) as CountsPayload)) {
          this.#carry(name, carried);
        }
      }
    }
  }

  /** Goes on in an existing segment, or in a new one when it is full or does not know today's datasets. */
  #goOn(number: number, path: string, goodBytes: number, fileBytes: number, head: SegmentHead): void {
    const shapes = ({ datasets }: SegmentHead) => JSON.stringify(datasets.map((of) => [of.name, of.schema]));
    this.#fd = this.#disk.openSync(path, "r+", 0o600);
    if (fileBytes > goodBytes) {
      this.#disk.ftruncateSync(this.#fd, goodBytes);
      this.#disk.fdatasyncSync(this.#fd);
    }
    this.#segment = number;
    this.#fileBytes = goodBytes;
    if (shapes(head) !== shapes(this.#newHead())) this.#begin(number + 1);
    else if (goodBytes >= this.#options.segmentBytes) this.#tryBegin(number + 1);
  }

  /** A disk that has no room for a new segment may have room in this one, which then grows larger. */
  #tryBegin(number: number): void {
    try {
      this.#begin(number);
    } catch {
      // Not lost sight of: it is tried again after the next sync, and what the disk refuses of rows is thrown by that.
    }
  }

  /** Makes segment `number` and goes on in it. Nothing is staged then. When it throws, all is as it was. */
  #begin(number: number): void {
    const unfinished = `${this.#folder}/${unfinishedName(number)}`;
    const fd = this.#disk.openSync(unfinished, "w", 0o600);
    try {
      if (!this.#stageJson(FRAME_SEGMENT, this.#newHead())) {
        throw new RangeError("the staging area is too small for a segment head");
      }
      this.#writeStaged(fd, 0);
      renameSync(unfinished, `${this.#folder}/${segmentName(number)}`);
      syncFolder(this.#folder);
    } catch (error) {
      this.#staged = 0;
      closeSync(fd);
      // A segment by that name would be taken for the log's end, and we go on in the one before.
      rmSync(unfinished, { force: true });
      rmSync(`${this.#folder}/${segmentName(number)}`, { force: true });
      throw error;
    }
    this.#closeFile();
    this.#fd = fd;
    this.#segment = number;
    this.#segmentRows = 0;
    this.#fileBytes = this.#staged;
    this.#staged = 0;
  }

  #newHead(): SegmentHead {
    const known = this.#options.datasets.map((dataset) => [dataset.name, schemaOf(dataset)] as const);
    // Today's first: their place in the list is what frames call them by.
    const datasets = [...known, ...this.#retired].map(([name, schema]) => {
      const { carried, ...counts } = this.#of(name);
      return { name, schema, ...counts, ...carried };
    });
    return { format: LOG_FORMAT, version: LOG_VERSION, createdMs: this.#options.nowMs(), datasets };
  }

  #stageJson(type: number, value: unknown): boolean {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    if (this.#staged + frameBytes(bytes.byteLength) > this.#options.staging.bytes) return false;
    this.#u8.set(bytes, this.#staged + FRAME_HEADER_BYTES);
    this.#stage(type, undefined, bytes.byteLength, NO_ROWS);
    return true;
  }

  #stage(type: number, dataset: string | undefined, payloadBytes: number, facts: typeof NO_ROWS): void {
    const at = this.#staged;
    const index = this.#options.datasets.findIndex(({ name }) => name === dataset);
    const bytes = frameBytes(payloadBytes);
    writeHeader(this.#view, at, { payloadBytes, type, dataset: Math.max(0, index), ...facts });
    this.#u8.fill(0, at + FRAME_HEADER_BYTES + payloadBytes, at + bytes);
    const crc = this.#options.kernels.crc32c(this.#options.staging.at + at + 4, bytes - 4);
    this.#view.setUint32(at, crc, true);
    this.#staged = at + bytes;
  }

  /** Writes all that is staged at byte `at` of the file, and returns when it is on the disk. */
  #writeStaged(fd: number, at: number): void {
    let written = 0;
    while (written < this.#staged) {
      written += this.#disk.writeSync(fd, this.#u8, written, this.#staged - written, at + written);
    }
    this.#disk.fdatasyncSync(fd);
  }

  /** Takes back what a write left that failed. What stays all the same is written over by the next one. */
  #cutBack(): void {
    try {
      this.#disk.ftruncateSync(this.#fd, this.#fileBytes);
    } catch {
      // The write that failed is what is to be told of; whoever opens the log before the next one cuts the rest off.
    }
  }

  #carry(dataset: string, { rejected, dropped, nextSequence }: CountsPayload[string]): void {
    this.#of(dataset).carried = { rejected, dropped };
    this.skipTo(dataset, nextSequence);
  }

  #of(dataset: string): Mutable {
    let counts = this.#counts.get(dataset);
    if (counts === undefined) {
      counts = { stored: 0, nextSequence: 0, latestMs: null, carried: NOTHING };
      this.#counts.set(dataset, counts);
    }
    return counts;
  }
}

function later(latestMs: number | null, timeMs: number): number {
  return latestMs === null ? timeMs : Math.max(latestMs, timeMs);
}
