/** Whose request it is that comes by way of a proxy. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { askerAddress, MAX_PROXIES, parseProxies } from "../../../http/guard/trusted-proxies.ts";
import { assertProblem } from "../problems.ts";
import { openControl } from "../support.ts";

const TOKEN = "a-token-of-sixteen-characters";
const proxies = parseProxies("127.0.0.1 10.0.0.0/8, fd00::/8")!;

for (const [what, peer, header, expected] of [
  ["nobody said", "127.0.0.1", undefined, "127.0.0.1"],
  ["a proxy that is not trusted is not believed", "192.0.2.1", "198.51.100.1", "192.0.2.1"],
  ["a trusted one is", "127.0.0.1", "198.51.100.1", "198.51.100.1"],
  ["also in the form of IPv6", "::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"],
  ["of its network, too", "10.9.8.7", "2001:db8::1", "2001:db8::1"],
  ["what the client wrote himself is not", "127.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"],
  ["one proxy behind the other", "127.0.0.1", "203.0.113.9, 198.51.100.1, 10.1.1.1,fd00::2", "198.51.100.1"],
  ["a proxy that asks for itself", "127.0.0.1", "10.1.1.1", "10.1.1.1"],
  ["with a port", "127.0.0.1", "198.51.100.1:50123", "198.51.100.1"],
  ["with brackets and a port", "127.0.0.1", "[2001:db8::1]:50123", "2001:db8::1"],
  ["no address", "127.0.0.1", "198.51.100.1, unknown", "127.0.0.1"],
  ["no address behind a proxy", "127.0.0.1", "198.51.100.1, _x, 10.1.1.1", "10.1.1.1"],
  ["nothing", "127.0.0.1", "", "127.0.0.1"],
  ["a connection that is gone", undefined, "198.51.100.1", undefined],
] as const) {
  test(`of a forwarded address: ${what}`, () => {
    assert.equal(askerAddress(peer, header, proxies), expected);
  });
}

test("no more entries are taken than may be", () => {
  const many = (count: number) => Array.from({ length: count }, (_, n) => `10.0.0.${n}`).join(" ");
  assert.ok(parseProxies(many(MAX_PROXIES)) !== undefined);
  assert.equal(parseProxies(many(MAX_PROXIES + 1)), undefined);
});

test("wrong tokens by way of a trusted proxy lock out who sent them, and nobody else", async () => {
  for (const [trustedProxies, ofOthers] of [
    ["127.0.0.1", 200],
    ["", 429],
  ] as const) {
    const { request } = openControl({ token: TOKEN, trustedProxies, from: () => "127.0.0.1" });
    const ask = (token: string, from: string) =>
      request("/v1/ledger", { headers: { authorization: `Bearer ${token}`, "x-forwarded-for": from } });
    for (let n = 0; n < 10; n++) assert.equal((await ask(`wrong-${n}`, "198.51.100.1")).status, 401);
    await assertProblem(await ask(TOKEN, "198.51.100.1"), "too-many-failures");
    // A page that opens a session is counted in the same place.
    const session = await request("/v1/session", {
      method: "POST",
      headers: { "content-type": "application/json", "x-forwarded-for": "198.51.100.1" },
      body: JSON.stringify({ token: TOKEN }),
    });
    assert.equal(session.status, 429);
    assert.equal((await ask(TOKEN, "198.51.100.2")).status, ofOthers);
  }
});

test("requests a second count for who asks by way of a trusted proxy", async () => {
  const { request } = openControl({
    requestsPerSecond: 1,
    trustedProxies: "127.0.0.1",
    from: () => "127.0.0.1",
  });
  const ask = async (from: string) =>
    (await request("/health", { headers: { "x-forwarded-for": from } })).status;
  assert.deepEqual([await ask("198.51.100.1"), await ask("198.51.100.1")], [200, 200]);
  assert.equal(await ask("198.51.100.1"), 429);
  assert.equal(await ask("198.51.100.2"), 200);
});
