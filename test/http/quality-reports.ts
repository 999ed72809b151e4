/** Reports of quality and agreement that have something of everything. */

import { type AgreementReport, type QualityReport, USUAL_QUALITY } from "../../quality/report.ts";
import { agreementOf } from "../../quality/wilson.ts";
import { START_MS } from "./support.ts";

const COLUMN = { missing: 0, distinct: 1000, isConstant: false, duplicateOf: null, drift: null };

export function aQualityReport(more: Partial<QualityReport> = {}): QualityReport {
  return {
    dataset: "memory",
    fromMs: START_MS - 86_400_000,
    toMs: START_MS,
    against: { fromMs: null, toMs: START_MS - 86_400_000, rows: 2000 },
    rows: 1000,
    everyNth: 1,
    label: {
      column: "best",
      classes: [
        { value: "HDE", rows: 250, share: 0.25 },
        { value: "AMST", rows: 750, share: 0.75 },
      ],
    },
    columns: [
      { ...COLUMN, name: "at" },
      {
        ...COLUMN,
        name: "size",
        missing: 80,
        figures: {
          values: 920,
          mean: 1234.5678,
          min: -3,
          q1: 100,
          median: 900.25,
          q3: 1500,
          max: 98_765_432,
          outliers: 46,
        },
        drift: { psi: 0.25, ks: 0.125, values: 920, earlier: 2000 },
      },
      {
        ...COLUMN,
        name: "best",
        distinct: 2,
        values: [
          { value: "AMST", rows: 750 },
          { value: "HDE", rows: 250 },
        ],
        drift: { psi: 0.01, ks: null, values: 1000, earlier: 2000 },
      },
      { ...COLUMN, name: "flag", distinct: 1, values: [{ value: "true", rows: 1000 }], isConstant: true },
      { ...COLUMN, name: "copy", duplicateOf: "at" },
    ],
    rules: USUAL_QUALITY,
    findings: [
      {
        kind: "class-balance",
        severity: "failed",
        column: "best",
        message: "expected each class to have 30 % to 70 %; HDE has 25 %",
      },
      { kind: "constant", severity: "warned", column: "flag", message: "it has the same value in every row" },
    ],
    passed: false,
    ...more,
  };
}

export function anAgreementReport(): AgreementReport {
  const piece = { fromMs: START_MS - 3_600_000, toMs: START_MS };
  return {
    dataset: "memory",
    ...piece,
    fraction: 0.5,
    all: agreementOf(10, 8),
    by: [
      { value: "dc", ...agreementOf(10, 8) },
      { value: "wan", ...agreementOf(0, 0) },
    ],
    over: [{ ...piece, ...agreementOf(10, 8) }],
  };
}
