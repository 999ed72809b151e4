/**
 * The last guard before a log line exists: whatever a caller passes becomes plain, bounded data without identifiers.
 *
 * Three rules. (1) A property whose name holds a denied word (`userName`, `token_file`, `KEY`) loses its value, whatever
 * the value is. (2) Text loses absolute paths that can name a person or a process (/proc, /home, the home folder, …).
 * (3) An error keeps its type, code, system call and the places in the code it came through; a message of the file system
 * is cut before its path, a parser's loses what it quotes. Redacting twice changes nothing.
 *
 * It is a guard, not a licence: it cannot know that the text "alice" is a name. Callers log counts and closed lists.
 */
import type { WireValue } from "./wire.ts";

export const redacted = "[redacted]";

/** Deeper, wider or longer data is cut: a log line is not a dump. */
const maxDepth = 4;
const maxEntries = 24;
const maxTextLength = 500;
const maxFrames = 6;

const deniedWords: ReadonlySet<string> = new Set(
  (
    "name names user users username uid login logname account accounts owner person email mail " +
    "path paths file files filename dir directory folder home cwd exe executable " +
    "cmd cmdline command commandline comm args argv env environ environment " +
    "pid ppid host hostname ip " +
    "token tokens key keys secret secrets password passwd passphrase credential credentials authorization cookie " +
    "raw identifier identifiers"
  ).split(" "),
);

