/**
 * What a log line looks like, how repeats are counted, and what must never be in one.
 * LogTape's configuration is one a thread, so each test sets logging up for itself and closes it.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { getLogger } from "@logtape/logtape";
import fc from "fast-check";
import { type Clock, VirtualClock } from "../../runtime/clock.ts";
import { formatRecord } from "../../runtime/log/format.ts";
import { isDenied, redactProperties, scrubText } from "../../runtime/log/redact.ts";
import {
  configureForwarding,
  configureLogging,
  emitForwarded,
  getLog,
  type Logging,
  type LoggingOptions,
  setLogLevel,
  type WireRecord,
} from "../../runtime/log.ts";

const canary = "c4naryAlice";

let logging: Logging | undefined;
afterEach(() => {
  logging?.close();
  logging = undefined;
});

/** Logging on a virtual clock into an array of lines. */
function start(options: Partial<LoggingOptions> = {}) {
  const clock = new VirtualClock(Date.UTC(2026, 0, 2, 3, 4, 5, 6));
  const lines: string[] = [];
  logging = configureLogging({
    level: "debug",
    clock,
    home: "/srv/people/ann",
    write: (line) => lines.push(line),
    ...options,
  });
  return { clock, lines, logging };
}

function startForwarding(limits = {}) {
  const clock = new VirtualClock();
  const records: WireRecord[] = [];
  logging = configureForwarding({
    level: "debug",
    clock,
    limits,
    post: (record) => records.push(structuredClone(record)),
  });
  return { clock, records };
}

describe("log: the level", () => {
  it("changes while it runs, for what is logged here and for what others forward", () => {
    const { lines } = start({ level: "warning" });
    const log = getLog("a");
    const forwarded: WireRecord = {
      timeMs: 0,
      level: "info",
      category: ["worker"],
      message: "m",
      template: "m",
      properties: {},
    };
    log.info("one");
    assert.equal(emitForwarded(forwarded), false);
    setLogLevel("info");
    assert.ok(log.isEnabled("info") && !log.isEnabled("debug"));
    log.info("two");
    assert.equal(emitForwarded(forwarded), true);
    setLogLevel("error");
    log.warning("three");
    assert.equal(emitForwarded(forwarded), false);
    assert.equal(lines.length, 2);
    assert.match(lines[0]!, /two/);
  });

  it("of nothing that was set up is nobody's", () => {
    const { lines, logging: own } = start();
    own.close();
    setLogLevel("trace");
    getLog("a").error("to nobody");
    assert.deepEqual(lines, []);
  });
});

describe("log: lines", () => {
  it("say time, level, category, message and the rest of the properties as text", () => {
    const { lines } = start();
    getLog(["recorder", "sync"]).info("{rows} rows synced", {
      rows: 3,
      tookMs: 1.5,
      note: "two words",
      ok: true,
    });
    assert.deepEqual(lines, [
      '2026-01-02T03:04:05.006Z info    recorder.sync 3 rows synced tookMs=1.5 note="two words" ok=true\n',
    ]);
  });

  it("say the same as one JSON object a line", () => {
    const { lines } = start({ format: "json" });
    getLog("recorder").warning("{rows} rows late", { rows: 2n, of: [1, { lane: "memory" }] });
    assert.deepEqual(JSON.parse(lines[0]!), {
      time: "2026-01-02T03:04:05.006Z",
      level: "warning",
      category: "recorder",
      message: "2 rows late",
      template: "{rows} rows late",
      properties: { rows: "2", of: [1, { lane: "memory" }] },
    });
  });

  it("stay one line whatever a value holds, and move no terminal", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.constantFrom("text", "json"), (value, format) => {
        const record: WireRecord = {
          timeMs: 0,
          level: "info",
          category: [value],
          message: value,
          template: "x",
          properties: { value, [value]: 1 },
        };
        const line = formatRecord(record, format as "text" | "json");
        assert.match(line.slice(0, -1), /^[^\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]*$/u);
        assert.equal(line.at(-1), "\n");
        if (format === "json")
          assert.equal(JSON.parse(line).message, value.isWellFormed() ? value : JSON.parse(line).message);
      }),
      { seed: 20260301, examples: [["\u001b[2J\r\n\u2028\u009b", "text"]] },
    );
  });

  it("are written from the level on that was asked for", () => {
    const { lines } = start({ level: "warning" });
    const log = getLog("a");
    log.info("no");
    log.warning("yes");
    log.error("yes");
    assert.equal(lines.length, 2);
    assert.deepEqual([log.isEnabled("info"), log.isEnabled("warning")], [false, true]);
  });

  it("are not LogTape's greeting, and come from other libraries' loggers too", () => {
    const { lines } = start();
    assert.deepEqual(lines, []);
    getLogger("library").info`hello ${canary}`;
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /library hello \[redacted\]\n$/);
  });

  it("are counted when they cannot be written, and throw at nobody", () => {
    const { logging: own } = start({
      write: () => {
        throw new Error("EPIPE");
      },
    });
    getLog("a").info("lost");
    assert.equal(own.lostLines(), 1);
  });

  it("end with close", () => {
    const { lines, logging: own } = start();
    own.close();
    getLog("a").error("after");
    assert.deepEqual(lines, []);
  });
});

