/**
 * A zod object schema seen as a flat list of settings: each leaf with its dotted name, its environment variable, its flag,
 * what it expects in words, its default and its meaning. All that the loader and --help know of a schema, they know here.
 *
 * A leaf is text, a number, true/false, one of a list, a duration (`durationMs`) or a size (`byteSize`); other kinds
 * are refused when the list is made, because they could not be given by a variable or a flag. The metadata read:
 * `description` (the meaning), `secret: true`, `expected` (words that replace the derived ones).
 */
import { z } from "zod";
import { formatByteSize, formatDurationMs, parseByteSize, parseDurationMs } from "./units.ts";

export type SettingType =
  | "text"
  | "number"
  | "whole number"
  | "true or false"
  | "choice"
  | "duration"
  | "size";

export interface Setting {
  /** Dotted: "http.port". */
  readonly name: string;
  readonly path: readonly string[];
  readonly type: SettingType;
  /** Completes "expected …": "a whole number from 0 to 65535". */
  readonly expected: string;
  /** Undefined when there is none. */
  readonly default: unknown;
  /** Whether it must be given: it has no default and is not optional. */
  readonly required: boolean;
  readonly meaning: string;
  /** "MILLRACE_HTTP_PORT". */
  readonly env: string;
  /** "--http.port" first, then its short forms. */
  readonly flags: readonly [string, ...string[]];
  /** A secret's value appears in no problem and no description. */
  readonly secret: boolean;
}

/** What an application declares once, and the loader, --help and the documentation share. */
export interface ConfigSpec<Schema extends z.ZodObject = z.ZodObject> {
  readonly schema: Schema;
  /** Starts every environment variable: "MILLRACE_". */
  readonly envPrefix: string;
  /** Looked for in the working folder when no other file is named: "millrace.json". */
  readonly fileName: string;
  /** Short flags by the setting they stand for: `{ "http.port": "--port" }`. */
  readonly shortFlags?: Readonly<Record<string, `--${string}`>>;
}

/** zod's preprocessing step → which helper made it. Refinements and defaults around it copy the schema, not the step. */
const quantityOf = new WeakMap<object, "duration" | "size">();

/** A setting in milliseconds, given as a number or as text such as "10s". Bounds are inclusive. */
export function durationMs(bounds: { readonly minMs: number; readonly maxMs: number }) {
  return quantity("duration", parseDurationMs, z.int().min(bounds.minMs).max(bounds.maxMs));
}

/** A setting in bytes, given as a number or as text such as "64MiB". Bounds are inclusive. */
export function byteSize(bounds: { readonly minBytes: number; readonly maxBytes: number }) {
  return quantity("size", parseByteSize, z.int().min(bounds.minBytes).max(bounds.maxBytes));
}

/**
 * Every setting of the schema, in the order of its declaration.
 * @throws TypeError for a schema that cannot be loaded (an unknown kind of leaf, two settings with one environment
 *   variable, a default out of bounds, a short flag of nothing): a bug, not a user's mistake.
 */
export function settingsOf(spec: ConfigSpec): Setting[] {
  const settings = [...walk(spec, spec.schema, [])];
  const seen = new Map<string, string>();
  for (const setting of settings) {
    for (const given of [setting.env, ...setting.flags]) {
      const other = seen.get(given);
      if (other !== undefined) throw new TypeError(`${other} and ${setting.name} are both given by ${given}`);
      seen.set(given, setting.name);
    }
  }
  for (const name of Object.keys(spec.shortFlags ?? {})) {
    if (!settings.some((setting) => setting.name === name)) {
      throw new TypeError(`the short flag of ${name} stands for no setting`);
    }
  }
  return settings;
}

/** A value as people write it: 60000 as "1m" when it is a duration. */
export function settingText(type: SettingType, value: unknown): string {
  if (type === "duration" && typeof value === "number") return formatDurationMs(value);
  if (type === "size" && typeof value === "number") return formatByteSize(value);
  return typeof value === "string" ? value : String(JSON.stringify(value));
}

/** Text from a variable or flag, as the schema's type; text that is no such thing stays text, for zod to refuse. */
export function coerceText(setting: Setting, text: string): unknown {
  if (setting.type === "number" || setting.type === "whole number") {
    return /^[+-]?\d+(?:\.\d+)?$/.test(text.trim()) ? Number(text) : text;
  }
  if (setting.type === "true or false") return booleanOf(text) ?? text;
  return text;
}

