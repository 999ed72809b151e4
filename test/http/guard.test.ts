import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProblemCode } from "../../http/problem.ts";
import { assertProblem, assertSecured } from "./problems.ts";
import { HOST, openControl } from "./support.ts";

const TOKEN = "correct-horse-battery-staple";

type Verdict = "through" | ProblemCode;
type Case = readonly [what: string, headers: Record<string, string>, expected: Verdict];

const loopback: readonly Case[] = [
  ["localhost", { host: "localhost:8787" }, "through"],
  ["in capitals", { host: "LOCALHOST:8787" }, "through"],
  ["IPv4 loopback", { host: "127.0.0.1:8787" }, "through"],
  ["another address of loopback", { host: "127.8.9.10:8787" }, "through"],
  ["IPv6 loopback", { host: "[::1]:8787" }, "through"],
  ["the wrong port", { host: "localhost:8788" }, "host-refused"],
  ["no port, which is port 80", { host: "localhost" }, "host-refused"],
  ["an empty host", { host: "" }, "host-refused"],
  ["a rebound name", { host: "evil.example:8787" }, "host-refused"],
  ["a name that begins like ours", { host: "localhost.evil.example:8787" }, "host-refused"],
  ["a name that ends like ours", { host: "evil-localhost:8787" }, "host-refused"],
  ["a name that looks like an address", { host: "127.0.0.1.evil.example:8787" }, "host-refused"],
  ["an address written short", { host: "127.1:8787" }, "host-refused"],
  ["another address", { host: "192.168.1.5:8787" }, "host-refused"],
  ["any address", { host: "0.0.0.0:8787" }, "host-refused"],
  ["a user before it", { host: "localhost@evil.example:8787" }, "host-refused"],
  ["a list", { host: "localhost:8787, evil.example" }, "host-refused"],
  ["a path", { host: "localhost:8787/x" }, "host-refused"],
  ["our own page", { origin: "http://localhost:8787" }, "through"],
  ["our page by another name of ours", { origin: "http://127.0.0.1:8787" }, "through"],
  ["our page on IPv6", { host: "[::1]:8787", origin: "http://[::1]:8787" }, "through"],
  ["a page of a loopback server on another port", { origin: "http://localhost:3000" }, "origin-refused"],
  ["an encrypted page, which we do not serve", { origin: "https://localhost:8787" }, "origin-refused"],
  ["another site", { origin: "http://evil.example" }, "origin-refused"],
  ["another site on our port", { origin: "http://evil.example:8787" }, "origin-refused"],
  ["a sandboxed page", { origin: "null" }, "origin-refused"],
  ["an empty origin", { origin: "" }, "origin-refused"],
  ["an origin with a path", { origin: "http://localhost:8787/" }, "origin-refused"],
  ["a fetch of our page", { "sec-fetch-site": "same-origin" }, "through"],
  ["the address bar", { "sec-fetch-site": "none" }, "through"],
  ["a read by another site", { "sec-fetch-site": "cross-site" }, "origin-refused"],
  ["a read from another port of this host", { "sec-fetch-site": "same-site" }, "origin-refused"],
  ["a site that no browser names", { "sec-fetch-site": "anything" }, "origin-refused"],
];

const lan: readonly Case[] = [
  ["the configured address", { host: "192.168.1.5:8787" }, "through"],
  ["loopback", { host: "localhost:8787" }, "through"],
  ["another address", { host: "192.168.1.6:8787" }, "host-refused"],
  ["our page", { host: "192.168.1.5:8787", origin: "http://192.168.1.5:8787" }, "through"],
  [
    "a page of another address",
    { host: "192.168.1.5:8787", origin: "http://192.168.1.6:8787" },
    "origin-refused",
  ],
];

const everywhere: readonly Case[] = [
  ["any address", { host: "10.1.2.3:8787" }, "through"],
  ["any IPv6 address", { host: "[fd00::1]:8787" }, "through"],
  ["a name", { host: "evil.example:8787" }, "host-refused"],
  ["an address with the wrong port", { host: "10.1.2.3:80" }, "host-refused"],
  ["no address at all", { host: "[zz::1]:8787" }, "host-refused"],
  ["our page", { host: "10.1.2.3:8787", origin: "http://10.1.2.3:8787" }, "through"],
  [
    "a page of another address on our port",
    { host: "10.1.2.3:8787", origin: "http://6.6.6.6:8787" },
    "origin-refused",
  ],
];

