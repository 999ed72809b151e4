import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnalystMessage } from "../../actors/analyst/protocol.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import { assertProblem, assertSecured } from "./problems.ts";
import { type Asked, closed, good, openControl, settle } from "./support.ts";

const piece = (text: string, done = false) => good({ ok: true, bytes: new TextEncoder().encode(text), done });

/** An analyst that opens, and answers pulls with these, one after the other. */
function analyst(...pulls: readonly AskResult<unknown>[]) {
  let next = 0;
  return ({ message }: Asked): AskResult<unknown> => {
    switch ((message as AnalystMessage).kind) {
      case "query.open":
        return good({ ok: true, id: 9, contentType: "application/json" });
      case "query.pull":
        return pulls[next++] ?? closed;
      default:
        return good({ closed: true });
    }
  };
}

const ask = (body: unknown, accept?: string) => ({
  method: "POST",
  body: JSON.stringify(body),
  headers: { "content-type": "application/json", ...(accept === undefined ? {} : { accept }) },
});
const kinds = (asked: readonly Asked[]) => asked.map(({ message }) => message.kind);

test("a query is opened with all that it says, and its answer comes piece by piece", async () => {
  const control = openControl({ answer: analyst(piece("["), piece(""), piece("1]"), piece("", true)) });
  const body = { sql: "select ?", params: ["x", 1, true, null], maxRows: 5, timeoutMs: 1000 };
  const response = await control.request("/v1/query", ask(body));
  assert.equal(response.status, 200);
  assertSecured(response);
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.equal(await response.text(), "[1]");
  assert.deepEqual(control.asked[0], {
    to: "analyst",
    message: { kind: "query.open", format: "json", ...body },
    deadlineMs: 30_000,
  });
  // Others may be in line before it.
  assert.ok(control.asked[1]!.deadlineMs > 8 * 600_000);
  assert.deepEqual(kinds(control.asked).slice(1), Array(4).fill("query.pull"));
});

for (const [accept, format] of [
  [undefined, "json"],
  ["*/*", "json"],
  ["text/csv", "csv"],
  ["application/vnd.apache.arrow.stream", "arrow"],
] as const) {
  test(`Accept: ${accept} is answered as ${format}`, async () => {
    const control = openControl({ answer: analyst(piece("", true)) });
    await (await control.request("/v1/query", ask({ sql: "select 1" }, accept))).text();
    const message = control.asked[0]?.message as AnalystMessage & { readonly format: string };
    assert.equal(message.format, format);
    assert.deepEqual((message as { params?: unknown }).params, []);
  });
}

test("an Accept that nothing satisfies is 406, with what there is", async () => {
  const control = openControl();
  const problem = await assertProblem(
    await control.request("/v1/query", ask({ sql: "select 1" }, "application/xml")),
    "not-acceptable",
  );
  assert.equal((problem["types"] as unknown[]).length, 3);
  assert.deepEqual(control.asked, []);
});

for (const [body, parameter] of [
  [{}, "sql"],
  [{ sql: "" }, "sql"],
  [{ sql: 1 }, "sql"],
  [{ sql: "x".repeat(100_001) }, "sql"],
  [{ sql: "select 1", params: "x" }, "params"],
  [{ sql: "select 1", params: [{}] }, "params.0"],
  [{ sql: "select 1", params: Array(101).fill(1) }, "params"],
  [{ sql: "select 1", maxRows: 0 }, "maxRows"],
  [{ sql: "select 1", maxRows: 1.5 }, "maxRows"],
  [{ sql: "select 1", timeoutMs: 600_001 }, "timeoutMs"],
  [{ sql: "select 1", limit: 5 }, "body"],
] as const) {
  test(`the query ${JSON.stringify(body).slice(0, 60)} is refused by the field's name`, async () => {
    const control = openControl();
    const problem = await assertProblem(await control.request("/v1/query", ask(body)), "bad-parameter");
    assert.equal(problem["parameter"], parameter);
    assert.deepEqual(control.asked, []);
  });
}

for (const [reason, code] of [
  ["refused", "query-refused"],
  ["needs-extension", "query-needs-extension"],
  ["too-large", "query-too-large"],
  ["timed-out", "query-timed-out"],
  ["too-many", "too-many"],
  ["damaged", "store-damaged"],
] as const) {
  const refused = good({ ok: false, reason, message: "not so" });
  test(`a query that the analyst refuses as ${reason} is the problem ${code}, at once or with its first rows`, async () => {
    const atOnce = openControl({ answer: () => refused });
    const problem = await assertProblem(await atOnce.request("/v1/query", ask({ sql: "select 1" })), code);
    assert.equal(problem["reason"], reason);
    assert.equal(problem.detail, "not so");
    const later = openControl({ answer: analyst(refused) });
    await assertProblem(await later.request("/v1/query", ask({ sql: "select 1" })), code);
    assert.equal(kinds(later.asked).at(-1), "query.close");
  });
}

test("who goes away in the middle of the answer closes the query, once", async () => {
  const control = openControl({ answer: analyst(piece("1"), piece("2"), piece("3", true)) });
  const gone = new AbortController();
  const init = { ...ask({ sql: "select 1" }), signal: gone.signal };
  const response = await control.request("/v1/query", init);
  const reader = response.body!.getReader();
  await reader.read();
  gone.abort();
  await reader.cancel();
  await settle();
  assert.deepEqual(
    kinds(control.asked).filter((kind) => kind === "query.close"),
    ["query.close"],
  );
  assert.deepEqual(control.asked.at(-1)?.message, { kind: "query.close", id: 9 });
});

test("who goes away before the first row closes the query", async () => {
  const control = openControl({
    answer: (asked) => (asked.message.kind === "query.pull" ? new Promise(() => {}) : analyst()(asked)),
  });
  const gone = new AbortController();
  const asking = control.request("/v1/query", { ...ask({ sql: "select 1" }), signal: gone.signal });
  asking.catch(() => {});
  await settle();
  gone.abort();
  await settle();
  assert.deepEqual(control.asked.at(-1)?.message, { kind: "query.close", id: 9 });
});

test("a query that breaks off in the middle breaks the body off", async () => {
  const damaged = good({ ok: false, reason: "damaged", message: "damaged" });
  const control = openControl({ answer: analyst(piece("1"), damaged) });
  await assert.rejects((await control.request("/v1/query", ask({ sql: "select 1" }))).text());
  assert.deepEqual(
    control.log.map(({ properties }) => properties),
    [{ reason: "damaged" }],
  );
});
