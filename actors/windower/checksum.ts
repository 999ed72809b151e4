/** CRC-32C of bytes that do not lie in the kernels' memory: through a piece of it. */

import type { Kernels } from "../../wasm/index.ts";
import type { Checksum } from "./checkpoint.ts";

export const CHECKSUM_SCRATCH_BYTES = 65_536;

/** @param scratch CHECKSUM_SCRATCH_BYTES of the kernels' memory */
export function checksumThrough(kernels: Kernels, scratch: number): Checksum {
  const piece = new Uint8Array(kernels.memory.buffer, scratch, CHECKSUM_SCRATCH_BYTES);
  return (bytes) => {
    let crc = 0;
    for (let from = 0; from < bytes.byteLength; from += CHECKSUM_SCRATCH_BYTES) {
      const part = bytes.subarray(from, from + CHECKSUM_SCRATCH_BYTES);
      piece.set(part);
      crc = kernels.crc32cContinue(crc, scratch, part.byteLength);
    }
    return crc;
  };
}
