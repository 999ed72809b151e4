/**
 * Requests that are made from the server's own OpenAPI document: request number n of a seed is always the same bytes. Some are as
 * the document wants them, most are wrong in one way, and some are no HTTP at all.
 */

import { Buffer } from "node:buffer";
import { bodyFor, type Resolve, type Schema } from "./bodies.ts";
import type { Draft } from "./draft.ts";
import { breakFraming, type Delivery } from "./framing.ts";
import { nastyText, textFor } from "./hostile.ts";
import { Random } from "./random.ts";

export interface Target {
  readonly method: string;
  readonly path: string;
  readonly operation: {
    readonly parameters?: readonly {
      readonly name: string;
      readonly in: string;
      readonly required: boolean;
    }[];
    readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
    readonly responses: Readonly<Record<string, unknown>>;
  };
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Target["operation"]>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface FuzzRequest extends Delivery {
  readonly index: number;
  /** What is done to the server, in words. */
  readonly trick: string;
  readonly target: Target;
  readonly isHead: boolean;
}

const METHODS = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "PROPFIND",
  "QUERY",
  "TRACE",
  "FOO",
];
const ODD_PATHS = [
  "//",
  "/./health",
  "/v1/../health",
  "/v1/%2e%2e/health",
  "/%2e%2e/%2e%2e/etc/passwd",
  "/page/../../package.json",
  "/page/%2e%2e%2f%2e%2e%2fpackage.json",
  "/page/%00",
  "/v1/streams/%00",
  "/v1/streams/%ff",
  "/v1/streams/%zz",
  "/v1/datasets/%F0%9D%84%9E",
  "/v1/datasets/memory/",
  "/v1//datasets",
  "/V1/DATASETS",
  "/v1/datasets;a=b",
  "/health?",
  "/health?&&&",
  "/health?=",
  "/health?%=%&%zz=%",
  "/health#fragment",
  "/v1/export/..%2f..%2fmemory.csv",
  `/${"a".repeat(8000)}`,
  `/${"a/".repeat(2000)}`,
  "/favicon.ico",
  "/.well-known/openid-configuration",
  "/v1/exports/constructor",
  "/v1/actors/__proto__/restart",
];
const ODD_HEADERS: readonly (readonly [string, string])[] = [
  ["Host", "evil.example"],
  ["Host", ""],
  ["Host", "localhost:1"],
  ["Origin", "http://evil.example"],
  ["Origin", "null"],
  ["Sec-Fetch-Site", "cross-site"],
  ["Authorization", "Bearer wrong-token-wrong-token"],
  ["Authorization", "Basic AAAA"],
  ["Authorization", `Bearer ${"x".repeat(4000)}`],
  ["Cookie", "millrace-8787=x; millrace-8787=y"],
  ["Cookie", `${"a=b; ".repeat(500)}`],
  ["Accept", "*/*;q=nan, , ;;;,,,text/html;q=2"],
  ["Accept", "text/html"],
  ["Accept", "application/vnd.apache.arrow.stream"],
  ["Accept", `${"a/b,".repeat(1000)}c/d`],
  ["Accept-Encoding", "gzip, br, zstd, *;q=0"],
  ["Content-Type", "text/plain"],
  ["Content-Type", "application/json; charset=utf-16"],
  ["Content-Type", "multipart/form-data; boundary="],
  ["Content-Encoding", "gzip"],
  ["Range", "bytes=0-1,5-2,-99999999999999"],
  ["If-None-Match", "*"],
  ["If-Modified-Since", "yesterday"],
  ["Last-Event-ID", "-1"],
  ["Last-Event-ID", "memory:99999999999999999999"],
  ["Last-Event-ID", "A".repeat(5000)],
  ["Upgrade", "websocket"],
  ["Upgrade", "h2c"],
  ["Connection", "Upgrade, HTTP2-Settings"],
  ["Sec-WebSocket-Key", "short"],
  ["Sec-WebSocket-Version", "12"],
  ["X-Forwarded-For", "1.2.3.4"],
  ["X-HTTP-Method-Override", "DELETE"],
  ["Forwarded", "for=_;host=evil"],
  ["TE", "trailers"],
  ["Priority", "u=9"],
  ["X-Ünïcode", "ÿ\u00a0"],
];

