/**
 * How a table's columns are declared in a Parquet footer
 * (https://github.com/apache/parquet-format/blob/master/LogicalTypes.md), and the same schema as Arrow's readers want to find
 * it beside, which alone tells them that a column is a category.
 */

import { Buffer } from "node:buffer";
import { type ColumnType, type FieldSpec, streamPreamble } from "../../../runtime/batch/index.ts";
import { ELEMENT } from "./format-fields.ts";
import { BINARY, BYTE, fieldOf, I32, STRUCT, type ThriftField, type ThriftStruct, TRUE } from "./thrift.ts";
import { writeStruct } from "./write-thrift.ts";

/** Key of the footer's metadata under which Arrow's readers look for the Arrow schema. */
export const ARROW_SCHEMA_KEY = "ARROW:schema";

/** Physical types. */
const BOOLEAN = 0;
const INT32 = 1;
const INT64 = 2;
const FLOAT = 4;
const DOUBLE = 5;
const BYTE_ARRAY = 6;

const REQUIRED = 0;
const OPTIONAL = 1;

const EMPTY: ThriftStruct = { fields: [] };
const field = (id: number, type: number, value: ThriftField["value"]): ThriftField => ({ id, type, value });
const struct = (...fields: readonly ThriftField[]): ThriftStruct => ({ fields });
const STRING = struct(field(1, STRUCT, EMPTY));
const MILLISECONDS = struct(field(1, STRUCT, EMPTY));
const TIMESTAMP = struct(field(8, STRUCT, struct(field(1, TRUE, true), field(2, STRUCT, MILLISECONDS))));
const unsigned = (bits: number) =>
  struct(field(10, STRUCT, struct(field(1, BYTE, bits), field(2, TRUE, false))));

interface Kind {
  readonly physical: number;
  /** The older and the newer way to say what the physical type stands for. */
  readonly converted?: number;
  readonly logical?: ThriftStruct;
}

const KINDS: Readonly<Record<Exclude<ColumnType, "utf8">, Kind>> = {
  f64: { physical: DOUBLE },
  f32: { physical: FLOAT },
  i32: { physical: INT32 },
  u32: { physical: INT32, converted: 13, logical: unsigned(32) },
  u16: { physical: INT32, converted: 12, logical: unsigned(16) },
  u8: { physical: INT32, converted: 11, logical: unsigned(8) },
  i64: { physical: INT64 },
  u64: { physical: INT64, converted: 14, logical: unsigned(64) },
  timestamp: { physical: INT64, converted: 9, logical: TIMESTAMP },
  bool: { physical: BOOLEAN },
  category: { physical: BYTE_ARRAY, converted: 0, logical: STRING },
};

/** The footer's schema: the root, then an element a column. @throws RangeError for text, which may not leave */
export function schemaOf(fields: readonly FieldSpec[]): readonly ThriftStruct[] {
  const root = struct(
    field(ELEMENT.name, BINARY, Buffer.from("schema")),
    field(ELEMENT.children, I32, fields.length),
  );
  return [root, ...fields.map(elementOf)];
}

/** The schema element of one column. */
export function elementOf({ name, type, nullable }: FieldSpec): ThriftStruct {
  if (type === "utf8") throw new RangeError(`column ${name} is text, which is not exported`);
  const { physical, converted, logical } = KINDS[type];
  const fields = [
    field(ELEMENT.type, I32, physical),
    field(ELEMENT.repetition, I32, nullable ? OPTIONAL : REQUIRED),
    field(ELEMENT.name, BINARY, Buffer.from(name)),
  ];
  if (converted !== undefined) fields.push(field(ELEMENT.converted, I32, converted));
  if (logical !== undefined) fields.push(field(ELEMENT.logical, STRUCT, logical));
  return { fields };
}

/** Whether two elements declare the same column: its name, what it holds, and whether it may be null. */
export function isSameElement(one: ThriftStruct, other: ThriftStruct): boolean {
  return Buffer.compare(writeStruct(one), writeStruct(other)) === 0;
}

/** Whether an element declares the column `spec`, but for whether it may be null. */
export function holdsField(element: ThriftStruct, spec: FieldSpec): boolean {
  const nullable = mayBeNull(element);
  return nullable !== undefined && isSameElement(element, elementOf({ ...spec, nullable }));
}

/** Whether the element's column may be null; undefined for one that may hold lists. */
export function mayBeNull(element: ThriftStruct): boolean | undefined {
  const repetition = fieldOf(element, ELEMENT.repetition)?.value;
  return repetition === OPTIONAL ? true : repetition === REQUIRED ? false : undefined;
}

/** What stands under ARROW_SCHEMA_KEY: the Arrow IPC message of the schema, as base64. */
export function arrowSchemaText(fields: readonly FieldSpec[]): string {
  const preamble = streamPreamble(fields);
  // The first message of a stream: marker, length, metadata.
  const bytes = new DataView(preamble.buffer, preamble.byteOffset).getUint32(4, true);
  return Buffer.from(preamble.buffer, preamble.byteOffset, 8 + bytes).toString("base64");
}
