/** Space-Saving summaries: made, added to, moved, merged, read. The layout is told in space-saving-layout.ts. */

import {
  append,
  BLOCK,
  BYTES,
  CAPACITY,
  COUNT,
  COUNTER,
  counterAt,
  ERROR,
  find,
  FLOOR,
  HAS_HEAP,
  IS_CAPPED,
  isLess,
  least,
  LEFT_OUT,
  RECORD,
  replace,
  roomOf,
  ROWS,
  TOTAL,
  WEIGHT,
} from "./space-saving-layout";
import { bitsAt, isNanAt, numberAt } from "./typed-value";
import { isValid } from "./validity";

/** Type of a weight column that there is none of. */
const NO_TYPE = -1;

export function topRoom(bytes: u32): u32 {
  return roomOf(bytes);
}

export function topInit(record: usize, block: usize, bytes: u32, capacity: u32): void {
  memory.fill(record, 0, RECORD);
  store<u32>(record, <u32>block, BLOCK);
  store<u32>(record, bytes, BYTES);
  store<u32>(record, capacity, CAPACITY);
  memory.fill(block, 0, bytes >> 3);
}

export function topScatter(
  recordsAt: usize,
  itemType: i32,
  items: usize,
  itemValidity: usize,
  weightType: i32,
  weights: usize,
  weightValidity: usize,
  start: i32,
  end: i32,
  truncated: usize,
): i32 {
  for (let row = start; row < end; row++) {
    const record = <usize>load<u32>(recordsAt + ((<usize>row) << 2));
    if (record == 0) continue;
    if (itemValidity != 0 && !isValid(itemValidity, row)) continue;
    if (isNanAt(itemType, items, row)) continue;
    let weight: f64 = 1;
    if (weightType != NO_TYPE) {
      const isThere = weightValidity == 0 || isValid(weightValidity, row);
      weight = isThere ? numberAt(weightType, weights, row) : NaN;
      if (!(weight >= 0 && weight < Infinity)) {
        store<f64>(record, load<f64>(record, LEFT_OUT) + 1, LEFT_OUT);
        continue;
      }
    }
    if (!add(record, bitsAt(itemType, items, row), weight, truncated)) return row;
    store<f64>(record, load<f64>(record, TOTAL) + weight, TOTAL);
    store<f64>(record, load<f64>(record, ROWS) + 1, ROWS);
  }
  return end;
}

export function topGrow(record: usize, block: usize, bytes: u32): void {
  const from = counterAt(record, 0);
  const count = load<u32>(record, COUNT);
  store<u32>(record, <u32>block, BLOCK);
  store<u32>(record, bytes, BYTES);
  memory.copy(counterAt(record, 0), from, <usize>count * COUNTER);
  topRestore(record, count);
}

export function topRestore(record: usize, count: u32): void {
  memory.fill(<usize>load<u32>(record, BLOCK), 0, load<u32>(record, BYTES) >> 3);
  store<u32>(record, 0, COUNT);
  store<u32>(record, 0, HAS_HEAP);
  for (let i: u32 = 0; i < count; i++) {
    const counter = counterAt(record, i);
    append(record, load<u64>(counter), load<f64>(counter, WEIGHT), load<f64>(counter, ERROR));
  }
}

export function topCounters(record: usize): usize {
  return counterAt(record, 0);
}

export function topCount(record: usize): u32 {
  return load<u32>(record, COUNT);
}

export function topCap(record: usize): void {
  store<u32>(record, roomOf(load<u32>(record, BYTES)), CAPACITY);
  store<u32>(record, 1, IS_CAPPED);
}

export function topLeast(record: usize): f64 {
  const count = load<u32>(record, COUNT);
  if (count < load<u32>(record, CAPACITY)) return load<f64>(record, FLOOR);
  let lowest = Infinity;
  for (let i: u32 = 0; i < count; i++) lowest = min(lowest, load<f64>(counterAt(record, i), WEIGHT));
  return lowest;
}

/**
 * Items of both weigh what they weigh in both; items of one, besides, what the other cannot exclude; the heaviest stay (Agarwal and
 * others: "Mergeable summaries", TODS 2013; in this form Cafaro, Pulimeno, Tempesta 2016). The sum of all counters never
 * passes that of all weights, so the least of them stays at or below total / capacity.
 */
