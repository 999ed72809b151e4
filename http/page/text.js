// Numbers, sizes and times as people read them. A value that is missing is a dash.

const DASH = "–";
const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function numberText(value, digits = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return DASH;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

/** With all its digits, so that a column aligns and a figure does not jump. */
export function fixedText(value, digits) {
  if (value === null || value === undefined || Number.isNaN(value)) return DASH;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Three digits that count, whatever the size. */
export function figureText(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return DASH;
  const size = Math.abs(value);
  if (size >= 1e15) return value.toExponential(2);
  if (size >= 1e9) return `${fixedText(value / 1e9, 1)} G`;
  if (size >= 1e6) return `${fixedText(value / 1e6, 1)} M`;
  return fixedText(value, size === 0 || size >= 1000 ? 0 : size >= 100 ? 1 : 2);
}

export function bytesText(bytes) {
  if (bytes === null || bytes === undefined) return DASH;
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${fixedText(value, unit === 0 || value >= 1000 ? 0 : 1)} ${BYTE_UNITS[unit]}`;
}

export const mebibytesText = (mebibytes) =>
  mebibytes === null || mebibytes === undefined ? DASH : bytesText(mebibytes * 2 ** 20);

/** Of rows by the second. */
export function rateText(rate) {
  if (rate === null || rate === undefined) return DASH;
  return fixedText(rate, rate === 0 || rate >= 100 ? 0 : 1);
}

export function percentText(value, digits = 1) {
  return value === null || value === undefined ? DASH : `${fixedText(value, digits)} %`;
}

/** How long, in its two largest units. */
export function durationText(ms) {
  if (ms === null || ms === undefined) return DASH;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How long ago, in one unit: shown often, and short. */
export function ageText(ms) {
  if (ms < 9_950) return `${fixedText(Math.max(0, ms) / 1000, 1)} s`;
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  return `${Math.floor(ms / 3_600_000)} h`;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const HOUR = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

export const clockText = (ms) => CLOCK.format(ms);
export const hourText = (ms) => HOUR.format(ms);
export const dayText = (ms) => DAY.format(ms);
