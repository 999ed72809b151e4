/**
 * CRC-32C (Castagnoli polynomial 0x1EDC6F41, reflected), as iSCSI has it (RFC 3720, appendix B.4).
 *
 * Slicing by 16: sixteen bytes a step, each looked up in a table of its own and the results added.
 */

import { CRC_TABLES } from "./layout";

const POLYNOMIAL: u32 = 0x82f63b78;

/** Table 0 is the byte-wise one; table k is what a byte becomes when k more zero bytes follow it. */
export function prepareTables(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (POLYNOMIAL & (0 - (crc & 1)));
    store<u32>(entry(0, byte), crc);
  }
  for (let table: u32 = 1; table < 16; table++) {
    for (let byte: u32 = 0; byte < 256; byte++) {
      const before = load<u32>(entry(table - 1, byte));
      store<u32>(entry(table, byte), (before >> 8) ^ load<u32>(entry(0, before & 255)));
    }
  }
}

/** Results are f64 so that JavaScript sees them unsigned. */
export function crc32c(ptr: usize, bytes: usize): f64 {
  return <f64>update(0, ptr, bytes);
}

export function crc32cContinue(crc: u32, ptr: usize, bytes: usize): f64 {
  return <f64>update(crc, ptr, bytes);
}

function update(before: u32, ptr: usize, bytes: usize): u32 {
  let crc = ~before;
  const end = ptr + bytes;
  while (end - ptr >= 16) {
    crc = fold16(crc, ptr);
    ptr += 16;
  }
  for (; ptr < end; ptr++) crc = (crc >> 8) ^ load<u32>(entry(0, (crc ^ load<u8>(ptr)) & 255));
  return ~crc;
}

/**
 * Sixteen bytes into sixteen tables, written out because the address of a table must be a constant to fold into its load.
 * The byte offset into a table comes out of one shift and one mask.
 */
// @ts-expect-error: decorator
@inline
function fold16(crc: u32, ptr: usize): u32 {
  const a = load<u32>(ptr) ^ crc;
  const b = load<u32>(ptr, 4);
  const c = load<u32>(ptr, 8);
  const d = load<u32>(ptr, 12);
  return (
    load<u32>((a << 2) & 1020, CRC_TABLES + 15 * 1024) ^
    load<u32>((a >> 6) & 1020, CRC_TABLES + 14 * 1024) ^
    load<u32>((a >> 14) & 1020, CRC_TABLES + 13 * 1024) ^
    load<u32>((a >> 22) & 1020, CRC_TABLES + 12 * 1024) ^
    load<u32>((b << 2) & 1020, CRC_TABLES + 11 * 1024) ^
    load<u32>((b >> 6) & 1020, CRC_TABLES + 10 * 1024) ^
    load<u32>((b >> 14) & 1020, CRC_TABLES + 9 * 1024) ^
    load<u32>((b >> 22) & 1020, CRC_TABLES + 8 * 1024) ^
    load<u32>((c << 2) & 1020, CRC_TABLES + 7 * 1024) ^
    load<u32>((c >> 6) & 1020, CRC_TABLES + 6 * 1024) ^
    load<u32>((c >> 14) & 1020, CRC_TABLES + 5 * 1024) ^
    load<u32>((c >> 22) & 1020, CRC_TABLES + 4 * 1024) ^
    load<u32>((d << 2) & 1020, CRC_TABLES + 3 * 1024) ^
    load<u32>((d >> 6) & 1020, CRC_TABLES + 2 * 1024) ^
    load<u32>((d >> 14) & 1020, CRC_TABLES + 1 * 1024) ^
    load<u32>((d >> 22) & 1020, CRC_TABLES + 0 * 1024)
  );
}

// @ts-expect-error: decorator
@inline
function entry(table: u32, byte: u32): usize {
  return CRC_TABLES + (table << 10) + (byte << 2);
}
