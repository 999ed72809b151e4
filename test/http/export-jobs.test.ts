import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExporterMessage, ExportJob } from "../../actors/exporter/protocol.ts";
import { jobView } from "../../http/job-view.ts";
import { STALL_MS } from "../../http/streams/limits.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import { aJob, aReport, JOB } from "./jobs.ts";
import { assertProblem, assertSecured } from "./problems.ts";
import { type Asked, closed, good, openControl, START_MS, settle } from "./support.ts";

const STATS = {
  dataset: "memory",
  format: "csv",
  compression: "none",
  profile: "pseudonymous",
  rows: 3,
  bytes: 10,
  seconds: 0.5,
  rowsPerSecond: 6,
  suppressedRows: 0,
  copiedRows: 0,
} as const;
const done = aJob({ state: "done", endedMs: START_MS + 500, seenRows: 10, bytes: 10, stats: STATS });
const unknown = good({ ok: false, reason: "unknown-job", message: "there is no such export" });
const FILE = new TextEncoder().encode("0123456789");

/** An exporter that has this job, whatever it is at the time. */
function exporter(job: () => ExportJob | AskResult<unknown>) {
  return ({ message }: Asked): AskResult<unknown> => {
    const asked = message as ExporterMessage;
    const found = job();
    switch (asked.kind) {
      case "export.start":
      case "export.job":
      case "export.cancel":
        return "job" in found ? good({ ok: true, job: found }) : found;
      case "export.jobs":
        return good({ ok: true, jobs: [found] });
      case "export.read":
        return good({ ok: true, bytes: FILE.slice(asked.offset, asked.offset + 4), fileBytes: 10 });
      default:
        return closed;
    }
  };
}

const json = (body: unknown, more: RequestInit = {}) => ({
  method: "POST",
  body: typeof body === "string" ? body : JSON.stringify(body),
  ...more,
  headers: { "content-type": "application/json", ...(more.headers as Record<string, string>) },
});

test("an order is taken, and says where to ask after it", async () => {
  const control = openControl({ answer: exporter(() => aJob()) });
  const body = { dataset: "memory", format: "csv", hours: 1, columns: ["available_mb"], k: 5 };
  const response = await control.request("/v1/exports", json(body));
  assert.equal(response.status, 202);
  assertSecured(response);
  assert.equal(response.headers.get("location"), `/v1/exports/${JOB}`);
  assert.deepEqual(control.asked, [
    {
      to: "exporter",
      message: {
        kind: "export.start",
        order: {
          dataset: "memory",
          format: "csv",
          fromMs: START_MS - 3_600_000,
          toMs: START_MS,
          columns: ["available_mb"],
          k: 5,
        },
      },
      deadlineMs: 30_000,
    },
  ]);
  assert.deepEqual(await response.json(), {
    job: JOB,
    state: "running",
    order: {
      dataset: "memory",
      format: "csv",
      from: "2026-06-01T11:00:00.000Z",
      to: "2026-06-01T12:00:00.000Z",
    },
    fileName: "memory.csv",
    contentType: "text/csv; charset=utf-8",
    startedAt: "2026-06-01T12:00:00.000Z",
    endedAt: null,
    seenRows: 0,
    mostRows: 10,
    bytes: 0,
    stats: null,
    failure: null,
    links: {
      self: `/v1/exports/${JOB}`,
      events: `/v1/exports/${JOB}/events`,
      file: null,
      privacy: null,
    },
  });
});

for (const [what, init, code, detail] of [
  ["no body", { method: "POST", headers: { "content-type": "application/json" } }, "bad-body", /JSON/],
  ["no JSON", json("{dataset: memory}"), "bad-body", /JSON/],
  ["bytes that are no text", json("", { body: new Uint8Array([0x22, 0xff, 0x22]) }), "bad-body", /JSON/],
  ["a list", json([]), "bad-parameter", /^body: expected a JSON object; came a list/],
  ["a field of the wrong type", json({ dataset: "memory", format: "csv", k: "5" }), "bad-parameter", /^k: /],
  [
    "another kind of body",
    json("{}", { headers: { "content-type": "text/plain" } }),
    "body-type-refused",
    /JSON/,
  ],
  [
    "a form",
    { method: "POST", body: new URLSearchParams({ dataset: "memory" }) },
    "body-type-refused",
    /Content-Type: application\/json/,
  ],
  ["a body of no kind", { method: "POST", body: new Uint8Array([123, 125]) }, "body-type-refused", /JSON/],
  [
    "a compressed body",
    json("{}", { headers: { "content-encoding": "gzip" } }),
    "body-type-refused",
    /compressed/,
  ],
  ["a body that is too long", json(`"${"x".repeat(2 ** 20)}"`), "body-refused", /at most 1048576 bytes/],
] as const) {
  test(`an order as ${what} is refused, and nobody is asked: ${code}`, async () => {
    const control = openControl();
    const problem = await assertProblem(await control.request("/v1/exports", init as never), code);
    assert.match(problem.detail, detail);
    assert.deepEqual(control.asked, []);
  });
}

