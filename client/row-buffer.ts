/**
 * Rows that wait, written down in bodies of requests: bounded by rows and by bytes. What was taken out counts until it is settled, as it may
 * have to be sent again.
 */

import { ROW_BYTES, RowWriter } from "./row-writer.ts";

export interface Batch {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly rows: number;
}

/** A body that has come to so many bytes gets no further row. */
const BATCH_BYTES = 2 ** 20;
const OPENING_BRACE = 0x7b;

export class RowBuffer {
  readonly #batchRows: number;
  readonly #maxRows: number;
  readonly #maxBytes: number;
  readonly #writer = new RowWriter();
  /** Rows in the body that is being written. */
  #openRows = 0;
  readonly #whole: Batch[] = [];
  #waiting = 0;
  /** All, those on their way included. */
  #rows = 0;
  #bytes = 0;
  #isAdding = false;

  constructor(batchRows: number, maxRows: number, maxBytes: number) {
    this.#batchRows = batchRows;
    this.#maxRows = maxRows;
    this.#maxBytes = maxBytes;
  }

  /** Rows that wait, and are not on their way. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether a whole batch waits. */
  get hasBatch(): boolean {
    return this.#whole.length > 0;
  }

  /**
   * Adds a row as it is now. What its values throw, it throws, and has not added it. A row that comes from within a getter of another one is
   * bad: that one is half written.
   */
  add(row: object): "added" | "full" | "bad" {
    if (this.#isAdding) return "bad";
    // Before it is written: while the server is down this is all that is done.
    if (this.#rows >= this.#maxRows || this.#bytes >= this.#maxBytes) return "full";
    this.#isAdding = true;
    const before = this.#writer.written;
    try {
      return this.#add(row);
    } catch (error) {
      // There may be no memory for the rest of it.
      this.#writer.rewind(before);
      throw error;
    } finally {
      this.#isAdding = false;
    }
  }

  /** Takes the oldest batch, be it whole or not. Undefined: no row waits. */
  take(): Batch | undefined {
    // Not from within a getter of a row that is half written.
    if (this.#whole.length === 0 && !this.#isAdding) this.#close();
    const batch = this.#whole.shift();
    if (batch !== undefined) this.#waiting -= batch.rows;
    return batch;
  }

  /** A batch has come to its end. */
  settle({ body, rows }: Batch): void {
    this.#rows -= rows;
    this.#bytes -= body.length;
  }

  /** Takes all that wait away, and says how many they were. */
  clear(): number {
    const rows = this.#waiting;
    for (let batch = this.take(); batch !== undefined; batch = this.take()) this.settle(batch);
    return rows;
  }

  #add(row: object): "added" | "full" | "bad" {
    const writer = this.#writer;
    const before = writer.written;
    if (!(isPlain(row) && writer.tryFlat(row)) && !this.#tryJson(row)) return "bad";
    const bytes = writer.written - before;
    if (bytes > ROW_BYTES || this.#bytes + bytes > this.#maxBytes) {
      writer.rewind(before);
      return bytes > ROW_BYTES ? "bad" : "full";
    }
    this.#bytes += bytes;
    this.#rows++;
    this.#waiting++;
    if (++this.#openRows >= this.#batchRows || before + bytes >= BATCH_BYTES) this.#close();
    return "added";
  }

  /** What else can be a row, as JSON has it. */
  #tryJson(row: object): boolean {
    const text = jsonOf(row);
    if (text?.charCodeAt(0) !== OPENING_BRACE || text.length > ROW_BYTES) return false;
    this.#writer.writeJson(JSON.parse(text));
    return true;
  }

  #close(): void {
    if (this.#openRows === 0) return;
    this.#whole.push({ body: this.#writer.take(), rows: this.#openRows });
    this.#openRows = 0;
  }
}

/** Whether JSON would write it as the values it holds. */
function isPlain(row: object): row is Record<string, unknown> {
  if (typeof row !== "object" || row === null) return false;
  const prototype: unknown = Object.getPrototypeOf(row);
  return (prototype === Object.prototype || prototype === null) && !("toJSON" in row);
}

/** Undefined: it cannot be written. BigInts go as decimal text, which is what 64-bit columns take. */
function jsonOf(row: object): string | undefined {
  try {
    return JSON.stringify(row);
  } catch {
    try {
      return JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
    } catch {
      return undefined;
    }
  }
}
