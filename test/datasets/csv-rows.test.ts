import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createCsvEncoder, csvHeader } from "../../datasets/csv-rows.ts";
import type { Dataset } from "../../datasets/define.ts";
import { process } from "../../datasets/process.ts";
import type { Row } from "../../datasets/row.ts";
import type { Value } from "../fixtures/batch-cases.ts";
import {
  everything,
  fakePseudonym,
  plainRow,
  publicValues,
  rowOf,
  testedDatasets,
} from "../fixtures/dataset-rows.ts";
import { publicBatch } from "../fixtures/public-batches.ts";

const SEED = 20_260_108;

interface CsvField {
  readonly text: string;
  readonly isQuoted: boolean;
}

/** Reads CSV as RFC 4180 has it, character by character; lines end in "\n". */
function parseCsv(csv: string): CsvField[][] {
  const lines: CsvField[][] = [];
  let line: CsvField[] = [];
  let at = 0;
  while (at < csv.length) {
    let text = "";
    const isQuoted = csv[at] === '"';
    if (isQuoted) {
      for (at++; csv[at] !== '"' || csv[at + 1] === '"'; at++) {
        assert.ok(at < csv.length, "a quote is closed");
        text += csv[at];
        if (csv[at] === '"') at++;
      }
      at++;
    } else {
      while (csv[at] !== "," && csv[at] !== "\n") {
        assert.ok(at < csv.length, "the last line ends");
        assert.ok(csv[at] !== '"' && csv[at] !== "\r", "no quote or carriage return stands bare");
        text += csv[at++];
      }
    }
    line.push({ text, isQuoted });
    assert.ok(csv[at] === "," || csv[at] === "\n", "a field ends in a comma or with the line");
    if (csv[at++] === "\n") {
      lines.push(line);
      line = [];
    }
  }
  assert.equal(line.length, 0);
  return lines;
}

function valueOfField(field: CsvField | undefined, type: string): Value {
  assert.ok(field);
  const { text, isQuoted } = field;
  if (text === "" && !isQuoted) return null;
  switch (type) {
    case "timestamp":
      return new Date(text).getTime();
    case "bool":
      assert.match(text, /^(true|false)$/);
      return text === "true";
    case "u64":
    case "i64":
      return BigInt(text);
    case "f32":
      return Math.fround(Number(text));
    case "category":
      return text;
    default:
      return Number(text);
  }
}

function csvOf(dataset: Dataset, rows: readonly Row[]): string {
  const encoder = createCsvEncoder(dataset);
  encoder.append(publicBatch(dataset, rows));
  return new TextDecoder().decode(encoder.take());
}

describe("rows as CSV", () => {
  test("say what was pushed, under the header's columns", () => {
    for (const dataset of testedDatasets) {
      const header = parseCsv(csvHeader(dataset));
      assert.deepEqual(
        header.map((line) => line.map(({ text }) => text)),
        [dataset.publicColumns.map(({ name }) => name)],
      );
      fc.assert(
        fc.property(fc.array(rowOf(dataset), { maxLength: 10 }), (rows) => {
          const lines = parseCsv(csvOf(dataset, rows)).map((line) => {
            assert.equal(line.length, dataset.publicColumns.length);
            return dataset.publicColumns.map(({ field }, index) => valueOfField(line[index], field.type));
          });
          assert.deepEqual(
            lines,
            rows.map((row) => Object.values(publicValues(dataset, row))),
          );
        }),
        { seed: SEED, numRuns: 40 },
      );
    }
  });

  test("are plain, exactly so", () => {
    const first = {
      timestamp: 1_767_225_600_007,
      pid: 1,
      name: "bash",
      working_set_mb: 12.0625,
      private_bytes_mb: null,
      cpu_percent: 12.3,
      io_read_bytes: 9_007_199_254_740_991,
      io_write_bytes: null,
    };
    const second = { ...first, timestamp: 1_767_225_600_008, cpu_percent: 0, io_write_bytes: 1 };
    const [pid, name] = [fakePseudonym(1, 32), fakePseudonym("bash", 64)];
    assert.equal(
      csvOf(process, [first, second]),
      `2026-01-01T00:00:00.007Z,${pid},${name},12.0625,,12.3,9007199254740991,\n` +
        `2026-01-01T00:00:00.008Z,${pid},${name},12.0625,,0,9007199254740991,1\n`,
    );
  });

  test("name what is no number as pandas reads it", () => {
    const batch = publicBatch(everything, [plainRow(everything)]);
    const index = everything.publicColumns.findIndex(({ name }) => name === "f64");
    for (const [value, text] of [
      [Number.NaN, "nan"],
      [Number.POSITIVE_INFINITY, "inf"],
      [Number.NEGATIVE_INFINITY, "-inf"],
    ] as const) {
      batch.views.f64[batch.dataAt(everything.plan.public("f64")) >>> 3] = value;
      const encoder = createCsvEncoder(everything);
      encoder.append(batch);
      assert.equal(parseCsv(new TextDecoder().decode(encoder.take()))[0]?.[index]?.text, text);
    }
  });

  test("come in ranges and blocks that join to the whole", () => {
    const rows = Array.from({ length: 300 }, (_, pid) => ({ ...plainRow(process), pid }));
    const batch = publicBatch(process, rows);
    const encoder = createCsvEncoder(process);
    const parts: string[] = [];
    for (const [from, to] of [
      [0, 0],
      [0, 1],
      [1, 299],
      [299, 300],
    ] as const) {
      encoder.append(batch, from, to);
      assert.equal(encoder.byteLength > 0, to > from);
      parts.push(new TextDecoder().decode(encoder.take()));
      assert.equal(encoder.byteLength, 0);
    }
    assert.equal(parts.join(""), csvOf(process, rows));
  });

  test("are the taker's own: what is appended later does not change them", () => {
    const encoder = createCsvEncoder(process);
    encoder.append(publicBatch(process, [plainRow(process)]));
    const taken = encoder.take();
    const before = taken.slice();
    encoder.append(publicBatch(process, [{ ...plainRow(process), pid: 77 }]));
    assert.deepEqual(taken, before);
  });
});