export function topMerge(into: usize, from: usize): u32 {
  const count = load<u32>(into, COUNT);
  const others = load<u32>(from, COUNT);
  const capacity = load<u32>(into, CAPACITY);
  let union = count;
  for (let j: u32 = 0; j < others; j++) {
    if (find(into, load<u64>(counterAt(from, j))) < 0) union++;
  }
  const room = min(union, capacity);
  let bytes = load<u32>(into, BYTES);
  if (roomOf(bytes) < room) {
    while (roomOf(bytes) < room) bytes <<= 1;
    return bytes;
  }

  const leastInto = topLeast(into);
  const leastFrom = topLeast(from);
  for (let i: u32 = 0; i < count; i++) {
    const counter = counterAt(into, i);
    const same = find(from, load<u64>(counter));
    const other: usize = same < 0 ? 0 : counterAt(from, <u32>same);
    const weight = other == 0 ? leastFrom : load<f64>(other, WEIGHT);
    const error = other == 0 ? leastFrom : load<f64>(other, ERROR);
    store<f64>(counter, load<f64>(counter, WEIGHT) + weight, WEIGHT);
    store<f64>(counter, load<f64>(counter, ERROR) + error, ERROR);
  }
  for (let j: u32 = 0; j < others; j++) {
    const other = counterAt(from, j);
    const item = load<u64>(other);
    // An item of both that was given up on the way is not found any more; without its other half it is not heavier than it was then.
    if (find(into, item) >= 0) continue;
    const weight = load<f64>(other, WEIGHT) + leastInto;
    const error = load<f64>(other, ERROR) + leastInto;
    if (load<u32>(into, COUNT) < capacity) {
      append(into, item, weight, error);
      continue;
    }
    const lowest = counterAt(into, least(into));
    if (isLess(load<f64>(lowest, WEIGHT), load<u64>(lowest), weight, item)) replace(into, item, weight, error);
  }
  store<f64>(into, leastInto + leastFrom, FLOOR);
  store<f64>(into, load<f64>(into, TOTAL) + load<f64>(from, TOTAL), TOTAL);
  store<f64>(into, load<f64>(into, ROWS) + load<f64>(from, ROWS), ROWS);
  store<f64>(into, load<f64>(into, LEFT_OUT) + load<f64>(from, LEFT_OUT), LEFT_OUT);
  return 0;
}

/** The heaviest `ranks` counters, sorted: first they are a heap whose top is the least of them, then it is taken down. */
export function topRanks(record: usize, ranks: u32, out: usize): u32 {
  const count = load<u32>(record, COUNT);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const counter = counterAt(record, i);
    if (kept < ranks) {
      memory.copy(out + <usize>kept * COUNTER, counter, COUNTER);
      if (++kept == ranks || i + 1 == count) {
        for (let place = <i32>(kept >> 1) - 1; place >= 0; place--) siftRank(out, kept, <u32>place);
      }
    } else if (isLessCounter(out, counter)) {
      memory.copy(out, counter, COUNTER);
      siftRank(out, kept, 0);
    }
  }
  for (let end = kept; end > 1; ) {
    end--;
    swapCounters(out, out + <usize>end * COUNTER);
    siftRank(out, end, 0);
  }
  return kept;
}

/** False, and nothing done, when there is no room for a counter that there should be. */
// @ts-expect-error: decorator
@inline
function add(record: usize, item: u64, weight: f64, truncated: usize): bool {
  const index = find(record, item);
  if (index >= 0) {
    const counter = counterAt(record, <u32>index);
    store<f64>(counter, load<f64>(counter, WEIGHT) + weight, WEIGHT);
    return true;
  }
  // What weighs nothing is not worth a counter.
  if (weight == 0) return true;
  return addNew(record, item, weight, truncated);
}

function addNew(record: usize, item: u64, weight: f64, truncated: usize): bool {
  const count = load<u32>(record, COUNT);
  if (count < load<u32>(record, CAPACITY)) {
    if (count == roomOf(load<u32>(record, BYTES))) return false;
    const floor = load<f64>(record, FLOOR);
    append(record, item, floor + weight, floor);
    return true;
  }
  if (load<u32>(record, IS_CAPPED) != 0) store<f64>(truncated, load<f64>(truncated) + 1);
  const lowest = load<f64>(counterAt(record, least(record)), WEIGHT);
  replace(record, item, lowest + weight, lowest);
  return true;
}

// @ts-expect-error: decorator
@inline
function isLessCounter(a: usize, b: usize): bool {
  return isLess(load<f64>(a, WEIGHT), load<u64>(a), load<f64>(b, WEIGHT), load<u64>(b));
}

function siftRank(heap: usize, count: u32, place: u32): void {
  while (true) {
    let child: u32 = 2 * place + 1;
    if (child >= count) return;
    if (child + 1 < count && isLessCounter(heap + <usize>(child + 1) * COUNTER, heap + <usize>child * COUNTER)) child++;
    const above = heap + <usize>place * COUNTER;
    const below = heap + <usize>child * COUNTER;
    if (!isLessCounter(below, above)) return;
    swapCounters(above, below);
    place = child;
  }
}

function swapCounters(a: usize, b: usize): void {
  const item = load<u64>(a);
  const weight = load<f64>(a, WEIGHT);
  const error = load<f64>(a, ERROR);
  memory.copy(a, b, COUNTER);
  store<u64>(b, item);
  store<f64>(b, weight, WEIGHT);
  store<f64>(b, error, ERROR);
}
