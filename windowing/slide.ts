/**
 * The rows of one group's sliding window, and its figures at any time (the kernels' slides, wasm/kernels/slide.ts): moments that are merged and
 * never subtracted, and for each measure a sketch that values are added to and taken out of.
 *
 * What a sketch answers is what one made of the window's rows alone would: it is made anew from them when it is worn, which is when there
 * are so few values again that they are kept exactly, or when bins had to be merged (values over more than 125 octaves: then it costs the
 * window's length).
 *
 * A sketch that there is no room for is lost: the window has no percentiles of that measure until as many rows came as it had then,
 * and there is room.
 */

import {
  PoolExhausted,
  SKETCH_MIN_BYTES,
  SLIDE_CHUNK_HEAD_BYTES,
  SLIDE_FIRST_OFFSET,
  SLIDE_FRONT_OFFSET,
  SLIDE_PLACE_OFFSET,
  SLIDE_ROWS_OFFSET,
} from "../wasm/index.ts";
import type { SlideFrame } from "./slide-frame.ts";
import type { StateReader, StateWriter } from "./state.ts";

export class Slide {
  readonly #frame: SlideFrame;
  readonly #at: number;
  readonly #nearAt: number;
  /** Rows added since it was made. */
  #added = 0;
  /** Of measures whose sketch is lost: the rows added by which it is tried again. */
  readonly #lost = new Map<number, number>();