describe("log: repeats", () => {
  it("pass five times a second, and are then counted in one line", () => {
    const { clock, lines } = start();
    const log = getLog("sampler");
    for (let i = 0; i < 20; i++) log.warning("cannot read {what}", { what: i });
    assert.equal(lines.length, 5);
    clock.advance(999);
    assert.equal(lines.length, 5);
    clock.advance(1);
    assert.equal(lines.length, 6);
    assert.match(
      lines[5]!,
      /^2026-01-02T03:04:06\.006Z warning sampler cannot read \{what\} … repeated 15 times\n$/,
    );
    log.warning("cannot read {what}", { what: 21 });
    assert.match(lines[6]!, /cannot read 21/);
  });

  it("are apart for each category, level and template", () => {
    const { clock, lines } = start({ limits: { perTemplate: 1 } });
    for (const category of ["a", "b"]) {
      for (const template of ["x", "y"]) {
        getLog(category).info(template);
        getLog(category).error(template);
        getLog(category).error(template);
      }
    }
    assert.equal(lines.length, 8);
    clock.advance(1000);
    assert.equal(lines.filter((line) => line.includes("… repeated 1 time\n")).length, 4);
  });

  it("lose no record from the count, whatever comes when", () => {
    const step = fc.record({
      template: fc.nat(6),
      level: fc.constantFrom("info", "error"),
      waitMs: fc.nat(700),
    });
    const limits = fc.record({
      perTemplate: fc.integer({ min: 1, max: 3 }),
      perSecond: fc.integer({ min: 1, max: 6 }),
      maxTemplates: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), limits, (steps, bounds) => {
        const { clock, records } = startForwarding(bounds);
        for (const { template, level, waitMs } of steps) {
          const log = getLog("p");
          if (level === "info") log.info(`t${template}`);
          else log.error(`t${template}`);
          clock.advance(waitMs < 500 ? 0 : waitMs);
        }
        logging?.close();
        const passed = records.filter(({ repeated }) => repeated === undefined);
        const counted = records.reduce((sum, { repeated = 0 }) => sum + repeated, 0);
        assert.equal(passed.length + counted, steps.length);
        // Fixed seconds: no second's worth of time can hold more than two windows' records.
        for (const { timeMs } of passed) {
          const within = passed.filter((other) => other.timeMs >= timeMs && other.timeMs < timeMs + 1000);
          assert.ok(within.length <= 2 * bounds.perSecond, `${within.length} in a second`);
        }
      }),
      { seed: 20260302 },
    );
  });

  it("pass anew each second, all templates together too", () => {
    const { clock, records } = startForwarding({ perSecond: 3 });
    for (let second = 0; second < 3; second++) {
      for (let i = 0; i < 3; i++) getLog("a").info(`t${i}`);
      clock.advance(1000);
    }
    assert.equal(records.length, 9);
    assert.ok(records.every(({ repeated }) => repeated === undefined));
  });

  it("share one count beyond the templates that are counted apart", () => {
    const { clock, records } = startForwarding({ perTemplate: 1, maxTemplates: 1 });
    for (const template of ["a", "b", "c", "d"]) getLog("x").info(template);
    assert.deepEqual(
      records.map(({ template }) => template),
      ["a", "b"],
    );
    clock.advance(1000);
    assert.equal(records[2]!.repeated, 2);
  });

  it("are reported by the next record when the thread was too busy for its timers", () => {
    let nowMs = 0;
    const busy: Clock = {
      nowMs: () => nowMs,
      monotonicMs: () => nowMs,
      after: () => ({ cancel: () => undefined }),
    };
    const { lines } = start({ clock: busy, limits: { perTemplate: 1 } });
    for (let i = 0; i < 4; i++) getLog("a").info("again");
    nowMs = 5000;
    getLog("a").info("again");
    assert.equal(lines.length, 3);
    assert.match(lines[1]!, /again … repeated 3 times/);
  });

  it("leave no timer and no window behind", () => {
    const { clock } = start();
    for (let i = 0; i < 3000; i++) getLog("many").info(`template ${i}`);
    clock.advance(1000);
    assert.equal(clock.nextDueMs(), undefined);
  });

  it("are reported at once by flush", () => {
    const { lines, logging: own } = start({ limits: { perTemplate: 1 } });
    for (let i = 0; i < 3; i++) getLog("a").info("again");
    own.flush();
    assert.match(lines[1]!, /again … repeated 2 times/);
    own.flush();
    assert.equal(lines.length, 2);
  });
});

