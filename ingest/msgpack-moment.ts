/** MessagePack's timestamp extension, in each of its three forms. */

const SECOND_MS = 1000;
const NANOS_PER_MS = 1_000_000;
const TWO_32 = 4294967296;

/**
 * The milliseconds since 1970 that a timestamp of so many bytes says; what lies below one is cut off.
 * @returns undefined when it is no timestamp
 */
export function momentOf(view: DataView, from: number, bytes: number): number | undefined {
  let [seconds, nanos] = [0, 0];
  if (bytes === 4) {
    seconds = view.getUint32(from);
  } else if (bytes === 8) {
    const high = view.getUint32(from);
    nanos = high >>> 2;
    seconds = (high & 3) * TWO_32 + view.getUint32(from + 4);
  } else if (bytes === 12) {
    nanos = view.getUint32(from);
    seconds = view.getInt32(from + 4) * TWO_32 + view.getUint32(from + 8);
  } else {
    return undefined;
  }
  if (nanos >= SECOND_MS * NANOS_PER_MS) return undefined;
  return seconds * SECOND_MS + Math.floor(nanos / NANOS_PER_MS);
}
