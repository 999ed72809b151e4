/** The names of a row's columns, encoded one behind the other as MessagePack's texts. */

const FIXSTR = 0xa0;
const STR8 = 0xd9;
const STR32 = 0xdb;
const WORD_BYTES = 4;

export class Names {
  readonly names: readonly string[];
  /** For each: how many bytes its encoding takes, and these in words, the last one filled up with zeros. */
  readonly words: Int32Array;

  constructor(names: readonly string[]) {
    this.names = names;
    this.words = Int32Array.from(names.flatMap(wordsOf));
  }
}

function wordsOf(name: string): number[] {
  const text = new TextEncoder().encode(name);
  const { length } = text;
  const long = [STR32, length >>> 24, length >>> 16, length >>> 8, length];
  const head = length < 32 ? [FIXSTR | length] : length < 0x100 ? [STR8, length] : long;
  const bytes = head.length + length;
  const encoded = new Uint8Array(Math.ceil(bytes / WORD_BYTES) * WORD_BYTES);
  encoded.set(head);
  encoded.set(text, head.length);
  const view = new DataView(encoded.buffer);
  const words = Array.from({ length: encoded.length / WORD_BYTES }, (_, index) =>
    view.getInt32(index * WORD_BYTES, true),
  );
  return [bytes, ...words];
}
