/**
 * /pipeline over a real aggregator.
 *
 * What would fail here: a value that is taken, refused or answered for in another's place; a body that brings down more than itself; a
 * group that is repeated; values of several requests that get mixed up on their way; an answer without a bound.
 */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { type AddValues, type AggregatorMessage, MAX_VALUES } from "../../actors/aggregator/protocol.ts";
import { readValue, VALUES } from "../../http/aggregate-input.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import { type OpenAggregator, openAggregator } from "../actors/aggregator/support.ts";
import { assertProblem, assertSecured } from "./problems.ts";
import { type ControlOptions, closed, openControl, settle } from "./support.ts";

const SEED = 20_261_122;
const RAW = "Erika.Mustermann@example.org";

type Json = Readonly<Record<string, unknown>>;

function open(
  t: TestContext,
  config: Parameters<typeof openAggregator>[1] = {},
  options: (aggregator: OpenAggregator) => ControlOptions = () => ({}),
) {
  const aggregator = openAggregator(t, config);
  const control = openControl({
    answer: ({ message }) => aggregator.ask(message as AggregatorMessage),
    ...options(aggregator),
  });
  const post = (body: unknown, text = JSON.stringify(body)) =>
    control.request("/pipeline/aggregate", {
      method: "POST",
      body: text,
      headers: { "content-type": "application/json" },
    });
  const json = async (response: Response | Promise<Response>): Promise<Json> => {
    const answer = await response;
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    return JSON.parse(text) as Json;
  };
  return { ...control, aggregator, post, json, get: (path: string) => json(control.request(path)) };
}

const one = { metric_name: "latency", value: 150.5, group_by: "service-7" };
const ofMetric = (value: number) => ({ metric_name: "latency", value });

test("values are taken one by one and by the list, and asked for by metric and group", async (t) => {
  const { post, json, get, request, aggregator } = open(t);
  assert.deepEqual(await json(post(one)), { accepted: 1, rejected: 0, rejections: [] });
  const timestamp = new Date(aggregator.clock.nowMs() - 30_000).toISOString();
  const list = [
    { ...one, value: 50, timestamp },
    { ...one, value: 100, group_by: null, timestamp: aggregator.clock.nowMs() },
  ];
  assert.deepEqual(await json(post(list)), { accepted: 2, rejected: 0, rejections: [] });
  const whole = await get("/pipeline/stats/latency");
  const stats = whole["stats"] as Json;
  assert.deepEqual(
    { count: stats["count"], sum: stats["sum"], min: stats["min"], max: stats["max"], p50: stats["p50"] },
    { count: 3, sum: 300.5, min: 50, max: 150.5, p50: 100 },
  );
  assert.ok(Math.abs(Number(stats["mean"]) - 300.5 / 3) < 1e-12);
  for (const name of ["stddev", "variance", "p90", "p95", "p99", "rate"])
    assert.equal(typeof stats[name], "number");
  assert.deepEqual([whole["total_events"], whole["distinct_groups"], whole["group"]], [3, 1, null]);
  assert.equal(whole["timestamp"], new Date(aggregator.clock.nowMs()).toISOString());
  const [top] = whole["top_groups"] as readonly Json[];
  assert.match(String(top!["group"]), /^[0-9a-f]{16}$/);
  const group = await get("/pipeline/stats/latency?group=service-7");
  assert.deepEqual([(group["stats"] as Json)["count"], group["group"]], [2, top!["group"]]);
  const latest = await get("/pipeline/stats/latency?group=service-7&window=10s");
  assert.equal((latest["stats"] as Json)["count"], 1);
  const all = await get("/pipeline/all-stats");
  assert.deepEqual(Object.keys(all), ["latency"]);
  assert.deepEqual((all["latency"] as Json)["stats"], stats);
  const response = await request("/pipeline/stats/latency", { method: "HEAD" });
  assert.equal(response.status, 200);
  assertSecured(response);
});

