/**
 * What happened in a run, in order: a line for each thing that an actor did, that went wrong, or that was done to the system. Two
 * runs are the same when their hashes are.
 */

const FNV_PRIME = 0x01000193;
const FNV_OFFSET = 0x811c9dc5;

export class Trace {
  readonly #print: ((line: string) => void) | undefined;
  readonly #now: () => string;
  #hash = FNV_OFFSET;
  #steps = 0;

  /** @param now what time it is in the run, for the lines; @param print default: lines are not kept, only their hash is */
  constructor(now: () => string, print?: (line: string) => void) {
    this.#now = now;
    this.#print = print;
  }

  /** Steps of actors so far. */
  get steps(): number {
    return this.#steps;
  }

  /** FNV-1a of all that was noted, 8 hexadecimal digits. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** An actor is to do its next thing. */
  step(actor: string): void {
    this.#steps++;
    this.#add(actor);
    this.#print?.(`${this.#now()} ${actor}`);
  }

  /** Something within a step, or done from outside. */
  note(what: string): void {
    this.#add(what);
    this.#print?.(`${this.#now()}   ${what}`);
  }

  #add(text: string): void {
    let hash = this.#hash;
    for (let index = 0; index < text.length; index++) {
      hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
    }
    this.#hash = Math.imul(hash ^ 10, FNV_PRIME);
  }
}
