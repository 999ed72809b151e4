/** What is kept of a dataset, by age and by size: whole files go, the oldest hour first. Pure. */

import { HOUR_MS, type LakeFile } from "../store/lake/manifest.ts";

export interface Keep {
  /** Hours that ended longer ago go. */
  readonly keepMs: number;
  /** Size of the dataset's files; beyond it the oldest hours go. */
  readonly maxBytes: number;
}

/**
 * Files whose time is over.
 * @param files by hour
 */
export function expiredFiles(
  files: readonly LakeFile[],
  nowMs: number,
  { keepMs, maxBytes }: Keep,
): readonly LakeFile[] {
  let excess = files.reduce((sum, { bytes }) => sum + bytes, 0) - maxBytes;
  const expired: LakeFile[] = [];
  for (const file of files) {
    if (excess <= 0 && file.hourMs + HOUR_MS > nowMs - keepMs) break;
    expired.push(file);
    excess -= file.bytes;
  }
  return expired;
}
