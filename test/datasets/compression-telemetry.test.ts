/** The dataset against the table that it is of: its columns, checks and defaults are written down here once more, from the table. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ALGORITHMS } from "../../datasets/compression-oracle.ts";
import { compressionTelemetry } from "../../datasets/compression-telemetry.ts";
import { nextDouble } from "../../datasets/neighbours.ts";
import { PLACES } from "../../datasets/places.ts";
import type { RowValue } from "../../datasets/row.ts";
import { createRowValidator } from "../../datasets/validate.ts";
import { maxBatchBytes } from "../../datasets/write-rows.ts";
import { measuredRow, without } from "../fixtures/compression-rows.ts";

const validate = createRowValidator(compressionTelemetry);
const labelled = {
  ...measuredRow,
  oracle_algorithm: "HDE",
  oracle_utility_score: 800,
  oracle_computation_time_ms: 0.1,
  is_training_candidate: true,
  quality_score: 1,
};
const MOST = Number.MAX_VALUE;
const LEAST = Number.MIN_VALUE;

/** What becomes of a value in an otherwise good row: what is kept, or the reason why it is refused. */
function verdictOf(column: string, value: unknown): { is: RowValue } | string {
  const verdict = validate({ ...labelled, [column]: value }, 7);
  if (verdict.ok) return { is: verdict.row[column] as RowValue };
  const { rejection } = verdict;
  assert.deepEqual([rejection.row, rejection.column], [7, column]);
  assert.ok(rejection.expected.length > 0 && rejection.got.length > 0);
  return rejection.reason;
}

/** `[column, just inside, just outside]`: of CHECK (x > 0), the smallest double there is, and 0. */
const NUMBERS: readonly (readonly [column: string, inside: readonly number[], outside: readonly number[]])[] =
  [
    ["network_tier", [1, 2, 3], [0, 4, -1]],
    ["bandwidth_available_mbps", [LEAST, MOST], [0, -0, -LEAST]],
    ["bandwidth_utilization", [0, 100], [-LEAST, nextDouble(100, 1)]],
    ["rtt_ms", [0, -0, MOST], [-LEAST]],
    ["payload_size", [1, Number.MAX_SAFE_INTEGER], [0, -1]],
    ["entropy_estimate", [0, 8], [-LEAST, nextDouble(8, 1)]],
    ["repetition_score", [0, 100], [-LEAST, nextDouble(100, 1)]],
    ["hde_compression_ratio", [LEAST, MOST], [0, -0, -LEAST]],
    ["hde_delta_hit_rate", [0, 100], [-LEAST, nextDouble(100, 1)]],
    ["hde_latency_ms", [0, MOST], [-LEAST]],
    ["hde_cpu_usage", [0, 100], [-LEAST, nextDouble(100, 1)]],
    ["amst_stream_count", [1, 2_147_483_647], [0, -1, 2_147_483_648]],
    ["amst_transfer_rate_mbps", [0, MOST], [-LEAST]],
    ["amst_latency_ms", [0, MOST], [-LEAST]],
    ["amst_cpu_usage", [0, 100], [-LEAST, nextDouble(100, 1)]],
    // Without a CHECK: whatever a FLOAT holds.
    ["oracle_utility_score", [-MOST, -1, 0, MOST], []],
    ["oracle_computation_time_ms", [-MOST, 0, MOST], []],
    ["actual_latency_ms", [-MOST, 0, MOST], []],
    ["actual_throughput_mbps", [-MOST, 0, MOST], []],
    ["quality_score", [-MOST, 0, 1, MOST], []],
  ];
const CHECKED_WHOLE = ["network_tier", "payload_size", "amst_stream_count"];

const NOT_NULL = [
  ...["vm_id", "request_id", "link_type", "region", "network_tier", "bandwidth_available_mbps"],
  ...["bandwidth_utilization", "rtt_ms", "payload_size", "payload_type", "has_baseline"],
];
/** Without NOT NULL. */
const NULLABLE = [
  ...["session_id", "entropy_estimate", "repetition_score", "hde_compression_ratio", "hde_delta_hit_rate"],
  ...["hde_latency_ms", "hde_cpu_usage", "amst_stream_count", "amst_transfer_rate_mbps", "amst_latency_ms"],
  ...["amst_cpu_usage", "oracle_computation_time_ms", "actual_algorithm", "actual_latency_ms"],
  "actual_throughput_mbps",
];
/** NOT NULL, or with a default, and there without their sender. */
const FILLED = [
  ...["timestamp", "oracle_algorithm", "oracle_utility_score", "is_training_candidate", "quality_score"],
];

