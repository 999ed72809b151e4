/**
 * All dead letters: a folder of segments, oldest first, bounded in bytes and in age. What has to go for newer ones goes by the segment
 * and is counted; numbers go on whatever goes.
 *
 * Nothing here may harm who sends letters: a disk that takes no more drops them, and they are counted. Only who asks to see or to change
 * letters is told of the disk.
 */

import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import type { LetterBounds } from "./bounds.ts";
import { hostLetterDisk, isDiskError, type LetterDisk } from "./letter-disk.ts";
import { type Chosen, chosenBy, LetterKinds } from "./letter-index.ts";
import { lineOf, type Mark } from "./letter-lines.ts";
import { type LetterChanges, LetterSegment, segmentNumber } from "./letter-segment.ts";
import type { DeadLetter, KeepLetters, LetterChoice, LettersListed } from "./protocol.ts";

export interface LetterFolderOptions extends LetterBounds {
  readonly folder: string;
  readonly nowMs: () => number;
  readonly disk?: LetterDisk;
}

/** What was found amiss when it was opened. */
export interface LettersOpening {
  /** Of a line that was not finished. */
  readonly cutBytes: number;
  readonly unreadable: number;
}

/** A folder at its bound has about so many segments, and as many parts of the age. */
const PARTS = 16;
const MIN_SEGMENT_BYTES = 4096;
const MAX_SEGMENT_BYTES = 2 ** 20;
/** The longest mark. */
const MARK_BYTES = 96;
const FOLDER_MODE = 0o700;
const TEMPORARY = /\.tmp$/;

export class LetterFolder {
  readonly opening: LettersOpening;
  readonly #folder: string;
  readonly #nowMs: () => number;
  readonly #disk: LetterDisk;
  readonly #kinds = new LetterKinds();
  #bounds: LetterBounds;
  /** Oldest first; the last one is written to. */
  #segments: LetterSegment[] = [];
  #nextId = 1;
  #forgotten = 0;
  /** What the last mark that was written says is forgotten. */
  #markedForgotten = 0;

  /** Opens it, and makes it when it is not there. @throws what the file system says */
  constructor({ folder, nowMs, disk = hostLetterDisk, maxBytes, keepMs }: LetterFolderOptions) {
    this.#folder = folder;
    this.#nowMs = nowMs;
    this.#disk = disk;
    this.#bounds = { maxBytes, keepMs };
    mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    chmodSync(folder, FOLDER_MODE);
    this.opening = this.#open();
    this.expire();
  }

  get forgotten(): number {
    return this.#forgotten;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  setBounds(bounds: LetterBounds): void {
    this.#bounds = bounds;
    this.#makeRoom(0);
    this.expire();
  }

  /** Keeps what it can, and counts the rest. @returns why not all could be kept */
  keep({ dataset, atMs, letters, others }: Omit<KeepLetters, "kind">): NodeJS.ErrnoException | undefined {
    this.#forgotten += others;
    for (const [done, letter] of letters.entries()) {
      const { reason, column, expected, got, row } = letter;
      const id = this.#nextId++;
      const fault = this.#append({ id, dataset, atMs, reason, column, expected, got, row });
      if (fault === undefined) continue;
      this.#forgotten += letters.length - done;
      return fault;
    }
    return undefined;
  }

