/** What the store holds, as it is told over HTTP: times are ISO 8601 there. And read back by who asks from afar. */

import type { KeeperReplies } from "../actors/keeper/protocol.ts";

type StoreStats = KeeperReplies["keeper.stats"]["stats"];
type DatasetStats = StoreStats["datasets"][number];

export type DatasetView = Omit<DatasetStats, "firstMs" | "lastMs"> & {
  /** Event times of the first and the last row; null when there is none. */
  readonly first: string | null;
  readonly last: string | null;
};

export type StoreView = Omit<StoreStats, "datasets"> & { readonly datasets: readonly DatasetView[] };

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
