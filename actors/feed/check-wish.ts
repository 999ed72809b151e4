/**
 * What a subscription may be, whoever asks for it: the feed, an address or a message over HTTP, an outlet. Each says what is wrong in its
 * own terms. Whether columns and filter fit a dataset is for the broadcaster to say.
 */

import type { TapSpec } from "../broadcaster/protocol.ts";
import { type Refused, refuse } from "../refused.ts";
import type { Subscription, SubscriptionChange, WhenFull } from "./subscription.ts";

export type Wish = Pick<Subscription, "datasets" | "format" | "framing" | "columns" | "whenFull">;
type Form = Pick<Subscription, "format" | "framing">;

/** What is wrong: with which part, what was expected there, what came. */
export interface WishFault {
  readonly rule: "known-dataset" | "each-once" | "one-schema" | "no-drops" | "own-columns" | "same-columns";
  readonly part: "datasets" | "columns" | "whenFull";
  readonly expected: string;
  readonly came: string;
}

/** Characters of a name that came which are repeated. */
const ECHO_CHARACTERS = 80;

/**
 * @param known names of all datasets
 * @returns undefined when it is good
 */
export function wishFault(wish: Wish, known: readonly string[]): WishFault | undefined {
  const { datasets, whenFull } = wish;
  const wrong = datasets.find((name, index) => !known.includes(name) || datasets.indexOf(name) !== index);
  if (wrong !== undefined || datasets.length === 0) {
    return {
      rule: wrong === undefined || known.includes(wrong) ? "each-once" : "known-dataset",
      part: "datasets",
      expected: `some of ${known.join(", ")}, each once`,
      came: wrong === undefined ? "none" : JSON.stringify(wrong.slice(0, ECHO_CHARACTERS)),
    };
  }
  if (isArrowStream(wish) && datasets.length > 1) {
    const expected = "one, as an Arrow stream has one schema";
    return { rule: "one-schema", part: "datasets", expected, came: `${datasets.length}` };
  }
  if (isArrowStream(wish) && whenFull !== "disconnect") {
    const expected = "disconnect, as an Arrow stream cannot tell of dropped rows";
    return { rule: "no-drops", part: "whenFull", expected, came: whenFull };
  }
  return columnsFault(datasets, wish.columns);
}

/** @returns undefined when it can be changed so while it goes on */
export function changeFault(
  wish: Wish,
  now: TapSpec,
  { columns }: SubscriptionChange,
): WishFault | undefined {
  if (isArrowStream(wish) && JSON.stringify(now.columns) !== JSON.stringify(columns)) {
    const expected = "those that the Arrow stream began with";
    return { rule: "same-columns", part: "columns", expected, came: "others; open another stream" };
  }
  return columnsFault(wish.datasets, columns);
}

/** A fault as a refusal, which names the part. */
export function wishRefusal({
  rule,
  part,
  expected,
  came,
}: WishFault): Refused<"unknown-dataset" | "bad-option"> {
  const reason = rule === "known-dataset" ? "unknown-dataset" : "bad-option";
  return refuse(reason, `${part}: expected ${expected}; came ${came}`);
}

/** An Arrow stream cannot tell of rows that were dropped, and so is ended; a message is whole by itself. */
export function usualWhenFull(form: Form): WhenFull {
  return isArrowStream(form) ? "disconnect" : "drop-oldest";
}

/** All rows in one stream, of one schema, with nothing between them. */
function isArrowStream({ format, framing }: Form): boolean {
  return format === "arrow" && framing === "raw";
}

function columnsFault(datasets: readonly string[], columns: readonly string[] | null): WishFault | undefined {
  if (columns === null || datasets.length === 1) return undefined;
  const came = `${datasets.length} datasets`;
  return { rule: "own-columns", part: "columns", expected: "them with one dataset, whose they are", came };
}
