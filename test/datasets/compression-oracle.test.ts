import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { amstUtility, hdeUtility } from "../../datasets/compression-oracle.ts";
import { compressionTelemetry } from "../../datasets/compression-telemetry.ts";
import { nextDouble } from "../../datasets/neighbours.ts";
import type { Row } from "../../datasets/row.ts";
import { measuredRow, without } from "../fixtures/compression-rows.ts";
import { derived } from "../fixtures/deriving-rows.ts";

const SEED = 20_261_124;
const ARRIVED_MS = Date.UTC(2026, 0, 2);
const HDE = ["hde_compression_ratio", "hde_delta_hit_rate", "hde_latency_ms", "hde_cpu_usage"];
const AMST = ["amst_stream_count", "amst_transfer_rate_mbps", "amst_latency_ms", "amst_cpu_usage"];

function one(row: Row) {
  const { rows, refusals } = derived(compressionTelemetry, [row], ARRIVED_MS);
  return { row: rows[0]!, refusal: refusals[0] };
}

/** The label and score that a row gets; of one that is refused, the column. */
function labelOf(row: Row): readonly [label: unknown, score: unknown] | string {
  const { row: made, refusal } = one(row);
  return refusal?.column ?? [made["oracle_algorithm"], made["oracle_utility_score"]];
}

/** The collector's own function, line by line, what is missing being the zero that its language makes of it. */
function reference(row: Row): readonly [label: string, score: number] {
  const f = (name: string) => Number(row[name] ?? 0);
  const hde =
    (f("hde_compression_ratio") * f("bandwidth_available_mbps")) /
    (f("hde_latency_ms") * f("hde_cpu_usage") * 0.01 + 1e-6);
  const amst =
    (f("amst_transfer_rate_mbps") * f("bandwidth_available_mbps") * 0.01) /
    (f("amst_latency_ms") * f("amst_cpu_usage") * 0.01 + 1e-6);
  return hde > amst ? ["HDE", hde] : ["AMST", amst];
}

const positive = fc.integer({ min: 1, max: 2 ** 40 }).map((value) => value / 2 ** 20);
const percent = fc.integer({ min: 0, max: 2 ** 30 }).map((value) => (value * 100) / 2 ** 30);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 5 });
const metrics: fc.Arbitrary<Row> = fc.record(
  {
    bandwidth_available_mbps: positive,
    hde_compression_ratio: maybe(positive),
    hde_delta_hit_rate: maybe(percent),
    hde_latency_ms: maybe(positive),
    hde_cpu_usage: maybe(percent),
    amst_stream_count: maybe(fc.integer({ min: 1, max: 64 })),
    amst_transfer_rate_mbps: maybe(positive),
    amst_latency_ms: maybe(positive),
    amst_cpu_usage: maybe(percent),
    entropy_estimate: maybe(percent.map((value) => value * 0.08)),
    repetition_score: maybe(percent),
  },
  { noNullPrototype: true },
);

