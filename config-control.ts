/**
 * Settings of a running Millrace: which there are, and changing them. A change is checked as a whole by the rules of a start,
 * then written to the settings' file if that is asked for, then carried to the actors; when any of it cannot be done, what was
 * done is taken back, and nothing has changed.
 *
 * Changes are made one after the other. What others write into the settings' file meanwhile is kept, and counts at the next start.
 */

import type { ActorName } from "./actors/house/options.ts";
import { houseActors } from "./actors/house.ts";
import type { ConfigChange, ConfigChanged, ConfigControl, SettingView } from "./http/control.ts";
import { editConfig, errorCode, type Loaded, printable, settingsInForce } from "./runtime/config.ts";
import type { Log } from "./runtime/log.ts";
import type { System } from "./runtime/system.ts";
import { changeOf } from "./setting-changes.ts";
import { houseOptions, type Settings, settingsSpec } from "./settings.ts";

/** Changes that may wait for the one under way. */
const MAX_WAITING = 16;
const SET_BY_HAND =
  "the access to this program is set by hand, in its settings' file, by environment or by flag";

type Values = Readonly<Record<string, unknown>>;
type Refused = ConfigChanged & { readonly ok: false };
type Ready = Loaded<Settings> & { readonly ok: true };
type Effect = (ConfigChanged & { readonly ok: true })["changed"][number]["effect"];

export interface SettingsFile {
  /** As it was given, or the usual one. */
  readonly name: string;
  /** Undefined: it is not there. Throws as node:fs does. */
  read(): string | undefined;
  /** Whole or not at all. Undefined: takes it away. Throws as node:fs does. */
  write(text: string | undefined): void;
}

export interface ConfigControlOptions {
  /** The settings as at the start, but for these changes. Reads no file anew. */
  readonly load: (changes: Values) => Loaded<Settings>;
  readonly system: Pick<System, "reconfigure" | "setLogLevel">;
  readonly file: SettingsFile;
  readonly log: Log;
}

/** @throws TypeError when `load` does not give settings without a change */
export function createConfigControl(options: ConfigControlOptions): ConfigControl {
  const control = new RunningConfig(options);
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    settings: () => control.settings(),
    change(wish) {
      if (waiting === MAX_WAITING) {
        const message = `${waiting} changes are waiting already; try again when they are done`;
        return Promise.resolve({ ok: false, reason: "actor", message });
      }
      waiting++;
      const done = last.then(() => control.change(wish)).finally(() => waiting--);
      // One that fails, which is a bug, is told to who wished for it; the next is not its heir.
      last = done.catch(() => {});
      return done;
    },
  };
}

class RunningConfig {
  readonly #options: ConfigControlOptions;
  readonly #atStart: Ready;
  #now: Ready;
  /** What was changed since the start and is in force. */
  #changes: Values = {};
  /** What counts from the next start on: written, and not in force. */
  #pending: Values = {};
  /** Settings of `#changes` that are in the file as they are in force. */
  #written: ReadonlySet<string> = new Set();

  constructor(options: ConfigControlOptions) {
    this.#options = options;
    this.#atStart = readyOf(options.load({}));
    this.#now = this.#atStart;
  }

  settings(): readonly SettingView[] {
    return settingsInForce(settingsSpec, this.#now).map((setting) => {
      const { name, type, meaning, expected, value, default: preset, from, secret } = setting;
      const { change, actors, writable } = changeOf(name);
      const source = Object.hasOwn(this.#changes, name) ? this.#sourceOf(name) : from;
      return {
        name,
        type,
        meaning,
        expected,
        value,
        default: preset,
        source,
        secret,
        change,
        actors,
        writable,
      };
    });
  }

