import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPORT_FORMATS } from "../../actors/exporter/order.ts";
import { datasets } from "../../datasets/index.ts";
import type { CommandResult } from "../../runtime/supervisor/index.ts";
import { assertProblem, assertSecured } from "./problems.ts";
import { ledgerRow, openControl, START_MS, settle, statusOf } from "./support.ts";

const START = new Date(START_MS).toISOString();

test("health is ok when every actor runs, and says since when", async () => {
  const { request, clock } = openControl();
  clock.advance(90_500);
  const response = await request("/health");
  assert.equal(response.status, 200);
  assertSecured(response);
  assert.deepEqual(await response.json(), {
    status: "ok",
    version: "1.2.3",
    uptime_s: 90,
    actors: { running: 2, total: 2 },
  });
});

test("health is degraded while an actor does not run, and before any does", async () => {
  for (const [status, running, total] of [
    [statusOf({ recorder: "running", broadcaster: "backingOff" }), 1, 2],
    [statusOf({ recorder: "stopped", broadcaster: "stopped" }), 0, 2],
    [statusOf({}), 0, 0],
  ] as const) {
    const response = await openControl({ status: () => status }).request("/health");
    assert.equal(response.status, 503);
    const body = (await response.json()) as Record<string, unknown>;
    assert.equal(body["status"], "degraded");
    assert.deepEqual(body["actors"], { running, total });
  }
});

test("metrics are given as Prometheus reads them", async () => {
  const response = await openControl({ metricsText: async () => "a 1\n" }).request("/metrics");
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(await response.text(), "a 1\n");
  assertSecured(response);
});

test("the tree shows each actor with its state, failures, lag and mailbox", async () => {
  const response = await openControl({ status: () => statusOf({ recorder: "backingOff" }) }).request(
    "/v1/actors",
  );
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), {
    tree: {
      kind: "supervisor",
      name: "millrace",
      state: "running",
      strategy: "one-for-one",
      restarts: 0,
      recent_restarts: 0,
      children: [
        {
          kind: "supervisor",
          name: "group",
          state: "running",
          strategy: "rest-for-one",
          restarts: 0,
          recent_restarts: 1,
          children: [
            {
              kind: "actor",
              name: "recorder",
              state: "backingOff",
              thread: "main",
              restarts: 2,
              started_at: START,
              next_start_in_ms: null,
              last_failure: { kind: "threw", message: "Error: boom", at: START },
              lag_slots: { memory: 5 },
              mailbox: { depth: 3, capacity: 64 },
            },
          ],
        },
      ],
    },
    dead_letters: { count: 1, latest: [{ to: "x", kind: "batch", reason: "why", at: START }] },
  });
});

test("a restart is accepted, by whom it was asked is told to the supervisor", async () => {
  const calls: string[][] = [];
  const { request } = openControl({
    restart: async (...call) => {
      calls.push(call);
      return { ok: true };
    },
  });
  const response = await request("/v1/actors/recorder/restart", { method: "POST" });
  assert.equal(response.status, 202);
  assert.deepEqual(await response.json(), { actor: "recorder", status: "restarting", tree: "/v1/actors" });
  assert.deepEqual(calls, [["recorder", "asked for over HTTP"]]);
});

test("a restart that takes its time is accepted before it is over", async () => {
  const { request, clock } = openControl({ restart: () => new Promise(() => {}) });
  const response = request("/v1/actors/recorder/restart", { method: "POST" });
  await settle();
  clock.advance(1000);
  assert.equal((await response).status, 202);
});

test("a restart of no actor is 404 with those there are; of one on its way up or down 409", async () => {
  const refused: CommandResult = { ok: false, refused: "restarting", message: "it is being started already" };
  const { request } = openControl({ restart: async () => refused });
  const unknown = await assertProblem(
    await request("/v1/actors/nonesuch/restart", { method: "POST" }),
    "unknown-actor",
  );
  assert.deepEqual(unknown["actors"], ["recorder", "broadcaster"]);
  const busy = await request("/v1/actors/recorder/restart", { method: "POST" });
  assert.equal(busy.headers.get("retry-after"), "1");
  const body = await assertProblem(busy, "restart-refused");
  assert.equal(body["reason"], "restarting");
  assert.equal(body.detail, refused.message);
});

test("datasets are listed with what can be done with them", async () => {
  const { request } = openControl();
  const { datasets: listed } = (await (await request("/v1/datasets")).json()) as {
    datasets: Record<string, unknown>[];
  };
  assert.deepEqual(
    listed.map(({ name }) => name),
    datasets.map(({ name }) => name),
  );
  assert.deepEqual(listed[0], {
    name: "memory",
    title: "Memory of the whole host",
    derived_from: null,
    links: {
      self: "/v1/datasets/memory",
      stream: "/v1/streams/memory",
      exports: Object.fromEntries(EXPORT_FORMATS.map((format) => [format, `/v1/export/memory.${format}`])),
    },
  });
});

