/** How much of refused rows is kept, and for how long. */

export interface LetterBounds {
  /** Bytes of all segments together. */
  readonly maxBytes: number;
  /** Letters that were refused longer ago go. */
  readonly keepMs: number;
}

export const USUAL_LETTERS: LetterBounds = { maxBytes: 16 * 2 ** 20, keepMs: 30 * 86_400_000 };