describe("the oracle", () => {
  // Reckoned by hand; the millionth that keeps the divisor from 0 is part of it.
  const table: readonly (readonly [what: string, changes: Row, label: string, score: number])[] = [
    // 4 × 400 / (10 × 20 / 100) = 1600 / 2, and 300 × 400 / 100 / (50 × 10 / 100) = 1200 / 5.
    ["a fast HDE", {}, "HDE", 1600 / 2.000001],
    ["a fast AMST", { amst_latency_ms: 10 }, "AMST", 1200 / 1.000001],
    ["an HDE that takes no time", { hde_latency_ms: 0 }, "HDE", 1_600_000_000],
    ["an HDE that takes no processor", { hde_cpu_usage: 0 }, "HDE", 1_600_000_000],
    [
      "an HDE of which nothing was measured",
      Object.fromEntries(HDE.map((name) => [name, null])),
      "AMST",
      1200 / 5.000001,
    ],
    [
      "an AMST of which nothing was measured",
      Object.fromEntries(AMST.map((name) => [name, null])),
      "HDE",
      1600 / 2.000001,
    ],
    // A latency that is missing is one of 0.
    ["an AMST without a latency", { amst_latency_ms: null }, "AMST", 1_200_000_000],
    ["an AMST that carries nothing", { amst_transfer_rate_mbps: 0 }, "HDE", 1600 / 2.000001],
    [
      "nothing but streams that were counted",
      { ...Object.fromEntries([...HDE, ...AMST].map((name) => [name, null])), amst_stream_count: 8 },
      "AMST",
      0,
    ],
  ];
  for (const [what, changes, label, score] of table) {
    test(`labels ${what}`, () => {
      const made = labelOf({ ...measuredRow, ...changes });
      assert.ok(Array.isArray(made), String(made));
      assert.equal(made[0], label);
      assert.ok(Math.abs(made[1] - score) <= 1e-12 * score, `${made[1]} is not ${score}`);
    });
  }

  test("has the collector's result to the last bit, whatever is missing", () => {
    const labels = new Set<unknown>();
    fc.assert(
      fc.property(metrics, (row) => {
        if ([...HDE, ...AMST].every((name) => row[name] === null)) return;
        const [label, score] = reference(row);
        labels.add(label);
        const made = labelOf(row);
        assert.deepEqual(made, [label, score]);
        assert.ok(Object.is(made[1], score));
      }),
      { seed: SEED, numRuns: 2000 },
    );
    assert.equal(labels.size, 2);
  });

  test("chooses AMST of two that are equal, and HDE as soon as it is more", () => {
    // Both are 8 × 2 / (1 × 100 / 100 + a millionth).
    const even = {
      ...{ bandwidth_available_mbps: 2, hde_compression_ratio: 8, hde_latency_ms: 1, hde_cpu_usage: 100 },
      ...{ amst_transfer_rate_mbps: 800, amst_latency_ms: 1, amst_cpu_usage: 100 },
    };
    assert.equal(hdeUtility(8, 2, 1, 100), amstUtility(800, 2, 1, 100));
    assert.equal(labelOf(even)[0], "AMST");
    assert.equal(labelOf({ ...even, hde_compression_ratio: nextDouble(8, 1) })[0], "HDE");
    assert.equal(labelOf({ ...even, hde_compression_ratio: nextDouble(8, -1) })[0], "AMST");
  });

  test("refuses a row without any metric that does not give the label and its utility, and keeps one that does", () => {
    const bare = without(measuredRow, ...HDE, ...AMST);
    assert.equal(labelOf(bare), "oracle_algorithm");
    assert.equal(labelOf({ ...bare, oracle_utility_score: 1 }), "oracle_algorithm");
    assert.equal(labelOf({ ...bare, oracle_algorithm: "HDE" }), "oracle_utility_score");
    assert.deepEqual(labelOf({ ...bare, oracle_algorithm: "HDE", oracle_utility_score: 5 }), ["HDE", 5]);
    for (const name of [...HDE, ...AMST]) {
      assert.ok(Array.isArray(labelOf({ ...bare, [name]: 1 })), `${name} alone is something to go by`);
    }
  });

  test("refuses figures too large to be multiplied, whoever gave a label", () => {
    const huge = { bandwidth_available_mbps: 1e200, hde_compression_ratio: 1e200 };
    for (const given of [
      {},
      { oracle_algorithm: "HDE" },
      { oracle_algorithm: "AMST", oracle_utility_score: 1 },
    ]) {
      const { refusal } = one({ ...measuredRow, ...huge, ...given });
      assert.equal(refusal?.column, "oracle_algorithm");
      assert.match(refusal.got, /the utilities are Infinity of HDE and/);
    }
    // Infinity by infinity: no number at all.
    const none = {
      amst_transfer_rate_mbps: 1e300,
      bandwidth_available_mbps: 1e300,
      amst_latency_ms: 1e307,
      amst_cpu_usage: 100,
    };
    assert.equal(labelOf({ ...without(measuredRow, ...HDE), ...none }), "oracle_algorithm");
  });

  test("refuses another label than its own, and says which and why", () => {
    const { refusal } = one({ ...measuredRow, oracle_algorithm: "AMST" });
    assert.equal(refusal?.column, "oracle_algorithm");
    assert.match(refusal.expected, /^HDE, as the utilities are 799\.\d+ of HDE and 239\.\d+ of AMST$/);
    assert.equal(refusal.got, "AMST");
    assert.equal(labelOf({ ...measuredRow, oracle_algorithm: "HDE" })[0], "HDE");
  });

  test("takes either label where the utilities are as good as equal, and its utility with it", () => {
    const near = (ratio: number, oracle_algorithm: string) =>
      labelOf({
        ...{
          bandwidth_available_mbps: 2,
          hde_compression_ratio: ratio,
          hde_latency_ms: 1,
          hde_cpu_usage: 100,
        },
        ...{ amst_transfer_rate_mbps: 800, amst_latency_ms: 1, amst_cpu_usage: 100, oracle_algorithm },
      });
    for (const ratio of [8 * (1 + 0.9e-9), 8 * (1 - 0.9e-9)]) {
      assert.deepEqual(near(ratio, "HDE"), ["HDE", hdeUtility(ratio, 2, 1, 100)]);
      assert.deepEqual(near(ratio, "AMST"), ["AMST", amstUtility(800, 2, 1, 100)]);
    }
    assert.equal(near(8 * (1 + 1.1e-9), "AMST"), "oracle_algorithm");
    assert.equal(near(8 * (1 - 1.1e-9), "HDE"), "oracle_algorithm");
  });

  test("takes a score within a millionth of the utility of the label, and keeps it as it was given", () => {
    const utility = hdeUtility(4, 400, 10, 20);
    for (const given of [{}, { oracle_algorithm: "HDE" }]) {
      const scored = (oracle_utility_score: number) =>
        labelOf({ ...measuredRow, ...given, oracle_utility_score });
      for (const score of [utility, utility * (1 + 0.9e-6), utility * (1 - 0.9e-6)]) {
        assert.deepEqual(scored(score), ["HDE", score]);
      }
      for (const score of [utility * (1 + 1.1e-6), utility * (1 - 1.1e-6), 0, -utility, 240]) {
        assert.equal(scored(score), "oracle_utility_score");
      }
    }
    const { refusal } = one({ ...measuredRow, oracle_utility_score: 12 });
    assert.equal(refusal?.expected, `${utility} to six digits, the utility of HDE`);
    assert.equal(refusal.got, "12");
    const nothing = { ...without(measuredRow, ...HDE, ...AMST), amst_stream_count: 8 };
    assert.deepEqual(labelOf({ ...nothing, oracle_utility_score: 0 }), ["AMST", 0]);
    assert.equal(labelOf({ ...nothing, oracle_utility_score: Number.MIN_VALUE }), "oracle_utility_score");
  });

  test("says how long a label took where it found one, and nowhere else", () => {
    let nowMs = 100;
    const clock = () => {
      nowMs += 8;
      return nowMs;
    };
    const rows = [
      measuredRow,
      { ...measuredRow, oracle_algorithm: "HDE" },
      { ...measuredRow, oracle_computation_time_ms: 0.5 },
      { ...measuredRow, oracle_algorithm: "HDE", oracle_computation_time_ms: 3 },
    ];
    const { rows: made } = derived(compressionTelemetry, rows, ARRIVED_MS, clock);
    // Eight milliseconds, shared by the four rows that were looked at.
    assert.deepEqual(
      made.map((row) => row["oracle_computation_time_ms"]),
      [2, null, 0.5, 3],
    );
  });
});

