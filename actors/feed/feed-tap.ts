/** A tap of the broadcaster as the feed has it: one for all clients that want the same. */

import type { TapSpec } from "../broadcaster/protocol.ts";
import type { SharedChunk } from "./shared-chunk.ts";

/** Who is given a tap's chunks. */
export interface TapClient {
  /** @returns whether it waited for something, and is to be woken when everybody has been given what came */
  offer(chunk: SharedChunk): boolean;
  wake(): void;
  /** The tap cannot be had any more. */
  tapLost(): void;
}

export class FeedTap {
  readonly key: string;
  readonly spec: TapSpec;
  /** While there is any, the tap is held. */
  readonly clients = new Set<TapClient>();
  /** The broadcaster's number of it, and the reader that has it there; undefined before it was first told. */
  number: number | undefined;
  reader: string | undefined;
  preamble: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** Number after the last row that clients were given. */
  next = 0;

  constructor(key: string, spec: TapSpec) {
    this.key = key;
    this.spec = spec;
  }
}
