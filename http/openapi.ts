/**
 * The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1) of declared routes. Nothing is in it that no declaration says,
 * but for what holds for every route: how it is refused, and who may ask.
 *
 * Schemas with an id stand under `components`, each once. An answer's schema lets later members through, a body's does not where
 * the route does not either.
 */

import type { z } from "zod";
import { operationId, patternOf, TAGS } from "./openapi-names.ts";
import { Schemas } from "./openapi-schemas.ts";
import {
  type Json,
  type MediaType,
  type OpenApi,
  type Operation,
  type Parameter,
  RESPONSES,
  type Response,
  SCHEMAS,
} from "./openapi-types.ts";
import { PROBLEMS, type ProblemCode } from "./problem.ts";
import type { Answer, AnswerContent, RouteSpec } from "./route.ts";

export interface DocumentFacts {
  readonly version: string;
  /** The cookie that a session is kept in. */
  readonly sessionCookie: string;
}

const PROBLEM_TYPE = "application/problem+json";
const DESCRIPTION = `Millrace turns raw host telemetry into training data: it samples the host, pseudonymizes in place, windows, logs, streams and
exports. This is its control surface.

Names in JSON are camelCase (those of \`/pipeline\` snake_case), times ISO 8601 in UTC. An error is a problem (RFC 9457): its \`type\` is for programs, its \`detail\` says
what was expected, what came and what to do. A parameter that is not declared is refused.

Without a configured token nothing is asked for, and the server listens on loopback only. Otherwise each request brings
\`Authorization: Bearer …\` with a token that has the operation's scope.`;

/** What any operation may answer. */
const ANYWHERE: readonly ProblemCode[] = [
  "bad-parameter",
  "origin-refused",
  "body-refused",
  "host-refused",
  "too-fast",
  "headers-refused",
  "internal",
];
const WITH_TOKEN: readonly ProblemCode[] = ["token-needed", "scope-needed", "too-many-failures"];
const WITH_BODY: readonly ProblemCode[] = ["body-type-refused", "body-too-slow", "too-many"];

/** @throws Error when two different schemas have the same id */
export function openApi(specs: readonly RouteSpec[], { version, sessionCookie }: DocumentFacts): OpenApi {
  const schemas = new Schemas();
  const responses: Record<string, Response> = {};
  const paths: Record<string, Record<string, Operation>> = {};
  for (const spec of specs) {
    const path = patternOf(spec.path);
    paths[path] ??= {};
    paths[path][spec.method] = operationOf(spec, schemas, responses);
  }
  const used = new Set(specs.map(({ tag }) => tag));
  const known = Object.keys(TAGS).filter((tag) => used.has(tag));
  const tags = [...known, ...[...used].filter((tag) => !known.includes(tag))];
  return {
    openapi: "3.1.1",
    info: { title: "Millrace", version, description: DESCRIPTION },
    servers: [{ url: "/" }],
    tags: tags.map((name) => ({ name, ...(TAGS[name] === undefined ? {} : { description: TAGS[name] }) })),
    paths,
    components: {
      schemas: { ...schemas.named(), Problem: problemSchema() },
      responses,
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "A configured token." },
        session: {
          type: "apiKey",
          in: "cookie",
          name: sessionCookie,
          description: "A session of the page: `POST /v1/session` gives one for a token.",
        },
      },
    },
  };
}

function operationOf(spec: RouteSpec, schemas: Schemas, shared: Record<string, Response>): Operation {
  const { scope, tag, summary, websocket, body } = spec;
  const description = [
    spec.description,
    websocket === undefined ? undefined : `**WebSocket**\n\n${websocket}`,
  ].filter((text) => text !== undefined);
  const parameters = [
    ...parametersOf(spec.params, "path", schemas),
    ...parametersOf(spec.query, "query", schemas),
    ...parametersOf(spec.headers, "header", schemas),
  ];
  return {
    operationId: operationId(spec),
    tags: [tag],
    summary,
    ...(description.length === 0 ? {} : { description: description.join("\n\n") }),
    "x-millrace-scope": scope,
    security: scope === "open" ? [] : [{ bearer: [scope] }, { session: [scope] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: bodyContent(body, schemas),
          },
        }),
    responses: responsesOf(spec, schemas, shared),
  };
}

