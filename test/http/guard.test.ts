import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isOurHost, isOurOrigin } from "../../http/guard/authority.ts";
import type { ProblemCode } from "../../http/problem.ts";
import { assertProblem, assertSecured } from "./problems.ts";
import { HOST, openControl, PORT } from "./support.ts";

const SEED = 20_260_103;
const TOKEN = "correct-horse-battery-staple";

/** Hosts as they come, nearly come, and never come. */
const piece = fc.constantFrom(
  "localhost",
  "127.0.0.1",
  "127.0.0.256",
  "127.00.0.1",
  "[::1]",
  "::1",
  "[::ffff:127.0.0.1]",
  "[0:0:0:0:0:0:0:1]",
  "10.0.0.7",
  "evil.example",
  ".",
  ":",
  ":8787",
  ":87",
  ":08787",
  "@",
  "%",
  "/",
  "#",
  " ",
  "\t",
  "\u0130",
  "0",
  "1",
);
const hostLike = fc.oneof(
  fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join("")),
  fc.tuple(piece, fc.constantFrom(":8787", ":08787", ":80", "")).map(([name, port]) => name + port),
  fc.tuple(fc.ipV4(), fc.constant(":8787")).map(([name, port]) => name + port),
  fc.tuple(fc.domain(), fc.constant(":8787")).map(([name, port]) => name + port),
  fc.string({ unit: "binary-ascii" }),
);

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
  ["a body", { "content-length": "5" }, "body-refused"],
  ["a body of unknown length", { "transfer-encoding": "chunked" }, "body-refused"],
  ["an empty body", { "content-length": "0" }, "through"],
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

for (const path of ["/v1/exports", "/v1/query"]) {
  for (const [what, headers, expected] of [
    ["a form of another site", { "content-type": "application/x-www-form-urlencoded" }, "body-type-refused"],
    ["what a form can send as text", { "content-type": "text/plain" }, "body-type-refused"],
    ["a form's parts", { "content-type": "multipart/form-data; boundary=x" }, "body-type-refused"],
    ["JSON by another name", { "content-type": "application/jsonx" }, "body-type-refused"],
    ["JSON in another charset", { "content-type": "application/json; charset=utf-16" }, "body-type-refused"],
    ["no type", {}, "body-type-refused"],
    ["JSON", { "content-type": "application/json" }, "bad-body"],
    ["JSON with its charset", { "content-type": "Application/JSON; charset=UTF-8" }, "bad-body"],
    [
      "JSON of another site",
      { "content-type": "application/json", origin: "http://evil.example" },
      "origin-refused",
    ],
    [
      "JSON that is too long",
      { "content-type": "application/json", "content-length": "1048577" },
      "body-refused",
    ],
  ] as const) {
    test(`POST ${path} with ${what} → ${expected}`, async () => {
      const init = { method: "POST", headers: { "content-length": "2", ...headers } };
      await assertProblem(await openControl().request(path, init), expected);
    });
  }
  test(`${path} takes a body by POST alone, and no other address does`, async () => {
    const headers = { "content-type": "application/json", "content-length": "2" };
    for (const [method, other] of [
      ["GET", path],
      ["DELETE", path],
      ["POST", `${path}/`],
      ["POST", `${path}x`],
      ["POST", "/v1/store/compact"],
    ] as const) {
      await assertProblem(await openControl().request(other, { method, headers }), "body-refused");
    }
  });
}

test("a request without a Host header is refused", async () => {
  const { app } = openControl();
  await assertProblem(await app.request(`http://${HOST}/health`), "host-refused");
});

test("health needs no token, but one of our names", async () => {
  const { request } = openControl({ token: TOKEN });
  assert.equal((await request("/health")).status, 200);
  await assertProblem(await request("/health", { headers: { host: "evil.example:8787" } }), "host-refused");
  for (const path of ["/", "/health/", "/Health", "/health/x", "//health"]) {
    await assertProblem(await request(path), "token-needed");
  }
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

test("a Host that is not one of ours never gets through, whatever it is", () => {
  const ours = /^(?:localhost|127(?:\.(?:0|[1-9]\d{0,2})){3}|\[::1\]|\[0:0:0:0:0:0:0:1\])$/i;
  fc.assert(
    fc.property(hostLike, (header) => {
      const name = header.endsWith(`:${PORT}`) ? header.slice(0, -`:${PORT}`.length) : "";
      const octetsFit = name.split(".").every((octet) => !(Number(octet) > 255));
      const expected = ours.test(name) && octetsFit;
      assert.equal(isOurHost(header, { host: "127.0.0.1", port: PORT }), expected, header);
    }),
    { seed: SEED, numRuns: 3000 },
  );
});

test("an Origin that is not one of ours never gets through, whatever it is", () => {
  const ours = /^http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|\[0:0:0:0:0:0:0:1\]|10\.0\.0\.7):8787$/i;
  fc.assert(
    fc.property(
      fc.constantFrom("http://", "https://", "", "HTTP://", "file://", "http:"),
      hostLike,
      (scheme, name) => {
        const origin = scheme + name;
        const isOurs = isOurOrigin(origin, `10.0.0.7:${PORT}`, { host: "0.0.0.0", port: PORT });
        if (isOurs) assert.match(origin, ours);
        assert.equal(isOurOrigin(origin, HOST, { host: "127.0.0.1", port: PORT + 1 }), false);
      },
    ),
    { seed: SEED, numRuns: 3000 },
  );
});
