/**
 * A dataset with every role that a column can have in the anonymous profile, random rows of it, and what becomes of them when
 * they go through both passes.
 */

import fc from "fast-check";
import {
  Anonymizing,
  type AnonymousPolicy,
  type BelowPolicy,
  type PrivacyReport,
} from "../../../../actors/exporter/anonymous/index.ts";
import { type Dataset, defineDataset } from "../../../../datasets/define.ts";
import type { Row } from "../../../../datasets/row.ts";
import type { TableShape } from "../../../../datasets/shape.ts";
import type { PublicBatch } from "../../../../runtime/batch/index.ts";
import { readValue } from "../../../fixtures/batch-cases.ts";
import { publicBatch } from "../../../fixtures/public-batches.ts";

export const HOUR_MS = 3_600_000;
export const START_MS = Date.UTC(2026, 0, 31, 22);

const measure = { class: "measure", unit: "1", meaning: "A figure." } as const;

export const visits: Dataset = defineDataset({
  name: "visits",
  title: "Visits",
  time: "at",
  batchRows: 512,
  slots: 4,
  columns: {
    at: { class: "moment", type: "timestamp", meaning: "When." },
    left: { class: "moment", type: "timestamp", nullable: true, meaning: "When it was over." },
    visitor: { class: "identifier", type: "u32", kind: "visitor", meaning: "Pseudonym of who came." },
    town: {
      class: "identifier",
      type: "utf8",
      kind: "town",
      as: "town_hash",
      quasi: true,
      nullable: true,
      meaning: "Where from.",
    },
    ward: {
      class: "category",
      type: "category",
      values: ["a", "b", "c"],
      quasi: true,
      steps: ["exact"],
      meaning: "Where to.",
    },
    weight: { ...measure, type: "f64", quasi: true, nullable: true },
    illness: {
      class: "category",
      type: "category",
      values: ["flu", "cold", "none", "other"],
      nullable: true,
      sensitive: true,
      meaning: "Why.",
    },
    cost: { ...measure, type: "f32", sensitive: true },
    bill: { ...measure, type: "u64", nullable: true },
    change: { ...measure, type: "i32" },
    paid: { ...measure, type: "bool", nullable: true },
    kind: { class: "category", type: "category", values: ["x", "y"], nullable: true, meaning: "What kind." },
  },
});

/** Rows that are often alike, within a moment, an hour or a day. */
export function visitRows(most: number): fc.Arbitrary<readonly Row[]> {
  const few = <T>(values: readonly T[]) => fc.constantFrom(...values);
  const row = fc.record(
    {
      at: fc.integer({ min: START_MS, max: START_MS + 30 * HOUR_MS }),
      left: few([null, START_MS, START_MS + 1234]),
      visitor: fc.integer({ min: 1, max: 1000 }),
      town: few([null, "", "here", "there"]),
      ward: few(["a", "b"]),
      weight: few([null, 0, -1.2345, 71.26, 71.31, 1e9]),
      illness: few(["flu", "cold", null]),
      cost: few([1, 2.5, 1234.5, 1232.5, 99_990]),
      bill: fc.option(fc.integer({ min: 0, max: 1_000_000 })),
      change: fc.integer({ min: -5000, max: 5000 }),
      paid: few([true, false, null]),
      kind: few(["x", "y", null]),
    },
    { noNullPrototype: true },
  );
  const times = fc.constantFrom(1, HOUR_MS, 24 * HOUR_MS);
  return fc
    .tuple(fc.array(row, { maxLength: most }), times)
    .map(([rows, span]) => rows.map((one) => ({ ...one, at: START_MS + ((one.at - START_MS) % span) })));
}

export const policies: fc.Arbitrary<AnonymousPolicy> = fc.record({
  k: fc.integer({ min: 2, max: 6 }),
  maxSuppressed: fc.constantFrom(0, 0.1, 0.3, 1),
});

export interface Exported {
  readonly ok: true;
  readonly shape: TableShape;
  readonly report: PrivacyReport;
  /** As CSV, without a header. */
  readonly lines: readonly string[];
}

export interface Passes {
  readonly policy: AnonymousPolicy;
  /** Default: as many as a batch holds. */
  readonly batchRows?: number;
  readonly isWanted?: (row: Row) => boolean;
  readonly maxClasses?: number;
  readonly bufferBytes?: number;
  readonly workFolder?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** Takes the rows through both passes. */
export function anonymize(shape: TableShape, rows: readonly Row[], passes: Passes): Exported | BelowPolicy {
  const { policy, isWanted = () => true, batchRows = 512 } = passes;
  const { maxClasses, bufferBytes, workFolder = "/nowhere" } = passes;
  const counting = new Anonymizing(shape, {
    policy,
    fromMs: passes.fromMs ?? Number.NEGATIVE_INFINITY,
    toMs: passes.toMs ?? Number.POSITIVE_INFINITY,
    workFolder,
    ...(maxClasses === undefined ? {} : { maxClasses }),
    ...(bufferBytes === undefined ? {} : { bufferBytes }),
  });
  const dataset = { ...visits, ...shape } as Dataset;
  eachRun(
    dataset,
    rows,
    batchRows,
    (batch, row, from, to) => {
      if (isWanted(row)) counting.observe(batch, { from, to });
      else counting.observeOthers(batch, { from, to });
    },
    isWanted,
  );
  const anonymous = counting.decide();
  if (!anonymous.ok) return anonymous;
  try {
    eachRun(
      dataset,
      rows,
      batchRows,
      (batch, row, from, to) => {
        if (isWanted(row)) anonymous.add(batch, { from, to });
      },
      isWanted,
    );
    const lines: string[] = [];
    for (const batch of anonymous.rows()) {
      for (let row = 0; row < batch.rows; row++) lines.push(lineOf(anonymous.shape, batch, row));
    }
    return { ok: true, shape: anonymous.shape, report: anonymous.report, lines };
  } finally {
    anonymous.close();
  }
}

/** A line of CSV; no value of a test has a comma. */
function lineOf(shape: TableShape, batch: PublicBatch, row: number): string {
  const cells = shape.publicColumns.map(({ name, field }) => {
    const value = readValue(batch, batch.plan.public(name), row);
    if (value === null) return "";
    return field.type === "timestamp" ? new Date(Number(value)).toISOString() : String(value);
  });
  return cells.join(",");
}

/** Runs of rows that are wanted or not, batch by batch. */
export function eachRun(
  dataset: Dataset,
  rows: readonly Row[],
  batchRows: number,
  take: (batch: ReturnType<typeof publicBatch>, row: Row, from: number, to: number) => void,
  isWanted: (row: Row) => boolean = () => true,
): void {
  for (let start = 0; start < rows.length; start += batchRows) {
    const part = rows.slice(start, start + batchRows);
    const batch = publicBatch(dataset, part, start);
    for (let from = 0; from < part.length; ) {
      let to = from + 1;
      while (to < part.length && isWanted(part[to]!) === isWanted(part[from]!)) to++;
      take(batch, part[from]!, from, to);
      from = to;
    }
  }
}
