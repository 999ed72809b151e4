/**
 * The Protobuf schema of the records, derived from the datasets.
 *
 * **Numbers never change their meaning**, so that a reader with an older schema goes on reading:
 *
 * - A dataset whose rows come from outside has the field 16 + its place in the list of such datasets; the windows of one have
 *   its field + 1000, those of its second kind + 2000, and so on. So a new dataset goes to the end of the list (datasets/index.ts),
 *   and a new kind of windows to the end of its dataset's.
 * - A column has the number of its place in the declaration, from 1 on. So a new column goes to the end of it.
 * - What is given up keeps its place, so that nothing else moves there.
 *
 * test/datasets/records/streams.proto keeps what was served so far.
 *
 * The forms, and why:
 *
 * - Every field of a row has presence (`optional`): missing, and a column that was not chosen, can be told from 0.
 * - Moments are google.protobuf.Timestamp: every language has its own date for it, and nobody has to know a unit. They are
 *   the only thing in a row that is a message, and 8 bytes longer than a count of milliseconds.
 * - Categories are strings: a reader sees the word, whatever characters it has, and a list that grows breaks nobody.
 * - Pseudonyms are of fixed width, as nearly all of their values take all bits. Measures are varints.
 */

import { isPseudonymous } from "../column.ts";
import type { Dataset, PublicColumn } from "../define.ts";
import { datasets as allDatasets } from "../index.ts";

const PROTO_PACKAGE = "millrace.v1";
export const SEQUENCE_FIELD = 1;
export const NOTICE_FIELD = 2;
const FIRST_DATASET_FIELD = 16;
/** A tag is two bytes long up to field 2047; the numbers from 19000 on are not to be had, and 16 kinds do not come there. */
const WINDOWS_FIELDS = 1000;

/** Field of `Record` that the dataset's rows stand in. @throws RangeError when it is none of `datasets`, or its source is not */
export function datasetField(dataset: Dataset, datasets: readonly Dataset[] = allDatasets): number {
  const { derived } = dataset;
  const sources = datasets.filter((candidate) => candidate.derived === undefined);
  const place = sources.findIndex(({ name }) => name === (derived?.from ?? dataset.name));
  if (place < 0) {
    const names = sources.map(({ name }) => name).join(", ");
    throw new RangeError(`dataset ${dataset.name} has no number among those of ${names}`);
  }
  const kinds = sources[place]?.windows?.map(({ label }) => label) ?? [];
  const kind = derived === undefined ? 0 : kinds.indexOf(derived.by.label) + 1;
  return FIRST_DATASET_FIELD + place + kind * WINDOWS_FIELDS;
}

/** Field of the dataset's message that column `name` stands in: columns may be chosen, numbers stay. */
export function columnField(dataset: Dataset, name: string): number {
  return dataset.plan.publicColumns.findIndex((column) => column.name === name) + 1;
}

/** Text of the schema, for protoc. The same datasets give the same text. */
export function protoSchema(datasets: readonly Dataset[] = allDatasets): string {
  const byField = datasets
    .map((dataset) => ({ dataset, field: datasetField(dataset, datasets) }))
    .sort((one, other) => one.field - other.field);
  return [
    HEAD,
    recordMessage(byField),
    NOTICE,
    ...byField.map(({ dataset }) => datasetMessage(dataset)),
  ].join("\n");
}

const HEAD = `// Records as Millrace streams them. A stream is one Record behind the other, each with its length in front of it as a varint
// ("delimited": parseDelimitedFrom in Java, google.protobuf.proto.parse_length_prefixed in Python).
//
// Numbers keep their meaning: fields are added, and never used again for something else.

syntax = "proto3";

package ${PROTO_PACKAGE};

import "google/protobuf/timestamp.proto";
`;

const NOTICE = `// What a reader is told between the rows.
message Notice {
  // "dropped": it was too slow, and so many rows were not sent. "gap": so many rows are not in the log any more.
  string notice = 1;
  string dataset = 2;
  uint64 rows = 3;
  // Number of the first row that follows.
  uint64 next = 4;
}
`;

function recordMessage(byField: readonly { readonly dataset: Dataset; readonly field: number }[]): string {
  const rows = byField.map(
    ({ dataset, field }) => `    ${messageName(dataset.name)} ${dataset.name} = ${field};`,
  );
  return `message Record {
  // Number of the row in its dataset. Each row has the number after the one before; not set for a notice.
  uint64 sequence = ${SEQUENCE_FIELD};
  // The dataset's name is that of the field.
  oneof content {
    Notice notice = ${NOTICE_FIELD};
${rows.join("\n")}
  }
}
`;
}

function datasetMessage(dataset: Dataset): string {
  const fields = dataset.publicColumns.map(
    (column) =>
      `${comments(column)}  optional ${protoType(column)} ${column.name} = ${columnField(dataset, column.name)};\n`,
  );
  return `// ${dataset.title}.\nmessage ${messageName(dataset.name)} {\n${fields.join("")}}\n`;
}

function comments({ spec, field }: PublicColumn): string {
  const lines = [spec.meaning];
  if (spec.class === "measure" && spec.unit !== "1") lines.push(`Unit: ${spec.unit}.`);
  if (field.values !== undefined) {
    lines.push(`One of ${field.values.map((value) => JSON.stringify(value)).join(", ")}.`);
  }
  if (field.nullable) lines.push("May be missing.");
  return `  // ${lines.join(" ")}\n`;
}

/** `memory_1m` is `Memory1m`. */
function messageName(name: string): string {
  return name.replaceAll(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function protoType({ field, spec }: PublicColumn): string {
  switch (field.type) {
    case "f64":
      return "double";
    case "f32":
      return "float";
    case "u8":
    case "u16":
      return "uint32";
    case "u32":
      return isPseudonymous(spec) ? "fixed32" : "uint32";
    case "u64":
      return isPseudonymous(spec) ? "fixed64" : "uint64";
    case "i32":
      return "sint32";
    case "i64":
      return "sint64";
    case "timestamp":
      return "google.protobuf.Timestamp";
    case "bool":
      return "bool";
    case "category":
    case "utf8":
      return "string";
  }
}
