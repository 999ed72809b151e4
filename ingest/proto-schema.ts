/**
 * The Protobuf schema of what is pushed: raw rows, derived from the datasets.
 *
 * A column has the number of its place in the declaration, from 1 on, for ever: a new column goes to the end of the declaration, and what is
 * given up keeps its place. Every field has presence (`optional`), so that what is missing can be told from 0. Moments are milliseconds
 * since 1970; categories, places and names are text, as in every other format.
 */

import type { ColumnSpec } from "../datasets/column.ts";
import type { Dataset } from "../datasets/define.ts";
import type { ColumnType } from "../runtime/batch/index.ts";

export const PUSH_PROTO_PACKAGE = "millrace.ingest.v1";
/** Field of `<Dataset>Push` that the rows are. */
export const ROWS_FIELD = 1;

/** Wire types (https://protobuf.dev/programming-guides/encoding/). */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const FIXED32 = 5;

interface ProtoType {
  readonly name: string;
  readonly wireType: number;
}

/** What a column of each type is as a field. */
export const PROTO_TYPES: Readonly<Record<ColumnType, ProtoType>> = {
  f64: { name: "double", wireType: FIXED64 },
  f32: { name: "float", wireType: FIXED32 },
  u8: { name: "uint32", wireType: VARINT },
  u16: { name: "uint32", wireType: VARINT },
  u32: { name: "uint32", wireType: VARINT },
  i32: { name: "int32", wireType: VARINT },
  u64: { name: "uint64", wireType: VARINT },
  i64: { name: "int64", wireType: VARINT },
  timestamp: { name: "int64", wireType: VARINT },
  bool: { name: "bool", wireType: VARINT },
  category: { name: "string", wireType: LENGTH },
  utf8: { name: "string", wireType: LENGTH },
};

/** Text of the schema, for protoc. The same datasets give the same text. */
export function protoSchema(datasets: readonly Dataset[]): string {
  return [HEAD, ...datasets.map(datasetMessages)].join("\n");
}

/** `compression_telemetry` is `CompressionTelemetry`, which the messages' names begin with. */
export function protoName(dataset: string): string {
  return dataset.replaceAll(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

const HEAD = `// Rows as Millrace takes them: the body of a POST to /v1/ingest/<dataset> is one <Dataset>Push, without its length in front.
//
// Numbers keep their meaning: fields are added, and never used again for something else. A field that is not set is missing.

syntax = "proto3";

package ${PUSH_PROTO_PACKAGE};
`;

function datasetMessages({ name, title, columns }: Dataset): string {
  const message = protoName(name);
  const fields = Object.entries(columns).map(
    ([column, spec], index) =>
      `  // ${comment(spec)}\n  optional ${PROTO_TYPES[spec.type].name} ${column} = ${index + 1};\n`,
  );
  return `// ${title}.
message ${message}Push {
  repeated ${message}Row rows = ${ROWS_FIELD};
}

message ${message}Row {
${fields.join("")}}
`;
}

function comment(spec: ColumnSpec): string {
  const told = [spec.meaning];
  if (spec.class === "measure" && spec.unit !== "1") told.push(`Unit: ${spec.unit}.`);
  if (spec.class === "moment") told.push("Milliseconds since 1970, UTC.");
  if (spec.class === "category" && spec.otherwise === undefined) {
    told.push(`One of ${spec.values.map((value) => JSON.stringify(value)).join(", ")}.`);
  }
  return told.join(" ");
}
