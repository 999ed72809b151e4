/**
 * Settings from four places, in rising precedence: the schema's defaults, a JSON file, the environment, flags. The
 * schema is the only authority: what it does not know is refused (with the nearest name), what it does not accept is
 * reported by name, with where it came from, what was expected and what to do. Bad input is returned, never thrown;
 * a bad schema throws. Pure: arguments, environment and file access are passed in.
 *
 * Secrets (`.meta({ secret: true })`) are in no problem, no description and no listing.
 */
import type { z } from "zod";
import { type EditedFile, editConfigText } from "./config/edit-file.ts";
import {
  type FileChoice,
  type Given,
  type Problem,
  type ReadFile,
  readChanges,
  readConfigFile,
  readEnvironment,
  readFlags,
} from "./config/given.ts";
import {
  type ConfigSpec,
  type Setting,
  type SettingType,
  settingsOf,
  settingText,
} from "./config/setting.ts";

export type { EditedFile } from "./config/edit-file.ts";
export { errorCode, type Problem, printable, type ReadFile } from "./config/given.ts";
export { byteSize, type ConfigSpec, durationMs, type SettingType } from "./config/setting.ts";
export { formatByteSize, formatDurationMs, parseByteSize, parseDurationMs } from "./config/units.ts";

/** Where each setting's value came from, by name: "default", "file millrace.json", "environment MILLRACE_…", "flag --…". */
export type Sources = Readonly<Record<string, string>>;

export type Loaded<Value> =
  | { readonly ok: true; readonly value: Value; readonly sources: Sources }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface ConfigInput {
  /** Flags only, without the program and script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: ReadFile;
  /** What was changed since the start, by dotted name; counts before all else. Null: the default counts. */
  readonly changes?: Readonly<Record<string, unknown>>;
}

/** What a setting's value is shown as: durations and sizes as people write them. */
export type ShownValue = string | number | boolean;

/** One setting as it is. */
export interface SettingInForce extends Omit<SettingDescription, "default"> {
  /** Null: none, or that of a secret, which is never shown. */
  readonly value: ShownValue | null;
  readonly default: ShownValue | null;
  readonly from: string;
}

/** One setting, for --help and the documentation. */
export interface SettingDescription {
  readonly name: string;
  readonly type: SettingType;
  readonly expected: string;
  /** As a person would write it ("1m"); undefined when there is none. */
  readonly default: string | undefined;
  readonly required: boolean;
  readonly meaning: string;
  readonly env: string;
  readonly flags: readonly [string, ...string[]];
  readonly secret: boolean;
}

/**
 * Loads and validates. The file is `--config`, else `<PREFIX>CONFIG`, else `spec.fileName` when it exists.
 * All problems are returned at once, in the order file, environment, flags, changes, values.
 * @throws TypeError when the schema itself cannot be loaded; see `settingsOf`.
 */
export function loadConfig<Schema extends z.ZodObject>(
  spec: ConfigSpec<Schema>,
  input: ConfigInput,
): Loaded<z.output<Schema>> {
  const settings = settingsOf(spec);
  const flags = readFlags(settings, input.argv);
  const environment = readEnvironment(spec, settings, input.env);
  const file = readConfigFile(settings, fileChoice(spec, flags, environment), input.readFile);
  const changes = readChanges(settings, input.changes ?? {});

  const given = new Map([...file.given, ...environment.given, ...flags.given]);
  for (const name of changes.cleared) given.delete(name);
  for (const [name, entry] of changes.given) given.set(name, entry);
  const parsed = spec.schema.safeParse(nest(settings, given));
  const refused = parsed.success ? [] : parsed.error.issues.map((issue) => refusal(settings, given, issue));
  const read = [file, environment, flags, changes].flatMap(({ problems }) => problems);
  const problems = [...read, ...firstOfEach(refused)];
  if (!parsed.success || problems.length > 0) return { ok: false, problems };
  return { ok: true, value: parsed.data, sources: sourcesOf(settings, given) };
}

/** Every setting of the schema in the order of its declaration. No default of a secret is shown. */
export function describeSettings(spec: ConfigSpec): SettingDescription[] {
  return settingsOf(spec).map(({ path: _, default: value, ...setting }) => ({
    ...setting,
    default: value === undefined || setting.secret ? undefined : settingText(setting.type, value),
  }));
}

/** Name of the settings' file that these arguments and this environment mean, whether it is there or not. */
export function configFileName(spec: ConfigSpec, { argv, env }: Pick<ConfigInput, "argv" | "env">): string {
  const settings = settingsOf(spec);
  return fileChoice(spec, readFlags(settings, argv), readEnvironment(spec, settings, env)).name;
}

