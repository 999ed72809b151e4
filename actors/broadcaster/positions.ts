/**
 * Where a client stands: for each dataset the number of the next row that it has not had. As text it is the id of a
 * server-sent event, which a browser sends back when it connects again (Last-Event-ID).
 *
 * Of one dataset it is the number of the last row in decimal digits: `1234`. Of several it is a mark of the datasets' names and
 * order, and the next number of each in base 36: `k3f9-10.0.7ps`; nothing stands for one that is not known. A mark that is not
 * ours (another version wrote it) is not read.
 */

export type Positions = Readonly<Record<string, number>>;

/** Longest text that is looked at: that of many datasets with the largest numbers. */
const MAX_CHARACTERS = 1000;
const MARK_CHARACTERS = 4;
const MARKS = 36 ** MARK_CHARACTERS;

/**
 * The text of a position.
 * @param datasets one, or all that there are, in declared order
 * @returns undefined for one dataset of which no row was had: there is no number to say
 */
export function positionsText(positions: Positions, datasets: readonly string[]): string | undefined {
  const [only] = datasets;
  if (only !== undefined && datasets.length === 1) {
    const next = positions[only];
    return next === undefined || next < 1 ? undefined : String(next - 1);
  }
  return `${markOf(datasets)}-${datasets.map((name) => positions[name]?.toString(36) ?? "").join(".")}`;
}

/** What stands in an id of several datasets before and behind the next number of one of them. */
export function aroundPosition(
  positions: Positions,
  datasets: readonly string[],
  dataset: string,
): { readonly idBefore: string; readonly idAfter: string } {
  const numbers = datasets.map((name) => positions[name]?.toString(36) ?? "");
  const own = datasets.indexOf(dataset);
  const before = numbers.slice(0, own).map((number) => `${number}.`);
  const after = numbers.slice(own + 1).map((number) => `.${number}`);
  return { idBefore: `${markOf(datasets)}-${before.join("")}`, idAfter: after.join("") };
}

/**
 * Reads a position's text.
 * @param datasets as they were given to `positionsText`
 * @returns undefined for what is none, or another list's
 */
export function parsePositions(text: string, datasets: readonly string[]): Positions | undefined {
  if (text.length > MAX_CHARACTERS) return undefined;
  const [only] = datasets;
  if (only !== undefined && datasets.length === 1) {
    const last = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    return last < Number.MAX_SAFE_INTEGER ? { [only]: last + 1 } : undefined;
  }
  const mark = `${markOf(datasets)}-`;
  if (!text.startsWith(mark)) return undefined;
  const numbers = text.slice(mark.length).split(".");
  if (numbers.length !== datasets.length) return undefined;
  const positions: Record<string, number> = {};
  for (const [index, number] of numbers.entries()) {
    if (number === "") continue;
    const next = /^[\da-z]{1,11}$/.test(number) ? Number.parseInt(number, 36) : Number.NaN;
    if (!(next <= Number.MAX_SAFE_INTEGER)) return undefined;
    positions[datasets[index]!] = next;
  }
  return positions;
}

const marks = new Map<string, string>();

/** FNV-1a of the names, as many digits as a mark has: it tells lists apart that differ by accident, not by intent. */
function markOf(datasets: readonly string[]): string {
  const names = datasets.join("\n");
  let mark = marks.get(names);
  if (mark === undefined) {
    mark = (fnv1a(names) % MARKS).toString(36).padStart(MARK_CHARACTERS, "0");
    marks.set(names, mark);
  }
  return mark;
}

/** The hash of Fowler, Noll and Vo, variant 1a, 32 bits, of the text's UTF-16 units: http://www.isthe.com/chongo/tech/comp/fnv/ */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
