import assert from "node:assert/strict";
import { test } from "node:test";
import { WINDOW_FIGURES, type WindowFigures, type WindowView } from "../../actors/window-meters.ts";
import { registerWindows } from "../../http/window-metrics.ts";
import { VirtualClock } from "../../runtime/clock.ts";
import { createMetrics } from "../../runtime/metrics/index.ts";

function figuresOf(known: Partial<WindowFigures>): WindowFigures {
  return Object.fromEntries(WINDOW_FIGURES.map((name) => [name, known[name] ?? 0])) as WindowFigures;
}

test("every windows dataset has its series, read anew at each scrape", async () => {
  const clock = new VirtualClock();
  const metrics = createMetrics({ prefix: "millrace_", processMetrics: false });
  let views: WindowView[] = [
    { dataset: "one", figures: figuresOf({ late: 3, checkpointMs: clock.nowMs() - 2500 }) },
    { dataset: "two", figures: figuresOf({ corrections: 4 }) },
  ];
  registerWindows(metrics, () => views, clock);
  const first = await metrics.render();
  assert.match(first, /^millrace_window_rows_late_total\{dataset="one"\} 3$/m);
  assert.match(first, /^millrace_window_checkpoint_age_seconds\{dataset="one"\} 2.5$/m);
  assert.match(first, /^millrace_window_checkpoint_age_seconds\{dataset="two"\} Nan$/m, "there is none");
  assert.match(first, /^millrace_windows_corrected_total\{dataset="two"\} 4$/m);
  views = views.map(({ dataset }) => ({ dataset, figures: figuresOf({ late: 7, groups: 9 }) }));
  const second = await metrics.render();
  assert.match(second, /^millrace_window_rows_late_total\{dataset="one"\} 7$/m);
  assert.match(second, /^millrace_window_groups\{dataset="two"\} 9$/m);
});
