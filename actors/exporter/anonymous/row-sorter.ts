/**
 * Sorts rows of a fixed number of 32-bit words, read as unsigned numbers one after the other, in bounded memory: what does
 * not fit is written to a file as a sorted run, and the runs are merged at the end (external merge sort).
 *
 * What comes out is a function of the rows alone, in whatever order they came in.
 */

import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";

/** What rows may take before they are written out; as much again while they are sorted. */
const BUFFER_BYTES = 4 * 2 ** 20;
/** What the runs are read through, all together. */
const MERGE_BYTES = 16 * 2 ** 20;
const FIRST_ROWS = 1024;

export class RowSorter {
  readonly #width: number;
  readonly #path: string;
  readonly #bufferRows: number;
  readonly #mergeBytes: number;
  #words: Uint32Array;
  #rows = 0;
  #file: number | undefined;
  /** Runs in the file: first row and row after the last. */
  readonly #runs: (readonly [from: number, to: number])[] = [];

  /**
   * @param width words of a row, at least 1
   * @param path of a file that is not there yet: it is made when it is needed, and `close` removes it
   * @param bufferBytes what rows may take before they are written out
   * @param mergeBytes what the runs are read through, all together
   */
  constructor(width: number, path: string, bufferBytes = BUFFER_BYTES, mergeBytes = MERGE_BYTES) {
    this.#width = width;
    this.#mergeBytes = mergeBytes;
    this.#path = path;
    this.#bufferRows = Math.max(1, Math.floor(bufferBytes / (width * 4)));
    this.#words = new Uint32Array(Math.min(FIRST_ROWS, this.#bufferRows) * width);
  }

