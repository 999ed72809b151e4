/** What the tests of sessions by example share. */

import type { OperatorOptions } from "../../windowing/operator.ts";
import { SessionOperator } from "../../windowing/session-operator.ts";
import { RowTrace } from "./row-trace.ts";
import type { SessionRules } from "./session-reference.ts";
import { feed, Ground, optionsOf, type Row, type Step } from "./support.ts";

export const ground = new Ground(8 << 20, 1 << 20);

/** An operator that traces its rows: a gap of 10 ms when nothing is said. */
export function make(
  given: Partial<SessionRules>,
  pool = ground.pool(),
  trace = new RowTrace(ground.kernels, pool),
) {
  const shape = { kind: "session", gapMs: given.gapMs ?? 10 } as const;
  const { gapMs: _, ...options } = given;
  const operator = new SessionOperator(
    optionsOf(ground, pool, trace, shape, options satisfies Partial<OperatorOptions>),
    shape,
  );
  const read = (record: number) => trace.read(record);
  return { operator, trace, pool, read, run: (some: readonly Step[]) => feed(ground, operator, some, read) };
}

export function keyed(time: number, key: number): Row {
  return { time, key, values: [time] };
}

export function at(time: number): Row {
  return { time, values: [time] };
}

export function spans(
  out: readonly { start: number; end: number; revision: number; withdrawn: boolean }[],
): string[] {
  return out.map(
    ({ start, end, revision, withdrawn }) => `${start}-${end} r${revision}${withdrawn ? " withdrawn" : ""}`,
  );
}
