/** An answer of no that was to be expected: it is returned, and says which kind of no it is. */

export interface Refused<Reason extends string> {
  readonly ok: false;
  readonly reason: Reason;
  /** For people: what was expected, what came, what to do. */
  readonly message: string;
}

export function refuse<Reason extends string>(reason: Reason, message: string): Refused<Reason> {
  return { ok: false, reason, message };
}
