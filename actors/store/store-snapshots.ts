/**
 * Snapshots of the store. The manifest is read when one is taken, and only then is asked how far the log goes: rows that were
 * compacted before are below that end. While a keeper works, the store is to be held from before until the export is over.
 */

import { readManifest } from "./lake/manifest-file.ts";
import type { TakeSnapshot } from "./snapshot.ts";
import { openStore } from "./store-reader.ts";
import type { StoreSource } from "./store-source.ts";

/** What is stored of a dataset now: sequence number after its last row, and how many rows are known to be on the disk. */
export type CountsOf = (dataset: string) => { readonly endSequence: number; readonly storedRows: number };

/** The function throws StoreDamaged when the manifest cannot be understood, and what the file system throws. */
export function storeSnapshots(source: StoreSource, counts: CountsOf): TakeSnapshot {
  return (dataset, { fromMs, toMs, columns }) => {
    const manifest = readManifest(source.dataFolder);
    const range = { fromMs, toMs, ...counts(dataset.name) };
    const open = (chosen = columns) =>
      openStore(source, manifest, dataset, chosen === undefined ? range : { ...range, columns: chosen });
    return {
      mostRows: open().mostRows,
      parts: (chosen) => open(chosen).parts,
    };
  };
}
