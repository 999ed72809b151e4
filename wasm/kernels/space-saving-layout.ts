/**
 * Space-Saving (Metwally, Agrawal, El Abbadi: ICDT 2005) with weights: the layout, the table of items, the heap.
 *
 * A **record** is 64 bytes that stay where they are; it points at a **block** that doubles until it has room for `capacity`
 * counters. In a block of B bytes lie
 * - a table of B/16 u16, each a counter's number + 1 or 0: linear probing, no more than 42 % of it in use,
 * - the counters, 24 bytes each: item u64, weight f64, error f64 (the weight is at most so much too high),
 * - the heap: a key f64 for each counter, and its number u16.
 *
 * **The heap is behind.** Its keys are weights as they were when last looked at; weights only rise, so a key is a lower bound, and a
 * counter that is added to need not move. Who asks for the least counter brings the heap's top up to date until it stays the top. It is
 * made when the first counter has to be given up: few groups have that many items.
 *
 * **One order.** The least counter is that of the lowest weight and, among equals, of the highest item. So which one is given up is a
 * function of what was added, not of how blocks, table and heap came to lie.
 */

import { mix } from "./mix";

/** Record. */
export const BLOCK: usize = 0;
export const BYTES: usize = 4;
export const COUNT: usize = 8;
export const CAPACITY: usize = 12;
export const HAS_HEAP: usize = 16;
/** There was no room for as many counters as there should be. */
export const IS_CAPPED: usize = 20;
/** Sum of all weights; rows taken; rows left out for their weight. */
export const TOTAL: usize = 24;
export const ROWS: usize = 32;
export const LEFT_OUT: usize = 40;
/** What an item without a counter may weigh while there are counters left; above 0 after a merge with a smaller one. */
export const FLOOR: usize = 48;
export const RECORD: usize = 64;

/** Counter. */
export const COUNTER: usize = 24;
export const WEIGHT: usize = 8;
export const ERROR: usize = 16;

/** Counters that a block has room for. */
export function roomOf(bytes: u32): u32 {
  return (bytes - (bytes >> 3)) / 34;
}

// @ts-expect-error: decorator
@inline
export function counterAt(record: usize, index: u32): usize {
  return <usize>load<u32>(record, BLOCK) + (load<u32>(record, BYTES) >> 3) + <usize>index * COUNTER;
}

/** Number of the item's counter; -1: it has none. */
// @ts-expect-error: decorator
@inline
export function find(record: usize, item: u64): i32 {
  const index = load<u16>(placeOf(record, item));
  return <i32>index - 1;
}

/** Appends a counter; the item has none, and there is room. */
export function append(record: usize, item: u64, weight: f64, error: f64): void {
  const index = load<u32>(record, COUNT);
  setCounter(counterAt(record, index), item, weight, error);
  store<u16>(placeOf(record, item), <u16>(index + 1));
  store<u32>(record, index + 1, COUNT);
}

/** Number of the least counter, which is at the top of the heap then. There is one at least. */
export function least(record: usize): u32 {
  if (load<u32>(record, HAS_HEAP) == 0) buildHeap(record);
  while (true) {
    const index = <u32>load<u16>(numbersOf(record));
    const weight = load<f64>(counterAt(record, index), WEIGHT);
    if (load<f64>(keysOf(record)) == weight) return index;
    siftDown(record, 0, weight, index);
  }
}

/** Gives the counter at the top of the heap to another item. */
export function replace(record: usize, item: u64, weight: f64, error: f64): void {
  const index = <u32>load<u16>(numbersOf(record));
  const counter = counterAt(record, index);
  remove(record, load<u64>(counter));
  setCounter(counter, item, weight, error);
  store<u16>(placeOf(record, item), <u16>(index + 1));
  siftDown(record, 0, weight, index);
}

/** Whether a counter of this weight and item comes before another one in the order of giving up. */
// @ts-expect-error: decorator
@inline
export function isLess(weight: f64, item: u64, otherWeight: f64, otherItem: u64): bool {
  return weight < otherWeight || (weight == otherWeight && item > otherItem);
}

// @ts-expect-error: decorator
@inline
function setCounter(counter: usize, item: u64, weight: f64, error: f64): void {
  store<u64>(counter, item);
  store<f64>(counter, weight, WEIGHT);
  store<f64>(counter, error, ERROR);
}

