/** What of the page is plain reckoning: modules that need no browser. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../e2e/support.ts";

interface Series {
  add(timeMs: number, values: readonly (number | null)[]): void;
  merge(points: readonly (readonly [number, readonly (number | null)[]])[]): void;
  columns(count: number, fromMs: number): (number | null)[][];
  isHole(fromMs: number, toMs: number): boolean;
  intervalMs(): number | undefined;
}
type Text = Readonly<Record<string, (value: number | null, digits?: number) => string>>;

/** Untyped, as the browser gets them. */
const load = async (name: string) => import(new URL(`../../http/page/${name}`, import.meta.url).href);
const { Series } = (await load("series.js")) as { Series: new (keepMs: number) => Series };
const text = (await load("text.js")) as Text;
const { pseudonymText } = (await load("pseudonym.js")) as { pseudonymText: (hash: string) => string };

const steps = (...lengths: readonly number[]) => {
  let at = 1000;
  return [at, ...lengths.map((length) => (at += length))];
};
const gapsOf = (series: Series) => series.columns(1, 0)[1]!.filter((value) => value === null).length;
const seriesOf = (times: readonly number[]) => {
  const series = new Series(1e9);
  for (const timeMs of times) series.add(timeMs, [timeMs]);
  return series;
};

test("points come in their order, once a time, the later in place of the earlier", () => {
  const series = new Series(1e9);
  for (const timeMs of [3000, 1000, 2000, 2000]) series.add(timeMs, [timeMs + (series.intervalMs() ?? 0)]);
  assert.deepEqual(series.columns(1, 0)[0], [1000, 2000, 3000]);
  series.add(2000, [7]);
  series.merge([
    [2000, [8]],
    [4000, [9]],
  ]);
  // What came live stays: what is stored of the same moment may be a part of it.
  assert.deepEqual(series.columns(1, 0), [
    [1000, 2000, 3000, 4000],
    [1000, 7, 3000, 9],
  ]);
});

test("only what is kept is kept, and only what is asked for is shown, with one point before it", () => {
  const series = new Series(3000);
  for (const timeMs of [1000, 2000, 3000, 4000, 5000]) series.add(timeMs, [1]);
  assert.deepEqual(series.columns(1, 0)[0], [2000, 3000, 4000, 5000]);
  assert.deepEqual(series.columns(1, 3500)[0], [3000, 4000, 5000]);
});

test("a hole is where nothing came for longer than is usual there, whatever is usual elsewhere", () => {
  const second = Array.from({ length: 12 }, () => 1000);
  const tenth = Array.from({ length: 40 }, () => 100);
  for (const [what, times, gaps] of [
    ["one that is late", steps(...second, 2000, ...second), 0],
    ["an outage", steps(...second, 5000, ...second), 1],
    ["two outages", steps(...second, 5000, ...second, 60_000, ...second), 2],
    ["an outage at the end", steps(...second, 9000), 1],
    ["an outage at the beginning", steps(9000, ...second), 1],
    ["sampled more often from then on", steps(...second, ...tenth), 0],
    ["sampled less often from then on", steps(...tenth, ...second), 0],
    ["two points", steps(1000), 0],
  ] as const) {
    assert.equal(gapsOf(seriesOf(times)), gaps, what);
  }
  const series = seriesOf(steps(...second));
  assert.ok(series.isHole(0, 5000));
  assert.ok(!series.isHole(0, 2000));
});

test("a value that is missing is shown as missing, and is no point in time too many", () => {
  const series = new Series(1e9);
  for (const [timeMs, value] of [
    [1000, 1],
    [2000, null],
    [3000, 3],
  ] as const) {
    series.add(timeMs, [value]);
  }
  assert.deepEqual(series.columns(1, 0), [
    [1000, 2000, 3000],
    [1, null, 3],
  ]);
});

test("figures are told as people read them", () => {
  for (const [told, as] of [
    [text["bytesText"]!(0), "0 B"],
    [text["bytesText"]!(1023), "1,023 B"],
    [text["bytesText"]!(1024), "1.0 KiB"],
    [text["bytesText"]!(1.5 * 2 ** 30), "1.5 GiB"],
    [text["mebibytesText"]!(2048), "2.0 GiB"],
    [text["mebibytesText"]!(null), "–"],
    [text["durationText"]!(59_999), "59 s"],
    [text["durationText"]!(61_000), "1 min 1 s"],
    [text["durationText"]!(90_061_000), "1 d 1 h"],
    [text["ageText"]!(-5), "0.0 s"],
    [text["ageText"]!(9_940), "9.9 s"],
    [text["ageText"]!(61_000), "1 min"],
    [text["rateText"]!(0), "0"],
    [text["rateText"]!(12.34), "12.3"],
    [text["rateText"]!(1234.5), "1,235"],
    [text["percentText"]!(null), "–"],
    [text["figureText"]!(0), "0"],
    [text["figureText"]!(24_103.9), "24,104"],
    [text["figureText"]!(-1.234), "-1.23"],
    [text["figureText"]!(3_300_000), "3.3 M"],
    [text["figureText"]!(2e16), "2.00e+16"],
  ] as const) {
    assert.equal(told, as);
  }
});

test("a pseudonym is the first eight digits of its hash, whatever its sign and size", () => {
  assert.equal(pseudonymText("5500111474686833747"), "4c54523e");
  assert.equal(pseudonymText("0"), "00000000");
  assert.equal(pseudonymText("18446744073709551615"), "ffffffff");
});

test("an answer that breaks off is told as a problem, and the connection as lost until the server is heard again", async (t) => {
  const { fetch } = globalThis;
  t.after(() => {
    globalThis.fetch = fetch;
  });
  globalThis.fetch = (async (path: string) => {
    if (path === "/health") return new Response("{}");
    const broken = new ReadableStream({ pull: (controller) => controller.error(new TypeError("cut")) });
    return new Response(broken, {
      headers: { "content-type": path.includes(".csv") ? "text/csv" : "application/json" },
    });
  }) as typeof globalThis.fetch;
  const { ApiError, getJson } = await load("api.js");
  const { storedRows } = await load("history.js");
  const { connection } = await load("connection.js");
  for (const ask of [() => getJson("/v1/ledger"), () => storedRows("memory", ["timestamp"], 0, 1)]) {
    await assert.rejects(ask, (error) => error instanceof ApiError);
    assert.equal(connection.state, "lost");
    await until("it is heard again", () => connection.state === "live");
  }
});
