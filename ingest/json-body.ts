/**
 * What the two JSON formats have in common: the kernel jsonRows reads a body as far as it can, and rows that it leaves are read one by one:
 * as a plain object, through the validator, into the table or to the rejections. So what becomes of a row does not depend on the way that it went.
 */

import { Buffer } from "node:buffer";
import { JSON_END, JSON_FAULT, JSON_FULL } from "../wasm/index.ts";
import { BodyBytes } from "./body-bytes.ts";
import { type BodyDecoder, BodyFault, type BodyPlace, type DecodeContext } from "./decoder.ts";
import { JsonPlan } from "./json-plan.ts";
import { RowBuilder } from "./row-builder.ts";
import { Malformed } from "./row-decoder.ts";
import { type PushTable, TABLE_ROWS } from "./table.ts";

/** A row that was read the slow way, and the place behind it. */
export interface FoundRow {
  readonly row: { readonly value: unknown } | Malformed;
  readonly behind: number;
}

/** How rows are told from each other. Places are byte offsets into the memory. */
export interface RowForm {
  readonly isArray: boolean;
  /** The row at `at`, whatever it is. */
  find(bytes: BodyBytes, at: number, end: number): FoundRow | BodyFault;
  /** What is wrong behind the last row, at `at`; undefined: nothing. */
  faultBehind(bytes: BodyBytes, at: number, end: number): BodyFault | undefined;
}

/** What is made once for a dataset, and serves all bodies of it. */
export class JsonTools {
  readonly context: DecodeContext;
  readonly bytes: BodyBytes;
  #table: PushTable | undefined;
  #plan: JsonPlan | undefined;
  #builder: RowBuilder | undefined;

  constructor(context: DecodeContext) {
    this.context = context;
    this.bytes = new BodyBytes(context.kernels.memory);
  }

  /** Those of the table that was filled last are kept. */
  of(table: PushTable): { readonly plan: JsonPlan; readonly builder: RowBuilder } {
    const { kernels } = this.context;
    if (this.#table !== table || this.#plan === undefined || this.#builder === undefined) {
      this.#table = table;
      this.#plan = new JsonPlan(kernels, table);
      this.#builder = new RowBuilder(kernels.memory, table);
    }
    return { plan: this.#plan, builder: this.#builder };
  }
}

export class JsonBody implements BodyDecoder {
  readonly #tools: JsonTools;
  readonly #form: RowForm;
  readonly #start: number;
  readonly #end: number;
  #at: number;
  /** Of an array: whether the place is behind an element, or at one. */
  #isBehind = false;
  #row = 0;

  /** @param at where its first row is looked for */
  constructor(tools: JsonTools, form: RowForm, body: BodyPlace, at: number) {
    this.#tools = tools;
    this.#form = form;
    this.#start = body.at;
    this.#end = body.at + body.bytes;
    this.#at = at;
  }

  /** Looks at no more than TABLE_ROWS bad rows, so that whoever asks can stop. */
  next(table: PushTable): "more" | "end" | BodyFault {
    const { kernels } = this.#tools.context;
    const { plan, builder } = this.#tools.of(table);
    const form = this.#form;
    table.clear();
    for (let slow = 0; ; slow++) {
      plan.set(this.#at, table.rows, form.isArray);
      const answer = kernels.jsonRows(plan.at, this.#end, this.#isBehind);
      while (table.rows < plan.rows) table.rowNumbers[table.rows++] = this.#row++;
      this.#at = plan.place;
      this.#isBehind = false;
      if (answer === JSON_END) return form.faultBehind(this.#tools.bytes, this.#at, this.#end) ?? "end";
      if (answer === JSON_FAULT) return this.#unclosed();
      if (answer === JSON_FULL || slow === TABLE_ROWS) return "more";
      const found = form.find(this.#tools.bytes, this.#at, this.#end);
      if (found instanceof BodyFault) return found;
      if (!settle(this.#tools.context, found.row, this.#row, builder)) return "more";
      this.#at = found.behind;
      this.#isBehind = form.isArray;
      this.#row++;
    }
  }

  #unclosed(): BodyFault {
    const got = this.#at < this.#end ? "something else" : "the body's end";
    return new BodyFault("a comma, or the bracket that ends the list", got, this.#at - this.#start);
  }
}

/** Puts a row into the table, or refuses it. False: the table is full, and nothing was done. */
export function settle(
  { rejected, validate }: DecodeContext,
  found: FoundRow["row"],
  row: number,
  builder: RowBuilder,
): boolean {
  if (found instanceof Malformed) {
    const { column, expected, got } = found;
    rejected.reject({ row, column, reason: "malformed", expected, got }, () => undefined);
    return true;
  }
  const { value } = found;
  const verdict = validate(value, row);
  if (verdict.ok) return builder.append(verdict.row, row);
  const { rejection } = verdict;
  rejected.reject(rejection, () =>
    rejection.reason === "not-an-object" ? undefined : (value as Readonly<Record<string, unknown>>),
  );
  return true;
}

/** The value that the bytes are in JSON; undefined: they are none. */
export function parseJson(
  bytes: BodyBytes,
  from: number,
  to: number,
): { readonly value: unknown } | undefined {
  const text = bytes.text(from, to);
  if (text === undefined) return undefined;
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    // The engine's message quotes the text, and may be any: of deep nesting as of a missing comma.
    return undefined;
  }
}

const BYTE_ORDER_MARK = Buffer.of(0xef, 0xbb, 0xbf);

/** Where a body's text begins: behind the mark that some programs write first. */
export function textStart({ u8 }: BodyBytes, { at, bytes }: BodyPlace): number {
  return bytes >= 3 && BYTE_ORDER_MARK.every((byte, index) => u8[at + index] === byte) ? at + 3 : at;
}