  async change({ set, persist }: ConfigChange): Promise<ConfigChanged> {
    const names = Object.keys(set);
    const guarded = names.filter((name) => this.#isSetting(name) && !changeOf(name).writable);
    if (guarded.length > 0) return refuse("fixed", `${guarded.join(", ")}: ${SET_BY_HAND}`);
    // As the next start will find it, so that no file is written which it would refuse.
    const next = this.#options.load({ ...this.#changes, ...this.#pending, ...set });
    if (!next.ok) return { ok: false, reason: "bad-setting", problems: next.problems };
    const changed = names.filter((name) => valueAt(next.value, name) !== valueAt(this.#now.value, name));
    const fixed = changed.filter((name) => changeOf(name).change === "fixed");
    if (fixed.length > 0 && !persist) {
      const message = `${fixed.join(", ")}: it counts from the start of the process on; ask for it with "persist": true, then it is written to ${printable(this.#options.file.name)} for the next start`;
      return refuse("fixed", message);
    }
    const changes = { ...this.#changes, ...only(set, (name) => changeOf(name).change !== "fixed") };
    const then = this.#options.load(changes);
    if (!then.ok) return { ok: false, reason: "bad-setting", problems: then.problems };

    const file = persist ? this.#write(set) : undefined;
    if (file?.ok === false) return file;
    const carried = await this.#carry(this.#now.value, then.value);
    if (!carried.ok) {
      file?.takeBack();
      return carried;
    }
    this.#now = then;
    this.#changes = changes;
    this.#note(set, persist);
    this.#tell(changed);
    return {
      ok: true,
      changed: names.map((name) => ({
        name,
        effect: changed.includes(name) ? effectOf(name, carried.effects) : "unchanged",
        overriddenBy: persist ? this.#overrides(name) : null,
      })),
      file: persist ? this.#options.file.name : null,
    };
  }

  /** Carries what differs to the actors, and to the log. */
  async #carry(
    before: Settings,
    after: Settings,
  ): Promise<Refused | { readonly ok: true; readonly effects: ReadonlyMap<string, Effect> }> {
    const { system } = this.#options;
    const old = configsOf(before);
    const effects = new Map<string, Effect>();
    for (const [actor, config] of configsOf(after)) {
      if (JSON.stringify(config) === JSON.stringify(old.get(actor))) continue;
      const taken = await system.reconfigure(actor, config, "its settings were changed");
      if (taken.ok) {
        effects.set(actor, taken.effect === "kept" ? "when-started" : taken.effect);
        continue;
      }
      await this.#takeBack([...effects.keys()], old);
      return refuse("actor", `${taken.message}; nothing was changed`);
    }
    if (before.log.level !== after.log.level) system.setLogLevel(after.log.level);
    return { ok: true, effects };
  }

  async #takeBack(actors: readonly string[], old: ReadonlyMap<string, unknown>): Promise<void> {
    const { log, system } = this.#options;
    for (const actor of actors.toReversed()) {
      const back = await system.reconfigure(actor, old.get(actor), "a change of settings was taken back");
      if (!back.ok) {
        log.error("{actor} goes on with settings that were taken back: {reason}", {
          actor,
          reason: back.message,
        });
      }
    }
  }

  #write(set: Values): Refused | { readonly ok: true; readonly takeBack: () => void } {
    const { file, log } = this.#options;
    const name = printable(file.name);
    try {
      const before = file.read();
      const edited = editConfig(settingsSpec, before, set);
      if (!edited.ok) return refuse("file", `the file ${name} cannot be changed: ${edited.message}`);
      file.write(edited.text);
      const takeBack = () => {
        try {
          file.write(before);
        } catch (error) {
          log.error("a change of settings was taken back, but {file} still has it", { file: name, error });
        }
      };
      return { ok: true, takeBack };
    } catch (error) {
      const message = `the file ${name} cannot be written (${errorCode(error)}); make it writable, or leave "persist" out`;
      return refuse("file", message);
    }
  }

  #note(set: Values, persist: boolean): void {
    const isFixed = (name: string) => changeOf(name).change === "fixed";
    const names = Object.keys(set).filter((name) => !isFixed(name));
    const written = [...this.#written].filter((name) => !names.includes(name));
    this.#written = new Set(persist ? [...written, ...names] : written);
    if (persist) this.#pending = { ...this.#pending, ...only(set, isFixed) };
  }

  #tell(changed: readonly string[]): void {
    const { log } = this.#options;
    for (const { name, value, secret } of settingsInForce(settingsSpec, this.#now)) {
      if (!changed.includes(name) || secret) continue;
      if (changeOf(name).change === "fixed")
        log.info("{setting} changes with the next start", { setting: name });
      else log.info("{setting} is {value} from now on", { setting: name, value });
    }
  }

  #sourceOf(name: string): string {
    const kept = this.#written.has(name) ? `, kept in file ${printable(this.#options.file.name)}` : "";
    return `changed while running${kept}`;
  }

  /** What counts before the file at a start, if it gives this setting. */
  #overrides(name: string): string | null {
    const source = this.#atStart.sources[name] ?? "default";
    return /^(?:environment|flag) /.test(source) ? source : null;
  }

  #isSetting(name: string): boolean {
    return this.settings().some((setting) => setting.name === name);
  }
}

function configsOf(settings: Settings): ReadonlyMap<ActorName, unknown> {
  return new Map(
    houseActors(houseOptions(settings)).map(({ name, config }) => [name as ActorName, config] as const),
  );
}

function effectOf(name: string, effects: ReadonlyMap<string, Effect>): Effect {
  const { actors, change } = changeOf(name);
  if (change === "fixed") return "next-start";
  const own = actors.map((actor) => effects.get(actor));
  return (
    own.find((effect) => effect === "restarted") ?? own.find((effect) => effect === "when-started") ?? "live"
  );
}

function valueAt(settings: Settings, name: string): unknown {
  return name.split(".").reduce<unknown>((group, key) => (group as Values | undefined)?.[key], settings);
}

function only(values: Values, wanted: (name: string) => boolean): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => wanted(name)));
}

function readyOf(loaded: Loaded<Settings>): Ready {
  if (!loaded.ok) throw new TypeError("the settings that the program started with are no longer valid");
  return loaded;
}

function refuse(reason: "fixed" | "file" | "actor", message: string): Refused {
  return { ok: false, reason, message };
}
