/** Bodies over HTTP: what the intake is asked, and what its answers are over HTTP. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { MAX_BODY_BYTES, type PushRefusal } from "../../../actors/intake/protocol.ts";
import { pushedDatasets } from "../../../datasets/index.ts";
import type { ProblemCode } from "../../../http/problem.ts";
import { MAX_READING_BYTES } from "../../../http/push/limits.ts";
import { MEDIA_TYPES } from "../../../ingest/media-types.ts";
import { createMetrics } from "../../../runtime/metrics/index.ts";
import { assertProblem } from "../problems.ts";
import { openControl, START_MS, settle } from "../support.ts";
import { accepted, type FakeIntake, openIntake, refusing } from "./fake-intake.ts";

const PATH = "/v1/ingest/compression_telemetry";
const PUSHED = pushedDatasets.map(({ name }) => name);
const BODY = '{"a":1}\n{"a":2}\n';
const REJECTION = { row: 1, column: "rtt_ms", reason: "bound", expected: "at least 0", got: "-1" } as const;

function push(
  { request }: Pick<FakeIntake, "request">,
  {
    path = PATH,
    body = BODY as string | Uint8Array<ArrayBuffer>,
    headers = {} as Record<string, string>,
  } = {},
): Promise<Response> {
  return request(path, {
    method: "POST",
    body,
    headers: { "content-type": "application/x-ndjson", "content-length": String(body.length), ...headers },
  });
}

test("a body lies in the staging area as it came, and the answer is the intake's", async () => {
  const answer = accepted(7, { rejected: 2, rejections: [REJECTION], reasons: { bound: 2 }, repeated: 3 });
  const intake = openIntake({ answer: () => answer });
  const response = await push(intake);
  assert.equal(response.status, 202);
  assert.deepEqual(await response.json(), {
    accepted: 7,
    rejected: 2,
    rejections: [REJECTION],
    reasons: { bound: 2 },
    fromSequence: 0,
    toSequence: 7,
    repeated: 3,
  });
  const [{ body, at, bytes, ...asked }] = intake.taken as [FakeIntake["taken"][0]];
  assert.equal(new TextDecoder().decode(body), BODY);
  assert.equal(at % 64, 0);
  assert.equal(bytes, BODY.length);
  assert.deepEqual(asked, {
    kind: "intake.body",
    dataset: "compression_telemetry",
    format: "ndjson",
    packing: "identity",
    acknowledge: "disk",
    request: null,
  });
  assert.equal(intake.staging.figures().places, 0);
});

test("each media type names its format, each encoding its packing", async () => {
  for (const [format, types] of Object.entries(MEDIA_TYPES)) {
    for (const type of types) {
      for (const packing of ["identity", "gzip", "zstd", "GZIP"]) {
        const intake = openIntake();
        const headers = { "content-type": type.toUpperCase(), "content-encoding": packing };
        assert.equal((await push(intake, { headers })).status, 202);
        assert.equal(intake.taken[0]?.format, format);
        assert.equal(intake.taken[0]?.packing, packing.toLowerCase());
      }
    }
  }
  const intake = openIntake();
  await push(intake, { headers: { "content-type": "text/csv; charset=UTF-8" } });
  assert.equal(intake.taken[0]?.format, "csv");
});

test("another kind of body is refused before it is read", async () => {
  const intake = openIntake();
  const others: Record<string, string>[] = [
    { "content-type": "text/plain" },
    { "content-type": "" },
    { "content-type": "application/x-www-form-urlencoded" },
    { "content-type": "text/csv; charset=utf-16" },
    { "content-encoding": "br" },
    { "content-encoding": "gzip, zstd" },
  ];
  for (const headers of others) {
    const response = await push(intake, { headers });
    assert.equal(response.headers.get("connection"), "close");
    await assertProblem(response, "body-type-refused");
  }
  const response = await push(intake, { headers: { "content-type": "text/plain" } });
  assert.match(
    response.headers.get("accept") ?? "",
    /application\/x-ndjson.*application\/vnd\.apache\.arrow\.stream/,
  );
  assert.deepEqual(intake.taken, []);
});

test("what the intake refuses is the problem that it is, and says whether to send it again", async () => {
  const cases: readonly (readonly [PushRefusal, ProblemCode, number, string | null])[] = [
    ["unknown-dataset", "unknown-dataset", 404, null],
    ["bad-body", "bad-body", 400, null],
    ["too-large", "body-refused", 413, null],
    ["lane-full", "lane-full", 429, "3"],
    ["quota", "quota", 429, "3"],
    ["key-reused", "key-reused", 422, null],
    ["given-up", "rows-given-up", 503, "1"],
  ];
  for (const [reason, code, status, retryAfter] of cases) {
    const more = reason === "lane-full" || reason === "quota" ? { retryAfterMs: 2100 } : {};
    const response = await push(openIntake({ answer: () => refusing(reason, more) }));
    assert.equal(response.status, status);
    assert.equal(response.headers.get("retry-after"), retryAfter);
    const problem = await assertProblem(response, code);
    assert.equal(problem["reason"], reason);
    assert.match(problem.detail, new RegExp(`why: ${reason}`));
  }
});

test("when no row was good it is a problem, with the same members", async () => {
  const answer = accepted(0, { rejected: 25, rejections: [REJECTION], reasons: { bound: 25 } });
  const problem = await assertProblem(await push(openIntake({ answer: () => answer })), "rows-refused");
  assert.equal(problem["rejected"], 25);
  assert.deepEqual(problem["rejections"], [REJECTION]);
  assert.deepEqual(problem["reasons"], { bound: 25 });
  assert.match(problem.detail, /all 25 were refused; row 1, rtt_ms: expected at least 0; came -1/);
  const one = accepted(0, { rejected: 1, rejections: [REJECTION], reasons: { bound: 1 } });
  assert.match(
    (await assertProblem(await push(openIntake({ answer: () => one })), "rows-refused")).detail,
    /the only one was refused; row 1/,
  );
  assert.equal((await push(openIntake({ answer: () => accepted(0) }))).status, 202);
});

test("a key goes on as its digest, with the checksum of the body as it came", async () => {
  const intake = openIntake();
  const key = "vm-17/2026-01-31~!";
  await push(intake, { headers: { "idempotency-key": key } });
  await push(intake, { headers: { "idempotency-key": key } });
  await push(intake, { headers: { "idempotency-key": key }, body: "{}" });
  await push(intake, { headers: { "idempotency-key": `${key}x` } });
  const digest = createHash("sha256").update(`compression_telemetry\n${key}`).digest("hex").slice(0, 32);
  const [first, again, otherBody, otherKey] = intake.taken.map(({ request }) => request);
  assert.equal(first?.key, digest);
  assert.deepEqual(again, first);
  assert.equal(otherBody?.key, digest);
  assert.notEqual(otherBody?.body, first?.body);
  assert.notEqual(otherKey?.key, digest);
});

test("a key that cannot be one is refused, and not repeated", async () => {
  const intake = openIntake();
  assert.equal((await push(intake, { headers: { "idempotency-key": "k".repeat(200) } })).status, 202);
  for (const key of ["k".repeat(201), "two words", "n\u00e4me"]) {
    const problem = await assertProblem(
      await push(intake, { headers: { "idempotency-key": key } }),
      "bad-parameter",
    );
    assert.equal(problem["parameter"], "Idempotency-Key");
    assert.match(problem.detail, key.length > 200 ? /came 201 characters$/ : /with others among them$/);
    assert.ok(!JSON.stringify(problem).includes(key));
  }
});

test("ack is disk or memory", async () => {
  const intake = openIntake();
  for (const ack of ["disk", "memory"])
    assert.equal((await push(intake, { path: `${PATH}?ack=${ack}` })).status, 202);
  assert.deepEqual(
    intake.taken.map(({ acknowledge }) => acknowledge),
    ["disk", "memory"],
  );
  await assertProblem(await push(intake, { path: `${PATH}?ack=none` }), "bad-parameter");
});

test("only a dataset that may be pushed is taken, and those that may be are said", async () => {
  const intake = openIntake();
  for (const name of ["memory", "memory_1m", "nothing", "constructor"]) {
    const problem = await assertProblem(
      await push(intake, { path: `/v1/ingest/${name}` }),
      "unknown-dataset",
    );
    assert.deepEqual(problem["datasets"], PUSHED);
    const isMadeHere = name.startsWith("memory");
    assert.equal(/whose rows are made here/.test(problem.detail), isMadeHere, problem.detail);
  }
  const near = await assertProblem(
    await push(intake, { path: "/v1/ingest/compresion_telemetry" }),
    "unknown-dataset",
  );
  assert.match(near.detail, /; did you mean compression_telemetry\?$/);
  assert.deepEqual(intake.taken, []);
});

test("a body of the most bytes is taken, one byte more is not", async () => {
  const intake = openIntake({ answer: () => accepted(1), stagingBytes: MAX_BODY_BYTES + 2 ** 20 });
  const most = new Uint8Array(MAX_BODY_BYTES).fill(0x20);
  assert.equal((await push(intake, { body: most })).status, 202);
  assert.equal(intake.taken[0]?.body.length, MAX_BODY_BYTES);
  await assertProblem(
    await push(intake, {
      body: new Uint8Array(1),
      headers: { "content-length": String(MAX_BODY_BYTES + 1) },
    }),
    "body-refused",
  );
  // One whose length is not said is counted while it comes.
  const long = new Uint8Array(MAX_BODY_BYTES + 1);
  const response = await intake.request(PATH, {
    method: "POST",
    body: new ReadableStream({
      start(controller) {
        controller.enqueue(long);
        controller.close();
      },
    }),
    duplex: "half",
    headers: { "content-type": "application/x-ndjson" },
  } as never);
  await assertProblem(response, "body-refused");
});

test("bodies that are read at once have a bound of bytes; what was said is counted from the first byte on", async () => {
  const intake = openIntake();
  const closers: (() => void)[] = [];
  const slow = () =>
    intake.request(PATH, {
      method: "POST",
      body: new ReadableStream({ start: (controller) => void closers.push(() => controller.close()) }),
      duplex: "half",
      headers: { "content-type": "application/x-ndjson", "content-length": String(MAX_BODY_BYTES) },
    } as never);
  const all = Array.from({ length: MAX_READING_BYTES / MAX_BODY_BYTES }, slow);
  await settle();
  const refused = await push(intake);
  assert.equal(refused.status, 503);
  assert.notEqual(refused.headers.get("retry-after"), null);
  await assertProblem(refused, "too-many");
  for (const close of closers) close();
  for (const response of await Promise.all(all)) assert.equal(response.status, 202);
  assert.equal((await push(intake)).status, 202);
});

test("where there is no room for a body it is to be sent again; when the intake is done with the others there is", async () => {
  const open: (() => void)[] = [];
  const intake = openIntake({
    stagingBytes: 8192,
    answer: () => new Promise((resolve) => open.push(() => resolve(accepted(1)))),
  });
  const waiting = [push(intake), push(intake)];
  await settle();
  const refused = await push(intake);
  assert.equal(refused.headers.get("retry-after"), "1");
  const problem = await assertProblem(refused, "too-many");
  assert.equal(problem["reason"], "no-room");
  for (const answer of open) answer();
  for (const response of await Promise.all(waiting)) assert.equal(response.status, 202);
  const next = push(intake);
  await settle();
  open.at(-1)?.();
  assert.equal((await next).status, 202);
});

test("a question that comes to nothing keeps its place until the intake is another one", async () => {
  const late = { ok: false, reason: "timed-out", message: "intake did not answer" } as const;
  const intake = openIntake({ answer: () => late });
  const response = await push(intake);
  assert.equal(response.headers.get("retry-after"), "2");
  const problem = await assertProblem(response, "actor-unavailable");
  assert.match(problem.detail, /under the same Idempotency-Key/);
  const turn = (from: "paused" | "starting") =>
    intake.transitions.add({
      supervisor: "sources",
      child: "intake",
      from,
      to: "running",
      atMs: START_MS,
    } as never);
  assert.equal(intake.staging.figures().quarantined, 1);
  // The same one goes on.
  turn("paused");
  assert.equal(intake.staging.figures().quarantined, 1);
  turn("starting");
  assert.equal(intake.staging.figures().places, 0);
});

test("an intake that may have begun with a body keeps its place; one that had no room for it does not", async () => {
  for (const reason of ["closed", "failed"] as const) {
    const intake = openIntake({ answer: () => ({ ok: false, reason, message: "it is not running" }) });
    await assertProblem(await push(intake), reason === "failed" ? "actor-failed" : "actor-unavailable");
    assert.equal(intake.staging.figures().quarantined, 1);
  }
  const full = openIntake({ answer: () => ({ ok: false, reason: "full", message: "its mailbox is full" }) });
  const asked = push(full);
  for (let attempt = 0; attempt < 60; attempt++) {
    await settle();
    full.clock.advance(100);
  }
  const problem = await assertProblem(await asked, "actor-unavailable");
  assert.match(problem.detail, /nothing of it was taken/);
  assert.ok(full.taken.length > 1);
  assert.equal(full.staging.figures().places, 0);
});

test("bodies are counted by dataset, format and what became of them", async () => {
  const answers = [accepted(1), refusing("bad-body"), refusing("lane-full"), refusing("given-up")];
  const intake = openIntake({ answer: () => answers.shift()! });
  for (let body = 0; body < 4; body++) await push(intake);
  const metrics = createMetrics({ prefix: "millrace_", processMetrics: false });
  intake.counts.register(metrics);
  intake.counts.register(metrics);
  const text = await metrics.render();
  for (const outcome of ["taken", "refused", "delayed", "unknown"]) {
    const labels = `dataset="compression_telemetry",format="ndjson",outcome="${outcome}"`;
    assert.ok(text.includes(`millrace_pushed_bodies_total{${labels}} 1\n`), text);
    assert.ok(text.includes(`millrace_pushed_bytes_total{${labels}} ${BODY.length}\n`), text);
  }
});

test("what can be pushed is said, with the schema of its rows", async () => {
  const { request } = openIntake();
  const listing = (await (await request("/v1/ingest")).json()) as {
    readonly datasets: readonly {
      readonly name: string;
      readonly address: string;
      readonly schema: object;
    }[];
    readonly formats: readonly { readonly format: string; readonly mediaTypes: readonly string[] }[];
    readonly limits: { readonly bodyBytes: number };
  };
  assert.deepEqual(
    listing.datasets.map(({ name, address }) => [name, address]),
    PUSHED.map((name) => [name, `/v1/ingest/${name}`]),
  );
  assert.equal(listing.formats.find(({ format }) => format === "csv")?.mediaTypes[0], "text/csv");
  assert.equal(listing.limits.bodyBytes, MAX_BODY_BYTES);
  const own = listing.datasets.find(({ address }) => address === PATH);
  assert.deepEqual(await (await request(PATH)).json(), own);
  const proto = await (await request("/v1/ingest/schema.proto")).text();
  assert.match(proto, /message CompressionTelemetryPush/);
});

test("where nothing takes rows in, that is said", async () => {
  const { request } = openIntake();
  assert.equal((await request("/v1/ingest")).status, 200);
  await assertProblem(await push(openControl()), "actor-unavailable");
});
