/** The lake's files as they are: Parquet, as small as can be. */

import { openParquet } from "../parquet/open-parquet.ts";
import { lakeOptions, ParquetWriter } from "../parquet/parquet-writer.ts";
import type { LakeCodec } from "./lake-codec.ts";

export const parquetCodec: LakeCodec = {
  encode: (shape, sink) => new ParquetWriter(shape, sink, lakeOptions(shape)),
  open: openParquet,
};
