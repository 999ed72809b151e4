/** What to tell when an export cannot go on: the store is damaged, or the disk refused. File names may tell who runs this: not told. */

import { type Refused, refuse } from "../refused.ts";
import { StoreDamaged } from "./store-damaged.ts";

/** @throws the error itself when it is a bug of ours */
export function unreadable(error: unknown): Refused<"damaged" | "disk"> {
  if (error instanceof StoreDamaged) return refuse("damaged", error.message);
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) throw error;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return refuse(
      "disk",
      `the disk has no room for what the export needs while it is made (${code}); make room`,
    );
  }
  return refuse("damaged", `the store cannot be read: ${code}`);
}
