/**
 * Which group's rows a row waits among: its own group's, or all others' when there is no room for one more. Whoever waits has room in the
 * group's window already.
 */

import type { OperatorOptions } from "./operator.ts";
import type { RowColumns } from "./rows.ts";
import type { SlidingGroup, SlidingGroups } from "./sliding-groups.ts";
import type { WaitingRows } from "./waiting-rows.ts";
import { EARLIEST_MS } from "./watermark.ts";

export class SlidingPlacing {
  readonly #options: OperatorOptions;
  readonly #groups: SlidingGroups;
  readonly #waiting: WaitingRows<SlidingGroup>;

  constructor(options: OperatorOptions, groups: SlidingGroups, waiting: WaitingRows<SlidingGroup>) {
    this.#options = options;
    this.#groups = groups;
    this.#waiting = waiting;
  }

  /** @param known the row's group, if it is there. @returns the row as it waits */
  place(
    columns: RowColumns,
    row: number,
    timeMs: number,
    watermarkMs: number,
    known: SlidingGroup | undefined,
  ): number | "late" | "refused" {
    if (timeMs < watermarkMs || timeMs < EARLIEST_MS) return "late";
    const group = known ?? this.#groupFor(columns, row, timeMs);
    if (group === undefined) return "refused";
    const waiting = group.slide.tryReserve(group.waiting + 1) ? this.#waiting.tryPut(timeMs, group) : -1;
    if (waiting >= 0) {
      group.waiting++;
      return waiting;
    }
    // It was made for this row.
    if (group.waiting === 0 && group.slide.rows === 0) this.#groups.drop(group);
    return "refused";
  }

  /** The group of a row whose own is not there: a new one, or that of all others. Undefined: there is no room. */
  #groupFor(columns: RowColumns, row: number, timeMs: number): SlidingGroup | undefined {
    const groups = this.#groups;
    const { maxGroups, whenFull } = this.#options;
    if (groups.list.size < maxGroups) {
      const group = groups.tryMake(groups.list.table.keyOf(columns.keys, row), timeMs);
      if (group !== undefined) return group;
    }
    if (whenFull === "refuse") return undefined;
    return groups.get(null) ?? groups.tryMake(null, timeMs);
  }
}
