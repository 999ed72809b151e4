/** A request key as four words, big end first, as its hex digits are written. */

export const KEY_BYTES = 16;

/** @throws RangeError for a key that is not 32 hex digits */
export function putKey(words: Uint32Array, at: number, key: string): void {
  if (!/^[0-9a-f]{32}$/.test(key)) throw new RangeError("a request key is 32 hex digits in lower case");
  for (let word = 0; word < 4; word++) {
    words[at + word] = Number.parseInt(key.slice(word * 8, word * 8 + 8), 16);
  }
}

export function keyText(words: Uint32Array, at: number): string {
  let key = "";
  for (let word = 0; word < 4; word++) key += words[at + word]!.toString(16).padStart(8, "0");
  return key;
}
