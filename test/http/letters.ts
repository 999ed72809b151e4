/** Dead letters as their keeper lists them. */

import type { LettersListed } from "../../actors/dead-letters/protocol.ts";
import { START_MS } from "./support.ts";

export function someLetters(more: Partial<LettersListed> = {}): LettersListed {
  return {
    ok: true,
    letters: [
      {
        ...{ id: 8, dataset: "memory", atMs: START_MS + 1, reason: "unknown-column", column: null },
        ...{ expected: "only the columns a, b", got: "a column that is not declared", row: null },
      },
      {
        ...{ id: 7, dataset: "memory", atMs: START_MS, reason: "bound", column: "used_percent" },
        ...{
          expected: "a number from 0 to 100",
          got: "101",
          row: { used_percent: 101, swap_total_mb: null },
        },
      },
    ],
    total: 12,
    replayable: 11,
    counts: [
      { dataset: "memory", reason: "bound", letters: 11 },
      { dataset: "memory", reason: "unknown-column", letters: 1 },
    ],
    forgotten: 3,
    ...more,
  };
}
