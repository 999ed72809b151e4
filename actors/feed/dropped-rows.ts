/** Rows that a client's queue had no room for and that it has not been told of yet: one notice for each dataset. */

import type { Notice } from "../../datasets/records/format.ts";

interface Untold {
  /** Numbers from here to `next` hold them; rows that the filter leaves out are among them, and not counted. */
  readonly first: number;
  readonly next: number;
  readonly rows: number;
}

export class DroppedRows {
  readonly #untold = new Map<string, Untold>();

  get isEmpty(): boolean {
    return this.#untold.size === 0;
  }

  /** Adds those of a chunk that lies behind what was added before. */
  add(chunk: Untold & { readonly dataset: string }): void {
    const { dataset, next, rows } = chunk;
    const before = this.#untold.get(dataset);
    this.#untold.set(dataset, {
      first: before?.first ?? chunk.first,
      next,
      rows: rows + (before?.rows ?? 0),
    });
  }

  /** Number from which on rows of a dataset are untold; undefined when none are. */
  firstOf(dataset: string): number | undefined {
    return this.#untold.get(dataset)?.first;
  }

  /** The next notice. @returns undefined when all was told */
  take(): Notice | undefined {
    for (const [dataset, { rows, next }] of this.#untold) {
      this.#untold.delete(dataset);
      return { notice: "dropped", dataset, rows, next };
    }
    return undefined;
  }

  clear(): void {
    this.#untold.clear();
  }
}
