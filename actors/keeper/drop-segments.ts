/**
 * The last resort. A log that is larger than it may be, and that cannot be compacted because the disk takes nothing more,
 * loses its oldest segments with the rows in them: they are counted as expired. It is what a recorder without a lake would do,
 * and better than a full disk, on which nothing is recorded at all.
 */

import type { Dataset } from "../../datasets/define.ts";
import { lakeDataset, withDataset } from "../store/lake/change-manifest.ts";
import type { Manifest } from "../store/lake/manifest.ts";
import { readManifest, writeManifest } from "../store/lake/manifest-file.ts";
import type { LakeTools, Steps } from "./compaction.ts";
import { planCompaction } from "./plan.ts";
import { addToTally, type Tally } from "./planned-rows.ts";
import { readSegments } from "./segment-rows.ts";
import type { Segment } from "./segments.ts";

/**
 * Gives up the rows of the oldest segments. The segments are not removed yet.
 * @param segments all that there are
 * @param count how many of them are given up; not the last one
 * @returns rows that were given up
 * @throws what the disk says
 */
export function* dropSegments(
  tools: LakeTools,
  datasets: readonly Dataset[],
  segments: readonly Segment[],
  count: number,
): Steps<number> {
  const { source, disk } = tools;
  const manifest = readManifest(source.dataFolder);
  let changed: Manifest = manifest;
  let rows = 0;
  for (const dataset of datasets) {
    const lake = lakeDataset(changed, dataset.name);
    const from = lake.compacted;
    const rules = {
      settleMs: 0,
      segmentMaxAgeMs: 0,
      logBytes: 0,
      roundBytes: Number.POSITIVE_INFINITY,
      all: true,
    };
    // As if they were all there is: the one after them stands for the one that is written to.
    const plan = planCompaction(dataset.name, from, segments.slice(0, count + 1), 0, rules);
    if (plan === undefined) continue;
    const to = { ...from, before: plan.endSequence };
    const tally: Tally = { hours: new Map(), uncompacted: 0, firstLeft: Number.POSITIVE_INFINITY };
    for (const batch of readSegments(source, plan.segments, dataset)) {
      if (batch !== undefined) addToTally(tally, dataset, batch, { from, to });
      yield;
    }
    changed = withDataset(changed, dataset.name, {
      compacted: to,
      expired: lake.expired + tally.uncompacted,
    });
    rows += tally.uncompacted;
  }
  if (changed !== manifest) writeManifest(source.dataFolder, changed, disk);
  return rows;
}
