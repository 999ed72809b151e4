/**
 * One file of letters: written at its end, read where its index says, and rewritten beside its place when letters go. A crash leaves
 * it as it was or as it was to be, but for a last line that was not finished, which is cut off when it is opened.
 */

import { closeSync, openSync, readFileSync, readSync, statSync, truncateSync } from "node:fs";
import type { LetterDisk } from "./letter-disk.ts";
import { LetterIndex, type LetterKinds } from "./letter-index.ts";
import { contentOf, isMark, lineOf, type Mark, readLines } from "./letter-lines.ts";
import type { DeadLetter } from "./protocol.ts";

const FILE = /^(\d{12})\.jsonl$/;
const NEW_MODE = 0o600;

/** A letter that takes the place of one, or null: it goes. */
export type LetterChanges = ReadonlyMap<number, DeadLetter | null>;

export interface SegmentOpening {
  readonly segment: LetterSegment;
  /** The last mark in it. */
  readonly mark: Mark | undefined;
  readonly cutBytes: number;
  /** Lines that nobody can read. */
  readonly unreadable: number;
}

/** The number in a segment's name; undefined: it is no segment. */
export function segmentNumber(name: string): number | undefined {
  const digits = FILE.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function segmentPath(folder: string, number: number): string {
  return `${folder}/${String(number).padStart(12, "0")}.jsonl`;
}

export class LetterSegment {
  readonly number: number;
  readonly path: string;
  readonly #disk: LetterDisk;
  readonly #kinds: LetterKinds;
  index: LetterIndex;
  bytes = 0;
  /** Open for writing, from the first write on. */
  #fd = -1;
  /** What a write that failed has left may lie behind `bytes`. */
  #isTorn = false;

  /** A segment that nothing is written to yet. */
  constructor(folder: string, number: number, disk: LetterDisk, kinds: LetterKinds) {
    this.number = number;
    this.path = segmentPath(folder, number);
    this.#disk = disk;
    this.#kinds = kinds;
    this.index = new LetterIndex(kinds);
  }

  /** Reads one that is there. @param isLast whether it is the one that was written to last @throws what the file system says */
  static open(
    folder: string,
    number: number,
    isLast: boolean,
    disk: LetterDisk,
    kinds: LetterKinds,
  ): SegmentOpening {
    const segment = new LetterSegment(folder, number, disk, kinds);
    const content = readFileSync(segment.path);
    let mark: Mark | undefined;
    let unreadable = 0;
    for (const { at, bytes, content: line } of readLines(content)) {
      if (line === undefined) {
        unreadable++;
        continue;
      }
      if (isMark(line)) mark = line;
      else segment.index.add(line, at);
      segment.bytes = at + bytes + 1;
    }
    const cutBytes = content.byteLength - segment.bytes;
    if (cutBytes > 0 && isLast) truncateSync(segment.path, segment.bytes);
    if (!isLast) segment.bytes = content.byteLength;
    return { segment, mark, cutBytes: isLast ? cutBytes : 0, unreadable };
  }

  /** Writes lines at its end: all of them, or, when it throws, none. @throws what the file system says */
  append(lines: Uint8Array): number {
    const fd = this.#openFd();
    const at = this.bytes;
    if (this.#isTorn) this.#cut();
    try {
      let written = 0;
      while (written < lines.byteLength) {
        written += this.#disk.writeSync(fd, lines, written, lines.byteLength - written, at + written);
      }
    } catch (error) {
      this.#isTorn = true;
      try {
        this.#cut();
      } catch {
        // Tried again before the next write, and cut when the folder is opened.
      }
      throw error;
    }
    this.bytes += lines.byteLength;
    return at;
  }

  sync(): void {
    if (this.#fd >= 0) this.#disk.fdatasyncSync(this.#fd);
  }

  /** The letters at these places of the index. @throws what the file system says */
  read(indexes: readonly number[]): DeadLetter[] {
    if (indexes.length === 0) return [];
    const fd = openSync(this.path, "r");
    try {
      return indexes.map((index) => {
        const from = this.index.placeAt(index);
        const letter = contentOf(readLine(fd, from, this.bytes));
        if (letter === undefined || isMark(letter))
          throw Object.assign(new Error("a letter cannot be read"), { code: "EIO" });
        return letter;
      });
    } finally {
      closeSync(fd);
    }
  }

  /**
   * Changes letters, in a new file that takes the place of this one. @param mark what it is to begin with
   * @throws what the file system says; then it is as it was
   */
  rewrite(changes: LetterChanges, mark: Mark): void {
    const index = new LetterIndex(this.#kinds);
    const lines = [lineOf(mark)];
    let bytes = lines[0]!.byteLength;
    for (const { content } of readLines(readFileSync(this.path).subarray(0, this.bytes))) {
      if (content === undefined || isMark(content)) continue;
      const changed = changes.get(content.id);
      if (changed === null) continue;
      const line = lineOf(changed ?? content);
      index.add(changed ?? content, bytes);
      lines.push(line);
      bytes += line.byteLength;
    }
    this.close();
    this.#disk.replaceFile(this.path, Buffer.concat(lines));
    this.index = index;
    this.bytes = bytes;
    this.#isTorn = false;
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #openFd(): number {
    if (this.#fd < 0) {
      const isThere = statSync(this.path, { throwIfNoEntry: false }) !== undefined;
      this.#fd = this.#disk.openSync(this.path, isThere ? "r+" : "wx", NEW_MODE);
    }
    return this.#fd;
  }

  #cut(): void {
    this.#disk.ftruncateSync(this.#fd, this.bytes);
    this.#isTorn = false;
  }
}

const PIECE_BYTES = 4096;

/** The line that begins at a byte, without its line feed. */
function readLine(fd: number, from: number, end: number): Uint8Array {
  let line = new Uint8Array(0);
  for (let at = from; at < end; ) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, end - at));
    const read = readSync(fd, piece, 0, piece.byteLength, at);
    if (read === 0) break;
    const feed = piece.subarray(0, read).indexOf(10);
    line = Buffer.concat([line, piece.subarray(0, feed < 0 ? read : feed)]);
    if (feed >= 0) return line;
    at += read;
  }
  return line;
}
