/** The generic loader: precedence, coercion, refusals and what is never printed. Millrace's own schema is in test/settings.test.ts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { findJsonFault } from "../../runtime/config/json-fault.ts";
import { nearestName } from "../../runtime/config/nearest.ts";
import { durationUnits, sizeUnits } from "../../runtime/config/units.ts";
import {
  byteSize,
  type ConfigSpec,
  configFileName,
  describeSettings,
  durationMs,
  editConfig,
  formatByteSize,
  formatDurationMs,
  formatProblems,
  formatSettings,
  loadConfig,
  parseByteSize,
  parseDurationMs,
  settingsInForce,
} from "../../runtime/config.ts";

const canary = "c4nary-S3cret-value";

const schema = z.object({
  http: z.object({
    port: z.int().min(0).max(65535).default(80).describe("Where it listens."),
    token: z.string().min(30).meta({ secret: true, description: "Opens the door." }).optional(),
    open: z.boolean().default(false),
  }),
  load: z.number().min(0).max(1).default(0.5),
  mode: z.enum(["fast", "safe"]).default("safe"),
  waitMs: durationMs({ minMs: 100, maxMs: 3_600_000 })
    .refine((ms) => ms % 100 === 0)
    .default(1000)
    .meta({ expected: "a duration in steps of 100ms" }),
  deep: z.object({ er: z.object({ segmentBytes: byteSize({ minBytes: 1, maxBytes: 2 ** 40 }).optional() }) }),
});
const spec: ConfigSpec<typeof schema> = {
  schema,
  envPrefix: "APP_",
  fileName: "app.json",
  shortFlags: { "http.port": "--port", "http.token": "--token" },
};

const noFile = (): string => {
  throw Object.assign(new Error(`no ${canary}`), { code: "ENOENT" });
};

function load(argv: readonly string[], env: Record<string, string | undefined> = {}, file?: unknown) {
  const text = typeof file === "string" ? file : JSON.stringify(file);
  return loadConfig(spec, { argv, env, readFile: file === undefined ? noFile : () => text });
}

function accepted(loaded: ReturnType<typeof load>) {
  assert.ok(loaded.ok, loaded.ok ? "" : formatProblems(loaded.problems));
  return loaded.value;
}

function problemsOf(loaded: ReturnType<typeof load>) {
  assert.ok(!loaded.ok, "expected problems; it loaded");
  return loaded.problems;
}

function onlyProblem(loaded: ReturnType<typeof load>) {
  const problems = problemsOf(loaded);
  assert.equal(problems.length, 1, formatProblems(problems));
  return problems[0]!;
}

describe("config: where values come from", () => {
  it("fills every group with its defaults when nothing is given", () => {
    const loaded = load([]);
    assert.deepEqual(accepted(loaded), {
      http: { port: 80, open: false },
      load: 0.5,
      mode: "safe",
      waitMs: 1000,
      deep: { er: {} },
    });
    assert.ok(loaded.ok);
    assert.equal(loaded.sources["http.port"], "default");
    assert.equal(loaded.sources["http.token"], undefined);
  });

  it("lets flags win over environment over file over defaults, for every setting on its own", () => {
    const port = fc.option(fc.integer({ min: 0, max: 65535 }), { nil: undefined });
    const mode = fc.option(fc.constantFrom("fast", "safe"), { nil: undefined });
    const source = fc.record({ port, mode });
    fc.assert(
      fc.property(source, source, source, fc.boolean(), (file, env, flag, joined) => {
        const argv: string[] = [];
        const add = (name: string, value: string) =>
          argv.push(...(joined ? [`${name}=${value}`] : [name, value]));
        if (flag.port !== undefined) add("--http.port", String(flag.port));
        if (flag.mode !== undefined) add("--mode", flag.mode);
        const loaded = load(
          argv,
          { APP_HTTP_PORT: env.port?.toString(), APP_MODE: env.mode },
          { http: { port: file.port }, mode: file.mode },
        );
        const value = accepted(loaded);
        assert.equal(value.http.port, flag.port ?? env.port ?? file.port ?? 80);
        assert.equal(value.mode, flag.mode ?? env.mode ?? file.mode ?? "safe");
        assert.ok(loaded.ok);
        const from =
          flag.port !== undefined
            ? "flag --http.port"
            : env.port !== undefined
              ? "environment APP_HTTP_PORT"
              : file.port !== undefined
                ? "file app.json"
                : "default";
        assert.equal(loaded.sources["http.port"], from);
      }),
      { seed: 20260101 },
    );
  });

  it("takes short flags for the long ones, and the last of one setting", () => {
    const loaded = load(["--port", "1", "--http.port=2", "--port=3"]);
    assert.equal(accepted(loaded).http.port, 3);
    assert.ok(loaded.ok);
    assert.equal(loaded.sources["http.port"], "flag --port");
  });

  it("reads the file that --config names rather than the environment's or the usual one", () => {
    const read: string[] = [];
    const readFile = (path: string) => {
      read.push(path);
      return "\uFEFF{}";
    };
    accepted(loadConfig(spec, { argv: ["--config", "a.json"], env: { APP_CONFIG: "b.json" }, readFile }));
    accepted(loadConfig(spec, { argv: [], env: { APP_CONFIG: "b.json" }, readFile }));
    accepted(loadConfig(spec, { argv: [], env: {}, readFile }));
    assert.deepEqual(read, ["a.json", "b.json", "app.json"]);
  });

  it("goes on without the usual file, but not without a named or an unreadable one", () => {
    accepted(load([]));
    const named = onlyProblem(loadConfig(spec, { argv: ["--config=x.json"], env: {}, readFile: noFile }));
    assert.equal(named.came, "ENOENT");
    assert.equal(named.remedy, "check flag --config");
    const denied = () => {
      throw Object.assign(new Error(canary), { code: "EACCES" });
    };
    assert.equal(onlyProblem(loadConfig(spec, { argv: [], env: {}, readFile: denied })).came, "EACCES");
  });

  it("leaves variables without the prefix, and those that are not set, alone", () => {
    assert.equal(accepted(load([], { HOME: "/x", APPLE: "1", APP_MODE: undefined })).mode, "safe");
  });
});

describe("config: text becomes what the schema asks for", () => {
  it("reads numbers, truth, durations and sizes from flags and environment", () => {
    const value = accepted(
      load(["--waitMs", "1.5m", "--http.open", "--load=0.25"], { APP_DEEP_ER_SEGMENT_BYTES: "64MiB" }),
    );
    assert.equal(value.waitMs, 90_000);
    assert.equal(value.http.open, true);
    assert.equal(value.load, 0.25);
    assert.equal(value.deep.er.segmentBytes, 67_108_864);
  });

  it("takes the word after a true-or-false flag only when it reads as one", () => {
    assert.equal(accepted(load(["--http.open", "no", "--mode", "fast"])).http.open, false);
    const value = accepted(load(["--http.open", "--mode", "fast"]));
    assert.deepEqual([value.http.open, value.mode], [true, "fast"]);
  });

  it("does not read text as a number in the file, but does read durations", () => {
    assert.equal(accepted(load([], {}, { waitMs: "10s" })).waitMs, 10_000);
    assert.equal(onlyProblem(load([], {}, { http: { port: "80" } })).came, '"80"');
  });

  it("takes no number that is not plainly one", () => {
    for (const text of [
      "",
      " ",
      "0x10",
      "1e3",
      "1_000",
      "NaN",
      "Infinity",
      "12px",
      "8.5",
      "-1",
      "9".repeat(400),
    ]) {
      assert.equal(onlyProblem(load([`--port=${text}`])).setting, "http.port", text);
    }
  });

  it("takes a value that begins with two dashes when it is no known flag", () => {
    const token = `--${"x".repeat(40)}`;
    assert.equal(accepted(load(["--token", token])).http.token, token);
    const problem = onlyProblem(load(["--token", "--port", "1"]));
    assert.deepEqual([problem.setting, problem.came], ["http.token", "nothing"]);
  });
});

describe("config: what is refused, and how", () => {
  it("says setting, source, what was expected, what came and what to do", () => {
    assert.deepEqual(onlyProblem(load([], { APP_HTTP_PORT: "abc" })), {
      setting: "http.port",
      from: "environment APP_HTTP_PORT",
      expected: "a whole number from 0 to 65535",
      came: '"abc"',
      remedy: "correct it, or leave it out for the default, 80",
    });
    assert.equal(onlyProblem(load(["--mode", "slow"])).expected, "one of fast, safe");
    assert.equal(onlyProblem(load(["--waitMs=150ms"])).expected, "a duration in steps of 100ms");
    assert.equal(onlyProblem(load([], {}, { mode: null })).came, "null");
  });

  it("reports all at once, and each setting once", () => {
    const problems = problemsOf(load(["--port", "-1.5", "--nope"], { APP_NOPE: "x" }, { nope: 1, load: 2 }));
    assert.deepEqual(
      problems.map(({ setting }) => setting),
      ["nope", "APP_NOPE", "--nope", "http.port", "load"],
    );
  });

  it("refuses a bad value even where a better source overrides another setting, not where it overrides this one", () => {
    assert.equal(accepted(load(["--port=1"], {}, { http: { port: "bad" } })).http.port, 1);
    assert.equal(onlyProblem(load(["--mode=fast"], {}, { http: { port: "bad" } })).from, "file app.json");
  });

  it("suggests the nearest known name for a mistyped one, in the reader's notation", () => {
    assert.match(onlyProblem(load(["--htp.port=1"])).remedy, /--http\.port\?/);
    assert.match(onlyProblem(load(["--segmentBytes=1"])).remedy, /--deep\.er\.segmentBytes\?/);
    assert.match(onlyProblem(load([], { APP_PORT: "1" })).remedy, /APP_HTTP_PORT\?/);
    assert.match(onlyProblem(load([], {}, { http: { prot: 1 } })).remedy, /http\.port\?/);
    assert.match(onlyProblem(load([], {}, { htpp: { port: 1 } })).remedy, /http\?/);
    assert.doesNotMatch(onlyProblem(load(["--completely-different=1"])).remedy, /did you mean/);
  });

  it("refuses what is in no object where one belongs, and names from the prototype", () => {
    assert.equal(onlyProblem(load([], {}, { http: 5 })).expected, "an object with the settings under http");
    assert.equal(onlyProblem(load([], {}, [])).came, "a list");
    assert.equal(onlyProblem(load([], {}, "null")).came, "null");
    for (const name of ["__proto__", "constructor", "toString"]) {
      assert.equal(onlyProblem(load([], {}, `{"${name}": {"port": 1}}`)).setting, name);
      assert.equal(onlyProblem(load([`--${name}=1`])).setting, `--${name}`);
    }
    assert.equal(({} as { port?: number }).port, undefined);
  });

  it("says where the file is no JSON without quoting it", () => {
    const problem = onlyProblem(load([], {}, `{\n  "http": { "token": "${canary}" oops }\n}`));
    assert.equal(problem.came, "something else at line 2, column 44");
    assert.ok(!JSON.stringify(problem).includes(canary));
  });

  it("reports a required setting that nobody gave, and every way to give it", () => {
    const needy: ConfigSpec = { schema: z.object({ who: z.string() }), envPrefix: "N_", fileName: "n.json" };
    const loaded = loadConfig(needy, { argv: [], env: {}, readFile: noFile });
    assert.ok(!loaded.ok);
    assert.equal(loaded.problems[0]!.came, "nothing");
    assert.equal(loaded.problems[0]!.remedy, 'give it by --who, N_WHO or "who" in the file');
  });

  it("passes on a rule of the schema over several settings", () => {
    const pair: ConfigSpec = {
      schema: z
        .object({ a: z.int().default(1), b: z.int().default(2) })
        .refine(({ a, b }) => a < b, "a below b"),
      envPrefix: "P_",
      fileName: "p.json",
    };
    const loaded = loadConfig(pair, { argv: ["--a=3"], env: {}, readFile: noFile });
    assert.ok(!loaded.ok);
    assert.equal(loaded.problems[0]!.expected, "a below b");
  });
});

describe("config: secrets", () => {
  it("are in no problem, wherever they were given, mistyped or misplaced", () => {
    const attempts = [
      load(["--token", canary]),
      load(["--http.token", canary]),
      load([], { APP_HTTP_TOKEN: canary }),
      load([], {}, { http: { token: canary } }),
      load([], {}, { http: { token: [canary] } }),
      load(["--tokn", canary]),
      load([`--tokn=${canary}`]),
      load(["--port", "1", canary]),
      load([], { APP_HTTP_TOKN: canary }),
      load([], {}, { http: { tokn: canary } }),
      load([], {}, { http: canary }),
      load([], {}, { tokn: { deep: canary } }),
      load([], {}, JSON.stringify(canary)),
      load([], {}, `{"http": {"token": ${canary}}}`),
      loadConfig(spec, { argv: ["--config", "x"], env: {}, readFile: noFile }),
    ];
    for (const [i, attempt] of attempts.entries()) {
      const problems = problemsOf(attempt);
      assert.ok(problems.length > 0);
      assert.ok(!JSON.stringify(problems).includes(canary), `attempt ${i}: ${formatProblems(problems)}`);
    }
  });

  it("are in no description and no listing", () => {
    const token = canary.repeat(2);
    const loaded = load(["--token", token]);
    assert.equal(accepted(loaded).http.token, token);
    assert.ok(loaded.ok);
    const rows = settingsInForce(spec, loaded);
    const row = rows.find(({ name }) => name === "http.token");
    assert.deepEqual([row?.value, row?.default, row?.from, row?.secret], [null, null, "flag --token", true]);
    assert.ok(!JSON.stringify([rows, loaded.sources]).includes(canary));
    const preset: ConfigSpec = {
      schema: z.object({ key: z.string().default(canary).meta({ secret: true }) }),
      envPrefix: "S_",
      fileName: "s.json",
    };
    assert.ok(!JSON.stringify(describeSettings(preset)).includes(canary));
  });
});

describe("config: changes since the start", () => {
  const change = (changes: Record<string, unknown>, argv: readonly string[] = [], file?: unknown) =>
    loadConfig(spec, {
      ...{ argv, env: {}, changes },
      readFile: file === undefined ? noFile : () => JSON.stringify(file),
    });

  it("count before all else, and null takes away what was given anywhere", () => {
    const given = [["--port", "1", "--mode", "fast"], { load: 0.25, http: { open: true } }] as const;
    const changed = change({ "http.port": 2, mode: null, load: null, waitMs: "5s" }, ...given);
    assert.deepEqual(accepted(changed), {
      http: { port: 2, open: true },
      load: 0.5,
      mode: "safe",
      waitMs: 5000,
      deep: { er: {} },
    });
    assert.ok(changed.ok);
    assert.equal(changed.sources["mode"], "default");
    assert.equal(changed.sources["http.open"], "file app.json");
  });

  it("are taken as people write them, or as JSON", () => {
    const written = accepted(
      change({ "http.port": "81", "http.open": "yes", "deep.er.segmentBytes": "1KiB" }),
    );
    const plain = accepted(change({ "http.port": 81, "http.open": true, "deep.er.segmentBytes": 1024 }));
    assert.deepEqual(written, plain);
  });

  it("are refused by the rules of a start, all that are wrong at once, secrets untold", () => {
    const wrong = { "http.port": 70_000, mod: "fast", "http.token": canary, http: {}, load: [1], mode: true };
    const problems = problemsOf(change(wrong));
    assert.deepEqual(problems.map(({ setting }) => setting).sort(), [
      "http",
      "http.port",
      "http.token",
      "load",
      "mod",
      "mode",
    ]);
    const of = (name: string) => problems.find(({ setting }) => setting === name);
    assert.equal(of("http.port")?.from, "the change that was asked for");
    assert.equal(of("http.port")?.came, "70000");
    assert.match(of("mod")?.remedy ?? "", /did you mean mode\?/);
    assert.ok(!JSON.stringify(problems).includes(canary));
  });
});

describe("config: what is in force", () => {
  it("is shown as people write it, with its default and where it comes from", () => {
    const loaded = load(["--port", "81"], {}, { waitMs: "10s", deep: { er: { segmentBytes: 4096 } } });
    assert.ok(loaded.ok);
    const shown = settingsInForce(spec, loaded).map(({ name, value, default: preset, from }) => [
      name,
      value,
      preset,
      from,
    ]);
    assert.deepEqual(shown, [
      ["http.port", 81, 80, "flag --port"],
      ["http.token", null, null, "default"],
      ["http.open", false, false, "default"],
      ["load", 0.5, 0.5, "default"],
      ["mode", "safe", "safe", "default"],
      ["waitMs", "10s", "1s", "file app.json"],
      ["deep.er.segmentBytes", "4KiB", null, "file app.json"],
    ]);
  });

  it("knows the file that would be read", () => {
    const name = (argv: readonly string[], env = {}) => configFileName(spec, { argv, env });
    assert.equal(name([]), "app.json");
    assert.equal(name([], { APP_CONFIG: "e.json" }), "e.json");
    assert.equal(name(["--config", "f.json"], { APP_CONFIG: "e.json" }), "f.json");
  });
});

describe("config: changing a file", () => {
  const edited = (text: string | undefined, changes: Record<string, unknown>) => {
    const result = editConfig(spec, text, changes);
    assert.ok(result.ok, result.ok ? "" : result.message);
    return result.text;
  };

  it("writes a new one nested, with numbers as numbers and quantities as people write them", () => {
    assert.equal(
      edited(undefined, { "http.port": "81", waitMs: "10s", "http.open": true, mode: null }),
      '{\n  "http": {\n    "port": 81,\n    "open": true\n  },\n  "waitMs": "10s"\n}\n',
    );
  });

  it("keeps what else is in it, its order and its indentation", () => {
    const text = '{\n\t"waitMs": "2s",\n\t"http": {"port": 1, "open": true},\n\t"mine": [1]\n}\n';
    assert.equal(
      edited(text, { "http.port": 2, load: 0.25 }),
      '{\n\t"waitMs": "2s",\n\t"http": {\n\t\t"port": 2,\n\t\t"open": true\n\t},\n\t"mine": [\n\t\t1\n\t],\n\t"load": 0.25\n}\n',
    );
  });

  it("finds a setting however its name is divided, and leaves it there once", () => {
    const file = {
      "deep.er": { segmentBytes: 1 },
      deep: { "er.segmentBytes": 2 },
      "deep.er.segmentBytes": 3,
    };
    assert.deepEqual(JSON.parse(edited(JSON.stringify(file), { "deep.er.segmentBytes": 4 })), {
      "deep.er.segmentBytes": 4,
    });
    assert.deepEqual(JSON.parse(edited(JSON.stringify(file), { "deep.er.segmentBytes": null })), {});
    assert.deepEqual(JSON.parse(edited('{"http": {"port": 1}, "load": 1}', { "http.port": null })), {
      load: 1,
    });
  });

  it("gives what loads as was wished for, whatever was there before", () => {
    const value = {
      "http.port": fc.option(fc.integer({ min: 0, max: 65_535 })),
      mode: fc.option(fc.constantFrom("fast", "safe")),
      waitMs: fc.option(fc.constantFrom("1s", "200ms", 300)),
      "deep.er.segmentBytes": fc.option(fc.constantFrom("1KiB", 7)),
    };
    const some = fc.record(value, { requiredKeys: [] });
    const given = (values: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(values).filter(([, one]) => one !== null));
    fc.assert(
      fc.property(some, some, (before, changes) => {
        const text = edited(edited(undefined, before), changes);
        const wanted = { ...given(before), ...changes };
        const read = loadConfig(spec, { argv: [], env: {}, readFile: () => text });
        assert.deepEqual(accepted(read), accepted(load([], {}, JSON.stringify(given(wanted)))));
      }),
      { seed: 20260110 },
    );
  });

  it("refuses what is no settings' file, without a word of what is in it", () => {
    for (const text of [`{"a": ${canary}`, `["${canary}"]`, "null", `"${canary}"`, ""]) {
      const result = editConfig(spec, text, { load: 1 });
      assert.ok(!result.ok);
      assert.match(result.message, /^expected (JSON|a JSON object of settings); came something else/);
      assert.ok(!result.message.includes(canary));
    }
  });
});

describe("config: descriptions", () => {
  it("list every setting in order, with type, default, meaning and ways to give it", () => {
    const described = describeSettings(spec);
    assert.deepEqual(
      described.map(({ name }) => name),
      ["http.port", "http.token", "http.open", "load", "mode", "waitMs", "deep.er.segmentBytes"],
    );
    assert.deepEqual(described[0], {
      name: "http.port",
      type: "whole number",
      expected: "a whole number from 0 to 65535",
      default: "80",
      required: false,
      meaning: "Where it listens.",
      env: "APP_HTTP_PORT",
      flags: ["--http.port", "--port"],
      secret: false,
    });
    assert.equal(described[5]!.default, "1s");
    assert.equal(described[6]!.env, "APP_DEEP_ER_SEGMENT_BYTES");
    assert.equal(described[6]!.expected, 'a size from 1B to 1TiB, such as "64MiB"');
    assert.match(formatSettings(described), /--waitMs\n.*\n.*steps of 100ms; default 1s {2}\[APP_WAIT_MS\]/);
  });

  it("refuse a schema that could not be loaded, as a bug", () => {
    const bad = (shape: z.ZodObject, shortFlags: ConfigSpec["shortFlags"] = {}) =>
      describeSettings({ schema: shape, envPrefix: "B_", fileName: "b.json", shortFlags });
    assert.throws(() => bad(z.object({ list: z.array(z.string()) })), /list: a array/);
    assert.throws(() => bad(z.object({ n: z.int().max(5).default(6) })), /default of n/);
    assert.throws(
      () => bad(z.object({ aB: z.string(), a: z.object({ b: z.string() }) })),
      /both given by B_A_B/,
    );
    assert.throws(() => bad(z.object({ a: z.string() }), { b: "--bee" }), /short flag of b/);
  });
});

describe("config: durations and sizes", () => {
  it("read back what they write", () => {
    const amount = fc.oneof(fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
    fc.assert(
      fc.property(amount, (n) => {
        assert.equal(parseDurationMs(formatDurationMs(n)), n);
        assert.equal(parseByteSize(formatByteSize(n)), n);
      }),
      { seed: 20260102 },
    );
  });

  it("multiply exactly, fractions too", () => {
    fc.assert(
      fc.property(
        fc.nat(99_999),
        fc.nat(999),
        fc.constantFrom(...durationUnits),
        fc.constantFrom(...sizeUnits),
        (whole, thousandths, [unit, ms], [size, bytes]) => {
          const text = `${whole}.${String(thousandths).padStart(3, "0")}`;
          const check = (parsed: number | undefined, factor: number) => {
            const thousandfold = BigInt(whole * 1000 + thousandths) * BigInt(factor);
            assert.ok(parsed !== undefined);
            if (thousandfold % 1000n === 0n) assert.equal(parsed, Number(thousandfold / 1000n));
            // Above that a double has no room for thousandths.
            else if (parsed < 2 ** 42) assert.ok(!Number.isInteger(parsed), "a fraction stays one");
          };
          check(parseDurationMs(text + unit), ms);
          check(parseByteSize(`${text} ${size.toLowerCase()}`), bytes);
        },
      ),
      { seed: 20260103 },
    );
    assert.equal(parseDurationMs("1.001s"), 1001);
    assert.deepEqual(
      ["10s", "1m", "250ms", "2h", "1d", "5"].map(parseDurationMs),
      [10_000, 60_000, 250, 7_200_000, 86_400_000, 5],
    );
    assert.deepEqual(
      ["64MiB", "1kB", "1KB", "1gb", "7"].map(parseByteSize),
      [67_108_864, 1000, 1000, 1e9, 7],
    );
    assert.deepEqual(
      [formatDurationMs(60_000), formatDurationMs(1500), formatDurationMs(0)],
      ["1m", "1500ms", "0ms"],
    );
  });

  it("understand nothing else", () => {
    for (const text of [
      "",
      "s",
      "-1s",
      "1 2s",
      "1.s",
      ".5s",
      "1h30m",
      "1e3s",
      "10sec",
      "1M i",
      "NaN",
      "1,5s",
    ]) {
      assert.equal(parseDurationMs(text), undefined, text);
    }
    for (const text of ["64M", "64k", "1mb/s", "-1B", "1 Gi B"])
      assert.equal(parseByteSize(text), undefined, text);
  });

  it("never give a number that is none", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const amount of [parseDurationMs(text), parseByteSize(text)]) {
          assert.ok(amount === undefined || (Number.isFinite(amount) && amount >= 0));
        }
      }),
      { seed: 20260104 },
    );
  });
});

describe("config: the fault in a JSON text", () => {
  it("is found exactly where the text was broken", () => {
    // After a whole value only space may stand, so a stray brace right behind it is the fault.
    fc.assert(
      fc.property(fc.json(), fc.constantFrom("", "\n", "  \n\t "), (text, space) => {
        const { line, column } = findJsonFault(`${text}${space}}`);
        const lines = `${text}${space}`.split("\n");
        assert.deepEqual([line, column], [lines.length, lines.at(-1)!.length + 1]);
      }),
      { seed: 20260105 },
    );
  });

  it("is found for the usual slips", () => {
    const at = (text: string) => Object.values(findJsonFault(text));
    assert.deepEqual(at('{"a": 1,}'), [1, 9]);
    assert.deepEqual(at('{\n  // no\n  "a": 1}'), [2, 3]);
    assert.deepEqual(at("{'a': 1}"), [1, 2]);
    assert.deepEqual(at('{"a": "x'), [1, 7]);
    assert.deepEqual(at('{"a" 1}'), [1, 6]);
    assert.deepEqual(at(""), [1, 1]);
  });
});

describe("config: the nearest name", () => {
  it("undoes any single slip in a name of four letters or more", () => {
    const known = ["http.port", "http.host", "data.dir", "log.level"];
    fc.assert(
      fc.property(
        fc.constantFrom(...known),
        fc.nat(),
        fc.constantFrom("drop", "double", "swap", "case"),
        (name, at, slip) => {
          const i = at % (name.length - 1);
          const typed =
            slip === "drop"
              ? name.slice(0, i) + name.slice(i + 1)
              : slip === "double"
                ? name.slice(0, i) + name[i] + name.slice(i)
                : slip === "swap"
                  ? name.slice(0, i) + name[i + 1] + name[i] + name.slice(i + 2)
                  : name.toUpperCase();
          assert.equal(nearestName(typed, known), name);
        },
      ),
      { seed: 20260106 },
    );
    assert.equal(nearestName("x".repeat(10_000), known), undefined);
  });
});
