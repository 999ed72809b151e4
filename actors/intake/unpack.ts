/** Takes a packed body apart. What it unpacks to is bounded, and wiped by who asked for it: raw identifiers lie in it. */

import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { BodyFault } from "../../ingest/decoder.ts";
import type { Packing } from "./protocol.ts";
import { zstdFrames } from "./zstd-frames.ts";

/** Of one body. Each costs a decoder of its own, and may hold nothing: eight megabytes of empty ones would keep the intake for a minute. */
const MAX_FRAMES = 1024;

/**
 * @param maxBytes that it may unpack to
 * @returns the pieces of it, in order; `too-large`: it unpacks to more
 */
export function unpack(
  packed: Uint8Array,
  packing: Exclude<Packing, "identity">,
  maxBytes: number,
): readonly Uint8Array[] | BodyFault | "too-large" {
  const pieces: Uint8Array[] = [];
  try {
    if (packing === "gzip") pieces.push(gunzipSync(packed, { maxOutputLength: maxBytes }));
    else {
      const frames = zstdFrames(packed);
      if (frames === undefined) return fault(packing, packed);
      if (frames.length > MAX_FRAMES)
        return new BodyFault(`a body in at most ${MAX_FRAMES} frames of zstd`, `${frames.length} of them`);
      let left = maxBytes;
      for (const { from, to } of frames) {
        const piece = zstdDecompressSync(packed.subarray(from, to), { maxOutputLength: Math.max(1, left) });
        pieces.push(piece);
        left -= piece.byteLength;
        if (left < 0) return refused(pieces, "too-large");
      }
    }
    return pieces;
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    return refused(pieces, isTooLarge ? "too-large" : fault(packing, packed));
  }
}

/** What the error says of the bytes is not told on: it differs from runtime to runtime. */
function fault(packing: Packing, { byteLength }: Uint8Array): BodyFault {
  return new BodyFault(
    `a whole body in ${packing}, as its Content-Encoding says`,
    `${byteLength} bytes that are none`,
  );
}

function refused<Why>(pieces: readonly Uint8Array[], why: Why): Why {
  for (const piece of pieces) piece.fill(0);
  return why;
}
