/**
 * Makes a cell coarser by one step (datasets/column.ts lists them). Steps build upon each other: a value taken to the day was
 * taken to the hour before, so that what is alike at one step is alike at every later one.
 */

import { type GeneralizationStep, typeBounds } from "../../../datasets/column.ts";
import type { ColumnType } from "../../../runtime/batch/index.ts";
import { CELL_WORDS, cellNumber, clearCell, isNullCell, putCellNumber, tupleWords } from "./cells.ts";
import { roundDigits } from "./round-digits.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The largest doubles that 64 bits hold: a figure there is rounded to no more. */
const U64_MOST = 2 ** 64 - 2 ** 11;
const I64_MOST = 2 ** 63 - 2 ** 10;

/** Takes the step on cell `cell` of `count` tuples of `cells` cells, the first at word `first`. */
export function generalizeCells(
  type: ColumnType,
  step: GeneralizationStep,
  words: Uint32Array,
  first: number,
  count: number,
  cells: number,
  cell: number,
): void {
  if (step === "exact") return;
  const stride = tupleWords(cells);
  const end = first + count * stride;
  if (step === "removed") {
    for (let at = first; at < end; at += stride) clearCell(words, at, cells, cell);
    return;
  }
  const change = numberStep(type, step);
  for (let at = first; at < end; at += stride) {
    if (isNullCell(words, at, cells, cell)) continue;
    const cellAt = at + cell * CELL_WORDS;
    putCellNumber(type, words, cellAt, change(cellNumber(type, words, cellAt)));
  }
}

/** Bounds of a rounded figure of a type. */
function roundedBounds(type: ColumnType): readonly [min: number, max: number] {
  if (type === "u64") return [0, U64_MOST];
  if (type === "i64") return [-I64_MOST, I64_MOST];
  if (type === "f32" || type === "f64") return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return typeBounds(type);
}

function numberStep(
  type: ColumnType,
  step: Exclude<GeneralizationStep, "exact" | "removed">,
): (value: number) => number {
  if (step === "hour") return (ms) => Math.floor(ms / HOUR_MS) * HOUR_MS;
  if (step === "day") return (ms) => Math.floor(ms / DAY_MS) * DAY_MS;
  if (type === "bool" || type === "category") return (value) => value;
  const digits = Number.parseInt(step, 10);
  const [min, max] = roundedBounds(type);
  // NaN stays: it is in no order with the bounds.
  return (value) => {
    const rounded = roundDigits(value, digits);
    return rounded > max ? max : rounded < min ? min : rounded;
  };
}