test("of a list the good ones are taken, and each of the others is answered for", async (t) => {
  const { post, json } = open(t, { maxStreams: 1, whenFull: "refuse" });
  const body = [
    ofMetric(1),
    7,
    { value: 1 },
    { metric_name: "9lives", value: 1 },
    { metric_name: "latency", value: "1" },
    { ...ofMetric(1), group_by: 7 },
    { ...ofMetric(1), timestamp: "yesterday" },
    { ...ofMetric(1), valeu: 1 },
    { ...ofMetric(1), timestamp: "2020-01-01T00:00:00Z" },
    { ...ofMetric(1), timestamp: "2199-01-01T00:00:00Z" },
    { ...ofMetric(1), group_by: "new" },
    ofMetric(2),
  ];
  const { accepted, rejected, rejections } = await json(post(body));
  assert.deepEqual([accepted, rejected], [2, 10]);
  const told = rejections as readonly Readonly<Record<string, string>>[];
  assert.deepEqual(
    told.map(({ index, field }) => [index, field]),
    [
      [1, ""],
      [2, "metric_name"],
      [3, "metric_name"],
      [4, "value"],
      [5, "group_by"],
      [6, "timestamp"],
      [7, ""],
      [8, "timestamp"],
      [9, "timestamp"],
      [10, ""],
    ],
  );
  assert.equal(told[0]!["came"], "7");
  assert.match(told[1]!["came"]!, /nothing/);
  assert.match(told[2]!["expected"]!, /begins with a letter/);
  assert.equal(told[5]!["came"], '"yesterday"');
  assert.match(told[6]!["came"]!, /"valeu"; did you mean value\?/);
  assert.match(told[7]!["expected"]!, /within the last 1m/);
  assert.match(told[9]!["came"]!, /no room/);
});

test("no more than twenty are answered for", async (t) => {
  const { post, json } = open(t);
  const { rejected, rejections } = await json(post([ofMetric(1), ...Array.from({ length: 50 }, () => null)]));
  assert.equal(rejected, 50);
  assert.equal((rejections as unknown[]).length, 20);
});

test("when none is good it is a problem, which says why", async (t) => {
  const { post, asked } = open(t, { maxStreams: 1 });
  const single = await assertProblem(await post({ ...one, value: "x" }), "bad-parameter");
  assert.deepEqual([single["parameter"], single["expected"]], ["value", "a finite number"]);
  const list = await assertProblem(await post([{ metric_name: 1 }, 2]), "bad-parameter");
  assert.deepEqual([list["parameter"], list["accepted"], list["rejected"]], ["[0].metric_name", 0, 2]);
  for (const [body, text] of [
    [[], undefined],
    [Array(MAX_VALUES + 1).fill(0), undefined],
    [null, '{"metric_name":"a","value":1e999}'],
    [null, "null"],
    [null, '"text"'],
  ] as const) {
    await assertProblem(await post(body, text), "bad-parameter");
  }
  await assertProblem(await post(null, "{"), "bad-body");
  assert.equal(asked.length, 0, "nobody was asked");
  await post(ofMetric(1));
  const late = await assertProblem(
    await post({ ...ofMetric(1), timestamp: 1_000_000_000_000 }),
    "values-refused",
  );
  assert.deepEqual([late["accepted"], late["rejected"]], [0, 1]);
  const refused = await assertProblem(await post({ metric_name: "second", value: 1 }), "values-refused");
  assert.match(
    String(refused["detail"]),
    /^body: expected one of at most 1 metrics and groups within 1m; came a new/,
  );
  const inList = await assertProblem(await post([{ metric_name: "second", value: 1 }]), "values-refused");
  assert.match(String(inList["detail"]), /^\[0\]: expected one of at most 1 metrics/);
});

// The names in an object are anything, and an object has names that nobody gave it.
test("names that an object has anyhow are names like others", async (t) => {
  const { post, json, get } = open(t);
  await json(post([{ metric_name: "__proto__", value: 1, group_by: "constructor" }]));
  const all = await get("/pipeline/all-stats");
  assert.deepEqual(Object.keys(all), ["__proto__"]);
  await assertProblem(await post(null, '{"__proto__":{"metric_name":"a","value":1}}'), "bad-parameter");
  await assertProblem(await post(null, '{"metric_name":"a","value":1,"constructor":1}'), "bad-parameter");
});