describe("the quality of a sample", () => {
  const qualityOf = (row: Row) => {
    const { row: made, refusal } = one(row);
    assert.equal(refusal, undefined);
    return [made["quality_score"], made["is_training_candidate"]];
  };

  test("is the share of the ten figures that may be missing", () => {
    fc.assert(
      fc.property(metrics, (row) => {
        const there = (names: readonly string[]) => names.filter((name) => row[name] !== null).length;
        const measured = there([...HDE, ...AMST]);
        if (measured === 0) return;
        const share = (measured + there(["entropy_estimate", "repetition_score"])) / 10;
        assert.deepEqual(qualityOf(row), [share, measured === 8]);
      }),
      { seed: SEED, numRuns: 500 },
    );
    assert.deepEqual(qualityOf(measuredRow), [1, true]);
    assert.deepEqual(qualityOf(without(measuredRow, "entropy_estimate")), [0.9, true]);
    assert.deepEqual(qualityOf(without(measuredRow, "entropy_estimate", "repetition_score")), [0.8, true]);
    assert.deepEqual(qualityOf(without(measuredRow, "hde_delta_hit_rate")), [0.9, false]);
  });

  test("is none for a moment more than five minutes ahead", () => {
    const at = (timestamp: number) => qualityOf({ ...measuredRow, timestamp });
    assert.deepEqual(at(ARRIVED_MS + 300_000), [1, true]);
    assert.deepEqual(at(ARRIVED_MS + 300_001), [0, false]);
    assert.deepEqual(at(0), [1, true]);
  });

  test("is kept as its sender has it, each of the two by itself", () => {
    assert.deepEqual(qualityOf({ ...measuredRow, quality_score: 0.25 }), [0.25, true]);
    assert.deepEqual(qualityOf({ ...measuredRow, is_training_candidate: false }), [1, false]);
    const bare = without(measuredRow, "hde_cpu_usage");
    assert.deepEqual(qualityOf({ ...bare, quality_score: 7, is_training_candidate: true }), [7, true]);
    const ahead = { ...measuredRow, timestamp: ARRIVED_MS + 600_000 };
    assert.deepEqual(qualityOf({ ...ahead, quality_score: 1 }), [1, false]);
  });

  test("is nothing that a row which is refused gets", () => {
    const { row } = one({ ...measuredRow, oracle_algorithm: "AMST" });
    assert.deepEqual([row["quality_score"], row["is_training_candidate"]], [null, null]);
  });
});
