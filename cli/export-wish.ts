/** What `millrace export` was asked for: which files, each made of what. Decided before anything is opened or written. */

import { existsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { Compression, ExportFormatName, Profile } from "../actors/exporter/order.ts";
import { EXPORT_FORMATS } from "../actors/exporter/order.ts";
import type { ExportRangeOptions } from "../api/store-client.ts";
import { datasets } from "../datasets/index.ts";
import { datasetsWithExport, namedExport, namedRows } from "../datasets/named-export.ts";
import type { NamedExport } from "../datasets/spec.ts";
import { exportName } from "../http/export-name.ts";
import { timeSpan } from "../http/time-span.ts";
import type { Given } from "./command.ts";
import { usageError } from "./exit-codes.ts";
import { unknownName } from "./unknown-name.ts";

export interface ExportWish {
  /** One file, or with --all one of each dataset. */
  readonly exports: readonly Omit<ExportRangeOptions, "onProgress" | "signal">[];
  /** The folder that --all writes into; it may have to be made. */
  readonly folder: string | undefined;
  /** The file goes to standard output. */
  readonly toStdout: boolean;
}

const STDOUT = "-";
const TRAINING = "training";
const OF_STREAMS = ["port", "transport"] as const;

/** @throws CommandEnd that names the option that is wrong */
export function exportWish(given: Given, nowMs: number): ExportWish {
  const live = OF_STREAMS.find((name) => given.text(name) !== undefined);
  if (live !== undefined) throw usageError(`--${live}: expected it with --stream; came without`);
  const output = given.text("output");
  if (output === undefined) {
    throw usageError("--output: expected the file to write, or - for standard output; came nothing");
  }
  const isAll = given.flag("all");
  const dataset = given.text("dataset");
  const names = datasets.map(({ name }) => name);
  if (isAll === (dataset !== undefined)) {
    const came = isAll ? "both" : "neither";
    throw usageError(`--dataset: expected one of ${names.join(", ")}, or --all in its place; came ${came}`);
  }
  if (dataset !== undefined && !names.includes(dataset)) throw unknownName("--dataset", dataset, names);
  const toStdout = output === STDOUT;
  if (isAll && toStdout)
    throw usageError("--output: expected a folder, as --all writes several files; came -");
  if (toStdout && given.flag("json")) {
    throw usageError("--json: expected it without --output -, as both write to standard output; came both");
  }
  const training = given.flag("training") ? trainingRows(given, dataset) : undefined;
  const { format, compression } = formatOf(given, output, isAll, training?.format);
  const common = {
    ...rowsOf(given, nowMs, training),
    ...privacyOf(given),
    format,
    force: given.flag("force"),
  };
  const compressed = compression === undefined ? {} : { compression };
  if (dataset !== undefined) {
    const exports = [{ ...common, ...compressed, dataset, output }];
    if (!toStdout) refuseExisting([output], common.force);
    return { exports, folder: undefined, toStdout };
  }
  if (given.text("columns") !== undefined || given.text("where") !== undefined) {
    const option = given.text("columns") === undefined ? "where" : "columns";
    throw usageError(`--${option}: expected it with one dataset, as the columns differ; came with --all`);
  }
  if (statSync(output, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw usageError(`--output: expected a folder, as --all writes several files; ${output} is a file`);
  }
  const ending = endingOf(format, compression);
  const exports = names.map((name) => ({
    ...common,
    ...compressed,
    dataset: name,
    output: join(output, `${name}.${ending}`),
  }));
  refuseExisting(
    exports.map((options) => options.output),
    common.force,
  );
  return { exports, folder: output, toStdout };
}

/** What the dataset declares for training. */
function trainingRows(given: Given, dataset: string | undefined): NamedExport {
  const known = dataset === undefined ? undefined : namedExport(dataset, TRAINING);
  if (known === undefined) {
    const expected = `expected it with --dataset ${datasetsWithExport(TRAINING).join(" or ")}`;
    throw usageError(`--training: ${expected}; came ${dataset ?? "--all"}, which declares no training set`);
  }
  const other = ["columns", "where"].find((name) => given.text(name) !== undefined);
  if (other !== undefined) {
    throw usageError(`--${other}: expected it without --training, which says it; leave one of them out`);
  }
  return known;
}

function formatOf(given: Given, output: string, isAll: boolean, usual: ExportFormatName | undefined) {
  const named = isAll ? undefined : exportName(basename(output));
  const text = given.text("format");
  if (text !== undefined && !isFormat(text)) throw unknownName("--format", text, EXPORT_FORMATS);
  const format = text ?? named?.format ?? usual;
  if (format === undefined) {
    throw usageError(
      `--format: expected one of ${EXPORT_FORMATS.join(", ")}, or an --output whose name ends in one; came nothing`,
    );
  }
  // Which of them the format allows is for the exporter to say.
  const compression = (given.text("compression") ?? named?.compression) as Compression | undefined;
  return { format: format as ExportFormatName, compression };
}

function rowsOf(given: Given, nowMs: number, training: NamedExport | undefined) {
  const [hours, from, to] = ["hours", "from", "to"].map((name) => given.text(name));
  const named = training === undefined ? undefined : namedRows(training);
  const isOpen = hours === undefined && from === undefined;
  const span = timeSpan({ hours: isOpen ? named?.hours : hours, from, to }, nowMs);
  if (!span.ok) throw usageError(`--${span.parameter}: expected ${span.expected}; came ${span.came}`);
  const columns = given.text("columns");
  const where = given.text("where");
  const newest = given.number("newest") ?? named?.newest;
  return {
    from: span.fromMs,
    to: span.toMs,
    ...(newest === undefined ? {} : { newest }),
    ...(named === undefined ? {} : { columns: named.columns, where: named.where }),
    ...(columns === undefined ? {} : { columns: columns.split(",").map((name) => name.trim()) }),
    ...(where === undefined ? {} : { where }),
  };
}

function privacyOf(given: Given) {
  const asked = given.text("profile");
  const profile = given.flag("anonymize") ? "anonymous" : asked;
  if (asked !== undefined && asked !== profile) {
    throw usageError(`--profile: expected anonymous beside --anonymize; came ${JSON.stringify(asked)}`);
  }
  const k = given.number("k");
  const maxSuppressed = given.number("max-suppressed");
  if (profile !== "anonymous" && (k !== undefined || maxSuppressed !== undefined)) {
    const option = k === undefined ? "max-suppressed" : "k";
    throw usageError(`--${option}: expected it with --anonymize; came alone`);
  }
  return {
    ...(profile === undefined ? {} : { profile: profile as Profile }),
    ...(k === undefined ? {} : { k }),
    ...(maxSuppressed === undefined ? {} : { maxSuppressed }),
  };
}

function refuseExisting(paths: readonly string[], force: boolean): void {
  const there = force ? undefined : paths.find((path) => existsSync(path));
  if (there === undefined) return;
  throw usageError(`--output: ${there} is there already; choose another, or replace it with --force`);
}

function endingOf(format: ExportFormatName, compression: Compression | undefined): string {
  if (format === "parquet" || compression === undefined || compression === "none") return format;
  return `${format}.${compression === "gzip" ? "gz" : "zst"}`;
}

function isFormat(text: string): text is ExportFormatName {
  return EXPORT_FORMATS.some((format) => format === text);
}
