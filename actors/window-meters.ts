/**
 * What each windows dataset has done and keeps, as figures in the shared memory: the windower writes them, any thread may read
 * them without waiting. Each is as true as having looked a moment earlier.
 *
 * Counts are since the windows were first made: they are part of the checkpoint, so that a crash neither loses nor doubles them.
 */

import { type Arena, CACHE_PAIR_BYTES } from "../runtime/arena.ts";
import type { WindowMetersSpec } from "./resources.ts";

export const WINDOW_FIGURES = [
  /** Rows that are in a window that is out, or will be. */
  "rows",
  "late",
  "ahead",
  "refused",
  "other",
  "windows",
  "corrections",
  "setBacks",
  /** Values that are in no percentile, or the like, for want of memory. */
  "truncated",
  /** Windows (panes, sessions) that are kept, groups in them, and bytes that they take. */
  "openWindows",
  "groups",
  "stateBytes",
  /** When the latest checkpoint was written, wall time; 0: there is none. */
  "checkpointMs",
  "checkpointBytes",
  /** 1 + number of the first source row that would be read again; 0: it is not known. */
  "readFrom",
] as const;
export type WindowFigure = (typeof WINDOW_FIGURES)[number];
export type WindowFigures = Readonly<Record<WindowFigure, number>>;

export interface WindowView {
  /** The windows dataset. */
  readonly dataset: string;
  readonly figures: WindowFigures;
}

const METER_BYTES = Math.ceil((WINDOW_FIGURES.length * 8) / CACHE_PAIR_BYTES) * CACHE_PAIR_BYTES;

/** Places a meter for each windows dataset. */
export function placeWindowMeters(arena: Arena, datasets: readonly string[]): WindowMetersSpec {
  return { offset: arena.allocate(METER_BYTES * Math.max(1, datasets.length), "window meters"), datasets };
}

/** The writing end. */
export class WindowMeter {
  readonly #f64: Float64Array | undefined;

  /** @param spec undefined in a system that was built without meters: nothing is kept then */
  constructor(memory: WebAssembly.Memory, spec: WindowMetersSpec | undefined, dataset: string) {
    this.#f64 = spec && figuresOf(memory, spec, dataset);
  }

  set(figures: Partial<WindowFigures>): void {
    if (this.#f64 === undefined) return;
    for (const [name, value] of Object.entries(figures)) {
      this.#f64[WINDOW_FIGURES.indexOf(name as WindowFigure)] = value;
    }
  }
}

/** All figures of a windows dataset. @throws RangeError for one that has none */
export function readWindowMeter(
  memory: WebAssembly.Memory,
  spec: WindowMetersSpec,
  dataset: string,
): WindowFigures {
  const cells = figuresOf(memory, spec, dataset);
  return Object.fromEntries(WINDOW_FIGURES.map((name, index) => [name, cells[index]])) as WindowFigures;
}

/** All figures of all windows datasets. @param spec undefined: there is no windower */
export function readWindowMeters(
  memory: WebAssembly.Memory,
  spec: WindowMetersSpec | undefined,
): readonly WindowView[] {
  if (spec === undefined) return [];
  return spec.datasets.map((dataset) => ({ dataset, figures: readWindowMeter(memory, spec, dataset) }));
}

function figuresOf(memory: WebAssembly.Memory, spec: WindowMetersSpec, dataset: string): Float64Array {
  const index = spec.datasets.indexOf(dataset);
  if (index < 0) throw new RangeError(`there is no meter of the windows ${dataset}`);
  return new Float64Array(memory.buffer, spec.offset + index * METER_BYTES, WINDOW_FIGURES.length);
}
