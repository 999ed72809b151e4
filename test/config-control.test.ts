/**
 * Settings of a running program: shown, changed, written, taken back.
 *
 * What would fail here: a setting that is said to change otherwise than it does; half of a change; a value that a start would
 * refuse; a secret that is shown, compared or taken; a file that loses what else is in it, or keeps what was taken back; a change
 * that another one forgets; a change of one setting that brings in what was edited in the file since.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { houseActors } from "../actors/house.ts";
import { createConfigControl, type SettingsFile } from "../config-control.ts";
import type { ConfigChanged } from "../http/control.ts";
import { describeSettings } from "../runtime/config.ts";
import type { Log } from "../runtime/log.ts";
import type { ReconfigureResult } from "../runtime/system.ts";
import { changeOf, SETTING_CHANGES } from "../setting-changes.ts";
import { houseOptions, loadSettings, settingsSpec } from "../settings.ts";
import { readOnce } from "../settings-file.ts";

const token = "0123456789abcdef";

interface Setup {
  readonly argv?: readonly string[];
  readonly env?: Record<string, string>;
  readonly file?: string;
  /** What an actor makes of a configuration. Default: takes it live. */
  readonly reconfigure?: (actor: string, config: unknown) => ReconfigureResult;
}

function open({ argv = [], env = {}, file, reconfigure }: Setup = {}) {
  const given: [actor: string, config: unknown][] = [];
  const levels: string[] = [];
  const log: string[] = [];
  const disk = { text: file, refuses: false, writes: 0 };
  const notThere = (): never => {
    throw Object.assign(new Error("not here"), { code: "ENOENT" });
  };
  const read = readOnce((path) => (path === "millrace.json" ? (disk.text ?? notThere()) : notThere()));
  const settingsFile: SettingsFile = {
    name: "millrace.json",
    read: () => disk.text,
    write(text) {
      disk.writes++;
      if (disk.refuses) throw Object.assign(new Error("secret path"), { code: "EROFS" });
      disk.text = text;
    },
  };
  const line = (message: string, properties = {}) =>
    void log.push(`${message} ${JSON.stringify(properties)}`);
  const quiet: Log = {
    trace: line,
    debug: line,
    info: line,
    warning: line,
    error: line,
    isEnabled: () => true,
  };
  const control = createConfigControl({
    load: (changes) => loadSettings(argv, env, read, changes),
    file: settingsFile,
    log: quiet,
    system: {
      async reconfigure(actor, config) {
        given.push([actor, config]);
        return reconfigure?.(actor, config) ?? { ok: true, effect: "live" };
      },
      setLogLevel: (level) => levels.push(level),
    },
  });
  return {
    control,
    given,
    levels,
    log,
    disk,
    change: (set: Record<string, unknown>, persist = false) => control.change({ set, persist }),
    view: (name: string) => control.settings().find((setting) => setting.name === name)!,
    json: () => JSON.parse(disk.text ?? "null") as unknown,
  };
}

function accepted(changed: ConfigChanged) {
  assert.ok(changed.ok, JSON.stringify(changed));
  return changed.changed.map(({ name, effect }) => [name, effect]);
}

function refused(changed: ConfigChanged) {
  assert.ok(!changed.ok, "expected a refusal; it was changed");
  return changed;
}

const messageOf = (changed: ConfigChanged) => {
  const why = refused(changed);
  return why.reason === "bad-setting" ? "" : why.message;
};

