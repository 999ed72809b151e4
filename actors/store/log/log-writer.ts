/**
 * Appends frames to the log. Frames gather in a staging area of the shared memory; `sync` writes them in one go and returns
 * when they are on the disk. Only then may anybody be told that a row is stored.
 *
 * Opening finds where the log ends (log-recovery.ts), and cuts off what a crash within a write has left there.
 */

import { closeSync, mkdirSync, readdirSync } from "node:fs";
import type { Dataset } from "../../../datasets/define.ts";
import type { Batch } from "../../../runtime/batch/index.ts";
import type { Kernels } from "../../../wasm/index.ts";
import type { RecoveredCounts } from "../../ledger.ts";
import type { ReadWindow } from "./frame-reader.ts";
import { FrameStage, jsonBytes } from "./frame-stage.ts";
import { type InLake, LogCounts } from "./log-counts.ts";
import { hostDisk, type LogDisk } from "./log-disk.ts";
import {
  type CountsPayload,
  FRAME_BATCH,
  FRAME_COUNTS,
  FRAME_RECEIPTS,
  frameBytes,
  LOG_FORMAT,
  LOG_VERSION,
  logFolder,
  type SegmentHead,
  schemaOf,
  segmentName,
  segmentNumbers,
  writtenSeconds,
} from "./log-format.ts";
import { type RecoveredSegment, recoverSegment } from "./log-recovery.ts";
import { makeSegment } from "./new-segment.ts";
import { encodeReceipts, MAX_RECEIPTS, RECEIPT_BYTES, Receipts } from "./receipts.ts";

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

/** What opening the log found. */
export interface LogOpening {
  readonly segments: number;
  /** Bytes that were cut off the end, because they were no whole frame. */
  readonly cutBytes: number;
  readonly counts: ReadonlyMap<string, RecoveredCounts>;
}

/** Of a segment, what is left to receipts of requests before it; a thousand requests are always remembered. */
const RECEIPTS_SHARE = 0.25;
const LEAST_RECEIPTS = 1000;

export class LogWriter {
  readonly opening: LogOpening;
  readonly #options: LogWriterOptions;
  readonly #disk: LogDisk;
  readonly #folder: string;
  readonly #counts: LogCounts;
  /** Schemas of datasets that the log holds and this program does not know: their numbers are kept for when it does again. */
  readonly #retired = new Map<string, string>();
  readonly #stage: FrameStage;
  readonly #receipts: Receipts;
  #segment = 0;
  #fd = -1;
  /** Bytes of the segment that are on the disk. */
  #fileBytes = 0;
  /** Of these, receipts of requests before it: they make no segment full. */
  #carriedBytes = 0;
  /** Rows in the segment, what is staged included. */
  #segmentRows = 0;

