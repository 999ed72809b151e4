/**
 * HTTP over a system that was built from `houseSpec`, with all that it tells of it and asks it for. Apart from main.ts, which loads it when
 * the system's threads load theirs already: these are the most modules that one thread has.
 */

import { ledgerOf, metersOf, stagingOf, windowMetersOf } from "./actors/house/places.ts";
import { readLedger } from "./actors/ledger.ts";
import { readMeters } from "./actors/stage-meter.ts";
import { readWindowMeters } from "./actors/window-meters.ts";
import { type ConfigControlOptions, createConfigControl } from "./config-control.ts";
import type { HttpAccess } from "./http/access.ts";
import type { Transitions } from "./http/control.ts";
import type { OpenPort } from "./http/open-port.ts";
import { type HttpServer, startHttp } from "./http/serve.ts";
import { StagingArea } from "./ingest/staging-area.ts";
import { getLog } from "./runtime/log.ts";
import type { System } from "./runtime/system.ts";
import type { Settings } from "./settings.ts";
import { instantiateKernels } from "./wasm/index.ts";

export interface AnswerOptions extends Pick<ConfigControlOptions, "load" | "file"> {
  readonly settings: Settings;
  readonly access: HttpAccess;
  /** The configured address. */
  readonly open: OpenPort;
  /** Built from `houseSpec`, and not necessarily started. */
  readonly system: System;
  readonly transitions: Transitions;
}

export function answerRequests(options: AnswerOptions): Promise<HttpServer> {
  const { settings, access, open, system, transitions, load, file } = options;
  return startHttp({
    ...{ settings, access, open, system, transitions },
    config: createConfigControl({ load, system, file, log: getLog("config") }),
    staging: openStaging(system),
    ledger: () => readLedger(system.memory, ledgerOf(system)),
    windows: () => readWindowMeters(system.memory, windowMetersOf(system)),
    stages: () => readMeters(system.memory, metersOf(system), system.status().lanes, Date.now()),
  });
}

/** This thread hands the places out, as it is the one that has HTTP. */
function openStaging({ memory, resources }: System): StagingArea {
  const kernels = instantiateKernels(resources["kernels"] as WebAssembly.Module, memory);
  return new StagingArea(memory, stagingOf({ resources }), kernels.xxhashLow);
}
