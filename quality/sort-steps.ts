/**
 * Sorts numbers in steps of some milliseconds: two million at once would keep a thread for a fifth of a second. Pieces are
 * sorted by the runtime, and merged two by two. (A radix sort over the numbers' bits was no faster.)
 */

const PIECE = 65_536;
/** Numbers that are moved in one step. */
const STEP = 262_144;

/**
 * Sorts `values` ascending, in place; gives undefined between steps.
 * @param values no NaN
 * @param scratch at least as long, unless `isSortedAtOnce`
 */
export function* sortSteps(values: Float64Array, scratch: Float64Array): Generator<undefined, void> {
  const { length } = values;
  for (let from = 0; from < length; from += PIECE) {
    values.subarray(from, Math.min(length, from + PIECE)).sort();
    if (from + PIECE < length) yield undefined;
  }
  let [source, target] = [values, scratch.subarray(0, length)];
  for (let width = PIECE; width < length; width *= 2) {
    for (let from = 0; from < length; from += width * 2) {
      const middle = Math.min(length, from + width);
      const end = Math.min(length, from + width * 2);
      yield* mergeSteps(source, from, middle, end, target);
    }
    [source, target] = [target, source];
  }
  if (source !== values) values.set(source);
}

/** Whether an array of this length needs no scratch memory. */
export function isSortedAtOnce(length: number): boolean {
  return length <= PIECE;
}

function* mergeSteps(
  source: Float64Array,
  from: number,
  middle: number,
  end: number,
  target: Float64Array,
): Generator<undefined, void> {
  let left = from;
  let right = middle;
  for (let at = from; at < end; ) {
    const stop = Math.min(end, at + STEP);
    for (; at < stop; at++) {
      if (right >= end || (left < middle && source[left]! <= source[right]!)) target[at] = source[left++]!;
      else target[at] = source[right++]!;
    }
    yield undefined;
  }
}