/** Makes the requests of a seed. @param host what the server is called: `127.0.0.1:8787` */
export function requestMaker(document: Document, seed: number, host: string): (index: number) => FuzzRequest {
  const targets: readonly (readonly [number, Target])[] = Object.entries(document.paths).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(
        ([method, operation]) => [weightOf(method, path), { method, path, operation }] as const,
      ),
  );
  const resolve: Resolve = (schema) => {
    const ref = schema["$ref"];
    return typeof ref === "string" ? (document.components.schemas[ref.split("/").at(-1)!] ?? {}) : schema;
  };
  return (index) => {
    const random = new Random(seed, index);
    const target = random.weighted(targets);
    const draft = draftOf(random, target, resolve, host);
    const isOpenEnded = target.path.startsWith("/v1/streams/") || target.path.endsWith("/events");
    const delivery = breakFraming(random, draft, { isOpenEnded, host });
    return {
      ...delivery,
      index,
      target,
      trick: draft.tricks.join(", ") || "as declared",
      isHead: draft.method === "HEAD",
    };
  };
}

/** What is costly, or stops things, is asked less often. */
function weightOf(method: string, path: string): number {
  if (path === "/v1/query") return 1.5;
  if (path === "/v1/store/compact") return 0.5;
  if (path.endsWith("/stop") || path.endsWith("/pause") || path.endsWith("/restart")) return 0.25;
  if (path === "/v1/exports" && method === "post") return 2;
  if (path === "/docs" || path === "/openapi.json" || path === "/metrics") return 0.5;
  return 2;
}

function draftOf(random: Random, target: Target, resolve: Resolve, host: string): Draft {
  const { method, path, operation } = target;
  const { parameters = [], requestBody } = operation;
  const draft: Draft = {
    method: method === "get" && random.chance(0.08) ? "HEAD" : method.toUpperCase(),
    address: path.replace(/\{(\w+)\}/g, (_, name: string) => encode(textFor(random, name) || "x")),
    headers: [["Host", host]],
    body: undefined,
    tricks: [],
  };
  const query = parameters
    .filter((parameter) => parameter.in === "query" && (parameter.required || random.chance(0.35)))
    .map(({ name }) => `${encode(name)}=${encode(textFor(random, name))}`);
  if (random.chance(0.06)) {
    draft.tricks.push("odd parameter");
    query.push(
      random.pick<() => string>([
        () => `${encode(nastyText(random))}=${encode(nastyText(random))}`,
        () => query[0] ?? "all=true&all=true",
        () => Array.from({ length: 500 }, (_, at) => `p${at}=1`).join("&"),
        () => "%zz=%ff&%=%",
        () => "colums=timestamp",
        () => "[]=1&a[b]=2&__proto__[x]=1",
      ])(),
    );
  }
  if (query.length > 0) draft.address += `?${query.join("&")}`;
  for (const parameter of parameters) {
    if (parameter.in !== "header" || !random.chance(0.4)) continue;
    draft.headers.push([parameter.name, headerText(textFor(random, parameter.name))]);
  }
  const forms = Object.entries(requestBody?.content ?? {});
  // What is no JSON has no schema to make it of: rows of JSON under its name are as wrong as anything.
  const [type, declared] = (forms.length > 1 && random.chance(0.5) ? random.pick(forms) : forms[0]) ?? [];
  if (type !== undefined && declared !== undefined && !random.chance(0.03)) {
    const schema = declared.schema["type"] === undefined ? (forms[0]?.[1].schema ?? {}) : declared.schema;
    const { bytes, trick } = bodyFor(random, schema, resolve);
    draft.body = bytes;
    draft.headers.push(["Content-Type", type]);
    if (trick !== "good") draft.tricks.push(`body: ${trick}`);
  }
  if (random.chance(0.05)) {
    draft.tricks.push("another method");
    draft.method = random.pick(METHODS);
  }
  if (random.chance(0.06)) {
    draft.tricks.push("odd path");
    draft.address = random.pick(ODD_PATHS);
  }
  if (declared === undefined && random.chance(0.03)) {
    draft.tricks.push("a body that is not wanted");
    draft.body = random.bytes(1 + random.below(5000));
  }
  if (random.chance(0.15)) {
    draft.tricks.push("odd header");
    for (let header = 0; header <= random.below(4); header++) oddHeader(random, draft);
  }
  return draft;
}

function oddHeader(random: Random, draft: Draft): void {
  const [name, value] = random.pick(ODD_HEADERS);
  const before = draft.headers.findIndex(([other]) => other.toLowerCase() === name.toLowerCase());
  if (before >= 0) draft.headers.splice(before, 1);
  draft.headers.push([name, headerText(value)]);
}

/** Percent-encoded; a lone half of a pair too, which encodeURIComponent does not take. */
function encode(text: string): string {
  return [...Buffer.from(text, "utf8")]
    .map((byte) =>
      /[A-Za-z0-9._~-]/.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).padStart(2, "0")}`,
    )
    .join("");
}

/** What may stand in a header: visible ASCII, spaces, and bytes above. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e\x80-\xff]/g, "?").trim();
}
