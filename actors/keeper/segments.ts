/** The log as the keeper sees it: segments, and what their heads say was stored before each. */

import { readdirSync, statSync } from "node:fs";
import { SegmentReader } from "../store/log/frame-reader.ts";
import { logFolder, type SegmentHead, segmentName, segmentNumbers } from "../store/log/log-format.ts";
import { type LogSource, readHead } from "../store/log/log-reader.ts";

export interface Segment {
  readonly number: number;
  readonly bytes: number;
  /** Undefined: it cannot be read, and with it nothing in the segment. */
  readonly head: SegmentHead | undefined;
}

/** What a head says of a dataset. */
export interface StoredBefore {
  /** Rows ever stored before the segment. */
  readonly stored: number;
  /** Sequence number that the first row in it can have. */
  readonly nextSequence: number;
  /** Largest event time before it, ms; null when there was no row. */
  readonly latestMs: number | null;
}

const NOTHING: StoredBefore = { stored: 0, nextSequence: 0, latestMs: null };

/** Lists segments. Heads never change, so each is read once. */
export class SegmentList {
  readonly #source: LogSource;
  readonly #heads = new Map<number, SegmentHead>();

  constructor(source: LogSource) {
    this.#source = source;
  }

  /** All segments, oldest first; the last is the one that is written to. */
  read(): readonly Segment[] {
    const folder = logFolder(this.#source.dataFolder);
    const segments: Segment[] = [];
    for (const number of segmentNumbers(listFolder(folder))) {
      const stat = statSync(`${folder}/${segmentName(number)}`, { throwIfNoEntry: false });
      if (stat !== undefined) segments.push({ number, bytes: stat.size, head: this.#head(number) });
    }
    for (const number of this.#heads.keys()) {
      if (!segments.some((segment) => segment.number === number)) this.#heads.delete(number);
    }
    return segments;
  }

  #head(number: number): SegmentHead | undefined {
    const known = this.#heads.get(number);
    if (known !== undefined) return known;
    const { dataFolder, kernels, window } = this.#source;
    const reader = new SegmentReader(`${logFolder(dataFolder)}/${segmentName(number)}`, kernels, window);
    try {
      const head = readHead(reader);
      if (head !== undefined) this.#heads.set(number, head);
      return head;
    } catch (error) {
      if (isUnreadable(error)) return undefined;
      throw error;
    } finally {
      reader.close();
    }
  }
}

/** What was stored of a dataset before a segment; undefined when its head cannot be read. */
export function storedBefore({ head }: Segment, dataset: string): StoredBefore | undefined {
  if (head === undefined) return undefined;
  return head.datasets.find(({ name }) => name === dataset) ?? NOTHING;
}

/** What was stored of a dataset up to the end of segment `index`: what the next head that can be read says. */
export function storedUpTo(
  segments: readonly Segment[],
  index: number,
  dataset: string,
): StoredBefore | undefined {
  for (const later of segments.slice(index + 1)) {
    const stored = storedBefore(later, dataset);
    if (stored !== undefined) return stored;
  }
  return undefined;
}

/** A disk that cannot read a block will not be able to when it is asked again. */
export function isUnreadable(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EIO";
}

/** Names in a folder; none when it is not there. */
export function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
