/** What the command line ends with: the one place that says so, to people and to programs. */

export const DONE = 0;
export const FAILED = 1;
export const USAGE = 2;
const BELOW_POLICY = 3;
export const NOT_FIT = 4;
export const INTERRUPTED = 130;

export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [DONE, "done"],
  [FAILED, "it could not be done"],
  [USAGE, "the command is not right as it stands: an unknown name, a bad time, a file that is there already"],
  [BELOW_POLICY, "the privacy policy is not met; nothing was written"],
  [NOT_FIT, "the data does not pass the validation"],
  [INTERRUPTED, "ended by Ctrl-C; nothing was written"],
];

/** Ends the command: one line for people, and the code. What is expected to happen is thrown as this and nothing else. */
export class CommandEnd extends Error {
  override readonly name = "CommandEnd";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The command is not right as it stands. */
export function usageError(message: string): CommandEnd {
  return new CommandEnd(USAGE, message);
}

const CODE_OF: Readonly<Record<string, number>> = {
  "unknown-dataset": USAGE,
  "unknown-format": USAGE,
  "unknown-column": USAGE,
  "bad-range": USAGE,
  "bad-filter": USAGE,
  "bad-option": USAGE,
  exists: USAGE,
  "no-store": USAGE,
  refused: USAGE,
  "needs-extension": USAGE,
  "below-policy": BELOW_POLICY,
  "no-shadow": USAGE,
  cancelled: INTERRUPTED,
};

/** What a refusal ends the command with. Reasons that are not the asker's to mend are failures. */
export function refusalEnd({
  reason,
  message,
}: {
  readonly reason: string;
  readonly message: string;
}): CommandEnd {
  return new CommandEnd(CODE_OF[reason] ?? FAILED, message);
}
