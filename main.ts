/**
 * Millrace, as a process: reads the settings, locks the data folder, listens, starts the actors, and ends in order when it is
 * asked to.
 *
 * Exit codes: 0 ended as asked; 1 it failed; 2 the settings, the data folder or the address cannot be used.
 */

import { mkdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { houseSpec } from "./actors/house.ts";
import { letLastRowsPass } from "./actors/last-rows.ts";
import type { ConfigControlOptions } from "./config-control.ts";
import { type HttpAccess, openAccess } from "./http/access.ts";
import { HttpStartError, type OpenPort, openPort } from "./http/open-port.ts";
import { readSecretFile } from "./http/secret-file.ts";
import type { HttpServer } from "./http/serve.ts";
import { createTransitionLog, type TransitionLog } from "./http/transitions.ts";
import { version } from "./http/version.ts";
import { systemClock } from "./runtime/clock.ts";
import { configFileName, describeSettings, formatProblems, formatSettings } from "./runtime/config.ts";
import { type FolderLock, lockFolder } from "./runtime/folder-lock.ts";
import { configureLogging, getLog, type Logging } from "./runtime/log.ts";
import { commandLine, environment, exit, onStopSignal } from "./runtime/platform/index.ts";
import { createSystem, type System } from "./runtime/system.ts";
import { houseOptions, loadSettings, type Settings, settingsSpec } from "./settings.ts";
import { readOnce, settingsFileAt } from "./settings-file.ts";

const FAILED = 1;
const UNUSABLE = 2;
/** What an orderly end may take before the process ends all the same. */
const STOP_WITHIN_MS = 10_000;

/** What a start goes by. */
interface Start extends Pick<ConfigControlOptions, "load" | "file"> {
  readonly settings: Settings;
  readonly access: HttpAccess;
  readonly logging: Logging;
}
type Load = ConfigControlOptions["load"];

/** What an end has to undo. */
interface Begun {
  lock?: FolderLock;
  system?: System;
  /** The address alone, and then what answers there. */
  http?: Pick<HttpServer, "close">;
}

await main(commandLine());

async function main(argv: readonly string[]): Promise<void> {
  if (argv.includes("--help") || argv.includes("-h")) {
    process.stdout.write(usage());
    exit(0);
  }
  if (argv.includes("--version")) {
    process.stdout.write(`millrace ${version}\n`);
    exit(0);
  }
  const env = { ...environment() };
  const readFile = readOnce((path) => readFileSync(path, "utf8"));
  const load: Load = (changes) => loadSettings(argv, env, readFile, changes);
  const loaded = load({});
  if (!loaded.ok) unusable(formatProblems(loaded.problems));
  const settings = loaded.value;
  const { level, format } = settings.log;
  const logging = configureLogging({ level, format });
  const opened = openAccess(loaded, readSecretFile, Date.now());
  if (!opened.ok) unusable(formatProblems(opened.problems));
  for (const warning of opened.warnings) getLog("millrace").warning("{warning}", { warning });
  const start = {
    ...{ settings, load, logging, access: opened.access },
    file: settingsFileAt(configFileName(settingsSpec, { argv, env })),
  };
  await run(start);
}

/** From here on it ends in order when it is asked to, however far the start has come. */
async function run(start: Start): Promise<void> {
  const log = getLog("millrace");
  const begun: Begun = {};
  let ending = false;
  onStopSignal((signal) => {
    // Asked twice: whoever asks does not want to wait.
    if (ending) exit(FAILED);
    ending = true;
    log.info("ending on {signal}", { signal });
    void end(begun).then(() => leave(start.logging, 0));
  });
  const lock = openFolder(start.settings.data.dir);
  begun.lock = lock;
  const transitions = createTransitionLog();
  const system = buildSystem(start.settings, transitions);
  begun.system = system;
  const open = await takeAddress(start);
  begun.http = open;
  if (ending) return;
  // The threads load what they need while this one loads HTTP.
  system.prepare();
  const { answerRequests } = await import("./answer-requests.ts");
  if (ending) return;
  const server = await answerRequests({ ...start, open, system, transitions });
  begun.http = server;
  lock.describe({ url: server.url });
  const started = await system.start();
  if (ending) return;
  if (!started.ok) {
    ending = true;
    log.error("did not start: {reason}", { reason: started.message });
    await end(begun);
    leave(start.logging, FAILED);
  }
  log.info("ready at {url}", { url: server.url });
}

function buildSystem(settings: Settings, transitions: TransitionLog): System {
  const supervision = getLog("supervision");
  return createSystem({
    ...houseSpec(houseOptions(settings)),
    logLevel: settings.log.level,
    onSupervision(transition) {
      transitions.add(transition);
      const { supervisor, child, from, to, reason } = transition;
      const properties = { supervisor, child, from, to, reason };
      if (to === "failed" || to === "escalated")
        supervision.warning("{child}: {from} → {to}, {reason}", properties);
      else supervision.debug("{child}: {from} → {to}", properties);
    },
    onEscalate(reason) {
      getLog("millrace").error("gave up: {reason}", { reason });
      exit(FAILED);
    },
  });
}

async function takeAddress({ settings, access }: Start): Promise<OpenPort> {
  const { host, port } = settings.http;
  try {
    return await openPort({ hostname: host, port, tls: access.tls });
  } catch (error) {
    if (error instanceof HttpStartError) unusable(error.message);
    throw error;
  }
}

function openFolder(folder: string): FolderLock {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const locked = lockFolder(folder);
    if (locked.ok) return locked.lock;
    unusable(
      `data.dir: the folder ${folder} is in use by ${locked.owner}; end that process, or choose another folder with --data`,
    );
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    unusable(
      `data.dir: the folder ${folder} cannot be used (${code}); make it writable, or choose another with --data`,
    );
  }
}

/**
 * Streams first, so that nobody waits for more; then the actors, from the front to the back, so that what came in is stored; then
 * the folder.
 */
async function end({ http, system, lock }: Begun): Promise<void> {
  setTimeout(() => {
    getLog("millrace").error("did not end within {seconds} s", { seconds: STOP_WITHIN_MS / 1000 });
    exit(FAILED);
  }, STOP_WITHIN_MS);
  await http?.close();
  if (system !== undefined) {
    await letLastRowsPass(system, { clock: systemClock, log: getLog("millrace") });
    await system.stop();
  }
  lock?.release();
}

/** Says first what was held back as a repetition. */
function leave(logging: Logging, code: number): never {
  logging.flush();
  exit(code);
}

function unusable(message: string): never {
  process.stderr.write(`${message}\n`);
  exit(UNUSABLE);
}

function usage(): string {
  return `millrace ${version}: turns this host's telemetry into data that a model may be trained on

usage: bun main.ts [--setting value]…

settings (by flag, by environment, or in millrace.json):

${formatSettings(describeSettings(settingsSpec))}
`;
}
