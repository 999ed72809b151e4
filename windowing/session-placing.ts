/**
 * Which session a row goes to when it is not simply its group's newest: one that it belongs to, or connects, or a new one; of its group, or
 * of all others' when there is no room.
 */

import { PoolExhausted } from "../wasm/index.ts";
import type { OperatorOptions } from "./operator.ts";
import type { RowColumns } from "./rows.ts";
import { insert, placeOf, type Session, type SessionGroup, sessionOf } from "./session.ts";
import type { SessionBook } from "./session-book.ts";
import type { SessionGroups } from "./session-groups.ts";
import { EARLIEST_MS } from "./watermark.ts";

export interface PlacingOptions {
  readonly operator: OperatorOptions;
  readonly gapMs: number;
  readonly book: SessionBook;
  readonly groups: SessionGroups;
  /** Adds the rows before this one to their records: the pool is about to be asked for memory. */
  readonly addRows: () => void;
}

export class SessionPlacing {
  readonly #options: PlacingOptions;

  constructor(options: PlacingOptions) {
    this.#options = options;
  }

  /** @param known the row's group, if it has a session */
  place(
    columns: RowColumns,
    row: number,
    timeMs: number,
    watermarkMs: number,
    known: SessionGroup | undefined,
  ): Session | "late" | "refused" {
    if (timeMs < EARLIEST_MS) return "late";
    const { book, groups, operator, addRows } = this.#options;
    const isFull = known === undefined && groups.table.size >= operator.maxGroups;
    const isOther = isFull && operator.whenFull === "other";
    const group = isOther ? groups.others : known;
    const joined = group && book.join(group, timeMs, watermarkMs);
    if (joined !== undefined) return joined;
    if (!book.wouldKeep(timeMs, watermarkMs)) return "late";
    if (isFull && !isOther) return "refused";
    addRows();
    const key = () => groups.table.keyOf(columns.keys, row);
    const begun = this.#begin(() => group ?? groups.tryMake(key()), timeMs, watermarkMs);
    if (begun !== undefined) return begun;
    if (operator.whenFull === "refuse") return "refused";
    return (
      (isOther ? undefined : book.join(groups.others, timeMs, watermarkMs)) ??
      this.#begin(() => groups.others, timeMs, watermarkMs) ??
      "refused"
    );
  }

  /** A new session of a group. Undefined: there is no room for it, or for the group. */
  #begin(groupFor: () => SessionGroup | undefined, timeMs: number, watermarkMs: number): Session | undefined {
    const { book, gapMs, operator } = this.#options;
    let record: number;
    try {
      record = operator.accumulation.make();
    } catch (error) {
      if (error instanceof PoolExhausted) return undefined;
      throw error;
    }
    const group = groupFor();
    if (group === undefined) {
      operator.accumulation.free(record);
      return undefined;
    }
    const session = sessionOf(group, record, timeMs, book.givenUpTo(watermarkMs));
    insert(session, placeOf(group, timeMs, gapMs));
    book.add(session, watermarkMs);
    return session;
  }
}
