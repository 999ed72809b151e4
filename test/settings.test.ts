/** Millrace's own settings: defaults, bounds, and who may listen beyond loopback. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { datasets } from "../datasets/index.ts";
import { describeSettings, formatProblems } from "../runtime/config.ts";
import { isLoopback } from "../runtime/loopback.ts";
import { defaultSettings, houseOptions, loadSettings, settingsSpec } from "../settings.ts";

const token = "0123456789abcdef";

function reader(files: Readonly<Record<string, string>>) {
  return (path: string): string => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error("not here"), { code: "ENOENT" });
    return text;
  };
}

function load(argv: readonly string[], env: Record<string, string> = {}, files: Record<string, string> = {}) {
  return loadSettings(argv, env, reader(files));
}

function accepted(loaded: ReturnType<typeof load>) {
  assert.ok(loaded.ok, loaded.ok ? "" : formatProblems(loaded.problems));
  return loaded.value;
}

function onlyProblem(loaded: ReturnType<typeof load>) {
  assert.ok(!loaded.ok, "expected a problem; it loaded");
  assert.equal(loaded.problems.length, 1, formatProblems(loaded.problems));
  return loaded.problems[0]!;
}

/** The others are kept for a year. */
const KEEP_DAYS: Readonly<Record<string, number>> = { memory: 30, process: 2, compression_telemetry: 90 };
const eachDataset = (value: (name: string) => number) =>
  Object.fromEntries(datasets.map(({ name }) => [name, value(name)]));

