/**
 * Sessions of browsers, which cannot send a token with an event stream, a WebSocket or a download. Who shows a token gets a
 * random id of 256 bits; of it only the hash is kept, with what the token is good for, until it is closed or its time is over.
 * The ids end with the process.
 *
 * An id is looked up by its hash, so that how long it takes tells nothing of the ids that there are.
 */

import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../runtime/clock.ts";
import type { Caller } from "./tokens.ts";

export const SESSION_MS = 12 * 3_600_000;
/**
 * Sessions that there may be at once. A further one ends the oldest of the same token, if it has any: who has one token cannot
 * sign others out.
 */
export const MAX_SESSIONS = 64;
const ID_BYTES = 32;

interface Session {
  readonly caller: Caller;
  readonly expiresMs: number;
}

export class Sessions {
  readonly #clock: Pick<Clock, "nowMs">;
  /** By the hash of its id, oldest first. */
  readonly #sessions = new Map<string, Session>();

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  /** @returns the id, which is told once and kept nowhere */
  open(caller: Caller): string {
    const nowMs = this.#clock.nowMs();
    for (const [key, { expiresMs }] of this.#sessions) if (expiresMs <= nowMs) this.#sessions.delete(key);
    if (this.#sessions.size >= MAX_SESSIONS) this.#sessions.delete(this.#oldestOf(caller.name));
    const id = randomBytes(ID_BYTES).toString("base64url");
    this.#sessions.set(hash(id), { caller, expiresMs: nowMs + SESSION_MS });
    return id;
  }

  /** Whose session it is; undefined: there is none, or none any more. */
  callerOf(id: string): Caller | undefined {
    const key = hash(id);
    const session = this.#sessions.get(key);
    if (session === undefined) return undefined;
    if (session.expiresMs > this.#clock.nowMs()) return session.caller;
    this.#sessions.delete(key);
    return undefined;
  }

  close(id: string): void {
    this.#sessions.delete(hash(id));
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** Of a token, else of all: of one or more. */
  #oldestOf(name: string | null): string {
    const entries = [...this.#sessions];
    const own = entries.find(([, session]) => session.caller.name === name);
    return (own ?? entries[0]!)[0];
  }
}

function hash(id: string): string {
  return createHash("sha256").update(id, "utf8").digest("base64url");
}
