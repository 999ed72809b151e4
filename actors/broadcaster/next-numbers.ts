/**
 * Number of the next row of each dataset, as the broadcaster has seen it. It is known before the first batch comes, so that a
 * tap can be told where it begins: kept in the actor's own bytes of the shared memory, which outlive it, and at first what the
 * ledger says, as doors go on there.
 */

import type { Dataset } from "../../datasets/define.ts";
import type { ActorContext } from "../../runtime/actor/types.ts";
import { viewsOf } from "../../runtime/batch/index.ts";
import { StoreAccount } from "../ledger.ts";
import { resourcesOf } from "../resources.ts";

export class NextNumbers {
  readonly #names: readonly string[];
  readonly #numbers: Float64Array;

  /** @param context of an actor that has `nextNumbersBytes` of scratch memory; with none they are forgotten with it */
  constructor(context: ActorContext<never>, datasets: readonly Dataset[]) {
    const { memory, scratch } = context;
    this.#names = datasets.map(({ name }) => name);
    this.#numbers =
      scratch > 0
        ? viewsOf(memory.buffer).f64.subarray(scratch >>> 3, (scratch >>> 3) + datasets.length)
        : new Float64Array(datasets.length);
    // A system of a test may have no ledger.
    const { ledger } = resourcesOf(context) as { readonly ledger?: ReturnType<typeof resourcesOf>["ledger"] };
    if (ledger === undefined) return;
    for (const [index, name] of this.#names.entries()) {
      if (this.#numbers[index] === 0) {
        this.#numbers[index] = new StoreAccount(memory, ledger, name).recorded;
      }
    }
  }

  of(dataset: string): number {
    return this.#numbers[this.#names.indexOf(dataset)]!;
  }

  set(dataset: string, next: number): void {
    this.#numbers[this.#names.indexOf(dataset)] = next;
  }

  all(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#names.map((name, index) => [name, this.#numbers[index]!]));
  }
}

export function nextNumbersBytes(datasets: readonly Dataset[]): number {
  return datasets.length * 8;
}
