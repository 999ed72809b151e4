import assert from "node:assert/strict";
import { test } from "node:test";
import { storeStats, type storeView } from "../../http/store-view.ts";
import { assertProblem, assertSecured } from "./problems.ts";
import { closed, good, openControl, START_MS } from "./support.ts";

const empty = {
  dataset: "memory",
  rows: 0,
  lakeRows: 0,
  logRows: 0,
  lakeBytes: 0,
  lakeFiles: 0,
  logBytes: 0,
  firstMs: null,
  lastMs: null,
  bytesPerMinute: null,
  expired: 0,
  thinned: 0,
};
const STATS = {
  datasets: [
    empty,
    { ...empty, dataset: "process", rows: 7, firstMs: START_MS, lastMs: START_MS + 1, bytesPerMinute: 12.5 },
  ],
  totalBytes: 99,
  bytesPerMinute: 12.5,
  segments: 2,
};

test("what the store holds is told as the keeper says it, with times that people read", async () => {
  const control = openControl({ answer: () => good({ ok: true, stats: STATS }) });
  const response = await control.request("/v1/store");
  assertSecured(response);
  const body = (await response.json()) as ReturnType<typeof storeView>;
  assert.equal(control.asked[0]?.to, "keeper");
  assert.equal(body.totalBytes, 99);
  assert.deepEqual(
    body.datasets.map(({ dataset, first }) => [dataset, first]),
    [
      ["memory", null],
      ["process", "2026-06-01T12:00:00.000Z"],
    ],
  );
  assert.deepEqual(storeStats(body), STATS);
  await assertProblem(await openControl().request("/v1/store"), "actor-unavailable");
});

test("the store is compacted when it is asked for", async () => {
  const control = openControl({ answer: () => good({ ok: true, files: 2, rows: 30 }) });
  for (const [path, all] of [
    ["/v1/store/compact", false],
    ["/v1/store/compact?all=true", true],
  ] as const) {
    const response = await control.request(path, { method: "POST" });
    assert.deepEqual(await response.json(), { files: 2, rows: 30 });
    assert.deepEqual(control.asked.at(-1)?.message, { kind: "keeper.compact", all });
  }
  await assertProblem(await control.request("/v1/store/compact?all=1", { method: "POST" }), "bad-parameter");
  const full = openControl({ answer: () => good({ ok: false, reason: "disk", message: "no room" }) });
  await assertProblem(await full.request("/v1/store/compact", { method: "POST" }), "disk");
  const down = openControl({ answer: () => closed });
  await assertProblem(await down.request("/v1/store/compact", { method: "POST" }), "actor-unavailable");
});
