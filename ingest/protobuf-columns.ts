/** What a field of Protobuf is in a column of each type: in the quick way a cell of the table, in the slow one a value of a plain object. */

import type { Dataset } from "../datasets/define.ts";
import type { ColumnType } from "../runtime/batch/index.ts";
import { PROTO_TYPES } from "./proto-schema.ts";
import type { ProtobufReader } from "./protobuf-reader.ts";
import type { RowBuilder } from "./row-builder.ts";
import { TextCodeRules, type TextCodes } from "./text-codes.ts";

type Put = (reader: ProtobufReader, builder: RowBuilder, codes: TextCodes | undefined) => boolean;

export interface ProtobufColumn {
  readonly name: string;
  /** Place in the table: its field's number is one more. */
  readonly index: number;
  readonly wireType: number;
  /** Of a category. */
  readonly codes: TextCodeRules | undefined;
  /** Reads a value into the table. False: it is cut, or does not go in as it is. */
  readonly put: Put;
  /** Reads a value. Undefined: it is cut; null: it is text that is not UTF-8. */
  value(reader: ProtobufReader): unknown;
}

/** In declared order. */
export function protobufColumns(dataset: Dataset): readonly ProtobufColumn[] {
  return Object.entries(dataset.columns).map(([name, spec], index) => {
    const { type } = spec;
    return {
      name,
      index,
      wireType: PROTO_TYPES[type].wireType,
      codes: type === "category" ? new TextCodeRules(spec) : undefined,
      put: putOf(type, index),
      value: (reader) => plainValue(type, reader),
    };
  });
}

function putOf(type: ColumnType, index: number): Put {
  switch (type) {
    case "f64":
      return (reader, builder) =>
        reader.tryMove(8) && builder.setNumber(index, reader.bytes.view.getFloat64(reader.at - 8, true));
    case "f32":
      return (reader, builder) =>
        reader.tryMove(4) && builder.setNumber(index, reader.bytes.view.getFloat32(reader.at - 4, true));
    case "bool":
      return (reader, builder) =>
        reader.tryVarint() && builder.setBool(index, (reader.low | reader.high) !== 0);
    case "i32":
    case "i64":
    case "timestamp":
      return (reader, builder) => reader.tryVarint() && builder.setNumber(index, reader.signed());
    case "u64":
      return (reader, builder) => {
        if (!reader.tryVarint()) return false;
        const { high, low } = reader;
        return high < 0x200000
          ? builder.setNumber(index, reader.number())
          : builder.setWide(index, high, low);
      };
    case "u8":
    case "u16":
    case "u32":
      return (reader, builder) => reader.tryVarint() && builder.setNumber(index, reader.number());
    case "category":
      return (reader, builder, codes) => {
        if (codes === undefined || !tryText(reader)) return false;
        const code = codes.codeOf(textFrom(reader), reader.at);
        return code >= 0 && builder.setCode(index, code);
      };
    case "utf8":
      return (reader, builder) => tryText(reader) && builder.setText(index, textFrom(reader), reader.at);
  }
}

function plainValue(type: ColumnType, reader: ProtobufReader): unknown {
  const { view } = reader.bytes;
  switch (type) {
    case "f64":
      return reader.tryMove(8) ? view.getFloat64(reader.at - 8, true) : undefined;
    case "f32":
      return reader.tryMove(4) ? view.getFloat32(reader.at - 4, true) : undefined;
    case "category":
    case "utf8":
      if (!tryText(reader)) return undefined;
      return reader.bytes.text(textFrom(reader), reader.at) ?? null;
    default:
      return reader.tryVarint() ? varintOf(type, reader) : undefined;
  }
}

function varintOf(type: ColumnType, reader: ProtobufReader): unknown {
  if (type === "bool") return (reader.low | reader.high) !== 0;
  const isSigned = type === "i32" || type === "i64" || type === "timestamp";
  const value = isSigned ? reader.signed() : reader.number();
  if ((type !== "u64" && type !== "i64") || Number.isSafeInteger(value)) return value;
  return (BigInt(isSigned ? reader.high | 0 : reader.high) << 32n) | BigInt(reader.low);
}

/** Reads a text's length and moves behind it: it is as long as the varint that was read last says. */
function tryText(reader: ProtobufReader): boolean {
  return reader.tryVarint() && reader.tryMove(reader.number());
}

function textFrom(reader: ProtobufReader): number {
  return reader.at - reader.number();
}
