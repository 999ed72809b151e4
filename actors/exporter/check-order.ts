/**
 * Whether an order can be carried out, decided before anything is read or written: every door asks this and says the same.
 *
 * Messages say what was expected, what came, and what to do, in the words of the order and not of one door's flags.
 */

import type { Dataset } from "../../datasets/define.ts";
import { datasets as allDatasets } from "../../datasets/index.ts";
import { MAX_MOMENT_MS, MIN_MOMENT_MS } from "../../datasets/moment-text.ts";
import { type Predicate, parsePredicate } from "../../datasets/predicate.ts";
import { chooseColumns, type TableShape, unknownColumn } from "../../datasets/shape.ts";
import { refuse } from "../refused.ts";
import { type AnonymousPolicy, DEFAULT_POLICY, unfilterableColumn } from "./anonymous/index.ts";
import type { Format } from "./format.ts";
import { contentTypeOf, FORMATS, fileExtension, formatNamed } from "./formats/index.ts";
import {
  type Compression,
  type ExportOrder,
  MAX_NEWEST,
  type OrderRefused,
  PROFILES,
  type Profile,
} from "./order.ts";

/** Bounds of `k`. */
const MIN_K = 2;
export const MAX_K = 1000;
/** Longest piece of what was given that a message repeats. */
const ECHO_CHARACTERS = 60;

/** An order that can be carried out, with all that it left open filled in. */
export interface ExportPlan {
  readonly order: ExportOrder;
  readonly dataset: Dataset;
  /** The dataset with only the columns that are wanted. */
  readonly shape: TableShape;
  readonly format: Format;
  readonly fromMs: number;
  readonly toMs: number;
  readonly where: Predicate | undefined;
  /** Only so many rows, the latest first; undefined: all. */
  readonly newest: number | undefined;
  readonly compression: Compression;
  readonly profile: Profile;
  /** What the anonymous profile must keep; undefined for the other one. */
  readonly policy: AnonymousPolicy | undefined;
  /** For a Content-Disposition header: letters, digits, `-`, `_` and `.` only. */
  readonly fileName: string;
  readonly contentType: string;
}

export type CheckedOrder = { readonly ok: true; readonly plan: ExportPlan } | OrderRefused;

/** Pure. @param datasets those that there are; default: all that are declared */
export function checkOrder(order: ExportOrder, datasets: readonly Dataset[] = allDatasets): CheckedOrder {
  const dataset = datasets.find(({ name }) => name === order.dataset);
  if (dataset === undefined) {
    return refuse("unknown-dataset", `expected a dataset: ${names(datasets)}; came ${echo(order.dataset)}`);
  }
  const format = formatNamed(order.format);
  if (format === undefined) {
    return refuse("unknown-format", `expected a format: ${names(FORMATS)}; came ${echo(order.format)}`);
  }
  const fault = columnFault(order, dataset) ?? rangeFault(order) ?? optionFault(order, format);
  if (fault !== undefined) return fault;
  const where = order.where === undefined ? undefined : parsePredicate(order.where, dataset);
  if (where?.ok === false) return refuse("bad-filter", where.message);
  const compression = (order.compression ?? format.compressions[0] ?? "none") as Compression;
  const profile = (order.profile ?? PROFILES[0]) as Profile;
  const { k = DEFAULT_POLICY.k, maxSuppressed = DEFAULT_POLICY.maxSuppressed } = order;
  const hidden =
    profile === "anonymous" ? unfilterableColumn(dataset, where?.predicate.columns ?? []) : undefined;
  if (hidden !== undefined) {
    return refuse(
      "bad-filter",
      `expected a filter on columns that leave as they are in the anonymous profile; came one on ${hidden}, which would tell what the profile takes away: leave it out, or use from and to for times`,
    );
  }
  return {
    ok: true,
    plan: {
      order,
      dataset,
      shape: order.columns === undefined ? dataset : chooseColumns<TableShape>(dataset, order.columns),
      format,
      fromMs: order.fromMs,
      toMs: order.toMs,
      where: where?.predicate,
      newest: order.newest,
      compression,
      profile,
      policy: profile === "anonymous" ? { k, maxSuppressed } : undefined,
      fileName: `${baseName(order)}.${fileExtension(format, compression)}`,
      contentType: contentTypeOf(format, compression),
    },
  };
}

