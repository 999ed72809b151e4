/**
 * What a row in a table must be, written down once more and by hand: the CHECKs of the PostgreSQL table that compression telemetry was to
 * go to, and the bounds of the test's own dataset. Nothing here is taken from the declarations.
 */

import type { PlainRow } from "../../fixtures/push-bodies.ts";

type Check = readonly [name: string, mayBeMissing: boolean, isGood: (value: never) => boolean];

const isOneOf = (list: readonly string[]) => (value: string) => list.includes(value);
const isNumber = (value: unknown) => typeof value === "number" && Number.isFinite(value);
const isBetween = (least: number, most: number) => (value: number) =>
  isNumber(value) && value >= least && value <= most;
const isWhole = (least: number, most: number) => (value: number) =>
  Number.isInteger(value) && value >= least && value <= most;
const isAbove = (bound: number) => (value: number) => isNumber(value) && value > bound;
const isFrom = (least: number) => (value: number) => isNumber(value) && value >= least;
const isVarchar = (most: number) => (value: string) =>
  typeof value === "string" && [...value].length <= most && value.isWellFormed();
const isBoolean = (value: unknown) => typeof value === "boolean";
const LAST_MOMENT = Date.parse("9999-12-31T23:59:59.999Z");
const isMoment = isWhole(Date.parse("0000-01-01T00:00:00Z"), LAST_MOMENT);
const isPushedMoment = isWhole(Date.parse("2000-01-01T00:00:00Z"), LAST_MOMENT);

const TELEMETRY: readonly Check[] = [
  ["timestamp", false, isPushedMoment],
  ["vm_id", false, isVarchar(64)],
  ["request_id", false, isVarchar(128)],
  ["session_id", true, isVarchar(128)],
  ["link_type", false, isOneOf(["dc", "metro", "wan", "edge"])],
  ["region", false, (value: string) => value === "other" || /^[a-z]+-\*$/.test(value)],
  ["network_tier", false, isWhole(1, 3)],
  ["bandwidth_available_mbps", false, isAbove(0)],
  ["bandwidth_utilization", false, isBetween(0, 100)],
  ["rtt_ms", false, isFrom(0)],
  ["payload_size", false, isWhole(1, 2 ** 63)],
  ["payload_type", false, (value: string) => /^[a-z_]{1,50}$/.test(value)],
  ["entropy_estimate", true, isBetween(0, 8)],
  ["repetition_score", true, isBetween(0, 100)],
  ["has_baseline", false, isBoolean],
  ["hde_compression_ratio", true, isAbove(0)],
  ["hde_delta_hit_rate", true, isBetween(0, 100)],
  ["hde_latency_ms", true, isFrom(0)],
  ["hde_cpu_usage", true, isBetween(0, 100)],
  ["amst_stream_count", true, isWhole(1, 2 ** 31 - 1)],
  ["amst_transfer_rate_mbps", true, isFrom(0)],
  ["amst_latency_ms", true, isFrom(0)],
  ["amst_cpu_usage", true, isBetween(0, 100)],
  ["oracle_algorithm", false, isOneOf(["HDE", "AMST"])],
  ["oracle_utility_score", false, isNumber],
  ["oracle_computation_time_ms", true, isNumber],
  ["actual_algorithm", true, isOneOf(["HDE", "AMST", "other"])],
  ["actual_latency_ms", true, isNumber],
  ["actual_throughput_mbps", true, isNumber],
  ["is_training_candidate", false, isBoolean],
  ["quality_score", false, isNumber],
];

const EVERYTHING: readonly Check[] = [
  ["at", false, isMoment],
  ["seen", true, isMoment],
  ["f64", false, isNumber],
  ["f64_in", true, isBetween(-0.5, 0.5)],
  ["f32", false, isBetween(-3.4028234663852886e38, 3.4028234663852886e38)],
  ["f32_in", true, isBetween(-3.4028234663852886e38, Math.fround(0.123456789))],
  ["u64", false, isWhole(0, 2 ** 53 - 1)],
  ["u64_in", true, isWhole(10, 5_000_000_000)],
  ["i64", false, isWhole(-(2 ** 53) + 1, 2 ** 53 - 1)],
  ["i64_in", true, isWhole(-5_000_000_000, -1)],
  ["u32", true, isWhole(0, 2 ** 32 - 1)],
  ["i32", false, isWhole(-(2 ** 31), 2 ** 31 - 1)],
  ["i32_in", false, isWhole(-3, 3)],
  ["u16", false, isWhole(0, 65_535)],
  ["u8", true, isWhole(0, 255)],
  ["bool", false, isBoolean],
  ["bool_or", true, isBoolean],
  ["category", false, isOneOf(["plain", "", 'with "quotes"', "a, b", "two\nlines", "tab\t\\", "größer 😀"])],
  ["category_or", true, isOneOf(["a", "b"])],
  ["name", false, (value: string) => new TextEncoder().encode(value).length <= 16 && value.isWellFormed()],
  ["name_or", true, (value: string) => new TextEncoder().encode(value).length <= 256 && value.isWellFormed()],
  ["id32", false, isWhole(1, 2 ** 32 - 1)],
  ["id64", true, (value: number | bigint) => value >= 0 && value < 2n ** 64n && BigInt(value) >= 0n],
  ["id64_in", false, isWhole(0, 1000)],
];

const CHECKS: Readonly<Record<string, readonly Check[]>> = {
  compression_telemetry: TELEMETRY,
  everything: EVERYTHING,
};

/** Says which check a row breaks that was accepted; undefined: none. */
export function brokenCheck(dataset: string, row: PlainRow): string | undefined {
  const checks = CHECKS[dataset];
  if (checks === undefined) return `nothing is known of the dataset ${dataset}`;
  for (const [name, mayBeMissing, isGood] of checks) {
    const value = row[name];
    if (value === undefined ? !mayBeMissing : !isGood(value as never)) return `${name} is ${String(value)}`;
  }
  const other = Object.keys(row).find((name) => !checks.some(([known]) => known === name));
  return other === undefined ? undefined : `there is a column ${other}`;
}
