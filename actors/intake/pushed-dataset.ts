/** All that the intake has of one dataset that rows are pushed into. */

import type { Dataset } from "../../datasets/define.ts";
import { createTableWriter } from "../../ingest/write-table.ts";
import type { ActorContext } from "../../runtime/actor/types.ts";
import { Door } from "../door.ts";
import { StoreAccount } from "../ledger.ts";
import { refuse } from "../refused.ts";
import { kernelsOf, resourcesOf } from "../resources.ts";
import type { RequestLetters } from "./intake-letters.ts";
import type { KnownRequests } from "./known-requests.ts";
import type { PushRefused } from "./protocol.ts";
import { WipedTable } from "./push-table.ts";
import { RowQuota } from "./quota.ts";
import { RequestTaker, type RequestTakerParts } from "./request-taker.ts";

export interface PushedDatasetOptions {
  /** Infinity: as many as come. */
  readonly rowsPerSecond: number;
  readonly letters: RequestLetters;
  /** `wipedTableBytes(dataset)` bytes of the shared memory, on a multiple of 64. */
  readonly tableAt: number;
  readonly known: KnownRequests;
}

export class PushedDataset {
  readonly parts: RequestTakerParts;
  readonly taker: RequestTaker;

  /** Opens the dataset's door. */
  constructor(context: ActorContext<never>, dataset: Dataset, options: PushedDatasetOptions) {
    const { letters, known, rowsPerSecond, tableAt } = options;
    this.parts = {
      ...{ dataset, letters, known },
      door: new Door(context, dataset),
      store: new StoreAccount(context.memory, resourcesOf(context).ledger, dataset.name),
      quota: new RowQuota(rowsPerSecond, context.clock),
      table: new WipedTable(kernelsOf(context), dataset, tableAt),
      writer: createTableWriter(context.memory, dataset),
    };
    this.taker = new RequestTaker(context, this.parts);
  }

  /** Refuses who comes too early: nothing of the request has been looked at. */
  overQuota(): PushRefused | undefined {
    const { dataset, quota } = this.parts;
    const retryAfterMs = quota.waitMs();
    if (retryAfterMs === 0) return undefined;
    const why = `more rows of ${dataset.name} came than its quota allows; none of these was taken`;
    const seconds = Math.ceil(retryAfterMs / 1000);
    return { ...refuse("quota", `${why}: send them again in ${seconds} s`), retryAfterMs };
  }
}
