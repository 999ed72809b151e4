import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPORT_FORMATS } from "../../actors/exporter/order.ts";
import { datasets } from "../../datasets/index.ts";
import { assertProblem, assertSecured } from "./problems.ts";
import { ledgerRow, openControl } from "./support.ts";

test("metrics are given as Prometheus reads them", async () => {
  const response = await openControl({ metricsText: async () => "a 1\n" }).request("/metrics");
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(await response.text(), "a 1\n");
  assertSecured(response);
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
    derivedFrom: null,
    pushed: false,
    links: {
      self: "/v1/datasets/memory",
      stream: "/v1/streams/memory",
      exports: Object.fromEntries(EXPORT_FORMATS.map((format) => [format, `/v1/export/memory.${format}`])),
      quality: "/v1/datasets/memory/quality",
      agreement: null,
      ingest: null,
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
      links: Record<"self" | "stream" | "quality", string> &
        Record<"agreement" | "ingest", string | null> & { exports: Record<string, string> };
      derivedFrom: string | null;
    };
    const names = dataset.publicColumns.map(({ name }) => name);
    assert.deepEqual(
      body.columns.map(({ name }) => name),
      names,
    );
    assert.deepEqual(body.schema.required, ["dataset", "sequence", ...names]);
    assert.equal(body.derivedFrom, dataset.derived?.from ?? null);
    const { exports, ...links } = body.links;
    assert.equal(links.ingest, dataset.pushed === true ? `/v1/ingest/${dataset.name}` : null);
    assert.equal(links.agreement === null, dataset.shadow === undefined);
    for (const link of [...Object.values(links), ...Object.values(exports)]) {
      if (link === null) continue;
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
    inFlight: 2,
    balanced: true,
  });
  assert.deepEqual(body.totals, {
    received: 21,
    stored: 8,
    rejected: { ...rejected, missing: 2, type: 4 },
    dropped: { ...dropped, "lane-full": 2 },
    inFlight: 4,
    balanced: false,
  });
});

test("an address that is not there is 404", async () => {
  const { request } = openControl();
  for (const path of ["/nonesuch", "/v1", "/v1/actors/", "/v1/streams/", "/v1/export", "/favicon.ico"]) {
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
  const response = await request("/v1/ledger");
  const text = await response.clone().text();
  const body = await assertProblem(response, "internal");
  assert.ok(!text.includes("secret"));
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