// @ts-expect-error: decorator
@inline
function keysOf(record: usize): usize {
  const bytes = load<u32>(record, BYTES);
  return <usize>load<u32>(record, BLOCK) + (bytes >> 3) + <usize>roomOf(bytes) * COUNTER;
}

// @ts-expect-error: decorator
@inline
function numbersOf(record: usize): usize {
  return keysOf(record) + <usize>(roomOf(load<u32>(record, BYTES)) << 3);
}

/** Where the table has the item, or where it would. */
// @ts-expect-error: decorator
@inline
function placeOf(record: usize, item: u64): usize {
  const table = <usize>load<u32>(record, BLOCK);
  const bytes = load<u32>(record, BYTES);
  const counters = table + (bytes >> 3);
  const mask = (bytes >> 4) - 1;
  let place = <u32>mix(item) & mask;
  while (true) {
    const at = table + (<usize>place << 1);
    const index = <usize>load<u16>(at);
    if (index == 0 || load<u64>(counters + (index - 1) * COUNTER) == item) return at;
    place = (place + 1) & mask;
  }
}

/** Takes an item out of the table; those behind it move up where they may (Knuth, TAOCP 6.4, algorithm R). */
function remove(record: usize, item: u64): void {
  const table = <usize>load<u32>(record, BLOCK);
  const bytes = load<u32>(record, BYTES);
  const counters = table + (bytes >> 3);
  const mask = (bytes >> 4) - 1;
  let hole = <u32>((placeOf(record, item) - table) >> 1);
  let place = hole;
  while (true) {
    place = (place + 1) & mask;
    const index = load<u16>(table + (<usize>place << 1));
    if (index == 0) break;
    const home = <u32>mix(load<u64>(counters + (<usize>index - 1) * COUNTER)) & mask;
    if (((place - home) & mask) < ((place - hole) & mask)) continue;
    store<u16>(table + (<usize>hole << 1), index);
    hole = place;
  }
  store<u16>(table + (<usize>hole << 1), 0);
}

function buildHeap(record: usize): void {
  const count = load<u32>(record, COUNT);
  const keys = keysOf(record);
  const numbers = numbersOf(record);
  for (let i: u32 = 0; i < count; i++) {
    store<f64>(keys + (<usize>i << 3), load<f64>(counterAt(record, i), WEIGHT));
    store<u16>(numbers + (<usize>i << 1), <u16>i);
  }
  for (let i = <i32>(count >> 1) - 1; i >= 0; i--) {
    siftDown(record, <u32>i, load<f64>(keys + (<usize>i << 3)), <u32>load<u16>(numbers + (<usize>i << 1)));
  }
  store<u32>(record, 1, HAS_HEAP);
}

/** Puts an entry at `place` of the heap, or below: what is less than it moves up. */
function siftDown(record: usize, place: u32, key: f64, index: u32): void {
  const count = load<u32>(record, COUNT);
  const keys = keysOf(record);
  const numbers = numbersOf(record);
  const counters = counterAt(record, 0);
  const item = load<u64>(counters + <usize>index * COUNTER);
  while (true) {
    let child: u32 = 2 * place + 1;
    if (child >= count) break;
    let childKey = load<f64>(keys + (<usize>child << 3));
    let childIndex = <u32>load<u16>(numbers + (<usize>child << 1));
    let childItem = load<u64>(counters + <usize>childIndex * COUNTER);
    const right: u32 = child + 1;
    if (right < count) {
      const rightKey = load<f64>(keys + (<usize>right << 3));
      const rightIndex = <u32>load<u16>(numbers + (<usize>right << 1));
      const rightItem = load<u64>(counters + <usize>rightIndex * COUNTER);
      if (isLess(rightKey, rightItem, childKey, childItem)) {
        child = right;
        childKey = rightKey;
        childIndex = rightIndex;
        childItem = rightItem;
      }
    }
    if (!isLess(childKey, childItem, key, item)) break;
    store<f64>(keys + (<usize>place << 3), childKey);
    store<u16>(numbers + (<usize>place << 1), <u16>childIndex);
    place = child;
  }
  store<f64>(keys + (<usize>place << 3), key);
  store<u16>(numbers + (<usize>place << 1), <u16>index);
}
