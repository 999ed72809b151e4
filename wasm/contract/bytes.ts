/** Bytes as such: wiping, writing as hex, checksums. */

export interface ByteKernels {
  /** Sets `bytes` bytes at `ptr` to zero. */
  wipe(ptr: number, bytes: number): void;
  /** Writes `bytes` bytes at `src` as lower-case hex: 2 × `bytes` ASCII characters at `dst`. The two must not overlap. */
  hexEncode(src: number, bytes: number, dst: number): void;

  /** CRC-32C (Castagnoli, as in RFC 3720) of `bytes` bytes, as an unsigned 32-bit number. */
  crc32c(ptr: number, bytes: number): number;
  /** Goes on from the CRC of what came before: crc32cContinue(crc32c(a), b) = crc32c(a ‖ b); the CRC of nothing is 0. */
  crc32cContinue(crc: number, ptr: number, bytes: number): number;
  /** The lower 32 bits of XXH64 (seed 0) of `bytes` bytes, unsigned: several times as fast as the CRC, and no match for who forges. */
  xxhashLow(ptr: number, bytes: number): number;
}
