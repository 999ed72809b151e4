/** What becomes of rows in windows, as metrics: a series for each windows dataset. */

import type { WindowFigure, WindowView } from "../actors/window-meters.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Metrics } from "../runtime/metrics/index.ts";

const COUNTS: readonly (readonly [name: string, figure: WindowFigure, help: string])[] = [
  ["window_rows", "rows", "Rows that are in a window that is out, or will be."],
  ["window_rows_late", "late", "Rows that came after all their windows were given up."],
  ["window_rows_ahead", "ahead", "Rows in no window, as they are of the future of who wrote them."],
  ["window_rows_refused", "refused", "Rows in no window, as there was no room for their group."],
  ["window_rows_other", "other", "Rows in the group of all others, as there was no room for their own."],
  ["windows_closed", "windows", "Windows that came out for the first time."],
  ["windows_corrected", "corrections", "Windows that came out again, as late rows had come for them."],
  ["window_clock_set_backs", "setBacks", "Times that event time began anew, as the clock was set back."],
];

const GAUGES: readonly (readonly [name: string, figure: WindowFigure, help: string])[] = [
  [
    "window_values_truncated",
    "truncated",
    "Values since the start that are in no percentile, or the like, for want of memory.",
  ],
  ["windows_open", "openWindows", "Windows, or parts of them, that are kept in memory."],
  ["window_groups", "groups", "Groups in those."],
  ["window_state_bytes", "stateBytes", "Memory that they take."],
  ["window_checkpoint_bytes", "checkpointBytes", "Size of the latest checkpoint."],
];

/** @param now asked at each scrape, always of the same datasets in the same order */
export function registerWindows(
  metrics: Metrics,
  now: () => readonly WindowView[],
  clock: Pick<Clock, "nowMs">,
): void {
  now().forEach(({ dataset }, index) => {
    const figure = (name: WindowFigure) => now()[index]!.figures[name];
    for (const [name, of, help] of COUNTS) metrics.registerCounter(name, help, { dataset }, () => figure(of));
    for (const [name, of, help] of GAUGES) metrics.registerGauge(name, help, { dataset }, () => figure(of));
    const help = "Time since the latest checkpoint was written; none while there is none of this process.";
    const age = () => {
      const writtenMs = figure("checkpointMs");
      return writtenMs === 0 ? Number.NaN : Math.max(0, clock.nowMs() - writtenMs) / 1000;
    };
    metrics.registerGauge("window_checkpoint_age_seconds", help, { dataset }, age);
  });
}
