/** Names and origins: which are ours, and that nothing else is, whatever it looks like. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isOurHost, isOurOrigin, isSameName, type Listening } from "../../../http/guard/authority.ts";
import { parseNames } from "../../../http/guard/known-names.ts";

const SEED = 20_260_103;
const PORT = 8787;

function listening(more: Partial<Omit<Listening, "names">> & { readonly names?: string } = {}): Listening {
  const { names = "", ...rest } = more;
  return { host: "127.0.0.1", port: PORT, isSecure: false, ...rest, names: parseNames(names) ?? [] };
}

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

test("a Host that is not one of ours never gets through, whatever it is", () => {
  const ours = /^(?:localhost|127(?:\.(?:0|[1-9]\d{0,2})){3}|\[::1\]|\[0:0:0:0:0:0:0:1\])$/i;
  fc.assert(
    fc.property(hostLike, (header) => {
      const name = header.endsWith(`:${PORT}`) ? header.slice(0, -`:${PORT}`.length) : "";
      const octetsFit = name.split(".").every((octet) => !(Number(octet) > 255));
      const expected = ours.test(name) && octetsFit;
      assert.equal(isOurHost(header, listening()), expected, header);
    }),
    { seed: SEED, numRuns: 3000 },
  );
});

test("an Origin that is not one of ours never gets through, whatever it is", () => {
  // Of a page on loopback nobody knows whose loopback it is.
  const ours = /^http:\/\/10\.0\.0\.7:8787$/i;
  fc.assert(
    fc.property(
      fc.constantFrom("http://", "https://", "", "HTTP://", "file://", "http:"),
      hostLike,
      (scheme, name) => {
        const origin = scheme + name;
        const isOurs = isOurOrigin(origin, `10.0.0.7:${PORT}`, listening({ host: "0.0.0.0" }));
        if (isOurs) assert.match(origin, ours);
        assert.equal(isOurOrigin(origin, `localhost:${PORT}`, listening({ port: PORT + 1 })), false);
      },
    ),
    { seed: SEED, numRuns: 3000 },
  );
});

test("with TLS the scheme is https, and no port is 443", () => {
  const secure = listening({ isSecure: true });
  assert.equal(isOurHost(`localhost:${PORT}`, secure), true);
  assert.equal(isOurHost("localhost", secure), false);
  assert.equal(isOurHost("localhost", listening({ isSecure: true, port: 443 })), true);
  assert.equal(isOurHost("localhost:443", listening({ isSecure: true, port: 443 })), true);
  assert.equal(isOurHost("localhost", listening({ port: 80 })), true);
  assert.equal(isOurHost("localhost", listening({ isSecure: true, port: 80 })), false);
  const host = `localhost:${PORT}`;
  assert.equal(isOurOrigin(`https://${host}`, host, secure), true);
  assert.equal(isOurOrigin(`http://${host}`, host, secure), false);
  assert.equal(isOurOrigin("https://localhost", "localhost", listening({ isSecure: true, port: 443 })), true);
});

test("a name that is configured is ours, on the ports that it is known with", () => {
  const any = listening({ names: "millrace.example 192.0.2.7" });
  for (const [header, expected] of [
    ["millrace.example:8787", true],
    ["MILLRACE.example", true],
    ["millrace.example:443", true],
    ["millrace.example:80", true],
    ["millrace.example:8080", false],
    ["192.0.2.7:8787", true],
    ["192.0.2.8:8787", false],
    ["x.millrace.example:8787", false],
    ["millrace.example.evil.example:8787", false],
  ] as const) {
    assert.equal(isOurHost(header, any), expected, header);
  }
  const one = listening({ names: "millrace.example:8443 proxy.example:443 [fd00::1]:8443" });
  for (const [header, expected] of [
    ["millrace.example:8443", true],
    ["millrace.example:8787", false],
    ["millrace.example", false],
    // A browser leaves out the port of its scheme.
    ["proxy.example", true],
    ["proxy.example:443", true],
    ["proxy.example:80", false],
    ["[fd00::1]:8443", true],
    ["[fd00::2]:8443", false],
    ["localhost:8443", false],
    ["localhost:8787", true],
  ] as const) {
    assert.equal(isOurHost(header, one), expected, header);
  }
});

test("a page behind a proxy is ours by the name that is asked, with TLS there or without", () => {
  const behind = listening({ names: "millrace.example other.example:8443" });
  for (const [origin, host, expected] of [
    ["https://millrace.example", "millrace.example", true],
    ["http://millrace.example", "millrace.example", true],
    ["https://millrace.example:8787", "millrace.example:8787", true],
    ["https://millrace.example:9000", "millrace.example", false],
    ["https://other.example:8443", "other.example:8443", true],
    ["https://other.example", "other.example:8443", false],
    // One name of ours does not speak for another.
    ["https://other.example:8443", "millrace.example", false],
    ["https://localhost:8787", "localhost:8787", false],
    ["http://localhost:8787", "millrace.example", false],
    ["https://millrace.example.evil.example", "millrace.example", false],
    ["ftp://millrace.example", "millrace.example", false],
  ] as const) {
    assert.equal(isOurOrigin(origin, host, behind), expected, `${origin} asks ${host}`);
  }
});

test("no configured name lets in what is not configured", () => {
  fc.assert(
    fc.property(hostLike, fc.constantFrom("http://", "https://"), (header, scheme) => {
      const known = listening({ names: "10.0.0.7 millrace.example:8443" });
      const ours =
        /^(?:localhost:8787|127(?:\.\d{1,3}){3}:8787|\[(?:::1|0:0:0:0:0:0:0:1)\]:8787|10\.0\.0\.7(?::(?:8787|80|443))?)$/i;
      if (isOurHost(header, known)) assert.match(header, ours);
      assert.equal(isOurOrigin(scheme + header, "millrace.example:8443", known), false);
    }),
    { seed: SEED, numRuns: 3000 },
  );
});

test("a cookie counts where the page and the server that it asks have one name", () => {
  assert.equal(isSameName("http://localhost:8787", "localhost:8787"), true);
  assert.equal(isSameName("http://127.0.0.1:8787", "localhost:8787"), false);
  assert.equal(isSameName("https://millrace.example", "millrace.example"), true);
  assert.equal(isSameName("null", "localhost:8787"), false);
});

test("names are read with spaces or commas between them, all or none", () => {
  assert.deepEqual(parseNames(" a.example, [::1]:80\tB:8443 "), [
    { name: "a.example", port: undefined },
    { name: "::1", port: 80 },
    { name: "b", port: 8443 },
  ]);
  assert.deepEqual(parseNames(""), []);
  for (const bad of [
    "http://a.example",
    "a.example/",
    "a:0",
    "a:65536",
    "*",
    "[x]",
    "::1",
    "a b*",
    "ä.example",
  ]) {
    assert.equal(parseNames(bad), undefined, bad);
  }
  assert.equal(parseNames(Array.from({ length: 33 }, (_, n) => `n${n}`).join(" ")), undefined);
});
