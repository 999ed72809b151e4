/** How much may be pushed. */

import { z } from "zod";
import { pushedDatasets } from "../datasets/index.ts";
import { eachDataset } from "./kinds.ts";

export const ingestSettings = z.object({
  rowsPerSecond: eachDataset(
    ({ name }) =>
      z
        .int()
        .min(0)
        .max(1_000_000_000)
        .default(0)
        .describe(
          `Rows of ${name} that may be pushed a second, on the whole; who brings more is told to wait. 0: any number.`,
        ),
    pushedDatasets,
  ),
});