function bodyContent(body: NonNullable<RouteSpec["body"]>, schemas: Schemas): Record<string, MediaType> {
  if ("schema" in body) return { "application/json": { schema: schemas.of(body.schema) } };
  const entries = Object.entries(body.forms).map(([type, { schema }]) => [
    type,
    mediaType(type, schema, schemas),
  ]);
  return Object.fromEntries(entries);
}

function parametersOf(
  object: z.ZodObject | undefined,
  place: Parameter["in"],
  schemas: Schemas,
): readonly Parameter[] {
  return Object.entries(object?.shape ?? {}).map(([name, type]) => {
    const { description, ...schema } = schemas.of(type as z.ZodType);
    return {
      name,
      in: place,
      required: place === "path" || !(type as z.ZodType).safeParse(undefined).success,
      ...(typeof description === "string" ? { description } : {}),
      schema,
    };
  });
}

/** @param shared answers of problems alone, each once; those of other operations are added to */
function responsesOf(
  spec: RouteSpec,
  schemas: Schemas,
  shared: Record<string, Response>,
): Record<string, Response> {
  const { answers, websocket } = spec;
  const responses: Record<string, Response> = {};
  if (websocket !== undefined) responses["101"] = { description: "A WebSocket, when one is asked for." };
  for (const [status, answer] of Object.entries(answers)) responses[status] = responseOf(answer, schemas);
  for (const [status, codes] of problemsOf(spec)) {
    const problems = problemResponse(status, codes);
    const before = responses[status];
    if (before === undefined) {
      const name = codes.join(".");
      shared[name] = problems;
      responses[status] = { $ref: `${RESPONSES}${name}` };
    } else {
      responses[status] = {
        description: `${before.description} ${problems.description}`,
        content: { ...before.content, ...problems.content },
      };
    }
  }
  return responses;
}

/** What an operation may be refused or fail with, by status, each in the order of PROBLEMS. */
function problemsOf({ problems = [], scope, body }: RouteSpec): Map<number, readonly ProblemCode[]> {
  const codes: readonly ProblemCode[] = [
    ...problems,
    ...ANYWHERE,
    ...(scope === "open" ? [] : WITH_TOKEN),
    ...(body === undefined ? [] : WITH_BODY),
  ];
  const all = (Object.keys(PROBLEMS) as ProblemCode[]).filter((code) => codes.includes(code));
  return Map.groupBy(all, (code) => PROBLEMS[code][0]);
}

function problemResponse(status: number, codes: readonly ProblemCode[]): Response {
  const schema = {
    allOf: [{ $ref: `${SCHEMAS}Problem` }],
    properties: {
      type: { enum: codes.map((code) => `urn:millrace:problem:${code}`) },
      status: { const: status },
    },
  };
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}.`).join(" "),
    content: { [PROBLEM_TYPE]: { schema } },
  };
}

function responseOf({ meaning, content }: Answer, schemas: Schemas): Response {
  if (content === undefined) return { description: meaning };
  const entries = Object.entries(content).map(([type, { schema }]) => [
    type,
    mediaType(type, schema, schemas),
  ]);
  return { description: meaning, content: Object.fromEntries(entries) };
}

function mediaType(type: string, schema: AnswerContent["schema"], schemas: Schemas): MediaType {
  if (typeof schema !== "string") return { schema: schemas.of(schema) };
  // Bytes have no type in JSON Schema.
  return {
    schema: type.startsWith("text/") ? { type: "string", description: schema } : { description: schema },
  };
}

function problemSchema(): Json {
  return {
    type: "object",
    description:
      "An error (RFC 9457). Some have more members, such as `reason` or what there is to choose from.",
    required: ["type", "title", "status", "detail", "instance"],
    properties: {
      type: {
        type: "string",
        description: "What a program should react to.",
        enum: Object.keys(PROBLEMS).map((code) => `urn:millrace:problem:${code}`),
      },
      title: { type: "string" },
      status: { type: "integer" },
      detail: { type: "string", description: "What was expected, what came, what to do." },
      instance: { type: "string", description: "The path that was asked for." },
    },
  };
}
