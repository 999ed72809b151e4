import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type PrivacyReport, renderPrivacyPage } from "../../../../actors/exporter/anonymous/index.ts";
import { anonymize, HOUR_MS, START_MS, visits } from "./visits.ts";

const rows = Array.from({ length: 2400 }, (_, index) => ({
  at: START_MS + index,
  left: null,
  visitor: index,
  town: "here",
  ward: index % 3 === 0 ? "a" : "b",
  weight: index < 7 ? 1000 : 71.23,
  illness: index % 2 === 0 ? "flu" : "cold",
  cost: index % 5,
  bill: 1,
  change: 1,
  paid: true,
  kind: null,
}));

function report(): PrivacyReport {
  const policy = { k: 10, maxSuppressed: 0.1 };
  const result = anonymize(visits, rows, { policy, fromMs: START_MS, toMs: START_MS + HOUR_MS });
  assert.ok(result.ok);
  return result.report;
}

/** What a reader sees: no tags, no style, each entity as its sign, spaces as one. */
function seen(page: string): string {
  return page
    .replace(/<style>[\s\S]*?<\/style>/, "")
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll(/\s+/g, " ");
}

describe("the privacy report's page", () => {
  test("says what the report says", () => {
    const text = seen(renderPrivacyPage(report()));
    for (const part of [
      "Visits ( visits ), from 2026-01-31 22:00 to 2026-01-31 23:00 UTC",
      "The policy is kept.",
      "like at least 796 others",
      "Reached: k = 797. Asked for: k = 10, with at most 10 % of the rows left out",
      "In the file 2 393 of 2 400 asked for",
      "Left out 7 0.29 %",
      "Average class 1196.5 rows; there are 2 classes",
      "at quasi-identifier taken down to the hour (UTC)",
      "town_hash quasi-identifier kept as it is",
      "weight quasi-identifier rounded to 3 significant digits",
      "visitor ties rows together removed",
      "bill figure rounded to 3 significant digits",
      "illness 2 0.00",
      "Prosecutor knows that somebody is in the file, and looks for them 0.13 % 0.084 % 0 %",
      "That 7 rows of rare classes were there",
    ]) {
      assert.ok(text.includes(part), `${part}\n${text}`);
    }
    assert.ok(!text.includes("A filter had left out"));
  });

  test("says plainly when the policy is not kept, and what l of 1 is", () => {
    const sensitive = [{ column: "illness", l: 1, t: 0.5, distance: "equal" }] as const;
    const counts = { population: 90, considered: 40, exported: 40, suppressed: 0 };
    const text = seen(
      renderPrivacyPage({ ...report(), kept: false, k: 1, sensitive, rows: counts, from: null }),
    );
    assert.match(
      text,
      /The policy is not kept\. The file has rows that are like only 0 others\. It must not be handed on/,
    );
    assert.ok(!text.includes("The policy is kept"));
    assert.match(text, /illness 1 0\.500 There is a class in which all rows have the same value/);
    assert.match(text, /A filter had left out 50 more before/);
    assert.match(text, /until 2026-01-31 23:00 UTC/);
    assert.ok(!text.includes("rare classes"));
  });

  test("escapes whatever it is given", () => {
    const bad = `<script>alert("x")</script>&'`;
    const given = report();
    const page = renderPrivacyPage({
      ...given,
      dataset: bad,
      title: bad,
      from: bad,
      quasiIdentifiers: [{ column: bad, generalization: bad }],
      removed: [bad],
      rounded: { columns: [bad], digits: 3 },
      sensitive: [{ column: bad, l: 1, t: 0, distance: "equal" }],
    });
    assert.ok(!/<script|alert\("/.test(page));
    assert.ok(seen(page).includes(bad));
  });

  test("has one style, and no script, address or style of an element: it is let in by the style's hash alone", () => {
    const page = renderPrivacyPage(report());
    assert.equal(page.match(/<style>/g)?.length, 1);
    assert.doesNotMatch(page, /<script|<link|<img|<iframe|https?:|url\(|@import| style=| on\w+=/);
    assert.match(page, /prefers-color-scheme: dark/);
    assert.match(page, /@media print/);
  });

  test("is as deterministic as the report", () => {
    assert.equal(renderPrivacyPage(report()), renderPrivacyPage(report()));
    assert.deepEqual(JSON.parse(JSON.stringify(report())), report());
  });
});