describe("what is said of each setting", () => {
  it("names the actors whose configuration has it", () => {
    const other: Readonly<Record<string, unknown>> = {
      "http.host": "localhost",
      "data.dir": "elsewhere",
      "log.level": "debug",
      "log.format": "json",
      "windower.disorderMs": "30m",
      "windower.latenessMs": "30m",
      "windower.whenFull": "refuse",
      "streams.outlets": "tcp://127.0.0.1:9999/memory",
      "aggregation.whenFull": "refuse",
    };
    const configs = (changes: Record<string, unknown>) => {
      const read = () => {
        throw Object.assign(new Error("not here"), { code: "ENOENT" });
      };
      const loaded = loadSettings([], {}, read, changes);
      assert.ok(loaded.ok, JSON.stringify(loaded));
      return new Map(
        houseActors(houseOptions(loaded.value)).map(({ name, thread, config }) => [
          name,
          JSON.stringify({ thread, config }),
        ]),
      );
    };
    const before = configs({});
    for (const { name, type, default: preset, secret } of describeSettings(settingsSpec)) {
      if (name.startsWith("http.") && (secret || preset === undefined)) continue;
      const placed = name.startsWith("threads.") ? "main" : undefined;
      const doubled =
        type === "duration" || type === "size"
          ? preset?.replace(/^\d+/, (digits) => `${Number(digits) * 2 || 1}`)
          : undefined;
      // Shares have no room above.
      const halved = type === "number" ? Number(preset) / 2 : undefined;
      const value = other[name] ?? placed ?? doubled ?? halved ?? Number(preset) + 1;
      const after = configs({ [name]: value });
      const different = [...after]
        .filter(([actor, config]) => before.get(actor) !== config)
        .map(([actor]) => actor);
      const { change, actors } = changeOf(name);
      if (change === "fixed") {
        assert.deepEqual(actors, [], name);
        continue;
      }
      assert.deepEqual(different.toSorted(), [...actors].toSorted(), `${name} = ${value}`);
    }
  });

  it("is known of every setting, and guards the access", () => {
    const byHand = describeSettings(settingsSpec).filter(({ name }) => !changeOf(name).writable);
    const names = byHand.map(({ name }) => name);
    for (const { name, secret } of describeSettings(settingsSpec)) {
      if (secret) assert.ok(names.includes(name), name);
      if (name.startsWith("http.") && name !== "http.port") assert.ok(names.includes(name), name);
    }
    assert.ok(names.every((name) => name.startsWith("http.")));
    for (const group of Object.keys(SETTING_CHANGES)) {
      const stands = describeSettings(settingsSpec).some(({ name }) => `${name}.`.startsWith(`${group}.`));
      assert.ok(stands, `${group} is no setting any more`);
    }
    assert.equal(changeOf("nothing.of.this").change, "fixed");
    assert.equal(changeOf("toString").change, "fixed");
  });
});

describe("settings as they are", () => {
  it("are shown as people write them, with where they come from; secrets are not", () => {
    const { view, control } = open({
      argv: ["--sampler.processIntervalMs", "20s"],
      env: { MILLRACE_HTTP_TOKEN: token },
      file: '{"recorder": {"keepBytes": 8388608}}',
    });
    const shown = (name: string) => {
      const { value, default: preset, source } = view(name);
      return [value, preset, source];
    };
    assert.deepEqual(shown("sampler.processIntervalMs"), ["20s", "10s", "flag --sampler.processIntervalMs"]);
    assert.deepEqual(shown("recorder.keepBytes"), ["8MiB", "4GiB", "file millrace.json"]);
    assert.deepEqual(shown("http.port"), [8787, 8787, "default"]);
    assert.deepEqual(shown("http.token"), [null, null, "environment MILLRACE_HTTP_TOKEN"]);
    assert.equal(view("http.token").secret, true);
    assert.ok(!JSON.stringify(control.settings()).includes(token));
    assert.equal(control.settings().length, describeSettings(settingsSpec).length);
  });
});

describe("a change", () => {
  it("is carried to the actors that it is for, and to no other", async () => {
    const { change, given, view, log, disk } = open();
    const set = { "sampler.memoryIntervalMs": "2s", "store.windowGroups": 9 };
    assert.deepEqual(accepted(await change(set)), [
      ["sampler.memoryIntervalMs", "live"],
      ["store.windowGroups", "live"],
    ]);
    assert.deepEqual(
      given.map(([actor]) => actor),
      ["sampler", "keeper"],
    );
    assert.deepEqual(given[0]?.[1], {
      memoryIntervalMs: 2000,
      processIntervalMs: 10_000,
      privateBudgetMs: 20,
    });
    const keeper = given[1]?.[1] as { rules: { windowGroups: number } } | undefined;
    assert.equal(keeper?.rules.windowGroups, 9);
    const { value, source } = view("sampler.memoryIntervalMs");
    assert.deepEqual([value, source], ["2s", "changed while running"]);
    assert.match(log.join("\n"), /sampler\.memoryIntervalMs.*2s/);
    assert.equal(disk.writes, 0);
  });

  it("is not forgotten by the next one, and null takes it back to the default", async () => {
    const { change, given, view } = open({ argv: ["--sampler.memoryIntervalMs", "3s"] });
    accepted(await change({ "sampler.memoryIntervalMs": 2000 }));
    accepted(await change({ "sampler.privateBudgetMs": 5 }));
    assert.deepEqual(given[1]?.[1], {
      memoryIntervalMs: 2000,
      processIntervalMs: 10_000,
      privateBudgetMs: 5,
    });
    assert.deepEqual(accepted(await change({ "sampler.memoryIntervalMs": null })), [
      ["sampler.memoryIntervalMs", "live"],
    ]);
    assert.deepEqual(given[2]?.[1], {
      memoryIntervalMs: 1000,
      processIntervalMs: 10_000,
      privateBudgetMs: 5,
    });
    assert.deepEqual([view("sampler.memoryIntervalMs").value], ["1s"]);
  });

  it("of nothing is nothing", async () => {
    const { change, given } = open();
    assert.deepEqual(
      accepted(await change({ "sampler.memoryIntervalMs": "1s", "log.level": "info", "http.port": 8787 })),
      [
        ["sampler.memoryIntervalMs", "unchanged"],
        ["log.level", "unchanged"],
        ["http.port", "unchanged"],
      ],
    );
    assert.deepEqual(accepted(await change({})), []);
    assert.deepEqual(given, []);
  });

  it("says what it took: a restart, or an actor that is down", async () => {
    const effects: Record<string, "restarted" | "kept" | "live"> = {
      windower: "restarted",
      recorder: "kept",
    };
    const { change } = open({ reconfigure: (actor) => ({ ok: true, effect: effects[actor] ?? "live" }) });
    assert.deepEqual(
      accepted(await change({ "windower.disorderMs": "10m", "recorder.segmentBytes": "2MiB" })),
      [
        ["windower.disorderMs", "restarted"],
        ["recorder.segmentBytes", "when-started"],
      ],
    );
  });

  it("of the log's level reaches every thread", async () => {
    const { change, levels, given } = open();
    assert.deepEqual(accepted(await change({ "log.level": "debug" })), [["log.level", "live"]]);
    assert.deepEqual([levels, given], [["debug"], []]);
  });
});

