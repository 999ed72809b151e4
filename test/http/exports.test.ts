import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExporterMessage } from "../../actors/exporter/protocol.ts";
import { datasets } from "../../datasets/index.ts";
import { FORMAT_ENDINGS } from "../../http/export-name.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import { aJob, aReport } from "./jobs.ts";
import { assertProblem, assertSecured } from "./problems.ts";
import { type Asked, closed, good, openControl, START_MS, settle } from "./support.ts";

const opened = good({
  ok: true,
  id: 7,
  fileName: "process.csv",
  contentType: "text/csv; charset=utf-8",
  mostRows: 2,
});
const bytes = (text: string) => new TextEncoder().encode(text);
const chunk = (text: string, done = false) => good({ ok: true, bytes: bytes(text), seenRows: 0, done });

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
  assert.equal(response.headers.get("accept-ranges"), "none");
  assert.equal(await response.text(), "a,b\n1,2\n");
  assert.deepEqual(control.asked[0], {
    to: "exporter",
    message: {
      kind: "export.open",
      order: { dataset: "process", format: "csv", fromMs: START_MS - 2 * 3_600_000, toMs: START_MS },
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
  for (const name of [
    "memory.xml",
    "memory",
    "memory.",
    "memory.CSV",
    "memory.gz",
    "memory.csv.bz2",
    "memory.x.csv",
  ]) {
    const body = await assertProblem(await control.request(`/v1/export/${name}`), "unknown-format");
    assert.deepEqual(body["formats"], FORMAT_ENDINGS);
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
  ["refuses an option", good({ ok: false, reason: "bad-option", message: "no zstd" }), "bad-parameter"],
  ["knows no such column", good({ ok: false, reason: "unknown-column", message: "no x" }), "unknown-column"],
  ["cannot read the filter", good({ ok: false, reason: "bad-filter", message: "at 3" }), "bad-filter"],
  ["has no room to work in", good({ ok: false, reason: "disk", message: "ENOSPC" }), "disk"],
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
    "store-damaged",
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

test("who goes away before the first byte closes the export all the same", async () => {
  let pulled: (result: AskResult<unknown>) => void = () => {};
  const control = openControl({
    answer: ({ message }) => {
      if (message.kind === "export.open") return opened;
      if (message.kind !== "export.pull") return good({ closed: true });
      return new Promise((resolve) => {
        pulled = resolve;
      });
    },
  });
  const gone = new AbortController();
  const response = control.request("/v1/export/memory.csv", { signal: gone.signal });
  response.catch(() => {});
  await settle();
  gone.abort();
  pulled(chunk("1"));
  await settle();
  assert.deepEqual(kinds(control.asked), ["export.open", "export.pull", "export.close"]);
});

test("the name says the format and the compression, the parameters the rest", async () => {
  const control = openControl({ answer: exporter(chunk("x", true)) });
  const address =
    "/v1/export/process.ndjson.gz?from=2026-06-01T11:00:00Z&columns=pid_hash,cpu_percent&where=pid_hash%3D1";
  await (await control.request(address)).text();
  assert.deepEqual((control.asked[0]!.message as { order?: unknown }).order, {
    dataset: "process",
    format: "jsonl",
    compression: "gzip",
    columns: ["pid_hash", "cpu_percent"],
    where: "pid_hash=1",
    fromMs: START_MS - 3_600_000,
    toMs: START_MS,
  });
});

/** An exporter whose job is in these states, one after the other, and whose file is this. */
function jobExporter(states: readonly ReturnType<typeof aJob>[], file = "") {
  let next = 0;
  return ({ message }: Asked): AskResult<unknown> => {
    const asked = message as ExporterMessage;
    const job = () => good({ ok: true, job: states[Math.min(next++, states.length - 1)] });
    switch (asked.kind) {
      case "export.start":
      case "export.job":
      case "export.cancel":
        return job();
      case "export.read": {
        const all = bytes(file);
        return good({
          ok: true,
          bytes: all.slice(asked.offset, asked.offset + 4),
          fileBytes: all.byteLength,
        });
      }
      default:
        return closed;
    }
  };
}

test("an anonymous export is made before it is sent, with its size and where its report is", async () => {
  const privacy = aReport();
  const states = [aJob(), aJob({ seenRows: 5 }), aJob({ state: "done", privacy, fileName: "m.csv" })];
  const control = openControl({ answer: jobExporter(states, "0123456789") });
  const asking = control.request("/v1/export/memory.csv?profile=anonymous&k=3");
  for (let wait = 0; wait < 3; wait++) {
    await settle();
    control.clock.advance(100);
  }
  const response = await asking;
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-length"), "10");
  assert.equal(response.headers.get("content-disposition"), 'attachment; filename="m.csv"');
  assert.equal(response.headers.get("link"), `</v1/exports/${aJob().job}/privacy>; rel="describedby"`);
  assert.equal(await response.text(), "0123456789");
  const order = (control.asked[0]!.message as { order?: Record<string, unknown> }).order;
  assert.equal(order?.["profile"], "anonymous");
  assert.equal(order["k"], 3);
});

test("an anonymous export below the policy is 422 with the report, and no file", async () => {
  const failure = { ok: false, reason: "below-policy", message: "expected k of 5; came 2" } as const;
  const privacy = aReport({ kept: false });
  const control = openControl({ answer: jobExporter([aJob({ state: "failed", failure, privacy })]) });
  const body = await assertProblem(
    await control.request("/v1/export/memory.csv?profile=anonymous"),
    "below-policy",
  );
  assert.deepEqual(body["report"], privacy);
  assert.equal(body["reason"], "below-policy");
  assert.ok(!kinds(control.asked).includes("export.read"));
});

test("who goes away while an anonymous export is made cancels it", async () => {
  const control = openControl({ answer: jobExporter([aJob()]) });
  const gone = new AbortController();
  const asking = control.request("/v1/export/memory.csv?profile=anonymous", { signal: gone.signal });
  asking.catch(() => {});
  await settle();
  gone.abort();
  control.clock.advance(100);
  await settle();
  assert.equal(kinds(control.asked).at(-1), "export.cancel");
});
