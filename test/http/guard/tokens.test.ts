/** The check of tokens: which is which, and that a token is compared with all there are, whatever comes. */

import assert from "node:assert/strict";
import type { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { type TokenGrant, tokenCheck } from "../../../http/guard/tokens.ts";
import { SCOPES } from "../../../http/route.ts";

const SEED = 20_261_122;
const grants: readonly TokenGrant[] = [
  { name: "first", token: "first-token-0000001", scopes: ["read"] },
  { name: "second", token: "second-token-000002", scopes: ["read", "control"] },
  { name: "third", token: "third-token-0000003", scopes: [...SCOPES] },
];

test("each token is its own, and what is nearly one is none", () => {
  const check = tokenCheck(grants);
  for (const { name, token, scopes } of grants) {
    assert.deepEqual(check(token), { name, scopes: new Set(scopes) });
    for (const near of [
      token.slice(0, -1),
      `${token}x`,
      ` ${token}`,
      token.toUpperCase(),
      `${token}\0`,
      "",
    ]) {
      assert.equal(check(near), undefined);
    }
  }
  assert.equal(tokenCheck([])("first-token-0000001"), undefined);
});

test("what is no token is never one", () => {
  const check = tokenCheck(grants);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (came) => {
      if (!grants.some(({ token }) => token === came)) assert.equal(check(came), undefined);
    }),
    { seed: SEED },
  );
});

// Breaks when the loop ends with the first that fits, when lengths are compared first, or when a token is compared unhashed.
test("whatever comes is hashed and compared with every one of them, in order", () => {
  const seen: { readonly came: Buffer; readonly known: Buffer }[] = [];
  const check = tokenCheck(grants, (came, known) => {
    seen.push({ came, known });
    return came.equals(known);
  });
  const tries = [
    ...grants.map(({ token }) => token),
    "",
    "x",
    "f",
    "first-token-0000002",
    "y".repeat(10_000),
  ];
  const known = new Set<string>();
  for (const came of tries) {
    seen.length = 0;
    check(came);
    assert.equal(seen.length, grants.length, "as many comparisons as there are tokens");
    for (const pair of seen) {
      assert.equal(pair.came.byteLength, 32);
      assert.equal(pair.known.byteLength, 32);
      assert.ok(pair.came === seen[0]?.came, "what came is hashed once");
    }
    known.add(seen.map((pair) => pair.known.toString("hex")).join());
  }
  assert.equal(known.size, 1, "the same ones in the same order");
});
