/**
 * What the decoders of row formats have in common: a row is read in its quick way, cell by cell into the table; a row for which that does not
 * go is read again as a plain object, and the validator says what becomes of it.
 */

import type { BodyDecoder, DecodeContext } from "./decoder.ts";
import { BodyFault } from "./decoder.ts";
import { RowBuilder } from "./row-builder.ts";
import { type PushTable, TABLE_ROWS } from "./table.ts";

/** What a row is that can be told from its neighbours, but is none of its format. */
export class Malformed {
  readonly expected: string;
  readonly got: string;
  readonly column: string | null;

  constructor(expected: string, got: string, column: string | null = null) {
    this.expected = expected;
    this.got = got;
    this.column = column;
  }
}

/** A row as its sender had it: an object, if it is any. */
export interface SlowRow {
  readonly value: unknown;
}

/** Reads one body row by row. */
export interface RowSource {
  /** Byte of the shared memory that is read next. Set back to the beginning of a row, it reads that row again. */
  at: number;
  /** Whether there is another row; `at` is where it begins then. @param row how many there were before */
  hasMore(row: number): boolean | BodyFault;
  /** Reads a row into the builder, and moves behind it. False: that does not go, and `at` may be anywhere. */
  quick(builder: RowBuilder): boolean;
  /** Reads any row, and moves behind it. */
  slow(): SlowRow | Malformed | BodyFault;
}

/** A place for the builder of the table that was filled last: one a decoder factory. */
export class BuilderPlace {
  #builder: RowBuilder | undefined;
  readonly #memory: WebAssembly.Memory;

  constructor({ kernels }: DecodeContext) {
    this.#memory = kernels.memory;
  }

  of(table: PushTable): RowBuilder {
    if (this.#builder?.table !== table) this.#builder = new RowBuilder(this.#memory, table);
    return this.#builder;
  }
}

export class RowDecoder implements BodyDecoder {
  readonly #context: DecodeContext;
  readonly #builders: BuilderPlace;
  readonly #source: RowSource;
  #row = 0;

  constructor(context: DecodeContext, builders: BuilderPlace, source: RowSource) {
    this.#context = context;
    this.#builders = builders;
    this.#source = source;
  }

  /** Looks at no more than TABLE_ROWS rows, good or bad, so that whoever asks can stop. */
  next(table: PushTable): "more" | "end" | BodyFault {
    const source = this.#source;
    const builder = this.#builders.of(table);
    table.clear();
    for (let looked = 0; ; looked++) {
      const more = source.hasMore(this.#row);
      if (more instanceof BodyFault) return more;
      if (!more) return "end";
      if (looked === TABLE_ROWS || !builder.begin(this.#row)) return "more";
      const start = source.at;
      if (source.quick(builder)) {
        builder.commit();
      } else {
        builder.rewind();
        source.at = start;
        if (builder.isFull) return "more";
        const outcome = this.#slow(builder);
        if (outcome instanceof BodyFault) return outcome;
        if (outcome === "full") {
          source.at = start;
          return "more";
        }
      }
      this.#row++;
    }
  }

  #slow(builder: RowBuilder): "done" | "full" | BodyFault {
    const { rejected, validate } = this.#context;
    const row = this.#row;
    const slow = this.#source.slow();
    if (slow instanceof BodyFault) return slow;
    if (slow instanceof Malformed) {
      const { column, expected, got } = slow;
      rejected.reject({ row, column, reason: "malformed", expected, got }, () => undefined);
      return "done";
    }
    const { value } = slow;
    const verdict = validate(value, row);
    if (verdict.ok) return builder.append(verdict.row, row) ? "done" : "full";
    rejected.reject(verdict.rejection, () =>
      verdict.rejection.reason === "not-an-object" ? undefined : (value as Readonly<Record<string, unknown>>),
    );
    return "done";
  }
}
