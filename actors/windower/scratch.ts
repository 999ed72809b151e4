/** How much shared memory a windower needs: said apart from the windower, for whoever lays the memory out and runs none. */

import type { Dataset } from "../../datasets/define.ts";
import { datasets as ourDatasets } from "../../datasets/index.ts";
import { alignUp } from "../../runtime/arena.ts";
import { CHECKSUM_SCRATCH_BYTES } from "./checksum.ts";
import { columnBytes } from "./row-columns.ts";

/**
 * Shared memory that a windower with this configuration takes: `stateBytes` for open windows, `windowBytes` for reading the log back,
 * and what its copies and checksums go through.
 */
export function windowerScratchBytes(
  { stateBytes, windowBytes }: { readonly stateBytes: number; readonly windowBytes: number },
  datasets: readonly Dataset[] = ourDatasets,
): number {
  return windowBytes + alignUp(stateBytes, 8) + copyBytes(datasets) + CHECKSUM_SCRATCH_BYTES;
}

/** Where columns are copied to: one place for all, as it is used between two waits. */
export function copyBytes(datasets: readonly Dataset[]): number {
  return datasets.reduce((most, { derived }) => {
    const source = datasets.find(({ name }) => name === derived?.from);
    return derived === undefined || source === undefined
      ? most
      : Math.max(most, alignUp(columnBytes(source, derived.by), 8));
  }, 0);
}
