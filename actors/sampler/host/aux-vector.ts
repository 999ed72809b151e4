/**
 * The page size and the length of a clock tick, from the auxiliary vector the kernel hands every program: getauxval(3).
 *
 * Pairs of 64-bit words, little-endian, as on every 64-bit machine our runtimes run on. A value that cannot be true is not
 * believed: the fallbacks are those of nearly every kernel.
 */
import type { FileAccess } from "./file-access.ts";

const AT_NULL = 0;
const AT_PAGESZ = 6;
const AT_CLKTCK = 17;
const PAIR_BYTES = 16;

export interface KernelUnits {
  /** Bytes; default 4096. */
  pageBytes: number;
  /** Default 100. */
  ticksPerSecond: number;
}

/** Reads the units of the kernel whose procfs is at `procRoot`; falls back where it says nothing credible. */
export function readKernelUnits(files: FileAccess, procRoot: string): KernelUnits {
  const units = { pageBytes: 4096, ticksPerSecond: 100 };
  const buffer = new Uint8Array(4096);
  const length = files.read(`${procRoot}/self/auxv`, buffer);
  const view = new DataView(buffer.buffer);
  for (let at = 0; at + PAIR_BYTES <= length; at += PAIR_BYTES) {
    const type = Number(view.getBigUint64(at, true));
    const value = Number(view.getBigUint64(at + 8, true));
    if (type === AT_NULL) break;
    if (type === AT_PAGESZ && isPageSize(value)) units.pageBytes = value;
    if (type === AT_CLKTCK && value >= 1 && value <= 10_000) units.ticksPerSecond = value;
  }
  return units;
}

function isPageSize(value: number): boolean {
  return value >= 1024 && value <= 2 ** 24 && Number.isInteger(Math.log2(value));
}
