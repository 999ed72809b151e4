/**
 * Requests that a sender makes: bodies of rows, some under a key. One under a key is sent again when it was not answered, by this process or the
 * next, and now and then though it was.
 */

import { Buffer } from "node:buffer";
import type { PushBody, Pushed, PushRefused } from "../../actors/intake/protocol.ts";
import type { Place } from "../../ingest/staging-area.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import type { OneProcess } from "./one-process.ts";
import type { Draw } from "./random.ts";
import type { MadeRows } from "./row-maker.ts";
import type { Trace } from "./trace.ts";

const ASK_WITHIN_MS = 30_000;
/** Of the requests under a key, how many are looked back. */
const LATEST = 8;

/** By then the intake has looked what is stored. */
const LOOKED_AFTER_MS = 10;

interface Request extends MadeRows {
  readonly id: number;
  readonly hasKey: boolean;
  readonly format: "ndjson" | "json";
  readonly body: Uint8Array;
  /** Its rows are on the disk, somebody said. */
  isStored: boolean;
  /** It does not fit into the lane, and never will. */
  isTooLarge: boolean;
}

export class Requests {
  readonly #draw: Draw;
  readonly #trace: Trace;
  readonly #acknowledged: Set<number>;
  readonly #keyed: Request[] = [];
  #ids = 0;
  #repeated = 0;
  /** What was not stored in the end. */
  #left: readonly Request[] = [];
  /** An answer that should not have been given. */
  #fault: string | undefined;

  /** @param acknowledged gets the numbers of rows that are on the disk */
  constructor(draw: Draw, trace: Trace, acknowledged: Set<number>) {
    this.#draw = draw;
    this.#trace = trace;
    this.#acknowledged = acknowledged;
  }

  /** Rows of requests that were found to be there already. */
  get repeated(): number {
    return this.#repeated;
  }

  /** Sends rows that were never sent before. */
  make(process: OneProcess, made: MadeRows): void {
    const hasKey = this.#draw.chance(0.7);
    const format = this.#draw.of(["ndjson", "json"] as const);
    const texts = made.rows.map((row) => JSON.stringify(row));
    const body = Buffer.from(format === "json" ? `[${texts.join(",")}]` : texts.join("\n"));
    const request: Request = {
      ...made,
      ...{ id: ++this.#ids, hasKey, format, body, isStored: false, isTooLarge: false },
    };
    if (hasKey) this.#keyed.push(request);
    this.#send(process, request, this.#draw.chance(0.1) ? "memory" : "disk");
  }

  /** Sends one of the latest requests under a key again, whatever became of it. */
  again(process: OneProcess): void {
    const latest = this.#keyed.slice(-LATEST);
    if (latest.length > 0) this.#send(process, this.#draw.of(latest), "disk");
  }

  /** Sends what is not stored until it is. @param letRun lets everything get through */
  async complete(process: OneProcess, letRun: () => Promise<void>): Promise<void> {
    for (let round = 0; round < 5; round++) {
      const open = this.#keyed.filter(({ isStored, isTooLarge }) => !isStored && !isTooLarge);
      for (const request of open) {
        this.#send(process, request, "disk");
        await letRun();
        process.clock.advance(LOOKED_AFTER_MS);
        await letRun();
      }
    }
    this.#left = this.#keyed.filter(({ isStored, isTooLarge }) => !isStored && !isTooLarge);
  }

  /** @param mayGiveUp whether rows may be given up on their way @throws Error for an answer that was wrong, or that never came */
  check(mayGiveUp: boolean): void {
    if (this.#fault !== undefined) throw new Error(this.#fault);
    const [left] = this.#left;
    if (!mayGiveUp && left !== undefined)
      throw new Error(`request ${left.id} was sent again and again, and is not stored`);
  }

  #send(process: OneProcess, request: Request, acknowledge: PushBody["acknowledge"]): void {
    const { id, dataset, rows, hasKey, format, body } = request;
    const place = process.staging.tryPlace(body);
    const under = hasKey ? `, request ${id}` : "";
    this.#trace.note(
      `${rows.length} rows are pushed to ${dataset}${under}${place === undefined ? ": no room" : ""}`,
    );
    if (place === undefined) return;
    const message: PushBody = {
      ...{ kind: "intake.body", packing: "identity", at: place.at, bytes: place.bytes },
      ...{ dataset, format, acknowledge },
      request: hasKey
        ? { key: id.toString(16).padStart(32, "0"), body: process.staging.checksumOf(place) }
        : null,
    };
    void process.system.ask<Pushed | PushRefused>("intake", message, ASK_WITHIN_MS).then((result) => {
      this.#giveBack(process, place, result);
      this.#heed(request, acknowledge, result);
    });
  }

  #giveBack({ staging }: OneProcess, place: Place, result: AskResult<unknown>): void {
    if (!result.ok && result.reason === "timed-out") staging.quarantine(place);
    else staging.release(place);
  }

  #heed(
    request: Request,
    acknowledge: PushBody["acknowledge"],
    result: AskResult<Pushed | PushRefused>,
  ): void {
    const { id, rows, numbers } = request;
    if (!result.ok) {
      this.#trace.note(`a push was not answered: ${result.reason}`);
      return;
    }
    const answer = result.value;
    if (!answer.ok) {
      this.#trace.note(`a push was refused: ${answer.reason}`);
      if (answer.reason === "too-large") request.isTooLarge = true;
      else if (answer.reason !== "lane-full" && answer.reason !== "given-up") this.#fail(id, answer.message);
      return;
    }
    const { accepted, rejected, repeated, fromSequence, toSequence } = answer;
    if (accepted !== rows.length || rejected !== 0)
      this.#fail(id, `${accepted} rows of ${rows.length} were accepted`);
    if (repeated + (toSequence ?? 0) - (fromSequence ?? 0) !== accepted) {
      this.#fail(
        id,
        `${repeated} of ${accepted} rows were repeated, numbers are ${fromSequence} to ${toSequence}`,
      );
    }
    this.#repeated += repeated;
    if (acknowledge === "memory") return;
    request.isStored = true;
    for (const number of numbers) this.#acknowledged.add(number);
  }

  #fail(id: number, what: string): void {
    this.#fault ??= `request ${id}: ${what}`;
  }
}
