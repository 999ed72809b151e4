/** The first pass: counts, and then decides; see index.ts. */

import type { GeneralizationStep } from "../../../datasets/column.ts";
import type { RowRun } from "../../../datasets/row-run.ts";
import type { TableShape } from "../../../datasets/shape.ts";
import type { PublicBatch } from "../../../runtime/batch/index.ts";
import { AnonymousRows } from "./anonymous-rows.ts";
import { anonymousShape } from "./anonymous-table.ts";
import { Classes } from "./classes.ts";
import type { AnonymousPolicy, BelowPolicy } from "./policy.ts";
import { type Counted, refusalOf, reportOf } from "./report-of.ts";
import { otherStep, type Roles, rolesOf } from "./roles.ts";
import { searchNode } from "./search.ts";
import { partsOf, TuplePacker } from "./tuple-packer.ts";
import type { TimeRange } from "./whole-hours.ts";

export interface AnonymizingOptions extends TimeRange {
  readonly policy: AnonymousPolicy;
  /** A folder of the export's own, where rows are kept when they are too many for the memory. */
  readonly workFolder: string;
  /** Classes that are counted at the most. Default MAX_CLASSES. */
  readonly maxClasses?: number;
  /** What rows may take in memory before they go to the work folder. Default 4 MiB. */
  readonly bufferBytes?: number;
}

export class Anonymizing {
  readonly #shape: TableShape;
  readonly #options: AnonymizingOptions;
  readonly #roles: Roles;
  readonly #classes: Classes;
  readonly #keys: TuplePacker;
  readonly #values: readonly TuplePacker[];

  /**
   * @param shape of the rows that come; only its own columns count
   * @throws RangeError for a policy that is none
   */
  constructor(shape: TableShape, options: AnonymizingOptions) {
    const { k, maxSuppressed } = options.policy;
    if (!(Number.isInteger(k) && k >= 2 && maxSuppressed >= 0 && maxSuppressed <= 1)) {
      throw new RangeError(
        `expected a whole k from 2 and a share from 0 to 1; came ${k} and ${maxSuppressed}`,
      );
    }
    this.#shape = shape;
    this.#options = options;
    this.#roles = rolesOf(shape);
    const { quasi, sensitive } = this.#roles;
    const steps = quasi.map(({ column, steps }) => ({ type: column.field.type, steps }));
    this.#classes = new Classes(steps, sensitive.length, options.maxClasses);
    this.#keys = new TuplePacker(
      quasi.map(({ column: { name, field }, steps }) => ({ name, type: field.type, steps: [steps[0]!] })),
    );
    this.#values = sensitive.map(
      (column) =>
        new TuplePacker([{ name: column.name, type: column.field.type, steps: [otherStep(column)] }]),
    );
  }

  /** Counts rows that are wanted. */
  observe(batch: PublicBatch, run: RowRun): void {
    for (const part of partsOf(run)) {
      const values = this.#values.map((packer) => packer.pack(batch, part));
      this.#classes.add(this.#keys.pack(batch, part), part.to - part.from, values);
    }
  }

  /** Counts rows of the time range that a filter leaves out: they are of the population. */
  observeOthers(batch: PublicBatch, run: RowRun): void {
    for (const part of partsOf(run)) this.#classes.add(this.#keys.pack(batch, part), part.to - part.from);
  }

  /**
   * What is generalized how far and which rows are left out, or why the policy cannot be kept. To be called once, when all
   * rows have been observed.
   */
  decide(): AnonymousRows | BelowPolicy {
    const { workFolder, bufferBytes } = this.#options;
    const found = searchNode(this.#classes, this.#options.policy);
    const shape = anonymousShape(this.#shape, (name) => this.#stepsOf(name)?.at(-1));
    const counted: Counted = {
      shape: this.#shape,
      result: shape,
      options: this.#options,
      roles: this.#roles,
      classes: this.#classes,
      found,
    };
    const refusal = refusalOf(counted);
    if (refusal !== undefined) return refusal;
    const rows = shape.publicColumns.map(({ name, field }) => ({
      name,
      type: field.type,
      steps: this.#stepsOf(name) ?? [],
    }));
    return new AnonymousRows({
      shape,
      report: reportOf(counted),
      classes: this.#classes,
      keys: this.#keys,
      rows: new TuplePacker(rows),
      workFolder,
      ...(bufferBytes === undefined ? {} : { bufferBytes }),
    });
  }

  /** What is done to a column, one step after the other; undefined when it does not leave. */
  #stepsOf(name: string): readonly GeneralizationStep[] | undefined {
    const cell = this.#roles.quasi.findIndex(({ column }) => column.name === name);
    if (cell >= 0) {
      const taken = this.#roles.quasi[cell]!.steps.slice(0, this.#classes.levels[cell]! + 1);
      return taken.at(-1) === "removed" ? undefined : taken;
    }
    const other = this.#roles.others.find((column) => column.name === name);
    return other === undefined ? undefined : [otherStep(other)];
  }
}
