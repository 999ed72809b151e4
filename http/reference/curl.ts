/** How an operation is asked for on a command line, ready to be pasted into a shell. */

import type { Json, MediaType, Operation, Parameter } from "../openapi-types.ts";

export interface CurlFacts {
  readonly method: string;
  /** As in the document: `/v1/datasets/{name}`. */
  readonly path: string;
  readonly operation: Operation;
  /** http://localhost:8787 */
  readonly origin: string;
  readonly needsToken: boolean;
  /** Looks a named schema up. */
  readonly resolve: (schema: Json) => Json;
}

const EVENTS = "text/event-stream";

export function curlOf({ method, path, operation, origin, needsToken, resolve }: CurlFacts): string {
  const { parameters = [], requestBody, responses, security } = operation;
  const types = Object.keys(responses["200"]?.content ?? {});
  const flags = [types.includes(EVENTS) ? "-N" : undefined, isFile(types) ? "-OJ" : undefined];
  const verb = method === "get" ? undefined : `-X ${method.toUpperCase()}`;
  const token = needsToken && security.length > 0 ? '-H "Authorization: Bearer $MILLRACE_TOKEN"' : undefined;
  const parts = ["curl", ...flags, verb, token, quote(origin + addressOf(path, parameters))];
  const first = parts.filter((part) => part !== undefined).join(" ");
  if (requestBody === undefined) return first;
  const { schema } = Object.values(requestBody.content)[0] as MediaType;
  const body = JSON.stringify(exampleOf(schema, resolve));
  return `${first} \\\n  --json ${quote(body)}`;
}

/** An example of what a schema takes: what it must have, and what has an example of its own. */
export function exampleOf(given: Json, resolve: (schema: Json) => Json): unknown {
  const schema = resolve(given);
  const {
    examples,
    default: usual,
    enum: values,
    properties,
    required = [],
    items,
    type,
    anyOf,
  } = schema as {
    readonly examples?: readonly unknown[];
    readonly default?: unknown;
    readonly enum?: readonly unknown[];
    readonly properties?: Readonly<Record<string, Json>>;
    readonly required?: readonly string[];
    readonly items?: Json;
    readonly type?: string;
    readonly anyOf?: readonly Json[];
  };
  if (schema["const"] !== undefined) return schema["const"];
  if (examples?.[0] !== undefined) return examples[0];
  if (usual !== undefined) return usual;
  if (values !== undefined) return values[0];
  if (anyOf?.[0] !== undefined) return exampleOf(anyOf[0], resolve);
  if (properties !== undefined) {
    const members = Object.entries(properties).filter(([name]) => required.includes(name));
    return Object.fromEntries(members.map(([name, member]) => [name, exampleOf(member, resolve)]));
  }
  if (type === "array") return items === undefined ? [] : [exampleOf(items, resolve)];
  return { object: {}, number: 1, integer: 1, boolean: true, string: "…" }[type ?? "string"] ?? null;
}

function addressOf(path: string, parameters: readonly Parameter[]): string {
  const filled = parameters
    .filter((parameter) => parameter.in === "path")
    .reduce((text, { name, schema }) => text.replace(`{${name}}`, segmentOf(name, schema)), path);
  const query = parameters
    .filter((parameter) => parameter.in === "query" && parameter.required)
    .map(({ name, schema }) => `${name}=${segmentOf(name, schema)}`);
  return query.length === 0 ? filled : `${filled}?${query.join("&")}`;
}

function segmentOf(name: string, schema: Json): string {
  const { examples, enum: values } = schema as {
    readonly examples?: readonly unknown[];
    readonly enum?: readonly unknown[];
  };
  const example = examples?.[0] ?? values?.[0];
  return example === undefined ? name.toUpperCase() : encodeURIComponent(String(example));
}

/** Whether an answer is rather kept than looked at. */
function isFile(types: readonly string[]): boolean {
  return types.includes("application/vnd.apache.parquet");
}

/** For a POSIX shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
