/**
 * What a crash left in the lake: files that were written and never listed, or taken out of the manifest and not yet removed,
 * and parts of files. A name that is not the lake's own is left alone.
 */

import { PART_NAME } from "../store/lake/hour-file.ts";
import { lakeFolder } from "../store/lake/manifest.ts";
import { MANIFEST_NAME } from "../store/lake/manifest-file.ts";
import { parseLakePath } from "../store/lake/partition.ts";
import type { LakeTools, Steps } from "./compaction.ts";
import { listedPaths, type Removals, removeIfEmpty } from "./removals.ts";
import { listFolder } from "./segments.ts";

const DATASET = /^[a-z][a-z0-9_]*$/;
const DATE = /^date=/;
const HOUR = /^hour=/;

/**
 * Removes parts of files at once, as nobody reads them, and gives `removals` what is not listed. To be called while no file is
 * being written. @throws what the disk says
 */
export function* findOrphans({ source, disk }: LakeTools, removals: Removals): Steps<void> {
  const lake = lakeFolder(source.dataFolder);
  const listed = listedPaths(source.dataFolder);
  if (listFolder(lake).includes(`${MANIFEST_NAME}.part`)) disk.unlinkSync(`${lake}/${MANIFEST_NAME}.part`);
  for (const dataset of listFolder(lake).filter((name) => DATASET.test(name))) {
    for (const date of listFolder(`${lake}/${dataset}`).filter((name) => DATE.test(name))) {
      for (const hour of listFolder(`${lake}/${dataset}/${date}`).filter((name) => HOUR.test(name))) {
        const folder = `${dataset}/${date}/${hour}`;
        const names = listFolder(`${lake}/${folder}`);
        for (const name of names) {
          const path = `${folder}/${name}`;
          if (name === PART_NAME) disk.unlinkSync(`${lake}/${path}`);
          else if (parseLakePath(path) !== undefined && !listed.has(path)) removals.addFile(path);
        }
        if (names.every((name) => name === PART_NAME)) removeIfEmpty(disk, `${lake}/${folder}`);
      }
      removeIfEmpty(disk, `${lake}/${dataset}/${date}`);
      yield;
    }
  }
}
