/** Where everything is kept. */

import { z } from "zod";

export const dataSettings = z.object({
  dir: z.string().min(1).max(4096).default("data").describe("Folder of the log and the key."),
});
