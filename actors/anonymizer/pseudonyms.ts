/**
 * Pseudonyms of one dataset's identifiers, made by the HMAC kernel from the raw columns of a slot into its public columns.
 *
 * A pseudonym is the beginning of HMAC-SHA-256 (RFC 2104) of the value under a key of its kind, which is itself the
 * HMAC-SHA-256 of `millrace/pseudonym/v1/<kind>` under the data folder's key. So equal values of one kind have equal
 * pseudonyms in every dataset, and a value says nothing across kinds: a process named `1000` and a user numbered 1000 do not
 * meet. A text is hashed as its UTF-8 bytes, a number as its little-endian bytes; 64 bits of the result are kept (32 where
 * the source's schema has no room), read as a big-endian number: for a text, `int(hexdigest[:16], 16)` in Python.
 */

import { publicName } from "../../datasets/column.ts";
import type { Dataset } from "../../datasets/define.ts";
import type { Batch, Column } from "../../runtime/batch/index.ts";
import { type HashWidth, HMAC_STATE_BYTES, type Kernels } from "../../wasm/index.ts";
import { KEY_BYTES } from "./key.ts";

const LABEL = "millrace/pseudonym/v1/";
const LABEL_BYTES = 256;
/** Key, label, one digest and the offsets of one string: what `deriveKeys` works in. */
const WORK_BYTES = KEY_BYTES + LABEL_BYTES + 32 + 16 + HMAC_STATE_BYTES;

/** Bytes of shared memory that `deriveKeys` needs for this many kinds. */
export function keyScratchBytes(kinds: number): number {
  return WORK_BYTES + kinds * HMAC_STATE_BYTES;
}

/** Bytes of shared memory in which `createPseudonymizer` finds equal texts among `rows`. */
export function repeatsScratchBytes(rows: number): number {
  return (tableCapacity(rows) + rows + (rows & 1)) * 4;
}

/** The kinds of identifier that these datasets hold. */
export function identifierKinds(datasets: readonly Dataset[]): readonly string[] {
  const kinds = datasets.flatMap(({ columns }) =>
    Object.values(columns).flatMap((column) => (column.class === "identifier" ? [column.kind] : [])),
  );
  return [...new Set(kinds)].sort();
}

/**
 * Prepares one keyed state a kind.
 * @param scratch at least `keyScratchBytes(kinds.length)` bytes of shared memory, on a multiple of 8. Working space is wiped
 * @returns where each kind's state lies
 */
export function deriveKeys(
  kernels: Kernels,
  scratch: number,
  key: Uint8Array,
  kinds: readonly string[],
): ReadonlyMap<string, number> {
  const u8 = new Uint8Array(kernels.memory.buffer);
  const i32 = new Int32Array(kernels.memory.buffer);
  const statesAt = scratch + WORK_BYTES;
  const offsetsAt = scratch;
  const masterAt = offsetsAt + 16;
  const keyAt = masterAt + HMAC_STATE_BYTES;
  const digestAt = keyAt + KEY_BYTES;
  const labelAt = digestAt + 32;
  const states = new Map<string, number>();
  u8.set(key, keyAt);
  kernels.hmacKey(keyAt, KEY_BYTES, masterAt);
  kinds.forEach((kind, index) => {
    const label = new TextEncoder().encode(LABEL + kind);
    if (label.byteLength > LABEL_BYTES) throw new RangeError(`the kind ${kind} is too long`);
    u8.set(label, labelAt);
    i32[offsetsAt >>> 2] = 0;
    i32[(offsetsAt >>> 2) + 1] = label.byteLength;
    kernels.hmacBytes(masterAt, labelAt, offsetsAt, 0, 1, digestAt, 32);
    const stateAt = statesAt + index * HMAC_STATE_BYTES;
    kernels.hmacKey(digestAt, 32, stateAt);
    states.set(kind, stateAt);
  });
  kernels.wipe(scratch, WORK_BYTES);
  return states;
}

interface Step {
  readonly raw: Column;
  readonly public: Column;
  readonly state: number;
  readonly width: HashWidth;
}

/**
 * Makes the function that fills the pseudonym columns of a raw batch of `dataset`. It reads raw columns, writes public ones. A text
 * that is there several times is hashed once: programs and services are few, their rows many.
 * @param scratch `repeatsScratchBytes` of the dataset's largest batch, on a multiple of 8; numbers of rows are kept there, no texts
 */
export function createPseudonymizer(
  kernels: Kernels,
  dataset: Dataset,
  states: ReadonlyMap<string, number>,
  scratch: number,
): (batch: Batch) => void {
  const steps = Object.entries(dataset.columns).flatMap(([name, column]): Step[] => {
    if (column.class !== "identifier") return [];
    const state = states.get(column.kind);
    if (state === undefined)
      throw new RangeError(`no key was derived for identifiers of kind ${column.kind}`);
    const width = (column.pseudonym ?? "u64") === "u32" ? 4 : 8;
    const target = dataset.plan.public(publicName(name, column));
    return [{ raw: dataset.plan.raw(name), public: target, state, width }];
  });
  const capacity = tableCapacity(dataset.batchRows);
  const firstsAt = scratch + capacity * 4;
  return (batch) => {
    const { rows } = batch;
    for (const { raw, public: target, state, width } of steps) {
      const validity = batch.validityAt(raw);
      const values = batch.dataAt(raw);
      const out = batch.dataAt(target);
      if (raw.type === "utf8") {
        const texts = batch.textAt(raw);
        kernels.firstsOf(texts, values, validity, rows, scratch, capacity, firstsAt);
        kernels.hmacBytes(state, texts, values, validity, rows, out, width, firstsAt);
      } else {
        kernels.hmacNumbers(state, values, raw.type === "u32" ? 4 : 8, validity, rows, out, width);
      }
      // A missing identifier stays missing.
      if (validity !== 0)
        batch.views.u8.copyWithin(batch.validityAt(target), validity, validity + ((rows + 7) >>> 3));
    }
  };
}

/** At least twice as many places as rows, so that a search is short. */
function tableCapacity(rows: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(2, rows * 2)));
}