/** Folders under which a path names a person, a process or a session. */
const personal = String.raw`(?:/proc|/(?:var/|export/)?home|/root|/run/user|/Users|/private/var/folders|[a-z]:\\+users)(?=[/\\])`;
const personalQuoted = new RegExp(`(["'\`])${personal}.*?\\1`, "gi");
const personalBare = new RegExp(`${personal}[^\\s"'\`,;)\\]}]*`, "gi");
/** In an error's message any absolute path of two parts goes, wherever it leads. */
const absoluteQuoted = /(["'`])(?:\/|file:).*?\1/g;
const absoluteBare = /(^|[\s(=:[])(?:file:\/\/)?\/[\w.@+~-]+\/[^\s"'`,;)\]}]*/g;

/** Names that were judged before. Code uses few; the bound is for names that come from data. */
const judged = new Map<string, boolean>();
const maxJudged = 1000;

export interface RedactOptions {
  /** The home folder, removed from all text. Default: none beyond the usual places of homes. */
  readonly home?: string | undefined;
}

/** Whether a property of this name is withheld: any of its words, in camelCase or with separators, is denied. */
export function isDenied(propertyName: string): boolean {
  const known = judged.get(propertyName);
  if (known !== undefined) return known;
  const denied =
    words(propertyName).some((word) => deniedWords.has(word)) || deniedWords.has(propertyName.toLowerCase());
  if (judged.size < maxJudged) judged.set(propertyName, denied);
  return denied;
}

/** A record's properties, safe to write and to clone. */
export function redactProperties(
  properties: Readonly<Record<string, unknown>>,
  options: RedactOptions = {},
): { [key: string]: WireValue } {
  return redactEntries(properties, options, 0, new Set([properties]));
}

/** Text without the paths that may name someone. Control characters are left to the formatter. */
export function scrubText(text: string, { home }: RedactOptions = {}): string {
  // Most text holds no path at all; the patterns below cost microseconds.
  if (text.length <= maxTextLength && !/[/\\]/.test(text)) return text;
  let scrubbed = text.length > 4 * maxTextLength ? text.slice(0, 4 * maxTextLength) : text;
  if (home !== undefined && home.length > 1) scrubbed = scrubbed.replaceAll(home, "/home/-");
  scrubbed = scrubbed.replace(personalQuoted, "$1(path)$1").replace(personalBare, "(path)");
  return scrubbed.length > maxTextLength ? `${scrubbed.slice(0, maxTextLength - 1)}…` : scrubbed;
}

function redactValue(
  value: unknown,
  options: RedactOptions,
  depth: number,
  above: ReadonlySet<object>,
): WireValue {
  switch (typeof value) {
    case "string":
      return scrubText(value, options);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
      return value;
    case "bigint":
      return String(value);
    case "object":
      break;
    default:
      return `[${typeof value}]`;
  }
  if (value === null) return null;
  if (above.has(value)) return "[circular]";
  if (depth >= maxDepth) return "[deep]";
  if (value instanceof Error) return redactError(value, options, depth, new Set([...above, value]));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString();
  // Bytes may be a key or a raw column: their length says enough.
  if (ArrayBuffer.isView(value)) return `[${value.constructor.name} of ${value.byteLength} bytes]`;
  const inside = new Set([...above, value]);
  if (Array.isArray(value)) {
    const room = value.length > maxEntries ? maxEntries - 1 : maxEntries;
    const kept = value.slice(0, room).map((item) => redactValue(item, options, depth + 1, inside));
    return value.length > room ? [...kept, `[${value.length - room} more]`] : kept;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  // Maps, sets, promises, requests: what they hold is not ours to read.
  if (prototype !== null && prototype !== Object.prototype) return "[object]";
  return redactEntries(value as Readonly<Record<string, unknown>>, options, depth, inside);
}

function redactEntries(
  properties: Readonly<Record<string, unknown>>,
  options: RedactOptions,
  depth: number,
  above: ReadonlySet<object>,
): { [key: string]: WireValue } {
  const result: { [key: string]: WireValue } = {};
  const keys = Object.keys(properties);
  const room = keys.length > maxEntries ? maxEntries - 1 : maxEntries;
  for (const key of keys.slice(0, room)) {
    const label = scrubText(key.slice(0, 64), options);
    // A key such as __proto__ must become data, not the prototype of the result.
    const put = (value: WireValue) =>
      Object.defineProperty(result, label, { value, enumerable: true, configurable: true, writable: true });
    if (isDenied(key) || (label !== key && isDenied(label))) {
      put(redacted);
      continue;
    }
    try {
      const value = properties[key];
      if (value !== undefined) put(redactValue(value, options, depth + 1, above));
    } catch {
      put("[unreadable]");
    }
  }
  if (keys.length > room) result["…"] = `${keys.length - room} more`;
  return result;
}

function redactError(
  error: Error,
  options: RedactOptions,
  depth: number,
  above: ReadonlySet<object>,
): WireValue {
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown };
  const at = frames(error.stack);
  return {
    type: scrubText(String(error.name).slice(0, 64)),
    message: errorMessage(error, options),
    ...(typeof code === "string" ? { code: scrubText(code.slice(0, 64)) } : {}),
    ...(typeof syscall === "string" ? { syscall: scrubText(syscall.slice(0, 64)) } : {}),
    ...(at.length > 0 && depth + 1 < maxDepth ? { at } : {}),
    ...(error.cause === undefined ? {} : { cause: redactValue(error.cause, options, depth + 1, above) }),
  };
}

/** The message without what it may quote. */
function errorMessage(error: Error, options: RedactOptions): string {
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown };
  const message = String(error.message);
  if (typeof code === "string" && typeof syscall === "string") {
    // "ENOENT: no such file or directory, open '/proc/1/stat'" ends before its path; other forms may hold an address.
    return message.startsWith(`${code}: `) ? message.split(/["'`/\\]/, 1)[0]!.trim() : `${code}: ${syscall}`;
  }
  // A parser quotes its input, which may itself hold quotes: all from the first quote to the last goes.
  const own = error instanceof SyntaxError ? message.replace(/["'`].*["'`]/s, "(quoted)") : message;
  return scrubText(own.replace(absoluteQuoted, "$1(path)$1").replace(absoluteBare, "$1(path)"), options);
}

/** "run (system.ts:41:7)": functions and places without folders, innermost first. */
function frames(stack: unknown): string[] {
  if (typeof stack !== "string") return [];
  const places: string[] = [];
  for (const line of stack.split("\n")) {
    const match = /^\s*at (?:(?:async )?([\w$.<>#]+) )?\(?(?:.*[/\\])?([\w$.-]+):(\d+):(\d+)\)?$/.exec(line);
    if (match === null) continue;
    const [, caller, place, row, column] = match;
    places.push(caller === undefined ? `${place}:${row}:${column}` : `${caller} (${place}:${row}:${column})`);
    if (places.length === maxFrames) break;
  }
  return places;
}

/** "userName", "user_name", "USER-NAME", "HTTPToken" → their words, lower-cased. */
function words(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/);
}
