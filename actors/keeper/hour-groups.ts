/** Which hours are written at the same time: as many as memory allows, in order. */

/** Rows of the hours that are open together, unless one alone has more: those beyond a row group do not wait in memory. */
const OPEN_ROWS = 262_144;
const OPEN_HOURS = 64;

/** @param hours rows by hour @returns groups of hours, each ascending and after the one before */
export function hourGroups(hours: ReadonlyMap<number, number>): readonly (readonly number[])[] {
  const groups: number[][] = [];
  let rows = 0;
  for (const hourMs of [...hours.keys()].sort((a, b) => a - b)) {
    const more = hours.get(hourMs) ?? 0;
    const last = groups.at(-1);
    if (last === undefined || last.length === OPEN_HOURS || rows + more > OPEN_ROWS) {
      groups.push([hourMs]);
      rows = more;
    } else {
      last.push(hourMs);
      rows += more;
    }
  }
  return groups;
}
