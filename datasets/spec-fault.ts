/**
 * What is wrong with a declaration. A dataset with a fault does not start: what its columns are, and what of them may
 * leave, is then not known, and the system fails closed.
 */

import {
  CHARACTER_BYTES,
  type ColumnSpec,
  DEFAULT_MAX_TEXT_BYTES,
  type GeneralizationStep,
  isTextualCategory,
  PRIVACY_CLASSES,
  publicName,
  STEPS_BY_CLASS,
} from "./column.ts";
import { learningFault } from "./learning-fault.ts";
import { PLACES } from "./places.ts";
import { type Columns, type DatasetFacts, MAX_KEEP_DAYS } from "./spec.ts";
import { valuesFault } from "./values-fault.ts";
import { windowsFault } from "./windows-fault.ts";

/** Names stand in addresses, file names, topics, SQL and CSV headers. */
const NAME = /^[a-z][a-z0-9_]*$/;
const MAX_VALUES = 255;
const MAX_BATCH_ROWS = 65536;
const MAX_TEXT_BYTES = 65536;

/** The element types that each class may have, for declarations that no compiler has seen. */
const TYPES_BY_CLASS: Readonly<Record<ColumnSpec["class"], readonly string[]>> = {
  measure: ["f64", "f32", "u64", "i64", "u32", "i32", "u16", "u8", "bool"],
  category: ["category"],
  moment: ["timestamp"],
  identifier: ["utf8", "u32", "u64"],
  pseudonym: ["u64", "u32"],
  place: ["category"],
};

/** Of the others nothing leaves in the anonymous profile that would have to be hidden. */
const SENSITIVE_CLASSES: readonly ColumnSpec["class"][] = ["measure", "category", "place"];

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
  return pushFault(spec) ?? learningFault(spec) ?? windowsFault(spec);
}

/** What is wrong with how its rows come in. */
function pushFault({ columns, pushed, derived, slotTextBytes }: CheckedSpec): string | undefined {
  if (pushed === true && derived !== undefined) return "its rows are derived; nobody can push them";
  if (slotTextBytes === undefined) return undefined;
  const longestRow = Object.values(columns).reduce((bytes, column) => bytes + textBytes(column), 0);
  if (isWholeIn(slotTextBytes, longestRow, 2 ** 30)) return undefined;
  return `slotTextBytes must be a whole number, and hold the texts of one row, which may be ${longestRow} bytes; it is ${slotTextBytes}`;
}

function textBytes(column: ColumnSpec): number {
  if (column.class !== "identifier" || column.type !== "utf8") return 0;
  const { maxBytes, maxCharacters } = column;
  return maxBytes ?? (maxCharacters === undefined ? DEFAULT_MAX_TEXT_BYTES : maxCharacters * CHARACTER_BYTES);
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
    if (column.otherwise !== undefined && !column.values.includes(column.otherwise)) {
      return `category ${name} takes other texts for ${column.otherwise}, which is none of its values`;
    }
  }
  if (column.class === "place" && JSON.stringify(column.values) !== JSON.stringify(PLACES)) {
    return `place ${name} must have the values of places.ts, in their order`;
  }
  if ((column.class === "identifier" || column.class === "pseudonym") && !column.kind) {
    return `column ${name} must say what kind of thing it names`;
  }
  if (column.class === "pseudonym" && spec.derived === undefined) {
    return `column ${name} claims to be a pseudonym already, which only a derived dataset can have`;
  }
  return (
    valuesFault(name, column) ?? lengthFault(name, column) ?? anonymityFault(name, column, name === spec.time)
  );
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
      return `column ${name} is sensitive and has class ${column.class}; only a measure, a category or a place can be sensitive`;
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

/** What is wrong with how long its texts may be. */
function lengthFault(name: string, column: ColumnSpec): string | undefined {
  if (column.class === "identifier" && column.maxBytes !== undefined) {
    if (!isWholeIn(column.maxBytes, 1, MAX_TEXT_BYTES)) {
      return `column ${name} has maxBytes ${column.maxBytes}; expected a whole number from 1 to ${MAX_TEXT_BYTES}`;
    }
  }
  const most = "maxCharacters" in column ? column.maxCharacters : undefined;
  if (most === undefined) return undefined;
  const isText = column.class === "identifier" ? column.type === "utf8" : isTextualCategory(column);
  if (!isText) return `column ${name} has maxCharacters and takes no text but that of its values`;
  const mostCharacters = MAX_TEXT_BYTES / CHARACTER_BYTES;
  if (isWholeIn(most, 1, mostCharacters)) return undefined;
  return `column ${name} has maxCharacters ${most}; expected a whole number from 1 to ${mostCharacters}`;
}

function isWholeIn(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}
