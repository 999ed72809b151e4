/** Slides: what the rows in a sliding window come to, at any time. */

/** Bytes of a slide before its cells: from there on it has a cell (CELL_BYTES) a measure. */
export const SLIDE_HEAD_BYTES = 64;
/** u32 of a slide: first chunk (0: none), place of the oldest row in it, rows in the last chunk, rows, rows of the front. */
export const SLIDE_FIRST_OFFSET = 8;
export const SLIDE_PLACE_OFFSET = 16;
export const SLIDE_TAIL_OFFSET = 20;
export const SLIDE_ROWS_OFFSET = 32;
export const SLIDE_FRONT_OFFSET = 48;
/** Bytes of a chunk of a slide before its times (an f64 a row), behind which lies a column of values a measure. It begins with the next one's u32. */
export const SLIDE_CHUNK_HEAD_BYTES = 16;
/** Bytes that tell of one column: u32 its type (a place in VALUE_TYPES), u32 where its values lie, u32 where its validity does. */
export const SLIDE_COLUMN_BYTES = 12;

/**
 * Rows with times and the values of `measures` measures, appended at one end and taken out at the other; what they all come to is there
 * at any time, in constant time a row. A slide has SLIDE_HEAD_BYTES + `measures` × CELL_BYTES; its rows lie in chunks of `capacity` rows,
 * SLIDE_CHUNK_HEAD_BYTES + 8 × `capacity` × (1 + `measures`) + `measures` × CELL_BYTES; `near` has `capacity` × `measures` × CELL_BYTES.
 * All are 8-byte aligned. The host lends chunks, and takes spare ones back.
 */
export interface SlideKernels {
  /** Makes an empty slide, without chunks. */
  slideInit(slide: number, measures: number, capacity: number, near: number): void;
  /**
   * Writes `measures` values of each row (f64; for null a NaN of its own) at the byte offset that is the u32 at `slots` + 4 × row (0: nowhere).
   * `columns` has SLIDE_COLUMN_BYTES a measure.
   */
  slideStore(columns: number, measures: number, slots: number, from: number, to: number): void;
  /** Rows that can be added. */
  slideRoom(slide: number): number;
  slideLend(slide: number, chunk: number): void;
  /** A chunk without rows, which is the host's again; 0: there is none. */
  slideReturn(slide: number): number;
  /** Appends a row to the moments: `time` is not before the last one's, `values` as slideStore writes them. There must be room. */
  slideAdd(slide: number, time: number, values: number): void;
  /**
   * Adds the row's values to the sketches, from measure `first` on. Returns the first measure that was not added to, `measures` when all
   * were: it has no sketch, or one that has to grow. Values whose sketch was taken away are counted in the f64 at `truncated`.
   */
  slideSketch(slide: number, values: number, first: number, truncated: number): number;
  /** The sketch of a measure; 0: there is none. */
  slideSketchOf(slide: number, measure: number): number;
  /** Gives a measure its sketch, made empty or moved; 0 takes it away, for want of room, until there is another. */
  slideAttach(slide: number, measure: number, sketch: number): void;
  /** Takes out all rows up to this time, itself included. */
  slideEvict(slide: number, untilTime: number): void;
  /** Makes all rows the front, which must be empty. (Moments depend on when that was; who restores a slide has to do alike.) */
  slideTurn(slide: number): void;
  /** The first measure from `first` on whose sketch would not answer as one of the rows alone; `measures` when none is. */
  slideWorn(slide: number, first: number): number;
  /** Makes a measure's sketch anew from the rows. Returns 0, or the block size that it needs: to be made in such a one from the start. */
  slideResketch(slide: number, measure: number): number;
  /** Writes the window's cells at `out`. Their sketches are the slide's own. */
  slideSum(slide: number, out: number): void;
}
