/**
 * What is attacked: every number of 64 bits that stands anywhere in what was collected, whether anybody meant it as a pseudonym or not. In
 * binary files that is each eight bytes, wherever they begin; in texts each long number, decimal or hexadecimal.
 */

import type { Haystack } from "../haystacks.ts";

const FEWEST_SLOTS = 2 ** 16;

/** Numbers of 64 bits as two words. Those below 2^32 are not in it: they are most of what no pseudonym is. */
export class Numbers64 {
  size = 0;
  #highs = new Uint32Array(FEWEST_SLOTS);
  #lows = new Uint32Array(FEWEST_SLOTS);

  add(high: number, low: number): void {
    if (high === 0) return;
    if (this.size * 2 >= this.#highs.length) this.#grow();
    const slot = this.#slot(high, low);
    if (this.#highs[slot] !== 0) return;
    this.#highs[slot] = high;
    this.#lows[slot] = low;
    this.size++;
  }

  addBig(value: bigint): void {
    this.add(Number((value >> 32n) & 0xffffffffn), Number(value & 0xffffffffn));
  }

  has(high: number, low: number): boolean {
    return high !== 0 && this.#highs[this.#slot(high, low)] !== 0;
  }

  hasBig(value: bigint): boolean {
    return this.has(Number((value >> 32n) & 0xffffffffn), Number(value & 0xffffffffn));
  }

  #slot(high: number, low: number): number {
    const mask = this.#highs.length - 1;
    let slot = (Math.imul(high ^ Math.imul(low, 0x9e3779b1), 0x85ebca6b) >>> 7) & mask;
    while (this.#highs[slot] !== 0 && (this.#highs[slot] !== high || this.#lows[slot] !== low))
      slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [highs, lows] = [this.#highs, this.#lows];
    this.#highs = new Uint32Array(highs.length * 2);
    this.#lows = new Uint32Array(highs.length * 2);
    this.size = 0;
    for (let slot = 0; slot < highs.length; slot++) this.add(highs[slot]!, lows[slot]!);
  }
}

export function numbersIn(haystacks: readonly Haystack[]): Numbers64 {
  const numbers = new Numbers64();
  for (const { bytes } of haystacks) {
    if (bytes.includes(0)) addWindows(numbers, bytes);
    else addTexts(numbers, bytes.toString("latin1"));
  }
  return numbers;
}

/** As they lie: whoever looks for one tries both orders of its bytes. */
function addWindows(numbers: Numbers64, bytes: Buffer): void {
  let [high, low] = [0, 0];
  for (let at = 0; at < bytes.byteLength; at++) {
    high = ((high << 8) | (low >>> 24)) >>> 0;
    low = ((low << 8) | bytes[at]!) >>> 0;
    if (at >= 7) numbers.add(high, low);
  }
}

function addTexts(numbers: Numbers64, text: string): void {
  for (const [digits] of text.matchAll(/(?<!\d)\d{12,20}(?!\d)/g))
    numbers.addBig(BigInt.asUintN(64, BigInt(digits)));
  for (const [digits] of text.matchAll(/(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])/gi))
    numbers.addBig(BigInt(`0x${digits}`));
}

/** Places in what was collected that hold one of the words as it is, at most `most` of them. Words are at least six characters. */
export function wordsIn(haystacks: readonly Haystack[], words: ReadonlySet<string>, most = 5): string[] {
  const lengths = new Map<string, Set<number>>();
  for (const word of words) {
    const head = word.slice(0, HEAD);
    const known = lengths.get(head);
    if (known === undefined) lengths.set(head, new Set([word.length]));
    else known.add(word.length);
  }
  // A first look at three bytes: most places have none that a word begins with.
  const begins = new Uint8Array(2 ** 24);
  for (const head of lengths.keys()) {
    begins[(head.charCodeAt(0) << 16) | (head.charCodeAt(1) << 8) | head.charCodeAt(2)] = 1;
  }
  const found: string[] = [];
  for (const { where, bytes } of haystacks) {
    let three = 0;
    for (let at = 0; at < bytes.byteLength && found.length < most; at++) {
      three = ((three << 8) | bytes[at]!) & 0xffffff;
      if (begins[three] === 0) continue;
      const from = at - 2;
      for (const length of lengths.get(bytes.toString("latin1", from, from + HEAD)) ?? []) {
        const text = bytes.toString("latin1", from, from + length);
        if (words.has(text)) found.push(`${text} at byte ${from} of ${where}`);
      }
    }
  }
  return found;
}

const HEAD = 6;
