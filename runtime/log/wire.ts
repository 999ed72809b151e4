/**
 * A log record as it travels and is written: plain data only, already redacted, the same on every thread.
 */

export const logLevels = ["trace", "debug", "info", "warning", "error", "fatal"] as const;
export type LogLevel = (typeof logLevels)[number];

/** What survives redaction: structured-cloneable, JSON-able, bounded in depth, width and length. */
export type WireValue =
  | string
  | number
  | boolean
  | null
  | readonly WireValue[]
  | { readonly [key: string]: WireValue };

export interface WireRecord {
  /** Wall time of the thread that logged. */
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly category: readonly string[];
  /** The template with its placeholders filled from the redacted properties. */
  readonly message: string;
  /** The template itself: what repeats are counted by. */
  readonly template: string;
  readonly properties: { readonly [key: string]: WireValue };
  /** How many more records of this template were left out, when this record stands for them. */
  readonly repeated?: number;
}
