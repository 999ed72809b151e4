/**
 * Millrace's settings: every name, default, bound and one-line meaning, once; a section each in settings/. The same declaration
 * validates, writes --help and fills the documentation. How settings are read and merged is runtime/config.ts.
 */

import { z } from "zod";
import type { HouseOptions } from "./actors/house/options.ts";
import { readOutlets } from "./actors/outlets/read-outlets.ts";
import { datasets } from "./datasets/index.ts";
import { type ConfigSpec, type Loaded, loadConfig, type ReadFile } from "./runtime/config.ts";
import { aggregationSettings } from "./settings/aggregation.ts";
import { dataSettings } from "./settings/data.ts";
import { deadLetterSettings } from "./settings/dead-letters.ts";
import { httpSettings } from "./settings/http.ts";
import { exposedWithoutToken, halfOfTls, readTokenFile } from "./settings/http-rules.ts";
import { ingestSettings } from "./settings/ingest.ts";
import { logSettings } from "./settings/log.ts";
import { qualitySettings, shadowSettings } from "./settings/quality.ts";
import { recorderSettings } from "./settings/recorder.ts";
import { samplerSettings } from "./settings/sampler.ts";
import { storeSettings } from "./settings/store.ts";
import { badOutlets, streamSettings } from "./settings/streams.ts";
import { threadSettings } from "./settings/threads.ts";
import { windowerSettings } from "./settings/windower.ts";

const schema = z.object({
  http: httpSettings,
  data: dataSettings,
  sampler: samplerSettings,
  windower: windowerSettings,
  log: logSettings,
  recorder: recorderSettings,
  store: storeSettings,
  streams: streamSettings,
  deadLetters: deadLetterSettings,
  ingest: ingestSettings,
  quality: qualitySettings,
  shadow: shadowSettings,
  aggregation: aggregationSettings,
  threads: threadSettings,
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

export type Settings = DeepReadonly<z.output<typeof schema>>;

/** What --help, the documentation and the loader read. */
export const settingsSpec: ConfigSpec<typeof schema> = {
  schema,
  envPrefix: "MILLRACE_",
  fileName: "millrace.json",
  shortFlags: { "http.port": "--port", "http.host": "--host", "http.token": "--token", "data.dir": "--data" },
};

/**
 * Millrace's settings from flags, environment and file; a token in `http.tokenFile` is read into `http.token`.
 * Pure: `readFile` returns a file's text or throws as node:fs does.
 * @param changes what was changed since the start, by dotted name; null: the default counts
 */
export function loadSettings(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  readFile: ReadFile,
  changes: Readonly<Record<string, unknown>> = {},
): Loaded<Settings> {
  const loaded = loadConfig(settingsSpec, { argv, env, readFile, changes });
  if (!loaded.ok) return loaded;
  const withToken = readTokenFile(loaded, readFile);
  if (!withToken.ok) return withToken;
  const { value, sources } = withToken;
  const problems = [
    exposedWithoutToken(value.http, sources),
    halfOfTls(value.http, sources),
    badOutlets(value.streams, sources),
  ].filter((problem) => problem !== undefined);
  return problems.length === 0 ? withToken : { ok: false, problems };
}

/** The settings of who gives none. */
export function defaultSettings(): Settings {
  const loaded = loadConfig(settingsSpec, { argv: [], env: {}, readFile: () => notThere() });
  if (!loaded.ok) throw new TypeError("the defaults are no valid settings");
  return loaded.value;
}

/** How the actors are set up by these settings. */
export function houseOptions(settings: Settings): HouseOptions {
  const { data, sampler, windower, recorder, store, streams, aggregation, threads } = settings;
  const { quality: rules, shadow, deadLetters } = settings;
  const { keep, ...others } = store;
  const outlets = readOutlets(streams.outlets, datasets);
  return {
    dataFolder: data.dir,
    sampler,
    windows: windower,
    segmentBytes: recorder.segmentBytes,
    keepBytes: recorder.keepBytes,
    queueBytes: streams.queueBytes,
    store: { ...others, keepMs: keep },
    deadLetters: { maxBytes: deadLetters.maxBytes, keepMs: deadLetters.keep },
    rowsPerSecond: Object.fromEntries(
      Object.entries(settings.ingest.rowsPerSecond).filter(([, rows]) => rows > 0),
    ),
    quality: { rules, fraction: shadow.fraction },
    aggregation,
    outlets: outlets.ok ? outlets.outlets : [],
    threads: Object.fromEntries(Object.entries(threads).filter(([, thread]) => thread !== undefined)),
  };
}

function notThere(): never {
  throw Object.assign(new Error("there is no such file"), { code: "ENOENT" });
}
