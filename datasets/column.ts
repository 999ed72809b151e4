/**
 * What a dataset says of a column: its type, unit, bounds, a one-line meaning, and its **privacy class**, which alone
 * decides what of it may leave. Plain data; everything else is derived from it.
 *
 * | class      | what it is                                            | what leaves                                     |
 * |------------|-------------------------------------------------------|-------------------------------------------------|
 * | measure    | a number about the machine or the work                | itself                                          |
 * | category   | one of a closed list                                  | itself                                          |
 * | moment     | event time                                            | itself                                          |
 * | identifier | names a person, account, host, resource or process    | a keyed hash, under the name `as`               |
 * | pseudonym  | such a keyed hash, in a dataset derived from another  | itself                                          |
 * | place      | a region or zone, as text                             | one of a closed list of wider regions (`us-*`)  |
 *
 * A column without a class, or with one this list does not have, does not start: the system fails closed.
 *
 * In the **anonymous** profile of an export less leaves, and a column says which of three things it is there:
 *
 * - A *quasi-identifier* (`quasi`) may be known from elsewhere, so that rows could be found by it. It is generalized until
 *   enough rows share its values. The event time always is one.
 * - A *sensitive* one (`sensitive`) is what somebody would look for once a row is found: how well it is hidden is reported.
 * - Of the others, measures leave rounded, categories and places as they are. Pseudonyms and moments do not leave at all: they are
 *   one of a kind, and would tie a row to others, here and in other files.
 */

import type { ColumnType } from "../runtime/batch/index.ts";
import { MAX_MOMENT_MS, MIN_MOMENT_MS } from "./moment-text.ts";
import { nextDouble, nextFloat } from "./neighbours.ts";

export const PRIVACY_CLASSES = ["measure", "category", "moment", "identifier", "pseudonym", "place"] as const;
export type PrivacyClass = (typeof PRIVACY_CLASSES)[number];

/**
 * What may become of a quasi-identifier, from fine to coarse. "N digits": rounded to that many significant digits.
 * "hour" and "day": taken down to their start, in UTC.
 */
export type GeneralizationStep = "exact" | "3 digits" | "2 digits" | "1 digit" | "hour" | "day" | "removed";

/** The steps that a quasi-identifier of each class can take, and takes when it does not say. An exact moment never leaves. */
export const STEPS_BY_CLASS = {
  measure: ["3 digits", "2 digits", "1 digit", "removed"],
  category: ["exact", "removed"],
  moment: ["hour", "day", "removed"],
  identifier: ["exact", "removed"],
  pseudonym: ["exact", "removed"],
  place: ["exact", "removed"],
} as const satisfies Readonly<Record<PrivacyClass, readonly GeneralizationStep[]>>;

interface Described {
  /** One line: what the number is, for a reader who knows the field and not this program. */
  readonly meaning: string;
  /** Default false. */
  readonly nullable?: boolean;
  /** A quasi-identifier in the anonymous profile. Default false; the event time is one without saying so. */
  readonly quasi?: boolean;
  /**
   * What may become of a quasi-identifier: some of its class's steps, in their order. The first is the least that is done
   * to it. Without "removed" it stays in the table whatever happens. Default: all of them.
   */
  readonly steps?: readonly GeneralizationStep[];
}

interface Sensitive {
  /** What a row is about in the anonymous profile: somebody would want to know it of whoever they find. Default false. */
  readonly sensitive?: boolean;
}

interface Bounded {
  /** Smallest and largest value that is accepted, inclusive. Defaults: what the type holds. */
  readonly min?: number;
  readonly max?: number;
}

/** A column that a sender may leave out, or give as null, though it is never missing. */
interface Defaulted<Value> {
  readonly default?: Value;
}

export interface MeasureColumn extends Described, Bounded, Sensitive, Defaulted<number | boolean> {
  readonly class: "measure";
  /** Accepted are only values above this one. For floats, instead of `min`. */
  readonly above?: number;
  readonly type: "f64" | "f32" | "u64" | "i64" | "u32" | "i32" | "u16" | "u8" | "bool";
  /** UCUM-like: `MiB`, `By`, `ms`, `%`, `1` for a pure number or count. */
  readonly unit: string;
  /** What rows have that were stored before there was this column. Default: nothing, so it must be nullable for them to be read. */
  readonly earlier?: number;
}

export interface CategoryColumn extends Described, Sensitive {
  readonly class: "category";
  readonly type: "category";
  /** The closed list, from 1 to 255 values. */
  readonly values: readonly string[];
  /** One of `values`, which stands for every text that is none of them: what such a text says is not kept. Default: it is refused. */
  readonly otherwise?: string;
  /** Longest text that is accepted, in Unicode characters; for one with `otherwise`. Default 256. */
  readonly maxCharacters?: number;
}

export interface PlaceColumn extends Described, Sensitive {
  readonly class: "place";
  readonly type: "category";
  /** Wider regions that leave: those of places.ts. */
  readonly values: readonly string[];
  /** Longest text that is accepted, in Unicode characters. Default 256. */
  readonly maxCharacters?: number;
}

export interface MomentColumn extends Described, Defaulted<"now"> {
  readonly class: "moment";
  readonly type: "timestamp";
  /**
   * Earliest moment that is accepted, in milliseconds since 1970. Default: the year 0000. Of what others push it is best later than 1970:
   * seconds that are taken for milliseconds lie there. `FIRST_PUSHED_MS` is meant for that.
   */
  readonly min?: number;
}

