/** Each row format against the validator: whatever way a row goes, the same becomes of it. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compressionTelemetry } from "../../datasets/compression-telemetry.ts";
import type { Dataset } from "../../datasets/define.ts";
import { csvBody } from "../../ingest/csv.ts";
import type { DecoderFactory } from "../../ingest/decoder.ts";
import { msgpackBody } from "../../ingest/msgpack.ts";
import { protobufBody } from "../../ingest/protobuf.ts";
import type { ColumnType } from "../../runtime/batch/index.ts";
import { everything, rowOf } from "../fixtures/dataset-rows.ts";
import {
  type CsvOptions,
  csvText,
  msgpackBytes,
  type PlainRow,
  protobufBytes,
} from "../fixtures/push-bodies.ts";
import { PushPipeline, referenceOutcome, verdictsOf } from "../fixtures/push-pipeline.ts";

const SEED = 20_261_122;
const RUNS = 40;
const pipeline = new PushPipeline();
const utf8 = (text: string) => new TextEncoder().encode(text);

interface RowFormat {
  readonly name: string;
  readonly factory: DecoderFactory;
  encode(dataset: Dataset, rows: readonly PlainRow[]): Uint8Array;
  /** What the format makes of a value that it is given for a column; undefined: it cannot say it. */
  said(value: unknown, type: ColumnType): { readonly is: unknown } | undefined;
}

const csv = (name: string, options: CsvOptions): RowFormat => ({
  name,
  factory: csvBody,
  encode: (dataset, rows) =>
    utf8(csvText(rows, { names: Object.keys(dataset.columns).reverse(), ...options })),
  said: saidInCsv,
});

const msgpack = (name: string, encode: (rows: readonly PlainRow[]) => Uint8Array): RowFormat => ({
  name,
  factory: msgpackBody,
  encode: (_, rows) => encode(rows),
  said: saidInMsgpack,
});

const formats: readonly RowFormat[] = [
  csv("CSV", {}),
  csv("CSV with all fields quoted and long line ends", { quoteAll: true, lineEnd: "\r\n" }),
  msgpack("MessagePack, an array", (rows) => msgpackBytes(rows)),
  msgpack("MessagePack, maps one after another", (rows) =>
    Uint8Array.from(rows.flatMap((row) => [...msgpackBytes(row)])),
  ),
  {
    name: "Protobuf",
    factory: protobufBody,
    encode: protobufBytes,
    said: saidInProtobuf,
  },
];

/** Everything that a column may be given and is not what it takes, or only just is. */
const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    "",
    "true",
    "True",
    "1",
    "-0",
    "007",
    "nan",
    "inf",
    "-inf",
    "HDE",
    "us-east-1",
  ),
  fc.constantFrom<unknown>(
    "2026-01-31T12:00:00.5Z",
    "2026-01-31T12:00:00+01:30",
    "2026-02-30T00:00:00Z",
    "1e3",
    "5.0",
  ),
  fc.constantFrom(
    0,
    -0,
    1,
    -1,
    0.5,
    8,
    100,
    101,
    255,
    256,
    65_536,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    2 ** 63,
    2 ** 64,
    1e300,
    -1e300,
  ),
  fc.constantFrom<unknown>(2n ** 53n, 2n ** 63n - 1n, 2n ** 64n - 1n, -(2n ** 63n)),
  fc.constantFrom<unknown>(
    [],
    [1, [2]],
    {},
    { a: { b: [] } },
    new Date(1_767_225_600_123),
    new Date(-1),
    new Date(2 ** 40),
  ),
  fc.string({ unit: "binary", maxLength: 12 }).filter((text) => text.isWellFormed()),
  fc.constantFrom(16, 17, 64, 65, 128, 129, 256, 257, 300).map((length) => "é".repeat(length)),
  fc.double(),
  fc.integer(),
);

const oddRow = (dataset: Dataset): fc.Arbitrary<PlainRow> => {
  const column = fc.constantFrom(...Object.keys(dataset.columns));
  const change = fc.tuple(column, oddValue);
  return fc
    .tuple(rowOf(dataset), fc.array(change, { maxLength: 3 }), fc.nat(12))
    .map(([row, changes, other]) => ({
      ...row,
      ...Object.fromEntries(changes),
      ...(other === 0 ? { surprise: 1 } : {}),
    }));
};

