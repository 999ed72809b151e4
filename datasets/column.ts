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
 *
 * A column without a class, or with one this list does not have, does not start: the system fails closed.
 *
 * In the **anonymous** profile of an export less leaves, and a column says which of three things it is there:
 *
 * - A *quasi-identifier* (`quasi`) may be known from elsewhere, so that rows could be found by it. It is generalized until
 *   enough rows share its values. The event time always is one.
 * - A *sensitive* one (`sensitive`) is what somebody would look for once a row is found: how well it is hidden is reported.
 * - Of the others, measures leave rounded and categories as they are. Pseudonyms and moments do not leave at all: they are
 *   one of a kind, and would tie a row to others, here and in other files.
 */

import type { ColumnType } from "../runtime/batch/index.ts";
import { MAX_MOMENT_MS, MIN_MOMENT_MS } from "./moment-text.ts";

export const PRIVACY_CLASSES = ["measure", "category", "moment", "identifier", "pseudonym"] as const;
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

export interface MeasureColumn extends Described, Bounded, Sensitive {
  readonly class: "measure";
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
}

export interface MomentColumn extends Described {
  readonly class: "moment";
  readonly type: "timestamp";
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
  /** Longest value in bytes of UTF-8, for `utf8`. Default 256. */
  readonly maxBytes?: number;
}

export interface PseudonymColumn extends Described {
  readonly class: "pseudonym";
  readonly type: "u64" | "u32";
  readonly kind: string;
}

export type ColumnSpec = MeasureColumn | CategoryColumn | MomentColumn | IdentifierColumn | PseudonymColumn;

/** Bytes that a text column accepts when it does not say. */
export const DEFAULT_MAX_TEXT_BYTES = 256;

/** The type of a column as it leaves. */
export function publicType(column: ColumnSpec): ColumnType {
  return column.class === "identifier" ? (column.pseudonym ?? "u64") : column.type;
}

/** The name of a column as it leaves. */
export function publicName(name: string, column: ColumnSpec): string {
  return column.class === "identifier" ? (column.as ?? name) : name;
}

/** Bounds of a numeric column: declared, or what its type holds (exactly, in a double: 64-bit types end at 2^53 - 1). */
export function boundsOf(column: ColumnSpec): readonly [min: number, max: number] {
  const [lowest, highest] = typeBounds(column.type);
  if (column.class !== "measure" && column.class !== "identifier") return [lowest, highest];
  return [column.min ?? lowest, column.max ?? highest];
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