describe("a change that cannot be", () => {
  it("is refused whole, by the rules of a start, with all that is wrong", async () => {
    const { change, given, disk } = open();
    const why = refused(
      await change(
        { "sampler.memoryIntervalMs": "1ms", "store.windowGroup": 3, "sampler.privateBudgetMs": 9 },
        true,
      ),
    );
    assert.ok(why.reason === "bad-setting");
    assert.deepEqual(
      why.problems.map(({ setting }) => setting),
      ["store.windowGroup", "sampler.memoryIntervalMs"],
    );
    assert.match(why.problems[0]!.remedy, /did you mean store\.windowGroups\?/);
    assert.match(why.problems[1]!.expected, /^a duration from 100ms to 1h/);
    assert.equal(why.problems[1]!.came, '"1ms"');
    assert.deepEqual([given, disk.writes], [[], 0]);
  });

  it("is refused when the next start would refuse it", async () => {
    const { change, disk } = open();
    const why = refused(await change({ "streams.outlets": "tcp://0.0.0.0:9999/memory" }, true));
    assert.ok(why.reason === "bad-setting");
    assert.equal(why.problems[0]?.setting, "streams.outlets");
    assert.equal(disk.writes, 0);
  });

  it("does not open the server to others", async () => {
    const { change, disk } = open({ env: { MILLRACE_HTTP_TOKEN: token } });
    assert.match(messageOf(await change({ "http.host": "0.0.0.0" }, true)), /^http\.host: /);
    assert.equal(disk.writes, 0);
  });

  it("is refused for a fixed setting, unless it is for the next start", async () => {
    const { change, given, view, json } = open({ file: '{"http": {"host": "localhost"}}' });
    const set = { "http.port": "9000", "sampler.memoryIntervalMs": "2s" };
    assert.match(messageOf(await change(set)), /^http\.port: .*"persist": true.*millrace\.json/);
    assert.deepEqual(given, []);
    assert.deepEqual(accepted(await change(set, true)), [
      ["http.port", "next-start"],
      ["sampler.memoryIntervalMs", "live"],
    ]);
    assert.deepEqual(json(), {
      http: { host: "localhost", port: 9000 },
      sampler: { memoryIntervalMs: "2s" },
    });
    assert.equal(view("http.port").value, 8787);
    assert.equal(
      view("sampler.memoryIntervalMs").source,
      "changed while running, kept in file millrace.json",
    );
  });

  it("is refused for what guards the access, whatever comes, so that nobody learns of it", async () => {
    const { change, disk } = open({ env: { MILLRACE_HTTP_TOKEN: token } });
    for (const set of [
      { "http.token": token },
      { "http.token": null },
      { "http.tokenFile": "/etc/shadow" },
      { "http.tokensFile": "mine" },
      { "http.names": "evil.example" },
      { "http.requestsPerSecond": 0, "sampler.memoryIntervalMs": "2s" },
    ]) {
      for (const persist of [false, true]) {
        const message = messageOf(await change(set, persist));
        assert.match(message, /^http\.\w+: the access to this program is set by hand/);
        assert.ok(!message.includes(token));
      }
    }
    assert.equal(disk.writes, 0);
  });

  it("is taken back when an actor refuses its part", async () => {
    const { change, given, view, levels, disk } = open({
      file: '{"sampler": {"memoryIntervalMs": "5s"}}',
      reconfigure: (actor) =>
        actor === "keeper"
          ? { ok: false, refused: "restarting", message: "keeper is being started or stopped" }
          : { ok: true, effect: "live" },
    });
    const before = disk.text;
    const set = { "sampler.memoryIntervalMs": "2s", "store.windowGroups": 1, "log.level": "debug" };
    const message = messageOf(await change(set, true));
    assert.match(message, /^keeper is being started or stopped; nothing was changed$/);
    assert.deepEqual(
      given.map(([actor, config]) => [actor, (config as { memoryIntervalMs?: number }).memoryIntervalMs]),
      [
        ["sampler", 2000],
        ["keeper", undefined],
        ["sampler", 5000],
      ],
    );
    assert.equal(disk.text, before);
    assert.equal(view("sampler.memoryIntervalMs").value, "5s");
    assert.deepEqual(levels, []);
  });

  it("is refused when the file cannot be written or read, before an actor hears of it", async () => {
    const { change, given, disk, view } = open();
    disk.refuses = true;
    assert.match(
      messageOf(await change({ "sampler.memoryIntervalMs": "2s" }, true)),
      /^the file millrace\.json cannot be written \(EROFS\)/,
    );
    disk.refuses = false;
    disk.text = '{"http": {"token": "s3cret';
    const message = messageOf(await change({ "sampler.memoryIntervalMs": "2s" }, true));
    assert.match(
      message,
      /^the file millrace\.json cannot be changed: expected JSON; came something else at line 1, column \d+$/,
    );
    assert.equal(disk.text, '{"http": {"token": "s3cret');
    assert.deepEqual([given, view("sampler.memoryIntervalMs").value], [[], "1s"]);
  });
});

