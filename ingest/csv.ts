/**
 * CSV in (RFC 4180), with a header line. Where the RFC leaves or is given room:
 *
 * - Names in the header are those of the declaration, in any order; a column that is not there is missing in every row. A name that is not
 *   declared, or comes twice, is a fault of the body.
 * - Lines end in "\n" or "\r\n"; the last one need not. Empty lines are passed over. A byte order mark is, too.
 * - An empty field is a missing value, `""` an empty text. Quotes do not tell text from numbers.
 * - Numbers are written as JSON has them; `nan`, `inf` and `-inf`, as our exports write them, are read and refused as what they are. 64-bit numbers are
 *   exact. `bool` is true or false, or True or False as Python has it. Moments are RFC 3339 or milliseconds since 1970.
 * - A row with too few or too many fields, or a quote in a field that does not begin with one, is malformed. A quote that is never closed
 *   is a fault of the body: nobody knows what was meant to be a row.
 */

import { BodyBytes } from "./body-bytes.ts";
import { type CsvColumn, csvColumns, putField } from "./csv-cells.ts";
import { CsvFields } from "./csv-fields.ts";
import { CsvHeader } from "./csv-header.ts";
import { BodyFault, type BodyPlace, type DecodeContext, type OpenBody } from "./decoder.ts";
import type { RowBuilder } from "./row-builder.ts";
import { BuilderPlace, Malformed, RowDecoder, type RowSource, type SlowRow } from "./row-decoder.ts";
import { TextCodes } from "./text-codes.ts";

const COMMA = 44;
const LINE_FEED = 10;
const RETURN = 13;
const QUOTE = 34;

export function csvBody(context: DecodeContext): OpenBody {
  const bytes = new BodyBytes(context.kernels.memory);
  const builders = new BuilderPlace(context);
  const header = new CsvHeader(csvColumns(context.dataset));
  return (body) => {
    const fields = new CsvFields(bytes, body);
    const columns = header.read(fields);
    if (columns instanceof BodyFault) return columns;
    return new RowDecoder(context, builders, new CsvRows(bytes, body, fields, columns));
  };
}

class CsvRows implements RowSource {
  at: number;
  readonly #bytes: BodyBytes;
  readonly #end: number;
  readonly #fields: CsvFields;
  /** In the order of the header. */
  readonly #columns: readonly CsvColumn[];
  readonly #codes: readonly (TextCodes | undefined)[];

  constructor(bytes: BodyBytes, body: BodyPlace, fields: CsvFields, columns: readonly CsvColumn[]) {
    this.at = fields.at;
    this.#bytes = bytes;
    this.#end = body.at + body.bytes;
    this.#fields = fields;
    this.#columns = columns;
    this.#codes = columns.map(({ codes }) => (codes === undefined ? undefined : new TextCodes(bytes, codes)));
  }

  hasMore(): boolean {
    const { u8 } = this.#bytes;
    const end = this.#end;
    let at = this.at;
    for (; at < end; at++) {
      if (u8[at] === LINE_FEED) continue;
      if (u8[at] !== RETURN || u8[at + 1] !== LINE_FEED || at + 1 === end) break;
    }
    this.at = at;
    return at < end;
  }

  quick(builder: RowBuilder): boolean {
    const { u8 } = this.#bytes;
    const end = this.#end;
    const columns = this.#columns;
    const last = columns.length - 1;
    let at = this.at;
    for (let place = 0; ; place++) {
      let from = at;
      let to: number;
      let isMissing = false;
      if (at < end && u8[at] === QUOTE) {
        from++;
        for (at++; at < end && u8[at] !== QUOTE; at++);
        to = at++;
        if (to >= end) return false;
      } else {
        for (; at < end; at++) {
          const byte = u8[at]!;
          if (byte === COMMA || byte === LINE_FEED || byte === QUOTE) break;
        }
        to = at;
        if (place === last && to > from && u8[to - 1] === RETURN && u8[at] === LINE_FEED && at < end) {
          to--;
          at--;
        }
        isMissing = to === from;
      }
      if (!isMissing && !putField(this.#bytes, builder, columns[place]!, this.#codes[place], from, to))
        return false;
      if (place < last) {
        if (at >= end || u8[at] !== COMMA) return false;
        at++;
        continue;
      }
      if (at < end) {
        if (u8[at] === RETURN && at + 1 < end) at++;
        if (u8[at++] !== LINE_FEED) return false;
      }
      this.at = at;
      return true;
    }
  }

  slow(): SlowRow | Malformed | BodyFault {
    const fields = this.#fields;
    const columns = this.#columns;
    fields.at = this.at;
    // A prototype could have been given by name.
    const row: Record<string, unknown> = Object.create(null);
    let count = 0;
    let malformed: Malformed | undefined;
    for (let isLast = false; !isLast; count++) {
      const came = fields.next();
      if (came instanceof BodyFault) return came;
      isLast = came === "last";
      const column = columns[count];
      if (column === undefined || malformed !== undefined) continue;
      const { name } = column;
      if (fields.isOdd) {
        malformed = new Malformed("fields quoted as a whole or not at all", "a quote within a field", name);
        continue;
      }
      if (fields.isMissing) continue;
      const text = fields.text();
      if (text === undefined) malformed = new Malformed("text in UTF-8", "bytes that are not UTF-8", name);
      else row[name] = column.valueOf(text);
    }
    this.at = fields.at;
    if (count !== columns.length)
      return new Malformed(`${columns.length} fields, as the header has`, String(count));
    return malformed ?? { value: row };
  }
}