  /** @throws PoolExhausted, having kept nothing */
  constructor(frame: SlideFrame) {
    const { kernels, pool, measures, capacity } = frame;
    this.#frame = frame;
    this.#at = pool.allocate(frame.slideBytes);
    try {
      this.#nearAt = pool.allocate(frame.nearBytes);
    } catch (error) {
      pool.free(this.#at, frame.slideBytes);
      throw error;
    }
    kernels.slideInit(this.#at, measures, capacity, this.#nearAt);
  }

  get rows(): number {
    return this.#word(SLIDE_ROWS_OFFSET);
  }

  /** Sees to it that `rows` rows can be added. @returns false: there is no room for them */
  tryReserve(rows: number): boolean {
    const { kernels, pool, chunkBytes } = this.#frame;
    try {
      while (kernels.slideRoom(this.#at) < rows) kernels.slideLend(this.#at, pool.allocate(chunkBytes));
      return true;
    } catch (error) {
      if (error instanceof PoolExhausted) return false;
      throw error;
    }
  }

  /** Gives back what is not needed to add `rows` rows, but for a chunk. */
  trim(rows: number): void {
    const { kernels, pool, capacity, chunkBytes } = this.#frame;
    for (let room = kernels.slideRoom(this.#at); room >= rows + 2 * capacity; room -= capacity) {
      const chunk = kernels.slideReturn(this.#at) >>> 0;
      if (chunk === 0) return;
      pool.free(chunk, chunkBytes);
    }
  }

  /** Appends a row that there is room for and that is not before the last one. @param valuesAt as kernels.slideStore has written them */
  add(timeMs: number, valuesAt: number): void {
    const { kernels, measures } = this.#frame;
    kernels.slideAdd(this.#at, timeMs, valuesAt);
    this.#added++;
    this.#addToSketches(valuesAt, measures);
  }

  /** Takes out the rows up to this time, itself included. */
  evict(untilMs: number): void {
    this.#frame.kernels.slideEvict(this.#at, untilMs);
  }

  /** Writes what the rows come to into a record of Figures, which must not be freed as one: the sketches stay here. */
  sum(record: number): void {
    const { kernels, measures } = this.#frame;
    for (const [measure, tryAt] of this.#lost) {
      if (this.#added >= tryAt) this.#resketch(measure);
    }
    let worn = kernels.slideWorn(this.#at, 0);
    while (worn < measures) {
      this.#resketch(worn);
      worn = kernels.slideWorn(this.#at, worn + 1);
    }
    kernels.slideSum(this.#at, record);
  }

  free(): void {
    const { kernels, pool, measures, slideBytes, chunkBytes, nearBytes } = this.#frame;
    for (let measure = 0; measure < measures; measure++) this.#freeSketch(measure);
    kernels.slideEvict(this.#at, Number.POSITIVE_INFINITY);
    for (let chunk = this.#spare(); chunk !== 0; chunk = this.#spare()) pool.free(chunk, chunkBytes);
    pool.free(this.#nearAt, nearBytes);
    pool.free(this.#at, slideBytes);
  }

  save(out: StateWriter): void {
    const { u8, u32, f64, measures, capacity } = this.#frame;
    out.f64(this.#added);
    out.u32(this.#lost.size);
    for (const [measure, tryAt] of this.#lost) {
      out.u32(measure);
      out.f64(tryAt);
    }
    out.u32(this.rows);
    out.u32(this.#word(SLIDE_FRONT_OFFSET));
    let chunk = this.#word(SLIDE_FIRST_OFFSET);
    let place = this.#word(SLIDE_PLACE_OFFSET);
    for (let left = this.rows; left > 0; left--) {
      const at = chunk + SLIDE_CHUNK_HEAD_BYTES + 8 * place;
      out.f64(f64[at / 8]!);
      for (let measure = 0; measure < measures; measure++) {
        out.bytes(u8, at + 8 * capacity * (1 + measure), 8);
      }
      place++;
      if (place < capacity) continue;
      place = 0;
      chunk = u32[chunk / 4]!;
    }
  }

  /** Into one that has no rows. @throws PoolExhausted */
  load(from: StateReader): void {
    const { kernels, u8, measures, scratchAt } = this.#frame;
    const added = from.f64();
    for (let lost = from.u32(); lost > 0; lost--) {
      const measure = from.u32();
      if (measure >= measures) throw new RangeError(`expected one of ${measures} measures; came ${measure}`);
      this.#lost.set(measure, from.f64());
      kernels.slideAttach(this.#at, measure, 0);
    }
    const rows = from.u32();
    const front = from.u32();
    const valuesAt = scratchAt + 8;
    for (let row = 0; row < rows; row++) {
      if (!this.tryReserve(1)) throw new PoolExhausted("there is no room for all rows of this state");
      const timeMs = from.f64();
      from.bytes(u8, valuesAt, 8 * measures);
      kernels.slideAdd(this.#at, timeMs, valuesAt);
      this.#addToSketches(valuesAt, measures, false);
      if (row + 1 === front) kernels.slideTurn(this.#at);
    }
    this.#added = added;
  }

  #addToSketches(valuesAt: number, measures: number, isCounted = true): void {
    const { kernels, scratchAt } = this.#frame;
    let measure = kernels.slideSketch(this.#at, valuesAt, 0, scratchAt);
    while (measure < measures) {
      this.#grow(measure);
      measure = kernels.slideSketch(this.#at, valuesAt, measure, scratchAt);
    }
    if (this.#lost.size > 0) this.#countLost(isCounted);
  }

  /** Makes a measure's sketch, or lets it grow to what it asks for. */
  #grow(measure: number): void {
    const { kernels, pool } = this.#frame;
    const before = kernels.slideSketchOf(this.#at, measure);
    const bytes = before === 0 ? SKETCH_MIN_BYTES : kernels.sketchNeeds(before);
    const sketch = this.#tryAllocate(bytes);
    if (sketch === 0) {
      this.#lose(measure);
      return;
    }
    if (before === 0) {
      kernels.sketchInit(sketch, bytes);
    } else {
      kernels.sketchGrow(before, sketch, bytes);
      pool.free(before, kernels.sketchBytes(before));
    }
    kernels.slideAttach(this.#at, measure, sketch);
  }

  /** Makes a measure's sketch anew from the rows. */
  #resketch(measure: number): void {
    const { kernels } = this.#frame;
    let bytes = kernels.slideSketchOf(this.#at, measure) === 0 ? SKETCH_MIN_BYTES : 0;
    for (;;) {
      if (bytes !== 0) {
        const sketch = this.#tryAllocate(bytes);
        if (sketch === 0) {
          this.#lose(measure);
          return;
        }
        this.#freeSketch(measure);
        kernels.sketchInit(sketch, bytes);
        kernels.slideAttach(this.#at, measure, sketch);
      }
      bytes = kernels.slideResketch(this.#at, measure);
      if (bytes === 0) break;
    }
    this.#lost.delete(measure);
  }

  #lose(measure: number): void {
    const { kernels, figures } = this.#frame;
    const sketch = kernels.slideSketchOf(this.#at, measure);
    if (!this.#lost.has(measure) && sketch !== 0) figures.countTruncated(kernels.sketchCount(sketch));
    this.#freeSketch(measure);
    kernels.slideAttach(this.#at, measure, 0);
    this.#lost.set(measure, this.#added + this.rows);
  }

  #countLost(isCounted: boolean): void {
    const { f64, figures, scratchAt } = this.#frame;
    if (isCounted) figures.countTruncated(f64[scratchAt / 8]!);
    f64[scratchAt / 8] = 0;
  }

  #freeSketch(measure: number): void {
    const { kernels, pool } = this.#frame;
    const sketch = kernels.slideSketchOf(this.#at, measure);
    if (sketch === 0) return;
    pool.free(sketch, kernels.sketchBytes(sketch));
    kernels.slideAttach(this.#at, measure, 0);
  }

  /** 0: there is no room. */
  #tryAllocate(bytes: number): number {
    try {
      return this.#frame.pool.allocate(bytes);
    } catch (error) {
      if (error instanceof PoolExhausted) return 0;
      throw error;
    }
  }

  #spare(): number {
    return this.#frame.kernels.slideReturn(this.#at) >>> 0;
  }

  #word(offset: number): number {
    return this.#frame.u32[(this.#at + offset) / 4]!;
  }
}
