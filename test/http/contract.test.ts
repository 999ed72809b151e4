/** What /openapi.json says of the routes is what they do: nothing is asked, answered or taken that is not in it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { patternOf } from "../../http/openapi-names.ts";
import type { OpenApi, Operation, Parameter } from "../../http/openapi-types.ts";
import { resolveResponse, resolveSchema } from "../../http/openapi-types.ts";
import { PROBLEMS, type ProblemCode } from "../../http/problem.ts";
import { exampleOf } from "../../http/reference/curl.ts";
import { SCOPES } from "../../http/route.ts";
import { JOB } from "./jobs.ts";
import { schemaFault } from "./json-schema.ts";
import { assertProblem } from "./problems.ts";
import { wholeControl } from "./whole-control.ts";

interface Listed {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

const TOKEN = "a-token-that-is-long-enough";
const JSON_TYPE = "application/json";
/** Parts of paths that lead to something here. */
const PARTS: Readonly<Record<string, string>> = {
  dataset: "compression_telemetry",
  name: "recorder",
  file: "memory.csv",
  metric: "latency",
  job: JOB,
  id: "1",
};

/** Of /pipeline, whose names are given. */
const GIVEN_NAMES = ["metric_name", "group_by", "total_events", "top_groups", "distinct_groups"];

const control = wholeControl();
const document = (await (await control.request("/openapi.json")).json()) as OpenApi;
const operations: readonly Listed[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
);

