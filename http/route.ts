/**
 * Routes are declared: what a route takes and answers, who may ask it, and which errors it knows stand beside its handler. The
 * declaration is enforced (scope, body, parameters by name), and the OpenAPI page and the fuzz are made from the same words.
 */

import type { Context, Hono } from "hono";
import type { z } from "zod";
import type { Connection } from "../runtime/platform/index.ts";
import type { ProblemCode } from "./problem.ts";

/** What a token may be good for. `open` needs none: it tells nothing that is anybody's secret. */
export const SCOPES = ["read", "control", "export", "ingest"] as const;
export type Scope = (typeof SCOPES)[number];

/** What every request brings besides itself. */
export interface RequestEnv {
  readonly Bindings: { readonly connection?: Connection };
  readonly Variables: {
    /** What who asks may do. Set by the guard. */
    scopes: ReadonlySet<Scope>;
    /** Name of the token that came, for logs; null: none came, or none is needed. Set by the guard. */
    tokenName: string | null;
    /** The most that the route reads of a body. Set by its gate. */
    maxBodyBytes: number;
  };
}

export type App = Hono<RequestEnv>;
export type RequestContext = Context<RequestEnv>;

/** One form of an answer. */
export interface AnswerContent {
  /** A zod schema when it is JSON; else what it is, in words. */
  readonly schema: z.ZodType | string;
}

export interface Answer {
  readonly meaning: string;
  /** By media type; none: no body. */
  readonly content?: Readonly<Record<string, AnswerContent>>;
}

/** A body of JSON, uncompressed. */
export interface JsonBody {
  readonly schema: z.ZodType;
  readonly maxBytes?: number;
}

/** A body in one of several forms, which its handler reads as bytes. */
export interface RawBody {
  /** By media type, in lower case and without parameters; the first is the one that the reference shows. */
  readonly forms: Readonly<Record<string, AnswerContent>>;
  /** What it may be compressed with: each a `Content-Encoding` beside `identity`. */
  readonly packings: readonly string[];
  readonly maxBytes: number;
}

export interface RouteSpec {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** As Hono has it: `/v1/actors/:name/restart`. */
  readonly path: string;
  /** Family that the reference groups it in. */
  readonly tag: string;
  /** One line. */
  readonly summary: string;
  /** More, in Markdown. */
  readonly description?: string;
  readonly scope: Scope | "open";
  /** Parts of the path, as an object; each with `.describe()`. */
  readonly params?: z.ZodObject;
  /** Parameters behind the `?`, as an object; each with `.describe()`. */
  readonly query?: z.ZodObject;
  /** Headers that say something to this route alone, as an object; each with `.describe()`. */
  readonly headers?: z.ZodObject;
  /** A body that is taken; without it one is refused. */
  readonly body?: JsonBody | RawBody;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Kinds of problems beside those that any route may answer with. */
  readonly problems?: readonly ProblemCode[];
  /** It answers with an upgrade to a WebSocket too: what is spoken there, in Markdown. */
  readonly websocket?: string;
}

/** Takes declarations with their handlers. */
export interface Routes {
  add(spec: RouteSpec, handler: (c: RequestContext) => Response | Promise<Response>): void;
  readonly specs: readonly RouteSpec[];
}
