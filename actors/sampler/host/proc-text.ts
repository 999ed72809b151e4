/**
 * Reads numbers out of procfs records where they lie, byte by byte: no strings, no arrays, no regular expressions.
 *
 * All functions take the buffer and how much of it is valid; what lies beyond is left over from an earlier record and is
 * never looked at. Formats: proc_pid_stat(5), proc_pid_statm(5), proc_pid_io(5), proc_meminfo(5).
 */

const NEWLINE = 0x0a;
const SPACE = 0x20;
const OPEN = 0x28;
const CLOSE = 0x29;
const MINUS = 0x2d;
const ZERO = 0x30;

/** Field numbers of /proc/<pid>/stat, counted from 1 as its manual page does. */
const FLAGS = 9;
const USER_TICKS = 14;
const SYSTEM_TICKS = 15;
const START_TICKS = 22;

/** `flags` bit of a thread that runs in the kernel alone: PF_KTHREAD in include/linux/sched.h. */
export const KERNEL_THREAD = 0x0020_0000;

/** The fields of /proc/<pid>/stat that we use. `nameStart` and `nameEnd` bound the name's bytes within the buffer. */
export interface StatFields {
  nameStart: number;
  nameEnd: number;
  flags: number;
  /** User plus system time, in clock ticks. */
  cpuTicks: number;
  /** Start time in clock ticks after boot: with the pid, it tells processes apart. */
  startTicks: number;
}

export function emptyStat(): StatFields {
  return { nameStart: 0, nameEnd: 0, flags: 0, cpuTicks: 0, startTicks: 0 };
}

/**
 * Parses a stat record into `out`; false when it is malformed. A name may hold any byte but NUL, ") R (" included, so it ends
 * at the LAST closing parenthesis: no field after it can hold one.
 */
export function parseStat(bytes: Uint8Array, length: number, out: StatFields): boolean {
  const open = length > 0 ? bytes.indexOf(OPEN) : -1;
  const close = length > 0 ? bytes.lastIndexOf(CLOSE, length - 1) : -1;
  if (open < 0 || close <= open) return false;
  out.nameStart = open + 1;
  out.nameEnd = close;
  let field = 3; // the state letter, at close + 2
  let value = 0;
  let digits = 1;
  for (let at = close + 3; at < length; at++) {
    const byte = bytes[at]!;
    const digit = byte - ZERO;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digits++;
    } else if (byte === SPACE || byte === NEWLINE) {
      if (digits === 0) return false;
      if (field === FLAGS) out.flags = value;
      else if (field === USER_TICKS) out.cpuTicks = value;
      else if (field === SYSTEM_TICKS) out.cpuTicks += value;
      else if (field === START_TICKS) {
        out.startTicks = value;
        return true;
      }
      field++;
      value = 0;
      digits = 0;
    } else if (byte !== MINUS) {
      return false;
    }
  }
  return false;
}

/** Writes the first `out.length` numbers of a space-separated record; false when there are fewer. */
export function parseNumbers(bytes: Uint8Array, length: number, out: Float64Array): boolean {
  let at = 0;
  for (let index = 0; index < out.length; index++) {
    while (at < length && bytes[at] === SPACE) at++;
    const value = numberAt(bytes, length, at);
    if (Number.isNaN(value)) return false;
    out[index] = value;
    while (at < length && bytes[at] !== SPACE) at++;
  }
  return true;
}

/**
 * Looks up `keys` (ASCII with their colon, see `keyBytes`) at the starts of lines such as "MemTotal:   24682416 kB" and writes
 * each one's number to the same place in `out`, NaN where it is missing. Numbers are cut at 2^53 − 1; units are the caller's.
 */
export function parseKeyed(
  bytes: Uint8Array,
  length: number,
  keys: readonly Uint8Array[],
  out: Float64Array,
): void {
  out.fill(Number.NaN);
  let missing = keys.length;
  let start = 0;
  while (start < length && missing > 0) {
    for (let k = 0; k < keys.length; k++) {
      const key = keys[k]!;
      if (!startsWith(bytes, length, start, key)) continue;
      let at = start + key.length;
      while (at < length && bytes[at] === SPACE) at++;
      out[k] = numberAt(bytes, length, at);
      missing--;
      break;
    }
    const end = bytes.indexOf(NEWLINE, start);
    if (end < 0) break;
    start = end + 1;
  }
}

/** The keys as bytes, each with its colon. */
export function keyBytes(keys: readonly string[]): readonly Uint8Array[] {
  const encoder = new TextEncoder();
  return keys.map((key) => encoder.encode(`${key}:`));
}

function numberAt(bytes: Uint8Array, length: number, start: number): number {
  let value = 0;
  let at = start;
  for (; at < length; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  if (at === start) return Number.NaN;
  return Math.min(value, Number.MAX_SAFE_INTEGER);
}

function startsWith(bytes: Uint8Array, length: number, start: number, key: Uint8Array): boolean {
  if (start + key.length > length) return false;
  for (let i = 0; i < key.length; i++) if (bytes[start + i] !== key[i]) return false;
  return true;
}
