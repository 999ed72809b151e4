/** What the program says of itself. */

import { z } from "zod";

export const logSettings = z.object({
  level: z
    .enum(["trace", "debug", "info", "warning", "error"])
    .default("info")
    .describe("Least severe level that is logged."),
  format: z
    .enum(["text", "json"])
    .default("text")
    .describe("Lines for people, or one JSON object a line; both go to standard error."),
});
