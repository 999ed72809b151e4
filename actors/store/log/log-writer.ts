/**
 * Appends frames to the log. Frames gather in a staging area of the shared memory; `sync` writes them in one go and returns
 * when they are on the disk. Only then may anybody be told that a row is stored.
 *
 * Opening finds where the log ends: the last segment is read frame by frame, and what follows its last whole frame is cut
 * off. That is what a crash within a write leaves; a row that was acknowledged is never behind it. A receipt that has lost its batch
 * goes with it.
 */

import { closeSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import type { Dataset } from "../../../datasets/define.ts";
import type { Batch } from "../../../runtime/batch/index.ts";
import type { Kernels } from "../../../wasm/index.ts";
import type { CarriedCounts, RecoveredCounts } from "../../ledger.ts";
import { type ReadWindow, SegmentReader } from "./frame-reader.ts";
import { FrameStage } from "./frame-stage.ts";
import { hostDisk, type LogDisk, syncFolder } from "./log-disk.ts";
import {
  type CountsPayload,
  FRAME_BATCH,
  FRAME_COUNTS,
  FRAME_RECEIPTS,
  FRAME_SEGMENT,
  type FrameHeader,
  frameBytes,
  isReceiptOf,
  LOG_FORMAT,
  LOG_VERSION,
  logFolder,
  type SegmentHead,
  schemaOf,
  segmentName,
  segmentNumbers,
  unfinishedName,
  writtenSeconds,
} from "./log-format.ts";
import { LogDamaged, readHead } from "./log-reader.ts";
import {
  decodeReceipts,
  encodeReceipts,
  MAX_RECEIPTS,
  RECEIPT_BYTES,
  type Receipt,
  Receipts,
} from "./receipts.ts";

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
/** Receipts of one frame behind a head. */
const CARRIED_RECEIPTS = 1000;
/** Of a segment, what is left to receipts of requests before it; a thousand requests are always remembered. */
const RECEIPTS_SHARE = 0.25;
const LEAST_RECEIPTS = 1000;

/** A receipt frame whose batch has to be the next one. */
interface Awaited {
  readonly receipt: Receipt;
  readonly header: FrameHeader;
  readonly fileOffset: number;
}

export class LogWriter {
  readonly opening: LogOpening;
  readonly #options: LogWriterOptions;
  readonly #disk: LogDisk;
  readonly #folder: string;
  readonly #counts = new Map<string, Mutable>();
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
    const counts = this.#of(dataset);
    counts.stored += rows;
    counts.nextSequence = batch.endSequence;
    counts.latestMs = later(counts.latestMs, maxTimeMs);
    return true;
  }

  /** Of which rows of which requests the log knows that it has them, what is staged included. */
  get receipts(): Receipts {
    return this.#receipts;
  }

  /** Notes that the rows before `nextSequence` will not come: they were dropped on their way. */
  skipTo(dataset: string, nextSequence: number): void {
    const counts = this.#of(dataset);
    counts.nextSequence = Math.max(counts.nextSequence, nextSequence);
  }

  /** Stages the counts that rows do not tell. Small; there is always room for it in an empty staging area. */
  appendCounts(counts: CountsPayload): boolean {
    if (!this.#tryStage(FRAME_COUNTS, asJson(counts))) return false;
    for (const [name, carried] of Object.entries(counts)) this.#carry(name, carried);
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
      const awaited = this.#readCounts(reader, head);
      const { goodBytes: wholeBytes, fileBytes } = reader.end();
      const goodBytes = awaited?.fileOffset ?? wholeBytes;
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

  /** @returns a receipt at the end that has lost its batch */
  #readCounts(reader: SegmentReader, head: SegmentHead): Awaited | undefined {
    for (const { name, schema, stored, nextSequence, latestMs, rejected, dropped } of head.datasets) {
      if (!this.#counts.has(name)) this.#retired.set(name, schema);
      this.#counts.set(name, { stored, nextSequence, latestMs, carried: { rejected, dropped } });
    }
    const names = head.datasets.map(({ name }) => name);
    let awaited: Awaited | undefined;
    for (let frame = reader.next(() => true); frame !== undefined; frame = reader.next(() => true)) {
      const { header, fileOffset } = frame;
      const { type, dataset, rows, firstSequence, maxTimeMs, payloadBytes } = header;
      if (awaited !== undefined && isReceiptOf(awaited.header, header)) this.#receipts.add(awaited.receipt);
      awaited = undefined;
      if (type === FRAME_BATCH) {
        this.#segmentRows += rows;
        const counts = this.#of(names[dataset] ?? "");
        counts.stored += rows;
        counts.nextSequence = firstSequence + rows;
        counts.latestMs = later(counts.latestMs, maxTimeMs);
      } else if (type === FRAME_COUNTS) {
        for (const [name, carried] of Object.entries(JSON.parse(reader.text(frame)) as CountsPayload)) {
          this.#carry(name, carried);
        }
      } else if (type === FRAME_RECEIPTS) {
        const [receipt, ...others] = decodeReceipts(reader.bytes(frame), names) ?? [];
        if (receipt === undefined) continue;
        if (rows > 0) {
          awaited = { receipt, header: { ...header }, fileOffset };
          continue;
        }
        for (const carried of [receipt, ...others]) this.#receipts.add(carried);
        this.#carriedBytes += frameBytes(payloadBytes);
      }
    }
    return awaited;
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
    const unfinished = `${this.#folder}/${unfinishedName(number)}`;
    const fd = this.#disk.openSync(unfinished, "w", 0o600);
    let bytes = 0;
    let carriedBytes = 0;
    try {
      const add = (type: number, payload: Uint8Array) => {
        if (this.#tryStage(type, payload)) return;
        this.#stage.writeTo(this.#disk, fd, bytes);
        bytes += this.#stage.bytes;
        this.#stage.clear();
        this.#tryStage(type, payload);
      };
      add(FRAME_SEGMENT, asJson(this.#newHead()));
      for (const receipts of this.#carriedReceipts()) {
        add(FRAME_RECEIPTS, receipts);
        carriedBytes += frameBytes(receipts.byteLength);
      }
      this.#stage.writeTo(this.#disk, fd, bytes);
      bytes += this.#stage.bytes;
      this.#disk.fdatasyncSync(fd);
      renameSync(unfinished, `${this.#folder}/${segmentName(number)}`);
      syncFolder(this.#folder);
    } catch (error) {
      this.#stage.clear();
      closeSync(fd);
      // A segment by that name would be taken for the log's end, and we go on in the one before.
      rmSync(unfinished, { force: true });
      rmSync(`${this.#folder}/${segmentName(number)}`, { force: true });
      throw error;
    }
    this.#stage.clear();
    this.#closeFile();
    this.#fd = fd;
    this.#segment = number;
    this.#segmentRows = 0;
    this.#fileBytes = bytes;
    this.#carriedBytes = carriedBytes;
  }

  /** What was known of requests up to here, in pieces. */
  *#carriedReceipts(): Generator<Uint8Array, void, void> {
    this.#receipts.forgetBefore(this.#options.nowMs());
    const names = this.#names();
    let piece: Receipt[] = [];
    for (const receipt of this.#receipts) {
      if (piece.push(receipt) < CARRIED_RECEIPTS) continue;
      yield encodeReceipts(piece, names);
      piece = [];
    }
    if (piece.length > 0) yield encodeReceipts(piece, names);
  }

  #newHead(): SegmentHead {
    const today = new Map(this.#options.datasets.map((dataset) => [dataset.name, schemaOf(dataset)]));
    const datasets = this.#names().map((name) => {
      const { carried, ...counts } = this.#of(name);
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

  #tryStage(type: number, payload: Uint8Array): boolean {
    if (!this.#stage.hasRoom(frameBytes(payload.byteLength))) return false;
    this.#stage.add(type, payload);
    return true;
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

function asJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
