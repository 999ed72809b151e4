/** The intake's table of a dataset, and the wiping of what is raw in it. */

import type { Dataset } from "../../datasets/define.ts";
import { PushTable, TABLE_ROWS, TABLE_TEXT_BYTES, tableBytes } from "../../ingest/table.ts";
import { alignUp } from "../../runtime/arena.ts";
import { viewsOf } from "../../runtime/batch/index.ts";
import type { Kernels } from "../../wasm/index.ts";

/** In front of the table: whether something raw may be in it. */
const HEAD_BYTES = 64;

export function wipedTableBytes(dataset: Dataset): number {
  return HEAD_BYTES + alignUp(tableBytes(dataset), 64);
}

export class WipedTable {
  readonly table: PushTable;
  readonly #kernels: Kernels;
  readonly #i32: Int32Array;
  readonly #at: number;

  /** Whatever a predecessor left in it is wiped. @param at `wipedTableBytes(dataset)` bytes, on a multiple of 64 */
  constructor(kernels: Kernels, dataset: Dataset, at: number) {
    this.#kernels = kernels;
    this.#i32 = viewsOf(kernels.memory.buffer).i32;
    this.#at = at;
    this.table = new PushTable(kernels.memory, dataset, at + HEAD_BYTES);
    if (this.#i32[at >>> 2] !== 0) this.wipe();
  }

  /** Rows are about to be put in. */
  begin(): void {
    this.#i32[this.#at >>> 2] = 1;
  }

  /** Nothing of any row's identifiers is left. */
  wipe(): void {
    for (const { spec, type, own } of this.table.columns) {
      if (spec.class !== "identifier") continue;
      if (type === "utf8") this.#kernels.wipe(own.textAt, TABLE_TEXT_BYTES);
      else this.#kernels.wipe(own.dataAt, TABLE_ROWS * (type === "u64" ? 8 : 4));
    }
    this.#i32[this.#at >>> 2] = 0;
  }
}