describe("settings", () => {
  it("start with nothing given, on loopback", () => {
    assert.deepEqual(accepted(load([])), {
      http: { host: "127.0.0.1", port: 8787 },
      data: { dir: "data" },
      sampler: { memoryIntervalMs: 1000, processIntervalMs: 10_000, privateBudgetMs: 20 },
      windower: {
        ...{ disorderMs: 5000, latenessMs: 60_000, aheadMs: 300_000, idleMs: 60_000 },
        ...{ maxGroups: 10_000, whenFull: "other", stateBytes: 64 * 2 ** 20 },
      },
      log: { level: "info", format: "text" },
      recorder: { segmentBytes: 64 * 1024 * 1024, keepBytes: 4 * 1024 ** 3 },
      store: {
        settleMs: 300_000,
        segmentMaxAgeMs: 6 * 3_600_000,
        windowGroups: 6,
        keep: eachDataset((name) => (KEEP_DAYS[name] ?? 365) * 86_400_000),
        maxBytes: eachDataset(() => 2 ** 30),
      },
      streams: { queueBytes: 4 * 2 ** 20, outlets: "" },
      ingest: { rowsPerSecond: { optimization: 0, compression_telemetry: 0 } },
      deadLetters: { maxBytes: 16 * 2 ** 20, keep: 30 * 86_400_000 },
      quality: {
        minRows: 1,
        maxMissing: 0.05,
        maxOutliers: 0.1,
        minClass: 0.3,
        maxClass: 0.7,
        maxPsi: 0.2,
        maxKs: 0.1,
      },
      shadow: { fraction: 1 },
      aggregation: { windowMs: 300_000, maxStreams: 10_000, whenFull: "other", stateBytes: 128 * 2 ** 20 },
      threads: {},
    });
  });

  it("take the short flags, and the file millrace.json", () => {
    const value = accepted(
      load(
        ["--port=0", "--host", "::1", "--data", "d", "--token", token],
        {},
        {
          "millrace.json": '{"windower": {"disorderMs": "10s"}, "streams": {"queueBytes": "8MiB"}}',
        },
      ),
    );
    assert.deepEqual(value.http, { host: "::1", port: 0, token });
    assert.equal(value.data.dir, "d");
    assert.equal(value.windower.disorderMs, 10_000);
    assert.equal(value.streams.queueBytes, 8 * 2 ** 20);
  });

  it("hold every bound on both sides", () => {
    const bounds: readonly [name: string, least: string, below: string, most: string, above: string][] = [
      ["http.port", "0", "-1", "65535", "65536"],
      ["http.requestsPerSecond", "0", "-1", "1000000", "1000001"],
      ["sampler.memoryIntervalMs", "100ms", "99ms", "1h", "3600001ms"],
      ["sampler.processIntervalMs", "1s", "999ms", "1h", "61m"],
      ["sampler.privateBudgetMs", "0", "-1", "1s", "1001"],
      ["windower.disorderMs", "0", "-1", "1h", "2h"],
      ["windower.latenessMs", "0", "-1", "1h", "61m"],
      ["windower.aheadMs", "1s", "999ms", "1d", "25h"],
      ["windower.idleMs", "1s", "999ms", "1d", "25h"],
      ["windower.maxGroups", "1", "0", "1000000", "1000001"],
      ["windower.stateBytes", "1MiB", "1048575B", "1GiB", "2GiB"],
      ["recorder.segmentBytes", "1MiB", "1048575B", "1GiB", "2GiB"],
      ["recorder.keepBytes", "4MiB", "4194303B", "16TiB", "17TiB"],
      ["store.settleMs", "1s", "999ms", "1d", "25h"],
      ["store.segmentMaxAgeMs", "1h", "59m", "30d", "31d"],
      ["store.windowGroups", "0", "-1", "1000000", "1000001"],
      ["store.keep.process", "1h", "59m", "36525d", "36526d"],
      ["store.maxBytes.memory_1m", "64KiB", "65535B", "16TiB", "17TiB"],
      ["ingest.rowsPerSecond.compression_telemetry", "0", "-1", "1000000000", "1000000001"],
      ["streams.queueBytes", "64KiB", "65535B", "256MiB", "257MiB"],
      ["quality.maxMissing", "0", "-0.1", "1", "1.1"],
      ["quality.maxPsi", "0", "-1", "1000", "1001"],
      ["shadow.fraction", "0", "-0.1", "1", "1.1"],
    ];
    for (const [name, least, below, most, above] of bounds) {
      for (const inside of [least, most]) accepted(load([`--${name}=${inside}`]));
      for (const outside of [below, above]) {
        assert.equal(onlyProblem(load([`--${name}=${outside}`])).setting, name, `${name}=${outside}`);
      }
    }
  });

  it("reach the house", () => {
    assert.deepEqual(defaultSettings(), accepted(load([])));
    const given = load(["--store.keep.memory=3d", "--store.windowGroups=0", "--threads.keeper=main"]);
    const { store, threads, dataFolder } = houseOptions(accepted(given));
    assert.deepEqual(threads, { keeper: "main" });
    assert.equal(dataFolder, "data");
    assert.deepEqual(
      [store?.keepMs?.["memory"], store?.keepMs?.["process"]],
      [3 * 86_400_000, 2 * 86_400_000],
    );
    assert.deepEqual([store?.windowGroups, store?.maxBytes?.["process"]], [0, 2 ** 30]);
    // Zero is no quota at all.
    const limited = load(["--ingest.rowsPerSecond.optimization=5"]);
    assert.deepEqual(houseOptions(accepted(limited)).rowsPerSecond, { optimization: 5 });
  });

  it("take what was changed since the start, by the rules of a start", () => {
    const changed = (changes: Record<string, unknown>, argv: readonly string[] = []) =>
      loadSettings(argv, {}, reader({}), changes);
    const value = accepted(
      changed({ "sampler.memoryIntervalMs": "2s", "log.level": null }, ["--log.level", "error"]),
    );
    assert.equal(value.sampler.memoryIntervalMs, 2000);
    assert.equal(value.log.level, "info");
    assert.equal(onlyProblem(changed({ "http.host": "0.0.0.0" })).setting, "http.token");
    assert.equal(onlyProblem(changed({ "streams.outlets": "nothing" })).setting, "streams.outlets");
  });

  it("open the outlets that are given, and say which cannot be", () => {
    assert.deepEqual(houseOptions(defaultSettings()).outlets, []);
    const given = "tcp://127.0.0.1:9999/memory?where=used_percent+>+50 pipe:///run/x.fifo?datasets=process";
    const { outlets = [] } = houseOptions(accepted(load([`--streams.outlets=${given}`])));
    assert.deepEqual(
      outlets.map(({ transport, datasets: names, where }) => [transport, names, where]),
      [
        ["tcp", ["memory"], "used_percent > 50"],
        ["pipe", ["process"], null],
      ],
    );
    for (const [outlet, said] of [
      ["tcp://0.0.0.0:1/memory", /loopback.*tunnel/],
      ["tcp://127.0.0.1:1/memory?where=nothing+>+1", /where: .*column of memory/],
      ["udp://127.0.0.1:1", /expected an address such as tcp:.*udp/],
    ] as const) {
      const problem = onlyProblem(load([], { MILLRACE_STREAMS_OUTLETS: outlet }));
      assert.equal(problem.setting, "streams.outlets");
      assert.match(formatProblems([problem]), said);
      assert.match(problem.from, /MILLRACE_STREAMS_OUTLETS/);
    }
  });

  it("place actors on the threads there are", () => {
    assert.equal(accepted(load(["--threads.recorder=main"])).threads.recorder, "main");
    assert.equal(
      onlyProblem(load(["--threads.recorder=pipelines"])).expected,
      "one of main, ingest, pipeline, storage, archive",
    );
  });

  it("give each setting a meaning, one environment variable and no secret a default", () => {
    for (const setting of describeSettings(settingsSpec)) {
      assert.match(setting.meaning, /^[A-Z].*\.$/, setting.name);
      assert.match(setting.env, /^MILLRACE_[A-Z0-9_]+$/);
      if (setting.secret) assert.equal(setting.default, undefined);
    }
    const secrets = describeSettings(settingsSpec).filter(({ secret }) => secret);
    assert.deepEqual(
      secrets.map(({ name }) => name),
      ["http.token"],
    );
    assert.match(secrets[0]!.meaning, /environment or file rather than by flag/);
  });
});

