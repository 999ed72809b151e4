/** What a StreamingEngine can be set to: the defaults, and the bounds of each. */

import { type Clock, systemClock } from "../../runtime/clock.ts";
import { shapeFault, type WindowShape } from "../../windowing/shape.ts";
import type { AggregateSpace } from "../space.ts";

export interface EngineSettings {
  readonly shape: WindowShape;
  /** How much later than a younger item an older one may come and still be in time. */
  readonly disorderMs: number;
  /** How long after its end a window is kept for late items. */
  readonly latenessMs: number;
  /** How far ahead of the clock an item's time may lie; null: as far as it likes. */
  readonly aheadMs: number | null;
  /** Groups in a window. */
  readonly maxGroups: number;
  /** What becomes of items of more groups: they are one group together, or left out and counted. */
  readonly whenFull: "other" | "refuse";
  /** Items that go into the windows at once. */
  readonly batchSize: number;
  /** Items and windows that wait at the most, those that callbacks work on among them. */
  readonly maxBufferSize: number;
  /** Callbacks that run at once. */
  readonly maxConcurrency: number;
  /** What a callback may take; null: as long as it likes. */
  readonly processingTimeoutMs: number | null;
  /** The detector is called every so many items. */
  readonly detectionInterval: number;
  readonly autoDetectPatterns: boolean;
  readonly clock: Clock;
  /** Absent: the thread's own. */
  readonly space: AggregateSpace | undefined;
}

/** How windows are laid; what they are is known when all is: `slideInterval` may come before `windowSize`. */
export type WindowChoice =
  | { readonly kind: "tumbling" | "sliding" }
  | { readonly kind: "hopping"; readonly everyMs: number }
  | { readonly kind: "session"; readonly gapMs: number };

export type ChosenSettings = Omit<EngineSettings, "shape"> & {
  readonly windowMs: number;
  readonly windows: WindowChoice;
};

const MAX_TIMEOUT_MS = 86_400_000;
const MAX_MS = 366 * 86_400_000;

export const DEFAULT_SETTINGS: ChosenSettings = {
  windowMs: 60_000,
  windows: { kind: "tumbling" },
  disorderMs: 0,
  latenessMs: 0,
  aheadMs: null,
  maxGroups: 10_000,
  whenFull: "other",
  batchSize: 100,
  maxBufferSize: 10_000,
  maxConcurrency: 4,
  processingTimeoutMs: 5_000,
  detectionInterval: 100,
  autoDetectPatterns: true,
  clock: systemClock,
  space: undefined,
};

/** Least and largest value of each number; all of them are whole. */
const BOUNDS = {
  windowSize: [1, MAX_MS],
  slideInterval: [1, MAX_MS],
  sessionGap: [1, MAX_MS],
  disorder: [0, MAX_MS],
  lateness: [0, MAX_MS],
  ahead: [0, MAX_MS],
  maxGroups: [1, 1_000_000],
  batchSize: [1, 65_536],
  maxBufferSize: [2, 10_000_000],
  maxConcurrency: [1, 1_024],
  processingTimeout: [1, MAX_TIMEOUT_MS],
  detectionInterval: [1, 10_000_000],
} as const satisfies Record<string, readonly [number, number]>;

/** @returns `value`. @throws RangeError when it is outside of what the setting can be */
export function checked(name: keyof typeof BOUNDS, value: number): number {
  const [least, most] = BOUNDS[name];
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name}: expected a whole number from ${least} to ${most}; came ${value}`);
}

/**
 * Puts together what was chosen bit by bit.
 * @throws RangeError when two settings do not go together
 */
export function settle(chosen: ChosenSettings, hasDetector: boolean): EngineSettings {
  const { windowMs, windows, ...rest } = chosen;
  const shape = shapeOf(windowMs, windows);
  if (shape.kind === "hopping" && shape.everyMs > shape.lengthMs) {
    throw new RangeError(
      `slideInterval: expected at most windowSize (${shape.lengthMs}), as an item between two windows would be in none; came ${shape.everyMs}`,
    );
  }
  const fault = shapeFault(shape);
  if (fault !== undefined) throw new RangeError(`windows: ${fault}`);
  if (shape.kind === "sliding" && rest.latenessMs > 0) {
    throw new RangeError(
      `lateness: expected 0 for sliding windows, whose items wait in order; came ${rest.latenessMs}. Use disorder instead`,
    );
  }
  if (hasDetector && rest.detectionInterval > rest.maxBufferSize) {
    throw new RangeError(
      `detectionInterval: expected at most maxBufferSize (${rest.maxBufferSize}), which a detector's items have to fit into; came ${rest.detectionInterval}`,
    );
  }
  return { ...rest, shape };
}

function shapeOf(windowMs: number, windows: WindowChoice): WindowShape {
  switch (windows.kind) {
    case "tumbling":
    case "sliding":
      return { kind: windows.kind, lengthMs: windowMs };
    case "hopping":
      return { kind: "hopping", lengthMs: windowMs, everyMs: windows.everyMs };
    case "session":
      return { kind: "session", gapMs: windows.gapMs };
  }
}
