/**
 * An export job as it is told over HTTP, and read back by who asks for it from afar. Times are ISO 8601 there, and null where
 * there is no bound; all else is as the exporter tells it.
 */

import { z } from "zod";
import { COMPRESSIONS, EXPORT_FORMATS, type ExportOrder, PROFILES } from "../actors/exporter/order.ts";
import type { ExportJob } from "../actors/exporter/protocol.ts";
import { count, moment } from "./schemas.ts";

export type OrderView = Omit<ExportOrder, "fromMs" | "toMs"> & {
  readonly from: string | null;
  readonly to: string | null;
};

export interface JobView {
  readonly job: string;
  readonly state: ExportJob["state"];
  readonly order: OrderView;
  readonly fileName: string;
  readonly contentType: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Rows that were looked at, of how many at the most. */
  readonly seenRows: number;
  readonly mostRows: number;
  readonly bytes: number;
  readonly stats: ExportJob["stats"];
  readonly failure: { readonly reason: string; readonly message: string } | null;
  readonly links: {
    readonly self: string;
    readonly events: string;
    /** When there is something there. */
    readonly file: string | null;
    readonly privacy: string | null;
  };
}

const STATS = z.object({
  dataset: z.string(),
  format: z.enum(EXPORT_FORMATS),
  compression: z.enum(COMPRESSIONS),
  profile: z.enum(PROFILES),
  rows: count(),
  bytes: count(),
  seconds: z.number().describe("From the first step to the last."),
  rowsPerSecond: z.number(),
  suppressedRows: count().describe("Rows that were left out to reach k."),
  copiedRows: count().describe("Rows that were copied from the lake as they lie."),
});

export const JOB_VIEW = z
  .object({
    job: z.string().describe("32 hex digits."),
    state: z.enum(["running", "done", "failed", "cancelled"]),
    order: z
      .object({
        dataset: z.string(),
        format: z.string(),
        from: moment().nullable(),
        to: moment().nullable(),
        columns: z.array(z.string()).optional(),
        where: z.string().optional(),
        newest: z.number().optional(),
        compression: z.string().optional(),
        profile: z.string().optional(),
        k: z.number().optional(),
        maxSuppressed: z.number().optional(),
      })
      .describe("As it was ordered; a time is null where there is no bound."),
    fileName: z.string(),
    contentType: z.string(),
    startedAt: moment(),
    endedAt: moment().nullable(),
    seenRows: count().describe("Rows that were looked at, of `mostRows` at the most."),
    mostRows: count(),
    bytes: count().describe("Of the file, so far."),
    stats: STATS.nullable().describe("When it is done."),
    failure: z.object({ reason: z.string(), message: z.string() }).nullable(),
    links: z.object({
      self: z.string(),
      events: z.string(),
      file: z.string().nullable().describe("When it is done."),
      privacy: z.string().nullable().describe("When there is a privacy report."),
    }),
  })
  .meta({ id: "ExportJob" });

export function jobPath(job: string): string {
  return `/v1/exports/${job}`;
}

export function privacyPath(job: string): string {
  return `${jobPath(job)}/privacy`;
}

export function jobView(job: ExportJob): JobView {
  const self = jobPath(job.job);
  return {
    job: job.job,
    state: job.state,
    order: orderView(job.order),
    fileName: job.fileName,
    contentType: job.contentType,
    startedAt: new Date(job.startedMs).toISOString(),
    endedAt: job.endedMs === null ? null : new Date(job.endedMs).toISOString(),
    seenRows: job.seenRows,
    mostRows: job.mostRows,
    bytes: job.bytes,
    stats: job.stats,
    failure: job.failure && { reason: job.failure.reason, message: job.failure.message },
    links: {
      self,
      events: `${self}/events`,
      file: job.state === "done" ? `${self}/file` : null,
      privacy: job.privacy === null ? null : privacyPath(job.job),
    },
  };
}

/** An order as the body of a request: what `orderFromJson` reads back. */
export function orderView({ fromMs, toMs, ...rest }: ExportOrder): OrderView {
  return { ...rest, from: isoTime(fromMs), to: isoTime(toMs) };
}

function isoTime(ms: number): string | null {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : null;
}
