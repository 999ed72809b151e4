/**
 * Puts declared routes into the app, each behind a gate that is made from its declaration. What the gate refuses, in this order:
 *
 * 1. who may not ask this: `scope-needed`, 403;
 * 2. a body that is not taken: `body-refused`, 413; of another kind than the route takes, uncompressed JSON where it says
 *    nothing else: `body-type-refused`, 415;
 * 3. a parameter that is not declared, or comes twice: `bad-parameter`, 400. It was meant to say something.
 *
 * What a parameter's value may be is for the handler to judge. HEAD is answered as GET, without the body.
 */

import type { MiddlewareHandler } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import { nearestName } from "../runtime/config/nearest.ts";
import { came } from "./fault.ts";
import { MAX_BODY_BYTES, saysJson } from "./json-body.ts";
import { pathParts } from "./openapi-names.ts";
import { badParameter, problem } from "./problem.ts";
import {
  type App,
  type RawBody,
  type RequestContext,
  type RequestEnv,
  type RouteSpec,
  type Routes,
  SCOPES,
} from "./route.ts";

const ALL_SCOPES: ReadonlySet<string> = new Set(SCOPES);

/** Call once for an app, before the first route. An address that is declared for other methods only is answered with 405. */
export function createRoutes(app: App): Routes {
  const specs: RouteSpec[] = [];
  app.use(
    methodNotAllowed({
      app: app as never,
      onMethodNotAllowed: (c, methods) => {
        const allow = [...methods].sort().join(", ");
        const detail = `expected ${allow}; came ${c.req.method}`;
        return problem(c, "method-not-allowed", { detail, headers: { allow, ...closing(c as never) } });
      },
    }),
  );
  return {
    specs,
    add(spec, handler) {
      checkSpec(spec);
      specs.push(spec);
      app.on(spec.method.toUpperCase(), spec.path, gate(spec), handler);
    },
  };
}

/** What was not read of a body cannot be told from the next request: the connection ends with the answer. */
export function closing(c: RequestContext): Record<string, string> {
  return hasBody(c) ? { connection: "close" } : {};
}

/** A media type without its parameters, in lower case; empty: none came. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? "").split(";")[0]!.trim().toLowerCase();
}

function gate(spec: RouteSpec): MiddlewareHandler<RequestEnv> {
  const parameters = Object.keys(spec.query?.shape ?? {});
  return async (c, next) =>
    refusedScope(c, spec) ?? refusedBody(c, spec) ?? refusedParameter(c, parameters) ?? next();
}

function refusedScope(c: RequestContext, { scope }: RouteSpec): Response | undefined {
  // Not set where no guard stands before the routes.
  const scopes: ReadonlySet<string> = c.get("scopes") ?? ALL_SCOPES;
  if (scope === "open" || scopes.has(scope)) return undefined;
  const has = scopes.size === 0 ? "none" : SCOPES.filter((one) => scopes.has(one)).join(", ");
  const detail = `expected a token with the scope ${scope}; the scopes that came: ${has}`;
  return problem(c, "scope-needed", { detail, more: { scope }, headers: closing(c) });
}

function refusedBody(c: RequestContext, { body }: RouteSpec): Response | undefined {
  if (body === undefined) {
    if (!hasBody(c)) return undefined;
    const detail = "expected a request without a body; leave it out";
    return problem(c, "body-refused", { detail, headers: closing(c) });
  }
  const { maxBytes = MAX_BODY_BYTES } = body;
  const length = Number(c.req.header("content-length") ?? 0);
  if (length > maxBytes) {
    const inParts = "forms" in body ? ": send it in parts, or compressed" : "";
    const detail = `expected a body of at most ${maxBytes} bytes; came ${length}${inParts}`;
    return problem(c, "body-refused", { detail, headers: closing(c) });
  }
  const refused = "forms" in body ? refusedForm(c, body) : refusedJson(c);
  if (refused === undefined) c.set("maxBodyBytes", maxBytes);
  return refused;
}

function refusedJson(c: RequestContext): Response | undefined {
  if (saysJson(c.req.header("content-type")) && c.req.header("content-encoding") === undefined) {
    return undefined;
  }
  const detail = "expected a body of JSON with the header Content-Type: application/json, and not compressed";
  return problem(c, "body-type-refused", { detail, headers: { accept: "application/json", ...closing(c) } });
}

function refusedForm(c: RequestContext, { forms, packings }: RawBody): Response | undefined {
  const types = Object.keys(forms);
  const given = c.req.header("content-type");
  if (!types.includes(mediaTypeOf(given))) {
    const detail = `expected a Content-Type of ${types.join(", ")}; came ${came(given)}`;
    return problem(c, "body-type-refused", {
      detail,
      headers: { accept: types.join(", "), ...closing(c) },
    });
  }
  const packing = c.req.header("content-encoding");
  if (packing === undefined || ["identity", ...packings].includes(packing.toLowerCase())) return undefined;
  const detail = `expected a Content-Encoding of ${packings.join(", ")}, or none; came ${came(packing)}`;
  const headers = { "accept-encoding": packings.join(", "), ...closing(c) };
  return problem(c, "body-type-refused", { detail, headers });
}

function refusedParameter(c: RequestContext, known: readonly string[]): Response | undefined {
  const at = c.req.url.indexOf("?");
  if (at < 0) return undefined;
  const seen = new Set<string>();
  for (const name of new URLSearchParams(c.req.url.slice(at + 1)).keys()) {
    if (!known.includes(name)) {
      const near = nearestName(name, known);
      const meant = near === undefined ? "" : `; did you mean ${near}?`;
      const expected = known.length === 0 ? "no parameter" : `only the parameters ${known.join(", ")}`;
      return badParameter(c, { parameter: "query", expected, came: `${came(name)}${meant}` });
    }
    if (seen.has(name)) {
      return badParameter(c, { parameter: name, expected: "it once", came: "it more than once" });
    }
    seen.add(name);
  }
  return undefined;
}

function hasBody(c: RequestContext): boolean {
  return c.req.header("transfer-encoding") !== undefined || Number(c.req.header("content-length") ?? 0) !== 0;
}

function checkSpec({ method, path, params }: RouteSpec): void {
  if (path.includes("*")) throw new Error(`${method} ${path} is to name its part, as in :path{.+}`);
  const [expected, came] = [pathParts(path), Object.keys(params?.shape ?? {})].map((names) =>
    [...names].sort().join(", "),
  );
  if (expected !== came) {
    throw new Error(`${method} ${path} is to declare the parts ${expected}; it declares ${came}`);
  }
}
