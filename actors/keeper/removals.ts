/**
 * What was taken out of the store and is still on the disk, until nobody reads it any more (holds.ts): files that the manifest
 * lists no more, and segments of which the lake has all rows.
 *
 * The list is not kept: after a crash the same is found again, by what the manifest says. What is removed is looked up in the
 * manifest once more, since a file may have been written anew under its name.
 *
 * A segment that cannot be read whole is not removed but set aside (`log/aside/`), for whoever can make something of it.
 */

import { dirname } from "node:path";
import type { Dataset } from "../../datasets/define.ts";
import type { Log } from "../../runtime/log.ts";
import { lakeFolder } from "../store/lake/manifest.ts";
import { readManifest } from "../store/lake/manifest-file.ts";
import { logFolder, segmentName } from "../store/log/log-format.ts";
import type { LakeTools, Steps } from "./compaction.ts";
import type { Holds } from "./holds.ts";
import { isReadable } from "./segment-rows.ts";
import type { Segment } from "./segments.ts";

/** Folder of segments that could not be read, under the log's. */
export const ASIDE = "aside";

export class Removals {
  readonly #tools: LakeTools;
  readonly #holds: Holds;
  readonly #datasets: readonly Dataset[];
  readonly #log: Log;
  /** By path under the lake's folder. */
  readonly #files = new Map<string, number>();
  /** By number. */
  readonly #segments = new Map<number, number>();

  constructor(tools: LakeTools, holds: Holds, datasets: readonly Dataset[], log: Log) {
    this.#tools = tools;
    this.#holds = holds;
    this.#datasets = datasets;
    this.#log = log;
  }

  /** Has a file removed that the manifest does not list. */
  addFile(path: string): void {
    if (!this.#files.has(path)) this.#files.set(path, this.#holds.take());
  }

  /** Has a segment removed of which no row is needed. */
  addSegment(number: number): void {
    if (!this.#segments.has(number)) this.#segments.set(number, this.#holds.take());
  }

  /**
   * Removes what may go now.
   * @param nowMs monotonic
   * @param segments all that there are, ascending
   * @throws what the disk says; what was not removed is tried again the next time
   */
  *run(nowMs: number, segments: readonly Segment[]): Steps<void> {
    const files = [...this.#files].filter(([, number]) => this.#holds.mayGo(number, nowMs));
    const gone = [...this.#segments].filter(([, number]) => this.#holds.mayGo(number, nowMs));
    if (files.length + gone.length === 0) return;
    const { disk, source } = this.#tools;
    // It may have been renamed into its place and the machine not have got to write that down.
    ignoring("ENOENT", () => disk.syncFolder(lakeFolder(source.dataFolder)));
    yield* this.#removeFiles(files.map(([path]) => path));
    for (const [number] of gone) {
      const segment = segments.find((known) => known.number === number);
      if (segment !== undefined) yield* this.#removeSegment(segment);
      this.#segments.delete(number);
    }
  }

  *#removeFiles(paths: readonly string[]): Steps<void> {
    const { disk, source } = this.#tools;
    if (paths.length === 0) return;
    const lake = lakeFolder(source.dataFolder);
    const listed = listedPaths(source.dataFolder);
    for (const path of paths) {
      if (!listed.has(path)) {
        ignoring("ENOENT", () => disk.unlinkSync(`${lake}/${path}`));
        const hour = dirname(`${lake}/${path}`);
        removeIfEmpty(disk, hour);
        removeIfEmpty(disk, dirname(hour));
      }
      this.#files.delete(path);
      yield;
    }
  }

  *#removeSegment(segment: Segment): Steps<void> {
    const { disk, source } = this.#tools;
    const folder = logFolder(source.dataFolder);
    const name = segmentName(segment.number);
    if (yield* isReadable(source, segment, this.#datasets)) {
      ignoring("ENOENT", () => disk.unlinkSync(`${folder}/${name}`));
      return;
    }
    disk.makeFolder(`${folder}/${ASIDE}`);
    disk.renameSync(`${folder}/${name}`, `${folder}/${ASIDE}/${name}`);
    this.#log.error("log segment {name} cannot be read whole; it was set aside in the log's folder {aside}", {
      name,
      aside: ASIDE,
    });
  }
}

/** Paths of all files that the manifest lists. */
export function listedPaths(dataFolder: string): ReadonlySet<string> {
  const { datasets } = readManifest(dataFolder);
  return new Set(Object.values(datasets).flatMap(({ files }) => files.map(({ path }) => path)));
}

/** Removes a folder that nothing is in. */
export function removeIfEmpty(disk: LakeTools["disk"], folder: string): void {
  ignoring("ENOTEMPTY", () => ignoring("ENOENT", () => disk.rmdirSync(folder)));
}

function ignoring(code: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== code) throw error;
  }
}
