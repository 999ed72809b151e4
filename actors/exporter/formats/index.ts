/** Every format there is. To add one: a file beside this one, and its name here and in ../order.ts. */

import type { Format } from "../format.ts";
import type { Compression } from "../order.ts";
import { arrow, arrows } from "./arrow.ts";
import { csv } from "./csv.ts";
import { json } from "./json.ts";
import { jsonl } from "./jsonl.ts";
import { parquet } from "./parquet.ts";
import { sqlite } from "./sqlite.ts";

export const FORMATS: readonly Format[] = [csv, json, jsonl, parquet, sqlite, arrow, arrows];

/** Extensions of files that are compressed as a whole. Parquet compresses within, and keeps its name. */
const SUFFIXES: Readonly<Record<Compression, string>> = { none: "", gzip: ".gz", zstd: ".zst" };
const COMPRESSED_TYPES: Readonly<Record<Compression, string | undefined>> = {
  none: undefined,
  gzip: "application/gzip",
  zstd: "application/zstd",
};

export function formatNamed(name: string): Format | undefined {
  return FORMATS.find((format) => format.name === name);
}

/** Without the first dot: `csv`, `csv.gz`, `parquet`. */
export function fileExtension(format: Format, compression: Compression): string {
  return `${format.extension}${isWrapped(format) ? SUFFIXES[compression] : ""}`;
}

/** Of the bytes as they are, so that a client that is asked to keep them as a file keeps just these. */
export function contentTypeOf(format: Format, compression: Compression): string {
  return (isWrapped(format) ? COMPRESSED_TYPES[compression] : undefined) ?? format.contentType;
}

/** Whether a compression is put around the file; else it is the format's own. */
function isWrapped({ name }: Format): boolean {
  return name !== "parquet";
}
