/**
 * What was given: file, environment and flags, each read into `Given` entries by setting, with a problem for whatever
 * stands for no setting. Nothing is validated here, and no value of an unknown name is repeated: it may be a mistyped secret.
 */
import { findJsonFault } from "./json-fault.ts";
import { nearestName } from "./nearest.ts";
import { booleanOf, type ConfigSpec, coerceText, type Setting } from "./setting.ts";

/** One thing wrong with what was given. Every part is a phrase fit for the reader; secrets are in none of them. */
export interface Problem {
  /** "http.port"; or the unknown name as it was written. */
  readonly setting: string;
  /** "environment MILLRACE_HTTP_PORT", "flag --port", "file millrace.json", "default". */
  readonly from: string;
  /** "a whole number from 0 to 65535" */
  readonly expected: string;
  /** "\"abc\"" */
  readonly came: string;
  /** What to do. */
  readonly remedy: string;
}

/** A value as it was given for one setting. `value` is coerced, `shown` is fit to be printed. */
export interface Given {
  readonly value: unknown;
  readonly shown: string;
  readonly from: string;
}

/** One source: what it gives, by setting, and what is wrong with it. */
export interface Reading {
  readonly given: ReadonlyMap<string, Given>;
  readonly problems: readonly Problem[];
}

/** A file's name and how it came to be named. Only a file that was asked for must be there. */
export interface FileChoice {
  readonly name: string;
  readonly from: string;
  readonly required: boolean;
}

/** Where a change while the program runs is said to come from. */
const WISHED = "the change that was asked for";

/** Returns the file's text, or throws an error with a `code` as node:fs does. */
export type ReadFile = (path: string) => string;

export function readEnvironment(
  spec: ConfigSpec,
  settings: readonly Setting[],
  env: Readonly<Record<string, string | undefined>>,
): Reading & { readonly file: FileChoice | undefined } {
  const given = new Map<string, Given>();
  const problems: Problem[] = [];
  const byName = new Map(settings.map((setting) => [setting.env, setting]));
  const fileVariable = `${spec.envPrefix}CONFIG`;
  let file: FileChoice | undefined;
  for (const [variable, text] of Object.entries(env)) {
    if (text === undefined || !variable.startsWith(spec.envPrefix)) continue;
    const from = `environment ${variable}`;
    const setting = byName.get(variable);
    if (setting !== undefined) given.set(setting.name, ofText(setting, text, from));
    else if (variable === fileVariable) file = { name: text, from, required: true };
    else
      problems.push(
        unknown(variable, from, "an environment variable", [...byName.keys(), fileVariable], spec.envPrefix),
      );
  }
  return { given, problems, file };
}

/** Reads `--name value`, `--name=value`, and for true-or-false settings a bare `--name`. The last of one name counts. */
export function readFlags(
  settings: readonly Setting[],
  argv: readonly string[],
): Reading & { readonly file: FileChoice | undefined } {
  const given = new Map<string, Given>();
  const problems: Problem[] = [];
  const byFlag = new Map(
    settings.flatMap((setting) => setting.flags.map((flag) => [flag, setting] as const)),
  );
  let file: FileChoice | undefined;
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    if (!argument.startsWith("--")) {
      problems.push(stray(i));
      continue;
    }
    const cut = argument.indexOf("=");
    const flag = cut < 0 ? argument : argument.slice(0, cut);
    const from = `flag ${printable(flag)}`;
    const setting = byFlag.get(flag);
    const next = argv[i + 1];
    let text = cut < 0 ? undefined : argument.slice(cut + 1);
    if (text === undefined && setting?.type === "true or false") {
      // `--flag` alone is yes; the next word is its value only when it reads as one.
      if (next !== undefined && booleanOf(next) !== undefined) i++;
      text = next !== undefined && booleanOf(next) !== undefined ? next : "true";
    } else if (text === undefined && next !== undefined && isValue(next, setting, byFlag)) {
      text = next;
      i++;
    }
    if (flag === "--config" && text !== undefined) file = { name: text, from, required: true };
    else if (setting === undefined && flag !== "--config") {
      problems.push(unknown(flag, from, "a flag", [...byFlag.keys(), "--config"], "--"));
    } else if (text === undefined) {
      const expected = setting?.expected ?? "the name of a JSON file";
      const remedy = `give a value after it: ${flag} <value>`;
      problems.push({ setting: setting?.name ?? "config", from, expected, came: "nothing", remedy });
    } else if (setting !== undefined) given.set(setting.name, ofText(setting, text, from));
  }
  return { given, problems, file };
}

