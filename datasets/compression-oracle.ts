/**
 * Which of two compressions would have been the better one for a transfer, reckoned afterwards from what both were measured at: the
 * label that a selector learns. And how good such a sample is to learn from.
 *
 *     HDE:  (compression ratio × bandwidth)        / (latency × CPU × 0.01 + 0.000001)
 *     AMST: (transfer rate × bandwidth × 0.01)     / (latency × CPU × 0.01 + 0.000001)
 *
 * The larger utility wins, and of equal ones AMST's. It is the formula of the collector that these samples come from, in doubles, operation by
 * operation in its order, so that whoever computes it again has the same number to the last bit. As there, a metric
 * that is missing counts as 0.
 *
 * Where a sender gives label or score, they are checked. He may have computed them from numbers with fewer digits, so that
 * there is some room; and where the two utilities are as good as equal, either label is right.
 */

import type { Cells, Derivation, DerivingRows } from "./spec.ts";

export const ALGORITHMS = ["HDE", "AMST"] as const;
const HDE = 0;
const AMST = 1;

/** Utilities that differ by less, of the larger, are as good as equal. */
const TIE = 1e-9;
/** Share of the utility that a given score may be away from it. */
const SCORE_ROOM = 1e-6;
const FUTURE_MS = 5 * 60_000;

const HDE_METRICS = [
  "hde_compression_ratio",
  "hde_delta_hit_rate",
  "hde_latency_ms",
  "hde_cpu_usage",
] as const;
const AMST_METRICS = [
  "amst_stream_count",
  "amst_transfer_rate_mbps",
  "amst_latency_ms",
  "amst_cpu_usage",
] as const;
/** Beside those: what is not known of every payload. */
const PAYLOAD_FEATURES = ["entropy_estimate", "repetition_score"] as const;
const NULLABLE_FEATURES = PAYLOAD_FEATURES.length + HDE_METRICS.length + AMST_METRICS.length;

/** @returns not a finite number where the figures are too large to be multiplied */
export function hdeUtility(
  ratio: number,
  bandwidthMbps: number,
  latencyMs: number,
  cpuPercent: number,
): number {
  return (ratio * bandwidthMbps) / (latencyMs * cpuPercent * 0.01 + 1e-6);
}

/** @returns not a finite number where the figures are too large to be multiplied */
export function amstUtility(
  rateMbps: number,
  bandwidthMbps: number,
  latencyMs: number,
  cpuPercent: number,
): number {
  return (rateMbps * bandwidthMbps * 0.01) / (latencyMs * cpuPercent * 0.01 + 1e-6);
}

/**
 * The label and its utility. When no metric is there, neither can be derived: a row that does not give both is refused, one that does is kept as
 * it is. The time it took is that of a table's rows, shared among them: a single one is over before any clock has moved.
 */
export const oracle: Derivation = {
  fills: ["oracle_algorithm", "oracle_utility_score", "oracle_computation_time_ms"],
  derive(rows) {
    const took = rows.cells("oracle_computation_time_ms");
    const startMs = rows.elapsedMs();
    const { looked, filled } = deriveLabels(rows);
    if (filled.length === 0) return;
    const eachMs = (rows.elapsedMs() - startMs) / looked;
    for (const row of filled) if (!took.isThere(row)) took.set(row, eachMs);
  },
};

/**
 * How many of the ten figures that may be missing are there; and whether it is a sample to train by: all measured that the label
 * follows from, and no moment that is still to come. What a sender says of the two is kept.
 */
export const quality: Derivation = {
  fills: ["is_training_candidate", "quality_score"],
  derive(rows) {
    const isCandidate = rows.cells("is_training_candidate");
    const score = rows.cells("quality_score");
    if (isCandidate.isWhole && score.isWhole) return;
    const time = rows.cells("timestamp");
    const metrics = new Presence([...HDE_METRICS, ...AMST_METRICS].map((name) => rows.cells(name)));
    const features = new Presence(PAYLOAD_FEATURES.map((name) => rows.cells(name)));
    const latestMs = rows.arrivedMs + FUTURE_MS;
    for (let row = 0; row < rows.rows; row++) {
      if (rows.isBad(row)) continue;
      const isFuture = time.get(row) > latestMs;
      const measured = metrics.count(row);
      if (!score.isThere(row)) {
        score.set(row, isFuture ? 0 : (measured + features.count(row)) / NULLABLE_FEATURES);
      }
      if (!isCandidate.isThere(row)) isCandidate.set(row, measured === metrics.most && !isFuture ? 1 : 0);
    }
  },
};