describe("compression telemetry", () => {
  test("has the table's columns, in its order, all but the number of the row", () => {
    assert.deepEqual(Object.keys(compressionTelemetry.columns), [
      ...["timestamp", "vm_id", "request_id", "session_id", "link_type", "region", "network_tier"],
      ...["bandwidth_available_mbps", "bandwidth_utilization", "rtt_ms", "payload_size", "payload_type"],
      ...["entropy_estimate", "repetition_score", "has_baseline", "hde_compression_ratio"],
      ...["hde_delta_hit_rate", "hde_latency_ms", "hde_cpu_usage", "amst_stream_count"],
      ...["amst_transfer_rate_mbps", "amst_latency_ms", "amst_cpu_usage", "oracle_algorithm"],
      ...["oracle_utility_score", "oracle_computation_time_ms", "actual_algorithm", "actual_latency_ms"],
      ...["actual_throughput_mbps", "is_training_candidate", "quality_score"],
    ]);
    const all = [...NOT_NULL, ...NULLABLE, ...FILLED].sort();
    assert.deepEqual(all, Object.keys(compressionTelemetry.columns).sort());
  });

  for (const [column, inside, outside] of NUMBERS) {
    test(`takes ${column} up to its bounds, and nothing beyond`, () => {
      for (const value of inside) {
        // Of a column of whole numbers, -0 is 0.
        assert.deepEqual(verdictOf(column, value), { is: value }, `${value}`);
      }
      for (const value of [...outside, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        assert.equal(verdictOf(column, value), "bound", `${value}`);
      }
      assert.equal(verdictOf(column, Number.NaN), "type");
      assert.equal(verdictOf(column, true), "type");
      if (CHECKED_WHOLE.includes(column)) assert.equal(verdictOf(column, 1.5), "type");
      else assert.equal(verdictOf(column, "1"), "type");
    });
  }

  test("takes no time that was meant in seconds, and says so", () => {
    const first = Date.UTC(2000, 0, 1);
    for (const value of [first, "2000-01-01T00:00:00Z", Date.UTC(2026, 10, 22)]) {
      assert.deepEqual(verdictOf("timestamp", value), { is: new Date(value).getTime() });
    }
    const rejected = (timestamp: unknown) => {
      const verdict = validate({ ...labelled, timestamp }, 0);
      assert.ok(!verdict.ok, `${timestamp}`);
      const { reason, expected, got } = verdict.rejection;
      assert.equal(reason, "bound");
      assert.match(expected, /^a moment from 2000-01-01T00:00:00.000Z on: whole milliseconds/);
      return got;
    };
    const seconds = Date.UTC(2026, 10, 22) / 1000;
    assert.equal(rejected(seconds), `${seconds}, which looks like seconds`);
    assert.equal(rejected(first / 1000), `${first / 1000}, which looks like seconds`);
    assert.equal(rejected(first / 1000 - 1), `${first / 1000 - 1}`);
    assert.equal(rejected(0), "0");
    assert.equal(rejected(first - 1), `${first - 1}`);
    // Microseconds are of years that have five digits.
    assert.equal(rejected(seconds * 1e6), `${seconds * 1e6}`);
    assert.equal(rejected("1999-12-31T23:59:59.999Z"), "text of 24 characters");
  });

  test("says of a bound what it expected", () => {
    const expected = (column: string) => {
      const verdict = validate({ ...labelled, [column]: -1 }, 0);
      return verdict.ok ? undefined : verdict.rejection.expected;
    };
    assert.equal(expected("bandwidth_available_mbps"), "a number above 0");
    assert.equal(expected("hde_compression_ratio"), "a number above 0");
    assert.equal(expected("bandwidth_utilization"), "a number from 0 to 100");
    assert.equal(expected("network_tier"), "a whole number from 1 to 3");
    assert.equal(expected("vm_id"), "text of at most 64 characters");
    assert.equal(expected("region"), "text of at most 20 characters");
    assert.equal(expected("link_type"), "one of dc, metro, wan, edge");
  });

  for (const [column, most] of [
    ["vm_id", 64],
    ["request_id", 128],
    ["session_id", 128],
    ["region", 20],
    ["payload_type", 50],
    ["actual_algorithm", 10],
  ] as const) {
    test(`takes ${column} of ${most} characters, whatever they are, and not of one more`, () => {
      const isName = column.endsWith("_id");
      for (const character of ["a", "é", "€", "😀", " ", "\u{d800}"]) {
        const longest = character.repeat(most);
        assert.deepEqual(verdictOf(column, longest), { is: isName ? longest : "other" });
        assert.equal(verdictOf(column, `${longest}a`), "length");
        assert.equal(verdictOf(column, character + longest), "length");
      }
      const verdict = validate({ ...labelled, [column]: "😀".repeat(most + 1) }, 0);
      assert.ok(!verdict.ok && verdict.rejection.got === `text of ${most + 1} characters`);
      assert.deepEqual(verdictOf(column, ""), { is: isName ? "" : "other" });
      assert.equal(verdictOf(column, 1), "type");
    });
  }

  test("takes the table's lists, and keeps of free text only what it is taken for", () => {
    for (const link of ["dc", "metro", "wan", "edge"])
      assert.deepEqual(verdictOf("link_type", link), { is: link });
    for (const link of ["", "DC", "lan", "wan "]) assert.equal(verdictOf("link_type", link), "category");
    for (const name of ALGORITHMS) assert.deepEqual(verdictOf("oracle_algorithm", name), { is: name });
    for (const name of ["hde", "other", ""]) assert.equal(verdictOf("oracle_algorithm", name), "category");
    for (const name of ["HDE", "AMST", "other"])
      assert.deepEqual(verdictOf("actual_algorithm", name), { is: name });
    assert.deepEqual(verdictOf("actual_algorithm", "zstd"), { is: "other" });
    assert.deepEqual(verdictOf("payload_type", "vm_disk"), { is: "vm_disk" });
    assert.deepEqual(verdictOf("payload_type", "payroll of ACME"), { is: "other" });
    assert.deepEqual(verdictOf("region", "eu-central-1"), { is: "eu-*" });
    assert.deepEqual(verdictOf("region", "acme-basement"), { is: "other" });
    assert.deepEqual(compressionTelemetry.columns.region.values, PLACES);
  });

  test("takes flags as such alone", () => {
    for (const column of ["has_baseline", "is_training_candidate"]) {
      for (const flag of [true, false]) assert.deepEqual(verdictOf(column, flag), { is: flag });
      for (const other of [0, 1, "true", "TRUE"]) assert.equal(verdictOf(column, other), "type");
    }
  });

  test("refuses rows without what is NOT NULL, and makes all else that is missing null", () => {
    for (const column of NOT_NULL) {
      for (const value of [null, undefined]) assert.equal(verdictOf(column, value), "missing", column);
    }
    for (const column of [...NULLABLE, ...FILLED]) {
      for (const value of [null, undefined]) assert.deepEqual(verdictOf(column, value), { is: null }, column);
    }
    const least = validate(without(labelled, ...NULLABLE, ...FILLED), 0);
    assert.ok(least.ok);
    assert.equal(Object.keys(least.row).length, Object.keys(compressionTelemetry.columns).length);
  });

  test("lets nothing leave that names somebody: ids as pseudonyms of 64 bits, no text", () => {
    for (const { name, field, spec } of compressionTelemetry.publicColumns) {
      assert.equal(spec.class === "identifier", name.endsWith("_id"));
      if (spec.class === "identifier") assert.equal(field.type, "u64");
      assert.notEqual(field.type, "utf8");
    }
  });

  test("keeps rows for 90 days, is pushed, and has no windows", () => {
    const { keepDays, pushed, windows, label } = compressionTelemetry;
    assert.deepEqual([keepDays, pushed, windows, label], [90, true, undefined, "oracle_algorithm"]);
  });

  test("has the training export of the collection's script", () => {
    const { columns, where, days, newest, format } = compressionTelemetry.exports!["training"]!;
    assert.equal(columns.length, 21);
    const names = Object.keys(compressionTelemetry.columns);
    const left = ["vm_id", "request_id", "session_id"];
    assert.deepEqual(
      columns,
      names.slice(0, names.indexOf("oracle_algorithm") + 1).filter((name) => !left.includes(name)),
    );
    assert.deepEqual(
      [where, days, newest, format],
      ["is_training_candidate = true and quality_score > 0.8", 30, 100_000, "csv"],
    );
  });

  test("has slots that hold whole batches with ids of the usual length, and any one row", () => {
    const { slotTextBytes = 0, batchRows, maxRowTextBytes, slots } = compressionTelemetry;
    assert.ok(slotTextBytes / batchRows >= 120 && slotTextBytes >= maxRowTextBytes);
    assert.equal(maxRowTextBytes, (64 + 128 + 128) * 4);
    assert.ok(maxBatchBytes(compressionTelemetry) * slots < 32 * 2 ** 20);
  });
});
