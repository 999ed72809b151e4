/**
 * How much log is kept: whole segments go, oldest first, until the rest fits. A reader that has one of them open reads it to
 * its end; one that was about to open it passes it over.
 */

import { readdirSync, rmSync, statSync } from "node:fs";
import { segmentName, segmentNumbers } from "./log-format.ts";

/**
 * Removes the oldest segments of a log folder until what is left takes at most `keepBytes`. The last segment always stays.
 * @returns bytes that were removed
 * @throws the file system's error when the folder cannot be read or a segment not be removed
 */
export function dropOldSegments(folder: string, keepBytes: number): number {
  const segments = segmentNumbers(readdirSync(folder)).map((number) => {
    const path = `${folder}/${segmentName(number)}`;
    return { path, bytes: statSync(path).size };
  });
  let excess = segments.reduce((bytes, segment) => bytes + segment.bytes, 0) - keepBytes;
  let removed = 0;
  for (const { path, bytes } of segments.slice(0, -1)) {
    if (excess <= 0) break;
    rmSync(path);
    excess -= bytes;
    removed += bytes;
  }
  return removed;
}
