/**
 * MessagePack in (https://github.com/msgpack/msgpack/blob/master/spec.md): one array of maps, or maps one after another.
 *
 * A row is a map of column names. Numbers may come in any width; 64-bit ones beyond 2^53 are exact. Moments are milliseconds, RFC 3339 text,
 * or the timestamp extension, of which what lies below a millisecond is cut off. `nil` is a missing value. A key twice: the last one counts.
 *
 * Nothing is trusted: a length is compared with what is left before anything of it is read; what is nested is passed over by counting, not by
 * recursion, and becomes no object; a map of very many keys is refused without reading them.
 */

import { BodyBytes } from "./body-bytes.ts";
import { BodyFault, type BodyPlace, type DecodeContext, type OpenBody } from "./decoder.ts";
import { MsgpackColumns } from "./msgpack-columns.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import type { RowBuilder } from "./row-builder.ts";
import { BuilderPlace, Malformed, RowDecoder, type RowSource, type SlowRow } from "./row-decoder.ts";
import type { TextCodes } from "./text-codes.ts";

/** Keys of a map at the most. */
const MAX_KEYS = 1024;

export function msgpackBody(context: DecodeContext): OpenBody {
  const bytes = new BodyBytes(context.kernels.memory);
  const builders = new BuilderPlace(context);
  const columns = new MsgpackColumns(context.dataset);
  return (body) => new RowDecoder(context, builders, new MsgpackRows(bytes, body, columns));
}

class MsgpackRows implements RowSource {
  readonly #reader: MsgpackReader;
  readonly #columns: MsgpackColumns;
  readonly #codes: readonly (TextCodes | undefined)[];
  /** Of the array that the body is; undefined: it is none. */
  readonly #rows: number | undefined;
  /** The column whose key came behind that of each column last, and at [columns] the first one. */
  readonly #next: Uint16Array;

  constructor(bytes: BodyBytes, body: BodyPlace, columns: MsgpackColumns) {
    const reader = new MsgpackReader(bytes, body, columns);
    this.#reader = reader;
    this.#columns = columns;
    this.#codes = columns.codesFor(bytes);
    this.#rows = reader.tryArray();
    const count = columns.names.length;
    this.#next = Uint16Array.from({ length: count + 1 }, (_, index) => (index < count - 1 ? index + 1 : 0));
  }

  get at(): number {
    return this.#reader.at;
  }

  set at(at: number) {
    this.#reader.at = at;
  }

  hasMore(row: number): boolean | BodyFault {
    const reader = this.#reader;
    const { left } = reader;
    if (this.#rows === undefined) return left > 0;
    if (row < this.#rows) return left > 0 ? true : reader.cut();
    return left === 0 ? false : reader.fault("the end of the body behind its array", `${left} bytes more`);
  }

  quick(builder: RowBuilder): boolean {
    const reader = this.#reader;
    const next = this.#next;
    const entries = reader.tryMap();
    let before = next.length - 1;
    for (let entry = 0; entry < entries; entry++) {
      const index = reader.tryKey(next[before]!);
      if (index < 0 || !reader.put(builder, index, this.#codes[index])) return false;
      next[before] = index;
      before = index;
    }
    return entries >= 0;
  }

  slow(): SlowRow | Malformed | BodyFault {
    const reader = this.#reader;
    const entries = reader.tryMap();
    if (entries < 0) {
      const value = reader.value(false, false);
      return value instanceof BodyFault || value instanceof Malformed ? value : { value };
    }
    const row: Record<string, unknown> = Object.create(null);
    let malformed =
      entries > MAX_KEYS
        ? new Malformed(`a map of at most ${MAX_KEYS} keys`, `one of ${entries}`)
        : undefined;
    if (malformed !== undefined) return reader.skip(entries * 2) ?? malformed;
    for (let entry = 0; entry < entries; entry++) {
      const key = reader.value(false, false);
      if (key instanceof BodyFault) return key;
      const isName = typeof key === "string";
      if (!isName) malformed ??= new Malformed("keys that are text in UTF-8", "a key that is not");
      const value = reader.value(isName && this.#columns.isWide(key), isName && this.#columns.isMoment(key));
      if (value instanceof BodyFault) return value;
      if (value instanceof Malformed)
        malformed ??= new Malformed(value.expected, value.got, isName && this.#columns.has(key) ? key : null);
      else if (isName) row[key] = value;
    }
    return malformed ?? { value: row };
  }
}