/** true, yes, on, 1 and their opposites; undefined for other text. */
export function booleanOf(text: string): boolean | undefined {
  if (/^(?:true|yes|on|1)$/i.test(text)) return true;
  return /^(?:false|no|off|0)$/i.test(text) ? false : undefined;
}

function quantity(kind: "duration" | "size", parse: (text: string) => number | undefined, out: z.ZodInt) {
  const schema = z.preprocess((given) => (typeof given === "string" ? (parse(given) ?? given) : given), out);
  quantityOf.set(schema.def.in, kind);
  return schema;
}

function* walk(spec: ConfigSpec, schema: z.ZodObject, above: readonly string[]): Generator<Setting> {
  for (const [key, wrapped] of Object.entries(schema.shape)) {
    const path = [...above, key];
    const leaf = unwrap(wrapped as z.ZodType);
    if (leaf.core instanceof z.ZodObject) {
      yield* walk(spec, leaf.core, path);
      continue;
    }
    const name = path.join(".");
    const { type, expected } = describeCore(leaf.core, name);
    if (leaf.default !== undefined && !(wrapped as z.ZodType).safeParse(leaf.default).success) {
      throw new TypeError(`the default of ${name} is not ${expected}`);
    }
    const short = spec.shortFlags?.[name];
    yield {
      name,
      path,
      type,
      expected: typeof leaf.meta["expected"] === "string" ? leaf.meta["expected"] : expected,
      default: leaf.default,
      required: leaf.default === undefined && !leaf.optional,
      meaning: typeof leaf.meta["description"] === "string" ? leaf.meta["description"] : "",
      env: spec.envPrefix + path.map(upperSnake).join("_"),
      flags: short === undefined ? [`--${name}`] : [`--${name}`, short],
      secret: leaf.meta["secret"] === true,
    };
  }
}

interface Unwrapped {
  readonly core: z.ZodType;
  readonly default: unknown;
  readonly optional: boolean;
  readonly meta: Readonly<Record<string, unknown>>;
}

/** Takes off defaults and optionals; what the outer ones say of the setting wins. */
function unwrap(schema: z.ZodType): Unwrapped {
  const meta = schema.meta() ?? {};
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    const inner = unwrap(schema.unwrap() as z.ZodType);
    return { ...inner, default: schema.def.defaultValue, meta: { ...inner.meta, ...meta } };
  }
  if (schema instanceof z.ZodOptional) {
    const inner = unwrap(schema.unwrap() as z.ZodType);
    return { ...inner, optional: true, meta: { ...inner.meta, ...meta } };
  }
  return { core: schema, default: undefined, optional: false, meta };
}

function describeCore(core: z.ZodType, name: string): { type: SettingType; expected: string } {
  if (core instanceof z.ZodPipe && core.def.out instanceof z.ZodNumber) {
    const kind = quantityOf.get(core.def.in);
    if (kind !== undefined) {
      const format = kind === "duration" ? formatDurationMs : formatByteSize;
      const example = kind === "duration" ? "10s" : "64MiB";
      const { minValue, maxValue } = core.def.out;
      return {
        type: kind,
        expected: `a ${kind} from ${format(minValue ?? 0)} to ${format(maxValue ?? 0)}, such as "${example}"`,
      };
    }
  }
  if (core instanceof z.ZodNumber) {
    const type = core.isInt ? "whole number" : "number";
    return { type, expected: `a ${type}${rangeText(core.minValue, core.maxValue)}` };
  }
  if (core instanceof z.ZodBoolean) return { type: "true or false", expected: "true or false" };
  if (core instanceof z.ZodEnum) return { type: "choice", expected: `one of ${core.options.join(", ")}` };
  if (core instanceof z.ZodString) {
    const range = rangeText(core.minLength, core.maxLength);
    return {
      type: "text",
      expected: range === "" ? "text" : `text of${range.replace(/^ (?:of|from)/, "")} characters`,
    };
  }
  throw new TypeError(`setting ${name}: a ${core.def.type} cannot be given by a variable or flag`);
}

/** " from 0 to 65535", " of at least 1", " of at most 9" or nothing. zod's integers are bounded by what a double holds. */
function rangeText(least: number | null, most: number | null): string {
  const min = least === null || least <= Number.MIN_SAFE_INTEGER ? undefined : least;
  const max = most === null || most >= Number.MAX_SAFE_INTEGER ? undefined : most;
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? "" : ` of at most ${max}`;
}

/** memoryIntervalMs → MEMORY_INTERVAL_MS. */
function upperSnake(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
}
