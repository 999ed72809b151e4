/** Who asks: by a token, by a session that was opened with one, or anybody as long as no token is known. */

import type { Clock } from "../../runtime/clock.ts";
import { SCOPES } from "../route.ts";
import { FailedTokens } from "./failed-tokens.ts";
import { Sessions } from "./sessions.ts";
import { type Caller, type TokenGrant, tokenCheck } from "./tokens.ts";

export type Identified =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly reason: "wrong-token" }
  /** The token was not looked at. */
  | { readonly ok: false; readonly reason: "too-many-failures"; readonly retryAfterMs: number };

/** Who may do everything, as no token is known. */
const ANYBODY: Caller = { name: null, scopes: new Set(SCOPES) };
/** Who has shown nothing where a token is needed. */
export const NOBODY: Caller = { name: null, scopes: new Set() };

export class Callers {
  readonly tokenNeeded: boolean;
  readonly sessions: Sessions;
  readonly #check: (came: string) => Caller | undefined;
  readonly #failures: FailedTokens;

  constructor(grants: readonly TokenGrant[], clock: Clock) {
    this.tokenNeeded = grants.length > 0;
    this.sessions = new Sessions(clock);
    this.#check = tokenCheck(grants);
    this.#failures = new FailedTokens(clock);
  }

  /** Who asks without a token. */
  get withoutToken(): Caller {
    return this.tokenNeeded ? NOBODY : ANYBODY;
  }

  /** Whose token it is that came from an address. A wrong one is counted. */
  byToken(token: string, address: string | undefined): Identified {
    if (!this.tokenNeeded) return { ok: true, caller: ANYBODY };
    const retryAfterMs = this.#failures.blockedMs(address);
    if (retryAfterMs > 0) return { ok: false, reason: "too-many-failures", retryAfterMs };
    const caller = this.#check(token);
    if (caller !== undefined) return { ok: true, caller };
    this.#failures.add(address);
    return { ok: false, reason: "wrong-token" };
  }
}
