/**
 * How a host reader is set: every option with its default and bounds, checked once when the reader is opened.
 */
import process from "node:process";
import type { Clock } from "../../../runtime/clock.ts";
import { systemClock } from "../../../runtime/clock.ts";
import type { FileAccess } from "./file-access.ts";
import { nodeFiles } from "./file-access.ts";
import type { SystemInformation } from "./system-information.ts";

/** The largest pid_max a Linux kernel accepts. */
const MAX_PIDS = 4_194_304;

export interface HostOptions {
  /** As `process.platform` names it; default: this host's. "linux" reads /proc, all others ask systeminformation. */
  readonly platform?: string;
  /** Where procfs is mounted; default "/proc". */
  readonly procRoot?: string;
  /** Default: the system's. Only monotonic time is asked for. */
  readonly clock?: Pick<Clock, "monotonicMs">;
  /**
   * Time per process sample for reading private memory, ≥ 0, default 20. The reading under way when it runs out is finished, so
   * a sample may overrun by one process. 0 never reads it: the column is NaN.
   */
  readonly privateBudgetMs?: number;
  /**
   * After this long a private reading is made again though nothing shows a change (pages become private without the process
   * doing anything, when the sharer ends), and what was not permitted is tried again. ≥ 0, default 300 000.
   */
  readonly recheckAfterMs?: number;
  /** Rows at most, 1 to 4 194 304, default 4096. Lower pids come first; the rest is counted. */
  readonly maxProcesses?: number;
  /** Default false. */
  readonly includeKernelThreads?: boolean;
  /** File access on Linux; tests put faults here. */
  readonly files?: FileAccess;
  /** Where systeminformation comes from, off Linux; called at the first reading. */
  readonly loadSystemInformation?: () => Promise<SystemInformation>;
}

/** The budget alone may change while a reader is open. */
export type ResolvedHostOptions = Required<Omit<HostOptions, "privateBudgetMs">> & {
  privateBudgetMs: number;
};

/** Fills in the defaults. Throws a RangeError that names the option, what it must be and what came. */
export function resolveHostOptions(options: HostOptions): ResolvedHostOptions {
  const resolved: ResolvedHostOptions = {
    platform: options.platform ?? process.platform,
    procRoot: options.procRoot ?? "/proc",
    clock: options.clock ?? systemClock,
    privateBudgetMs: options.privateBudgetMs ?? 20,
    recheckAfterMs: options.recheckAfterMs ?? 300_000,
    maxProcesses: options.maxProcesses ?? 4096,
    includeKernelThreads: options.includeKernelThreads ?? false,
    files: options.files ?? nodeFiles,
    loadSystemInformation: options.loadSystemInformation ?? (() => import("systeminformation")),
  };
  const { maxProcesses } = resolved;
  if (!Number.isInteger(maxProcesses) || maxProcesses < 1 || maxProcesses > MAX_PIDS) {
    throw new RangeError(
      `maxProcesses must be a whole number from 1 to ${MAX_PIDS}, but is ${maxProcesses}.`,
    );
  }
  for (const name of ["privateBudgetMs", "recheckAfterMs"] as const) {
    if (!(resolved[name] >= 0)) {
      throw new RangeError(`${name} must be a number of milliseconds ≥ 0, but is ${resolved[name]}.`);
    }
  }
  return resolved;
}