export interface IdentifierColumn extends Described, Bounded {
  readonly class: "identifier";
  readonly type: "utf8" | "u32" | "u64";
  /** What kind of thing it names: equal values of one kind get equal pseudonyms in every dataset, of two kinds never. */
  readonly kind: string;
  /** Name of the column that leaves. Default: the column's own. */
  readonly as?: string;
  /** Width of the pseudonym. Default `u64`; `u32` where the source's schema has no room for more. */
  readonly pseudonym?: "u64" | "u32";
  /** Longest value in bytes of UTF-8, for `utf8`. Default: what `maxCharacters` may take, 4 bytes each, else 256. */
  readonly maxBytes?: number;
  /** Longest value in Unicode characters, for `utf8`. Default: what `maxBytes` has room for. */
  readonly maxCharacters?: number;
}

export interface PseudonymColumn extends Described {
  readonly class: "pseudonym";
  readonly type: "u64" | "u32";
  readonly kind: string;
}

export type ColumnSpec =
  | MeasureColumn
  | CategoryColumn
  | MomentColumn
  | IdentifierColumn
  | PseudonymColumn
  | PlaceColumn;

/** Bytes that a text column accepts when it does not say. */
export const DEFAULT_MAX_TEXT_BYTES = 256;
/** Characters of a text that a category or a place takes for one of its own, when it does not say. */
const DEFAULT_MAX_CHARACTERS = 256;
/** Bytes of UTF-8 that a character takes at the most. */
export const CHARACTER_BYTES = 4;

/** A column that takes any text there is, up to its length, and keeps which of its values that is taken for. */
export type TextualCategory = PlaceColumn | (CategoryColumn & { readonly otherwise: string });

export function isTextualCategory(column: ColumnSpec): column is TextualCategory {
  return column.class === "place" || (column.class === "category" && column.otherwise !== undefined);
}

/** Longest text of such a column, in Unicode characters; of an identifier undefined where only its bytes are bounded. */
export function maxCharacters(column: IdentifierColumn | TextualCategory): number | undefined {
  if (column.class === "identifier") return column.maxCharacters;
  return column.maxCharacters ?? DEFAULT_MAX_CHARACTERS;
}

/** Whether what leaves of it is a pseudonym: a number that is a name. */
export function isPseudonymous(column: ColumnSpec): column is IdentifierColumn | PseudonymColumn {
  return column.class === "identifier" || column.class === "pseudonym";
}

/** The type of a column as it leaves. */
export function publicType(column: ColumnSpec): ColumnType {
  return column.class === "identifier" ? (column.pseudonym ?? "u64") : column.type;
}

/** The name of a column as it leaves. */
export function publicName(name: string, column: ColumnSpec): string {
  return column.class === "identifier" ? (column.as ?? name) : name;
}

/**
 * Bounds of a numeric column or a moment, inclusive: declared, or what its type holds (exactly, in a double: 64-bit types end at 2^53 - 1).
 * For one that is `above` something, the float next to that.
 */
export function boundsOf(column: ColumnSpec): readonly [min: number, max: number] {
  const [lowest, highest] = typeBounds(column.type);
  if (column.class === "moment") return [column.min ?? lowest, highest];
  if (column.class !== "measure" && column.class !== "identifier") return [lowest, highest];
  return [
    (column.class === "measure" ? leastAbove(column) : undefined) ?? column.min ?? lowest,
    column.max ?? highest,
  ];
}

function leastAbove({ above, type }: MeasureColumn): number | undefined {
  if (above === undefined) return undefined;
  if (type !== "f32") return nextDouble(above, 1);
  const rounded = Math.fround(above);
  return rounded > above ? rounded : nextFloat(rounded, 1);
}

/** What a type holds; without end for those that are no numbers. */
export function typeBounds(type: ColumnType): readonly [min: number, max: number] {
  return TYPE_BOUNDS[type] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
}

export type ColumnType64 = "u64" | "i64";

/**
 * Bounds of a 64-bit column, exactly. Those of a measure are `boundsOf`: figures stay what a double holds. An identifier or
 * pseudonym is not reckoned with, so without bounds of its own it has all 64 bits.
 */
export function fullBoundsOf(column: ColumnSpec, type: ColumnType64): readonly [min: bigint, max: bigint] {
  const [min, max] = boundsOf(column);
  if (type === "i64" || column.class === "measure") return [BigInt(min), BigInt(max)];
  const isBounded = column.class === "identifier" && column.max !== undefined;
  return [BigInt(min), isBounded ? BigInt(max) : U64_MAX];
}

const U64_MAX = 2n ** 64n - 1n;
/** Largest value of a float. */
export const F32_MAX = 3.4028234663852886e38;
const TYPE_BOUNDS: Readonly<Partial<Record<ColumnType, readonly [number, number]>>> = {
  f64: [-Number.MAX_VALUE, Number.MAX_VALUE],
  f32: [-F32_MAX, F32_MAX],
  u8: [0, 255],
  u16: [0, 65_535],
  u32: [0, 4_294_967_295],
  i32: [-2_147_483_648, 2_147_483_647],
  u64: [0, Number.MAX_SAFE_INTEGER],
  i64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  // The years that a date of four digits can write, in text and in the lake's folders.
  timestamp: [MIN_MOMENT_MS, MAX_MOMENT_MS],
};
