/** The sketches of a slide: one a measure, of all rows in the window. What leaves it is taken out; what that wears out is made anew from the rows. */

import { sketchAdd } from "./sketch";
import { sketchClear, sketchIsWorn } from "./sketch-remove";
import {
  CAPACITY,
  cellOf,
  FIRST,
  HEAD,
  LAST,
  LOST,
  MEASURES,
  NEXT,
  SKETCH,
  TAIL,
  valuesOf,
} from "./slide-layout";

/**
 * Adds a row's values to the sketches, from measure `first` on. Returns the first measure that was not added to: it has no sketch, or
 * one that has to grow. What a measure whose sketch is lost goes without is counted in the f64 at `truncated`.
 */
export function slideSketch(slide: usize, values: usize, first: u32, truncated: usize): u32 {
  const measures = load<u32>(slide, MEASURES);
  for (let m = first; m < measures; m++) {
    const value = load<f64>(values + ((<usize>m) << 3));
    if (value != value) continue;
    const cell = cellOf(slide, m);
    const sketch = <usize>load<u32>(cell, SKETCH);
    if (sketch == 0 && load<u32>(cell, LOST) != 0) store<f64>(truncated, load<f64>(truncated) + 1);
    else if (sketch == 0 || sketchAdd(sketch, value) != 0) return m;
  }
  return measures;
}

/** The sketch of a measure; 0: there is none. (As f64: an offset from 2^31 on would come out negative.) */
export function slideSketchOf(slide: usize, m: u32): f64 {
  return <f64>load<u32>(cellOf(slide, m), SKETCH);
}

/** Gives a measure its sketch, made or moved; 0: takes it away until there is another, for want of room. */
export function slideAttach(slide: usize, m: u32, sketch: u32): void {
  const cell = cellOf(slide, m);
  store<u32>(cell, sketch, SKETCH);
  store<u32>(cell, <u32>(sketch == 0), LOST);
}

/** The first measure from `first` on whose sketch has to be made anew from the rows. */
export function slideWorn(slide: usize, first: u32): u32 {
  const measures = load<u32>(slide, MEASURES);
  for (let m = first; m < measures; m++) {
    const sketch = <usize>load<u32>(cellOf(slide, m), SKETCH);
    if (sketch != 0 && sketchIsWorn(sketch) != 0) return m;
  }
  return measures;
}

/** Makes a measure's sketch anew from the rows. Returns 0, or the block size that this takes: then it has to begin again. */
export function slideResketch(slide: usize, m: u32): u32 {
  const capacity = load<u32>(slide, CAPACITY);
  const last = <usize>load<u32>(slide, LAST);
  const sketch = <usize>load<u32>(cellOf(slide, m), SKETCH);
  sketchClear(sketch);
  let from = load<u32>(slide, HEAD);
  for (let chunk = <usize>load<u32>(slide, FIRST); chunk != 0; chunk = <usize>load<u32>(chunk, NEXT)) {
    const values = valuesOf(chunk, capacity, m);
    const to = chunk == last ? load<u32>(slide, TAIL) : capacity;
    for (let i = from; i < to; i++) {
      const value = load<f64>(values + ((<usize>i) << 3));
      if (value != value) continue;
      const needs = sketchAdd(sketch, value);
      if (needs != 0) return needs;
    }
    from = 0;
  }
  return 0;
}
