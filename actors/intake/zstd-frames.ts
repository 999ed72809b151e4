/**
 * Where the frames of a zstd body lie (RFC 8878, section 3.1). The runtimes' decoders hand out what they have of a frame that is cut short, and
 * call it whole, and differ in what they make of several: so each frame is measured first, and then taken apart by itself.
 */

const MAGIC = 0xfd2f_b528;
/** Of frames that hold nothing for us; the last four bits are anything. */
const SKIPPABLE = 0x184d_2a50;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const RLE = 1;
const RESERVED = 3;

export interface ZstdFrame {
  readonly from: number;
  readonly to: number;
}

/** The frames that make up all of `bytes`, but for those that are to be skipped; undefined: it is not whole, or no zstd. */
export function zstdFrames(bytes: Uint8Array): readonly ZstdFrame[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: ZstdFrame[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const to = frameEnd(view, at);
    if (to === undefined || to > bytes.byteLength) return undefined;
    if (view.getUint32(at, true) === MAGIC) frames.push({ from: at, to });
    at = to;
  }
  return frames.length === 0 ? undefined : frames;
}

function frameEnd(view: DataView, from: number): number | undefined {
  const bytes = view.byteLength;
  if (from + 8 > bytes) return undefined;
  const magic = view.getUint32(from, true);
  if ((magic & ~15) >>> 0 === SKIPPABLE) return from + 8 + view.getUint32(from + 4, true);
  if (magic !== MAGIC) return undefined;
  const descriptor = view.getUint8(from + 4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const hasChecksum = (descriptor & 0x04) !== 0;
  const sizeFlag = descriptor >>> 6;
  const sizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[sizeFlag]!;
  let at = from + 5 + (isSingleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[descriptor & 3]! + sizeBytes;
  for (;;) {
    if (at + 3 > bytes) return undefined;
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    const type = (header >>> 1) & 3;
    if (type === RESERVED) return undefined;
    at += 3 + (type === RLE ? 1 : header >>> 3);
    if ((header & 1) !== 0) return at + (hasChecksum ? 4 : 0);
  }
}