function columnFault({ columns }: ExportOrder, dataset: Dataset): OrderRefused | undefined {
  if (columns === undefined) return undefined;
  const expected = `expected columns of ${dataset.name}: ${names(dataset.publicColumns)}`;
  if (columns.length === 0) {
    return refuse("unknown-column", `${expected}; came none: name at least one, or leave the choice out`);
  }
  const unknown = unknownColumn(dataset, columns);
  if (unknown === undefined) return undefined;
  const isTwice = columns.indexOf(unknown) !== columns.lastIndexOf(unknown);
  const isColumn = dataset.publicColumns.some(({ name }) => name === unknown);
  return refuse("unknown-column", `${expected}; came ${echo(unknown)}${isColumn && isTwice ? " twice" : ""}`);
}

function rangeFault({ fromMs, toMs }: ExportOrder): OrderRefused | undefined {
  if (fromMs < toMs) return undefined;
  return refuse(
    "bad-range",
    `expected a time range with its start before its end; came ${momentOr(fromMs)} to ${momentOr(toMs)}`,
  );
}

function optionFault(order: ExportOrder, format: Format): OrderRefused | undefined {
  const { compression, profile = PROFILES[0], k, maxSuppressed, newest } = order;
  if (compression !== undefined && !format.compressions.some((allowed) => allowed === compression)) {
    return refuse(
      "bad-option",
      `expected a compression that ${format.name} allows: ${format.compressions.join(", ")}; came ${echo(compression)}`,
    );
  }
  if (!PROFILES.some((known) => known === profile)) {
    return refuse("bad-option", `expected a profile: ${PROFILES.join(", ")}; came ${echo(profile)}`);
  }
  if (profile !== "anonymous" && (k !== undefined || maxSuppressed !== undefined)) {
    const given = k === undefined ? "maxSuppressed" : "k";
    return refuse(
      "bad-option",
      `expected ${given} with the profile anonymous only; came the profile ${profile}: ` +
        `ask for the profile anonymous, or leave ${given} out`,
    );
  }
  if (newest !== undefined && profile === "anonymous") {
    return refuse(
      "bad-option",
      "expected newest with the profile pseudonymous only; came the profile anonymous, in which the order of rows tells nothing: leave newest out, or use from and to",
    );
  }
  if (newest !== undefined && !(Number.isInteger(newest) && newest >= 1 && newest <= MAX_NEWEST)) {
    return refuse(
      "bad-option",
      `expected newest to be a whole number of rows from 1 to ${MAX_NEWEST}; came ${newest}`,
    );
  }
  if (k !== undefined && !(Number.isInteger(k) && k >= MIN_K && k <= MAX_K)) {
    return refuse("bad-option", `expected k to be a whole number from ${MIN_K} to ${MAX_K}; came ${k}`);
  }
  if (maxSuppressed !== undefined && !(maxSuppressed >= 0 && maxSuppressed <= 1)) {
    return refuse("bad-option", `expected maxSuppressed to be a share from 0 to 1; came ${maxSuppressed}`);
  }
  return undefined;
}

function baseName({ dataset, fromMs, toMs }: ExportOrder): string {
  const isBounded = fromMs >= MIN_MOMENT_MS || toMs <= MAX_MOMENT_MS;
  return isBounded ? `${dataset}_${compactMoment(fromMs, "start")}_${compactMoment(toMs, "now")}` : dataset;
}

/** ISO 8601's basic form: no character that a file system or a header minds. */
function compactMoment(timeMs: number, unbounded: string): string {
  if (!isMoment(timeMs)) return unbounded;
  return new Date(timeMs).toISOString().replaceAll(/[-:]|\.000/g, "");
}

function momentOr(timeMs: number): string {
  return isMoment(timeMs) ? new Date(timeMs).toISOString() : String(timeMs);
}

function isMoment(timeMs: number): boolean {
  return timeMs >= MIN_MOMENT_MS && timeMs <= MAX_MOMENT_MS;
}

function names(of: readonly { readonly name: string }[]): string {
  return of.map(({ name }) => name).join(", ");
}

/** What was given, in quotes: a piece of it when it is long. */
function echo(text: string): string {
  return JSON.stringify(text.length > ECHO_CHARACTERS ? `${text.slice(0, ECHO_CHARACTERS)}…` : text);
}
