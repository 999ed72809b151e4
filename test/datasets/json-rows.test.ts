import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import type { Dataset } from "../../datasets/define.ts";
import { jsonRows } from "../../datasets/json-rows.ts";
import { type JsonSchema, pushedRowSchema, streamedRowSchema } from "../../datasets/json-schema.ts";
import { process } from "../../datasets/process.ts";
import { createRecordEncoder } from "../../datasets/records/index.ts";
import type { Row } from "../../datasets/row.ts";
import { TextSink } from "../../datasets/text-sink.ts";
import { createRowValidator } from "../../datasets/validate.ts";
import { Batch, BatchPlan, MessageBatch } from "../../runtime/batch/index.ts";
import { fieldSpec, type Value, writeCase } from "../fixtures/batch-cases.ts";
import {
  everything,
  fakePseudonym,
  plainRow,
  publicValues,
  rowOf,
  testedDatasets,
} from "../fixtures/dataset-rows.ts";
import { createJsonEncoder } from "../fixtures/json-encoder.ts";
import { publicBatch, SLOT, SLOT_BYTES, sharedMemory } from "../fixtures/public-batches.ts";

const SEED = 20_260_107;

/** What a row's JSON says, as values: floats rounded, moments in milliseconds, 64-bit numbers as bigint. */
function valuesOfJson(dataset: Dataset, json: string): Record<string, Value> {
  const parsed = JSON.parse(json) as Record<string, Value>;
  assert.deepEqual(
    Object.keys(parsed),
    dataset.publicColumns.map(({ name }) => name),
    "columns in declared order",
  );
  return Object.fromEntries(
    dataset.publicColumns.map(({ name, field, spec }): [string, Value] => {
      const value = parsed[name] ?? null;
      if (value === null) return [name, null];
      if (field.type === "f32") return [name, Math.fround(value as number)];
      if (field.type === "timestamp") {
        assert.match(String(value), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        return [name, new Date(String(value)).getTime()];
      }
      if (field.type === "u64" || field.type === "i64") {
        assert.equal(typeof value, spec.class === "measure" ? "number" : "string");
        return [name, BigInt(value)];
      }
      return [name, value];
    }),
  );
}

function jsonOf(dataset: Dataset, row: Row): string {
  return createJsonEncoder(dataset)(publicBatch(dataset, [row]), 0);
}

function schemaOf(schema: JsonSchema): z.ZodType {
  return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
}

/** A row as it is pushed: JSON has no bigint. */
function pushed(row: Row): Record<string, unknown> {
  const entries = Object.entries(row);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === "bigint" ? String(value) : value]),
  );
}

