/** A small dataset that is windowed in every way, by seconds, and rows of it. */

import { defineDataset } from "../../../datasets/define.ts";
import { windowsOf } from "../../../datasets/windows.ts";
import { seededRandom } from "../../../runtime/random.ts";
import type { PlainRow } from "../store/log/rows.ts";

export const small = defineDataset({
  name: "small",
  title: "Rows of a test",
  time: "at",
  batchRows: 64,
  slots: 8,
  columns: {
    at: { class: "moment", type: "timestamp", meaning: "When." },
    who: { class: "identifier", type: "u32", kind: "who", pseudonym: "u32", meaning: "Who." },
    what: { class: "category", type: "category", values: ["a", "b", "c"], nullable: true, meaning: "What." },
    value: { class: "measure", type: "f64", unit: "1", nullable: true, meaning: "A value." },
    weight: { class: "measure", type: "f32", unit: "1", min: 0, meaning: "A weight." },
  },
  windows: [
    {
      label: "10s",
      kind: "figures",
      shape: { kind: "tumbling", lengthMs: 10_000 },
      groupBy: "who",
      measures: ["value", "weight"],
    },
    {
      label: "hop",
      kind: "distinct",
      shape: { kind: "hopping", lengthMs: 15_000, everyMs: 5000 },
      of: ["who", "what", "value"],
    },
    {
      label: "gap",
      kind: "top",
      shape: { kind: "session", gapMs: 4000 },
      item: "who",
      weight: "weight",
      count: 3,
    },
    {
      label: "life",
      kind: "figures",
      shape: { kind: "session", gapMs: 6000 },
      groupBy: "who",
      measures: ["value"],
      figures: ["sum", "max", "trend"],
    },
    {
      label: "last",
      kind: "figures",
      shape: { kind: "sliding", lengthMs: 8000 },
      groupBy: "who",
      measures: ["value"],
      figures: ["sum", "mean", "min", "max", "rate", "p50"],
    },
  ],
});

export const smallAll = [small, ...windowsOf(small)] as const;
export const LABELS = (small.windows ?? []).map(({ label }) => label);

export const START_MS = Date.UTC(2026, 0, 1);

/** Rows over some minutes: of few groups, in disorder, some of them late, with values missing. The same seed gives the same rows. */
export function smallRows(seed: number, count: number): PlainRow[] {
  const random = seededRandom(seed);
  const upTo = (most: number) => Math.floor(random() * (most + 1));
  let nowMs = START_MS;
  return Array.from({ length: count }, (): PlainRow => {
    nowMs += random() < 0.02 ? upTo(30_000) : upTo(900);
    const behindMs = random() < 0.1 ? upTo(25_000) : upTo(2000);
    return {
      at: nowMs - behindMs,
      who: upTo(4),
      what: random() < 0.3 ? null : (["a", "b", "c"][upTo(2)] ?? null),
      value: random() < 0.2 ? null : Math.round(random() * 1e6) / 1e3 - 200,
      weight: Math.fround(random() * 10),
    };
  });
}

/** Batches of these sizes in turn. */
export function cut<Row>(rows: readonly Row[], sizes: readonly number[]): Row[][] {
  const batches: Row[][] = [];
  for (let from = 0; from < rows.length; ) {
    const size = sizes[batches.length % sizes.length]!;
    batches.push(rows.slice(from, from + size));
    from += size;
  }
  return batches;
}
