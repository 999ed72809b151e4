/**
 * Appends frames to the log. Frames gather in a staging area of the shared memory; `sync` writes them in one go and returns
 * when they are on the disk. Only then may anybody be told that a row is stored.
 *
 * Opening finds where the log ends: the last segment is read frame by frame, and what follows its last whole frame is cut
 * off. That is what a crash within a write leaves; a row that was acknowledged is never behind it.
 */

import { Buffer } from "node:buffer";
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import type { Dataset } from "../../datasets/define.ts";
import { alignUp } from "../../runtime/arena.ts";
import { type Batch, streamPreamble } from "../../runtime/batch/index.ts";
import type { Kernels } from "../../wasm/index.ts";
import type { CarriedCounts, RecoveredCounts } from "../ledger.ts";
import { type ReadWindow, SegmentReader } from "./frame-reader.ts";
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
  segmentName,
  segmentNumbers,
  writeHeader,
} from "./log-format.ts";
import { LogDamaged, readHead } from "./log-reader.ts";

export interface LogWriterOptions {
  readonly dataFolder: string;
  readonly datasets: readonly Dataset[];
  readonly kernels: Kernels;
  /** Where frames gather; at least the largest frame. Also used to read the last segment when opening. */
  readonly staging: ReadWindow;
  /** A segment that has reached this size is followed by a new one. */
  readonly segmentBytes: number;
  readonly nowMs: () => number;
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

export class LogWriter {
  readonly opening: LogOpening;
  readonly #options: LogWriterOptions;
  readonly #folder: string;
  readonly #counts = new Map<string, Mutable>();
  readonly #u8: Uint8Array;
  readonly #view: DataView;
  #segment = 0;
  #fd = -1;
  /** Bytes of the segment that are on the disk. */
  #fileBytes = 0;
  #staged = 0;