describe("settings: listening beyond loopback", () => {
  it("needs a token, and says how to give one", () => {
    for (const host of [
      "0.0.0.0",
      "::",
      "192.168.1.2",
      "example.org",
      "127.0.0.1.example.org",
      "127.1",
      "localhost.x",
    ]) {
      const problem = onlyProblem(load(["--host", host]));
      assert.equal(problem.setting, "http.token", host);
      assert.equal(problem.from, "http.host by flag --host");
      assert.match(problem.remedy, /MILLRACE_HTTP_TOKEN.*--token.*loopback/);
      assert.equal(accepted(load(["--host", host], { MILLRACE_HTTP_TOKEN: token })).http.host, host);
    }
  });

  it("is judged whatever source the host comes from", () => {
    assert.match(
      onlyProblem(load([], { MILLRACE_HTTP_HOST: "0.0.0.0" })).from,
      /environment MILLRACE_HTTP_HOST/,
    );
    assert.match(
      onlyProblem(load([], {}, { "millrace.json": '{"http":{"host":"::"}}' })).from,
      /file millrace\.json/,
    );
  });

  it("takes an empty host, which would mean every address, for a mistake", () => {
    assert.equal(onlyProblem(load(["--host="], { MILLRACE_HTTP_TOKEN: token })).setting, "http.host");
  });

  it("knows the whole of 127.0.0.0/8 and nothing that only looks like it", () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(octet, octet, octet, octet, (a, b, c, d) => {
        assert.equal(isLoopback(`${a}.${b}.${c}.${d}`), a === 127);
        assert.ok(isLoopback(`127.${b}.${c}.${d}`));
        assert.ok(!isLoopback(`127.${b}.${c}.${d}.x`));
        assert.ok(!isLoopback(`127.${b}.${c}.${d + 256}`));
      }),
      { seed: 20260201 },
    );
    for (const host of ["localhost", "LOCALHOST", "::1"]) assert.ok(isLoopback(host));
    for (const host of ["", "0", "::", "::ffff:127.0.0.1", "127.0.0.01", "0177.0.0.1", "127.0.0.1 "]) {
      assert.ok(!isLoopback(host), host);
    }
  });
});

