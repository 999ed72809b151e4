/**
 * What a file's name says of the export in it: `process.csv.gz` is the dataset process, as CSV, compressed with gzip. Read in
 * addresses (`/v1/export/process.csv.gz`) and from where a file is to be written.
 */

import type { Compression, ExportFormatName } from "../actors/exporter/order.ts";

export interface ExportName {
  /** What stands before the last dot, one of a compression not counted. */
  readonly stem: string;
  /** Undefined: no ending, or none that is known. */
  readonly format: ExportFormatName | undefined;
  /** Undefined: the name does not say. */
  readonly compression: Compression | undefined;
}

const FORMATS: Readonly<Record<string, ExportFormatName>> = {
  csv: "csv",
  json: "json",
  jsonl: "jsonl",
  ndjson: "jsonl",
  parquet: "parquet",
  sqlite: "sqlite",
  arrow: "arrow",
  feather: "arrow",
  arrows: "arrows",
};
const COMPRESSIONS: Readonly<Record<string, Compression>> = { gz: "gzip", zst: "zstd" };

/** The endings that are known, without their dots: formats, and what may stand behind them. */
export const FORMAT_ENDINGS = Object.keys(FORMATS);
export const COMPRESSION_ENDINGS = Object.keys(COMPRESSIONS);

/** @param name a file's name, without folders */
export function exportName(name: string): ExportName {
  const [, rest = name, ending = ""] = /^(.*)\.(gz|zst)$/s.exec(name) ?? [];
  const compression = COMPRESSIONS[ending];
  const dot = rest.lastIndexOf(".");
  if (dot < 0) return { stem: rest, format: undefined, compression };
  const last = rest.slice(dot + 1);
  const format = Object.hasOwn(FORMATS, last) ? FORMATS[last] : undefined;
  return { stem: rest.slice(0, dot), format, compression };
}
