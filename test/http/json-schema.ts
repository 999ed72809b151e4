/**
 * Checks a value against a schema of the OpenAPI document, by the few keywords that stand there; any other is a fault of the
 * document. Stricter than JSON Schema in one thing: a member that no schema declares is a fault of the answer.
 */

import type { Json, OpenApi } from "../../http/openapi-types.ts";

interface Schema extends Json {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly propertyNames?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly minItems?: number;
  readonly pattern?: string;
  readonly format?: string;
}

const KNOWN = new Set(
  "$ref type properties required items additionalProperties propertyNames anyOf oneOf enum const minimum maximum minLength maxLength minItems maxItems pattern format description examples default".split(
    " ",
  ),
);
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The first thing that is wrong, with where it is; undefined: nothing. */
export function schemaFault(
  document: OpenApi,
  given: Json,
  value: unknown,
  at = "answer",
): string | undefined {
  const schema = resolved(document, given as Schema);
  const unknown = Object.keys(schema).find((keyword) => !KNOWN.has(keyword));
  if (unknown !== undefined) return `${at}: the schema has the keyword ${unknown}`;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) {
    const faults = choices.map((choice) => schemaFault(document, choice, value, at));
    return faults.includes(undefined) ? undefined : faults.join("; or ");
  }
  if (schema.const !== undefined && value !== schema.const) return `${at}: expected ${String(schema.const)}`;
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return `${at}: ${String(value)} is not in the list`;
  const { type } = schema;
  const types = [type ?? typeOf(value)].flat();
  if (!types.includes(typeOf(value)) && !(types.includes("number") && typeof value === "number")) {
    return `${at}: expected ${String(type)}; came ${typeOf(value)}`;
  }
  if (typeof value === "string") return textFault(schema, value, at);
  if (typeof value === "number") {
    const { minimum = -Infinity, maximum = Infinity } = schema;
    return value >= minimum && value <= maximum ? undefined : `${at}: ${value} is out of bounds`;
  }
  if (Array.isArray(value)) {
    const { minItems = 0, maxItems = Infinity, items = {} } = schema;
    if (value.length < minItems || value.length > maxItems) return `${at}: ${value.length} items`;
    return first(value.map((item, index) => () => schemaFault(document, items, item, `${at}[${index}]`)));
  }
  return typeof value === "object" && value !== null ? objectFault(document, schema, value, at) : undefined;
}

function objectFault(document: OpenApi, schema: Schema, value: object, at: string): string | undefined {
  const { properties, required = [], additionalProperties: rest } = schema;
  const missing = required.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return `${at}: ${missing} is missing`;
  return first(
    Object.entries(value).map(([name, member]) => () => {
      const own = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (own !== undefined) return schemaFault(document, own, member, `${at}.${name}`);
      if (typeof rest === "object") return schemaFault(document, rest, member, `${at}.${name}`);
      return properties === undefined || rest === true ? undefined : `${at}: ${name} is not declared`;
    }),
  );
}

function textFault(
  { minLength = 0, maxLength = Infinity, pattern, format }: Schema,
  value: string,
  at: string,
) {
  if (value.length < minLength || value.length > maxLength) return `${at}: ${value.length} characters`;
  if (pattern !== undefined && !new RegExp(pattern, "u").test(value))
    return `${at}: it does not match ${pattern}`;
  if (format === "date-time" && !MOMENT.test(value)) return `${at}: ${value} is no time`;
  return undefined;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function resolved(document: OpenApi, schema: Schema): Schema {
  const name = schema.$ref?.slice("#/components/schemas/".length);
  return name === undefined ? schema : (document.components.schemas[name] as Schema);
}

function first(faults: readonly (() => string | undefined)[]): string | undefined {
  for (const look of faults) {
    const found = look();
    if (found !== undefined) return found;
  }
  return undefined;
}
