/**
 * A dataset's rows as JSON Schema (2020-12): as they are streamed, which is what records/jsonl.ts writes, and as they may be
 * pushed, which is what validate.ts takes. Unit and privacy class stand in `x-millrace-unit` and `x-millrace-class`; of a column that takes
 * any text, what may be kept of it in `x-millrace-kept-as`; `x-millrace-derived` says that a column follows from others where it is left out.
 *
 * A streamed number is a number, as declared; that NaN would be written as null is for rows that break their declaration.
 */

import {
  boundsOf,
  type ColumnSpec,
  fullBoundsOf,
  isTextualCategory,
  maxCharacters,
  type TextualCategory,
} from "./column.ts";
import { type Dataset, maxTextBytes, type PublicColumn } from "./define.ts";
import { shortestFloat } from "./number-text.ts";
import { OTHER_PLACE } from "./places.ts";

/** A JSON Schema, or a part of one: plain JSON. */
export type JsonSchema = { readonly [keyword: string]: unknown };

const DIALECT = "https://json-schema.org/draft/2020-12/schema";
/** What JSON Schema asserts of a moment even where `format` only annotates. */
const UTC_MOMENT = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$";
const UNSIGNED_DECIMAL = "^(0|[1-9][0-9]{0,19})$";
const SIGNED_DECIMAL = "^(0|-?[1-9][0-9]{0,18})$";

/** The schema of a row as it is streamed: what it is of, and its public columns, all of them always there. */
export function streamedRowSchema(dataset: Dataset): JsonSchema {
  const properties = [
    ["dataset", { const: dataset.name, description: "Dataset that the row is of." }] as const,
    ["sequence", { type: "integer", minimum: 0, description: "Number of the row in its dataset." }] as const,
    ...dataset.publicColumns.map((column) => [column.name, streamedColumn(column)] as const),
  ];
  return rowSchema(
    dataset.title,
    properties,
    properties.map(([name]) => name),
  );
}

/** The schema of a row as it may be pushed: raw columns, optional those that may be missing or are filled where they are. */
export function pushedRowSchema(dataset: Dataset): JsonSchema {
  const columns = Object.entries(dataset.columns);
  const derived = new Set(dataset.derivations?.flatMap(({ fills }) => fills));
  const properties = columns.map(([name, column]) => {
    const schema = pushedColumn({ ...column, nullable: dataset.optional.has(name) });
    const isDerived = derived.has(name) ? { "x-millrace-derived": true } : {};
    return [name, { ...schema, ...defaultOf(column), ...isDerived }] as const;
  });
  const required = columns.map(([name]) => name).filter((name) => !dataset.optional.has(name));
  return rowSchema(dataset.title, properties, required);
}

function rowSchema(
  title: string,
  properties: readonly (readonly [string, JsonSchema])[],
  required: readonly string[],
): JsonSchema {
  return {
    $schema: DIALECT,
    title,
    type: "object",
    properties: Object.fromEntries(properties),
    required,
    additionalProperties: false,
  };
}

function streamedColumn({ spec, field }: PublicColumn): JsonSchema {
  if (field.type === "timestamp") {
    return columnSchema(spec, ["string"], { format: "date-time", pattern: UTC_MOMENT });
  }
  if (field.type === "category") return categorySchema(spec, field.values ?? []);
  if (field.type === "bool") return columnSchema(spec, ["boolean"], {});
  if (field.type === "utf8") return columnSchema(spec, ["string"], {});
  if (spec.class === "measure") return columnSchema(spec, [numberType(spec)], streamedBounds(spec));
  // A pseudonym: the bounds of what it stands for are not its own.
  if (field.type === "u64") return columnSchema(spec, ["string"], { pattern: UNSIGNED_DECIMAL });
  return columnSchema(spec, ["integer"], { minimum: 0, maximum: 0xffffffff });
}

