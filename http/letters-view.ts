/** Dead letters as they are told over HTTP: times are ISO 8601. */

import { z } from "zod";
import type { DeadLetter, LettersListed } from "../actors/dead-letters/protocol.ts";
import { REJECTION_REASONS } from "../datasets/rejection.ts";
import { count, moment } from "./schemas.ts";

export interface LetterView extends Omit<DeadLetter, "atMs"> {
  readonly at: string;
}

export interface LettersView extends Omit<LettersListed, "ok" | "letters"> {
  readonly letters: readonly LetterView[];
  /** `before` of the next page; null: there is none. */
  readonly next: number | null;
}

const LETTER_VIEW = z
  .object({
    id: z.int().describe("Numbered from 1 on, never again."),
    dataset: z.string(),
    at: moment().describe("When it was refused."),
    reason: z.enum(REJECTION_REASONS),
    column: z.string().nullable().describe("Null: the row as a whole, or a column that is not declared."),
    expected: z.string(),
    got: z.string().describe("What came, without a text of its sender."),
    row: z
      .record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()]))
      .nullable()
      .describe(
        "The row by declared name, identifiers as pseudonyms. Null: it may have held what nobody declared, and only the reason was kept.",
      ),
  })
  .meta({ id: "DeadLetter" });

export const LETTERS_VIEW = z
  .object({
    letters: z.array(LETTER_VIEW).describe("The latest first."),
    next: z.int().nullable().describe("`before` of the next page. Null: there is none."),
    total: count().describe("Of those that were chosen."),
    replayable: count().describe("Of these, those whose rows were kept."),
    counts: z.array(z.object({ dataset: z.string(), reason: z.enum(REJECTION_REASONS), letters: count() })),
    forgotten: count().describe(
      "Letters that had to go for newer ones, by their age or for want of room, and refused rows of which none was made.",
    ),
  })
  .meta({ id: "DeadLetters" });

/** @param limit that was asked for */
export function lettersView({ letters, ok: _, ...rest }: LettersListed, limit: number): LettersView {
  const next = letters.length === limit ? (letters.at(-1)?.id ?? null) : null;
  return { letters: letters.map(letterView), next, ...rest };
}

function letterView({ atMs, ...letter }: DeadLetter): LetterView {
  const { id, dataset, ...rest } = letter;
  return { id, dataset, at: new Date(atMs).toISOString(), ...rest };
}
