import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { z } from "zod";
import { readJsonBody } from "../../http/json-body.ts";
import type { App, RequestEnv, RouteSpec, Scope } from "../../http/route.ts";
import { createRoutes } from "../../http/route-table.ts";

const DONE = { 200: { meaning: "Done." } };

/** An app of one route, asked by who has these scopes; undefined: no guard has said. */
function appOf(spec: Partial<RouteSpec>, scopes?: readonly Scope[]): App {
  const app: App = new Hono<RequestEnv>();
  if (scopes !== undefined) {
    app.use(async (c, next) => {
      c.set("scopes", new Set(scopes));
      return next();
    });
  }
  const whole: RouteSpec = {
    method: "get",
    path: "/x",
    tag: "t",
    summary: "s",
    scope: "read",
    answers: DONE,
    ...spec,
  };
  createRoutes(app).add(whole, async (c) => {
    if (whole.body === undefined) return c.text(c.req.method);
    const read = await readJsonBody(c);
    return read.ok ? c.json(read.value as object) : read.response;
  });
  return app;
}

async function said(response: Response | Promise<Response>): Promise<string> {
  const answer = await response;
  const text = await answer.text();
  if (!text.startsWith("{")) return `${answer.status} ${text}`;
  return `${answer.status} ${String(JSON.parse(text)["type"]).replace("urn:millrace:problem:", "")}`;
}

test("a declaration whose parts are not those of its path is a bug", () => {
  const name = z.object({ name: z.string().describe("x") });
  assert.throws(
    () => appOf({ path: "/x/:other", params: name }),
    /declare the parts other; it declares name/,
  );
  assert.throws(() => appOf({ path: "/x/:name" }), /declare the parts name/);
  assert.throws(() => appOf({ params: name }), /it declares name/);
  assert.throws(() => appOf({ path: "/x/*" }), /name its part/);
  appOf({ path: "/x/:name{[a-z]{2,3}(?:\\.js)?}", params: name });
});

test("what one may not ask is refused before anything else is looked at", async () => {
  const app = appOf({ method: "post", scope: "control" }, ["read", "export"]);
  const response = await app.request("/x?unknown=1", { method: "POST", body: "text" });
  assert.equal(response.headers.get("connection"), null, "no length was said");
  const problem = (await response.json()) as Record<string, unknown>;
  assert.equal(problem["scope"], "control");
  assert.match(String(problem["detail"]), /scope control; the scopes that came: read, export$/);
});

test("nobody's scopes are none; where no guard stands, all; and an open route asks for none", async () => {
  assert.equal(await said(appOf({}, []).request("/x")), "403 scope-needed");
  assert.equal(await said(appOf({}).request("/x")), "200 GET");
  assert.equal(await said(appOf({ scope: "open" }, []).request("/x")), "200 GET");
});

test("a body that is not declared is refused, however it is announced, and the connection ends with it", async () => {
  for (const [name, value] of [
    ["content-length", "1"],
    ["content-length", "nonsense"],
    ["transfer-encoding", "chunked"],
  ] as const) {
    const response = await appOf({}).request("/x", { headers: { [name]: value } });
    assert.equal(response.headers.get("connection"), "close");
    assert.equal(await said(response), "413 body-refused");
  }
  assert.equal(await said(appOf({}).request("/x", { headers: { "content-length": "0" } })), "200 GET");
});

test("a body is JSON, plain, and not longer than the route says", async () => {
  const app = appOf({ method: "put", body: { schema: z.unknown(), maxBytes: 10 } });
  const put = (body: string, headers: Record<string, string>) =>
    said(app.request("/x", { method: "PUT", body, headers }));
  const json = { "content-type": "application/json" };
  assert.match(await put('{"a":1}', json), /^200/);
  assert.match(await put('{"a":1}', { "content-type": "Application/JSON ; charset=UTF-8" }), /^200/);
  assert.equal(await put('{"a":1}', { "content-type": "text/json" }), "415 body-type-refused");
  assert.equal(await put('{"a":1}', { ...json, "content-encoding": "identity" }), "415 body-type-refused");
  assert.equal(await put("{}", { ...json, "content-length": "11" }), "413 body-refused");
  // As long as it likes, when no length is said: it is counted.
  assert.equal(await put('{"a":12345}', json), "413 body-refused");
  assert.equal(await put("", json), "400 bad-body");
});