  /** Takes the row at word `at`. @throws what writing a file throws */
  add(words: Uint32Array, at: number): void {
    if (this.#rows === this.#bufferRows) this.#writeRun();
    const to = this.#rows * this.#width;
    if (to === this.#words.length) {
      const larger = new Uint32Array(Math.min(2 * to, this.#bufferRows * this.#width));
      larger.set(this.#words);
      this.#words = larger;
    }
    for (let word = 0; word < this.#width; word++) this.#words[to + word] = words[at + word]!;
    this.#rows++;
  }

  /** All rows in order: each is at word `at` of `words` until the next is asked for. To be called once, after the last `add`. */
  *sorted(): Generator<RowAt, void, void> {
    const width = this.#width;
    const row: { words: Uint32Array; at: number } = { words: this.#words, at: 0 };
    if (this.#runs.length === 0) {
      for (const index of sortedIndexes(this.#words, this.#rows, width)) {
        row.at = index * width;
        yield row;
      }
      return;
    }
    if (this.#rows > 0) this.#writeRun();
    const perRun = Math.max(1, Math.floor(this.#mergeBytes / this.#runs.length / (width * 4)));
    this.#words = new Uint32Array(0);
    const heap = new RunHeap(this.#runs.map((run) => new RunReader(this.#file!, run, width, perRun)));
    for (let first = heap.first; first !== undefined; first = heap.first) {
      row.words = first.words;
      row.at = first.at;
      yield row;
      heap.advance();
    }
  }

  close(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    rmSync(this.#path, { force: true });
  }

  #writeRun(): void {
    this.#file ??= openSync(this.#path, "wx+", 0o600);
    const width = this.#width;
    const sorted = new Uint32Array(this.#rows * width);
    let to = 0;
    for (const index of sortedIndexes(this.#words, this.#rows, width)) {
      for (let word = index * width; word < (index + 1) * width; word++) sorted[to++] = this.#words[word]!;
    }
    const from = this.#runs.at(-1)?.[1] ?? 0;
    writeWhole(this.#file, new Uint8Array(sorted.buffer), from * width * 4);
    this.#runs.push([from, from + this.#rows]);
    this.#rows = 0;
  }
}

export interface RowAt {
  readonly words: Uint32Array;
  readonly at: number;
}

/** A run that is read from its start to its end, through a buffer of some rows. */
class RunReader implements RowAt {
  readonly words: Uint32Array;
  at = 0;
  readonly width: number;
  readonly #file: number;
  #next: number;
  readonly #end: number;
  #inBuffer = 0;

  constructor(file: number, [from, to]: readonly [number, number], width: number, bufferRows: number) {
    this.#file = file;
    this.width = width;
    this.#next = from;
    this.#end = to;
    this.words = new Uint32Array(Math.min(bufferRows, to - from) * width);
    this.#fill();
  }

  /** Goes on to the next row. @returns false when there is none */
  advance(): boolean {
    this.at += this.width;
    if (this.at < this.#inBuffer * this.width) return true;
    if (this.#next === this.#end) return false;
    this.#fill();
    return true;
  }

  #fill(): void {
    const rowBytes = this.width * 4;
    this.#inBuffer = Math.min(this.words.length / this.width, this.#end - this.#next);
    const bytes = new Uint8Array(this.words.buffer, 0, this.#inBuffer * rowBytes);
    readWhole(this.#file, bytes, this.#next * rowBytes);
    this.#next += this.#inBuffer;
    this.at = 0;
  }
}

/** A binary heap of runs by the row each stands on. Equal rows are the same in every respect: which comes first is all one. */
class RunHeap {
  readonly #runs: RunReader[] = [];

  constructor(runs: readonly RunReader[]) {
    for (const run of runs) {
      this.#runs.push(run);
      this.#up(this.#runs.length - 1);
    }
  }

  get first(): RunReader | undefined {
    return this.#runs[0];
  }

  /** Takes the first run on to its next row. */
  advance(): void {
    const last = this.#runs.length - 1;
    if (!this.#runs[0]!.advance()) {
      this.#runs[0] = this.#runs[last]!;
      this.#runs.pop();
    }
    this.#down();
  }

  #up(place: number): void {
    for (let child = place; child > 0; ) {
      const parent = (child - 1) >>> 1;
      if (!this.#swapIfLess(child, parent)) return;
      child = parent;
    }
  }

  #down(): void {
    for (let parent = 0; ; ) {
      const left = 2 * parent + 1;
      if (left >= this.#runs.length) return;
      const right = left + 1;
      const lesser = right < this.#runs.length && this.#isLess(right, left) ? right : left;
      if (!this.#swapIfLess(lesser, parent)) return;
      parent = lesser;
    }
  }

  #isLess(a: number, b: number): boolean {
    return compareRows(this.#runs[a]!, this.#runs[b]!) < 0;
  }

  #swapIfLess(child: number, parent: number): boolean {
    if (!this.#isLess(child, parent)) return false;
    const lesser = this.#runs[child]!;
    this.#runs[child] = this.#runs[parent]!;
    this.#runs[parent] = lesser;
    return true;
  }
}

function compareRows(a: RunReader, b: RunReader): number {
  return compareWords(a.words, a.at, b.words, b.at, a.width);
}

function compareWords(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number, width: number): number {
  for (let word = 0; word < width; word++) {
    const difference = a[aAt + word]! - b[bAt + word]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Indexes of the rows in order, by merging ever longer runs: a comparator given to `sort` costs several times as much. */
function sortedIndexes(words: Uint32Array, rows: number, width: number): Uint32Array {
  let from = Uint32Array.from({ length: rows }, (_, index) => index);
  let to = new Uint32Array(rows);
  for (let length = 1; length < rows; length *= 2) {
    for (let start = 0; start < rows; start += 2 * length) mergeRuns(words, width, from, to, start, length);
    [from, to] = [to, from];
  }
  return from;
}

function mergeRuns(
  words: Uint32Array,
  width: number,
  from: Uint32Array,
  to: Uint32Array,
  start: number,
  length: number,
): void {
  const middle = Math.min(start + length, from.length);
  const end = Math.min(middle + length, from.length);
  let [left, right] = [start, middle];
  for (let place = start; place < end; place++) {
    const isLeft =
      left < middle &&
      (right >= end || compareWords(words, from[left]! * width, words, from[right]! * width, width) <= 0);
    to[place] = isLeft ? from[left++]! : from[right++]!;
  }
}

function writeWhole(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}

function readWhole(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const read = readSync(file, bytes, done, bytes.length - done, position + done);
    if (read === 0) throw new Error("rows that were put aside are no longer there");
    done += read;
  }
}
