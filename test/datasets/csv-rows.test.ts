import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { csvHeader, csvRows } from "../../datasets/csv-rows.ts";
import type { Dataset } from "../../datasets/define.ts";
import { process } from "../../datasets/process.ts";
import type { Row } from "../../datasets/row.ts";
import { chooseColumns } from "../../datasets/shape.ts";
import { TextSink } from "../../datasets/text-sink.ts";
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
  const sink = new TextSink();
  csvRows(dataset).append(sink, publicBatch(dataset, rows), 0, rows.length);
  return sink.text();
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
      const sink = new TextSink();
      csvRows(everything).append(sink, batch, 0, 1);
      assert.equal(parseCsv(sink.text())[0]?.[index]?.text, text);
    }
  });

  test("come in ranges and blocks that join to the whole", () => {
    const rows = Array.from({ length: 300 }, (_, pid) => ({ ...plainRow(process), pid }));
    const batch = publicBatch(process, rows);
    const text = csvRows(process);
    const sink = new TextSink(1);
    const parts: string[] = [];
    for (const [from, to] of [
      [0, 0],
      [0, 1],
      [1, 299],
      [299, 300],
    ] as const) {
      text.append(sink, batch, from, to);
      assert.equal(sink.length > 0, to > from);
      parts.push(new TextDecoder().decode(sink.takeFirst(sink.length >> 1)));
      parts.push(new TextDecoder().decode(sink.take()));
      assert.equal(sink.length, 0);
    }
    assert.equal(parts.join(""), csvOf(process, rows));
  });

  test("are the taker's own: what is appended later does not change them", () => {
    const [text, sink] = [csvRows(process), new TextSink()];
    text.append(sink, publicBatch(process, [plainRow(process)]), 0, 1);
    const taken = sink.take();
    const before = taken.slice();
    text.append(sink, publicBatch(process, [{ ...plainRow(process), pid: 77 }]), 0, 1);
    assert.deepEqual(taken, before);
  });

  test("have the columns that were chosen, in that order; of one alone no line is empty", () => {
    const rows = [{ ...plainRow(process), cpu_percent: null, pid: 5 }, plainRow(process)];
    const batch = publicBatch(process, rows);
    const csvWith = (names: readonly string[]) => {
      const [shape, sink] = [chooseColumns(process, names), new TextSink()];
      csvRows(shape).append(sink, batch, 0, 2);
      return csvHeader(shape) + sink.text();
    };
    const pids = [5, 0].map((pid) => fakePseudonym(pid, 32));
    assert.equal(csvWith(["cpu_percent", "pid"]), `cpu_percent,pid\n,${pids[0]}\n0,${pids[1]}\n`);
    assert.equal(csvWith(["cpu_percent"]), 'cpu_percent\n""\n0\n');
  });
});
