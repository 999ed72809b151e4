/** CSV: a header line, then a line a row, as datasets/csv-rows.ts writes them. */

import { createCsvEncoder, csvHeader } from "../../datasets/csv-rows.ts";
import type { Format } from "./format.ts";

export const csv: Format = {
  name: "csv",
  contentType: "text/csv; charset=utf-8; header=present",
  open({ dataset }, sink) {
    const encoder = createCsvEncoder(dataset);
    sink(new TextEncoder().encode(csvHeader(dataset)));
    const flush = () => {
      if (encoder.byteLength > 0) sink(encoder.take());
    };
    return {
      append: (batch, { from, to }) => encoder.append(batch, from, to),
      flush,
      end: flush,
      close: () => {},
    };
  },
};