test("a parameter is one that is declared, and comes once", async () => {
  const app = appOf({ query: z.object({ columns: z.string(), all: z.string() }) });
  assert.equal(await said(app.request("/x?columns=a&all=b")), "200 GET");
  assert.equal(await said(app.request("/x?")), "200 GET");
  assert.equal(await said(app.request("/x?&&")), "200 GET");
  assert.equal(await said(app.request("/x?c%6flumns=a")), "200 GET");
  const detail = async (query: string) => {
    const problem = (await (await app.request(`/x?${query}`)).json()) as Record<string, unknown>;
    return problem["detail"];
  };
  const expected = "query: expected only the parameters columns, all; came";
  assert.equal(await detail("colums=a"), `${expected} "colums"; did you mean columns?`);
  assert.equal(await detail("x=1"), `${expected} "x"`);
  assert.equal(await detail("=1"), `${expected} ""`);
  assert.equal(await detail("__proto__=1"), `${expected} "__proto__"`);
  assert.equal(
    await detail("all=1&c%6flumns=2&columns=3"),
    "columns: expected it once; came it more than once",
  );
  const bare = (await (await appOf({}).request("/x?y")).json()) as Record<string, unknown>;
  assert.equal(bare["detail"], 'query: expected no parameter; came "y"');
});

test("HEAD is asked as GET is; another method is told which there are", async () => {
  const app = appOf({});
  const head = await app.request("/x?y=1", { method: "HEAD" });
  assert.equal(head.status, 400);
  assert.equal(await head.text(), "");
  const wrong = await app.request("/x", { method: "DELETE", headers: { "content-length": "5" } });
  assert.equal(wrong.headers.get("allow"), "GET, HEAD");
  assert.equal(wrong.headers.get("connection"), "close");
  assert.equal(await said(wrong), "405 method-not-allowed");
});

test("a body of several forms is let through by its type and its encoding, without their parameters and case", async () => {
  const body = {
    forms: { "text/csv": { schema: "a table" }, "application/json": { schema: z.object() } },
    packings: ["gzip"],
    maxBytes: 10,
  };
  const app = appOf({ method: "post", body });
  const ask = (headers: Record<string, string>) =>
    app.request("/x", { method: "POST", body: "{}", headers: { "content-length": "2", ...headers } });
  for (const headers of [
    { "content-type": "application/json" },
    { "content-type": "Application/JSON ; charset=utf-8", "content-encoding": "GZip" },
    { "content-type": "text/csv;header=present", "content-encoding": "identity" },
  ]) {
    assert.equal((await ask(headers)).status, 200);
  }
  for (const headers of [
    {},
    { "content-type": "text/plain" },
    { "content-type": "text/csvx" },
    { "content-type": "application/json", "content-encoding": "zstd" },
    { "content-type": "application/json", "content-encoding": "gzip, gzip" },
  ] as Record<string, string>[]) {
    const response = await ask(headers);
    assert.equal(response.headers.get("connection"), "close");
    assert.equal(await said(response), "415 body-type-refused");
  }
  const [none, packed] = await Promise.all([
    ask({}),
    ask({ "content-type": "text/csv", "content-encoding": "br" }),
  ]);
  assert.equal(none.headers.get("accept"), "text/csv, application/json");
  assert.equal(packed.headers.get("accept-encoding"), "gzip");
  assert.equal(await said(ask({ "content-type": "text/csv", "content-length": "11" })), "413 body-refused");
});