  /**
   * Opens or creates the log of a data folder.
   * @throws LogDamaged when the last segment with rows cannot be read; the file system's error when the folder cannot be used
   */
  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#disk = options.disk ?? hostDisk;
    this.#folder = logFolder(options.dataFolder);
    this.#stage = new FrameStage(options.kernels, options.staging);
    const share = Math.floor((options.segmentBytes * RECEIPTS_SHARE) / RECEIPT_BYTES);
    this.#receipts = new Receipts(Math.min(MAX_RECEIPTS, Math.max(LEAST_RECEIPTS, share)));
    this.#counts = new LogCounts(options.datasets.map(({ name }) => name));
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    writers.get(this.#folder)?.close();
    writers.set(this.#folder, this);
    const numbers = [...segmentNumbers(readdirSync(this.#folder))];
    const cutBytes = this.#recover(numbers);
    if (this.#counts.catchUp(options.inLake ?? new Map())) this.#begin(this.#segment + 1);
    this.opening = { segments: numbers.length, cutBytes, counts: this.counts() };
  }

  /** Sequence number that the next row of a dataset gets. */
  nextSequence(dataset: string): number {
    return this.#counts.of(dataset).nextSequence;
  }

  /** What the log holds, what is staged included. */
  counts(): ReadonlyMap<string, RecoveredCounts> {
    return this.#counts.all();
  }

  /** Stages a public batch, and its receipt. @returns false when the staging area has no room: `sync` first */
  append(dataset: string, batch: Batch): boolean {
    const message = batch.message();
    const { origin, rows, firstSequence, minTimeMs, maxTimeMs } = batch;
    const seconds = writtenSeconds(batch.writtenMs);
    const receiptBytes = origin === undefined ? 0 : frameBytes(RECEIPT_BYTES);
    if (!this.#stage.hasRoom(receiptBytes + frameBytes(message.byteLength))) return false;
    const facts = { dataset: this.#indexOf(dataset), rows, writtenSeconds: seconds, firstSequence };
    if (origin !== undefined) {
      const receipt = { ...origin, dataset, rows, seconds };
      this.#stage.add(FRAME_RECEIPTS, encodeReceipts([receipt], this.#names()), {
        ...{ ...facts, minTimeMs: 0, maxTimeMs: 0 },
      });
      this.#receipts.add(receipt);
    }
    this.#stage.add(FRAME_BATCH, message, { ...facts, minTimeMs, maxTimeMs });
    this.#segmentRows += rows;
    this.#counts.add(dataset, rows, batch.endSequence, maxTimeMs);
    return true;
  }

  /** Of which rows of which requests the log knows that it has them, what is staged included. */
  get receipts(): Receipts {
    return this.#receipts;
  }

  /** Notes that the rows before `nextSequence` will not come: they were dropped on their way. */
  skipTo(dataset: string, nextSequence: number): void {
    this.#counts.skipTo(dataset, nextSequence);
  }

  /** Stages the counts that rows do not tell. Small; there is always room for it in an empty staging area. */
  appendCounts(counts: CountsPayload): boolean {
    if (!this.#stage.tryAdd(FRAME_COUNTS, jsonBytes(counts))) return false;
    this.#counts.carry(counts);
    return true;
  }

  /**
   * Writes what is staged and returns when it is on the disk. When the disk refuses, the file is cut back to what it held
   * and the error is thrown: staged frames stay staged, and `sync` may be tried again.
   */
  sync(): void {
    if (this.#stage.bytes === 0) return;
    this.#checkOurs();
    try {
      this.#stage.writeTo(this.#disk, this.#fd, this.#fileBytes);
      this.#disk.fdatasyncSync(this.#fd);
    } catch (error) {
      this.#cutBack();
      throw error;
    }
    this.#fileBytes += this.#stage.bytes;
    this.#stage.clear();
    if (this.#isFull()) this.#tryBegin(this.#segment + 1);
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
    return this.#stage.bytes;
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

  #isFull(): boolean {
    return this.#fileBytes - this.#carriedBytes >= this.#options.segmentBytes;
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
    const source = { kernels: this.#options.kernels, window: this.#options.staging };
    const today = new Set(this.#options.datasets.map(({ name }) => name));
    const found = recoverSegment(this.#folder, number, source, this.#counts, this.#receipts);
    for (const { name, schema } of found.head.datasets) if (!today.has(name)) this.#retired.set(name, schema);
    this.#goOn(number, found);
    return found.fileBytes - found.goodBytes;
  }

  /** Goes on in an existing segment, or in a new one when it is full or does not know today's datasets. */
  #goOn(number: number, { head, goodBytes, fileBytes, rows, carriedBytes }: RecoveredSegment): void {
    const shapes = ({ datasets }: SegmentHead) => JSON.stringify(datasets.map((of) => [of.name, of.schema]));
    this.#fd = this.#disk.openSync(`${this.#folder}/${segmentName(number)}`, "r+", 0o600);
    if (fileBytes > goodBytes) {
      this.#disk.ftruncateSync(this.#fd, goodBytes);
      this.#disk.fdatasyncSync(this.#fd);
    }
    this.#segment = number;
    this.#fileBytes = goodBytes;
    this.#segmentRows = rows;
    this.#carriedBytes = carriedBytes;
    if (shapes(head) !== shapes(this.#newHead())) this.#begin(number + 1);
    else if (this.#isFull()) this.#tryBegin(number + 1);
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
    this.#receipts.forgetBefore(this.#options.nowMs());
    const place = { disk: this.#disk, folder: this.#folder, number };
    const { fd, bytes, carriedBytes } = makeSegment(place, this.#stage, this.#newHead(), this.#receipts);
    this.#closeFile();
    this.#fd = fd;
    this.#segment = number;
    this.#segmentRows = 0;
    this.#fileBytes = bytes;
    this.#carriedBytes = carriedBytes;
  }

  #newHead(): SegmentHead {
    const today = new Map(this.#options.datasets.map((dataset) => [dataset.name, schemaOf(dataset)]));
    const datasets = this.#names().map((name) => {
      const { carried, ...counts } = this.#counts.of(name);
      const schema = today.get(name) ?? this.#retired.get(name)!;
      return { name, schema, ...counts, ...carried };
    });
    return { format: LOG_FORMAT, version: LOG_VERSION, createdMs: this.#options.nowMs(), datasets };
  }

  /** As a segment's head has them, today's first: their place in it is what frames call them by. */
  #names(): readonly string[] {
    return [...this.#options.datasets.map(({ name }) => name), ...this.#retired.keys()];
  }

  #indexOf(dataset: string): number {
    return Math.max(
      0,
      this.#options.datasets.findIndex(({ name }) => name === dataset),
    );
  }

  /** Takes back what a write left that failed. What stays all the same is written over by the next one. */
  #cutBack(): void {
    try {
      this.#disk.ftruncateSync(this.#fd, this.#fileBytes);
    } catch {
      // The write that failed is what is to be told of; whoever opens the log before the next one cuts the rest off.
    }
  }
}