  /**
   * Opens or creates the log of a data folder.
   * @throws LogDamaged when the last segment with rows cannot be read; the file system's error when the folder cannot be used
   */
  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#folder = logFolder(options.dataFolder);
    const { at, bytes } = options.staging;
    this.#u8 = new Uint8Array(options.kernels.memory.buffer, at, bytes);
    this.#view = new DataView(options.kernels.memory.buffer, at, bytes);
    for (const { name } of options.datasets) {
      this.#counts.set(name, { stored: 0, nextSequence: 0, latestMs: null, carried: NOTHING });
    }
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const numbers = [...segmentNumbers(readdirSync(this.#folder))];
    const cutBytes = this.#recover(numbers);
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
      firstSequence: batch.firstSequence,
      minTimeMs: batch.minTimeMs,
      maxTimeMs: batch.maxTimeMs,
    });
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
    try {
      this.#writeAll();
      fdatasyncSync(this.#fd);
    } catch (error) {
      ftruncateSync(this.#fd, this.#fileBytes);
      throw error;
    }
    this.#fileBytes += this.#staged;
    this.#staged = 0;
    if (this.#fileBytes >= this.#options.segmentBytes) this.#begin(this.#segment + 1);
  }

  /** Bytes that are staged and not yet on the disk. */
  get stagedBytes(): number {
    return this.#staged;
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #recover(numbers: number[]): number {
    let cutBytes = 0;
    for (let number = numbers.pop(); number !== undefined; number = numbers.pop()) {
      const path = `${this.#folder}/${segmentName(number)}`;
      const reader = new SegmentReader(path, this.#options.kernels, this.#options.staging);
      try {
        const head = readHead(reader);
        if (head === undefined) {
          cutBytes += reader.end().fileBytes;
          // The process ended while it made this segment: nothing is in it. Anything larger is damage, and not ours to remove.
          if (reader.end().fileBytes > this.#headBytesAtMost()) {
            throw new LogDamaged(`log segment ${segmentName(number)} does not begin with a readable head`);
          }
          rmSync(path);
          continue;
        }
        this.#readCounts(reader, head);
        const end = reader.end();
        cutBytes += end.fileBytes - end.goodBytes;
        numbers.push(number);
        this.#goOn(number, path, end.goodBytes, head);
        return cutBytes;
      } finally {
        reader.close();
      }
    }
    this.#begin(1);
    return cutBytes;
  }

  #readCounts(reader: SegmentReader, head: SegmentHead): void {
    for (const { name, stored, nextSequence, latestMs, rejected, dropped } of head.datasets) {
      this.#counts.set(name, { stored, nextSequence, latestMs, carried: { rejected, dropped } });
    }
    for (
      let frame = reader.next(() => true, true);
      frame !== undefined;
      frame = reader.next(() => true, true)
    ) {
      const { type, dataset, rows, firstSequence, maxTimeMs } = frame.header;
      if (type === FRAME_BATCH) {
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
  #goOn(number: number, path: string, goodBytes: number, head: SegmentHead): void {
    const same = JSON.stringify(head.datasets.map(({ name, schema }) => [name, schema]));
    const now = JSON.stringify(this.#options.datasets.map((dataset) => [dataset.name, schemaOf(dataset)]));
    this.#fd = openSync(path, "r+");
    if (statSync(path).size > goodBytes) {
      ftruncateSync(this.#fd, goodBytes);
      fsyncSync(this.#fd);
    }
    this.#segment = number;
    this.#fileBytes = goodBytes;
    if (same !== now || goodBytes >= this.#options.segmentBytes) this.#begin(number + 1);
  }

  #begin(number: number): void {
    this.close();
    const staged = this.#staged;
    if (staged !== 0) throw new Error("a segment begins with nothing staged");
    const path = `${this.#folder}/${segmentName(number)}`;
    this.#fd = openSync(path, "w", 0o600);
    this.#segment = number;
    this.#fileBytes = 0;
    const head: SegmentHead = {
      format: LOG_FORMAT,
      version: LOG_VERSION,
      createdMs: this.#options.nowMs(),
      datasets: this.#options.datasets.map((dataset) => {
        const { carried, ...counts } = this.#of(dataset.name);
        return { name: dataset.name, schema: schemaOf(dataset), ...counts, ...carried };
      }),
    };
    this.#stageJson(FRAME_SEGMENT, head);
    this.#writeAll();
    fsyncSync(this.#fd);
    this.#fileBytes = this.#staged;
    this.#staged = 0;
    syncFolder(this.#folder);
  }

  #stageJson(type: number, value: unknown): boolean {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    if (this.#staged + frameBytes(bytes.byteLength) > this.#options.staging.bytes) return false;
    this.#u8.set(bytes, this.#staged + FRAME_HEADER_BYTES);
    this.#stage(type, undefined, bytes.byteLength, { rows: 0, firstSequence: 0, minTimeMs: 0, maxTimeMs: 0 });
    return true;
  }

  #stage(
    type: number,
    dataset: string | undefined,
    payloadBytes: number,
    facts: { rows: number; firstSequence: number; minTimeMs: number; maxTimeMs: number },
  ): void {
    const at = this.#staged;
    const index = this.#options.datasets.findIndex(({ name }) => name === dataset);
    const bytes = frameBytes(payloadBytes);
    writeHeader(this.#view, at, { payloadBytes, type, dataset: Math.max(0, index), ...facts });
    this.#u8.fill(0, at + FRAME_HEADER_BYTES + payloadBytes, at + bytes);
    const crc = this.#options.kernels.crc32c(this.#options.staging.at + at + 4, bytes - 4);
    this.#view.setUint32(at, crc, true);
    this.#staged = at + bytes;
  }

  #writeAll(): void {
    let written = 0;
    while (written < this.#staged) {
      written += writeSync(this.#fd, this.#u8, written, this.#staged - written, this.#fileBytes + written);
    }
  }

  #headBytesAtMost(): number {
    const bytes = this.#options.datasets.reduce((total, dataset) => total + schemaOf(dataset).length, 0);
    return alignUp(bytes, 8) + 4096 * this.#options.datasets.length;
  }

  #carry(dataset: string, { rejected, dropped, nextSequence }: CountsPayload[string]): void {
    this.#of(dataset).carried = { rejected, dropped };
    this.skipTo(dataset, nextSequence);
  }

  #of(dataset: string): Mutable {
    let counts = this.#counts.get(dataset);
    if (counts === undefined) {
      // A dataset that an older version stored and this one does not know: its rows are kept and counted.
      counts = { stored: 0, nextSequence: 0, latestMs: null, carried: NOTHING };
      this.#counts.set(dataset, counts);
    }
    return counts;
  }
}

function later(latestMs: number | null, timeMs: number): number {
  return latestMs === null ? timeMs : Math.max(latestMs, timeMs);
}

function schemaOf(dataset: Dataset): string {
  return Buffer.from(streamPreamble(dataset.plan.publicColumns)).toString("base64");
}

/** Makes a new file's name durable. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
