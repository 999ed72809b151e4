/**
 * What transfers of virtual machines' state were measured at, and which of two compressions would have been the better one: samples that a
 * model is trained on, which then chooses (DWCP's compression selector; HDE deltas against a baseline, AMST parallel streams).
 *
 * The columns, their order, bounds and defaults are those of the PostgreSQL table that such samples were to go to. What is not the same:
 *
 * - `id BIGSERIAL` is no column: the number of a row in its dataset is what it was.
 * - The three ids leave as pseudonyms, and the region as the wider region that it is in.
 * - Of `payload_type` and `actual_algorithm`, which are free text there, the kinds that are told apart are listed, and any other is `other`.
 * - NaN and infinity, which PostgreSQL's FLOAT has and its checks even let pass, are refused; and payloads from 2^53 bytes on.
 * - A text that is too long is refused even where all that is too much of it is spaces, which PostgreSQL would cut off.
 * - `is_training_candidate` and `quality_score`, there TRUE and 1.0 where nobody says otherwise, say what the row is worth (compression-oracle.ts).
 *
 * It has no windows: a row is a sample to learn from and not a reading of a gauge, so that the mean of a minute of them says nothing;
 * and windows would take of every second what samples could be pushed in.
 *
 * In the anonymous profile: who knows that a transfer took place knows when, over which kind of link, and from where: time, link type and
 * region are the quasi-identifiers, as is the size of the payload, which somebody who saw the transfer on the wire has. What kind of
 * payload it was is what such a somebody would learn: it is sensitive.
 */

import { ALGORITHMS, oracle, quality } from "./compression-oracle.ts";
import { defineDataset } from "./define.ts";
import { FIRST_PUSHED_MS } from "./moment-text.ts";
import { PLACES } from "./places.ts";

const PERCENT = { class: "measure", type: "f64", unit: "%", min: 0, max: 100 } as const;
const TIME = { class: "measure", type: "f64", unit: "ms" } as const;
const RATE = { class: "measure", type: "f64", unit: "Mbit/s" } as const;

