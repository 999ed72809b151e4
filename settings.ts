/**
 * Millrace's settings: every name, default, bound and one-line meaning, once. The same declaration validates, writes
 * --help and fills the documentation. How settings are read and merged is runtime/config.ts; what stands here beyond the
 * schema are the rules that need more than one setting: how the token is given, who may listen beyond loopback, and what TLS
 * needs. Files of tokens and of TLS are read by http/access.ts.
 */
import { z } from "zod";
import { USUAL_LETTERS } from "./actors/dead-letters/dead-letters.ts";
import { DEFAULT_QUEUE_BYTES } from "./actors/feed/subscription.ts";
import {
  DATASET_BYTES,
  type HouseOptions,
  USUAL_AGGREGATION,
  USUAL_EXAMINER,
  USUAL_STORE,
  USUAL_WINDOWS,
} from "./actors/house.ts";
import { readOutlets } from "./actors/outlets/read-outlets.ts";
import type { Dataset } from "./datasets/define.ts";
import { datasets, pushedDatasets } from "./datasets/index.ts";
import { DEFAULT_KEEP_DAYS } from "./datasets/spec.ts";
import { MAX_NAMES, parseNames } from "./http/guard/known-names.ts";
import { TOKEN, TOKEN_EXPECTED } from "./http/guard/tokens.ts";
import {
  byteSize,
  type ConfigSpec,
  durationMs,
  errorCode,
  type Loaded,
  loadConfig,
  type Problem,
  type ReadFile,
} from "./runtime/config.ts";
import { isLoopback } from "./runtime/loopback.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Where an actor may be placed. */
export const threadNames = ["main", "ingest", "pipeline", "storage", "archive"] as const;

const token = z.string().regex(TOKEN).meta({
  description:
    "Secret that clients send as a bearer token. Give it by environment or file rather than by flag: every user of the host can read a process's flags.",
  expected: TOKEN_EXPECTED,
  secret: true,
});

const filePath = z.string().min(1).max(4096).optional();

const place = (actor: string) =>
  z
    .enum(threadNames)
    .describe(`Thread that runs the ${actor}, when not the one the system chooses.`)
    .optional();

const { rules: usualRules, fraction: usualFraction } = USUAL_EXAMINER;

const share = (preset: number) => z.number().min(0).max(1).default(preset);

/** A setting for each dataset, by its name. */
function eachDataset<Setting extends z.ZodType>(setting: (dataset: Dataset) => Setting, of = datasets) {
  return z.object(Object.fromEntries(of.map((dataset) => [dataset.name, setting(dataset)])));
}

