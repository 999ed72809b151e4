/**
 * Durations and sizes as people write them: "250ms", "10s", "1.5h" and "64MiB", "1GB". One number, one unit, no sums.
 *
 * The arithmetic is exact as far as a double is: "1.001s" is 1001 ms, not 1000.9999999999999. Text that is not understood is returned as
 * undefined, never as NaN. `format…` writes the largest unit that holds the number whole, so parse(format(n)) = n.
 */

/** Milliseconds in each unit of time, largest first. */
export const durationUnits = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

/** Bytes in each unit of size, largest first. Binary (KiB) and decimal (kB) units are both known, and not confused. */
export const sizeUnits = [
  ["TiB", 2 ** 40],
  ["TB", 1e12],
  ["GiB", 2 ** 30],
  ["GB", 1e9],
  ["MiB", 2 ** 20],
  ["MB", 1e6],
  ["KiB", 1024],
  ["kB", 1000],
  ["B", 1],
] as const;

type Units = readonly (readonly [unit: string, factor: number])[];

/** Milliseconds of "10s", "250ms", "1m", "2h", "1d"; a bare number is milliseconds. Undefined when not understood. */
export function parseDurationMs(text: string): number | undefined {
  return parseQuantity(text, durationUnits);
}

/** Bytes of "64MiB", "10kB" (case does not matter); a bare number is bytes. Undefined when not understood. */
export function parseByteSize(text: string): number | undefined {
  return parseQuantity(text, sizeUnits);
}

/** 60000 → "1m", 1500 → "1500ms". */
export function formatDurationMs(ms: number): string {
  return formatQuantity(ms, durationUnits, "ms");
}

/** 67108864 → "64MiB". Only binary units and bytes are written, so that one number has one text. */
export function formatByteSize(bytes: number): string {
  const binary = sizeUnits.filter(([unit]) => unit === "B" || unit.endsWith("iB"));
  return formatQuantity(bytes, binary, "B");
}

function parseQuantity(text: string, units: Units): number | undefined {
  const match = /^(\d{1,16})(?:\.(\d{1,9}))?\s?([a-z]*)$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, whole = "", fraction = "", unit = ""] = match;
  const factor = unit === "" ? 1 : units.find(([known]) => known.toLowerCase() === unit.toLowerCase())?.[1];
  if (factor === undefined) return undefined;
  const scaled = BigInt(whole + fraction) * BigInt(factor);
  const divisor = 10n ** BigInt(fraction.length);
  return Number(scaled / divisor) + Number(scaled % divisor) / Number(divisor);
}

function formatQuantity(amount: number, units: Units, smallest: string): string {
  for (const [unit, factor] of units) {
    if (amount !== 0 && Number.isInteger(amount) && amount % factor === 0) return `${amount / factor}${unit}`;
  }
  return `${amount}${smallest}`;
}
