/**
 * Takes requests into one dataset, one after the other: table after table is decoded, filled, checked, derived and written into claimed slots;
 * at the end all of it is shown to the lane, or nothing.
 */

import type { Dataset } from "../../datasets/define.ts";
import { createRowValidator } from "../../datasets/validate.ts";
import { type ColumnChecker, createColumnChecker } from "../../ingest/check-columns.ts";
import {
  type BodyDecoder,
  BodyFault,
  type BodyPlace,
  type DecodeContext,
  type OpenBody,
  type PushFormat,
} from "../../ingest/decoder.ts";
import { createDeriver, type Deriver } from "../../ingest/derive.ts";
import { fillDefaults } from "../../ingest/fill-defaults.ts";
import { decoders } from "../../ingest/index.ts";
import { RowBuilder } from "../../ingest/row-builder.ts";
import type { TableWriter } from "../../ingest/write-table.ts";
import type { ActorContext } from "../../runtime/actor/types.ts";
import type { Door } from "../door.ts";
import type { StoreAccount } from "../ledger.ts";
import { refuse } from "../refused.ts";
import { kernelsOf } from "../resources.ts";
import { writtenSeconds } from "../store/log/log-format.ts";
import { NO_ROWS_YET } from "../store/log/row-ranges.ts";
import { Claims } from "./claims.ts";
import type { RequestLetters } from "./intake-letters.ts";
import type { KnownRequests, OnTheWay } from "./known-requests.ts";
import { decodeObjects } from "./objects-decoder.ts";
import { MAX_PUSH_ROWS, type Pushed, type PushRefused, type RequestKey } from "./protocol.ts";
import type { WipedTable } from "./push-table.ts";
import type { RowQuota } from "./quota.ts";
import { RequestRejections } from "./rejections.ts";

/** When there is room in the lane again, nobody knows; soon. */
const LANE_FULL_RETRY_MS = 1000;

/** What became of a request of which nothing was refused as a whole. */
export interface Taken extends OnTheWay {
  readonly ok: true;
  /** For who waits until its rows are stored, or for who does not. */
  readonly answer: Pushed;
}

export interface RequestTakerParts {
  /** What rows are checked by. */
  readonly dataset: Dataset;
  readonly door: Door;
  readonly store: StoreAccount;
  readonly known: KnownRequests;
  readonly quota: RowQuota;
  /** Gets what is refused. */
  readonly letters: RequestLetters;
  readonly table: WipedTable;
  readonly writer: TableWriter;
}

export class RequestTaker {
  readonly #context: ActorContext<never>;
  readonly #parts: RequestTakerParts;
  readonly #rejections: RequestRejections;
  readonly #decode: DecodeContext;
  readonly #open = new Map<PushFormat, OpenBody>();
  readonly #builder: RowBuilder;
  readonly #claims: Claims;
  readonly #check: ColumnChecker;
  readonly #derive: Deriver;

  constructor(context: ActorContext<never>, parts: RequestTakerParts) {
    const { dataset, table, door, writer, letters } = parts;
    const kernels = kernelsOf(context);
    this.#context = context;
    this.#parts = parts;
    this.#rejections = new RequestRejections(letters);
    this.#decode = { kernels, dataset, validate: createRowValidator(dataset), rejected: this.#rejections };
    this.#builder = new RowBuilder(context.memory, table.table);
    this.#claims = new Claims(context, dataset, door, writer);
    this.#check = createColumnChecker(this.#decode);
    this.#derive = createDeriver(this.#decode, () => context.clock.monotonicMs());
  }

