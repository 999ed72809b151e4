/**
 * Holds the store while exports read it: each is a holder of its own, from before it looks at the manifest until it is over,
 * so that what one reads is not kept any longer because another one began.
 */

import type { ActorContext } from "../../runtime/actor/types.ts";
import type { Timer } from "../../runtime/clock.ts";
import { HOLD_MS, KEEPER, type KeeperReplies } from "../keeper/protocol.ts";

/** The keeper answers between two steps of what it is at. */
const ANSWER_MS = 10_000;
const RENEW_MS = HOLD_MS / 3;

export class StoreHold {
  readonly #context: ActorContext<never>;
  readonly #holders = new Set<string>();
  #renewing: Timer | undefined;

  constructor(context: ActorContext<never>) {
    this.#context = context;
  }

  /**
   * Holds the store for `holder`. Without a keeper there is nothing to hold it from.
   * @returns false when the keeper is there and does not answer
   */
  async take(holder: string): Promise<boolean> {
    this.#holders.add(holder);
    this.#renewing ??= this.#context.every(RENEW_MS, () => this.#renew(), RENEW_MS);
    if (await this.#ask(holder)) return true;
    this.release(holder);
    return false;
  }

  /** Lets go. May be called again. */
  release(holder: string): void {
    if (!this.#holders.delete(holder)) return;
    this.#tell({ kind: "keeper.release", holder });
    if (this.#holders.size > 0) return;
    this.#renewing?.cancel();
    this.#renewing = undefined;
  }

  async #ask(holder: string): Promise<boolean> {
    try {
      const hold = { kind: "keeper.hold", holder };
      const answer = await this.#context.ask<KeeperReplies["keeper.hold"]>(KEEPER, hold, ANSWER_MS);
      return answer.ok || answer.reason === "closed";
    } catch (error) {
      if (isNobody(error)) return true;
      throw error;
    }
  }

  #renew(): void {
    for (const holder of this.#holders) this.#tell({ kind: "keeper.hold", holder });
  }

  /** What does not get there is made up for: by the next renewal, or by the keeper's own deadline. */
  #tell(message: { readonly kind: string; readonly holder: string }): void {
    try {
      this.#context.tell(KEEPER, message);
    } catch (error) {
      if (!isNobody(error)) throw error;
    }
  }
}

/** A system that was built without a keeper. */
function isNobody(error: unknown): boolean {
  return error instanceof RangeError;
}