function pushedColumn(spec: ColumnSpec): JsonSchema {
  switch (spec.type) {
    case "timestamp": {
      const [minimum, maximum] = boundsOf(spec);
      return columnSchema(spec, ["integer", "string"], { minimum, maximum, format: "date-time" });
    }
    case "category":
      return isTextualCategory(spec) ? textualSchema(spec) : categorySchema(spec, spec.values);
    case "bool":
      return columnSchema(spec, ["boolean"], {});
    case "utf8": {
      // JSON Schema counts characters; where bytes are bounded, there are at least as many of them.
      const maxBytes = maxTextBytes(spec);
      const maxLength = Math.min(spec.maxCharacters ?? maxBytes, maxBytes);
      return columnSchema(spec, ["string"], { maxLength, "x-millrace-max-bytes": maxBytes });
    }
    case "u64":
    case "i64": {
      const pattern = spec.type === "u64" ? UNSIGNED_DECIMAL : SIGNED_DECIMAL;
      const [min, max] = fullBoundsOf(spec, spec.type);
      const minimum = Math.max(Number(min), Number.MIN_SAFE_INTEGER);
      const maximum = Math.min(Number(max), Number.MAX_SAFE_INTEGER);
      return columnSchema(spec, ["integer", "string"], { minimum, maximum, pattern });
    }
    default:
      return columnSchema(spec, [numberType(spec)], numberBounds(spec));
  }
}

function columnSchema(spec: ColumnSpec, types: readonly string[], keywords: JsonSchema): JsonSchema {
  const accepted = spec.nullable ? [...types, "null"] : types;
  return { type: accepted.length === 1 ? accepted[0] : accepted, ...keywords, ...annotations(spec) };
}

function categorySchema(spec: ColumnSpec, values: readonly string[]): JsonSchema {
  return { enum: spec.nullable ? [...values, null] : values, ...annotations(spec) };
}

/** Any text, and what is kept of it. */
function textualSchema(spec: TextualCategory): JsonSchema {
  return columnSchema(spec, ["string"], {
    maxLength: maxCharacters(spec),
    "x-millrace-kept-as": spec.values,
    "x-millrace-otherwise": spec.class === "place" ? OTHER_PLACE : spec.otherwise,
  });
}

function annotations(spec: ColumnSpec): JsonSchema {
  const unit = spec.class === "measure" ? { "x-millrace-unit": spec.unit } : {};
  return { description: spec.meaning, "x-millrace-class": spec.class, ...unit };
}

/** What a sender who leaves it out has said. That of a moment is not the same in every row, so that it is no `default` of JSON Schema's. */
function defaultOf(spec: ColumnSpec): JsonSchema {
  if (spec.class === "moment")
    return spec.default === undefined ? {} : { "x-millrace-default": spec.default };
  return spec.class === "measure" && spec.default !== undefined ? { default: spec.default } : {};
}

function numberType({ type }: ColumnSpec): string {
  return type === "f64" || type === "f32" ? "number" : "integer";
}

/** Bounds, where there are any but those of a double. */
function numberBounds(spec: ColumnSpec): JsonSchema {
  const [minimum, maximum] = boundsOf(spec);
  const above = spec.class === "measure" ? spec.above : undefined;
  return {
    ...(above !== undefined ? { exclusiveMinimum: above } : minimum > -Number.MAX_VALUE ? { minimum } : {}),
    ...(maximum < Number.MAX_VALUE ? { maximum } : {}),
  };
}

/** As above, for what was stored and printed: a float at its bound was rounded, and prints as its shortest decimal. */
function streamedBounds(spec: ColumnSpec): JsonSchema {
  if (spec.class !== "measure" || spec.type !== "f32") return numberBounds(spec);
  const { above: _, ...inclusive } = spec;
  const [min, max] = boundsOf(spec).map((bound) => shortestFloat(Math.fround(bound)));
  return numberBounds({ ...inclusive, min: min!, max: max! });
}