  /** Opens a body in one of the formats. */
  decoder(format: PushFormat, body: BodyPlace): BodyDecoder | BodyFault {
    let open = this.#open.get(format);
    if (open === undefined) {
      open = decoders[format](this.#decode);
      this.#open.set(format, open);
    }
    return open(body);
  }

  /** Rows that are objects. */
  objects(rows: readonly unknown[]): BodyDecoder {
    return decodeObjects(this.#decode, this.#builder, rows);
  }

  /**
   * Takes all good rows of a request that are not there yet, or none.
   * @param open called once the rejections of the request before are out of the way
   */
  take(open: () => BodyDecoder | BodyFault, request: RequestKey | null): Taken | PushRefused {
    const { known, table, letters } = this.#parts;
    const isKnown = request !== null && known.bodyOf(request.key) !== undefined;
    this.#rejections.clear();
    this.#claims.begin(request, request === null ? NO_ROWS_YET : known.rowsOf(request.key));
    table.begin();
    try {
      const refused = this.#write(open);
      if (refused === undefined) return this.#publish(request, isKnown);
      this.#claims.abandon();
      letters.forget();
      return refused;
    } finally {
      table.wipe();
    }
  }

  /** Writes all rows into claimed slots. @returns why none of them can be taken */
  #write(open: () => BodyDecoder | BodyFault): PushRefused | undefined {
    const decoder = open();
    if (decoder instanceof BodyFault) return badBody(decoder);
    const { table } = this.#parts.table;
    const nowMs = this.#context.clock.nowMs();
    for (let step: ReturnType<BodyDecoder["next"]> = "more"; step !== "end"; ) {
      step = decoder.next(table);
      if (step instanceof BodyFault) return badBody(step);
      fillDefaults(table, nowMs);
      this.#check(table);
      this.#derive(table, nowMs);
      this.#claims.add(table, nowMs);
      if (this.#claims.accepted + this.#rejections.count > MAX_PUSH_ROWS) return tooManyRows();
    }
    return this.#claims.isFull ? this.#laneFull() : undefined;
  }

  #laneFull(): PushRefused {
    const { fresh, slots } = this.#claims;
    const { dataset, door } = this.#parts;
    const { name } = dataset;
    // One slot is always kept back.
    const most = this.#context.lane(name).slots - 1;
    if (slots > most) {
      const message = `these ${fresh} rows of ${name} make ${slots} batches, more than the ${most} that fit into its lane: send them in parts`;
      return refuse("too-large", message);
    }
    // The bad rows are answered for when the good ones are sent again.
    door.dropLaneFull(fresh);
    const message = `the lane of ${name} is full; none of the rows was taken: send them again in a moment`;
    return { ...refuse("lane-full", message), retryAfterMs: LANE_FULL_RETRY_MS };
  }

  #publish(request: RequestKey | null, isKnown: boolean): Taken {
    const { accepted, repeated, fresh } = this.#claims;
    const { first, reasons, count } = this.#rejections;
    const { dataset, door, store, letters, quota, known } = this.#parts;
    const { clock } = this.#context;
    const from = door.account.published;
    const poisonBefore = store.counts().dropped.poison;
    // A request that was here as a whole has had its bad rows counted, and their letters made.
    const isRepetition = isKnown && fresh === 0;
    this.#claims.publish(isRepetition ? {} : reasons);
    const end = from + fresh;
    if (isRepetition) letters.forget();
    else {
      letters.send(clock.nowMs());
      quota.take(fresh + count);
    }
    // Who has nothing in the lane waits for nothing.
    let way: OnTheWay = { endSequence: fresh === 0 ? 0 : end, poisonBefore };
    if (request !== null) {
      const seconds = writtenSeconds(clock.nowMs());
      const rows = { dataset: dataset.name, firstRow: 0, rows: accepted, seconds };
      if (!isRepetition) known.published(request, rows, way);
      way = known.onTheWay(request.key) ?? { endSequence: 0, poisonBefore };
    }
    const answer: Pushed = {
      ...{ ok: true, accepted, rejected: count, rejections: first, reasons },
      fromSequence: fresh === 0 ? null : from,
      toSequence: fresh === 0 ? null : end,
      repeated,
    };
    return { ok: true, answer, ...way };
  }
}

function badBody({ expected, got, at }: BodyFault): PushRefused {
  const where = at === null ? "the body" : `the body at byte ${at}`;
  return refuse("bad-body", `${where}: expected ${expected}; came ${got}. None of its rows was taken`);
}

function tooManyRows(): PushRefused {
  return refuse(
    "too-large",
    `at most ${MAX_PUSH_ROWS} rows can be pushed at once; came more, and none was taken: send them in parts`,
  );
}