/**
 * The text of a settings' file with some settings changed. Nothing is validated.
 * @param text undefined: there is no file yet
 * @param changes values by dotted name; null takes a setting out
 */
export function editConfig(
  spec: ConfigSpec,
  text: string | undefined,
  changes: Readonly<Record<string, unknown>>,
): EditedFile {
  return editConfigText(settingsOf(spec), text, changes);
}

/** Every setting in the order of its declaration, with its value and where that comes from. */
export function settingsInForce(
  spec: ConfigSpec,
  loaded: { readonly value: unknown; readonly sources: Sources },
): SettingInForce[] {
  return settingsOf(spec).map(({ path, default: preset, ...setting }) => {
    const value = path.reduce<unknown>(
      (group, key) => (group as Readonly<Record<string, unknown>> | undefined)?.[key],
      loaded.value,
    );
    const shown = (raw: unknown) => (setting.secret ? null : shownValue(setting.type, raw));
    const from = loaded.sources[setting.name] ?? "default";
    return { ...setting, value: shown(value), default: shown(preset), from };
  });
}

/** The problems as a person reads them, two lines each. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems
    .map(
      ({ setting, from, expected, came, remedy }) =>
        `${setting} (${from}): expected ${expected}; came ${came}.\n  → ${remedy}.`,
    )
    .join("\n");
}

/** The settings as --help prints them. */
export function formatSettings(descriptions: readonly SettingDescription[]): string {
  return descriptions
    .map((setting) => {
      const preset = setting.default === undefined ? "" : `; default ${setting.default}`;
      return `  ${setting.flags.join(", ")}\n      ${setting.meaning}\n      ${setting.expected}${preset}  [${setting.env}]`;
    })
    .join("\n");
}

function fileChoice(
  spec: ConfigSpec,
  flags: { readonly file: FileChoice | undefined },
  environment: { readonly file: FileChoice | undefined },
): FileChoice {
  const fallback: FileChoice = { name: spec.fileName, from: "the working folder", required: false };
  return flags.file ?? environment.file ?? fallback;
}

function shownValue(type: SettingType, value: unknown): ShownValue | null {
  if (value === undefined) return null;
  if (type === "duration" || type === "size") return settingText(type, value);
  return typeof value === "number" || typeof value === "boolean" ? value : settingText(type, value);
}

/** The nested object that the schema parses. Groups are always there, so that the defaults inside them apply. */
function nest(settings: readonly Setting[], given: ReadonlyMap<string, Given>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const { name, path } of settings) {
    let group = root;
    for (const key of path.slice(0, -1)) {
      group[key] ??= {};
      group = group[key] as Record<string, unknown>;
    }
    const entry = given.get(name);
    if (entry !== undefined) group[path[path.length - 1]!] = entry.value;
  }
  return root;
}

function refusal(
  settings: readonly Setting[],
  given: ReadonlyMap<string, Given>,
  issue: z.core.$ZodIssue,
): Problem {
  const name = issue.path.join(".");
  const setting = settings.find((known) => known.name === name);
  if (setting === undefined) {
    // A rule of the schema over several settings: its own message says what it expects.
    const came = "settings that do not fit together";
    return {
      setting: name || "settings",
      from: "settings together",
      expected: issue.message,
      came,
      remedy: "change one of them",
    };
  }
  const entry = given.get(name);
  const ways = `${setting.flags.at(-1)}, ${setting.env} or "${name}" in the file`;
  return {
    setting: name,
    from: entry?.from ?? "default",
    expected: setting.expected,
    came: entry?.shown ?? "nothing",
    remedy: entry === undefined ? `give it by ${ways}` : `correct it, or leave it out${presetText(setting)}`,
  };
}

function presetText(setting: Setting): string {
  if (setting.default === undefined || setting.secret) return "";
  return ` for the default, ${settingText(setting.type, setting.default)}`;
}

/** One value can break several rules of its schema; the reader needs the setting once. */
function firstOfEach(problems: readonly Problem[]): Problem[] {
  return problems.filter(
    (problem, i) =>
      problem.setting === "settings" ||
      problems.findIndex(({ setting }) => setting === problem.setting) === i,
  );
}

function sourcesOf(settings: readonly Setting[], given: ReadonlyMap<string, Given>): Sources {
  const sources: Record<string, string> = {};
  for (const setting of settings) {
    const entry = given.get(setting.name);
    if (entry !== undefined) sources[setting.name] = entry.from;
    else if (setting.default !== undefined) sources[setting.name] = "default";
  }
  return sources;
}
