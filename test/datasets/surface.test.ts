/**
 * What leaves, as a committed text: whoever changes the surface changes public-schema.txt in the same commit, and a reviewer
 * sees it. `UPDATE_PUBLIC_SCHEMA=1 bun test test/datasets/surface.test.ts` writes it anew.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { boundsOf, F32_MAX, type MeasureColumn } from "../../datasets/column.ts";
import { describeDataset } from "../../datasets/describe.ts";
import { datasetNamed, datasets } from "../../datasets/index.ts";

const FILE = new URL("./public-schema.txt", import.meta.url);

function surface(): string {
  const lines = datasets.flatMap((dataset) => {
    const { name, title, time, derivedFrom, windows, columns, ...facts } = describeDataset(dataset);
    const head = [
      `${name}: ${title}`,
      `  time ${time}${derivedFrom === null ? "" : `, derived from ${derivedFrom}`}${facts.pushed ? ", pushed" : ""}`,
      ...(facts.label === null ? [] : [`  label ${facts.label}`]),
      ...(facts.shadow === null ? [] : [`  shadow ${Object.values(facts.shadow).join(", ")}`]),
      ...facts.exports.map(
        (named) =>
          `  export ${named.name}: ${named.columns.join(", ")} where ${named.where}, ${named.days} days, newest ${named.newest}, ${named.format}`,
      ),
    ];
    for (const { dataset, kind, shape, groupBy, of } of windows) {
      const lengths = Object.entries(shape).map(([name, value]) =>
        name === "kind" ? value : `${name} ${value}`,
      );
      head.push(
        `  ${dataset}: ${kind} of ${of.join(", ")}${groupBy ? ` by ${groupBy}` : ""}, ${lengths.join(" ")}`,
      );
    }
    const body = columns.map((column, index) => {
      const spec = dataset.publicColumns[index]?.spec;
      const bounds = spec?.class === "measure" && spec.type !== "bool" ? rangeText(spec) : "";
      const facts = [
        `${column.type}${column.nullable ? "?" : ""}`,
        column.class + (column.source === column.name ? "" : ` of ${column.source}`),
        ...(column.unit === null ? [] : [`${column.unit}${bounds}`]),
        ...(column.values === null ? [] : [column.values.join("|")]),
      ];
      return `  ${column.name}: ${facts.join(", ")}. ${column.meaning}`;
    });
    return [...head, ...body, ""];
  });
  return lines.join("\n");
}

test("the public schema is the committed one", () => {
  const now = surface();
  if (globalThis.process.env["UPDATE_PUBLIC_SCHEMA"] === "1") writeFileSync(FILE, now);
  assert.equal(readFileSync(FILE, "utf8"), now, "the surface changed: see the head of this file");
});

test("a description is plain JSON and tells source and class of every column", () => {
  for (const dataset of datasets) {
    const description = describeDataset(dataset);
    assert.deepEqual(JSON.parse(JSON.stringify(description)), description);
  }
  const process = datasetNamed("process");
  assert.ok(process);
  assert.deepEqual(describeDataset(process).columns[2], {
    name: "name_hash",
    type: "u64",
    unit: null,
    class: "identifier",
    meaning: "Pseudonym of the program's name: equal names have equal pseudonyms.",
    nullable: false,
    source: "name",
    values: null,
  });
});

test("the sources' fields are exactly MemorySnapshot, ProcessRecord and OptimizationEvent", () => {
  const fields = (name: string) =>
    datasetNamed(name)?.publicColumns.map(({ name: column, field }) => `${column} ${field.type}`);
  assert.deepEqual(fields("memory"), [
    "timestamp timestamp",
    "total_mb f64",
    "available_mb f64",
    "used_percent f32",
    "page_file_used_mb f64",
    "processes_count u32",
  ]);
  assert.deepEqual(fields("process"), [
    "timestamp timestamp",
    "pid u32",
    "name_hash u64",
    "working_set_mb f64",
    "private_bytes_mb f64",
    "cpu_percent f32",
    "io_read_bytes u64",
    "io_write_bytes u64",
  ]);
  assert.deepEqual(fields("optimization"), [
    "timestamp timestamp",
    "trigger category",
    "before_available_mb f64",
    "after_available_mb f64",
    "freed_mb f64",
    "processes_trimmed u32",
    "duration_ms u64",
    "success bool",
  ]);
});

/** Bounds in words; where only the type ends a column, nothing. */
function rangeText(spec: MeasureColumn): string {
  const [min, max] = boundsOf(spec);
  const from =
    spec.above !== undefined ? ` above ${spec.above}` : Math.abs(min) < F32_MAX ? ` from ${min}` : "";
  return from + (Math.abs(max) < F32_MAX ? ` to ${max}` : "");
}