/** The rows as the format says them, and as it is to be understood. */
function asSaid(
  format: RowFormat,
  { columns }: Dataset,
  rows: readonly PlainRow[],
): [PlainRow[], PlainRow[]] {
  const [given, understood]: [PlainRow[], PlainRow[]] = [[], []];
  for (const row of rows) {
    const entries = Object.entries(row).flatMap(([name, value]) => {
      const spec = columns[name];
      // Only maps name their columns row by row.
      if (spec === undefined) return format.factory === msgpackBody ? [[name, value, value] as const] : [];
      const said = format.said(value, spec.type);
      return said === undefined ? [] : [[name, value, said.is] as const];
    });
    given.push(Object.fromEntries(entries.map(([name, value]) => [name, value])));
    understood.push(Object.fromEntries(entries.map(([name, , value]) => [name, value])));
  }
  return [given, understood];
}

for (const dataset of [everything, compressionTelemetry as Dataset]) {
  for (const format of formats) {
    describe(`${format.name} of ${dataset.name}`, () => {
      const check = (rows: readonly PlainRow[]) => {
        const [given, understood] = asSaid(format, dataset, rows);
        const came = pipeline.run(dataset, format.factory, format.encode(dataset, given));
        assert.deepEqual(verdictsOf(came), verdictsOf(referenceOutcome(dataset, understood)));
        return came;
      };

      test("takes what the validator takes, every value as it was", () => {
        let [rows, accepted] = [0, 0];
        fc.assert(
          fc.property(fc.array(rowOf(dataset), { maxLength: 4 }), (some) => {
            accepted += check(some).accepted.size;
            rows += some.length;
          }),
          { seed: SEED, numRuns: RUNS },
        );
        // A bound that is no float is beyond itself once Protobuf has rounded it.
        assert.ok(accepted > rows / 2 && rows > RUNS, `${accepted} of ${rows}`);
      });

      test("refuses what the validator refuses, in its words", () => {
        let [accepted, rejected] = [0, 0];
        fc.assert(
          fc.property(fc.array(oddRow(dataset), { maxLength: 4 }), (some) => {
            const came = check(some);
            accepted += came.accepted.size;
            rejected += came.rejections.length;
          }),
          { seed: SEED + 1, numRuns: RUNS * 3 },
        );
        assert.ok(accepted > RUNS / 4 && rejected > RUNS / 4, `${accepted} accepted, ${rejected} refused`);
      });
    });
  }
}

/** A field of CSV is text; what it is depends on the column alone. Nested values it cannot say. */
function saidInCsv(value: unknown, type: ColumnType): { readonly is: unknown } | undefined {
  if (value === null || typeof value === "object") return value === null ? { is: null } : undefined;
  const text = Object.is(value, -0) ? "-0" : String(value);
  if (type === "utf8" || type === "category") return { is: text };
  if (type === "bool")
    return { is: ["true", "True"].includes(text) ? true : ["false", "False"].includes(text) ? false : text };
  if (text === "nan" || text === "inf" || text === "-inf")
    return { is: Number(text.replace("inf", "Infinity")) };
  let number: unknown;
  try {
    number = JSON.parse(text) as unknown;
  } catch {
    return { is: text };
  }
  // JSON lets blanks be around a number.
  if (typeof number !== "number" || text.trim() !== text) return { is: text };
  const isWide = (type === "u64" || type === "i64") && !Number.isSafeInteger(number) && /^-?\d+$/.test(text);
  return { is: isWide ? text : number };
}

/** What is beyond 2^53 keeps all its bits in columns of 64. */
function saidInMsgpack(value: unknown, type: ColumnType): { readonly is: unknown } {
  if (value instanceof Date) return { is: type === "timestamp" ? value.getTime() : {} };
  if (typeof value !== "bigint") return { is: value };
  const isWide = (type === "u64" || type === "i64") && !Number.isSafeInteger(Number(value));
  return { is: isWide ? value : Number(value) };
}

function saidInProtobuf(value: unknown, type: ColumnType): { readonly is: unknown } | undefined {
  if (value === null) return { is: null };
  if (type === "utf8" || type === "category") return typeof value === "string" ? { is: value } : undefined;
  if (type === "bool") return typeof value === "boolean" ? { is: value } : undefined;
  if (type === "f64" || type === "f32") {
    return typeof value === "number" ? { is: type === "f32" ? Math.fround(value) : value } : undefined;
  }
  if (typeof value !== "bigint" && !(typeof value === "number" && Number.isInteger(value))) return undefined;
  const whole = BigInt(value);
  const isSigned = type === "i32" || type === "i64" || type === "timestamp";
  const wide = isSigned ? BigInt.asIntN(64, whole) : BigInt.asUintN(64, whole);
  const isBig = type === "u64" || type === "i64";
  return { is: isBig && !Number.isSafeInteger(Number(wide)) ? wide : Number(wide) };
}
