/** How much shared memory an intake needs: said apart from it, for whoever lays the memory out and decodes nothing. */

import type { Dataset } from "../../datasets/define.ts";
import { PLACE_TAIL_BYTES } from "../../ingest/staging.ts";
import { tableBytes } from "../../ingest/table.ts";
import { alignUp } from "../../runtime/arena.ts";
import { MAX_UNPACKED_BYTES } from "./protocol.ts";
import { wipedTableBytes } from "./push-table.ts";
import { replayDataset } from "./replay-dataset.ts";
import { valueScratchBytes } from "./value-pseudonyms.ts";

/** In front of the unpacked body: how many bytes of it there are. */
export const BODY_HEAD_BYTES = 64;

/** Shared memory of an intake of these datasets. */
export function intakeScratchBytes(datasets: readonly Dataset[], unpackedBytes = MAX_UNPACKED_BYTES): number {
  const tables = datasets.reduce((bytes, dataset) => bytes + wipedTableBytes(dataset), 0);
  const letters = alignUp(letterScratchBytes(datasets), 64);
  return readerBytes(unpackedBytes) + letters + replayTableBytes(datasets) + tables;
}

/** Shared memory of a reader whose bodies unpack to this many bytes at the most; a multiple of 64. */
export function readerBytes(unpackedBytes = MAX_UNPACKED_BYTES): number {
  return BODY_HEAD_BYTES + alignUp(unpackedBytes, 64) + PLACE_TAIL_BYTES;
}

/** Shared memory that letters of these datasets are made in, a multiple of 8. */
export const letterScratchBytes = valueScratchBytes;

/** Shared memory that replays into these datasets need. */
export function replayTableBytes(datasets: readonly Dataset[]): number {
  return Math.max(0, ...datasets.map((dataset) => alignUp(tableBytes(replayDataset(dataset)), 64)));
}
