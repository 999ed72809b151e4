/** How large the log of rows grows. */

import { z } from "zod";
import { byteSize } from "../runtime/config.ts";

export const recorderSettings = z.object({
  segmentBytes: byteSize({ minBytes: 2 ** 20, maxBytes: 2 ** 30 })
    .default(64 * 2 ** 20)
    .describe("Size at which a segment of the log is closed and the next begun."),
  keepBytes: byteSize({ minBytes: 2 ** 22, maxBytes: 2 ** 44 })
    .default(4 * 2 ** 30)
    .describe(
      "Size of the whole log; beyond it the oldest segments go, and with them what could not be moved into the lake.",
    ),
});
