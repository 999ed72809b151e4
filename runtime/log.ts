/**
 * Structured logging on LogTape, for the main thread and for workers.
 *
 *   main:    configureLogging({ level, format })     worker:  configureForwarding({ level, post })
 *   both:    getLog("recorder").info("{rows} rows stored", { rows })
 *   main:    emitForwarded(record)                   for each record that a worker posted
 *
 * Every record, of this product or of a library that logs through LogTape, takes the same way on the thread it is logged on:
 * redacted (log/redact.ts), limited (log/limit.ts), then written or posted. So what crosses a thread is already clean,
 * cloneable and bounded. Nothing here throws for what is logged; lines that could not be written are counted.
 *
 * Messages are constants with `{placeholders}`; never build one from values. LogTape's configuration is one a thread.
 */
import { homedir } from "node:os";
import process from "node:process";
import { configureSync, getLogger, type LogRecord, resetSync, type Sink } from "@logtape/logtape";
import { type Clock, systemClock } from "./clock.ts";
import { fillTemplate, formatRecord, type LogFormat } from "./log/format.ts";
import { createLimiter, type LimitOptions } from "./log/limit.ts";
import { type RedactOptions, redacted, redactProperties, scrubText } from "./log/redact.ts";
import { type LogLevel, logLevels, type WireRecord } from "./log/wire.ts";

export type { LogFormat } from "./log/format.ts";
export type { LimitOptions } from "./log/limit.ts";
export type { LogLevel, WireRecord, WireValue } from "./log/wire.ts";

/** What code logs by. A message is a constant; values go into properties. An error goes into the property `error`. */
export interface Log {
  trace(message: string, properties?: Readonly<Record<string, unknown>>): void;
  debug(message: string, properties?: Readonly<Record<string, unknown>>): void;
  info(message: string, properties?: Readonly<Record<string, unknown>>): void;
  warning(message: string, properties?: Readonly<Record<string, unknown>>): void;
  error(message: string, properties?: Readonly<Record<string, unknown>>): void;
  /** Whether a record of this level would be written: ask before working for one. */
  isEnabled(level: LogLevel): boolean;
}

interface SinkOptions {
  /** Stamps records and measures the limits. Default: the host's clock. */
  readonly clock?: Clock;
  readonly limits?: LimitOptions;
  /** Removed from all text. Default: this user's home folder. */
  readonly home?: string;
}

export interface LoggingOptions extends SinkOptions {
  /** Least severe level that is written. */
  readonly level: LogLevel;
  /** Default "text". */
  readonly format?: LogFormat;
  /** Takes one line with its line feed. Default: standard error. */
  readonly write?: (line: string) => void;
}

export interface ForwardingOptions extends SinkOptions {
  readonly level: LogLevel;
  /** Takes a record to the main thread, which passes it to `emitForwarded`. */
  readonly post: (record: WireRecord) => void;
}

/** A configured thread's logging. */
export interface Logging {
  /** Writes the pending "repeated n times" now. */
  flush(): void;
  /** Lines that could not be written or posted. */
  lostLines(): number;
  /** Flushes, and logs no more. */
  close(): void;
}

/** Where the main thread writes. One a thread, as LogTape's own configuration is. */
let output: { readonly write: (record: WireRecord) => void } | undefined;
/** What this thread's records go into, and from which level on. */
let installed: { readonly sink: Sink; readonly level: LogLevel } | undefined;

/** Sets up this thread to write. Calling it again replaces what was set up before. */
export function configureLogging(options: LoggingOptions): Logging {
  const format = options.format ?? "text";
  const line = options.write ?? standardError();
  let lost = 0;
  const write = (record: WireRecord) => {
    try {
      line(formatRecord(record, format));
    } catch {
      lost++;
    }
  };
  const sink = createSink(write, options);
  install(sink, options.level);
  const own = { write };
  output = own;
  return {
    flush: sink.flush,
    lostLines: () => lost,
    close() {
      sink.flush();
      if (output !== own) return;
      output = undefined;
      uninstall();
    },
  };
}

/** Changes the least severe level that this thread logs, for whatever was set up before; nothing was: nothing happens. */
export function setLogLevel(level: LogLevel): void {
  if (installed !== undefined) install(installed.sink, level);
}

