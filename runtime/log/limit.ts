/**
 * Keeps a log readable when something goes wrong a thousand times a second: of one category, level and template a few
 * records a second pass, the rest are counted, and one record says how many there were when the second is over. A
 * second bound holds for all templates together. Memory is bounded: beyond `maxTemplates` they share one count.
 *
 * Every record ends in exactly one of: passed on, or counted in a later record's `repeated`.
 */
import type { Clock, Timer } from "../clock.ts";
import type { WireRecord } from "./wire.ts";

const windowMs = 1000;

export interface LimitOptions {
  /** Records of one template that pass in a second. Default 5. */
  readonly perTemplate?: number;
  /** Records that pass in a second, all templates together. Default 200. */
  readonly perSecond?: number;
  /** Templates that are counted apart. Default 1000. */
  readonly maxTemplates?: number;
}

/** What records are counted by. */
export type RecordKind = Pick<WireRecord, "category" | "level" | "template">;

export interface Limiter {
  /** Passes what `make` makes, or counts it without making it: a flood costs little. */
  admit(kind: RecordKind, make: () => WireRecord): void;
  /** Reports now what has been counted, without waiting for the second to end. */
  flush(): void;
}

interface Window {
  readonly endsMs: number;
  passed: number;
  held: number;
  /** What was held back last; it stands for all of them. */
  last: RecordKind | undefined;
  timer: Timer | undefined;
}

export function createLimiter(
  clock: Clock,
  pass: (record: WireRecord) => void,
  options: LimitOptions = {},
): Limiter {
  const { perTemplate = 5, perSecond = 200, maxTemplates = 1000 } = options;
  const windows = new Map<string, Window>();
  /** Records of every template count here too; what this bound holds back is reported without a template. */
  let all = newWindow();

  function newWindow(): Window {
    return { endsMs: clock.monotonicMs() + windowMs, passed: 0, held: 0, last: undefined, timer: undefined };
  }

  function hold(window: Window, kind: RecordKind, report: () => void): void {
    window.held++;
    window.last = kind;
    window.timer ??= clock.after(Math.max(0, window.endsMs - clock.monotonicMs()), report);
  }

  function reportTemplate(key: string, window: Window): void {
    if (windows.get(key) === window) windows.delete(key);
    window.timer?.cancel();
    if (window.last === undefined) return;
    const { category, level, template } = window.last;
    // The report says the template, not the last message: it stands for records with other values.
    pass({
      timeMs: clock.nowMs(),
      level,
      category,
      message: template,
      template,
      properties: {},
      repeated: window.held,
    });
    window.last = undefined;
  }

  function reportAll(window: Window): void {
    if (all === window) all = newWindow();
    window.timer?.cancel();
    if (window.last === undefined) return;
    const template = `log records beyond ${perSecond} a second`;
    pass({
      timeMs: clock.nowMs(),
      level: "warning",
      category: ["log"],
      message: template,
      template,
      properties: {},
      repeated: window.held,
    });
    window.last = undefined;
  }

  function windowOf(key: string, nowMs: number): Window {
    const open = windows.get(key);
    if (open !== undefined && nowMs < open.endsMs) return open;
    if (open !== undefined) reportTemplate(key, open);
    const fresh = newWindow();
    windows.set(key, fresh);
    return fresh;
  }

  function keyOf(kind: RecordKind, nowMs: number): string {
    const key = JSON.stringify([kind.category, kind.level, kind.template]);
    if (windows.has(key) || windows.size < maxTemplates) return key;
    for (const [other, window] of windows) if (nowMs >= window.endsMs) reportTemplate(other, window);
    return windows.size < maxTemplates ? key : "";
  }

  return {
    admit(kind, make) {
      const nowMs = clock.monotonicMs();
      if (nowMs >= all.endsMs) reportAll(all);
      const key = keyOf(kind, nowMs);
      const window = windowOf(key, nowMs);
      const everything = all;
      if (window.passed >= perTemplate) hold(window, kind, () => reportTemplate(key, window));
      else if (everything.passed >= perSecond) hold(everything, kind, () => reportAll(everything));
      else {
        window.passed++;
        everything.passed++;
        pass(make());
      }
    },
    flush() {
      for (const [key, window] of windows) if (window.held > 0) reportTemplate(key, window);
      if (all.held > 0) reportAll(all);
    },
  };
}
