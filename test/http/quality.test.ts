/** The doors to quality and agreement: what is asked of the examiner, what it refuses, and the page. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Examine } from "../../actors/examiner/protocol.ts";
import { spansOf } from "../../http/quality-input.ts";
import { renderQualityPage } from "../../http/quality-page.ts";
import { assertProblem, assertSecured } from "./problems.ts";
import { anAgreementReport, aQualityReport } from "./quality-reports.ts";
import { type Asked, closed, good, openControl, START_MS, settle } from "./support.ts";

const HOUR = 3_600_000;
const QUALITY = "/v1/datasets/memory/quality";
const AGREEMENT = "/v1/datasets/memory/agreement";
const told = () => openControl({ answer: () => good({ ok: true, report: aQualityReport() }) });
const wishOf = ({ message }: Asked) => (message as Examine).wish;

describe("the quality of a dataset", () => {
  test("is asked of the last day, with the thresholds of the settings", async () => {
    const control = told();
    const response = await control.request(QUALITY);
    assert.equal(response.status, 200);
    assertSecured(response);
    assert.deepEqual(await response.json(), JSON.parse(JSON.stringify(aQualityReport())));
    const [asked] = control.asked;
    assert.equal(asked?.to, "examiner");
    assert.deepEqual(wishOf(asked!), {
      dataset: "memory",
      fromMs: START_MS - 24 * HOUR,
      toMs: START_MS,
      rules: {},
    });
    // Others may be in line before it.
    assert.ok(asked!.deadlineMs >= 8 * 600_000);
  });

  test("takes a time, an earlier one and thresholds", async () => {
    const control = told();
    await control.request(`${QUALITY}?hours=2&againstHours=3&maxMissing=0.01&minRows=100&maxKs=1`);
    await control.request(
      `${QUALITY}?from=2026-05-31T00:00:00Z&to=2026-06-01T00:00:00Z&againstFrom=2026-05-01T00:00:00Z&againstTo=2026-05-02T00:00:00Z`,
    );
    assert.deepEqual(wishOf(control.asked[0]!), {
      dataset: "memory",
      fromMs: START_MS - 2 * HOUR,
      toMs: START_MS,
      against: { fromMs: START_MS - 5 * HOUR, toMs: START_MS - 2 * HOUR },
      rules: { maxMissing: 0.01, minRows: 100, maxKs: 1 },
    });
    assert.deepEqual(wishOf(control.asked[1]!).against, {
      fromMs: Date.UTC(2026, 4, 1),
      toMs: Date.UTC(2026, 4, 2),
    });
  });

  for (const [query, parameter] of [
    ["hours=0", "hours"],
    ["hours=1&from=2026-01-01T00:00:00Z", "hours"],
    ["to=noon", "to"],
    ["againstHours=-1", "againstHours"],
    ["againstFrom=noon", "againstFrom"],
    ["againstTo=noon", "againstTo"],
    ["againstHours=1&againstFrom=2026-01-01T00:00:00Z", "againstHours"],
    ["maxMissing=few", "maxMissing"],
    ["maxMissing=-1", "maxMissing"],
    ["minRows=1e3", "minRows"],
  ] as const) {
    test(`refuses ?${query} by the name of ${parameter}`, async () => {
      const control = told();
      const problem = await assertProblem(await control.request(`${QUALITY}?${query}`), "bad-parameter");
      assert.equal(problem["parameter"], parameter);
      assert.deepEqual(control.asked, []);
    });
  }

  test("of a dataset that is not there is refused, with those that are; HEAD reads nothing", async () => {
    const control = told();
    const problem = await assertProblem(
      await control.request("/v1/datasets/memori/quality"),
      "unknown-dataset",
    );
    assert.ok((problem["datasets"] as string[]).includes("memory"));
    assert.equal((await control.request(QUALITY, { method: "HEAD" })).status, 200);
    assert.deepEqual(control.asked, []);
  });

  for (const [reason, code] of [
    ["unknown-dataset", "unknown-dataset"],
    ["bad-range", "bad-parameter"],
    ["bad-option", "bad-parameter"],
    ["no-shadow", "no-shadow"],
    ["too-many", "too-many"],
    ["damaged", "store-damaged"],
    ["disk", "disk"],
    ["unavailable", "actor-unavailable"],
  ] as const) {
    test(`refused as ${reason} by the examiner is the problem ${code}`, async () => {
      const control = openControl({ answer: () => good({ ok: false, reason, message: "not so" }) });
      for (const path of [QUALITY, AGREEMENT]) {
        const problem = await assertProblem(await control.request(path), code);
        assert.equal(problem["reason"], reason);
        assert.equal(problem.detail, "not so");
      }
    });
  }

  test("is a page for who prefers one, let in by the hash of its style", async () => {
    const response = await told().request(QUALITY, { headers: { accept: "text/html,*/*;q=0.8" } });
    assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
    assertSecured(response);
    assert.match(
      response.headers.get("content-security-policy")!,
      /style-src 'sha256-[^']+'; script-src 'none'/,
    );
    assert.match(await response.text(), /<h1>Data quality<\/h1>/);
  });

  test("is not made to its end for who goes away, nor cancelled for who stays", async () => {
    const gone = new AbortController();
    let answer: ((value: ReturnType<typeof good>) => void) | undefined;
    const control = openControl({
      answer: ({ message }) =>
        message.kind === "examiner.cancel"
          ? good({ cancelled: true })
          : new Promise((resolve) => {
              answer = resolve;
            }),
    });
    const asked = control.request(QUALITY, { signal: gone.signal });
    await settle();
    gone.abort();
    const id = (control.asked[0]!.message as Examine).id;
    assert.deepEqual(control.asked[1]?.message, { kind: "examiner.cancel", id });
    answer!(good({ ok: false, reason: "unavailable", message: "cancelled" }));
    await asked;
    const other = told();
    const signal = new AbortController();
    await other.request(QUALITY, { signal: signal.signal });
    signal.abort();
    assert.equal(other.asked.length, 1);
  });

  test("of an examiner that is not there is told as that", async () => {
    await assertProblem(await openControl({ answer: () => closed }).request(QUALITY), "actor-unavailable");
  });
});