describe("settings: the token", () => {
  it("has at least 16 visible characters, and is not repeated when it has not", () => {
    for (const short of [
      token.slice(1),
      "with a space in it",
      "tab\there0123456789",
      "ünvisible-0123456789",
      "",
    ]) {
      const problem = onlyProblem(load([], { MILLRACE_HTTP_TOKEN: short }));
      assert.equal(problem.came, "(hidden)");
      assert.match(problem.expected, /at least 16/);
    }
    assert.equal(accepted(load([], { MILLRACE_HTTP_TOKEN: token })).http.token, token);
  });

  it("may stand in a file, where it counts as given", () => {
    const files = { "t.txt": `${token}\n` };
    const loaded = load(["--host=0.0.0.0", "--http.tokenFile=t.txt"], {}, files);
    assert.equal(accepted(loaded).http.token, token);
    assert.ok(loaded.ok);
    assert.equal(loaded.sources["http.token"], "the file in http.tokenFile");
  });

  it("is refused from a file that is missing, short or given beside a token", () => {
    assert.equal(onlyProblem(load(["--http.tokenFile=t.txt"])).came, "ENOENT");
    const short = onlyProblem(load(["--http.tokenFile=t.txt"], {}, { "t.txt": "s3cretshort" }));
    assert.ok(!JSON.stringify(short).includes("s3cret"));
    assert.match(short.expected, /a file that holds at least 16/);
    const both = onlyProblem(load(["--http.tokenFile=t.txt", "--token", token], {}, { "t.txt": token }));
    assert.match(both.came, /both: the token by flag --token/);
    assert.ok(!JSON.stringify(both).includes(token));
  });
});

describe("settings: access", () => {
  it("takes a file of tokens for a token, whose content is read at the start", () => {
    const value = accepted(load(["--host=0.0.0.0", "--http.tokensFile=tokens"]));
    assert.equal(value.http.tokensFile, "tokens");
    assert.equal(value.http.token, undefined);
  });

  it("wants certificate and key, both or none", () => {
    accepted(load(["--http.tlsCert=c", "--http.tlsKey=k"]));
    for (const [given, missing] of [
      ["tlsCert", "tlsKey"],
      ["tlsKey", "tlsCert"],
    ] as const) {
      const problem = onlyProblem(load([`--http.${given}=file`]));
      assert.equal(problem.setting, `http.${missing}`);
      assert.equal(problem.from, `http.${given} by flag --http.${given}`);
      assert.match(problem.remedy, new RegExp(`give http\\.${missing} too`));
    }
  });

  it("takes names with or without ports, and nothing else for a name", () => {
    for (const names of ["", "a.example", "a.example:8443 192.0.2.7 [::1]:80", "a,b"]) {
      assert.equal(accepted(load([`--http.names=${names}`])).http.names, names);
    }
    for (const names of ["http://a.example", "a/b", "*", "a:99999"]) {
      const problem = onlyProblem(load([`--http.names=${names}`]));
      assert.match(problem.expected, /names such as millrace\.example or 192\.0\.2\.7:8443/);
    }
  });

  it("takes addresses and networks for trusted proxies, and never everybody", () => {
    for (const proxies of ["", "127.0.0.1", "10.0.0.0/8 fd00::/8, ::1"]) {
      assert.equal(accepted(load([`--http.trustedProxies=${proxies}`])).http.trustedProxies, proxies);
    }
    for (const proxies of [
      "*",
      "proxy.example",
      "0.0.0.0/0",
      "::/0",
      "10.0.0.0/33",
      "10.0.0.0/",
      "::1%eth0",
    ]) {
      const problem = onlyProblem(load([`--http.trustedProxies=${proxies}`]));
      assert.match(problem.expected, /addresses or networks such as 192\.0\.2\.7 or 10\.0\.0\.0\/8/);
    }
  });
});
