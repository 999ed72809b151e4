/** The groups of a window, put together from its panes when it comes out: in the panes' order, so that rounding is always alike. */

import type { Accumulation } from "./accumulation.ts";
import type { GroupEntry } from "./group-table.ts";
import type { ClosedGroup } from "./operator.ts";
import type { Pane } from "./pane.ts";

/** @param scratch a record that groups of several panes are put together in */
export function groupsOf(
  panes: readonly Pane[],
  accumulation: Accumulation,
  scratch: number,
): Iterable<ClosedGroup> {
  const [pane] = panes;
  return panes.length === 1 && pane !== undefined
    ? ofOne(pane, accumulation)
    : ofSeveral(panes, accumulation, scratch);
}

function* ofOne(pane: Pane, accumulation: Accumulation): Generator<ClosedGroup> {
  for (const { key, value } of pane.entries()) {
    if (!accumulation.isEmpty(value)) yield { key, record: value };
  }
  if (pane.other !== 0 && !accumulation.isEmpty(pane.other)) yield { key: null, record: pane.other };
}

function* ofSeveral(
  panes: readonly Pane[],
  accumulation: Accumulation,
  scratch: number,
): Generator<ClosedGroup> {
  // The sort is stable: the entries of a key stay in the order of panes.
  const entries = panes.flatMap((pane) => pane.entries()).sort(byKey);
  for (let from = 0; from < entries.length; ) {
    const { key } = entries[from] as GroupEntry;
    let to = from + 1;
    while (entries[to]?.key === key) to++;
    const records = entries.slice(from, to).map((entry) => entry.value);
    yield* together(key, records, accumulation, scratch);
    from = to;
  }
  yield* together(null, others(panes), accumulation, scratch);
}

function* together(
  key: bigint | null,
  records: readonly number[],
  accumulation: Accumulation,
  scratch: number,
): Generator<ClosedGroup> {
  if (records.every((record) => accumulation.isEmpty(record))) return;
  const [only] = records;
  if (only !== undefined && records.length === 1) {
    yield { key, record: only };
    return;
  }
  accumulation.clear(scratch);
  // Those without a value too: what they count beside values belongs to the window.
  for (const record of records) accumulation.merge(scratch, record);
  yield { key, record: scratch };
}

function others(panes: readonly Pane[]): number[] {
  return panes.map((pane) => pane.other).filter((record) => record !== 0);
}

function byKey(a: GroupEntry, b: GroupEntry): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
