/**
 * Random lives of a windowing operator, by fast-check: rows in some order with ties at edges, before and after the epoch, jumps over
 * years, silence, clocks that are set back, missing values.
 */

import fc from "fast-check";
import type { WindowShape } from "../../windowing/shape.ts";
import type { Row, Step } from "./support.ts";

const YEAR_MS = 365 * 86_400_000;

type Event =
  | {
      readonly kind: "row";
      readonly byMs: number;
      readonly backMs: number;
      readonly key: number;
      readonly value: number | null;
    }
  | { readonly kind: "edge"; readonly offMs: number; readonly key: number; readonly value: number | null }
  | { readonly kind: "jump"; readonly byMs: number }
  | { readonly kind: "advance"; readonly byMs: number }
  /** How far the clock of who writes is from event time, from here on. */
  | { readonly kind: "clock"; readonly offMs: number }
  | { readonly kind: "batch" };

export interface Scenario {
  readonly shape: Extract<WindowShape, { kind: "tumbling" | "hopping" }>;
  readonly disorderMs: number;
  readonly latenessMs: number;
  readonly aheadMs: number;
  readonly maxGroups: number;
  readonly whenFull: "other" | "refuse";
  readonly steps: readonly Step[];
}

const key = fc.nat({ max: 4 });
/** Small whole numbers, so that order shows; null: missing. */
const value = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: -1000, max: 1000 }) },
  { weight: 1, arbitrary: fc.constantFrom(null, Number.NaN, 0, 1e300) },
);

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      kind: fc.constant("row" as const),
      byMs: fc.nat({ max: 4 }),
      backMs: fc.oneof(fc.constant(0), fc.nat({ max: 6 }), fc.nat({ max: 60 })),
      key,
      value,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("edge" as const),
      offMs: fc.integer({ min: -1, max: 1 }),
      key,
      value,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("jump" as const),
      byMs: fc.oneof(
        fc.integer({ min: 10, max: 200 }),
        fc.integer({ min: -40, max: 40 }).map((n) => n * YEAR_MS),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("advance" as const), byMs: fc.integer({ min: -30, max: 60 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("clock" as const),
      offMs: fc.oneof(fc.integer({ min: -5, max: 20 }), fc.integer({ min: -90, max: 0 })),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("batch" as const) }) },
);

const shape: fc.Arbitrary<Scenario["shape"]> = fc.oneof(
  fc.integer({ min: 1, max: 20 }).map((lengthMs) => ({ kind: "tumbling" as const, lengthMs })),
  fc
    .tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 24 }))
    .map(([a, b]) => ({ kind: "hopping" as const, lengthMs: Math.max(a, b), everyMs: Math.min(a, b) })),
);

export const scenario: fc.Arbitrary<Scenario> = fc
  .record({
    shape,
    disorderMs: fc.nat({ max: 12 }),
    latenessMs: fc.oneof(fc.constant(0), fc.nat({ max: 50 })),
    aheadMs: fc.nat({ max: 20 }),
    maxGroups: fc.oneof(fc.constant(1000), fc.nat({ max: 4 })),
    whenFull: fc.constantFrom("other" as const, "refuse" as const),
    startMs: fc.constantFrom(0, 3, -20, 1_700_000_000_000, -62_135_596_800_000),
    hasClock: fc.boolean(),
    events: fc.array(event, { minLength: 1, maxLength: 120, size: "max" }),
    finishes: fc.boolean(),
  })
  .map(({ startMs, hasClock, events, finishes, ...rest }) => {
    const steps = stepsOf(events, startMs, hasClock, rest.shape.lengthMs);
    return { ...rest, steps: finishes ? [...steps, { finish: true }] : steps };
  });

/** The same with batches cut into smaller ones. */
export function recut(steps: readonly Step[], sizes: readonly number[]): Step[] {
  let next = 0;
  return steps.flatMap((step): Step[] => {
    if (!("rows" in step)) return [step];
    const parts: Step[] = [];
    for (let from = 0; from < step.rows.length; ) {
      const to = from + sizes[next++ % sizes.length]!;
      parts.push({ ...step, rows: step.rows.slice(from, to) });
      from = to;
    }
    return parts;
  });
}

function stepsOf(events: readonly Event[], startMs: number, hasClock: boolean, lengthMs: number): Step[] {
  const steps: Step[] = [];
  let rows: Row[] = [];
  let nowMs = startMs;
  let offMs = 0;
  const flush = () => {
    if (rows.length > 0) steps.push({ rows, writtenMs: hasClock ? nowMs + offMs : 0 });
    rows = [];
  };
  for (const event of events) {
    if (event.kind === "row") {
      nowMs += event.byMs;
      rows.push({ time: nowMs - event.backMs, key: event.key, values: [event.value, rows.length] });
    } else if (event.kind === "edge") {
      const time = Math.ceil(nowMs / lengthMs) * lengthMs + event.offMs;
      nowMs = Math.max(nowMs, time);
      rows.push({ time, key: event.key, values: [event.value, null] });
    } else if (event.kind === "jump") {
      nowMs = Math.abs(nowMs + event.byMs) < 8e15 ? nowMs + event.byMs : nowMs;
    } else {
      flush();
      if (event.kind === "advance") steps.push({ advanceMs: nowMs + event.byMs });
      if (event.kind === "clock") offMs = event.offMs;
    }
  }
  flush();
  return steps;
}
