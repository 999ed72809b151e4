/**
 * Where in a plan for jsonRows what lies, and which names are in it: all that follows from a dataset's declaration alone. json-plan.ts says
 * what a plan is.
 */

import type { ColumnSpec } from "../datasets/column.ts";
import type { Dataset } from "../datasets/define.ts";
import { PLACE_PREFIXES } from "../datasets/places.ts";
import { alignUp } from "../runtime/arena.ts";

/** The head has as many bytes as a column. */
export const COLUMN_BYTES = 64;
/** Keys are compared by so many bytes at once. */
export const CHUNK_BYTES = 16;
const SET_HEAD_BYTES = 8;
const SET_PLACE_BYTES = 32;

/** A set of names: where it lies from the plan's start on, how many places it has, and what is in it. */
export interface NameSet {
  readonly at: number;
  readonly places: number;
  readonly names: readonly { readonly at: number; readonly bytes: Uint8Array; readonly value: number }[];
}

export interface Arrangement {
  readonly listAt: number;
  readonly keysAt: readonly number[];
  readonly keys: NameSet;
  /** By column; undefined for what is no category. */
  readonly values: readonly (NameSet | undefined)[];
  readonly bytes: number;
}

/** Shared memory that the plan of a dataset's table takes. */
export function jsonPlanBytes(dataset: Dataset): number {
  return arrange(Object.entries(dataset.columns)).bytes;
}

/** Offsets count from the plan's start. */
export function arrange(columns: readonly (readonly [name: string, spec: ColumnSpec])[]): Arrangement {
  let next = COLUMN_BYTES * (columns.length + 1);
  const place = (bytes: number): number => {
    const at = next;
    next = alignUp(next + bytes, CHUNK_BYTES);
    return at;
  };
  const listAt = place(columns.length * 4);
  const keysAt = columns.map(([name]) => place(chunksOf(keyOf(name)) * CHUNK_BYTES * 2));
  const setOf = (texts: readonly (readonly [text: string, value: number])[]): NameSet => {
    const places = 2 ** Math.ceil(Math.log2(Math.max(1, texts.length) * 2));
    const at = place(SET_HEAD_BYTES + places * SET_PLACE_BYTES);
    const names = texts
      .filter(([text]) => isPlain(text))
      .map(([text, value]) => {
        const bytes = new TextEncoder().encode(text);
        return { at: place(bytes.length), bytes, value };
      });
    return { at, places, names };
  };
  const keys = setOf(columns.map(([name], index) => [name, index]));
  const values = columns.map(([, spec]) => (spec.type === "category" ? setOf(textsOf(spec)) : undefined));
  // Behind a short name some bytes are read that mean nothing.
  return { listAt, keysAt, keys, values, bytes: alignUp(next + CHUNK_BYTES, 64) };
}

/** A key as it stands in most bodies. One that is written with escapes never does: it is a chunk that nothing matches. */
export function keyOf(name: string): Uint8Array {
  return new TextEncoder().encode(`"${isPlain(name) ? name : "\n"}":`);
}

export function chunksOf(key: Uint8Array): number {
  return Math.ceil(key.length / CHUNK_BYTES);
}

/** Texts that a category is told by, and the code of each. Of a place it is what its name begins with. */
function textsOf(spec: ColumnSpec): readonly (readonly [text: string, value: number])[] {
  if (spec.class === "place") return PLACE_PREFIXES.map((prefix, code) => [prefix, code]);
  return spec.class === "category" ? spec.values.map((text, code) => [text, code]) : [];
}

/** Whether JSON writes the text as it is, between quotes. */
function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 32 || unit === 34 || unit === 92) return false;
  }
  return text.isWellFormed();
}
