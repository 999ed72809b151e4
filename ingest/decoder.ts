/**
 * From a body's bytes to tables of rows: what the decoder of each format is.
 *
 * A decoder is opened on one body and asked for table after table until it says `end`. What it hands on is well-formed by type: numbers
 * in number columns, codes of a category's values, whole UTF-8. Whether values are within their bounds, and whether all are there that
 * must be, is not its business: check-columns.ts looks at all formats alike.
 *
 * A row that a decoder cannot read in its format's quick way, it reads in the slow one: as a plain object through the validator of
 * datasets/validate.ts, which is what says of any row whether it is good, and why not. So quick and slow ways differ in nothing but time, and
 * a test compares them.
 *
 * A body that cannot be taken apart into rows at all is a fault, and none of its rows is taken.
 */

import type { Dataset } from "../datasets/define.ts";
import type { Rejection } from "../datasets/rejection.ts";
import type { RowValidator } from "../datasets/validate.ts";
import type { Kernels } from "../wasm/index.ts";
import type { PushTable } from "./table.ts";

/** A body's format. `json`: an array of objects, or one object. `ndjson`: an object a line. `csv`: with a header. `arrow`: the IPC stream. */
export const PUSH_FORMATS = ["ndjson", "json", "csv", "msgpack", "protobuf", "arrow"] as const;
export type PushFormat = (typeof PUSH_FORMATS)[number];

/** Where a body lies in the shared memory: on a multiple of 64, and with 64 bytes behind it that may be read and mean nothing. */
export interface BodyPlace {
  readonly at: number;
  readonly bytes: number;
}

/** Why a body is no body of its format: where, what was expected, what came. Nothing of its content. */
export class BodyFault {
  readonly expected: string;
  readonly got: string;
  /** Byte of the body, from 0; null: it is the body as a whole. */
  readonly at: number | null;

  constructor(expected: string, got: string, at: number | null = null) {
    this.expected = expected;
    this.got = got;
    this.at = at;
  }
}

/** A pushed row as a plain object, as its sender had it: for the dead letters. Undefined: it was never one. */
export type RawRow = Readonly<Record<string, unknown>> | undefined;

/** Takes what is refused. */
export interface RejectionSink {
  /** @param row called at once or never: making the object takes time */
  reject(rejection: Rejection, row: () => RawRow): void;
}

export interface DecodeContext {
  readonly kernels: Kernels;
  readonly dataset: Dataset;
  readonly validate: RowValidator;
  readonly rejected: RejectionSink;
}

export interface BodyDecoder {
  /**
   * Clears `table` and fills it with the next rows, at most TABLE_ROWS, with their `rowNumbers`. Rows that it cannot hand on
   * it has rejected. `more`: ask again (the table may be empty). `end`: that was all.
   */
  next(table: PushTable): "more" | "end" | BodyFault;
}

/** Opens a decoder on a body. Nothing is kept between bodies but what is made once for a dataset. */
export type OpenBody = (body: BodyPlace) => BodyDecoder | BodyFault;

/** One format's way in. Made once for a dataset. */
export type DecoderFactory = (context: DecodeContext) => OpenBody;