/** Sets up this worker to forward. */
export function configureForwarding(options: ForwardingOptions): Logging {
  const sink = createForwardingSink(options.post, options);
  install(sink, options.level);
  return {
    flush: sink.flush,
    lostLines: sink.lostRecords,
    close() {
      sink.flush();
      uninstall();
    },
  };
}

/**
 * A LogTape sink that posts redacted, limited, cloneable records. Bounded by the limits (by default 200 records a second
 * and as many reports at most as templates were held back), because a port's own queue is not. A `post` that throws loses the record, counted.
 */
function createForwardingSink(
  post: (record: WireRecord) => void,
  options: SinkOptions = {},
): Sink & { flush(): void; lostRecords(): number } {
  let lost = 0;
  const sink = createSink((record) => {
    try {
      post(record);
    } catch {
      lost++;
    }
  }, options);
  return Object.assign(sink, { lostRecords: () => lost });
}

/**
 * Writes a record that another thread posted; on the main thread only. It is redacted again (that changes nothing in a
 * record that already was) and not limited again. False when it was not written: too fine a level, or logging is not set up.
 */
export function emitForwarded(record: WireRecord): boolean {
  if (output === undefined || installed === undefined) return false;
  if (logLevels.indexOf(record.level) < logLevels.indexOf(installed.level)) return false;
  output.write({
    ...record,
    message: scrubText(record.message),
    properties: redactProperties(record.properties),
  });
  return true;
}

/** The log of one part: "recorder", or ["http", "streams"]. Cheap; may be called before logging is set up. */
export function getLog(category: string | readonly string[]): Log {
  const logger = getLogger(category);
  const at =
    (level: Exclude<LogLevel, "fatal">) =>
    (template: string, properties: Readonly<Record<string, unknown>> = {}): void => {
      // `emit` would take the record as it is, and copies it property by property: several times the cost.
      if (logger.isEnabledFor(level)) logger[level](template, properties);
    };
  return {
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warning: at("warning"),
    error: at("error"),
    isEnabled: (level) => logger.isEnabledFor(level),
  };
}

function install(sink: Sink, level: LogLevel): void {
  installed = { sink, level };
  configureSync({
    reset: true,
    sinks: { main: sink },
    loggers: [
      { category: [], sinks: ["main"], lowestLevel: level },
      // LogTape speaks of itself here; at info it would greet.
      { category: ["logtape", "meta"], sinks: ["main"], parentSinks: "override", lowestLevel: "warning" },
    ],
  });
}

function uninstall(): void {
  installed = undefined;
  resetSync();
}

function createSink(pass: (record: WireRecord) => void, options: SinkOptions): Sink & { flush(): void } {
  const clock = options.clock ?? systemClock;
  const limiter = createLimiter(clock, pass, options.limits);
  const redaction: RedactOptions = { home: options.home ?? homedir() };
  const sink = (record: LogRecord) => {
    const template = templateOf(record, redaction);
    limiter.admit({ category: record.category, level: record.level, template }, () =>
      toWire(record, template, clock, redaction),
    );
  };
  return Object.assign(sink, { flush: () => limiter.flush() });
}

function templateOf(record: LogRecord, redaction: RedactOptions): string {
  const { rawMessage } = record;
  // A library's tagged template carries values without names, so none of them can be judged: they are left out.
  return scrubText(typeof rawMessage === "string" ? rawMessage : rawMessage.join(redacted), redaction);
}

function toWire(record: LogRecord, template: string, clock: Clock, redaction: RedactOptions): WireRecord {
  const properties = redactProperties(record.properties, redaction);
  return {
    timeMs: clock.nowMs(),
    level: record.level,
    category: record.category,
    message: scrubText(fillTemplate(template, properties), redaction),
    template,
    properties,
  };
}

/** Standard error, whose reader may go away: then lines are lost, not the process. */
function standardError(): (line: string) => void {
  process.stderr.off("error", ignoreLostReader).on("error", ignoreLostReader);
  return (line) => {
    process.stderr.write(line);
  };
}

function ignoreLostReader(): void {
  // The line is gone, and there is no other place to say so.
}
