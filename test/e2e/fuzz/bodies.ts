/** Bodies: what a schema asks for, the same with something wrong in it, and what is no JSON at all. */

import { Buffer } from "node:buffer";
import { ENDLESS_SQL, goodValue, nastyText, nastyValue, valueFor } from "./hostile.ts";
import type { Random } from "./random.ts";

export type Schema = { readonly [keyword: string]: unknown };

/** Finds a schema that stands elsewhere in the document. */
export type Resolve = (schema: Schema) => Schema;

interface Body {
  readonly bytes: Uint8Array;
  readonly trick: string;
}

const MEBIBYTE = 2 ** 20;

export function bodyFor(random: Random, schema: Schema, resolve: Resolve): Body {
  const good = () => Buffer.from(JSON.stringify(bounded(sample(random, "", schema, resolve, 0))));
  const bad = () => JSON.stringify(bounded(spoil(random, sample(random, "", schema, resolve, 0))));
  return random.weighted<() => Body>([
    [30, () => ({ trick: "good", bytes: good() })],
    [30, () => ({ trick: "wrong types", bytes: Buffer.from(bad()) })],
    [8, () => ({ trick: "another value", bytes: Buffer.from(JSON.stringify(nastyValue(random))) })],
    [8, () => ({ trick: "cut off", bytes: cut(random, good()) })],
    [6, () => ({ trick: "flipped byte", bytes: flipped(random, good()) })],
    [4, () => ({ trick: "nothing", bytes: Buffer.alloc(0) })],
    [4, () => ({ trick: "random bytes", bytes: random.bytes(random.below(2000)) })],
    [2, () => ({ trick: "deep", bytes: Buffer.from("[".repeat(1 + random.below(100_000))) })],
    [2, () => ({ trick: "deep and closed", bytes: Buffer.from(nested(1 + random.below(20_000))) })],
    [2, () => ({ trick: "twice", bytes: Buffer.concat([good(), good()]) })],
    [
      2,
      () => ({ trick: "prototype", bytes: Buffer.from('{"__proto__":{"sql":"SELECT 1"},"constructor":1}') }),
    ],
    [
      2,
      () => ({ trick: "byte order mark", bytes: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), good()]) }),
    ],
    [1, () => ({ trick: "long text", bytes: Buffer.from(JSON.stringify({ sql: "x".repeat(200_000) })) })],
    [0.3, () => ({ trick: "too long", bytes: Buffer.alloc(MEBIBYTE + 1 + random.below(MEBIBYTE), "[1,") })],
  ])();
}

/** A value that a schema takes, as far as it says so. */
export function sample(
  random: Random,
  name: string,
  given: Schema,
  resolve: Resolve,
  depth: number,
): unknown {
  const schema = resolve(given);
  const known = goodValue(random, name);
  if (known !== undefined && random.chance(0.85)) return known;
  if (schema["const"] !== undefined) return schema["const"];
  if (Array.isArray(schema["enum"])) return random.pick(schema["enum"]);
  if (Array.isArray(schema["examples"]) && random.chance(0.5)) return random.pick(schema["examples"]);
  const choices = (schema["anyOf"] ?? schema["oneOf"]) as readonly Schema[] | undefined;
  if (choices !== undefined) return sample(random, name, random.pick(choices), resolve, depth);
  if (depth > 6) return null;
  const {
    properties,
    required = [],
    items,
  } = schema as {
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly required?: readonly string[];
    readonly items?: Schema;
  };
  if (properties !== undefined) {
    const members = Object.entries(properties)
      .filter(([member]) => required.includes(member) || random.chance(0.4))
      .map(([member, type]) => [member, sample(random, member, type, resolve, depth + 1)]);
    return Object.fromEntries(members);
  }
  if (schema["type"] === "array") {
    const length = random.below(4);
    return Array.from({ length }, () => sample(random, name, items ?? {}, resolve, depth + 1));
  }
  if (schema["type"] === "boolean") return random.chance(0.5);
  if (schema["type"] === "integer" || schema["type"] === "number") return random.below(1000);
  if (schema["type"] === "object") return { [nastyText(random)]: nastyValue(random) };
  return valueFor(random, name);
}

/** The same with one thing wrong in it. */
export function spoil(random: Random, value: unknown): unknown {
  if (typeof value !== "object" || value === null || random.chance(0.05)) return nastyValue(random);
  if (Array.isArray(value)) {
    if (value.length === 0 || random.chance(0.3)) return [...value, nastyValue(random)];
    const at = random.below(value.length);
    return value.map((item, index) => (index === at ? spoil(random, item) : item));
  }
  const entries = Object.entries(value);
  if (entries.length === 0 || random.chance(0.25))
    return { ...value, [nastyText(random)]: nastyValue(random) };
  const [name] = random.pick(entries);
  if (random.chance(0.2)) return Object.fromEntries(entries.filter(([other]) => other !== name));
  return Object.fromEntries(
    entries.map(([other, item]) => [
      other,
      other === name ? valueFor(random, random.chance(0.5) ? name : "") : item,
    ]),
  );
}

/** Others wait in line behind a query: one without an end may work for a moment only. */
function bounded(value: unknown): unknown {
  const isEndless = ENDLESS_SQL.some((sql) => (value as { readonly sql?: unknown } | null)?.sql === sql);
  return isEndless ? { ...(value as object), timeoutMs: 100 } : value;
}

function cut(random: Random, bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, random.below(bytes.byteLength + 1));
}

function flipped(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  if (copy.byteLength > 0) copy[random.below(copy.byteLength)]! ^= 1 << random.below(8);
  return copy;
}

function nested(depth: number): string {
  return `${'{"a":['.repeat(depth)}1${"]}".repeat(depth)}`;
}
