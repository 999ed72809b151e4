/** Which rows of which dataset a report is to be of, as the commands of reports are given it. */

import { datasets } from "../datasets/index.ts";
import { type Spans, type SpansInput, spansOf } from "../http/quality-input.ts";
import type { Given } from "./command.ts";
import { usageError } from "./exit-codes.ts";
import { TIME_ARGS } from "./time-args.ts";
import { unknownName } from "./unknown-name.ts";

export const SPAN_ARGS = {
  dataset: {
    type: "string",
    valueHint: "name",
    description: "Dataset, such as compression_telemetry",
  },
  ...TIME_ARGS,
} as const;

/** @param names that may be given @throws CommandEnd when none of them is */
export function datasetOf(given: Given, names: readonly string[] = datasets.map(({ name }) => name)): string {
  const dataset = given.text("dataset");
  if (dataset === undefined) {
    throw usageError(`--dataset: expected one of ${names.join(", ")}; came nothing`);
  }
  if (!datasets.some(({ name }) => name === dataset)) throw unknownName("--dataset", dataset, names);
  return dataset;
}

/** @param earlier the time that is compared with; default: none @throws CommandEnd that names the option */
export function givenSpans(
  given: Given,
  nowMs: number,
  earlier: Pick<SpansInput, "againstHours" | "againstFrom" | "againstTo"> = {},
): Spans & { readonly ok: true } {
  const spans = spansOf(
    { hours: given.text("hours"), from: given.text("from"), to: given.text("to"), ...earlier },
    nowMs,
  );
  if (spans.ok) return spans;
  throw usageError(`--${optionOf(spans.parameter)}: expected ${spans.expected}; came ${spans.came}`);
}

/** `maxMissing` is `--max-missing`. */
export function optionOf(parameter: string): string {
  return parameter.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** As it stands behind a count of rows. */
export function spanText({
  fromMs,
  toMs,
}: {
  readonly fromMs: number | null;
  readonly toMs: number | null;
}): string {
  if (fromMs === null) return toMs === null ? "of all times" : `until ${momentText(toMs)}`;
  return toMs === null ? `from ${momentText(fromMs)}` : `from ${momentText(fromMs)} to ${momentText(toMs)}`;
}

/** To the second. */
export function momentText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
