/**
 * A body's way in, step by step as the intake goes it, and what must be true behind each: nothing throws; nothing is written but into the
 * table; each row is accepted or refused, once; a row that is accepted breaks no CHECK; a refusal names row and column.
 */

import type { Dataset } from "../../../datasets/define.ts";
import { REJECTION_REASONS, type Rejection } from "../../../datasets/rejection.ts";
import { createRowValidator } from "../../../datasets/validate.ts";
import { type ColumnChecker, createColumnChecker } from "../../../ingest/check-columns.ts";
import {
  BodyFault,
  type DecodeContext,
  type OpenBody,
  type PushFormat,
  type RawRow,
} from "../../../ingest/decoder.ts";
import { createDeriver, type Deriver } from "../../../ingest/derive.ts";
import { fillDefaults } from "../../../ingest/fill-defaults.ts";
import { decoders } from "../../../ingest/index.ts";
import { PushTable, tableBytes } from "../../../ingest/table.ts";
import { rowOf } from "../../../ingest/table-values.ts";
import type { Arena } from "../../../runtime/arena.ts";
import { viewsOf } from "../../../runtime/batch/index.ts";
import type { Kernels } from "../../../wasm/index.ts";
import { brokenCheck } from "./checks.ts";
import { GUARD_BYTES, Guards } from "./guarded.ts";

export const NOW_MS = 1_780_000_000_000;
/** Reasons for which a refusal need not name a column: it is of the row as a whole, or of a name that is too odd to be repeated. */
const WHOLE_ROW: readonly string[] = ["malformed", "not-an-object", "unknown-column"];
const LONGEST_TOLD = 2000;

export interface WayInOutcome {
  readonly accepted: number;
  readonly rejected: number;
  readonly isFault: boolean;
}

export class WayIn {
  readonly #dataset: Dataset;
  readonly #guards: Guards;
  readonly #open: OpenBody;
  readonly #check: ColumnChecker;
  readonly #derive: Deriver;
  readonly #table: PushTable;
  readonly #tableAt: number;
  readonly #tableEnd: number;
  readonly #views: ReturnType<typeof viewsOf>;
  #rejected = 0;
  /** What became of each row by its number. */
  #verdicts: (string | undefined)[] = [];

  constructor(kernels: Kernels, arena: Arena, format: PushFormat, dataset: Dataset) {
    const context: DecodeContext = {
      ...{ kernels, dataset, validate: createRowValidator(dataset) },
      rejected: { reject: (rejection, row) => this.#reject(rejection, row) },
    };
    this.#dataset = dataset;
    this.#guards = new Guards(kernels.memory);
    this.#open = decoders[format](context);
    this.#check = createColumnChecker(context);
    this.#derive = createDeriver(context, () => 0);
    this.#tableAt = arena.allocate(tableBytes(dataset) + 2 * GUARD_BYTES, "a table") + GUARD_BYTES;
    this.#tableEnd = (this.#tableAt + tableBytes(dataset) + 3) & ~3;
    this.#table = new PushTable(kernels.memory, dataset, this.#tableAt);
    this.#views = viewsOf(kernels.memory.buffer);
    this.#guards.set(this.#tableAt - GUARD_BYTES);
    this.#guards.set(this.#tableEnd);
  }

  /** @throws Error that says what is not as it must be */
  run(at: number, bytes: number): WayInOutcome {
    const table = this.#table;
    this.#rejected = 0;
    this.#verdicts = [];
    let accepted = 0;
    const decoder = this.#open({ at, bytes });
    let step: "more" | "end" | BodyFault = decoder instanceof BodyFault ? decoder : "more";
    while (step === "more" && !(decoder instanceof BodyFault)) {
      step = decoder.next(table);
      if (step instanceof BodyFault) break;
      fillDefaults(table, NOW_MS);
      this.#check(table);
      this.#derive(table, NOW_MS);
      for (let row = 0; row < table.rows; row++) {
        if (table.bad[row] !== 0) continue;
        accepted++;
        this.#settle(table.rowNumbers[row]!, "accepted");
        const broken = brokenCheck(this.#dataset.name, rowOf(this.#views, table, row));
        if (broken !== undefined) throw new Error(`row ${table.rowNumbers[row]} was accepted: ${broken}`);
      }
    }
    const isFault = step instanceof BodyFault;
    if (step instanceof BodyFault) checkFault(step, bytes);
    const missing = this.#verdicts.indexOf(undefined);
    if (!isFault && missing >= 0) throw new Error(`nothing became of row ${missing}`);
    if (!this.#guards.isWhole(this.#tableAt - GUARD_BYTES))
      throw new Error("bytes before the table were written");
    if (!this.#guards.isWhole(this.#tableEnd)) throw new Error("bytes behind the table were written");
    return { accepted, rejected: this.#rejected, isFault };
  }

  #settle(row: number, verdict: string): void {
    while (this.#verdicts.length < row) this.#verdicts.push(undefined);
    if (this.#verdicts[row] !== undefined)
      throw new Error(`row ${row} is ${this.#verdicts[row]}, and ${verdict}`);
    this.#verdicts[row] = verdict;
  }

  #reject(rejection: Rejection, raw: () => RawRow): void {
    const { row, column, reason, expected, got } = rejection;
    const fail = (what: string) => new Error(`the refusal ${JSON.stringify(rejection)} ${what}`);
    if (!Number.isInteger(row) || row < 0) throw fail("names no row");
    if (!REJECTION_REASONS.includes(reason)) throw fail("has an unknown reason");
    if (column === null ? !WHOLE_ROW.includes(reason) : !this.#isName(column, reason))
      throw fail("names no column");
    if (expected === "" || got === "" || expected.length + got.length > LONGEST_TOLD) {
      throw fail("says nothing, or too much");
    }
    this.#settle(row, reason);
    this.#rejected++;
    const came = raw();
    if (came !== undefined && (typeof came !== "object" || came === null)) throw fail("has no object");
  }

  #isName(column: string, reason: string): boolean {
    if (reason === "unknown-column")
      return /^[\w.-]{1,64}$/.test(column) && !Object.hasOwn(this.#dataset.columns, column);
    return Object.hasOwn(this.#dataset.columns, column);
  }
}

function checkFault({ expected, got, at }: BodyFault, bytes: number): void {
  const isPlace = at === null || (Number.isInteger(at) && at >= 0 && at <= bytes);
  if (!isPlace || expected === "" || got === "") {
    throw new Error(
      `a fault says nothing, or of no place in the body: ${JSON.stringify({ expected, got, at })}`,
    );
  }
}
