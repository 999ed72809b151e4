/** The manifest after a change. Pure; the one before stays as it is. */

import { type LakeDataset, type Manifest, NOTHING_IN_LAKE } from "./manifest.ts";

/** What the lake has of a dataset. */
export function lakeDataset({ datasets }: Manifest, name: string): LakeDataset {
  return datasets[name] ?? NOTHING_IN_LAKE;
}

/** With other facts about a dataset. Files are put in order of their hours, and stay as they are given within one. */
export function withDataset(manifest: Manifest, name: string, changed: Partial<LakeDataset>): Manifest {
  const before = lakeDataset(manifest, name);
  const files = [...(changed.files ?? before.files)].sort((one, other) => one.hourMs - other.hourMs);
  return {
    ...manifest,
    revision: manifest.revision + 1,
    datasets: { ...manifest.datasets, [name]: { ...before, ...changed, files } },
  };
}

/** Rows that are in the lake, or were, or should have been. */
export function rowsAccountedFor({ files, expired, thinned, lost = 0 }: LakeDataset): number {
  return files.reduce((sum, { rows }) => sum + rows, 0) + expired + thinned + lost;
}

/**
 * All rows of a dataset that were ever stored. It is to be what the log's last head and the frames after it say, always.
 * @param logRows rows of the log that are not compacted
 */
export function storedEver(lake: LakeDataset, logRows: number): number {
  return rowsAccountedFor(lake) + logRows;
}
