/** What a tap's wish comes to: the dataset, the filter and the encoder that its rows go through, live and when replayed. */

import type { Dataset } from "../../datasets/define.ts";
import { type Predicate, parsePredicate } from "../../datasets/predicate.ts";
import { createRecordEncoder, type RecordEncoder } from "../../datasets/records/index.ts";
import type { RowRun } from "../../datasets/row-run.ts";
import { unknownColumn } from "../../datasets/shape.ts";
import type { PublicBatch } from "../../runtime/batch/index.ts";
import { type Refused, refuse } from "../refused.ts";
import type { TapRefusal, TapSpec } from "./protocol.ts";

export interface TapEncoding {
  readonly ok: true;
  readonly dataset: Dataset;
  readonly encoder: RecordEncoder;
  /** Public columns that rows are read for: those that leave and those that the filter looks at. */
  readonly columns: readonly string[];
  /** Those of the rows `run` of a batch that are wanted, ascending. */
  wanted(batch: PublicBatch, run: RowRun): readonly RowRun[];
}

/** Checks a wish. One encoding serves one tap or one replay: it holds buffers. */
export function openTapEncoding(
  { dataset: name, format, framing, columns, where, positions }: TapSpec,
  datasets: readonly Dataset[],
): TapEncoding | Refused<TapRefusal> {
  const dataset = datasets.find((candidate) => candidate.name === name);
  if (dataset === undefined) {
    const names = datasets.map((known) => known.name).join(", ");
    return refuse("unknown-dataset", `dataset: expected one of ${names}; came ${shown(name)}`);
  }
  const all = dataset.publicColumns.map((column) => column.name);
  const unknown = columns === null ? undefined : unknownColumn(dataset, columns);
  if (unknown !== undefined || columns?.length === 0) {
    const came = unknown === undefined ? "none" : shown(unknown);
    return refuse("unknown-column", `columns: expected some of ${all.join(", ")}, each once; came ${came}`);
  }
  let filter: Predicate | undefined;
  if (where !== null) {
    const parsed = parsePredicate(where, dataset);
    if (!parsed.ok) return refuse("bad-filter", `where: ${parsed.message}`);
    filter = parsed.predicate;
  }
  const leaving = columns ?? all;
  return {
    ok: true,
    dataset,
    encoder: createRecordEncoder(dataset, { format, framing, columns, ids: positions ? "next" : "row" }),
    columns: [...new Set([...leaving, ...(filter?.columns ?? [])])],
    wanted: (batch, run) => (filter === undefined ? [run] : filter.runs(batch, run)),
  };
}

const SHOWN_CHARACTERS = 80;

function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text);
}
