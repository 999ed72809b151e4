/**
 * Takes rows of dead letters into one dataset: checked against its declaration of today, filled and derived as pushed ones are, and
 * written through the same door; but for identifiers, which are pseudonyms already (replay-dataset.ts, replay-writer.ts).
 *
 * Rows that are refused again are counted nowhere: they were when they came. Those that are accepted are received once more, and stored.
 */

import type { Dataset } from "../../datasets/define.ts";
import type { Rejection } from "../../datasets/rejection.ts";
import { createRowValidator, type RowValidator } from "../../datasets/validate.ts";
import { createDeriver, type Deriver } from "../../ingest/derive.ts";
import { fillDefaults } from "../../ingest/fill-defaults.ts";
import { RowBuilder } from "../../ingest/row-builder.ts";
import { PushTable } from "../../ingest/table.ts";
import type { ActorContext } from "../../runtime/actor/types.ts";
import type { Door } from "../door.ts";
import type { StoreAccount } from "../ledger.ts";
import { refuse } from "../refused.ts";
import { writtenSeconds } from "../store/log/log-format.ts";
import { Claims } from "./claims.ts";
import type { KnownRequests, OnTheWay } from "./known-requests.ts";
import { MAX_REPLAY_ROWS, type PushRefused, type Replayed, type ReplayRows } from "./protocol.ts";
import { replayDataset, replayRowOf } from "./replay-dataset.ts";
import { createReplayWriter } from "./replay-writer.ts";

export interface ReplayTaken extends OnTheWay {
  readonly ok: true;
  /** For who waits until its rows are stored. */
  readonly answer: Replayed;
}

/** What rows go through, of the dataset as it is pushed. */
export interface ReplayParts {
  readonly dataset: Dataset;
  readonly door: Door;
  readonly store: StoreAccount;
  readonly known: KnownRequests;
  /** `replayTableBytes` of the shared memory, on a multiple of 64: one for all datasets, as one replays after the other. */
  readonly tableAt: number;
}

const LANE_FULL_RETRY_MS = 1000;

export class ReplayedDataset {
  readonly #parts: ReplayParts;
  readonly #clock: ActorContext<never>["clock"];
  readonly #rowOf: ReturnType<typeof replayRowOf>;
  readonly #validate: RowValidator;
  readonly #derive: Deriver;
  readonly #table: PushTable;
  readonly #builder: RowBuilder;
  readonly #claims: Claims;
  #rejections: (Rejection | null)[] = [];

  constructor(context: ActorContext<never>, parts: ReplayParts) {
    const { dataset, door, tableAt } = parts;
    const kept = replayDataset(dataset);
    const { clock, memory } = context;
    const rejected = { reject: (rejection: Rejection) => this.#reject(rejection) };
    this.#parts = parts;
    this.#clock = clock;
    this.#rowOf = replayRowOf(dataset);
    this.#validate = createRowValidator(kept);
    this.#derive = createDeriver({ dataset: kept, rejected }, () => clock.monotonicMs());
    this.#table = new PushTable(memory, kept, tableAt);
    this.#builder = new RowBuilder(memory, this.#table);
    this.#claims = new Claims(context, dataset, door, createReplayWriter(memory, dataset));
  }

  /** Takes all good rows that are not there yet, or none. */
  take({ rows, request }: ReplayRows): ReplayTaken | PushRefused {
    if (rows.length > MAX_REPLAY_ROWS)
      return refuse("too-large", `at most ${MAX_REPLAY_ROWS} rows are replayed at once; came ${rows.length}`);
    const { door, store, known, dataset } = this.#parts;
    const nowMs = this.#clock.nowMs();
    this.#fill(rows, nowMs);
    this.#claims.begin(request, known.rowsOf(request.key));
    this.#claims.add(this.#table, nowMs);
    const { accepted, fresh, isFull } = this.#claims;
    if (isFull) {
      this.#claims.abandon();
      const message = `the lane of ${dataset.name} is full; none of these rows was taken: try again in a moment`;
      return { ...refuse("lane-full", message), retryAfterMs: LANE_FULL_RETRY_MS };
    }
    const from = door.account.published;
    const poisonBefore = store.counts().dropped.poison;
    this.#claims.publish({});
    if (fresh > 0) {
      const rowsOf = { dataset: dataset.name, firstRow: 0, rows: accepted, seconds: writtenSeconds(nowMs) };
      known.published(request, rowsOf, { endSequence: from + fresh, poisonBefore });
    }
    const way = known.onTheWay(request.key) ?? { endSequence: 0, poisonBefore };
    return { ok: true, answer: { ok: true, rejections: this.#rejections }, ...way };
  }

  /** Brings the good rows into the table. */
  #fill(rows: ReplayRows["rows"], nowMs: number): void {
    this.#table.clear();
    this.#rejections = rows.map(() => null);
    for (const [number, row] of rows.entries()) {
      const verdict = this.#validate(this.#rowOf(row), number);
      if (!verdict.ok) this.#reject(verdict.rejection);
      else if (!this.#builder.append(verdict.row, number))
        throw new Error("a table has no room for its rows");
    }
    fillDefaults(this.#table, nowMs);
    this.#derive(this.#table, nowMs);
  }

  #reject(rejection: Rejection): void {
    this.#rejections[rejection.row] = rejection;
  }
}
