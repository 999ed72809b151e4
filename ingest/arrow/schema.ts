/**
 * The schema that a stream begins with: which columns come, in which types. Columns go by their names; in which order they come, and whether
 * they say of themselves that they may be null, is all the same. One that is left out has no value in any row.
 *
 * What could be right in no row is a fault of the body: an unknown column, one that comes twice, a type that its column cannot hold.
 */

import type { BodyBytes } from "../body-bytes.ts";
import { BodyFault } from "../decoder.ts";
import type { TableColumn } from "../table.ts";
import type { FlatBuffer } from "./flat-buffer.ts";
import { type Message, type Messages, SCHEMA } from "./messages.ts";
import {
  canHold,
  EXPECTED_TYPES,
  type IntegerType,
  integerType,
  isText,
  type SourceType,
  sourceType,
  type TextType,
  Unread,
} from "./types.ts";

export interface DictionaryEncoding {
  readonly id: number;
  readonly index: IntegerType;
  readonly values: TextType;
}

export interface ArrowField {
  readonly name: string;
  /** Place among the dataset's columns. */
  readonly column: number;
  /** Of a dictionary-encoded one, the values' type. */
  readonly type: SourceType;
  readonly dictionary: DictionaryEncoding | undefined;
}

/** A column name that a fault repeats; others could be anything, line breaks included. */
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;

/** Slots of the tables Schema, Field and DictionaryEncoding. */
const ENDIANNESS = 4;
const FIELDS = 6;
const NAME = 4;
const TYPE_KIND = 8;
const TYPE = 10;
const DICTIONARY = 12;
const CHILDREN = 14;
const DICTIONARY_ID = 4;
const INDEX_TYPE = 6;

/** Reads the schema message of a body. @param columns of the dataset, in declared order */
export function readSchema(
  messages: Messages,
  flat: FlatBuffer,
  bytes: BodyBytes,
  columns: readonly TableColumn[],
): readonly ArrowField[] | BodyFault {
  const message = messages.next();
  if (message instanceof BodyFault) return message;
  if (message === undefined)
    return new BodyFault("an Arrow IPC stream, which begins with a schema", "nothing", 0);
  const { kind, header, at } = message;
  if (kind !== SCHEMA)
    return messages.fault("a schema as the first message", `a message of kind ${kind}`, at);
  if (flat.i16(header, ENDIANNESS) !== 0)
    return messages.fault("little-endian values", "big-endian ones", at);
  const found = flat.vector(header, FIELDS, 4);
  if (flat.isBroken) return messages.broken(at);
  if (found.length > columns.length) {
    const more = unknownColumn(messages, flat, bytes, columns, message);
    if (more !== undefined) return more;
    return messages.fault(`at most ${columns.length} columns`, `${found.length}`, at);
  }
  const fields: ArrowField[] = [];
  for (let index = 0; index < found.length; index++) {
    const field = readField(messages, flat, flat.element(found, index), bytes, columns, at);
    if (flat.isBroken) return messages.broken(at);
    if (field instanceof BodyFault) return field;
    if (fields.some(({ column }) => column === field.column)) {
      return messages.fault("each column once", `column ${field.name} twice`, at);
    }
    const same = fields.find(
      ({ dictionary }) => dictionary !== undefined && dictionary.id === field.dictionary?.id,
    );
    if (same !== undefined && same.type !== field.type) {
      return messages.fault(
        "values of one type in a dictionary",
        `those of ${same.name} and ${field.name}`,
        at,
      );
    }
    fields.push(field);
  }
  return fields;
}

/** The first field whose name is not declared, as a fault: there are more fields than columns. */
function unknownColumn(
  messages: Messages,
  flat: FlatBuffer,
  bytes: BodyBytes,
  columns: readonly TableColumn[],
  { header, at }: Message,
): BodyFault | undefined {
  const found = flat.vector(header, FIELDS, 4);
  // One of the first has a name that is not declared, or two have the same.
  for (let index = 0; index <= columns.length; index++) {
    const name = nameOf(flat, bytes, flat.element(found, index));
    if (flat.isBroken) return messages.broken(at);
    if (!columns.some((column) => column.name === name)) return unknown(messages, name, columns, at);
  }
  return undefined;
}

function readField(
  messages: Messages,
  flat: FlatBuffer,
  field: number,
  bytes: BodyBytes,
  columns: readonly TableColumn[],
  at: number,
): ArrowField | BodyFault {
  const name = nameOf(flat, bytes, field);
  const column = columns.findIndex((candidate) => candidate.name === name);
  if (name === undefined || column < 0) return unknown(messages, name, columns, at);
  const columnType = columns[column]!.type;
  const type = sourceType(flat, flat.u8(field, TYPE_KIND), flat.table(field, TYPE));
  const refuse = (got: string) => messages.fault(`${EXPECTED_TYPES[columnType]} in column ${name}`, got, at);
  if (type instanceof Unread) {
    const cast = type.name === "utf8_view" ? "; cast it to utf8 (polars: compat_level oldest)" : "";
    return refuse(`${type.name}${cast}`);
  }
  if (flat.vector(field, CHILDREN, 4).length > 0) return refuse(`${type} with children`);
  if (!canHold(columnType, type)) return refuse(type);
  const encoding = flat.table(field, DICTIONARY);
  if (encoding === 0) return { name, column, type, dictionary: undefined };
  if (!isText(type)) return refuse(`a dictionary of ${type}`);
  const indexTable = flat.table(encoding, INDEX_TYPE);
  // Where it does not say, it is int32.
  const index = indexTable === 0 ? "i32" : integerType(flat, indexTable);
  if (index instanceof Unread) return refuse(`a dictionary with indexes of ${index.name}`);
  return { name, column, type, dictionary: { id: flat.i64(encoding, DICTIONARY_ID), index, values: type } };
}

function nameOf(flat: FlatBuffer, bytes: BodyBytes, field: number): string | undefined {
  const { at, length } = flat.vector(field, NAME, 1);
  return bytes.text(at, at + length);
}

function unknown(
  messages: Messages,
  name: string | undefined,
  columns: readonly TableColumn[],
  at: number,
): BodyFault {
  const isPlain = name !== undefined && PLAIN_NAME.test(name);
  const got = isPlain ? `a column ${name} that is not declared` : "a column with another name";
  return messages.fault(`only the columns ${columns.map((column) => column.name).join(", ")}`, got, at);
}