test("a body whose length is not told is read to the limit and no further", async () => {
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(2 ** 18).fill(0x20));
    },
  });
  const control = openControl();
  const init = { ...json(""), body: endless, duplex: "half" };
  await assertProblem(await control.request("/v1/exports", init as never), "body-refused");
  assert.ok(pulled < 10, `${pulled} parts were read`);
});

for (const [reason, code] of [
  ["unknown-dataset", "unknown-dataset"],
  ["unknown-format", "unknown-format"],
  ["unknown-column", "unknown-column"],
  ["bad-range", "bad-parameter"],
  ["bad-filter", "bad-filter"],
  ["bad-option", "bad-parameter"],
  ["below-policy", "below-policy"],
  ["too-many", "too-many"],
  ["disk", "disk"],
] as const) {
  test(`an order that the exporter refuses as ${reason} is the problem ${code}, in its own words`, async () => {
    const control = openControl({ answer: () => good({ ok: false, reason, message: "not so" }) });
    const response = await control.request("/v1/exports", json({ dataset: "x", format: "y" }));
    const problem = await assertProblem(response, code);
    assert.equal(problem.detail, "not so");
    assert.equal(problem["reason"], reason);
  });
}

test("jobs are listed, shown, and ended", async () => {
  const control = openControl({ answer: exporter(() => done) });
  const list = (await (await control.request("/v1/exports")).json()) as { exports: unknown[] };
  assert.deepEqual(list.exports, [jobView(done)]);
  const one = (await (await control.request(`/v1/exports/${JOB}`)).json()) as Record<string, unknown>;
  assert.deepEqual(one, jobView(done));
  assert.deepEqual(one["stats"], STATS);
  const ended = await control.request(`/v1/exports/${JOB}`, { method: "DELETE" });
  assert.equal(ended.status, 200);
  assert.deepEqual(control.asked.at(-1)?.message, { kind: "export.cancel", job: JOB });
});

test("a job that is not there is 404 at each of its addresses", async () => {
  const control = openControl({ answer: exporter(() => unknown) });
  for (const path of ["", "/events", "/file", "/privacy"]) {
    await assertProblem(await control.request(`/v1/exports/nonesuch${path}`), "unknown-export");
  }
  await assertProblem(await control.request("/v1/exports/nonesuch", { method: "DELETE" }), "unknown-export");
  await assertProblem(await openControl().request(`/v1/exports/${JOB}`), "actor-unavailable");
});

