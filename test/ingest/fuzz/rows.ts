/** Random rows: good ones, and such as are at the edge of being good, or beyond it. */

import { compressionTelemetry } from "../../../datasets/compression-telemetry.ts";
import type { Dataset } from "../../../datasets/define.ts";
import { everything } from "../../fixtures/dataset-rows.ts";
import type { PlainRow } from "../../fixtures/push-bodies.ts";
import type { Random } from "./random.ts";

export interface RowKind {
  readonly dataset: Dataset;
  /** A row that must be accepted. */
  good(random: Random): PlainRow;
}

const NOW_MS = 1_780_000_000_000;
const TEXTS = [
  "vm-1",
  "a",
  "größer 😀",
  "x".repeat(36),
  "line\nbreak",
  'quo"te',
  "comma, comma",
  " ",
  "0",
  "null",
  "\u0000",
];
/** What a column may be given that has a bound, a type or a length to break. */
const ODD: readonly unknown[] = [
  ...[
    null,
    undefined,
    true,
    false,
    "",
    "x",
    "true",
    "12",
    "nan",
    "-0",
    "a".repeat(65),
    "é".repeat(64),
    "b".repeat(300),
  ],
  ...[
    0, -0, 1, -1, 2, 3, 4, 7.999999999, 8, 8.000000001, 20, 99.99999, 100, 100.00000000000001, 101, 0.5, 1.5,
  ],
  ...[
    255,
    256,
    65_536,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32,
    2 ** 53 - 1,
    2 ** 53,
    2 ** 63,
    2 ** 64,
    1e21,
    1e300,
    1e308,
  ],
  ...[Number.MIN_VALUE, -Number.MIN_VALUE, 1e-320, -1e-10, -1e300, -(2 ** 31), -(2 ** 53), -(2 ** 63)],
  ...[
    "us-east-1",
    "EU-west",
    "vm_memory",
    "something new",
    "HDE",
    "AMST",
    "hde",
    "2026-02-30T00:00:00Z",
    "2026-02-28T23:59:60Z",
  ],
  ...[
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999Z",
    253_402_300_799_999,
    253_402_300_800_000,
    -62_167_219_200_001,
  ],
];

export const TELEMETRY: RowKind = {
  dataset: compressionTelemetry as Dataset,
  good(random) {
    const or = <T>(value: T) => (random.oneIn(6) ? null : value);
    const percent = () => random.pick([0, 100, random.within(0, 1000) / 10, random.fraction() * 100]);
    const positive = () => random.pick([random.within(1, 10_000), random.fraction() * 1000 + 1e-9, 1e-3]);
    const row: Record<string, unknown> = {
      timestamp: random.oneIn(8) ? null : NOW_MS - random.below(2 ** 31),
      vm_id: random.pick(TEXTS),
      request_id: `request ${random.bits()}`,
      session_id: or(random.pick(TEXTS)),
      link_type: random.pick(["dc", "metro", "wan", "edge"]),
      region: random.pick(["us-east-1", "eu-central-1", "europe-west3", "on-premises", "US-west-2", "x", ""]),
      network_tier: random.within(1, 3),
      bandwidth_available_mbps: positive(),
      bandwidth_utilization: percent(),
      rtt_ms: random.pick([0, random.fraction() * 100]),
      payload_size: random.pick([1, random.within(1, 2 ** 31), 2 ** 53 - 1]),
      payload_type: random.pick(["vm_memory", "json", "other", "a kind of its own", "ß"]),
      entropy_estimate: or(random.pick([0, 8, random.fraction() * 8])),
      repetition_score: or(percent()),
      has_baseline: random.oneIn(2),
      hde_compression_ratio: or(positive()),
      hde_delta_hit_rate: or(percent()),
      hde_latency_ms: or(random.fraction() * 100),
      hde_cpu_usage: or(percent()),
      amst_stream_count: random.within(1, 64),
      amst_transfer_rate_mbps: or(positive()),
      amst_latency_ms: or(random.fraction() * 100),
      amst_cpu_usage: or(percent()),
    };
    if (random.oneIn(3)) giveLabel(row);
    if (random.oneIn(2)) row["actual_algorithm"] = random.pick(["HDE", "AMST", "none"]);
    if (random.oneIn(2)) row["actual_latency_ms"] = random.fraction() * 100 - 10;
    if (random.oneIn(8)) row["is_training_candidate"] = random.oneIn(2);
    if (random.oneIn(8)) row["quality_score"] = random.fraction() * 2 - 1;
    return row;
  },
};

export const EVERYTHING: RowKind = {
  dataset: everything,
  good(random) {
    const or = <T>(value: T) => (random.oneIn(4) ? null : value);
    const moment = () =>
      random.pick([NOW_MS, 0, -1, -62_167_219_200_000, 253_402_300_799_999, random.bits()]);
    const float = () => random.pick([0, 1.5, -2e-7, 1e300, -123456.789, random.fraction() - 0.5]);
    const int = (least: number, most: number) =>
      random.pick([least, most, random.within(least, Math.min(most, least + 2 ** 31))]);
    return {
      at: moment(),
      seen: or(moment()),
      f64: float(),
      f64_in: or(random.fraction() - 0.5),
      f32: Math.fround(random.fraction() * 1e6),
      f32_in: or(random.pick([0.1, -5, 0])),
      u64: int(0, 2 ** 53 - 1),
      u64_in: or(int(10, 5_000_000_000)),
      i64: int(-(2 ** 53) + 1, 2 ** 53 - 1),
      i64_in: or(int(-5_000_000_000, -1)),
      u32: or(int(0, 2 ** 32 - 1)),
      i32: int(-(2 ** 31), 2 ** 31 - 1),
      i32_in: int(-3, 3),
      u16: int(0, 65_535),
      u8: or(int(0, 255)),
      bool: random.oneIn(2),
      bool_or: or(random.oneIn(2)),
      category: random.pick(["plain", "", 'with "quotes"', "a, b", "two\nlines", "tab\t\\", "größer 😀"]),
      category_or: or(random.pick(["a", "b"])),
      name: random.pick(["", "a", "x".repeat(16), "größer"]),
      name_or: or(random.pick(TEXTS)),
      id32: int(1, 2 ** 32 - 1),
      id64: or(random.pick([0, 2 ** 53 - 1])),
      id64_in: int(0, 1000),
    };
  },
};

export const ROW_KINDS: readonly RowKind[] = [TELEMETRY, EVERYTHING];

/** A good row with some of its values made odd: it may still be good. */
export function oddRow(kind: RowKind, random: Random): PlainRow {
  const row: Record<string, unknown> = { ...kind.good(random) };
  const names = Object.keys(kind.dataset.columns);
  for (let count = random.within(1, 3); count > 0; count--) row[random.pick(names)] = random.pick(ODD);
  if (random.oneIn(10)) delete row[random.pick(names)];
  return row;
}

/** The formula of the source, once more: the label that a sender gives with his row. */
function giveLabel(row: Record<string, unknown>): void {
  const figure = (name: string) => (row[name] as number | null) ?? 0;
  const bandwidth = figure("bandwidth_available_mbps");
  const hde =
    (figure("hde_compression_ratio") * bandwidth) /
    (figure("hde_latency_ms") * figure("hde_cpu_usage") * 0.01 + 1e-6);
  const amst =
    (figure("amst_transfer_rate_mbps") * bandwidth * 0.01) /
    (figure("amst_latency_ms") * figure("amst_cpu_usage") * 0.01 + 1e-6);
  row["oracle_algorithm"] = hde > amst ? "HDE" : "AMST";
  row["oracle_utility_score"] = Math.max(hde, amst);
}