describe("log: nothing raw", () => {
  it("withholds properties by name, at any depth, in message and list alike", () => {
    for (const format of ["text", "json"] as const) {
      const { lines } = start({ format });
      getLog("a").info("user {userName} on {lane}", {
        userName: canary,
        lane: "memory",
        token: canary,
        key: { inner: canary },
        nested: { process_name: canary, list: [{ cmdline: [canary] }] },
        PATH: canary,
        HTTPToken: canary,
        cmdline: 7,
      });
      assert.ok(!lines.join("").includes(canary), lines.join(""));
      assert.ok(lines[0]!.includes("user [redacted] on memory"));
      assert.ok(!lines[0]!.includes("7,") && !lines[0]!.includes("=7"));
    }
  });

  it("withholds what stands under a name that had to be scrubbed", () => {
    assert.deepEqual(redactProperties({ "/proc/1/x": canary }), { "(path)": "[redacted]" });
  });

  it("knows a denied word in any notation, and not inside another word", () => {
    for (const name of [
      "name",
      "userName",
      "user_name",
      "USER-NAME",
      "NAME",
      "tokenFile",
      "HTTPToken",
      "key2",
      "cmdLine",
    ]) {
      assert.ok(isDenied(name), name);
    }
    for (const name of [
      "rows",
      "lane",
      "stage",
      "renamed",
      "monkey",
      "tokenizer",
      "keyboard",
      "tookMs",
      "actor",
    ]) {
      assert.ok(!isDenied(name), name);
    }
  });

  it("keeps code and system call of a file system's error, and not its path", () => {
    const { lines } = start({ format: "json" });
    for (const path of [
      `/proc/${canary}/stat`,
      `/opt/it's/${canary}`,
      `${canary}/relative`,
      `/home/x y/${canary}`,
    ]) {
      assert.throws(() => {
        try {
          readFileSync(path);
        } catch (error) {
          getLog("a").error("cannot read", { error });
          throw error;
        }
      });
    }
    assert.equal(lines.length, 4);
    for (const line of lines) {
      assert.ok(!line.includes(canary), line);
      const { error } = JSON.parse(line).properties;
      assert.deepEqual([error.code, error.syscall], ["ENOENT", "open"]);
      assert.equal(error.message, "ENOENT: no such file or directory, open");
    }
  });

  it("keeps of a parser's error that it was one, and not what it quotes", () => {
    const { lines } = start({ format: "json" });
    for (const text of [`{"user": ${canary}}`, `"it's ${canary}`, `[${canary}]`, `{"a":"\`${canary}'"x`]) {
      try {
        JSON.parse(text);
        assert.fail("parsed");
      } catch (error) {
        getLog("a").error("cannot parse", { error });
      }
    }
    for (const line of lines) assert.ok(!line.includes(canary), line);
    assert.equal(JSON.parse(lines[0]!).properties.error.type, "SyntaxError");
  });

  it("takes paths out of any error, its causes and the places it came through", () => {
    const { lines } = start({ format: "json" });
    const cause = new Error(`in file:///opt/${canary}/x.ts:3`);
    const error = new TypeError(`bad '/data/${canary}/y z' and /data/${canary}/q`, { cause });
    error.stack = `TypeError: ${canary}\n    at run (file:///home/${canary}/app/system.ts:41:7)\n    at /opt/${canary}/a.ts:1:2`;
    getLog("a").error("failed", { error });
    assert.ok(!lines[0]!.includes(canary), lines[0]!);
    const logged = JSON.parse(lines[0]!).properties.error;
    assert.equal(logged.message, "bad '(path)' and (path)");
    assert.deepEqual(logged.at, ["run (system.ts:41:7)", "a.ts:1:2"]);
    assert.equal(logged.cause.message, "in (path)");
  });

  it("takes homes and processes out of any text", () => {
    const { lines } = start();
    getLog("a").info(`see /home/${canary}/x`, {
      one: `under /home/${canary}/x, then`,
      two: `'/Users/a ${canary}/c'`,
      three: `/proc/77/${canary}`,
      four: `C:\\Users\\${canary}\\x`,
      five: `/srv/people/ann/${canary}`,
    });
    assert.ok(!lines[0]!.includes(canary), lines[0]!);
    assert.ok(lines[0]!.includes('one="under (path), then"'));
    assert.equal(scrubText("GET /v1/datasets took 3 ms"), "GET /v1/datasets took 3 ms");
  });

  it("never shows the content of bytes, maps and classes", () => {
    class Person {
      readonly label = canary;
    }
    const bytes = new TextEncoder().encode(canary);
    const shown = redactProperties({
      bytes,
      map: new Map([[canary, 1]]),
      someone: new Person(),
      fn: () => canary,
    });
    assert.deepEqual(shown, {
      bytes: "[Uint8Array of 11 bytes]",
      map: "[object]",
      someone: "[object]",
      fn: "[function]",
    });
  });

  it("turns any value into bounded plain data that clones, and redacting again changes nothing", () => {
    const circular: Record<string, unknown> = { lane: "x" };
    circular["self"] = circular;
    const unreadable = Object.defineProperty({}, "x", { enumerable: true, get: () => assert.fail("read") });
    const value = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withTypedArray: true,
      maxDepth: 7,
    });
    const error = fc.string().map((text) => new Error(text, { cause: new RangeError(text) }));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(value, error)), (properties) => {
        const once = redactProperties({ ...properties, circular, unreadable });
        assert.deepEqual(structuredClone(once), once);
        assert.deepEqual(JSON.parse(JSON.stringify(once)), once);
        assert.deepEqual(redactProperties(once), once);
      }),
      { seed: 20260303, numRuns: 300 },
    );
    const wide = redactProperties({
      list: Array.from({ length: 1000 }, (_, i) => i),
      text: "x".repeat(10_000),
    });
    assert.equal((wide["list"] as readonly unknown[]).length, 24);
    assert.equal((wide["text"] as string).length, 500);
  });
});

