/**
 * "Suppress, then generalize": at the present node the rows of classes that are too small are left out. When they are few
 * enough, that is the result; else the quasi-identifier with the most distinct values goes a step up, and the classes are
 * counted again. It ends, as every quasi-identifier has a last step.
 */

import type { Classes } from "./classes.ts";
import type { AnonymousPolicy } from "./policy.ts";

export interface Found {
  readonly considered: number;
  readonly suppressed: number;
  /** Whether the policy is kept at the node that the classes are at now. */
  readonly kept: boolean;
}

/** Coarsens the classes until the policy is kept, or they are as coarse as they can be. */
export function searchNode(classes: Classes, { k, maxSuppressed }: AnonymousPolicy): Found {
  for (;;) {
    const [considered, suppressed] = suppressedRows(classes, k);
    // A file of no rows keeps every policy and is of no use: the next node may have some.
    const kept =
      !classes.tooMany && suppressed < considered && isAllowed(suppressed, considered, maxSuppressed);
    const cell = kept ? -1 : classes.mostDistinct();
    if (cell < 0) return { considered, suppressed, kept };
    classes.coarsen(cell);
  }
}

/** The largest k that is kept at this node with so many rows left out; 0 when no row is there. */
export function largestK(classes: Classes, maxSuppressed: number): number {
  const sizes = wantedSizes(classes).sort();
  const considered = sizes.reduce((sum, size) => sum + size, 0);
  let suppressed = 0;
  for (const size of sizes) {
    if (!isAllowed(suppressed + size, considered, maxSuppressed) || suppressed + size === considered) {
      return size;
    }
    suppressed += size;
  }
  return 0;
}

function suppressedRows(classes: Classes, k: number): readonly [considered: number, suppressed: number] {
  let [considered, suppressed] = [0, 0];
  for (const size of wantedSizes(classes)) {
    considered += size;
    if (size < k) suppressed += size;
  }
  return [considered, suppressed];
}

function wantedSizes(classes: Classes): Float64Array {
  const sizes = Float64Array.from({ length: classes.size }, (_, index) => classes.rowsOf(index));
  return sizes.filter((size) => size > 0);
}

/** As a quotient: 29 of 100 are not more than 0.29, which their product would be. */
function isAllowed(suppressed: number, considered: number, maxSuppressed: number): boolean {
  return considered > 0 && suppressed / considered <= maxSuppressed;
}