test("every route of the app is in the document, and nothing else is", () => {
  const routes = control.app.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method.toLowerCase()} ${patternOf(path)}`);
  const listed = operations.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual([...new Set(routes)].sort(), [...listed].sort());
});

test("operations, tags and schemas have names, each its own", () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
  const tags = document.tags.map(({ name }) => name);
  for (const { name, description } of document.tags) assert.ok(description, `the tag ${name} says nothing`);
  for (const { operation, path } of operations) {
    assert.ok(
      operation.tags.every((tag) => tags.includes(tag)),
      path,
    );
    assert.doesNotMatch(operation.summary, /\.$/, `the summary of ${path} is a line, and no sentence`);
    for (const { name, description } of operation.parameters ?? [])
      assert.ok(description, `${path}: ${name}`);
  }
});

test("all names in JSON are camelCase, but for those of an interface that is there already", () => {
  const names = (value: unknown): readonly string[] => {
    if (typeof value !== "object" || value === null) return [];
    const { properties } = value as { readonly properties?: Record<string, unknown> };
    return [...Object.keys(properties ?? {}), ...Object.values(value).flatMap(names)];
  };
  for (const name of [...names(document.components), ...names(document.paths)]) {
    if (!GIVEN_NAMES.includes(name)) assert.match(name, /^[a-z][A-Za-z0-9]*$|^(Last-Event-ID|Accept)$/);
  }
});

for (const listed of operations) {
  const { method, path, operation } = listed;
  const name = `${method.toUpperCase()} ${path}`;
  const isOpenEnded = path.startsWith("/v1/streams/{") || path.endsWith("/events");

  if (!isOpenEnded) {
    test(`${name} answers what it declares`, async () => {
      const response = await ask(listed);
      const said = operation.responses[response.status];
      const text = await response.text();
      assert.ok(said !== undefined, `${response.status} is not declared: ${text}`);
      const content = resolveResponse(document, said).content;
      if (content === undefined) return assert.equal(text, "");
      const type = response.headers.get("content-type") ?? "";
      const found = content[type] ?? content[type.split(";")[0]!];
      assert.ok(found !== undefined, `${type} is not declared`);
      assert.ok(response.status < 400 || path === "/health", text);
      if (type === JSON_TYPE) assert.equal(schemaFault(document, found.schema, JSON.parse(text)), undefined);
    });
  }

  test(`${name} refuses what it does not declare`, async () => {
    const unknown = await assertProblem(await ask(listed, "?nothingOfThisKind=1"), "bad-parameter");
    assert.equal(unknown["parameter"], "query");
    const [first] = queryOf(operation);
    if (first !== undefined) {
      const near = await assertProblem(await ask(listed, `?${first.name}x=1`), "bad-parameter");
      assert.match(near.detail, new RegExp(`did you mean ${first.name}\\?`));
      const twice = await assertProblem(
        await ask(listed, `?${first.name}=1&${first.name}=1`),
        "bad-parameter",
      );
      assert.equal(twice["parameter"], first.name);
    }
    if (operation.requestBody === undefined && method !== "get") {
      await assertProblem(await ask(listed, "", { body: "{}" }), "body-refused");
    }
    if (operation.requestBody !== undefined) {
      const form = { "content-type": "text/plain" };
      await assertProblem(await ask(listed, "", { body: "{}", headers: form }), "body-type-refused");
      const packed = { "content-type": JSON_TYPE, "content-encoding": packingNotTaken(operation) };
      await assertProblem(await ask(listed, "", { body: "{}", headers: packed }), "body-type-refused");
      await assertProblem(await ask(listed, "", { body: "{" }), "bad-body");
    }
  });

  test(`${name} takes each parameter that it declares`, async () => {
    for (const parameter of queryOf(operation)) {
      const asHead = method === "get" ? { ...listed, method: "head" } : listed;
      const response = await ask(asHead, `?${parameter.name}=${sampleOf(parameter)}`);
      const again =
        response.status === 400 ? await ask(listed, `?${parameter.name}=${sampleOf(parameter)}`) : response;
      const text = again.status === 400 ? await again.text() : "";
      assert.notEqual(JSON.parse(text || "{}")["parameter"], "query", text);
    }
  });

  test(`${name} is for who has its scope`, async () => {
    const scope = operation["x-millrace-scope"];
    const others = SCOPES.filter((other) => other !== scope);
    const guarded = wholeControl({
      tokens: [
        { name: "all-but-this", token: `${TOKEN}-others`, scopes: others },
        ...(scope === "open"
          ? []
          : [{ name: "this", token: TOKEN, scopes: [scope as (typeof SCOPES)[number]] }]),
      ],
    });
    const asked = (headers: Record<string, string>) => {
      return guarded.request(addressOf(listed), {
        method: isOpenEnded ? "HEAD" : method.toUpperCase(),
        headers,
      });
    };
    const refused = async (response: Response, code: ProblemCode) => {
      await response.body?.cancel();
      assert.equal(response.status, PROBLEMS[code][0]);
    };
    if (scope === "open") {
      const response = await asked({});
      await response.body?.cancel();
      assert.ok(![401, 403].includes(response.status), String(response.status));
      assert.deepEqual(operation.security, []);
      return;
    }
    await refused(await asked({}), "token-needed");
    await refused(await asked({ authorization: `Bearer ${TOKEN}-others` }), "scope-needed");
    const granted = await asked({ authorization: `Bearer ${TOKEN}` });
    await granted.body?.cancel();
    assert.ok(![401, 403].includes(granted.status), String(granted.status));
    assert.deepEqual(operation.security, [{ bearer: [scope] }, { session: [scope] }]);
  });
}

test("an address that takes other methods says which", async () => {
  const response = await control.request("/v1/exports", { method: "PUT" });
  assert.equal(response.headers.get("allow"), "GET, HEAD, POST");
  await assertProblem(response, "method-not-allowed");
});

/** Asks an operation as it wants to be asked. */
function ask(
  listed: Listed,
  query = "",
  more: { readonly body?: string; readonly headers?: Record<string, string> } = {},
): Promise<Response> {
  const { method, operation } = listed;
  const [content] = Object.values(operation.requestBody?.content ?? {});
  const body =
    more.body ??
    (content === undefined
      ? undefined
      : JSON.stringify(exampleOf(content.schema, (schema) => resolveSchema(document, schema))));
  const type = body === undefined ? {} : { "content-type": JSON_TYPE, "content-length": String(body.length) };
  return control.request(addressOf(listed) + query, {
    method: method.toUpperCase(),
    headers: { ...type, ...more.headers },
    ...(body === undefined ? {} : { body }),
  });
}

function addressOf({ path }: Listed): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (path.startsWith("/v1/datasets/")) return "memory";
    return path.startsWith("/page/")
      ? "page.css"
      : (PARTS[name] ?? assert.fail(`${path}: nothing is known of ${name}`));
  });
}

/** One that no header is declared to say. */
function packingNotTaken({ parameters = [] }: Operation): string {
  return parameters.some(({ name }) => name === "Content-Encoding") ? "br" : "gzip";
}

function queryOf({ parameters = [] }: Operation): readonly Parameter[] {
  return parameters.filter((parameter) => parameter.in === "query");
}

function sampleOf({ schema }: Parameter): string {
  return encodeURIComponent(String(exampleOf(schema, (same) => same)));
}
