/** Which reader brings the values of an Arrow column into a table's column. */

import type { TableColumn } from "../table.ts";
import type { TextCodeRules } from "../text-codes.ts";
import type { ColumnReader, ReaderContext } from "./column-reader.ts";
import type { Dictionaries } from "./dictionaries.ts";
import { CodeReader, EntryReader } from "./dictionary-reader.ts";
import { MomentReader } from "./moment-reader.ts";
import { NumberReader } from "./number-reader.ts";
import { SameReader } from "./same-reader.ts";
import type { ArrowField } from "./schema.ts";
import { TextReader } from "./text-reader.ts";
import { isMoment, isText, type SourceType } from "./types.ts";
import { TextCodeReader, WideValueReader } from "./value-reader.ts";

/** Of a column that has no values. */
const NULL_READER: Omit<ColumnReader, "place"> = { append: () => undefined, raw: () => undefined };

/** @param rules of the dataset's categories, by column */
export function readerOf(
  context: ReaderContext,
  { type, dictionary, column: index }: ArrowField,
  column: TableColumn,
  dictionaries: Dictionaries,
  rules: readonly (TextCodeRules | undefined)[],
): ColumnReader {
  if (type === "null") return { place: { rows: 0, validityAt: 0, dataAt: 0, textAt: 0 }, ...NULL_READER };
  if (dictionary !== undefined) {
    const entries = dictionaries.get(dictionary.id, dictionary.values);
    if (column.type === "category") return new CodeReader(context, entries, dictionary.index, rules[index]!);
    const texts = new EntryReader(context, entries, dictionary.index, column);
    return column.type === "utf8" ? texts : new WideValueReader(context, texts, column);
  }
  if (isText(type)) {
    if (column.type === "category") return new TextCodeReader(context, type, rules[index]!);
    const texts = new TextReader(context, type, column);
    return column.type === "utf8" ? texts : new WideValueReader(context, texts, column);
  }
  if (isSame(type, column)) return new SameReader(context, type);
  return isMoment(type) ? new MomentReader(context, type) : new NumberReader(context, type, column);
}

/** Whether values of that type lie as the column has them. */
function isSame(type: SourceType, { type: own }: TableColumn): boolean {
  // Whole milliseconds.
  if (own === "timestamp") return type === "milliseconds" || type === "i64";
  return type === own;
}
