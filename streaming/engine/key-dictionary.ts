/**
 * The groups' keys as the program has them, each under the number that stands for it in the windows.
 *
 * **Bounded.** It holds at most `limit` keys, and forgets those that no window can be of any more. For that there are two
 * generations: a key that comes is young; when event time has passed all windows that the old ones can be in, the old ones go
 * and the young ones are old. No key is looked at one by one. Event time is followed here item by item, so that batches do not show
 * in which key there is room for; the windows of a batch come out behind that, so what goes is known by its number until they have.
 *
 * Numbers are given out in the order that keys first come in, and never again: 1, 2, 3 …
 */

import type { StateReader, StateWriter } from "../../windowing/state.ts";

export type Key = string | number | bigint;

const STRING = 0;
const NUMBER = 1;
const BIGINT = 2;

export interface KeyDictionaryOptions {
  /** Keys at once. */
  readonly limit: number;
  /** How long after its last item a key can be in a window that comes out. */
  readonly keptMs: number;
  readonly disorderMs: number;
}

/** A number that is given out no more. */
interface Leaving {
  readonly number: number;
  /** Windows of it are out when the watermark is there. */
  readonly outMs: number;
}

export class KeyDictionary {
  readonly #options: KeyDictionaryOptions;
  #young = new Map<Key, number>();
  #old = new Map<Key, number>();
  #leaving: Leaving[] = [];
  /** Of all three. */
  readonly #keys = new Map<number, Key>();
  #next = 1;
  #latestMs = Number.NEGATIVE_INFINITY;
  /** Event time at which the old generation goes. */
  #turnMs = Number.NEGATIVE_INFINITY;

  constructor(options: KeyDictionaryOptions) {
    this.#options = options;
  }

  /** Follows event time: an item of this time comes. */
  see(timeMs: number): void {
    if (timeMs <= this.#latestMs) return;
    this.#latestMs = timeMs;
    if (timeMs >= this.#turnMs) this.#turn();
  }

  /** The number of a key; 0 when there is no room for one more. */
  numberOf(key: Key): number {
    return this.#young.get(key) ?? this.#rejuvenated(key);
  }

  /** @param number one that came out of a window */
  keyOf(number: number): Key {
    const key = this.#keys.get(number);
    if (key === undefined) throw new Error(`key ${number} was forgotten while a window was still of it`);
    return key;
  }

  /** All items so far are in windows, and those windows out that the watermark has passed. */
  pass(watermarkMs: number): void {
    if (this.#leaving.length === 0) return;
    const [out, staying] = parted(this.#leaving, ({ outMs }) => outMs <= watermarkMs);
    for (const { number } of out) this.#keys.delete(number);
    this.#leaving = staying;
  }

  /** Event time began anew, from `latestMs` on: what was open is out. */
  beginAnew(latestMs: number): void {
    this.#latestMs = latestMs;
    this.#turn();
    const outMs = this.#turnMs;
    this.#leaving = this.#leaving.map(({ number }) => ({ number, outMs }));
  }

  /** Nothing is open any more. */
  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#leaving = [];
    this.#keys.clear();
    this.#latestMs = this.#turnMs = Number.NEGATIVE_INFINITY;
  }

  save(out: StateWriter): void {
    out.f64(this.#next);
    out.f64(this.#latestMs);
    out.f64(this.#turnMs);
    for (const generation of [this.#old, this.#young]) {
      out.u32(generation.size);
      for (const [key, number] of generation) {
        out.f64(number);
        writeKey(out, key);
      }
    }
    out.u32(this.#leaving.length);
    for (const { number, outMs } of this.#leaving) {
      out.f64(number);
      out.f64(outMs);
      writeKey(out, this.keyOf(number));
    }
  }

  load(from: StateReader): void {
    this.clear();
    this.#next = from.f64();
    this.#latestMs = from.f64();
    this.#turnMs = from.f64();
    for (const generation of [this.#old, this.#young]) {
      for (let left = from.u32(); left > 0; left--) {
        const number = from.f64();
        const key = readKey(from);
        generation.set(key, number);
        this.#keys.set(number, key);
      }
    }
    for (let left = from.u32(); left > 0; left--) {
      const leaving = { number: from.f64(), outMs: from.f64() };
      this.#leaving.push(leaving);
      this.#keys.set(leaving.number, readKey(from));
    }
  }

  #rejuvenated(key: Key): number {
    let number = this.#old.get(key);
    if (number !== undefined) {
      this.#old.delete(key);
    } else {
      if (this.#young.size + this.#old.size >= this.#options.limit) return 0;
      number = this.#next++;
      this.#keys.set(number, key);
    }
    this.#young.set(key, number);
    return number;
  }

  /** The young generation, of which no item lies after the latest, is the old one now. */
  #turn(): void {
    const { keptMs, disorderMs } = this.#options;
    const outMs = this.#turnMs - disorderMs;
    for (const number of this.#old.values()) this.#leaving.push({ number, outMs });
    this.#old = this.#young;
    this.#young = new Map();
    this.#turnMs = this.#latestMs + keptMs + disorderMs;
  }
}

function parted<E>(list: readonly E[], isFirst: (element: E) => boolean): [E[], E[]] {
  const parts: [E[], E[]] = [[], []];
  for (const element of list) parts[isFirst(element) ? 0 : 1].push(element);
  return parts;
}

export function writeKey(out: StateWriter, key: Key): void {
  if (typeof key === "number") {
    out.u8(NUMBER);
    out.f64(key);
  } else {
    out.u8(typeof key === "string" ? STRING : BIGINT);
    writeText(out, String(key));
  }
}

export function readKey(from: StateReader): Key {
  const type = from.u8();
  if (type === NUMBER) return from.f64();
  const text = readText(from);
  return type === BIGINT ? BigInt(text) : text;
}

/** As UTF-16, so that text that is no well-formed Unicode comes back as it was. */
export function writeText(out: StateWriter, text: string): void {
  out.u32(text.length);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    out.u8(unit & 0xff);
    out.u8(unit >>> 8);
  }
}

export function readText(from: StateReader): string {
  let text = "";
  for (let left = from.u32(); left > 0; left--) text += String.fromCharCode(from.u8() | (from.u8() << 8));
  return text;
}
