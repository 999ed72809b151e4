/**
 * An export job as it is told over HTTP, and read back by who asks for it from afar. Times are ISO 8601 there, and null where
 * there is no bound; all else is as the exporter tells it.
 */

import type { ExportOrder } from "../actors/exporter/order.ts";
import type { ExportJob } from "../actors/exporter/protocol.ts";

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
