/** What the ledger and the windower's meters tell of the store, as the keeper needs it. */

import type { Dataset } from "../../datasets/define.ts";
import { type LedgerSpec, StoreAccount } from "../ledger.ts";
import type { WindowMetersSpec } from "../resources.ts";
import { readWindowMeter } from "../window-meters.ts";
import type { StoreFacts } from "./housekeeping.ts";

/** @param windows undefined: there is no windower */
export function storeFacts(
  memory: WebAssembly.Memory,
  ledger: LedgerSpec,
  windows: WindowMetersSpec | undefined,
  datasets: readonly Dataset[],
): StoreFacts {
  const accounts = new Map(datasets.map(({ name }) => [name, new StoreAccount(memory, ledger, name)]));
  return {
    recorded: (dataset) => accounts.get(dataset)?.counts().recorded ?? 0,
    readFrom(dataset) {
      if (windows === undefined) return Number.POSITIVE_INFINITY;
      const own = datasets.filter(({ derived }) => derived?.from === dataset);
      // Until a windower says from where on it would read, it may be from the first row on.
      const froms = own.map(({ name }) => Math.max(1, readWindowMeter(memory, windows, name).readFrom) - 1);
      return Math.min(Number.POSITIVE_INFINITY, ...froms);
    },
  };
}