test("the file of a job that is done comes whole, with its size", async () => {
  const control = openControl({ answer: exporter(() => done) });
  const response = await control.request(`/v1/exports/${JOB}/file`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-length"), "10");
  assert.equal(response.headers.get("accept-ranges"), "none");
  assert.equal(response.headers.get("content-disposition"), 'attachment; filename="memory.csv"');
  assert.equal(await response.text(), "0123456789");
  const head = await control.request(`/v1/exports/${JOB}/file`, { method: "HEAD" });
  assert.equal(head.headers.get("content-length"), "10");
});

test("a file without bytes is a file", async () => {
  const control = openControl({
    answer: ({ message }) =>
      message.kind === "export.read"
        ? good({ ok: true, bytes: new Uint8Array(0), fileBytes: 0 })
        : good({ ok: true, job: { ...done, bytes: 0 } }),
  });
  const response = await control.request(`/v1/exports/${JOB}/file`);
  assert.equal(response.headers.get("content-length"), "0");
  assert.equal(await response.text(), "");
});

for (const [state, failure, detail] of [
  ["running", null, /still runs/],
  ["cancelled", null, /was cancelled/],
  ["failed", { ok: false, reason: "disk", message: "no room left" }, /no room left/],
] as const) {
  test(`the file of a job that is ${state} is not there: 409`, async () => {
    const control = openControl({ answer: exporter(() => aJob({ state, failure })) });
    const problem = await assertProblem(await control.request(`/v1/exports/${JOB}/file`), "export-not-done");
    assert.match(problem.detail, detail);
    assert.equal(problem["state"], state);
  });
}

test("the privacy report is JSON, or a page for who prefers one", async () => {
  const privacy = aReport();
  const control = openControl({ answer: exporter(() => ({ ...done, privacy })) });
  const path = `/v1/exports/${JOB}/privacy`;
  const view = (await (await control.request(`/v1/exports/${JOB}`)).json()) as {
    links: { privacy: string };
  };
  assert.equal(view.links.privacy, path);
  assert.deepEqual(await (await control.request(path)).json(), privacy);
  const page = await control.request(path, { headers: { accept: "text/html,*/*;q=0.8" } });
  assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
  assertSecured(page);
  assert.match(page.headers.get("content-security-policy") ?? "", /script-src 'none'/);
  await page.text();
  const none = openControl({ answer: exporter(() => done) });
  await assertProblem(await none.request(path), "export-not-done");
});

/** Events of a stream as they are in its text. */
function eventsOf(text: string) {
  return text
    .split("\n\n")
    .filter((block) => block.startsWith("event: "))
    .map((block) => {
      const [event = "", data = ""] = block.split("\n");
      return {
        event: event.slice(7),
        view: JSON.parse(data.slice(6)) as { seenRows: number; state: string },
      };
    });
}

test("events tell how far it is whenever that changes, then that it is done, and end", async () => {
  const states = [aJob(), aJob(), aJob({ seenRows: 4 }), aJob({ seenRows: 4 }), done];
  let next = 0;
  const control = openControl({ answer: exporter(() => states[Math.min(next++, states.length - 1)]!) });
  const response = await control.request(`/v1/exports/${JOB}/events`);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const text = response.text();
  for (let look = 0; look < states.length; look++) {
    await settle();
    control.clock.advance(250);
  }
  const events = eventsOf(await text);
  assert.deepEqual(
    events.map(({ event, view }) => [event, view.seenRows]),
    [
      ["progress", 0],
      ["progress", 4],
      ["done", 10],
    ],
  );
});

for (const [state, failure] of [
  ["failed", { ok: false, reason: "damaged", message: "the store is damaged" }],
  ["cancelled", null],
] as const) {
  test(`events of a job that is ${state} are that, and the end`, async () => {
    const control = openControl({ answer: exporter(() => aJob({ state, failure })) });
    const events = eventsOf(await (await control.request(`/v1/exports/${JOB}/events`)).text());
    assert.deepEqual(
      events.map(({ event }) => event),
      [state],
    );
  });
}

test("an exporter that is started again loses the job, which its watchers are told", async () => {
  const answers: (ExportJob | AskResult<unknown>)[] = [aJob(), closed, closed, unknown];
  const control = openControl({ answer: exporter(() => answers.shift() ?? unknown) });
  const text = (await control.request(`/v1/exports/${JOB}/events`)).text();
  for (let look = 0; look < 5; look++) {
    await settle();
    control.clock.advance(250);
  }
  const events = eventsOf(await text);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["progress", "failed"],
  );
});

test("a job that does not move is a comment now and then, and its stream ends with the server", async () => {
  const control = openControl({ answer: exporter(() => aJob()) });
  const response = await control.request(`/v1/exports/${JOB}/events`);
  const reader = response.body!.getReader();
  const texts: string[] = [];
  const reading = (async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read())
      texts.push(new TextDecoder().decode(part.value));
  })();
  for (let look = 0; look < 61; look++) {
    await settle();
    control.clock.advance(250);
  }
  await settle();
  assert.deepEqual(texts.slice(1), [": still here\n\n"]);
  control.closing.abort();
  control.clock.advance(250);
  await reading;
});

// Breaks when only the stream ends: then who takes nothing keeps its connection.
test("a watcher that takes nothing for 30 s is cut off, one that goes by itself is not", async () => {
  let cuts = 0;
  let seenRows = 0;
  const connection = { cutSoon: () => void cuts++ };
  const control = openControl({ answer: exporter(() => aJob({ seenRows: seenRows++ })), connection });
  const open = () => control.request(`/v1/exports/${JOB}/events`);
  await open();
  await settle();
  // Until an event waits to be taken: then nobody asks on.
  for (let before = 0; control.asked.length > before; ) {
    before = control.asked.length;
    control.clock.advance(250);
    await settle();
  }
  control.clock.advance(STALL_MS - 1001);
  await settle();
  assert.equal(cuts, 0);
  control.clock.advance(1001);
  await settle();
  // It sees at its next look that nobody is there.
  control.clock.advance(250);
  await settle();
  assert.equal(cuts, 1);
  const gone = await open();
  await gone.body!.cancel();
  await settle();
  control.clock.advance(250);
  await settle();
  assert.equal(cuts, 1);
});

test("who goes away ends the looking", async () => {
  const control = openControl({ answer: exporter(() => aJob()) });
  const response = await control.request(`/v1/exports/${JOB}/events`);
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  await settle();
  control.clock.advance(250);
  await settle();
  const before = control.asked.length;
  for (let look = 0; look < 5; look++) {
    control.clock.advance(250);
    await settle();
  }
  assert.ok(control.asked.length <= before + 1, `${control.asked.length - before} more looks`);
});
