/** When who pushed is answered, and what he is told of rows that were given up on their way. */

import type { ActorContext, Reply } from "../../runtime/actor/types.ts";
import type { StoreAccount } from "../ledger.ts";
import { type Refused, refuse } from "../refused.ts";
import { rowsIn } from "../store/log/row-ranges.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { askReceipts } from "./catch-up.ts";
import type { KnownRequests, OnTheWay } from "./known-requests.ts";
import type { Acknowledgement, Pushed, Replayed, RequestKey } from "./protocol.ts";

/** A request whose rows are in the lane, or further. */
export interface Answerable extends OnTheWay {
  readonly store: StoreAccount;
  readonly request: RequestKey | null;
  readonly acknowledge: Acknowledgement;
  readonly answer: Pushed | Replayed;
}

export class Answers {
  readonly #context: ActorContext<never>;
  readonly #known: KnownRequests;
  readonly #acknowledgements: Acknowledgements;

  constructor(context: ActorContext<never>, known: KnownRequests) {
    this.#context = context;
    this.#known = known;
    this.#acknowledgements = new Acknowledgements(context);
  }

  /** Answers when the rows are on the disk, or at once who does not want to wait or has nothing to wait for. */
  give(asked: Answerable, reply: Reply): void {
    const { store, endSequence, acknowledge, answer } = asked;
    if (acknowledge === "memory" || endSequence === 0) reply(answer);
    else {
      this.#acknowledgements.add({ store, endSequence, reply, settle: () => this.#settle(asked, reply) });
    }
  }

  /**
   * Learns which rows of a request the log has, when some of those that were on their way may have been given up.
   * @returns false when that cannot be known yet
   */
  async makeSure(store: StoreAccount, key: string): Promise<boolean> {
    const known = this.#known;
    if (known.isSure(key, store)) return true;
    if (store.recorded < (known.onTheWay(key)?.endSequence ?? 0)) return false;
    const receipts = await askReceipts(this.#context, key);
    if (receipts !== undefined) known.learnOf(key, receipts);
    return receipts !== undefined;
  }

  end(): void {
    this.#acknowledgements.end();
  }

  #settle(asked: Answerable, reply: Reply): void {
    const { store, request, poisonBefore, endSequence, answer } = asked;
    if (store.counts().dropped.poison === poisonBefore) {
      if (request !== null) this.#known.stored(request.key, endSequence);
      reply(answer);
    } else if (request === null) reply(givenUp());
    else void this.#settleUnsure(asked, request.key, reply);
  }

  /** Rows were given up, maybe of this request: its receipts say. */
  async #settleUnsure({ store, answer }: Answerable, key: string, reply: Reply): Promise<void> {
    const isThere =
      (await this.makeSure(store, key)) && rowsIn(this.#known.rowsOf(key)) === acceptedBy(answer);
    reply(isThere ? answer : givenUp());
  }
}

/** Rows that are in the log when a request is answered. */
function acceptedBy(answer: Pushed | Replayed): number {
  return "accepted" in answer
    ? answer.accepted
    : answer.rejections.filter((rejection) => rejection === null).length;
}

export function givenUp(): Refused<"given-up"> {
  const what = "rows were given up on their way to the log, maybe these";
  return refuse("given-up", `${what}: see dead letters, and send them again`);
}
