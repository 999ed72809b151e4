/** The file of tokens: what it holds is read as it was written, and what is wrong is told without a word of it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_TOKENS, parseTokens } from "../../../http/guard/tokens-file.ts";
import { SCOPES, type Scope } from "../../../http/route.ts";

const SEED = 20_261_122;
const TOKEN = "0123456789abcdef";

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
const token = fc.stringMatching(/^[\x21-\x7e]{16,64}$/);
const scopes = fc.subarray([...SCOPES], { minLength: 1 });
const grants = fc
  .uniqueArray(fc.record({ name, token, scopes }, { noNullPrototype: true }), {
    minLength: 1,
    maxLength: 20,
    selector: (one) => one.name,
  })
  .filter((all) => new Set(all.map((one) => one.token)).size === all.length);
const blank = fc.constantFrom(" ", "  ", "\t", " \t ");
const between = fc.array(
  fc.constantFrom("", "   ", "\t", "# a remark", "  # read,control 0123456789abcdef0", "#"),
  {
    maxLength: 3,
  },
);

function refused(text: string) {
  const read = parseTokens(text);
  assert.ok(!read.ok, text);
  return `expected ${read.expected}; came ${read.came}`;
}

test("what was written is read: names, scopes and tokens in their order, remarks and blanks passed over", () => {
  fc.assert(
    fc.property(
      grants,
      fc.array(fc.tuple(blank, blank, between), { minLength: 20, maxLength: 20 }),
      fc.constantFrom("\n", "\r\n", "\r"),
      fc.boolean(),
      (all, gaps, newline, isEnded) => {
        const lines = all.flatMap(({ name, token, scopes }, index) => {
          const [a, b, remarks] = gaps[index]!;
          return [...remarks, `${name}${a}${scopes.join(",")}${b}${token}`];
        });
        const read = parseTokens(lines.join(newline) + (isEnded ? newline : ""));
        assert.deepEqual(read, { ok: true, grants: all });
      },
    ),
    { seed: SEED },
  );
});

test("a text that is not refused holds nothing that the rules do not allow", () => {
  const piece = fc.constantFrom(
    "a",
    "b",
    "read",
    "control,read",
    ",",
    TOKEN,
    `${TOKEN}x`,
    " ",
    "\n",
    "#",
    "\t",
    "é",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
      const read = parseTokens(pieces.join(""));
      if (!read.ok) return;
      assert.ok(read.grants.length > 0);
      for (const { name, token, scopes } of read.grants) {
        assert.match(name, /^[A-Za-z0-9_-]{1,64}$/);
        assert.match(token, /^[\x21-\x7e]{16,512}$/);
        assert.ok(scopes.length > 0 && scopes.every((scope) => SCOPES.includes(scope as Scope)));
      }
    }),
    { seed: SEED, numRuns: 2000 },
  );
});

test("what is wrong is told by its line, and never with a word of it", () => {
  const good = `good read ${TOKEN}`;
  for (const [what, text, expected] of [
    ["nothing", "", /at least one token; came none$/],
    ["remarks alone", "# one\n\n", /at least one token/],
    ["a name alone", `${good}\n\nprecious-name`, /a name, its scopes .*; came one word in line 3$/],
    ["no token", `precious-name read`, /came 2 words in line 1$/],
    ["a word too many", `precious read secret-${TOKEN} x`, /came 4 words in line 1$/],
    ["the token first", `secret/${TOKEN} read precious`, /a name of at most 64/],
    ["a name with a dot", `http.token read ${TOKEN}`, /a name/],
    ["a long name", `${"n".repeat(65)} read ${TOKEN}`, /a name/],
    ["the token for the scopes", `name secret-${TOKEN} read`, /scopes of read, control, export, ingest/],
    ["an unknown scope", `name read,precious ${TOKEN}`, /scopes of/],
    ["a scope twice", `name read,read ${TOKEN}`, /each once/],
    ["no scope", `name , ${TOKEN}`, /scopes of/],
    ["a scope in capitals", `name READ ${TOKEN}`, /scopes of/],
    ["a short token", `name read secret-precious`.slice(0, -1), /a token of at least 16/],
    ["a long token", `name read ${"s".repeat(513)}`, /a token of/],
    ["a token with other letters", `name read ${TOKEN}é`, /a token of/],
    [
      "a name twice",
      `${good}\ngood read ${TOKEN}2`,
      /names that differ; came the name of line 1 again in line 2$/,
    ],
    [
      "a token twice",
      `${good}\n\nother read ${TOKEN}`,
      /tokens that differ; came the token of line 1 again in line 3$/,
    ],
  ] as const) {
    const said = refused(text);
    assert.match(said, expected, what);
    assert.doesNotMatch(said, /precious|secret|0123456789|http\.token|nnn|sss/, what);
  }
});

test("there is a most of tokens", () => {
  const lines = Array.from({ length: MAX_TOKENS + 1 }, (_, index) => `n${index} read ${TOKEN}${index}`);
  const most = parseTokens(lines.slice(0, MAX_TOKENS).join("\n"));
  assert.ok(most.ok && most.grants.length === MAX_TOKENS);
  assert.match(refused(lines.join("\n")), /at most 256 tokens/);
});