describe("a change that is written", () => {
  it("says what counts before the file at the next start", async () => {
    const { change } = open({ argv: ["--log.level", "error"], env: { MILLRACE_HTTP_PORT: "1" } });
    const changed = await change({ "log.level": "debug", "http.port": 2, "windower.disorderMs": 0 }, true);
    assert.ok(changed.ok);
    assert.equal(changed.file, "millrace.json");
    assert.deepEqual(
      changed.changed.map(({ overriddenBy }) => overriddenBy),
      ["flag --log.level", "environment MILLRACE_HTTP_PORT", null],
    );
  });

  it("keeps what somebody else wrote into the file since, which counts at the next start only", async () => {
    const { change, disk, json, view } = open({ file: "{}" });
    disk.text = '{"sampler": {"processIntervalMs": "30s"}}';
    accepted(await change({ "log.level": "debug" }, true));
    assert.deepEqual(json(), { sampler: { processIntervalMs: "30s" }, log: { level: "debug" } });
    assert.equal(view("sampler.processIntervalMs").value, "10s");
  });

  it("gives settings that the next start takes, which are then as they are now", async () => {
    const { change, disk, control } = open();
    accepted(
      await change(
        {
          "store.keep.memory": "3d",
          "sampler.privateBudgetMs": 0,
          "streams.outlets": "tcp://127.0.0.1:9999/memory",
        },
        true,
      ),
    );
    accepted(await change({ "store.keep.memory": null, "log.level": "error" }, true));
    const next = open({ file: disk.text ?? "" });
    const values = (settings: ReturnType<typeof control.settings>) =>
      settings.map(({ name, value }) => [name, value]);
    assert.deepEqual(values(next.control.settings()), values(control.settings()));
  });

  it("waits its turn behind others, of which there are not any number", async () => {
    const seen: unknown[] = [];
    const { change } = open({
      reconfigure: (_, config) => {
        seen.push((config as { privateBudgetMs: number }).privateBudgetMs);
        return { ok: true, effect: "live" };
      },
    });
    const all = Array.from({ length: 20 }, (_, index) => change({ "sampler.privateBudgetMs": 100 + index }));
    const results = await Promise.all(all);
    assert.deepEqual(
      seen,
      Array.from({ length: 16 }, (_, index) => 100 + index),
    );
    assert.equal(results.filter(({ ok }) => ok).length, 16);
    assert.match(messageOf(results[19]!), /16 changes are waiting already/);
    accepted(await change({ "sampler.privateBudgetMs": 1 }));
  });
});
