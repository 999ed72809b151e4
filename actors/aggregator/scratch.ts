/** How much shared memory an aggregator needs: said apart from it, for whoever lays the memory out. */

import { GROUP_SCRATCH_BYTES } from "./group-pseudonyms.ts";

/** Shared memory that the aggregator keeps everything in. */
export function aggregatorScratchBytes({ stateBytes }: { readonly stateBytes: number }): number {
  return GROUP_SCRATCH_BYTES + stateBytes;
}
