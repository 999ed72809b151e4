/**
 * Thrift's compact protocol (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md), as far as a
 * Parquet footer needs it: a struct as a tree that keeps every field, known or not, in the order it was read in. read-thrift.ts
 * reads it, write-thrift.ts writes it back to the very same bytes.
 */

/** Types of a field or of a list's elements. A field that is true or false says so by its type. */
export const TRUE = 1;
export const FALSE = 2;
export const BYTE = 3;
export const I16 = 4;
export const I32 = 5;
export const I64 = 6;
export const DOUBLE = 7;
export const BINARY = 8;
export const LIST = 9;
export const STRUCT = 12;

/** Ends a struct where a field would begin. */
export const STOP = 0;

/** Numbers are whole and safe unless they are of type DOUBLE. Binary values are views of what was read. */
export type ThriftValue = boolean | number | Uint8Array | ThriftList | ThriftStruct;

export interface ThriftField {
  readonly id: number;
  readonly type: number;
  readonly value: ThriftValue;
}

export interface ThriftStruct {
  /** In the order they have in the bytes. */
  readonly fields: readonly ThriftField[];
}

export interface ThriftList {
  /** Of all elements; TRUE when they are booleans. */
  readonly of: number;
  readonly items: readonly ThriftValue[];
}

/** The value of field `id`, or undefined. */
export function fieldOf(struct: ThriftStruct, id: number): ThriftField | undefined {
  return struct.fields.find((field) => field.id === id);
}

/** The struct with field `id` set to `value`, or without it when that is undefined. Fields stay in the order of their ids. */
export function withField(
  struct: ThriftStruct,
  id: number,
  type: number,
  value: ThriftValue | undefined,
): ThriftStruct {
  const fields = struct.fields.filter((field) => field.id !== id);
  if (value === undefined) return { fields };
  const after = fields.findIndex((field) => field.id > id);
  fields.splice(after < 0 ? fields.length : after, 0, { id, type, value });
  return { fields };
}
