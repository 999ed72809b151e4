/**
 * The columns a process sample is written into, and names made valid UTF-8 on their way there.
 *
 * A kernel's process name is bytes, cut at 15 wherever that falls, so the last letter may be half a letter. Every byte that is
 * not part of a well-formed sequence (Unicode 15, table 3-7) becomes "?": the length stays, and Arrow readers do not choke.
 */
import type { ProcessReadings } from "./host-reader.ts";

const QUESTION_MARK = 0x3f;

/** Columns for `rows` processes whose names average at most `nameBytesPerRow`. Never grows. */
export function createProcessReadings(rows: number, nameBytesPerRow: number): ProcessReadings {
  return {
    length: 0,
    pid: new Uint32Array(rows),
    workingSetMb: new Float64Array(rows),
    privateBytesMb: new Float64Array(rows),
    cpuPercent: new Float32Array(rows),
    ioReadBytes: new Float64Array(rows),
    ioWriteBytes: new Float64Array(rows),
    nameBytes: new Uint8Array(rows * nameBytesPerRow),
    nameOffsets: new Int32Array(rows + 1),
  };
}

/**
 * Writes `source[start … end)`, cut to `maxBytes`, as the name of `row`; the names of all rows before it must be written. Writing
 * a row again replaces it. A cut that falls within a letter leaves "?" for its bytes.
 */
export function writeName(
  into: ProcessReadings,
  row: number,
  source: Uint8Array,
  start: number,
  end: number,
  maxBytes: number,
): void {
  const { nameBytes, nameOffsets } = into;
  const stop = Math.min(end, start + maxBytes);
  let to = nameOffsets[row]!;
  for (let from = start; from < stop; ) {
    const size = sequenceLength(source, from, stop);
    if (size === 0) {
      nameBytes[to++] = QUESTION_MARK;
      from++;
    } else {
      for (let i = 0; i < size; i++) nameBytes[to++] = source[from++]!;
    }
  }
  nameOffsets[row + 1] = to;
}

/** Length of the well-formed UTF-8 sequence at `at`, 0 when there is none before `end`. */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + size > end) return 0;
  // The second byte's range shuts out overlong forms, surrogates, and what lies past U+10FFFF.
  const second = bytes[at + 1]!;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < size; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  return size;
}
