/**
 * What it takes to change a setting while the program runs. It stands here by name, as people are told beforehand; that the
 * actors named are the ones whose configuration has the setting is what test/config-control.test.ts is for.
 */

import type { ActorName } from "./actors/house/options.ts";

export interface SettingChange {
  readonly change: "live" | "restarts" | "fixed";
  /** Whom it is for. */
  readonly actors: readonly ActorName[];
  /** Whether it may be written to the settings' file by who may only ask over HTTP. */
  readonly writable: boolean;
}

const live = (...actors: ActorName[]): SettingChange => ({ change: "live", actors, writable: true });
const restarts = (...actors: ActorName[]): SettingChange => ({ change: "restarts", actors, writable: true });
const FIXED: SettingChange = { change: "fixed", actors: [], writable: true };
/** Who may control must not let others in, or give itself more than it has. */
const BY_HAND: SettingChange = { change: "fixed", actors: [], writable: false };

/** By name, or by the group that it is in; the longest counts. What is not here counts when the process starts. */
export const SETTING_CHANGES: Readonly<Record<string, SettingChange>> = {
  http: BY_HAND,
  "http.port": FIXED,
  sampler: live("sampler"),
  windower: restarts("windower"),
  // The keeper waits for the windower, so it has to know too.
  "windower.disorderMs": restarts("windower", "keeper"),
  "windower.latenessMs": restarts("windower", "keeper"),
  // Memory is laid out once.
  "windower.stateBytes": FIXED,
  "log.level": live(),
  "recorder.segmentBytes": restarts("recorder"),
  "recorder.keepBytes": live("keeper"),
  store: live("keeper"),
  ingest: restarts("intake"),
  "streams.outlets": restarts("outlets"),
  deadLetters: live("dead-letters"),
  quality: live("examiner"),
  shadow: live("examiner"),
  // What it holds is cut by the window.
  "aggregation.windowMs": restarts("aggregator"),
  "aggregation.maxStreams": live("aggregator"),
  "aggregation.whenFull": live("aggregator"),
};

/** Of a setting of which nothing is said: it counts when the process starts. */
export function changeOf(name: string): SettingChange {
  for (let group = name; group !== ""; group = group.slice(0, Math.max(0, group.lastIndexOf(".")))) {
    const found = Object.hasOwn(SETTING_CHANGES, group) ? SETTING_CHANGES[group] : undefined;
    if (found !== undefined) return found;
  }
  return FIXED;
}