test("every dataset is described by what leaves of it, and every link of it leads somewhere", async () => {
  const { request } = openControl();
  for (const dataset of datasets) {
    const response = await request(`/v1/datasets/${dataset.name}`);
    assert.equal(response.status, 200);
    const body = (await response.json()) as {
      columns: { name: string }[];
      schema: { required: string[] };
      links: { self: string; stream: string; exports: Record<string, string> };
      derived_from: string | null;
    };
    const names = dataset.publicColumns.map(({ name }) => name);
    assert.deepEqual(
      body.columns.map(({ name }) => name),
      names,
    );
    assert.deepEqual(body.schema.required, names);
    assert.equal(body.derived_from, dataset.derivedFrom ?? null);
    for (const link of [body.links.self, body.links.stream, ...Object.values(body.links.exports)]) {
      assert.equal((await request(link, { method: "HEAD" })).status, 200, link);
    }
  }
  const body = await assertProblem(await request("/v1/datasets/nonesuch"), "unknown-dataset");
  assert.deepEqual(
    body["datasets"],
    datasets.map(({ name }) => name),
  );
});

test("the ledger is given by dataset and in total", async () => {
  const rows = [ledgerRow("memory"), ledgerRow("process", { received: 11, balanced: false })];
  const body = (await (await openControl({ ledger: () => rows }).request("/v1/ledger")).json()) as {
    datasets: Record<string, unknown>;
    totals: unknown;
  };
  const { rejected, dropped } = rows[0]!;
  assert.deepEqual(body.datasets["memory"], {
    received: 10,
    stored: 4,
    rejected,
    dropped,
    in_flight: 2,
    balanced: true,
  });
  assert.deepEqual(body.totals, {
    received: 21,
    stored: 8,
    rejected: { ...rejected, missing: 2, type: 4 },
    dropped: { ...dropped, "lane-full": 2 },
    in_flight: 4,
    balanced: false,
  });
});

test("an address that is not there is 404", async () => {
  const { request } = openControl();
  for (const path of ["/nonesuch", "/v1", "/v1/actors/", "/v1/streams", "/v1/export", "/favicon.ico"]) {
    await assertProblem(await request(path), "not-found");
  }
});

test("a method that an address does not take is 405, with those it does", async () => {
  const { request } = openControl();
  for (const [method, path, allow] of [
    ["POST", "/", "GET, HEAD"],
    ["DELETE", "/health", "GET, HEAD"],
    ["PUT", "/metrics", "GET, HEAD"],
    ["POST", "/v1/actors", "GET, HEAD"],
    ["GET", "/v1/actors/recorder/restart", "POST"],
    ["PATCH", "/v1/datasets/memory", "GET, HEAD"],
    ["POST", "/v1/streams/memory", "GET, HEAD"],
    ["POST", "/v1/export/memory.csv", "GET, HEAD"],
    ["OPTIONS", "/v1/ledger", "GET, HEAD"],
    ["PUT", "/v1/exports", "GET, HEAD, POST"],
    ["POST", "/v1/exports/0", "DELETE, GET, HEAD"],
    ["DELETE", "/v1/exports/0/file", "GET, HEAD"],
    ["GET", "/v1/query", "POST"],
    ["OPTIONS", "/v1/query", "POST"],
    ["POST", "/v1/store", "GET, HEAD"],
    ["GET", "/v1/store/compact", "POST"],
  ] as const) {
    const response = await request(path, { method });
    assert.equal(response.headers.get("allow"), allow, path);
    await assertProblem(response, "method-not-allowed");
  }
});

test("what goes wrong inside is logged under an id, and only the id is told", async () => {
  const secret = "/home/somebody/secret";
  const { request, log } = openControl({
    ledger: () => {
      throw new Error(secret);
    },
  });
  const response = await request("/v1/ledger?token=zyxw");
  const text = await response.clone().text();
  const body = await assertProblem(response, "internal");
  assert.ok(!text.includes("secret") && !text.includes("zyxw"));
  assert.match(String(body["id"]), /^[0-9a-f-]{36}$/);
  assert.equal(log.length, 1);
  assert.equal(log[0]?.level, "error");
  assert.equal(log[0]?.properties["id"], body["id"]);
  assert.equal((log[0]?.properties["error"] as Error | undefined)?.message, secret);
});

test("a problem repeats no more than a little of what came", async () => {
  const { request } = openControl();
  const long = "x".repeat(5000);
  for (const path of [
    `/v1/datasets/${long}`,
    `/v1/export/${long}.csv`,
    `/v1/export/memory.csv?hours=${long}`,
  ]) {
    const text = await (await request(path)).text();
    assert.ok(text.length < 1200, `${text.length}`);
  }
});
