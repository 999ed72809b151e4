/** The taps that there are, by what they are and by number. A tap without a reader is gone. */

import type { Dataset } from "../../datasets/define.ts";
import { type Refused, refuse } from "../refused.ts";
import { fnv1a } from "./positions.ts";
import { MAX_TAPS, type TapRefusal, type TapSpec } from "./protocol.ts";
import type { Reader } from "./reader.ts";
import { Tap } from "./tap.ts";
import type { openTapEncoding, TapEncoding } from "./tap-encoding.ts";

export type OpenEncoding = (
  spec: TapSpec,
  datasets: readonly Dataset[],
) => ReturnType<typeof openTapEncoding>;

export class Taps {
  readonly #openEncoding: (spec: TapSpec) => TapEncoding | Refused<TapRefusal>;
  readonly #byKey = new Map<string, Tap>();
  readonly #byNumber = new Map<number, Tap>();
  readonly #byDataset = new Map<string, Set<Tap>>();

  constructor(openEncoding: (spec: TapSpec) => TapEncoding | Refused<TapRefusal>) {
    this.#openEncoding = openEncoding;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Those of a dataset: the very set, which changes. */
  of(dataset: string): ReadonlySet<Tap> {
    let taps = this.#byDataset.get(dataset);
    if (taps === undefined) {
      taps = new Set();
      this.#byDataset.set(dataset, taps);
    }
    return taps;
  }

  wantsPositions(dataset: string): boolean {
    for (const { spec } of this.of(dataset)) if (spec.positions) return true;
    return false;
  }

  /** Has the reader given what the tap brings. */
  join(spec: TapSpec, reader: Reader): { readonly ok: true; readonly tap: Tap } | Refused<TapRefusal> {
    const key = tapKey(spec);
    let tap = this.#byKey.get(key);
    if (tap === undefined) {
      if (this.size >= MAX_TAPS) {
        return refuse(
          "too-many",
          `${MAX_TAPS} streams differ from each other, which is the most; try again later`,
        );
      }
      const encoding = this.#openEncoding(spec);
      if (!encoding.ok) return encoding;
      tap = new Tap({ number: this.#numberFor(key), spec, encoding });
      this.#byKey.set(key, tap);
      this.#byNumber.set(tap.number, tap);
      (this.of(spec.dataset) as Set<Tap>).add(tap);
    }
    tap.readers.add(reader);
    return { ok: true, tap };
  }

  leave(number: number, reader: Reader): void {
    const tap = this.#byNumber.get(number);
    if (tap === undefined) return;
    tap.readers.delete(reader);
    if (tap.readers.size > 0) return;
    this.#byKey.delete(tapKey(tap.spec));
    this.#byNumber.delete(number);
    (this.of(tap.spec.dataset) as Set<Tap>).delete(tap);
  }

  leaveAll(reader: Reader): void {
    for (const number of [...this.#byNumber.keys()]) this.leave(number, reader);
  }

  /** Made from what the tap is, so that it has the same number after a restart, and clients that know it need not be told. */
  #numberFor(key: string): number {
    let number = fnv1a(key);
    while (this.#byNumber.has(number)) number = (number + 1) >>> 0;
    return number;
  }
}

/** Two taps are one when this is the same. */
export function tapKey({ dataset, format, framing, columns, where, positions }: TapSpec): string {
  return JSON.stringify([dataset, format, framing, columns, where, positions]);
}
