/** Names on the command line. */

import { nearestName } from "../runtime/config/nearest.ts";
import { type CommandEnd, usageError } from "./exit-codes.ts";

/** A name that is none of those that there are: with the nearest of them. */
export function unknownName(option: string, came: string, known: readonly string[]): CommandEnd {
  const near = nearestName(came, known);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  return usageError(
    `${option}: expected one of ${known.join(", ")}; came ${JSON.stringify(came.slice(0, 60))}${hint}`,
  );
}
