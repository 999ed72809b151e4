/**
 * Pseudonyms of groups: as those of other identifiers are made (actors/anonymizer/pseudonyms.ts), one at a time. What was made is
 * remembered for a while, in memory alone, as a group comes again and again: a hash takes a microsecond, finding it a tenth of that.
 */

import { HMAC_STATE_BYTES, type Kernels } from "../../wasm/index.ts";
import { deriveKeys, keyScratchBytes } from "../anonymizer/pseudonyms.ts";
import { GROUP_KIND, MAX_GROUP_CHARACTERS } from "./protocol.ts";

/** UTF-8 of the longest name; two offsets; the pseudonym. */
const TEXT_BYTES = 3 * MAX_GROUP_CHARACTERS;
const KEYS_BYTES = Math.ceil(keyScratchBytes(1) / 8) * 8;
/** Shared memory that it works in, a multiple of 8. */
export const GROUP_SCRATCH_BYTES = KEYS_BYTES + TEXT_BYTES + 16;
/** Names that are remembered, in each of two generations. */
const REMEMBERED = 16_384;

export class GroupPseudonyms {
  readonly #kernels: Kernels;
  readonly #u8: Uint8Array;
  readonly #u32: Uint32Array;
  readonly #u64: BigUint64Array;
  readonly #state: number;
  readonly #textAt: number;
  readonly #encoder = new TextEncoder();
  #young = new Map<string, string>();
  #old = new Map<string, string>();

  /** @param scratch GROUP_SCRATCH_BYTES of shared memory, on a multiple of 8. @param key left as it is */
  constructor(kernels: Kernels, scratch: number, key: Uint8Array) {
    this.#kernels = kernels;
    const { buffer } = kernels.memory;
    this.#u8 = new Uint8Array(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#u64 = new BigUint64Array(buffer);
    this.#state = deriveKeys(kernels, scratch, key, [GROUP_KIND]).get(GROUP_KIND)!;
    this.#textAt = scratch + KEYS_BYTES;
  }

  /** Sixteen hex digits. @param group at most MAX_GROUP_CHARACTERS */
  of(group: string): string {
    const known = this.#young.get(group) ?? this.#old.get(group);
    const pseudonym = known ?? this.#make(group);
    if (known === undefined || !this.#young.has(group)) this.#remember(group, pseudonym);
    return pseudonym;
  }

  /** Forgets names that did not come since the last time. */
  forget(): void {
    this.#old = this.#young;
    this.#young = new Map();
  }

  /** Forgets everything, the key too. */
  end(): void {
    this.#young.clear();
    this.#old.clear();
    this.#kernels.wipe(this.#state, HMAC_STATE_BYTES);
  }

  #remember(group: string, pseudonym: string): void {
    if (this.#young.size === REMEMBERED) this.forget();
    this.#young.set(group, pseudonym);
  }

  #make(group: string): string {
    // Into memory of its own first: an encoder does not write into a shared one.
    const text = this.#encoder.encode(group);
    const offsetsAt = this.#textAt + TEXT_BYTES;
    const outAt = offsetsAt + 8;
    this.#u8.set(text, this.#textAt);
    this.#u32[offsetsAt / 4] = 0;
    this.#u32[offsetsAt / 4 + 1] = text.byteLength;
    this.#kernels.hmacBytes(this.#state, this.#textAt, offsetsAt, 0, 1, outAt, 8);
    this.#kernels.wipe(this.#textAt, TEXT_BYTES);
    return this.#u64[outAt / 8]!.toString(16).padStart(16, "0");
  }
}