/** How many of some columns are there. Those that are in all rows are counted once. */
class Presence {
  readonly most: number;
  readonly #partial: readonly Cells[];
  readonly #whole: number;

  constructor(columns: readonly Cells[]) {
    this.most = columns.length;
    this.#partial = columns.filter(({ isWhole }) => !isWhole);
    this.#whole = this.most - this.#partial.length;
  }

  /** Whether all of them are there in every row. */
  get areWhole(): boolean {
    return this.#partial.length === 0;
  }

  count(row: number): number {
    let there = this.#whole;
    const partial = this.#partial;
    for (let index = 0; index < partial.length; index++) if (partial[index]!.isThere(row)) there++;
    return there;
  }
}

/** @returns how many rows it looked at, and those whose label it filled in */
function deriveLabels(rows: DerivingRows): { readonly looked: number; readonly filled: Uint32Array } {
  const label = rows.cells("oracle_algorithm");
  const score = rows.cells("oracle_utility_score");
  const bandwidth = rows.cells("bandwidth_available_mbps");
  const ratio = rows.cells("hde_compression_ratio");
  const hitRate = rows.cells("hde_delta_hit_rate");
  const hdeLatency = rows.cells("hde_latency_ms");
  const hdeCpu = rows.cells("hde_cpu_usage");
  const streams = rows.cells("amst_stream_count");
  const rate = rows.cells("amst_transfer_rate_mbps");
  const amstLatency = rows.cells("amst_latency_ms");
  const amstCpu = rows.cells("amst_cpu_usage");
  const metrics = new Presence([ratio, hitRate, hdeLatency, hdeCpu, streams, rate, amstLatency, amstCpu]);
  const isMeasured = metrics.areWhole;
  const filled = new Uint32Array(rows.rows);
  let [looked, count] = [0, 0];
  for (let row = 0; row < rows.rows; row++) {
    if (rows.isBad(row)) continue;
    looked++;
    if (!isMeasured && metrics.count(row) === 0) {
      if (!label.isThere(row)) refuseUnmeasured(rows, row, "oracle_algorithm");
      else if (!score.isThere(row)) refuseUnmeasured(rows, row, "oracle_utility_score");
      continue;
    }
    const mbps = bandwidth.get(row);
    const hde = isMeasured
      ? hdeUtility(ratio.get(row), mbps, hdeLatency.get(row), hdeCpu.get(row))
      : hdeUtility(orZero(ratio, row), mbps, orZero(hdeLatency, row), orZero(hdeCpu, row));
    const amst = isMeasured
      ? amstUtility(rate.get(row), mbps, amstLatency.get(row), amstCpu.get(row))
      : amstUtility(orZero(rate, row), mbps, orZero(amstLatency, row), orZero(amstCpu, row));
    if (!Number.isFinite(hde) || !Number.isFinite(amst)) {
      rows.refuse(row, "oracle_algorithm", "metrics that give finite utilities", told(hde, amst));
      continue;
    }
    const better = hde > amst ? HDE : AMST;
    const algorithm = label.isThere(row) ? label.get(row) : better;
    if (algorithm !== better && Math.abs(hde - amst) > TIE * Math.max(hde, amst)) {
      rows.refuse(
        row,
        "oracle_algorithm",
        `${ALGORITHMS[better]}, as ${told(hde, amst)}`,
        ALGORITHMS[algorithm]!,
      );
      continue;
    }
    const utility = algorithm === HDE ? hde : amst;
    if (!score.isThere(row)) {
      score.set(row, utility);
    } else if (!(Math.abs(score.get(row) - utility) <= SCORE_ROOM * utility)) {
      const expected = `${utility} to six digits, the utility of ${ALGORITHMS[algorithm]}`;
      rows.refuse(row, "oracle_utility_score", expected, String(score.get(row)));
      continue;
    }
    if (label.isThere(row)) continue;
    label.set(row, algorithm);
    filled[count++] = row;
  }
  return { looked, filled: filled.subarray(0, count) };
}

function refuseUnmeasured(rows: DerivingRows, row: number, column: string): void {
  rows.refuse(row, column, "a value, or metrics of an algorithm that it follows from", "neither");
}

function told(hde: number, amst: number): string {
  return `the utilities are ${hde} of HDE and ${amst} of AMST`;
}

function orZero(cells: Cells, row: number): number {
  return cells.isThere(row) ? cells.get(row) : 0;
}
