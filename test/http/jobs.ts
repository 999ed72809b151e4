/** Jobs and reports, made up. */

import type { PrivacyReport } from "../../actors/exporter/anonymous/report.ts";
import type { ExportJob } from "../../actors/exporter/protocol.ts";
import { START_MS } from "./support.ts";

export const JOB = "0123456789abcdef0123456789abcdef";

export function aJob(more: Partial<ExportJob> = {}): ExportJob {
  return {
    job: JOB,
    order: { dataset: "memory", format: "csv", fromMs: START_MS - 3_600_000, toMs: START_MS },
    state: "running",
    fileName: "memory.csv",
    contentType: "text/csv; charset=utf-8",
    startedMs: START_MS,
    endedMs: null,
    seenRows: 0,
    mostRows: 10,
    bytes: 0,
    stats: null,
    privacy: null,
    failure: null,
    ...more,
  };
}

export function aReport(more: Partial<PrivacyReport> = {}): PrivacyReport {
  const risk = { highest: 0.1, average: 0.1, atRisk: 0 };
  return {
    dataset: "memory",
    title: "Memory of the whole host",
    from: new Date(START_MS - 3_600_000).toISOString(),
    to: new Date(START_MS).toISOString(),
    policy: { k: 5, maxSuppressed: 0.1 },
    kept: true,
    rows: { population: 10, considered: 10, exported: 10, suppressed: 0 },
    quasiIdentifiers: [{ column: "timestamp", generalization: "hour" }],
    removed: [],
    rounded: { columns: [], digits: 3 },
    k: 10,
    classes: 1,
    averageClass: 10,
    sensitive: [],
    risk: { threshold: 0.2, prosecutor: risk, journalist: risk, marketer: 0.1 },
    ...more,
  };
}
