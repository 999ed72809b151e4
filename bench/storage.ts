/**
 * What does a day of a host take on the disk? A recording of a host is replayed through the whole program under a virtual clock,
 * second by second for 24 hours: sampler, anonymizer, windower, recorder, and the keeper on its own schedule. What then lies in
 * the lake is counted. Each hour is a file of its own, so a recording that is shorter than a day and begun anew takes no less
 * room than a longer one.
 *
 * The folder is in memory (/dev/shm) where there is such a thing: a day's 86 400 syncs are not what is asked for here.
 */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { USUAL_STORE } from "../actors/house/options.ts";
import { houseSpec } from "../actors/house.ts";
import { KEEPER, type KeeperReplies } from "../actors/keeper/protocol.ts";
import { type SamplerConfig, samplerOf } from "../actors/sampler/sampler.ts";
import type { DatasetStats } from "../actors/store/stats.ts";
import type { ActorContext, ActorFactory, ActorModule, ActorSpec } from "../runtime/actor/types.ts";
import { VirtualClock } from "../runtime/clock.ts";
import { createSystem, type System } from "../runtime/system.ts";
import { openRecordedHost, type RecordedHost } from "./fixtures/recorded-host.ts";
import { type MarkedCase, marked } from "./marked.ts";

const HOURS = 24;
const SECOND_MS = 1000;
/** Until the keeper finds the last hour due. */
const SETTLE_SECONDS = 10 * 60;
const SAMPLER: SamplerConfig = { memoryIntervalMs: 1000, processIntervalMs: 10_000, privateBudgetMs: 20 };
/** What the budget is for: memory once a second, and the windows of the programs. */
const HOST_PROFILE = ["memory", "memory_1m", "process_1m"];
const MARK_BYTES = 1000;

/** Runs the replay and reports each dataset, and the host profile against its mark. Takes a minute or two. */
export async function benchStorage(report: (measured: MarkedCase) => void): Promise<void> {
  const host = await openRecordedHost();
  const datasets = await replay(host);
  const names = { bench: "storage", unit: "bytes a minute" };
  const day = `${HOURS} h of a recording of ${(host.seconds / 3600).toFixed(1)} h`;
  for (const { dataset, bytesPerMinute, lakeRows, lakeFiles, thinned } of datasets) {
    if (bytesPerMinute === null) continue;
    const payload = `${day}: ${lakeRows} rows in ${lakeFiles} files${thinned > 0 ? `, ${thinned} left out` : ""}`;
    report(marked({ ...names, case: dataset }, bytesPerMinute, [bytesPerMinute], payload));
  }
  const profile = datasets
    .filter(({ dataset }) => HOST_PROFILE.includes(dataset))
    .reduce((bytes, { bytesPerMinute }) => bytes + (bytesPerMinute ?? 0), 0);
  const kept = Math.min(USUAL_STORE.windowGroups, host.names);
  const series = `${day}: 5 series of memory once a second and by the minute, and by the minute 5 of each of the ${kept} of ${host.names} programs that lead in an hour`;
  report(marked({ ...names, case: "host profile" }, profile, [profile], series, MARK_BYTES));
}

async function replay(host: RecordedHost): Promise<readonly DatasetStats[]> {
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "millrace-bench-"));
  const clock = new VirtualClock();
  const system = createSystem({
    ...houseSpec({
      dataFolder: folder,
      sampler: SAMPLER,
      segmentBytes: 64 * 2 ** 20,
      keepBytes: 4 * 2 ** 30,
    }),
    placement: "inline",
    clock,
    seed: 1,
    load: (spec) => load(spec, host),
  });
  try {
    const started = system.start();
    await pass(system, clock, 5);
    const outcome = await started;
    if (!outcome.ok) throw new Error(`the system did not start: ${outcome.message}`);
    await pass(system, clock, HOURS * 3600 + SETTLE_SECONDS);
    const asked = system.ask<KeeperReplies["keeper.stats"]>(KEEPER, { kind: "keeper.stats" }, 60_000);
    await pass(system, clock, 30);
    const answer = await asked;
    if (!answer.ok) throw new Error(`the keeper did not say what there is: ${answer.message}`);
    return answer.value.stats.datasets;
  } finally {
    const stopped = system.stop();
    await pass(system, clock, 30);
    await stopped;
    rmSync(folder, { recursive: true });
  }
}

async function load(spec: ActorSpec, host: RecordedHost): Promise<ActorFactory> {
  if (spec.name === "sampler") return (context) => samplerOf(context as ActorContext<SamplerConfig>, host);
  return ((await import(spec.module)) as ActorModule).default;
}

/** Lets time pass, and does at each second what there is to do. */
async function pass(system: System, clock: VirtualClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.advance(SECOND_MS);
    for (let idle = 0; idle < 2; ) idle = (await system.step()) ? 0 : idle + 1;
  }
}
