/**
 * The file of tokens, `http.tokensFile`. A line is a token's name, its scopes and the token, with spaces or tabs between them:
 *
 *     # who           may                  with
 *     dashboard       read,control         0c1f…
 *     nightly-export  export               77ab…
 *
 * A line that begins with # is a remark; empty lines are passed over. What is wrong is said by the number of its line and never
 * with a word of it: in a line whose parts are mixed up any word may be the token.
 */

import { SCOPES, type Scope } from "../route.ts";
import { TOKEN, TOKEN_EXPECTED, type TokenGrant } from "./tokens.ts";

/** Tokens in one file. Each request is compared with all of them. */
export const MAX_TOKENS = 256;
/** As no name has a dot, none is that of a setting. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export type TokensRead =
  | { readonly ok: true; readonly grants: readonly TokenGrant[] }
  /** Completes "expected …; came …". */
  | { readonly ok: false; readonly expected: string; readonly came: string };

/** Reads the file's text. All of it is good, or nothing is taken. */
export function parseTokens(text: string): TokensRead {
  const grants: TokenGrant[] = [];
  const lineOf = { names: new Map<string, number>(), tokens: new Map<string, number>() };
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  for (const [index, line] of lines.entries()) {
    const words = line.split(/[ \t]+/).filter((word) => word !== "");
    if (words.length === 0 || words[0]!.startsWith("#")) continue;
    const number = index + 1;
    const fault = (expected: string, came: string): TokensRead => ({
      ok: false,
      expected,
      came: `${came} in line ${number}`,
    });
    const [name, list, token] = words;
    if (name === undefined || list === undefined || token === undefined || words.length > 3) {
      const count = words.length === 1 ? "one word" : `${words.length} words`;
      return fault("lines of a name, its scopes with commas between them, and the token", count);
    }
    if (!NAME.test(name)) return fault("a name of at most 64 letters, digits, - and _", "another name");
    const scopes = readScopes(list);
    if (scopes === undefined) return fault(`scopes of ${SCOPES.join(", ")}, each once`, "another list");
    if (!TOKEN.test(token)) {
      return fault(`a token of ${TOKEN_EXPECTED}`, "another one");
    }
    const [sameName, sameToken] = [lineOf.names.get(name), lineOf.tokens.get(token)];
    if (sameName !== undefined) return fault("names that differ", `the name of line ${sameName} again`);
    if (sameToken !== undefined) return fault("tokens that differ", `the token of line ${sameToken} again`);
    lineOf.names.set(name, number);
    lineOf.tokens.set(token, number);
    grants.push({ name, token, scopes });
    if (grants.length > MAX_TOKENS) return fault(`at most ${MAX_TOKENS} tokens`, "one more");
  }
  if (grants.length === 0) return { ok: false, expected: "at least one token", came: "none" };
  return { ok: true, grants };
}

function readScopes(list: string): readonly Scope[] | undefined {
  const words = list.split(",");
  if (new Set(words).size !== words.length) return undefined;
  const scopes = words.filter((word): word is Scope => (SCOPES as readonly string[]).includes(word));
  return scopes.length === words.length ? scopes : undefined;
}