  /** Writes down what is only known here, and syncs. @returns why that could not be done */
  sync(): NodeJS.ErrnoException | undefined {
    return this.#tried(() => {
      if (this.#forgotten !== this.#markedForgotten) {
        this.#segmentFor(MARK_BYTES).append(lineOf(this.#mark()));
        this.#markedForgotten = this.#forgotten;
      }
      this.#segments.at(-1)?.sync();
    });
  }

  /** Lets letters go that are too old, by the segment: none stays longer than a sixteenth of the age beyond it. */
  expire(): void {
    const nowMs = this.#nowMs();
    const oldestMs = nowMs - this.#bounds.keepMs;
    const begunMs = this.#segments.at(-1)?.index.earliestMs ?? nowMs;
    if (nowMs - begunMs > this.#bounds.keepMs / PARTS) this.#tried(() => this.#begin());
    while (this.#segments.length > 1 && this.#segments[0]!.index.latestMs < oldestMs) this.#removeOldest();
  }

  /** @throws what the file system says */
  list(choice: LetterChoice, limit: number, beforeId = Number.POSITIVE_INFINITY): Omit<LettersListed, "ok"> {
    const chosen = chosenBy(choice);
    const counts = new Map<string, { dataset: string; reason: DeadLetter["reason"]; letters: number }>();
    const letters: DeadLetter[] = [];
    let total = 0;
    let replayable = 0;
    for (const segment of this.#segments.toReversed()) {
      const places: number[] = [];
      for (const at of segment.index.placesOf(chosen).toReversed()) {
        const { dataset, reason, isReplayable } = segment.index.kindAt(at);
        total++;
        if (isReplayable) replayable++;
        const key = `${dataset} ${reason}`;
        const counted = counts.get(key) ?? { dataset, reason, letters: 0 };
        counted.letters++;
        counts.set(key, counted);
        if (segment.index.ids[at]! < beforeId && letters.length + places.length < limit) places.push(at);
      }
      letters.push(...segment.read(places));
    }
    return { letters, total, replayable, counts: [...counts.values()], forgotten: this.#forgotten };
  }

  /** The next letters that can be pushed again, by id upwards. @throws what the file system says */
  nextReplayable(choice: LetterChoice, afterId: number, limit: number): DeadLetter[] {
    const chosen = chosenBy(choice);
    const isNext: Chosen = (id, kind) => id > afterId && kind.isReplayable && chosen(id, kind);
    const letters: DeadLetter[] = [];
    for (const segment of this.#segments) {
      letters.push(...segment.read(segment.index.placesOf(isNext).slice(0, limit - letters.length)));
      if (letters.length === limit) break;
    }
    return letters;
  }

  /** The letters of these ids that are still there. @throws what the file system says */
  byIds(ids: readonly number[]): DeadLetter[] {
    const chosen = chosenBy({ ids });
    return this.#segments.flatMap((segment) => segment.read(segment.index.placesOf(chosen)));
  }

  get lastId(): number {
    return this.#nextId - 1;
  }

  /** Removes. @returns how many @throws what the file system says; then some may be gone, each of them whole */
  drop(choice: LetterChoice): number {
    const chosen = chosenBy(choice);
    const ids = this.#segments.flatMap((segment) =>
      segment.index.placesOf(chosen).map((at) => segment.index.ids[at]!),
    );
    this.change(new Map(ids.map((id) => [id, null])));
    return ids.length;
  }

  /** Puts letters in the place of others, or removes them, by id. @throws as `drop` does */
  change(changes: LetterChanges): void {
    for (const segment of [...this.#segments]) {
      const known = segment.index.ids.filter((id) => changes.has(id));
      if (known.length === 0) continue;
      const isLast = segment === this.#segments.at(-1);
      const goes = known.length === segment.index.ids.length && known.every((id) => changes.get(id) === null);
      if (goes && !isLast) this.#remove(segment);
      else segment.rewrite(changes, this.#mark());
    }
  }

  close(): void {
    this.sync();
    for (const segment of this.#segments) segment.close();
  }

  #open(): LettersOpening {
    const names = readdirSync(this.#folder);
    // Rewritten segments that a crash kept from taking their places.
    for (const name of names) if (TEMPORARY.test(name)) rmSync(`${this.#folder}/${name}`, { force: true });
    const numbers = names
      .map(segmentNumber)
      .filter((number) => number !== undefined)
      .sort((a, b) => a - b);
    let oldest = 0;
    let cutBytes = 0;
    let unreadable = 0;
    const opened = numbers.map((number, index) => {
      const isLast = index === numbers.length - 1;
      const found = LetterSegment.open(this.#folder, number, isLast, this.#disk, this.#kinds);
      const { mark, segment } = found;
      oldest = Math.max(oldest, mark?.oldest ?? 0);
      this.#forgotten = Math.max(this.#forgotten, mark?.forgotten ?? 0);
      this.#nextId = Math.max(this.#nextId, mark?.nextId ?? 1, (segment.index.ids.at(-1) ?? 0) + 1);
      cutBytes += found.cutBytes;
      unreadable += found.unreadable;
      return segment;
    });
    this.#markedForgotten = this.#forgotten;
    // Counted as forgotten already.
    for (const { number, path } of opened) if (number < oldest) rmSync(path, { force: true });
    this.#segments = opened.filter(({ number }) => number >= oldest);
    return { cutBytes, unreadable };
  }

  #append(letter: DeadLetter): NodeJS.ErrnoException | undefined {
    const line = lineOf(letter);
    return this.#tried(() => {
      const segment = this.#segmentFor(line.byteLength);
      segment.index.add(letter, segment.append(line));
    });
  }

  /** The segment to write a line to, within all bounds. @throws what the file system says */
  #segmentFor(bytes: number): LetterSegment {
    const last = this.#segments.at(-1);
    if (last === undefined || last.bytes + bytes > this.#segmentBytes) this.#begin();
    this.#makeRoom(bytes);
    return this.#segments.at(-1)!;
  }

  /** Begins a segment. @throws what the file system says; then there is none */
  #begin(): void {
    const last = this.#segments.at(-1);
    const number = (last?.number ?? 0) + 1;
    const segment = new LetterSegment(this.#folder, number, this.#disk, this.#kinds);
    try {
      segment.append(lineOf(this.#mark(this.#segments[0]?.number ?? number)));
    } catch (error) {
      segment.close();
      rmSync(segment.path, { force: true });
      throw error;
    }
    last?.sync();
    last?.close();
    this.#segments.push(segment);
    this.#markedForgotten = this.#forgotten;
  }

  /** Lets the oldest segments go until there is room; the one that is written to stays. */
  #makeRoom(bytes: number): void {
    while (this.#segments.length > 1 && this.bytes + bytes > this.#bounds.maxBytes) this.#removeOldest();
  }

  #removeOldest(): void {
    const [oldest, next] = this.#segments as [LetterSegment, LetterSegment];
    this.#forgotten += oldest.index.ids.length;
    // First that it goes, then it: a crash between does not count its letters twice. A disk that is full takes only the second.
    this.#tried(() => {
      const last = this.#segments.at(-1)!;
      last.append(lineOf(this.#mark(next.number)));
      last.sync();
      this.#markedForgotten = this.#forgotten;
    });
    this.#remove(oldest);
  }

  #remove(segment: LetterSegment): void {
    segment.close();
    rmSync(segment.path, { force: true });
    this.#segments = this.#segments.filter((other) => other !== segment);
  }

  #mark(oldest = this.#segments[0]?.number ?? 1): Mark {
    return { nextId: this.#nextId, forgotten: this.#forgotten, oldest };
  }

  get #segmentBytes(): number {
    const part = Math.floor(this.#bounds.maxBytes / PARTS);
    return Math.min(MAX_SEGMENT_BYTES, Math.max(MIN_SEGMENT_BYTES, part));
  }

  #tried(work: () => void): NodeJS.ErrnoException | undefined {
    try {
      work();
      return undefined;
    } catch (error) {
      if (!isDiskError(error)) throw error;
      return error;
    }
  }
}
