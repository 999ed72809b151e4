/**
 * What is wrong with a declaration. A dataset with a fault does not start: what its columns are, and what of them may
 * leave, is then not known, and the system fails closed.
 */

import {
  boundsOf,
  type ColumnSpec,
  type GeneralizationStep,
  PRIVACY_CLASSES,
  publicName,
  STEPS_BY_CLASS,
  typeBounds,
} from "./column.ts";
import type { Columns, DatasetFacts } from "./spec.ts";
import { windowsFault } from "./windows-fault.ts";

/** Names stand in addresses, file names, topics, SQL and CSV headers. */
const NAME = /^[a-z][a-z0-9_]*$/;
const MAX_VALUES = 255;
const MAX_BATCH_ROWS = 65536;
/** A hundred years. */
const MAX_KEEP_DAYS = 36_525;

/** The element types that each class may have, for declarations that no compiler has seen. */
const TYPES_BY_CLASS: Readonly<Record<ColumnSpec["class"], readonly string[]>> = {
  measure: ["f64", "f32", "u64", "i64", "u32", "i32", "u16", "u8", "bool"],
  category: ["category"],
  moment: ["timestamp"],
  identifier: ["utf8", "u32", "u64"],
  pseudonym: ["u64", "u32"],
};

/** Of the others nothing leaves in the anonymous profile that would have to be hidden. */
const SENSITIVE_CLASSES: readonly ColumnSpec["class"][] = ["measure", "category"];

export interface CheckedSpec extends DatasetFacts<Columns> {
  readonly time: string;
}

/** The first fault of a declaration, as a sentence's end; undefined when it has none. */
export function specFault(spec: CheckedSpec): string | undefined {
  if (!NAME.test(spec.name)) return "its name must be lower-case letters, digits and underscores";
  if (!isWholeIn(spec.batchRows, 1, MAX_BATCH_ROWS)) {
    return `batchRows must be a whole number from 1 to ${MAX_BATCH_ROWS}; it is ${spec.batchRows}`;
  }
  if (!isWholeIn(spec.slots, 1, 2 ** 30) || (spec.slots & (spec.slots - 1)) !== 0) {
    return `slots must be a power of two; it is ${spec.slots}`;
  }
  if (spec.keepDays !== undefined && !isWholeIn(spec.keepDays, 1, MAX_KEEP_DAYS)) {
    return `keepDays must be a whole number from 1 to ${MAX_KEEP_DAYS}; it is ${spec.keepDays}`;
  }
  const time = spec.columns[spec.time];
  if (time?.class !== "moment") return `its time column ${spec.time} must be declared with class moment`;
  if (time.nullable) return `its time column ${spec.time} must not be nullable`;
  for (const [name, column] of Object.entries(spec.columns)) {
    const fault = columnFault(name, column, spec);
    if (fault !== undefined) return fault;
  }
  const names = Object.entries(spec.columns).map(([name, column]) => publicName(name, column));
  if (new Set(names).size !== names.length) return `two columns leave under one name: ${names.join(", ")}`;
  return windowsFault(spec);
}

function columnFault(name: string, column: ColumnSpec, spec: CheckedSpec): string | undefined {
  if (!PRIVACY_CLASSES.includes(column.class)) {
    const what =
      column.class === undefined ? "no privacy class" : `the unknown privacy class ${column.class}`;
    return `column ${name} has ${what}; give it one of ${PRIVACY_CLASSES.join(", ")}, so that it is known what of it may leave`;
  }
  const types = TYPES_BY_CLASS[column.class];
  if (!types.includes(column.type)) {
    return `column ${name} has class ${column.class} and type ${column.type}; a ${column.class} is ${types.join(", ")}`;
  }
  for (const used of [name, publicName(name, column)]) {
    if (!NAME.test(used)) {
      return `the column name ${used} must be lower-case letters, digits and underscores`;
    }
  }
  if (column.class === "category") {
    const distinct = new Set(column.values).size;
    if (distinct !== column.values.length || distinct === 0 || distinct > MAX_VALUES) {
      return `category ${name} needs from 1 to ${MAX_VALUES} different values; it has ${column.values.length}`;
    }
  }
  if ((column.class === "identifier" || column.class === "pseudonym") && !column.kind) {
    return `column ${name} must say what kind of thing it names`;
  }
  if (column.class === "pseudonym" && spec.derived === undefined) {
    return `column ${name} claims to be a pseudonym already, which only a derived dataset can have`;
  }
  return boundsFault(name, column) ?? anonymityFault(name, column, name === spec.time);
}

/** What is wrong with its part in the anonymous profile. */
function anonymityFault(name: string, column: ColumnSpec, isTime: boolean): string | undefined {
  const isQuasi = column.quasi === true || isTime;
  if (isTime && column.quasi === false) {
    return `its time column ${name} says that it is no quasi-identifier; the event time always is one`;
  }
  // A declaration that no compiler has seen may say it of any column.
  if ("sensitive" in column && (column.sensitive as boolean | undefined) === true) {
    if (isQuasi) {
      return `column ${name} is both a quasi-identifier and sensitive; either it is known from elsewhere, or it is to be hidden`;
    }
    if (!SENSITIVE_CLASSES.includes(column.class)) {
      return `column ${name} is sensitive and has class ${column.class}; only a measure or a category can be sensitive`;
    }
  }
  if (column.steps === undefined) return undefined;
  if (!isQuasi) return `column ${name} has steps of generalization and is no quasi-identifier`;
  const known: readonly GeneralizationStep[] = STEPS_BY_CLASS[column.class];
  const places = column.steps.map((step) => known.indexOf(step));
  if (places.length === 0 || places.some((place, index) => place <= (places[index - 1] ?? -1))) {
    return `column ${name} has the steps ${column.steps.join(", ")}; expected some of ${known.join(", ")}, in that order`;
  }
  return undefined;
}

function boundsFault(name: string, column: ColumnSpec): string | undefined {
  if (column.class !== "measure" && column.class !== "identifier") return undefined;
  const [min, max] = boundsOf(column);
  const [lowest, highest] = typeBounds(column.type);
  if (!(min <= max && min >= lowest && max <= highest)) {
    return `column ${name} is bounded by ${min} and ${max}; expected bounds in order, within what ${column.type} holds`;
  }
  const isWhole = column.type !== "f64" && column.type !== "f32" && column.type !== "bool";
  if (isWhole && column.type !== "utf8" && !(Number.isInteger(min) && Number.isInteger(max))) {
    return `column ${name} holds whole numbers; its bounds ${min} and ${max} must be whole`;
  }
  if (column.class === "measure" && column.earlier !== undefined) {
    if (column.nullable === true) return `column ${name} may be missing: it was, before there was it`;
    if (!(column.earlier >= min && column.earlier <= max && column.type !== "bool")) {
      return `column ${name} had the value ${column.earlier} before there was it, which it may not have`;
    }
  }
  if (
    column.class === "identifier" &&
    column.maxBytes !== undefined &&
    !isWholeIn(column.maxBytes, 1, 65536)
  ) {
    return `column ${name} has maxBytes ${column.maxBytes}; expected a whole number from 1 to 65536`;
  }
  return undefined;
}

function isWholeIn(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}
