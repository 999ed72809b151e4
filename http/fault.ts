/** What is wrong with something that was given: which part of it, what was expected there, what came. */

export interface Fault {
  readonly ok: false;
  /** The parameter or the field by its name. */
  readonly parameter: string;
  readonly expected: string;
  readonly came: string;
}

/** Characters of a value that came which are repeated. */
const ECHO_CHARACTERS = 80;

export function fault(parameter: string, expected: string, what: string): Fault {
  return { ok: false, parameter, expected, came: what };
}

/** A value that came, as a message may repeat it: a text is quoted and cut, of a list or an object only its kind is told. */
export function came(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return echo(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

export function echo(text: string): string {
  return JSON.stringify(shorten(text, ECHO_CHARACTERS));
}

export function shorten(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters)}…`;
}
