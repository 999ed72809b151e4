/**
 * Pseudonyms of identifiers one at a time, under the same keys and by the same kernels as the anonymizer makes those of batches
 * (actors/anonymizer/pseudonyms.ts): an identifier in a dead letter has the pseudonym that it would have had in the log.
 */

import type { IdentifierColumn } from "../../datasets/column.ts";
import { type Dataset, maxTextBytes } from "../../datasets/define.ts";
import type { RowValue } from "../../datasets/row.ts";
import { utf8Length, writeUtf8 } from "../../datasets/utf8.ts";
import { alignUp } from "../../runtime/arena.ts";
import { HMAC_STATE_BYTES, type Kernels } from "../../wasm/index.ts";
import { deriveKeys, identifierKinds, keyScratchBytes } from "../anonymizer/pseudonyms.ts";

/** Two offsets, or a number; the pseudonym. */
const SMALL_BYTES = 16;

/** Shared memory that the pseudonyms of these datasets are made in, a multiple of 8. */
export function valueScratchBytes(datasets: readonly Dataset[]): number {
  return keysBytes(datasets) + SMALL_BYTES + textBytes(datasets);
}

export class ValuePseudonyms {
  readonly #kernels: Kernels;
  readonly #u8: Uint8Array;
  readonly #u32: Uint32Array;
  readonly #u64: BigUint64Array;
  readonly #states: ReadonlyMap<string, number>;
  readonly #smallAt: number;
  readonly #textAt: number;

  /** @param scratch `valueScratchBytes(datasets)` bytes of shared memory, on a multiple of 8. @param key left as it is */
  constructor(kernels: Kernels, scratch: number, key: Uint8Array, datasets: readonly Dataset[]) {
    this.#kernels = kernels;
    const { buffer } = kernels.memory;
    this.#u8 = new Uint8Array(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#u64 = new BigUint64Array(buffer);
    this.#states = deriveKeys(kernels, scratch, key, identifierKinds(datasets));
    this.#smallAt = scratch + keysBytes(datasets);
    this.#textAt = this.#smallAt + SMALL_BYTES;
  }

  /** As decimal text. @param value one that the column accepts @throws RangeError for a kind that these datasets do not have */
  of({ kind, type, pseudonym = "u64" }: IdentifierColumn, value: RowValue): string {
    const state = this.#states.get(kind);
    if (state === undefined) throw new RangeError(`no key was derived for identifiers of kind ${kind}`);
    const width = pseudonym === "u32" ? 4 : 8;
    const outAt = this.#smallAt + 8;
    if (type === "utf8") this.#hashText(state, String(value), outAt, width);
    else this.#hashNumber(state, BigInt(value as number | bigint), type === "u32" ? 4 : 8, outAt, width);
    return String(width === 4 ? this.#u32[outAt / 4]! : this.#u64[outAt / 8]!);
  }

  /** Forgets the keys. */
  end(): void {
    for (const state of this.#states.values()) this.#kernels.wipe(state, HMAC_STATE_BYTES);
  }

  #hashText(state: number, text: string, outAt: number, width: 4 | 8): void {
    const bytes = utf8Length(text);
    writeUtf8(this.#u8, this.#textAt, text);
    this.#u32[this.#smallAt / 4] = 0;
    this.#u32[this.#smallAt / 4 + 1] = bytes;
    this.#kernels.hmacBytes(state, this.#textAt, this.#smallAt, 0, 1, outAt, width);
    this.#kernels.wipe(this.#textAt, alignUp(bytes, 8));
  }

  #hashNumber(state: number, value: bigint, valueBytes: 4 | 8, outAt: number, width: 4 | 8): void {
    this.#u64[this.#smallAt / 8] = value;
    this.#kernels.hmacNumbers(state, this.#smallAt, valueBytes, 0, 1, outAt, width);
    this.#u64[this.#smallAt / 8] = 0n;
  }
}

function keysBytes(datasets: readonly Dataset[]): number {
  return alignUp(keyScratchBytes(identifierKinds(datasets).length), 8);
}

function textBytes(datasets: readonly Dataset[]): number {
  const longest = datasets.flatMap(({ columns }) => Object.values(columns).map(maxTextBytes));
  return alignUp(Math.max(0, ...longest), 8);
}
