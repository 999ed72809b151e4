/**
 * The conservation ledger: for each dataset, received = stored + rejected + dropped + in flight, at all times.
 *
 * The two sides are counted by different actors that share no counter. The **door** (whoever writes the dataset's lane)
 * counts what came and what it refused; the **store** (the recorder) counts what is in the log. What is in flight follows
 * from sequence numbers, not from either count: `published - recorded`. So the sum is a check and not a definition.
 *
 * Each side changes several figures at once, within a version that is odd meanwhile (a seqlock): a reader that met a change
 * looks again. Counts are doubles with one writing thread each, whole and exact below 2^53.
 */

import type { Arena } from "../runtime/arena.ts";
import { BLOCK_BYTES, type LedgerSpec } from "./ledger/block.ts";

export type { LedgerSpec } from "./ledger/block.ts";
export { DoorAccount } from "./ledger/door-account.ts";
export {
  type CarriedCounts,
  DOOR_DROPS,
  type RecoveredCounts,
  type RejectedRows,
  STORE_DROPS,
} from "./ledger/figures.ts";
export { type LedgerRow, readLedger } from "./ledger/read-ledger.ts";
export { StoreAccount } from "./ledger/store-account.ts";

/** Makes room for the ledger of these datasets. */
export function placeLedger(arena: Arena, datasets: readonly string[]): LedgerSpec {
  return { offset: arena.allocate(datasets.length * 2 * BLOCK_BYTES, "the ledger"), datasets };
}