const tokens: readonly Case[] = [
  ["the token", { authorization: `Bearer ${TOKEN}` }, "through"],
  ["the scheme in small letters", { authorization: `bearer  ${TOKEN}` }, "through"],
  ["no token", {}, "token-needed"],
  ["an empty one", { authorization: "Bearer " }, "token-needed"],
  ["another one", { authorization: "Bearer wrong" }, "token-needed"],
  ["one that begins like it", { authorization: `Bearer ${TOKEN.slice(0, -1)}` }, "token-needed"],
  ["one that goes on", { authorization: `Bearer ${TOKEN}x` }, "token-needed"],
  ["in other letters", { authorization: `Bearer ${TOKEN.toUpperCase()}` }, "token-needed"],
  ["another scheme", { authorization: `Basic ${TOKEN}` }, "token-needed"],
  [
    "the token and another site",
    { authorization: `Bearer ${TOKEN}`, origin: "http://a.example" },
    "origin-refused",
  ],
  [
    "the token under another name",
    { authorization: `Bearer ${TOKEN}`, host: "a.example:8787" },
    "host-refused",
  ],
];

for (const [where, options, cases] of [
  ["on loopback", {}, loopback],
  ["on one address", { host: "192.168.1.5", token: undefined }, lan],
  ["on all addresses", { host: "0.0.0.0" }, everywhere],
  ["on all addresses of IPv6", { host: "::" }, everywhere],
  ["with a token", { token: TOKEN }, tokens],
] as const) {
  for (const [what, headers, expected] of cases) {
    test(`${where}: ${what} → ${expected}`, async () => {
      const { token, ...rest } = { token: undefined, ...options };
      const control = openControl(token === undefined ? rest : { ...rest, token });
      for (const [method, path] of [
        ["GET", "/v1/ledger"],
        ["GET", "/metrics"],
        ["POST", "/v1/actors/recorder/restart"],
        ["GET", "/nonesuch"],
      ] as const) {
        const response = await control.request(path, { method, headers: { ...headers } });
        if (expected !== "through") {
          const { detail } = await assertProblem(response, expected);
          assert.ok(!detail.includes(TOKEN));
          if (expected === "token-needed") {
            assert.equal(response.headers.get("www-authenticate"), 'Bearer realm="millrace"');
          }
        } else {
          assert.ok([200, 202, 404].includes(response.status), `${method} ${path}: ${response.status}`);
          assertSecured(response);
          await response.body?.cancel();
        }
      }
    });
  }
}

test("a request without a Host header is refused", async () => {
  const { app } = openControl();
  await assertProblem(await app.request(`http://${HOST}/health`), "host-refused");
});

test("over HTTP/2, which needs TLS, the name is in the address", async () => {
  const { app } = openControl({ isSecure: true });
  const ask = (url: string, headers: Record<string, string> = {}) => app.request(url, { headers });
  assert.equal((await ask(`https://${HOST}/health`)).status, 200);
  assert.equal((await ask(`https://${HOST}/health`, { origin: `https://${HOST}` })).status, 200);
  await assertProblem(await ask("https://evil.example:8787/health"), "host-refused");
  await assertProblem(await ask("https://evil.example:8787/health/@localhost:8787"), "host-refused");
  await assertProblem(await ask(`https://${HOST}/health`, { host: "evil.example:8787" }), "host-refused");
  await assertProblem(await ask(`https://${HOST}/health`, { origin: `http://${HOST}` }), "origin-refused");
});

test("what holds no data needs no token, but one of our names", async () => {
  const { request } = openControl({ token: TOKEN });
  for (const path of ["/health", "/", "/v1/session"]) {
    const wrong = { authorization: "Basic d3Jvbmc6d3Jvbmc=" };
    assert.equal((await request(path)).status, 200, path);
    assert.equal((await request(path, { headers: wrong })).status, 200, path);
    await assertProblem(await request(path, { headers: { host: "evil.example:8787" } }), "host-refused");
  }
  for (const path of ["/health/", "/Health", "/health/x", "//health", "/pages", "/v1/session/x", "/docsx"]) {
    await assertProblem(await request(path), "token-needed");
  }
  // Nothing is asked of who comes without a name, even where there is nothing.
  assert.notEqual((await request("/page/nonesuch.js")).status, 401);
});

test("a link from anywhere leads to the page, and to nothing else", async () => {
  const { request } = openControl();
  const navigation = {
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
  };
  assert.equal((await request("/", { headers: navigation })).status, 200);
  await assertProblem(await request("/v1/ledger", { headers: navigation }), "origin-refused");
  await assertProblem(
    await request("/", { headers: { ...navigation, "sec-fetch-dest": "iframe" } }),
    "origin-refused",
  );
  await assertProblem(await request("/", { method: "POST", headers: navigation }), "origin-refused");
});