describe("rows as JSON", () => {
  test("say what was pushed, from the slot and from the message", () => {
    for (const dataset of testedDatasets) {
      const [validate, encode] = [createRowValidator(dataset), createJsonEncoder(dataset)];
      const message = new MessageBatch(dataset.plan);
      fc.assert(
        fc.property(fc.array(rowOf(dataset), { minLength: 1, maxLength: 10 }), (given) => {
          const rows = given.map((row, index) => {
            const verdict = validate(JSON.parse(JSON.stringify(pushed(row))), index);
            assert.ok(verdict.ok);
            return verdict.row;
          });
          const batch = publicBatch(dataset, rows);
          assert.ok(message.bind(batch.views.buffer, batch.message().byteOffset, 0));
          for (const [index, row] of rows.entries()) {
            const json = encode(batch, index);
            const said = positiveZeros(valuesOfJson(dataset, json));
            assert.deepEqual(said, positiveZeros(publicValues(dataset, row)));
            assert.equal(encode(message, index), json);
          }
        }),
        { seed: SEED, numRuns: 40 },
      );
    }
  });

  test("are one line, exactly so", () => {
    const row = {
      timestamp: 1_767_225_600_007,
      pid: 1,
      name: "bash",
      working_set_mb: 12.0625,
      private_bytes_mb: null,
      cpu_percent: 12.3,
      io_read_bytes: 9_007_199_254_740_991,
      io_write_bytes: 0,
    };
    assert.equal(
      jsonOf(process, row),
      `{"timestamp":"2026-01-01T00:00:00.007Z","pid":${fakePseudonym(1, 32)},"name_hash":"${fakePseudonym("bash", 64)}",` +
        `"working_set_mb":12.0625,"private_bytes_mb":null,"cpu_percent":12.3,"io_read_bytes":9007199254740991,"io_write_bytes":0}`,
    );
  });

  test("print 64 bits exactly: pseudonyms as text, measures as numbers, whatever a double makes of them", () => {
    const batch = publicBatch(everything, [plainRow(everything)]);
    const put = (name: string, value: bigint) => {
      batch.views.u64[batch.dataAt(everything.plan.public(name)) >>> 3] = value;
    };
    put("name_hash", 2n ** 64n - 1n);
    put("u64", 2n ** 64n - 1n);
    put("i64", BigInt.asUintN(64, -(2n ** 63n)));
    const json = createJsonEncoder(everything)(batch, 0);
    assert.ok(json.includes('"name_hash":"18446744073709551615"'));
    assert.ok(json.includes('"u64":18446744073709551615,'));
    assert.ok(json.includes('"i64":-9223372036854775808,'));
  });

  test("have null for what JSON has no number or text for", () => {
    const batch = publicBatch(everything, [plainRow(everything)]);
    const encode = createJsonEncoder(everything);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      batch.views.f64[batch.dataAt(everything.plan.public("f64")) >>> 3] = value;
      batch.views.f32[batch.dataAt(everything.plan.public("f32")) >>> 2] = value;
      const parsed = JSON.parse(encode(batch, 0));
      assert.deepEqual([parsed.f64, parsed.f32], [null, null]);
    }
    batch.views.i64[batch.dataAt(everything.plan.public("at")) >>> 3] = 8_640_000_000_000_001n;
    assert.equal(JSON.parse(encode(batch, 0)).at, null);
  });

  test("print floats short and doubles whole, and keep the sign of -0", () => {
    const parsed = (row: object) => jsonOf(everything, { ...plainRow(everything), ...row });
    assert.ok(parsed({ f32: Math.fround(12.3) }).includes('"f32":12.3,'));
    assert.ok(parsed({ f64: 0.1 + 0.2 }).includes('"f64":0.30000000000000004,'));
    assert.ok(parsed({ f64: -0 }).includes('"f64":-0.0,'));
  });

  test("refuse a category that is not in the list: the batch is broken", () => {
    const batch = publicBatch(everything, [plainRow(everything)]);
    batch.views.u8[batch.dataAt(everything.plan.public("category_or"))] = 2;
    assert.throws(
      () => createJsonEncoder(everything)(batch, 0),
      /category_or, row 0: expected a category below 2/,
    );
  });

  test("are the same bytes in a sink that others append to and that grows", () => {
    const rows = Array.from({ length: 50 }, (_, index) => ({ ...plainRow(process), pid: index }));
    const batch = publicBatch(process, rows);
    const [encode, text] = [createJsonEncoder(process), jsonRows(process, " ", "\n")];
    const sink = new TextSink(1);
    text.append(sink, batch, 0, 30);
    text.append(sink, batch, 30, rows.length);
    const expected = rows.map((_, row) => ` ${encode(batch, row)}\n`).join("");
    assert.equal(sink.text(), expected);
    assert.equal(new TextDecoder().decode(sink.take()), expected);
    assert.equal(sink.length, 0);
  });

  test("escape text of any kind", () => {
    const field = fieldSpec("note", "utf8", true);
    const plan = new BatchPlan({ public: [field], raw: [] });
    const spec = { class: "category", type: "category", values: [], meaning: "" } as const;
    const notes: Dataset = {
      ...everything,
      plan,
      publicColumns: [{ name: "note", source: "note", spec, field }],
    };
    const encode = createJsonEncoder(notes);
    const batch = new Batch(sharedMemory(), plan);
    const text = fc.option(
      fc.string({ unit: "binary", maxLength: 40 }).filter((value) => value.isWellFormed()),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), (texts) => {
        const bytes = texts.map((value) => new TextEncoder().encode(value ?? "").length);
        const textBytes = { note: bytes.reduce((sum, length) => sum + length, 0) };
        const values = new Map([["note", texts]]);
        writeCase(batch, SLOT, SLOT_BYTES, { plan, rows: texts.length, values, textBytes });
        texts.forEach((value, row) => {
          assert.deepEqual(JSON.parse(encode(batch, row)), { note: value });
        });
      }),
      { seed: SEED, numRuns: 200 },
    );
    const controls = String.fromCharCode(...Array(32).keys()).repeat(300);
    const values = new Map([["note", [controls]]]);
    writeCase(batch, SLOT, SLOT_BYTES, { plan, rows: 1, values, textBytes: { note: controls.length } });
    assert.deepEqual(JSON.parse(encode(batch, 0)), { note: controls });
  });
});

