/** The privacy report of what was counted, or what to tell when the policy cannot be kept. */

import type { TableShape } from "../../../datasets/shape.ts";
import type { Classes } from "./classes.ts";
import { diversityOf } from "./diversity.ts";
import type { AnonymousPolicy, BelowPolicy } from "./policy.ts";
import type { PrivacyReport, SensitiveFigures } from "./report.ts";
import { type ClassSize, riskOf } from "./risk.ts";
import { MEASURE_DIGITS, otherStep, type Roles } from "./roles.ts";
import { type Found, largestK } from "./search.ts";
import type { TimeRange } from "./whole-hours.ts";

export interface Counted {
  /** Of the rows that came, and of those that leave. */
  readonly shape: TableShape;
  readonly result: TableShape;
  readonly options: TimeRange & { readonly policy: AnonymousPolicy };
  readonly roles: Roles;
  /** At the node that was found. */
  readonly classes: Classes;
  readonly found: Found;
}

export function reportOf(counted: Counted): PrivacyReport {
  const { shape, result, roles, classes, found } = counted;
  const { policy, fromMs, toMs } = counted.options;
  const { risk, ...figures } = riskOf(classesInFile(classes, policy.k));
  let population = 0;
  for (let index = 0; index < classes.size; index++) population += classes.populationOf(index);
  const isLeft = (name: string) => result.publicColumns.some((column) => column.name === name);
  const names = shape.publicColumns.map(({ name }) => name);
  const rounded = roles.others.filter((column) => otherStep(column) !== "exact");
  return {
    dataset: shape.name,
    title: shape.title,
    from: momentText(fromMs),
    to: momentText(toMs),
    policy: { k: policy.k, maxSuppressed: policy.maxSuppressed },
    kept: found.kept && figures.k >= policy.k,
    rows: {
      population,
      considered: found.considered,
      exported: found.considered - found.suppressed,
      suppressed: found.suppressed,
    },
    quasiIdentifiers: roles.quasi.map(({ column, steps }, cell) => ({
      column: column.name,
      generalization: steps[classes.levels[cell]!]!,
    })),
    removed: names.filter((name) => !isLeft(name)),
    rounded: { columns: rounded.map(({ name }) => name), digits: MEASURE_DIGITS },
    ...figures,
    sensitive: roles.sensitive.map((column, index): SensitiveFigures => {
      const isOrdered = column.spec.class === "measure";
      const { l, t } = diversityOf(classes.valuesOf(index), sizesInFile(classes, policy.k), isOrdered);
      return { column: column.name, l, t, distance: isOrdered ? "ordered" : "equal" };
    }),
    risk,
  };
}

/** Undefined when there is something to export that keeps the policy. */
export function refusalOf({
  shape,
  result,
  options,
  roles,
  classes,
  found,
}: Counted): BelowPolicy | undefined {
  const { k, maxSuppressed } = options.policy;
  if (classes.tooMany) {
    return refused(
      `the rows are of more kinds than can be counted, and ${listed(keptWhole(roles))} cannot be generalized further; ` +
        "ask for fewer columns or a shorter time range",
    );
  }
  if (found.considered < k) {
    return refused(
      `k = ${k} needs at least ${k} rows; there are ${found.considered} in the whole hours that are over: ask for a longer ` +
        "time range, or for less to be filtered out",
    );
  }
  if (!found.kept) {
    const share = percent(found.suppressed / found.considered);
    const reached = largestK(classes, maxSuppressed);
    const done = roles.quasi.map(
      ({ column, steps }, cell) => `${column.name} ${steps[classes.levels[cell]!]}`,
    );
    return refused(
      `k = ${k} cannot be kept: with ${listed(done)}, ${found.suppressed} of ${found.considered} rows (${share}) would ` +
        `have to be left out, and at most ${percent(maxSuppressed)} may; ` +
        `${reached < 2 ? "no smaller k" : `k = ${reached}`} can be kept. ` +
        "Ask for a longer time range, fewer columns, a smaller k or more rows to be left out",
    );
  }
  if (result.publicColumns.length === 0) {
    return refused(
      `nothing is left to export: ${listed(shape.publicColumns.map(({ name }) => name))} cannot leave in the anonymous ` +
        "profile; ask for other columns beside",
    );
  }
  return undefined;
}

function* classesInFile(classes: Classes, k: number): Generator<ClassSize> {
  for (let index = 0; index < classes.size; index++) {
    const rows = classes.rowsOf(index);
    if (rows >= k) yield { rows, population: classes.populationOf(index) };
  }
}

/** Rows of each class in the file, 0 of those that are suppressed. */
function sizesInFile(classes: Classes, k: number): Uint32Array {
  return Uint32Array.from({ length: classes.size }, (_, index) => {
    const rows = classes.rowsOf(index);
    return rows >= k ? rows : 0;
  });
}

function keptWhole({ quasi }: Roles): readonly string[] {
  return quasi.filter(({ steps }) => steps.at(-1) !== "removed").map(({ column }) => column.name);
}

function momentText(ms: number): string | null {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : null;
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function refused(message: string): BelowPolicy {
  return { ok: false, reason: "below-policy", message };
}