export const compressionTelemetry = defineDataset({
  name: "compression_telemetry",
  title: "Compression of transfers, with the better algorithm",
  time: "timestamp",
  batchRows: 2048,
  slots: 32,
  pushed: true,
  // Ids are some 36 characters each, and not the 320 of the longest.
  slotTextBytes: 160 * 2048,
  keepDays: 90,
  columns: {
    timestamp: {
      ...{ class: "moment", type: "timestamp", default: "now", min: FIRST_PUSHED_MS },
      meaning: "When the transfer was made.",
    },
    vm_id: {
      ...{ class: "identifier", type: "utf8", kind: "vm", maxCharacters: 64 },
      meaning: "Pseudonym of the virtual machine: equal ids have equal pseudonyms.",
    },
    request_id: {
      ...{ class: "identifier", type: "utf8", kind: "request", maxCharacters: 128 },
      meaning: "Pseudonym of the request that the transfer was made for.",
    },
    session_id: {
      ...{ class: "identifier", type: "utf8", kind: "session", maxCharacters: 128, nullable: true },
      meaning: "Pseudonym of the session; missing where there was none.",
    },
    link_type: {
      ...{ class: "category", type: "category", values: ["dc", "metro", "wan", "edge"], quasi: true },
      meaning: "Kind of network link.",
    },
    region: {
      ...{ class: "place", type: "category", values: PLACES, maxCharacters: 20, quasi: true },
      meaning: "Wider region of the sender, such as us-* of us-east-1.",
    },
    network_tier: {
      ...{ class: "measure", type: "u8", unit: "1", min: 1, max: 3 },
      meaning: "Tier of the network.",
    },
    bandwidth_available_mbps: { ...RATE, above: 0, meaning: "Bandwidth that was available." },
    bandwidth_utilization: { ...PERCENT, meaning: "Share of the bandwidth that was in use." },
    rtt_ms: { ...TIME, min: 0, meaning: "Round-trip time." },
    payload_size: {
      ...{ class: "measure", type: "u64", unit: "By", min: 1, quasi: true },
      meaning: "Size of the payload.",
    },
    payload_type: {
      class: "category",
      type: "category",
      values: [
        "vm_memory",
        "vm_disk",
        "vm_state",
        "memory_page",
        "disk_block",
        "state_delta",
        "checkpoint",
        "snapshot",
        "metadata",
        "config",
        "control",
        "log",
        "text",
        "json",
        "xml",
        "csv",
        "protobuf",
        "binary",
        "database",
        "archive",
        "compressed",
        "encrypted",
        "image",
        "audio",
        "video",
        "model",
        "other",
      ],
      otherwise: "other",
      maxCharacters: 50,
      sensitive: true,
      meaning: "Kind of payload.",
    },
    entropy_estimate: {
      ...{ class: "measure", type: "f64", unit: "bit/By", min: 0, max: 8, nullable: true },
      meaning: "Entropy of the payload, estimated; missing where it was not.",
    },
    repetition_score: {
      ...PERCENT,
      nullable: true,
      meaning: "How much of the payload repeats itself; missing where it was not looked at.",
    },
    has_baseline: {
      ...{ class: "measure", type: "bool", unit: "1" },
      meaning: "Whether the receiver had a baseline to send deltas against.",
    },
    hde_compression_ratio: {
      ...{ class: "measure", type: "f64", unit: "1", above: 0, nullable: true },
      meaning:
        "HDE: size of the payload by what was sent; like all figures of HDE missing where it was not measured.",
    },
    hde_delta_hit_rate: { ...PERCENT, nullable: true, meaning: "HDE: share that was found in the baseline." },
    hde_latency_ms: { ...TIME, min: 0, nullable: true, meaning: "HDE: time it took." },
    hde_cpu_usage: { ...PERCENT, nullable: true, meaning: "HDE: processor usage." },
    amst_stream_count: {
      ...{ class: "measure", type: "u32", unit: "1", min: 1, max: 2_147_483_647, nullable: true },
      meaning: "AMST: parallel streams; like all figures of AMST missing where it was not measured.",
    },
    amst_transfer_rate_mbps: { ...RATE, min: 0, nullable: true, meaning: "AMST: rate of the transfer." },
    amst_latency_ms: { ...TIME, min: 0, nullable: true, meaning: "AMST: time it took." },
    amst_cpu_usage: { ...PERCENT, nullable: true, meaning: "AMST: processor usage." },
    oracle_algorithm: {
      ...{ class: "category", type: "category", values: ALGORITHMS },
      meaning: "The algorithm of the higher utility: the label.",
    },
    oracle_utility_score: {
      ...{ class: "measure", type: "f64", unit: "1" },
      meaning: "Utility of that algorithm.",
    },
    oracle_computation_time_ms: {
      ...TIME,
      nullable: true,
      meaning: "Time it took to find the label; missing where that is not known.",
    },
    actual_algorithm: {
      class: "category",
      type: "category",
      values: [...ALGORITHMS, "other"],
      otherwise: "other",
      maxCharacters: 10,
      nullable: true,
      meaning: "The algorithm that was used; missing where it is not known.",
    },
    actual_latency_ms: { ...TIME, nullable: true, meaning: "Time that the transfer took." },
    actual_throughput_mbps: { ...RATE, nullable: true, meaning: "Rate that the transfer had." },
    is_training_candidate: {
      ...{ class: "measure", type: "bool", unit: "1" },
      meaning: "Whether it is a sample to train by: both algorithms measured, and no moment still to come.",
    },
    quality_score: {
      ...{ class: "measure", type: "f64", unit: "1" },
      meaning: "Share of the figures that may be missing that are there; 0 for a moment still to come.",
    },
  },
  derivations: [oracle, quality],
  label: "oracle_algorithm",
  shadow: { actual: "actual_algorithm", oracle: "oracle_algorithm", by: "link_type", unit: "request_id" },
  exports: {
    training: {
      title: "Samples to train by, the newest of the last 30 days",
      columns: [
        "timestamp",
        "link_type",
        "region",
        "network_tier",
        "bandwidth_available_mbps",
        "bandwidth_utilization",
        "rtt_ms",
        "payload_size",
        "payload_type",
        "entropy_estimate",
        "repetition_score",
        "has_baseline",
        "hde_compression_ratio",
        "hde_delta_hit_rate",
        "hde_latency_ms",
        "hde_cpu_usage",
        "amst_stream_count",
        "amst_transfer_rate_mbps",
        "amst_latency_ms",
        "amst_cpu_usage",
        "oracle_algorithm",
      ],
      where: "is_training_candidate = true and quality_score > 0.8",
      days: 30,
      newest: 100_000,
      format: "csv",
    },
  },
});
