/**
 * Checks a supervisor's whole declaration before any child is started, fills in the defaults, and names every problem at
 * once: what was expected, what came. A declaration is code or configuration, so a bad one throws.
 */

import {
  type Backoff,
  type ChildPolicy,
  type ChildSpec,
  type Intensity,
  MAX_DURATION_MS,
  type Strategy,
  type SupervisedChild,
  type SupervisorOptions,
} from "./types.ts";

export const DEFAULT_POLICY: ChildPolicy = {
  restart: "permanent",
  startDeadlineMs: 5_000,
  stopDeadlineMs: 5_000,
};
export const DEFAULT_INTENSITY: Intensity = { restarts: 5, withinMs: 60_000 };
export const DEFAULT_BACKOFF: Backoff = {
  initialMs: 100,
  maxMs: 30_000,
  factor: 2,
  jitter: 0.2,
  resetAfterMs: 60_000,
};

const STRATEGIES: readonly string[] = ["one-for-one", "one-for-all", "rest-for-one"];
const RESTARTS: readonly string[] = ["permanent", "transient", "temporary"];

/** A declaration with nothing left out. */
export interface CheckedDeclaration {
  readonly name: string;
  readonly strategy: Strategy;
  readonly intensity: Intensity;
  readonly backoff: Backoff;
  readonly children: readonly { readonly child: SupervisedChild; readonly policy: ChildPolicy }[];
}

/** @throws {RangeError} naming every field that is out of bounds */
export function checkDeclaration(
  options: SupervisorOptions,
  specs: readonly ChildSpec[],
): CheckedDeclaration {
  const problems: string[] = [];
  const expect = (holds: boolean, field: string, expected: string, got: unknown): void => {
    if (!holds) problems.push(`${field}: expected ${expected}, got ${show(got)}`);
  };
  const expectDuration = (field: string, value: number, leastMs: number, mostMs = MAX_DURATION_MS): void =>
    expect(value >= leastMs && value <= mostMs, field, `${leastMs} to ${mostMs} ms`, value);

  const strategy = options.strategy ?? "one-for-one";
  const intensity = options.intensity ?? DEFAULT_INTENSITY;
  const backoff = { ...DEFAULT_BACKOFF, ...options.backoff };
  expect(isName(options.name), "name", "a text that is not empty", options.name);
  expect(STRATEGIES.includes(strategy), "strategy", `one of ${STRATEGIES.join(", ")}`, strategy);
  const { restarts } = intensity;
  expect(
    Number.isSafeInteger(restarts) && restarts >= 0,
    "intensity.restarts",
    "a whole number ≥ 0",
    restarts,
  );
  expectDuration("intensity.withinMs", intensity.withinMs, 1);
  expectDuration("backoff.maxMs", backoff.maxMs, 0);
  expectDuration("backoff.initialMs", backoff.initialMs, 0, backoff.maxMs);
  expect(backoff.factor >= 1 && Number.isFinite(backoff.factor), "backoff.factor", "≥ 1", backoff.factor);
  expect(backoff.jitter >= 0 && backoff.jitter <= 1, "backoff.jitter", "0 to 1", backoff.jitter);
  expectDuration("backoff.resetAfterMs", backoff.resetAfterMs, 0);

  const names = new Set<string>();
  const children = specs.map(({ child, policy: given }, index) => {
    const policy = { ...DEFAULT_POLICY, ...given };
    const field = `children[${index}]`;
    expect(isName(child.name), `${field}.name`, "a text that is not empty", child.name);
    expect(!names.has(child.name), `${field}.name`, "a name no other child has", child.name);
    names.add(child.name);
    expect(
      RESTARTS.includes(policy.restart),
      `${field}.restart`,
      `one of ${RESTARTS.join(", ")}`,
      policy.restart,
    );
    expectDuration(`${field}.startDeadlineMs`, policy.startDeadlineMs, 1);
    expectDuration(`${field}.stopDeadlineMs`, policy.stopDeadlineMs, 0);
    return { child, policy };
  });

  if (problems.length > 0) {
    throw new RangeError(`supervisor ${show(options.name)} cannot be built: ${problems.join("; ")}`);
  }
  return { name: options.name, strategy, intensity, backoff, children };
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
