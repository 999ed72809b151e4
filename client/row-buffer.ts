/**
 * Rows that wait, as lines of JSON: bounded by rows and by characters. What was taken out counts until it is settled, as it may have to be
 * sent again.
 */

export interface Batch {
  /** NDJSON. */
  readonly text: string;
  readonly rows: number;
}

/** Characters of one batch: with three bytes each they are within what the server takes. */
export const BATCH_CHARACTERS = 2 ** 20;

export class RowBuffer {
  readonly #maxRows: number;
  readonly #maxCharacters: number;
  #lines: string[] = [];
  /** Lines before it have been taken. */
  #first = 0;
  #rows = 0;
  #characters = 0;

  constructor(maxRows: number, maxCharacters: number) {
    this.#maxRows = maxRows;
    this.#maxCharacters = maxCharacters;
  }

  /** Rows that wait, or were taken and are not settled. */
  get rows(): number {
    return this.#rows;
  }

  /** Rows that wait. */
  get waiting(): number {
    return this.#lines.length - this.#first;
  }

  /** Whether a further row may have room: how long it is, is not known. */
  get mayHaveRoom(): boolean {
    return this.#rows < this.#maxRows && this.#characters < this.#maxCharacters;
  }

  /** @returns whether there was room */
  tryAdd(line: string): boolean {
    if (this.#rows >= this.#maxRows || this.#characters + line.length > this.#maxCharacters) return false;
    this.#lines.push(line);
    this.#rows++;
    this.#characters += line.length;
    return true;
  }

  /** Takes the oldest: as many as fit into a batch. Undefined: none waits. */
  take(maxRows: number): Batch | undefined {
    const from = this.#first;
    let characters = 0;
    let to = from;
    while (to < this.#lines.length && to - from < maxRows) {
      characters += this.#lines[to]!.length + 1;
      if (to > from && characters > BATCH_CHARACTERS) break;
      to++;
    }
    if (to === from) return undefined;
    const lines = this.#lines.slice(from, to);
    this.#first = to;
    if (this.#first === this.#lines.length) this.#forget();
    return { text: lines.join("\n"), rows: lines.length };
  }

  /** A batch has come to its end. */
  settle({ text, rows }: Batch): void {
    this.#rows -= rows;
    this.#characters -= text.length - (rows - 1);
    // The lines that were taken are held no longer than others wait behind them.
    if (this.#first > 0) this.#forget();
  }

  /** Takes all that wait away, and says how many they were. */
  clear(): number {
    const rows = this.waiting;
    for (const line of this.#lines.slice(this.#first)) this.#characters -= line.length;
    this.#rows -= rows;
    this.#first = this.#lines.length;
    this.#forget();
    return rows;
  }

  #forget(): void {
    this.#lines = this.#lines.slice(this.#first);
    this.#first = 0;
  }
}