/** What is wished for while the program runs: values by dotted name; null takes away what was given, so that the default counts. */
export function readChanges(
  settings: readonly Setting[],
  changes: Readonly<Record<string, unknown>>,
): Reading & { readonly cleared: ReadonlySet<string> } {
  const given = new Map<string, Given>();
  const cleared = new Set<string>();
  const problems: Problem[] = [];
  const byName = new Map(settings.map((setting) => [setting.name, setting]));
  for (const [name, value] of Object.entries(changes)) {
    const setting = byName.get(name);
    if (setting === undefined) problems.push(unknown(name, WISHED, "a setting", [...byName.keys()]));
    else if (value === null) cleared.add(name);
    else if (typeof value === "string") given.set(name, ofText(setting, value, WISHED));
    else given.set(name, { value, shown: setting.secret ? "(hidden)" : shown(value), from: WISHED });
  }
  return { given, problems, cleared };
}

/** Reads a JSON object whose nesting follows the settings' dotted names. */
export function readConfigFile(
  settings: readonly Setting[],
  choice: FileChoice,
  readFile: ReadFile,
): Reading {
  const given = new Map<string, Given>();
  const problems: Problem[] = [];
  const from = `file ${printable(choice.name)}`;
  const whole = (expected: string, came: string, remedy: string): Reading => ({
    given,
    problems: [{ setting: "config", from, expected, came, remedy }],
  });

  let text: string;
  try {
    text = readFile(choice.name);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" && !choice.required) return { given, problems };
    const remedy = choice.required ? `check ${choice.from}` : "make it readable, or move it away";
    return whole("a file that can be read", code, remedy);
  }
  let root: unknown;
  try {
    root = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    // The engine's message is not passed on: it quotes the text, which may hold a secret.
    const { line, column } = findJsonFault(text.replace(/^\uFEFF/, ""));
    const came = `something else at line ${line}, column ${column}`;
    return whole("JSON", came, "correct it there (JSON has no comments and no trailing commas)");
  }

  const byName = new Map(settings.map((setting) => [setting.name, setting]));
  const groups = new Set(settings.flatMap(({ path }) => path.map((_, i) => path.slice(0, i).join("."))));
  const visit = (value: unknown, name: string): void => {
    const setting = byName.get(name);
    if (setting !== undefined) {
      given.set(name, { value, shown: setting.secret ? "(hidden)" : shown(value), from });
    } else if (!groups.has(name)) {
      problems.push(unknown(name, from, "a setting", [...byName.keys(), ...groups]));
    } else if (value === null || typeof value !== "object" || Array.isArray(value)) {
      const came = value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
      const expected =
        name === "" ? "a JSON object of settings" : `an object with the settings under ${name}`;
      const remedy = `write it as { … } in ${printable(choice.name)}`;
      problems.push({ setting: name === "" ? "config" : name, from, expected, came, remedy });
    } else {
      for (const [key, inner] of Object.entries(value)) visit(inner, name === "" ? key : `${name}.${key}`);
    }
  };
  visit(root, "");
  return { given, problems };
}

/** "ENOENT" of a node:fs error; the type of any other. Never its message, which may hold a path or a value. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return "an unknown error";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

/** At most 80 characters of text that is safe on a terminal. */
export function printable(text: string): string {
  const safe = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\uFFFD");
  return safe.length > 80 ? `${safe.slice(0, 79)}…` : safe;
}

/**
 * Whether the word after a flag is its value. A known flag takes any word that is no known flag, since a token may begin
 * with "--"; an unknown one takes its word along too, so that a secret after a mistyped flag is not reported.
 */
function isValue(next: string, setting: Setting | undefined, byFlag: ReadonlyMap<string, Setting>): boolean {
  if (!next.startsWith("--")) return true;
  const flag = next.split("=", 1)[0]!;
  return setting !== undefined && !byFlag.has(flag) && flag !== "--config";
}

function ofText(setting: Setting, text: string, from: string): Given {
  return { value: coerceText(setting, text), shown: setting.secret ? "(hidden)" : shown(text), from };
}

function shown(value: unknown): string {
  return printable(String(JSON.stringify(value)));
}

function stray(index: number): Problem {
  return {
    setting: `argument ${index + 1}`,
    from: "command line",
    expected: "a flag such as --http.port",
    came: "a word that belongs to no flag",
    remedy: "remove it, or quote the value it is part of",
  };
}

function unknown(name: string, from: string, kind: string, known: readonly string[], prefix = ""): Problem {
  const bare = (text: string) => (text.startsWith(prefix) ? text.slice(prefix.length) : text);
  const candidates = known.filter((other) => other !== "").map(bare);
  const nearest = nearestName(bare(name), candidates);
  return {
    setting: printable(name),
    from,
    expected: `${kind} that is known`,
    came: "an unknown name",
    remedy:
      nearest === undefined
        ? "remove it; --help lists what is known"
        : `did you mean ${prefix}${nearest}? If not, remove it`,
  };
}
