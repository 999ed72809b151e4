/** What verifying a store finds. Bounded: a store that is wrong in many places is told to be, not printed. */

/** Something that is wrong. Nobody's machine paths are in it: places are named from the data folder on. */
export interface StoreProblem {
  /** A file, with the byte or row group where that is known: `log/00000003.log, byte 4096`. */
  readonly where: string;
  readonly what: string;
  /** What to do. */
  readonly remedy: string;
}

/** Something that is as it may be, and that one may want to know. */
export interface StoreNote {
  readonly where: string;
  readonly what: string;
}

const MAX_FINDINGS = 1000;

export class Findings {
  readonly problems: StoreProblem[] = [];
  readonly notes: StoreNote[] = [];
  /** Also those that were too many to be kept. */
  problemCount = 0;
  #noteCount = 0;

  problem(where: string, what: string, remedy: string): void {
    this.problemCount++;
    if (this.problemCount <= MAX_FINDINGS) this.problems.push({ where, what, remedy });
  }

  note(where: string, what: string): void {
    this.#noteCount++;
    if (this.#noteCount <= MAX_FINDINGS) this.notes.push({ where, what });
  }

  /** Says how many were not kept. */
  close(): void {
    const more = (count: number, what: string) =>
      count > MAX_FINDINGS && this.notes.push({ where: ".", what: `${count - MAX_FINDINGS} more ${what}` });
    more(this.problemCount, "problems");
    more(this.#noteCount, "notes");
  }
}

export const BRING_BACK = "bring it back from a copy";
export const READ_ELSEWHERE = "read it with the program that wrote it";
