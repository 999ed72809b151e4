/** Outlets over HTTP: what is asked of the actor, and what its answers are told as. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OUTLETS, type OutletStatus, type OutletsMessage } from "../../actors/outlets/protocol.ts";
import { datasets } from "../../datasets/index.ts";
import { good, openControl, START_MS } from "./support.ts";

const STATUS: OutletStatus = {
  id: "tcp-1",
  spec: {
    transport: "tcp",
    host: "127.0.0.1",
    port: 4711,
    datasets: ["memory"],
    format: "jsonl",
    columns: null,
    where: null,
    whenFull: "drop-oldest",
  },
  openedMs: START_MS,
  expiresMs: START_MS + 30_000,
  clients: [
    {
      id: "c",
      transport: "tcp",
      datasets: ["memory"],
      format: "jsonl",
      whenFull: "drop-oldest",
      state: "live",
      queuedBytes: 1,
      sentRows: 2,
      sentBytes: 3,
      droppedRows: 4,
      sinceMs: START_MS + 1,
    },
  ],
  sentRows: 5,
};
const VIEW = {
  id: "tcp-1",
  transport: "tcp",
  address: "tcp://127.0.0.1:4711",
  host: "127.0.0.1",
  port: 4711,
  path: null,
  datasets: ["memory"],
  format: "jsonl",
  columns: null,
  where: null,
  whenFull: "drop-oldest",
  openedAt: "2026-06-01T12:00:00.000Z",
  expiresAt: "2026-06-01T12:00:30.000Z",
  sentRows: 5,
  clients: [
    {
      id: "c",
      transport: "tcp",
      datasets: ["memory"],
      format: "jsonl",
      whenFull: "drop-oldest",
      state: "live",
      queuedBytes: 1,
      sentRows: 2,
      sentBytes: 3,
      droppedRows: 4,
      since: "2026-06-01T12:00:00.001Z",
    },
  ],
};

function openOutlets(answer: unknown = { ok: true, outlet: STATUS }) {
  const control = openControl({ answer: () => good(answer) });
  const asked = () =>
    control.asked.map(({ to, message }) => {
      assert.equal(to, OUTLETS);
      return message as OutletsMessage;
    });
  const post = (path: string, body?: unknown) =>
    control.request(path, {
      method: "POST",
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
  return { ...control, asked, post };
}

describe("POST /v1/outlets", () => {
  test("opens one, with what is usual where nothing is said", async () => {
    const { post, asked } = openOutlets();
    const response = await post("/v1/outlets", { transport: "tcp", port: 0 });
    assert.equal(response.status, 201);
    assert.equal(response.headers.get("location"), "/v1/outlets/tcp-1");
    assert.deepEqual(await response.json(), VIEW);
    const spec = {
      transport: "tcp",
      host: "127.0.0.1",
      port: 0,
      datasets: datasets.map(({ name }) => name),
      format: "jsonl",
      columns: null,
      where: null,
      whenFull: "drop-oldest",
    };
    assert.deepEqual(asked(), [{ kind: "outlet.open", spec, leaseMs: null }]);
  });

  test("hands on all that is said", async () => {
    const { post, asked } = openOutlets();
    const rows = {
      datasets: ["memory"],
      format: "msgpack",
      columns: ["timestamp"],
      where: "a > 1",
      whenFull: "disconnect",
    };
    await post("/v1/outlets", { transport: "pipe", path: "/run/x", ...rows, leaseMs: 1000 });
    await post("/v1/outlets", { transport: "zeromq", host: "::1", port: 1, ...rows, datasets: "all" });
    assert.deepEqual(asked(), [
      { kind: "outlet.open", spec: { transport: "pipe", path: "/run/x", ...rows }, leaseMs: 1000 },
      {
        kind: "outlet.open",
        spec: {
          transport: "zeromq",
          host: "::1",
          port: 1,
          ...rows,
          datasets: datasets.map(({ name }) => name),
        },
        leaseMs: null,
      },
    ]);
  });

  for (const [transport, whenFull] of [
    ["tcp", "disconnect"],
    ["zeromq", "drop-oldest"],
  ] as const) {
    test(`Arrow over ${transport} is usually ${whenFull}`, async () => {
      const { post, asked } = openOutlets();
      await post("/v1/outlets", { transport, port: 0, format: "arrow", datasets: ["memory"] });
      const [message] = asked();
      assert.ok(message?.kind === "outlet.open");
      assert.equal(message.spec.whenFull, whenFull);
    });
  }

  for (const [body, parameter] of [
    [{}, "transport"],
    [{ transport: "udp" }, "transport"],
    [{ transport: "tcp" }, "port"],
    [{ transport: "tcp", port: 65_536 }, "port"],
    [{ transport: "tcp", port: "1" }, "port"],
    [{ transport: "tcp", port: 1, path: "/x" }, "path"],
    [{ transport: "pipe" }, "path"],
    [{ transport: "pipe", path: "/x", port: 1 }, "port"],
    [{ transport: "pipe", path: "/x", host: "::1" }, "host"],
    [{ transport: "tcp", port: 1, format: "csv" }, "format"],
    [{ transport: "tcp", port: 1, datasets: "memory" }, "datasets"],
    [{ transport: "tcp", port: 1, datasets: [1] }, "datasets"],
    [{ transport: "tcp", port: 1, columns: "a" }, "columns"],
    [{ transport: "tcp", port: 1, whenFull: "wait" }, "whenFull"],
    [{ transport: "tcp", port: 1, leaseMs: 0 }, "leaseMs"],
    [{ transport: "tcp", port: 1, leaseMs: 3_600_001 }, "leaseMs"],
    [{ transport: "tcp", port: 1, lease: 1 }, "body"],
    [[], "body"],
  ] as const) {
    test(`${JSON.stringify(body)} is refused, naming ${parameter}`, async () => {
      const { post, asked } = openOutlets();
      const response = await post("/v1/outlets", body);
      assert.equal(response.status, 400);
      const problem = (await response.json()) as { type: string; parameter: string; detail: string };
      assert.equal(problem.type, "urn:millrace:problem:bad-parameter");
      assert.equal(problem.parameter.split(".")[0], parameter);
      assert.match(problem.detail, /expected .*; came /);
      assert.deepEqual(asked(), []);
    });
  }
});

for (const [reason, status] of [
  ["address-taken", 409],
  ["address-refused", 409],
  ["not-a-pipe", 409],
  ["not-here", 409],
  ["not-loopback", 400],
  ["bad-option", 400],
  ["bad-filter", 400],
  ["unknown-column", 400],
  ["unknown-dataset", 404],
  ["too-many", 503],
  ["unavailable", 503],
] as const) {
  test(`an outlet that is refused as ${reason} is answered with ${status}, in the actor's words`, async () => {
    const { post } = openOutlets({ ok: false, reason, message: "because" });
    const response = await post("/v1/outlets", { transport: "tcp", port: 1 });
    assert.equal(response.status, status);
    const problem = (await response.json()) as { reason: string; detail: string };
    assert.deepEqual([problem.reason, problem.detail], [reason, "because"]);
  });
}

test("GET /v1/outlets lists them, GET /v1/outlets/:id tells of one", async () => {
  const pipe: OutletStatus = {
    ...STATUS,
    id: "pipe-2",
    spec: { ...STATUS.spec, transport: "pipe", path: "/run/x" } as OutletStatus["spec"],
    expiresMs: null,
    clients: [],
  };
  const { request, asked } = openOutlets({ ok: true, outlets: [STATUS, pipe] });
  const { outlets } = (await (await request("/v1/outlets")).json()) as { outlets: Record<string, unknown>[] };
  assert.deepEqual(outlets[0], VIEW);
  const { address, host, port, path, expiresAt } = outlets[1]!;
  assert.deepEqual([address, host, port, path, expiresAt], ["pipe:///run/x", null, null, "/run/x", null]);
  assert.deepEqual(await (await request("/v1/outlets/tcp-1")).json(), VIEW);
  assert.deepEqual(
    asked().map(({ kind }) => kind),
    ["outlet.list", "outlet.list"],
  );
  const unknown = await request("/v1/outlets/tcp-3");
  assert.equal(unknown.status, 404);
  assert.match(((await unknown.json()) as { type: string }).type, /unknown-outlet/);
});

test("one is renewed and closed by its id", async () => {
  const { request, post, asked } = openOutlets();
  const renewed = await post("/v1/outlets/tcp-1/renew");
  assert.deepEqual([renewed.status, await renewed.json()], [200, VIEW]);
  const closed = await request("/v1/outlets/tcp-1", { method: "DELETE" });
  assert.deepEqual([closed.status, await closed.json()], [200, VIEW]);
  assert.deepEqual(asked(), [
    { kind: "outlet.renew", id: "tcp-1" },
    { kind: "outlet.close", id: "tcp-1" },
  ]);
  const gone = openOutlets({ ok: false, reason: "unknown-outlet", message: "there is none" });
  assert.equal((await gone.post("/v1/outlets/x/renew")).status, 404);
  assert.equal((await gone.request("/v1/outlets/x", { method: "DELETE" })).status, 404);
});

test("without the actor it is to be tried again", async () => {
  const { request } = openControl();
  for (const [path, method] of [
    ["/v1/outlets", "GET"],
    ["/v1/outlets/x", "GET"],
    ["/v1/outlets/x/renew", "POST"],
    ["/v1/outlets/x", "DELETE"],
  ] as const) {
    const response = await request(path, { method });
    assert.equal(response.status, 503, `${method} ${path}`);
    assert.ok(response.headers.get("retry-after"));
  }
});