test("the checks by hand take what the reference says, and nothing else", () => {
  const names = ["metric_name", "value", "group_by", "timestamp", "extra"];
  const value = fc.oneof(
    fc.constantFrom("latency", "a/b", "9", "", "x".repeat(120), "x".repeat(121), "_", "a b", "ä"),
    fc.constantFrom(0, -1.5, 1e308, true, null, [], {}, "1"),
    fc.string({ maxLength: 300 }),
  );
  const times = fc.constantFrom(1_767_225_600_000, "2026-01-31T12:00:00Z", null);
  const event = fc.oneof(
    value,
    fc
      .subarray(names)
      .chain((some) =>
        fc.record(Object.fromEntries(some.map((name) => [name, name === "timestamp" ? times : value]))),
      ),
    fc.record({ metric_name: value, value: fc.integer() }),
  );
  fc.assert(
    fc.property(event, (given) => {
      assert.equal("metric" in readValue(given), VALUES.safeParse(given).success && !Array.isArray(given));
    }),
    { seed: SEED, numRuns: 3000 },
  );
});

test("what cannot be asked for is said to be so", async (t) => {
  const { request, post } = open(t);
  await post(one);
  const bad = async (path: string, parameter: string) => {
    const problem = await assertProblem(await request(path), "bad-parameter");
    if (problem["parameter"] !== undefined) assert.equal(problem["parameter"], parameter);
  };
  await bad("/pipeline/stats/latency?window=yesterday", "window");
  await bad("/pipeline/stats/latency?window=0s", "window");
  await bad("/pipeline/stats/latency?window=2m", "window");
  await bad("/pipeline/stats/latency?group=", "group");
  await bad(`/pipeline/stats/latency?group=${"x".repeat(257)}`, "group");
  await bad("/pipeline/stats/9lives", "metric");
  await bad("/pipeline/all-stats?limit=0", "limit");
  await bad("/pipeline/all-stats?limit=1001", "limit");
  await bad("/pipeline/all-stats?window=2m", "window");
  await assertProblem(await request("/pipeline/stats/other"), "unknown-metric");
  await assertProblem(await request("/pipeline/stats/latency?group=nobody"), "unknown-metric");
  await assertProblem(await request("/pipeline/stats"), "not-found");
});

