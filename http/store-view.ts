/** What the store holds, as it is told over HTTP: times are ISO 8601 there. And read back by who asks from afar. */

import { z } from "zod";
import type { KeeperReplies } from "../actors/keeper/protocol.ts";
import { count, moment } from "./schemas.ts";

type StoreStats = KeeperReplies["keeper.stats"]["stats"];
type DatasetStats = StoreStats["datasets"][number];

export type DatasetView = Omit<DatasetStats, "firstMs" | "lastMs"> & {
  /** Event times of the first and the last row; null when there is none. */
  readonly first: string | null;
  readonly last: string | null;
};

export type StoreView = Omit<StoreStats, "datasets"> & { readonly datasets: readonly DatasetView[] };

const RATE = z.number().nullable();

export const STORE_VIEW: z.ZodType<StoreView> = z
  .object({
    datasets: z.array(
      z.object({
        dataset: z.string(),
        rows: count().describe("Rows that can be read: in the lake, and in the log and not in the lake."),
        lakeRows: count(),
        logRows: count(),
        lakeBytes: count(),
        lakeFiles: count(),
        logBytes: count(),
        first: moment().nullable().describe("Event time of the first row; null: there is none."),
        last: moment().nullable().describe("Event time of the last row."),
        bytesPerMinute: RATE.describe(
          "Bytes in the lake by minute of the hours that they are of; null: it has none.",
        ),
        expired: count().describe("Rows that the retention has removed."),
        thinned: count().describe("Rows that were left out to save space."),
      }),
    ),
    totalBytes: count().describe("Of all files of the store."),
    bytesPerMinute: RATE.describe("Of all datasets together."),
    segments: count().describe("Files of the log."),
  })
  .meta({ id: "Store" });

export function storeView({ datasets, ...totals }: StoreStats): StoreView {
  return {
    ...totals,
    datasets: datasets.map(({ firstMs, lastMs, ...rest }) => ({
      ...rest,
      first: firstMs === null ? null : new Date(firstMs).toISOString(),
      last: lastMs === null ? null : new Date(lastMs).toISOString(),
    })),
  };
}

export function storeStats({ datasets, ...totals }: StoreView): StoreStats {
  return {
    ...totals,
    datasets: datasets.map(({ first, last, ...rest }) => ({
      ...rest,
      firstMs: first === null ? null : Date.parse(first),
      lastMs: last === null ? null : Date.parse(last),
    })),
  };
}