describe("log: from a worker", () => {
  it("arrives redacted, cloned and limited, and is written on the main thread", async () => {
    const { lines } = start({ format: "json", level: "warning" });
    const worker = new Worker(new URL("../fixtures/log-worker.ts", import.meta.url), {
      workerData: { canary, repeats: 12 },
    });
    const records: WireRecord[] = [];
    await new Promise<void>((resolve, reject) => {
      worker.on("error", reject);
      worker.on("message", (message: WireRecord | "done") => {
        if (message === "done") resolve();
        else records.push(message);
      });
    });
    await worker.terminate();
    assert.ok(!JSON.stringify(records).includes(canary));
    for (const record of records) assert.ok(emitForwarded(record));
    assert.equal(lines.length, 1 + 5 + 1);
    const [first, ...rest] = lines.map((line) => JSON.parse(line));
    assert.equal(first.category, "worker.reader");
    assert.equal(first.properties.error.code, "ENOENT");
    assert.equal(first.properties.bytes, "[Uint8Array of 4 bytes]");
    assert.deepEqual(
      rest.map(({ message, repeated }) => repeated ?? message),
      [..."01234"].map<string | number>((i) => `row ${i} refused`).concat(7),
    );
  });

  it("is not written below the main thread's level, nor before logging is set up", () => {
    const record: WireRecord = {
      timeMs: 0,
      level: "info",
      category: ["w"],
      message: "m",
      template: "m",
      properties: {},
    };
    assert.equal(emitForwarded(record), false);
    const { lines } = start({ level: "warning" });
    assert.equal(emitForwarded(record), false);
    assert.equal(emitForwarded({ ...record, level: "error", properties: { token: canary } }), true);
    assert.equal(lines.length, 1);
    assert.ok(!lines[0]!.includes(canary));
  });

  it("counts what its port refuses", () => {
    const own = configureForwarding({
      level: "info",
      post: () => {
        throw new Error("closed");
      },
    });
    getLog("a").info("x");
    assert.equal(own.lostLines(), 1);
    own.close();
  });
});
