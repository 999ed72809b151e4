/**
 * One client that watches one export: an event `progress` whenever it got further, then one of `done`, `failed` or `cancelled`,
 * and the end. Each has the job as its data. An exporter that was started again has lost the job, which is a failure.
 */

import type { ExportJob } from "../actors/exporter/protocol.ts";
import { pause } from "../runtime/clock.ts";
import type { ControlDeps } from "./control.ts";
import { BEAT, type Watcher } from "./event-stream.ts";
import { askExporter } from "./export-access.ts";
import { type JobView, jobView } from "./job-view.ts";
import { BEAT_MS } from "./streams/limits.ts";

const LOOK_EVERY_MS = 250;
/** Looks in a row that may fail before the job counts as lost: the exporter starts again within seconds, or it escalates. */
const LOST_AFTER_LOOKS = 40;

/** Resolves when the stream is over. @param first the job as it was found */
export async function runJobEvents(deps: ControlDeps, watcher: Watcher, first: ExportJob): Promise<void> {
  const isOver = () => watcher.isGone || deps.closing.aborted;
  let job = first;
  let told: string | undefined;
  let quietMs = 0;
  for (let failures = 0; !isOver(); ) {
    const view = jobView(job);
    const text = JSON.stringify(view);
    if (text !== told || view.state !== "running") {
      await watcher.write(eventText(view, text));
      if (view.state !== "running") return;
      told = text;
      quietMs = 0;
    } else if (quietMs >= BEAT_MS) {
      await watcher.write(BEAT);
      quietMs = 0;
    }
    await pause(deps.clock, LOOK_EVERY_MS);
    quietMs += LOOK_EVERY_MS;
    if (isOver()) return;
    const answer = await askExporter(deps, { kind: "export.job", job: first.job });
    if (answer.ok && answer.value.ok) {
      job = answer.value.job;
      failures = 0;
    } else if (answer.ok || ++failures === LOST_AFTER_LOOKS) {
      const message = "the export is gone: it was removed, or the part that makes it was started again";
      job = { ...job, state: "failed", failure: { ok: false, reason: "unknown-export", message } };
    }
  }
}

/** JSON has no line breaks, so a job is one `data` line. */
function eventText({ state }: JobView, text: string): string {
  return `event: ${state === "running" ? "progress" : state}\ndata: ${text}\n\n`;
}
