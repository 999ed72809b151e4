/** What the ledger tells of the store, as the keeper needs it. */

import type { Dataset } from "../../datasets/define.ts";
import { WINDOW_MS } from "../../datasets/windows.ts";
import { type LedgerSpec, StoreAccount } from "../ledger.ts";
import type { StoreFacts } from "./housekeeping.ts";

export function storeFacts(
  memory: WebAssembly.Memory,
  ledger: LedgerSpec,
  datasets: readonly Dataset[],
): StoreFacts {
  const accounts = new Map(datasets.map(({ name }) => [name, new StoreAccount(memory, ledger, name)]));
  const windows = new Map(
    datasets.flatMap(({ name, derivedFrom }) => (derivedFrom ? [[derivedFrom, name]] : [])),
  );
  return {
    recorded: (dataset) => accounts.get(dataset)?.counts().recorded ?? 0,
    windowedUpToMs(dataset) {
      const account = accounts.get(windows.get(dataset) ?? "");
      return account === undefined ? Number.POSITIVE_INFINITY : windowsEnd(account.latestMs);
    },
  };
}

/**
 * End of the last window that is stored whole.
 * @param latestMs largest event time of the windows' batches; that of a batch which ends a window is the window's last
 * millisecond, that of one which another was to follow is its start
 */
function windowsEnd(latestMs: number): number {
  const startMs = Math.floor(latestMs / WINDOW_MS) * WINDOW_MS;
  return latestMs === startMs ? startMs : startMs + WINDOW_MS;
}
