/** One dataset of one client: where it is given from, and where the client stands. */

import type { FeedTap } from "./feed-tap.ts";
import type { SharedChunk } from "./shared-chunk.ts";

export interface Source {
  readonly dataset: string;
  tap: FeedTap;
  /** Number of the next row that the client has not been given. */
  position: number;
  /** Before any live chunk the client is given the log's rows up to this number; not beyond `position`: it needs none. */
  healTo: number;
}

/** The first one whose client is to be given rows of the log; undefined when there is none. */
export function behindOf(sources: readonly Source[]): Source | undefined {
  for (const source of sources) if (source.position < source.healTo) return source;
  return undefined;
}

/** Whether rows of the log must be given before all of these chunks can be. */
export function hasHole(sources: readonly Source[], chunks: Iterable<SharedChunk>): boolean {
  const positions = new Map(sources.map(({ dataset, position }) => [dataset, position]));
  for (const { dataset, first, next } of chunks) {
    const position = positions.get(dataset)!;
    if (next <= position) continue;
    if (first !== position) return true;
    positions.set(dataset, next);
  }
  return false;
}
