/**
 * Parquet. Rows are encoded by the row group; where an export equals what lies in the lake, its row groups are copied. The
 * file's metadata has what the export is under the key `millrace`, as JSON.
 */

import { ParquetWriter } from "../../store/parquet/parquet-writer.ts";
import type { Format } from "../format.ts";
import { notesText } from "./notes.ts";

export const parquet: Format = {
  name: "parquet",
  extension: "parquet",
  contentType: "application/vnd.apache.parquet",
  compressions: ["zstd", "gzip", "none"],
  open({ shape, compression }, sink) {
    const writer = new ParquetWriter(shape, sink, { compression });
    return {
      append: (batch, run) => writer.append(batch, run),
      copy: (group) => group.isWhole && writer.copy(group),
      flush: () => {},
      end: (notes) => writer.end(new Map([["millrace", notesText(notes)]])),
      close: () => {},
    };
  },
};