describe("the JSON Schemas", () => {
  test("hold for every streamed row, and not for one with a column more or less", () => {
    for (const dataset of testedDatasets) {
      const schema = schemaOf(streamedRowSchema(dataset));
      const encoder = createRecordEncoder(dataset, { format: "jsonl", framing: "raw", columns: null });
      fc.assert(
        fc.property(rowOf(dataset), (row) => {
          const facts = { idBefore: "", idAfter: "", subscription: 0 };
          const bytes = encoder.encode(publicBatch(dataset, [row]), [{ from: 0, to: 1 }], facts);
          const json = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
          const result = schema.safeParse(json);
          assert.ok(result.success, `${JSON.stringify(json)}: ${result.error}`);
          assert.ok(!schema.safeParse({ ...json, more: 1 }).success);
          assert.ok(!schema.safeParse({ ...json, dataset: "another" }).success);
          for (const name of ["dataset", "sequence", ...dataset.publicColumns.map((column) => column.name)]) {
            const { [name]: _, ...without } = json;
            assert.ok(!schema.safeParse(without).success);
          }
        }),
        { seed: SEED, numRuns: 20 },
      );
    }
  });

  test("hold for every row that may be pushed, and refuse the numbers that the validator refuses", () => {
    for (const dataset of testedDatasets) {
      const [schema, validate] = [schemaOf(pushedRowSchema(dataset)), createRowValidator(dataset)];
      fc.assert(
        fc.property(rowOf(dataset), (row) => {
          const result = schema.safeParse(pushed(row));
          assert.ok(result.success, `${JSON.stringify(pushed(row))}: ${result.error}`);
        }),
        { seed: SEED, numRuns: 30 },
      );
      const values = [
        null,
        undefined,
        true,
        -1e300,
        -1,
        0,
        0.25,
        1,
        1.5,
        100,
        101,
        1e17,
        1e300,
        "",
        "x",
        "7",
        "-7",
      ];
      values.push("2026-01-31T12:00:00.000Z", {} as never, [] as never);
      for (const name of Object.keys(dataset.columns)) {
        for (const value of values) {
          const row = { ...pushed(plainRow(dataset)), [name]: value };
          const isText = typeof value === "string";
          const verdict = validate(row, 0);
          const { success } = schema.safeParse(row);
          // Of numbers written as text a JSON Schema knows the form, not the bounds.
          if (verdict.ok || !isText) {
            assert.equal(success, verdict.ok, `${dataset.name}.${name}: ${JSON.stringify(value)}`);
          }
        }
      }
    }
  });

  test("carry meaning, unit and class of every column", () => {
    for (const dataset of testedDatasets) {
      const streamed = streamedRowSchema(dataset)["properties"] as Record<string, JsonSchema>;
      const push = pushedRowSchema(dataset)["properties"] as Record<string, JsonSchema>;
      for (const { name, source, spec } of dataset.publicColumns) {
        for (const schema of [streamed[name], push[source]]) {
          assert.equal(schema?.["description"], spec.meaning);
          assert.equal(schema?.["x-millrace-class"], spec.class);
          assert.equal(schema?.["x-millrace-unit"], spec.class === "measure" ? spec.unit : undefined);
        }
      }
      assert.equal(
        push[dataset.publicColumns.find(({ name, source }) => name !== source)?.name ?? ""],
        undefined,
      );
    }
  });
});

/** JSON.stringify, through which the rows were pushed, writes -0 as 0; a tiny double is a float's -0. */
function positiveZeros(values: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value === 0 ? 0 : value]));
}