test("all metrics come a part at a time, and each part says where the next is", async (t) => {
  const { post, request } = open(t);
  const names = ["a", "b/c", "d.e", "f", "g"];
  await post(names.map((metric_name) => ({ metric_name, value: 1 })));
  const seen: string[] = [];
  let path: string | undefined = "/pipeline/all-stats?limit=2&window=30s";
  for (let parts = 0; path !== undefined; parts++) {
    const response: Response = await request(path);
    const part = (await response.json()) as Json;
    assert.ok(Object.keys(part).length <= 2 && parts < 3);
    seen.push(...Object.keys(part));
    path = /^<([^>]+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
  }
  assert.deepEqual(seen, names);
});

test("a metric's name may have slashes, in the address too", async (t) => {
  const { post, get } = open(t);
  await post({ metric_name: "http/latency.p99:ms", value: 1 });
  for (const path of ["http/latency.p99:ms", "http%2Flatency.p99%3Ams"]) {
    assert.equal((await get(`/pipeline/stats/${path}`))["total_events"], 1);
  }
});

test("a group is in no answer, no log line and no metric, wherever it comes", async (t) => {
  const { post, request, log, aggregator } = open(t, { maxStreams: 3 });
  let said = "";
  const say = async (response: Response | Promise<Response>) => {
    const answer = await response;
    said += JSON.stringify([...answer.headers]) + (await answer.text());
  };
  await say(post({ ...one, group_by: RAW }));
  await say(
    post([
      { ...one, group_by: RAW },
      { ...one, group_by: [RAW] },
      { ...one, group_by: { [RAW]: RAW } },
    ]),
  );
  await say(post({ ...one, group_by: RAW.repeat(20) }));
  await say(post({ ...one, group_by: RAW, value: RAW }));
  await say(post({ ...one, group_by: RAW, timestamp: 0 }));
  for (let n = 0; n < 5; n++) await say(post({ ...one, group_by: `${RAW}${n}` }));
  for (const group of [RAW, `${RAW}?`, RAW.repeat(20), `${RAW}4`]) {
    await say(request(`/pipeline/stats/latency?group=${encodeURIComponent(group)}`));
    await say(request(`/pipeline/stats/latency?group=${encodeURIComponent(group)}&window=nonsense`));
  }
  await say(request("/pipeline/stats/latency"));
  await say(request("/pipeline/all-stats"));
  for (const text of [said, JSON.stringify(log), aggregator.logged()]) {
    assert.ok(!/erika|mustermann/i.test(text), text);
  }
});

test("what comes while the aggregator is asked goes to it together, and each gets its own answer", async (t) => {
  const held: (() => void)[] = [];
  const control = open(t, {}, (aggregator) => ({
    answer: ({ message }) =>
      new Promise((resolve) => held.push(() => resolve(aggregator.ask(message as AggregatorMessage)))),
  }));
  const { post, asked } = control;
  const old = { ...ofMetric(1), timestamp: 1_000_000_000_000 };
  const answers = [
    post(ofMetric(1)),
    post([ofMetric(2), old]),
    post(old),
    post([old, ofMetric(3), ofMetric(4)]),
  ];
  await settle();
  assert.equal(asked.length, 1);
  held.shift()!();
  await settle();
  assert.equal(asked.length, 2);
  assert.equal((asked[1]!.message as AddValues).events.length, 6);
  held.shift()!();
  const all = await Promise.all(answers.map(async (answer) => (await (await answer).json()) as Json));
  assert.deepEqual(
    all.map(({ accepted, rejected }) => [accepted, rejected]),
    [
      [1, 0],
      [1, 1],
      [0, 1],
      [2, 1],
    ],
  );
  const indexOf = (answer: Json | undefined) =>
    (answer?.["rejections"] as readonly Json[] | undefined)?.[0]?.["index"];
  assert.deepEqual([indexOf(all[1]), indexOf(all[3])], [1, 0]);
});

test("one question has no more values than it may, and what waits is bounded", async (t) => {
  const held: (() => void)[] = [];
  const { post, asked } = open(t, {}, (aggregator) => ({
    answer: ({ message }) =>
      new Promise((resolve) => held.push(() => resolve(aggregator.ask(message as AggregatorMessage)))),
  }));
  const list = Array.from({ length: MAX_VALUES }, () => ofMetric(1));
  const answers: Promise<Response>[] = [];
  for (let request = 0; request < 66; request++) {
    answers.push(post(list));
    await settle();
  }
  const last = await assertProblem(await answers.at(-1)!, "actor-unavailable");
  assert.match(last.detail, /too many values wait/);
  while (held.length > 0) {
    held.shift()!();
    await settle();
  }
  assert.equal(asked.length, 65);
  for (const { message } of asked) assert.equal((message as AddValues).events.length, MAX_VALUES);
  for (const answer of answers.slice(0, -1)) assert.equal((await answer).status, 200);
});

test("an aggregator that is down is said to be", async (t) => {
  const down = (result: () => AskResult<unknown>) => open(t, {}, () => ({ answer: result }));
  const { post, request } = down(() => closed);
  await assertProblem(await post(one), "actor-unavailable");
  await assertProblem(await request("/pipeline/stats/latency"), "actor-unavailable");
  await assertProblem(await request("/pipeline/all-stats"), "actor-unavailable");
  const broken = down(() => {
    throw new RangeError("there is no such actor");
  });
  await assertProblem(await broken.post(one), "actor-unavailable");
  await assertProblem(await broken.post(one), "actor-unavailable");
});