export const settingsSchema = z.object({
  http: z.object({
    host: z
      .string()
      .regex(/^[A-Za-z0-9.:%_-]{1,255}$/)
      .default("127.0.0.1")
      .meta({
        description: "Address to listen on. Any address that is not loopback needs a token.",
        expected: "an IP address or host name",
      }),
    port: z.int().min(0).max(65_535).default(8787).describe("Port to listen on; 0 takes any free one."),
    token: token.optional(),
    tokenFile: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe(
        "File whose only line is the token, in place of giving the token itself; mode 0600 is advised.",
      ),
    tokensFile: filePath.describe(
      "File of further tokens, a line each: a name, scopes of read, control, export, ingest with commas between them, the token. Its mode must be 0600.",
    ),
    names: z
      .string()
      .max(4096)
      .refine((text) => parseNames(text) !== undefined)
      .optional()
      .meta({
        description:
          "Further names or addresses under which the server is known, on a network or behind a reverse proxy, each with or without a port.",
        expected: `names such as millrace.example or 192.0.2.7:8443 with spaces between them, at most ${MAX_NAMES}`,
      }),
    requestsPerSecond: z
      .int()
      .min(0)
      .max(1_000_000)
      .optional()
      .describe(
        "Requests that one address may send, twice as many at once; 0: any number. When it is not given, 0 on loopback and 100 elsewhere.",
      ),
    tlsCert: filePath.describe(
      "File of the certificate in PEM, and of those that vouch for it; with http.tlsKey, HTTPS is spoken.",
    ),
    tlsKey: filePath.describe("File of the certificate's private key in PEM; its owner alone may read it."),
  }),
  data: z.object({
    dir: z.string().min(1).max(4096).default("data").describe("Folder of the log and the key."),
  }),
  sampler: z.object({
    memoryIntervalMs: durationMs({ minMs: 100, maxMs: hourMs })
      .default(1000)
      .describe("How often the host's memory is sampled."),
    processIntervalMs: durationMs({ minMs: 1000, maxMs: hourMs })
      .default(10_000)
      .describe("How often the host's processes are sampled."),
    privateBudgetMs: durationMs({ minMs: 0, maxMs: 1000 })
      .default(20)
      .describe("Time a process sample may spend on private memory, which is dear to read; 0 leaves it out."),
  }),
  windower: z.object({
    disorderMs: durationMs({ minMs: 0, maxMs: hourMs })
      .default(USUAL_WINDOWS.disorderMs)
      .describe(
        "How far behind the latest event the watermark stays; windows close when it reaches their end.",
      ),
    latenessMs: durationMs({ minMs: 0, maxMs: hourMs })
      .default(USUAL_WINDOWS.latenessMs)
      .describe(
        "How long a window is kept after it closed: rows that come for it correct it, later ones are late.",
      ),
    aheadMs: durationMs({ minMs: 1000, maxMs: dayMs })
      .default(USUAL_WINDOWS.aheadMs)
      .describe("How far in the future of its writing a row's time may lie; rows beyond are in no window."),
    idleMs: durationMs({ minMs: 1000, maxMs: dayMs })
      .default(USUAL_WINDOWS.idleMs)
      .describe("How long a dataset must be silent before its windows close by the wall clock."),
    maxGroups: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(USUAL_WINDOWS.maxGroups)
      .describe("Groups that a window holds at the most."),
    whenFull: z
      .enum(["other", "refuse"])
      .default(USUAL_WINDOWS.whenFull)
      .describe("What becomes of rows of more groups: one group of all the others has them, or no window."),
    stateBytes: byteSize({ minBytes: 2 ** 20, maxBytes: 2 ** 30 })
      .default(USUAL_WINDOWS.stateBytes)
      .describe("Memory for open windows of all datasets together."),
  }),
  log: z.object({
    level: z
      .enum(["trace", "debug", "info", "warning", "error"])
      .default("info")
      .describe("Least severe level that is logged."),
    format: z
      .enum(["text", "json"])
      .default("text")
      .describe("Lines for people, or one JSON object a line; both go to standard error."),
  }),
  recorder: z.object({
    segmentBytes: byteSize({ minBytes: 2 ** 20, maxBytes: 2 ** 30 })
      .default(64 * 2 ** 20)
      .describe("Size at which a segment of the log is closed and the next begun."),
    keepBytes: byteSize({ minBytes: 2 ** 22, maxBytes: 2 ** 44 })
      .default(4 * 2 ** 30)
      .describe(
        "Size of the whole log; beyond it the oldest segments go, and with them what could not be moved into the lake.",
      ),
  }),
  store: z.object({
    settleMs: durationMs({ minMs: 1000, maxMs: dayMs })
      .default(USUAL_STORE.settleMs)
      .describe("How long an hour must be over before its rows are moved from the log into the lake."),
    segmentMaxAgeMs: durationMs({ minMs: hourMs, maxMs: 30 * dayMs })
      .default(USUAL_STORE.segmentMaxAgeMs)
      .describe("Age at which a segment of the log is moved into the lake whole, whatever its rows' times."),
    windowGroups: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(USUAL_STORE.windowGroups)
      .describe(
        "Groups of which an hour's windows are kept in the lake, those that lead in it; 0 keeps all.",
      ),
    keep: eachDataset(({ keepDays = DEFAULT_KEEP_DAYS, name }) =>
      durationMs({ minMs: hourMs, maxMs: 36_525 * dayMs })
        .default(keepDays * dayMs)
        .describe(`How long rows of ${name} are kept in the lake.`),
    ),
    maxBytes: eachDataset(({ name }) =>
      byteSize({ minBytes: 2 ** 16, maxBytes: 2 ** 44 })
        .default(DATASET_BYTES)
        .describe(`Size of the files of ${name} in the lake; beyond it the oldest hours go.`),
    ),
  }),
  streams: z.object({
    queueBytes: byteSize({ minBytes: 64 * 1024, maxBytes: 256 * 2 ** 20 })
      .default(DEFAULT_QUEUE_BYTES)
      .describe(
        "Bytes of live rows that wait for one slow client before the oldest are dropped and counted.",
      ),
    outlets: z.string().max(16_384).default("").meta({
      description:
        "Places outside HTTP where rows come out, open as long as the program runs: TCP ports, named pipes, ZeroMQ publishers.",
      expected:
        "addresses with spaces between them, such as tcp://127.0.0.1:9999/memory,process?format=jsonl, zeromq://127.0.0.1:5556/all or pipe:///run/millrace.fifo?datasets=memory",
    }),
  }),
  deadLetters: z.object({
    maxBytes: byteSize({ minBytes: 2 ** 16, maxBytes: 2 ** 28 })
      .default(USUAL_LETTERS.maxBytes)
      .describe("Size of all dead letters; beyond it the oldest go, and are counted."),
    keep: durationMs({ minMs: hourMs, maxMs: 36_525 * dayMs })
      .default(USUAL_LETTERS.keepMs)
      .describe("How long dead letters are kept."),
  }),
  ingest: z.object({
    rowsPerSecond: eachDataset(
      ({ name }) =>
        z
          .int()
          .min(0)
          .max(1_000_000_000)
          .default(0)
          .describe(
            `Rows of ${name} that may be pushed a second, on the whole; who brings more is told to wait. 0: any number.`,
          ),
      pushedDatasets,
    ),
  }),
  quality: z.object({
    minRows: z
      .int()
      .min(0)
      .default(usualRules.minRows)
      .describe("Rows that a dataset is to have to pass a validation."),
    maxMissing: share(usualRules.maxMissing).describe("Share of missing values that a column may have."),
    maxOutliers: share(usualRules.maxOutliers).describe(
      "Share of values beyond 1.5 interquartile ranges that a column may have without a warning.",
    ),
    minClass: share(usualRules.minClass).describe(
      "Share of the rows that each class of the label is to have.",
    ),
    maxClass: share(usualRules.maxClass).describe("Share of the rows that a class of the label may have."),
    maxPsi: z
      .number()
      .min(0)
      .max(1000)
      .default(usualRules.maxPsi)
      .describe("Population stability index that a column may have against an earlier time."),
    maxKs: share(usualRules.maxKs).describe(
      "Kolmogorov-Smirnov distance that a column may have against an earlier time.",
    ),
  }),
  shadow: z.object({
    fraction: share(usualFraction).describe(
      "Share of the traffic whose agreement of what was chosen with what would have been is told.",
    ),
  }),
  aggregation: z.object({
    windowMs: durationMs({ minMs: 1000, maxMs: dayMs })
      .default(USUAL_AGGREGATION.windowMs)
      .describe("How far back values of /pipeline/aggregate count."),
    maxStreams: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(USUAL_AGGREGATION.maxStreams)
      .describe("Metrics, and groups of them, that are kept at once."),
    whenFull: z
      .enum(["other", "refuse"])
      .default(USUAL_AGGREGATION.whenFull)
      .describe("What becomes of a new group when there is no room: it is one of the others, or refused."),
    stateBytes: byteSize({ minBytes: 2 ** 20, maxBytes: 2 ** 30 })
      .default(USUAL_AGGREGATION.stateBytes)
      .describe("Bytes of all metrics and groups together; what is not used is not taken."),
  }),
  threads: z.object({
    sampler: place("sampler"),
    anonymizer: place("anonymizer"),
    windower: place("windower"),
    recorder: place("recorder"),
    exporter: place("exporter"),
    replayer: place("replayer"),
    broadcaster: place("broadcaster"),
    outlets: place("outlets"),
    intake: place("intake"),
    keeper: place("keeper"),
    aggregator: place("aggregator"),
  }),
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

export type Settings = DeepReadonly<z.output<typeof settingsSchema>>;

/** What --help, the documentation and the loader read. */
export const settingsSpec: ConfigSpec<typeof settingsSchema> = {
  schema: settingsSchema,
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
  const problems = [exposedWithoutToken(withToken), halfOfTls(withToken), badOutlets(withToken)].filter(
    (problem) => problem !== undefined,
  );
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

type Ready = Extract<Loaded<Settings>, { ok: true }>;

function notThere(): never {
  throw Object.assign(new Error("there is no such file"), { code: "ENOENT" });
}

function readTokenFile(loaded: Ready, readFile: ReadFile): Loaded<Settings> {
  const { http } = loaded.value;
  if (http.tokenFile === undefined) return loaded;
  const from = loaded.sources["http.tokenFile"] ?? "default";
  const refuse = (expected: string, came: string, remedy: string): Loaded<Settings> => ({
    ok: false,
    problems: [{ setting: "http.tokenFile", from, expected, came, remedy }],
  });
  if (http.token !== undefined) {
    const other = loaded.sources["http.token"] ?? "default";
    return refuse("the token or its file, not both", `both: the token by ${other}`, "leave one of them out");
  }
  let text: string;
  try {
    text = readFile(http.tokenFile);
  } catch (error) {
    return refuse("a file that can be read", errorCode(error), "create it, or correct its name or its mode");
  }
  const parsed = token.safeParse(text.trim());
  if (!parsed.success) {
    return refuse(
      `a file that holds ${token.meta()?.["expected"]}`,
      "something else (hidden)",
      "write a new token into it, for instance: openssl rand -hex 32",
    );
  }
  return {
    ok: true,
    value: { ...loaded.value, http: { ...http, token: parsed.data } },
    sources: { ...loaded.sources, "http.token": "the file in http.tokenFile" },
  };
}

function exposedWithoutToken({ value, sources }: Ready): Problem | undefined {
  const { host, token, tokensFile } = value.http;
  if (isLoopback(host) || token !== undefined || tokensFile !== undefined) return undefined;
  return {
    setting: "http.token",
    from: `http.host by ${sources["http.host"] ?? "default"}`,
    expected: "a token, because the host to listen on is not loopback (127.0.0.0/8, ::1, localhost)",
    came: "none",
    remedy:
      "give one by MILLRACE_HTTP_TOKEN, http.tokenFile, http.tokensFile or --token, or stay on loopback with --host 127.0.0.1",
  };
}

function halfOfTls({ value: { http }, sources }: Ready): Problem | undefined {
  if ((http.tlsCert === undefined) === (http.tlsKey === undefined)) return undefined;
  const [given, missing] = http.tlsCert === undefined ? ["tlsKey", "tlsCert"] : ["tlsCert", "tlsKey"];
  return {
    setting: `http.${missing}`,
    from: `http.${given} by ${sources[`http.${given}`] ?? "default"}`,
    expected: "a certificate and its key, both or none",
    came: `http.${given} alone`,
    remedy: `give http.${missing} too, or leave http.${given} out`,
  };
}

function badOutlets({ value, sources }: Ready): Problem | undefined {
  const read = readOutlets(value.streams.outlets, datasets);
  if (read.ok) return undefined;
  const { expected, came } = read;
  const remedy = "correct the address; docs/streams.md says what one may have";
  return {
    setting: "streams.outlets",
    from: sources["streams.outlets"] ?? "default",
    expected,
    came,
    remedy,
  };
}
