import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExporterMessage } from "../../actors/exporter/protocol.ts";
import { datasets } from "../../datasets/index.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import { assertProblem, assertSecured } from "./problems.ts";
import { type Asked, closed, good, openControl, START_MS, settle } from "./support.ts";

const opened = good({ ok: true, id: 7, fileName: "process.csv", contentType: "text/csv; charset=utf-8" });
const bytes = (text: string) => new TextEncoder().encode(text);
const chunk = (text: string, done = false) => good({ ok: true, bytes: bytes(text), done });

/** An exporter that opens, and answers pulls with these, one after the other. */
function exporter(...pulls: readonly AskResult<unknown>[]) {
  let next = 0;
  return ({ message }: Asked): AskResult<unknown> => {
    const { kind } = message as ExporterMessage;
    if (kind === "export.open") return opened;
    if (kind === "export.close") return good({ closed: true });
    return pulls[next++] ?? closed;
  };
}

const kinds = (asked: readonly Asked[]) => asked.map(({ message }) => message.kind);

test("an export is opened for its span and streamed chunk by chunk; chunks without bytes end nothing", async () => {
  const control = openControl({
    answer: exporter(chunk(""), chunk("a,b\n"), chunk(""), chunk("1,2\n"), chunk("", true)),
  });
  const response = await control.request("/v1/export/process.csv?hours=2");
  assert.equal(response.status, 200);
  assertSecured(response);
  assert.equal(response.headers.get("content-type"), "text/csv; charset=utf-8");
  assert.equal(response.headers.get("content-disposition"), 'attachment; filename="process.csv"');
  assert.equal(await response.text(), "a,b\n1,2\n");
  assert.deepEqual(control.asked[0], {
    to: "exporter",
    message: {
      kind: "export.open",
      dataset: "process",
      format: "csv",
      fromMs: START_MS - 2 * 3_600_000,
      toMs: START_MS,
    },
    deadlineMs: 30_000,
  });
  assert.deepEqual(kinds(control.asked).slice(1), Array(5).fill("export.pull"));
  for (const { message } of control.asked.slice(1)) assert.equal((message as { id?: number }).id, 7);
});

test("an export whose first chunk is its last is whole", async () => {
  const control = openControl({ answer: exporter(chunk("all", true)) });
  assert.equal(await (await control.request("/v1/export/memory.parquet")).text(), "all");
  assert.deepEqual(kinds(control.asked), ["export.open", "export.pull"]);
});

test("no more is pulled than the client takes, and who goes away closes the export", async () => {
  const control = openControl({ answer: exporter(chunk("1"), chunk("2"), chunk("3"), chunk("4", true)) });
  const response = await control.request("/v1/export/memory.csv");
  await settle();
  const before = control.asked.length;
  assert.ok(before <= 3, `${before} messages before anybody read`);
  const reader = response.body!.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "1");
  await reader.cancel();
  await settle();
  assert.equal(kinds(control.asked).at(-1), "export.close");
  assert.ok(kinds(control.asked).filter((kind) => kind === "export.pull").length < 4);
});

test("HEAD says whether the address is right, and asks nobody", async () => {
  const control = openControl();
  const head = (path: string) => control.request(path, { method: "HEAD" });
  assert.equal((await head("/v1/export/memory.csv?hours=1")).status, 200);
  assert.equal((await head("/v1/export/memory.csv?hours=x")).status, 400);
  assert.equal((await head("/v1/export/nonesuch.csv")).status, 404);
  assert.deepEqual(control.asked, []);
});

test("what is wrong with the address is said before anybody is asked", async () => {
  const control = openControl();
  for (const name of ["nonesuch.csv", "nonesuch", "..csv", "%2e%2e%2fetc.csv", ".csv"]) {
    const body = await assertProblem(await control.request(`/v1/export/${name}`), "unknown-dataset");
    assert.deepEqual(
      body["datasets"],
      datasets.map((dataset) => dataset.name),
    );
  }
  for (const name of ["memory.xml", "memory", "memory.", "memory.CSV"]) {
    const body = await assertProblem(await control.request(`/v1/export/${name}`), "unknown-format");
    assert.deepEqual(body["formats"], ["csv", "parquet"]);
  }
  const body = await assertProblem(await control.request("/v1/export/memory.csv?from=noon"), "bad-parameter");
  assert.equal(body["parameter"], "from");
  assert.equal(body["came"], '"noon"');
  assert.match(body.detail, /^from: expected an ISO 8601 time with its zone .*; came "noon"$/);
  assert.deepEqual(control.asked, []);
});

for (const [what, open, code] of [
  ["is not running", closed, "actor-unavailable"],
  ["does not answer in time", { ok: false, reason: "timed-out", message: "no answer" }, "actor-unavailable"],
  ["fails on it", { ok: false, reason: "failed", message: "it failed" }, "actor-failed"],
  ["has too many exports open", good({ ok: false, reason: "too-many", message: "8 are open" }), "too-many"],
  ["refuses the span", good({ ok: false, reason: "bad-range", message: "too long" }), "bad-parameter"],
] as const) {
  test(`when the exporter ${what}: ${code}`, async () => {
    const control = openControl({ answer: () => open as AskResult<unknown> });
    await assertProblem(await control.request("/v1/export/memory.csv"), code);
  });
}

test("a full mailbox is waited for", async () => {
  const full: AskResult<never> = { ok: false, reason: "full", message: "full" };
  const answers = [full, full, opened, full, chunk("x", true)];
  const control = openControl({ answer: () => answers.shift() ?? closed });
  const response = control.request("/v1/export/memory.csv");
  for (let wait = 0; wait < 5; wait++) {
    await settle();
    control.clock.advance(100);
  }
  assert.equal(await (await response).text(), "x");
});

for (const [what, first, code] of [
  [
    "cannot read what is stored",
    good({ ok: false, reason: "damaged", message: "damaged at byte 7" }),
    "export-damaged",
  ],
  [
    "was lost in between",
    good({ ok: false, reason: "unknown-export", message: "no such export" }),
    "actor-failed",
  ],
  ["died in between", closed, "actor-unavailable"],
] as const) {
  test(`an export that ${what} before its first byte is an error as any other: ${code}`, async () => {
    const control = openControl({ answer: exporter(first as AskResult<unknown>) });
    await assertProblem(await control.request("/v1/export/memory.csv"), code);
    assert.equal(kinds(control.asked).at(-1), "export.close");
  });
}

test("an export that breaks off in the middle breaks the body off, and is logged", async () => {
  const damaged = good({ ok: false, reason: "damaged", message: "damaged" });
  const control = openControl({ answer: exporter(chunk("1"), damaged) });
  const response = await control.request("/v1/export/memory.csv");
  assert.equal(response.status, 200);
  await assert.rejects(response.text());
  assert.deepEqual(control.log, [
    { level: "error", message: "an export broke off: {reason}", properties: { reason: "damaged" } },
  ]);
});