// Breaks when an address is declared open and guarded, or guarded by its declaration alone.
test("what is declared to need a token needs one, and nothing else does", async () => {
  const { request } = openControl({ token: TOKEN });
  const document = (await (await request("/openapi.json")).json()) as {
    readonly paths: Record<string, Record<string, { readonly security: readonly unknown[] }>>;
  };
  let needing = 0;
  for (const [pattern, methods] of Object.entries(document.paths)) {
    const path = pattern.replace(/\{[^}]*\}/g, "x");
    for (const [method, { security }] of Object.entries(methods)) {
      const response = await request(path, { method: method.toUpperCase() });
      await response.body?.cancel();
      assert.equal(response.status === 401, security.length > 0, `${method} ${path}: ${response.status}`);
      if (security.length > 0) needing++;
    }
  }
  assert.ok(needing > 20, `${needing}`);
});

test("a WebSocket is opened for our own pages, or for no browser's", async () => {
  const upgrade = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
  };
  for (const path of ["/v1/streams", "/v1/streams/memory", "/v1/streams/all"]) {
    const { request } = openControl();
    for (const origin of [
      "http://evil.example",
      "http://evil.example:8787",
      "null",
      "https://localhost:8787",
    ]) {
      await assertProblem(await request(path, { headers: { ...upgrade, origin } }), "origin-refused");
    }
    const site = { ...upgrade, "sec-fetch-site": "cross-site", "sec-fetch-mode": "websocket" };
    await assertProblem(await request(path, { headers: site }), "origin-refused");
    const rebound = { ...upgrade, host: "evil.example:8787", origin: "http://evil.example:8787" };
    await assertProblem(await request(path, { headers: rebound }), "host-refused");
  }
});

test("an address that asks too fast is told to wait, for whatever it asks", async () => {
  let from = "192.0.2.1";
  const { request, clock } = openControl({ requestsPerSecond: 2, from: () => from });
  for (let n = 0; n < 4; n++) assert.equal((await request("/health")).status, 200);
  for (const headers of [{}, { host: "evil.example" }]) {
    const refused = await request("/nonesuch", { headers });
    assert.equal(refused.headers.get("retry-after"), "1");
    await assertProblem(refused, "too-fast");
  }
  from = "192.0.2.2";
  assert.equal((await request("/health")).status, 200);
  from = "::ffff:192.0.2.1";
  await assertProblem(await request("/health"), "too-fast");
  clock.advance(500);
  assert.equal((await request("/health")).status, 200);
  await assertProblem(await request("/health"), "too-fast");
});

test("an address and headers that are too long are refused before they are looked at", async () => {
  const { request } = openControl();
  const long = "x".repeat(17_000);
  await assertProblem(await request("/health", { headers: { "x-long": long } }), "headers-refused");
  await assertProblem(await request(`/health?x=${long}`), "headers-refused");
  await assertProblem(await request("/health", { headers: { host: `${long}.example` } }), "headers-refused");
  const some = Object.fromEntries(Array.from({ length: 90 }, (_, n) => [`x-${n}`, "y".repeat(200)]));
  await assertProblem(await request("/health", { headers: some }), "headers-refused");
  assert.equal((await request("/health", { headers: { "x-long": "x".repeat(15_000) } })).status, 200);
});

test("after ten wrong tokens of an address none of it is looked at for a minute, and others are", async () => {
  let from = "192.0.2.1";
  const { request, clock } = openControl({ token: TOKEN, from: () => from });
  const ask = (token: string) => request("/v1/ledger", { headers: { authorization: `Bearer ${token}` } });
  for (let n = 0; n < 10; n++) {
    await assertProblem(await ask(`wrong-${n}`), "token-needed");
    clock.advance(1000);
  }
  // No token is no wrong one.
  await assertProblem(await request("/v1/ledger"), "token-needed");
  for (const token of ["wrong", TOKEN]) {
    const refused = await ask(token);
    assert.equal(refused.headers.get("retry-after"), "50");
    const { detail } = await assertProblem(refused, "too-many-failures");
    assert.ok(!detail.includes(TOKEN));
  }
  assert.equal((await request("/health")).status, 200);
  from = "192.0.2.2";
  assert.equal((await ask(TOKEN)).status, 200);
  from = "192.0.2.1";
  clock.advance(50_000);
  assert.equal((await ask(TOKEN)).status, 200);
});

test("under TLS a browser is told to stay with it, but not for a name that is everybody's", async () => {
  const { request } = openControl({ isSecure: true, host: "0.0.0.0", names: "millrace.example" });
  for (const [host, expected] of [
    ["millrace.example:8787", "max-age=31536000"],
    ["10.0.0.7:8787", "max-age=31536000"],
    ["localhost:8787", null],
    ["127.0.0.1:8787", null],
    ["[::1]:8787", null],
    ["evil.example:8787", "max-age=31536000"],
  ] as const) {
    const { headers } = await request("/health", { headers: { host } });
    assert.equal(headers.get("strict-transport-security"), expected, host);
  }
  const plain = await openControl({ host: "0.0.0.0" }).request("/health", {
    headers: { host: "10.0.0.7:8787" },
  });
  assert.equal(plain.status, 200);
  assert.equal(plain.headers.get("strict-transport-security"), null);
});