describe("agreement", () => {
  test("is asked for with pieces of time and a fraction of the traffic", async () => {
    const control = openControl({ answer: () => good({ ok: true, report: anAgreementReport() }) });
    const response = await control.request(`${AGREEMENT}?hours=6&every=30m&fraction=0.25`);
    assert.deepEqual(await response.json(), anAgreementReport());
    assert.deepEqual(wishOf(control.asked[0]!), {
      dataset: "memory",
      fromMs: START_MS - 6 * HOUR,
      toMs: START_MS,
      everyMs: 1_800_000,
      fraction: 0.25,
    });
    await control.request(AGREEMENT);
    assert.deepEqual(Object.keys(wishOf(control.asked[1]!)), ["dataset", "fromMs", "toMs"]);
  });

  for (const [query, parameter] of [
    ["every=often", "every"],
    ["fraction=half", "fraction"],
    ["hours=x", "hours"],
  ] as const) {
    test(`refuses ?${query} by the name of ${parameter}`, async () => {
      const problem = await assertProblem(await told().request(`${AGREEMENT}?${query}`), "bad-parameter");
      assert.equal(problem["parameter"], parameter);
    });
  }
});

test("an earlier time that is given in part has the usual rest", () => {
  const spans = spansOf({ hours: "1", againstTo: "2026-05-01T00:00:00Z" }, START_MS);
  assert.ok(spans.ok);
  assert.deepEqual(spans.against, { fromMs: Date.UTC(2026, 4, 1) - 24 * HOUR, toMs: Date.UTC(2026, 4, 1) });
  const from = spansOf({ hours: "1", againstFrom: "2026-06-01T00:00:00Z" }, START_MS);
  assert.ok(from.ok);
  assert.deepEqual(from.against, { fromMs: Date.UTC(2026, 5, 1), toMs: START_MS - HOUR });
});

describe("the page", () => {
  /** What a reader sees: no tags, no style, each entity as its sign, spaces as one. */
  const seen = (page: string) =>
    page
      .replace(/<style>[\s\S]*?<\/style>/, "")
      .replaceAll(/<[^>]*>/g, " ")
      .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
      .replaceAll(/\s+/g, " ");

  test("says what the report says", () => {
    const text = seen(renderQualityPage(aQualityReport(), "Memory of the host"));
    for (const part of [
      "Memory of the host ( memory ), from 2026-05-31 12:00 to 2026-06-01 12:00 UTC",
      "Failed. These rows are not fit",
      "Rows 1 000 all of them looked at",
      "Findings 2 1 of them fails it",
      "Earlier rows 2 000 until 2026-05-31 12:00 UTC",
      "failed class-balance best expected each class",
      "warned constant flag it has the same value in every row",
      "HDE 250 25 %",
      "size 8 % 5 % 0.250 0.125 1 000 1 234.6 -3 100 900.25 1 500 9.88e7",
      "best 0 0.010 AMST 75 % HDE 25 %",
      "at 0 1 000",
    ]) {
      assert.ok(text.includes(part), `${part}\n${text}`);
    }
    const passed = seen(
      renderQualityPage(aQualityReport({ passed: true, findings: [], against: null }), "M"),
    );
    assert.match(passed, /Passed\. These rows are fit/);
    assert.ok(!passed.includes("Outliers PSI") && !passed.includes("Earlier rows"));
    assert.match(seen(renderQualityPage(aQualityReport({ everyNth: 4 }), "M")), /of every 4th row/);
  });

  test("of no rows, and of columns without a value, is a page all the same", () => {
    const none = renderQualityPage(aQualityReport({ rows: 0, fromMs: null, toMs: null }), "M");
    assert.match(seen(none), /all times/);
    assert.doesNotMatch(none, /NaN|undefined|Infinity/);
    assert.doesNotMatch(renderQualityPage(aQualityReport(), "M"), /NaN|undefined|Infinity/);
  });

  test("escapes whatever it is given, and has one style and no script, address or style of an element", () => {
    const bad = `<script>alert("x")</script>&'`;
    const columns = aQualityReport().columns.map((column) => ({
      ...column,
      name: bad,
      ...(column.values === undefined ? {} : { values: [{ value: bad, rows: 1 }] }),
    }));
    const finding = { kind: "drift", severity: "failed", column: bad, message: bad } as const;
    const page = renderQualityPage(aQualityReport({ dataset: bad, columns, findings: [finding] }), bad);
    assert.ok(!/<script|alert\("/.test(page));
    assert.equal(page.match(/<style>/g)?.length, 1);
    assert.doesNotMatch(page, /<script|<img|<iframe|https?:|url\(|@import| style=| on\w+=/);
    assert.match(page, /prefers-color-scheme: dark/);
  });
});
