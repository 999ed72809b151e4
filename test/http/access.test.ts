/** Files of tokens and of TLS, as they are read at the start: what is taken, what is refused and with which words. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { openAccess, type ReadSecret } from "../../http/access.ts";
import { readSecretFile } from "../../http/secret-file.ts";
import type { Settings } from "../../settings.ts";
import { makeAuthority } from "../fixtures/certificate.ts";

const TOKEN = "own-0123456789abcdef";
const NOW_MS = Date.UTC(2026, 5, 1);
const DAY_MS = 86_400_000;
const inForce = { fromMs: NOW_MS - DAY_MS, toMs: NOW_MS + 90 * DAY_MS };
const authority = makeAuthority(inForce);
const pair = authority.issue({ names: ["localhost"], ...inForce });
const other = authority.issue({ names: ["localhost"], ...inForce });

interface File {
  readonly text: string;
  readonly mode?: number;
}

function open(http: Partial<Settings["http"]>, files: Readonly<Record<string, File>>, nowMs = NOW_MS) {
  const read: ReadSecret = (path) => {
    const file = files[path];
    if (file === undefined) throw Object.assign(new Error("not here"), { code: "ENOENT" });
    return { text: file.text, mode: 0o100_000 | (file.mode ?? 0o600) };
  };
  const sources = Object.fromEntries(
    Object.keys(http).map((name) => [`http.${name}`, `flag --http.${name}`]),
  );
  return openAccess({ value: { http: { host: "127.0.0.1", port: 0, ...http } }, sources }, read, nowMs);
}

function accepted(...given: Parameters<typeof open>) {
  const opened = open(...given);
  assert.ok(opened.ok, opened.ok ? "" : JSON.stringify(opened.problems));
  return opened;
}

function onlyProblem(...given: Parameters<typeof open>) {
  const opened = open(...given);
  assert.ok(!opened.ok, "expected a problem");
  assert.equal(opened.problems.length, 1, JSON.stringify(opened.problems));
  return opened.problems[0]!;
}

test("nothing given is nobody known and no TLS", () => {
  assert.deepEqual(accepted({}, {}), { ok: true, access: { tokens: [], tls: undefined }, warnings: [] });
});

test("the token of the settings is good for everything, those of the file for what stands there", () => {
  const files = { t: { text: "viewer read viewer-0123456789abcdef\n" } };
  const scopes = ["read", "control", "export", "ingest"];
  const viewer = { name: "viewer", token: "viewer-0123456789abcdef", scopes: ["read"] };
  assert.deepEqual(accepted({ tokensFile: "t" }, files).access.tokens, [viewer]);
  assert.deepEqual(accepted({ token: TOKEN, tokensFile: "t" }, files).access.tokens, [
    { name: "http.token", token: TOKEN, scopes },
    viewer,
  ]);
});

// Breaks when the later of the two counts: who has the whole settings' token could then only read.
test("the token of the settings stands in no file of tokens", () => {
  const problem = onlyProblem(
    { token: TOKEN, tokensFile: "t" },
    { t: { text: `viewer read viewer-0123456789abcdef\nother read ${TOKEN}\n` } },
  );
  assert.deepEqual(
    [problem.setting, problem.expected, problem.came],
    ["http.tokensFile", "tokens that differ from http.token", "the same one for other"],
  );
  assert.ok(!JSON.stringify(problem).includes(TOKEN));
});

test("a file of tokens is its owner's alone, is there, and holds tokens", { skip: onWindows() }, () => {
  const text = "viewer read viewer-0123456789abcdef";
  for (const mode of [0o604, 0o640, 0o620, 0o644, 0o601, 0o777]) {
    const problem = onlyProblem({ tokensFile: "my tokens" }, { "my tokens": { text, mode } });
    assert.equal(problem.setting, "http.tokensFile");
    assert.equal(problem.from, "flag --http.tokensFile");
    assert.equal(problem.came, `mode 0${mode.toString(8)}`);
    assert.equal(problem.remedy, "run chmod 600 my tokens");
  }
  for (const mode of [0o600, 0o400, 0o700]) accepted({ tokensFile: "t" }, { t: { text, mode } });
  assert.equal(onlyProblem({ tokensFile: "t" }, {}).came, "ENOENT");
  const empty = onlyProblem({ tokensFile: "t" }, { t: { text: "# none yet\n" } });
  assert.equal(empty.expected, "at least one token");
  const bad = onlyProblem({ tokensFile: "t" }, { t: { text: `${text}\nviewer-secret` } });
  assert.match(bad.came, /one word in line 2/);
  assert.doesNotMatch(JSON.stringify(bad), /viewer/);
});

test("a token file that others may read is taken, with a warning", { skip: onWindows() }, () => {
  const given = { token: TOKEN, tokenFile: "t" };
  const { warnings } = accepted(given, { t: { text: TOKEN, mode: 0o644 } });
  assert.deepEqual(warnings, ["http.tokenFile: others than its owner may read the file; run chmod 600 t"]);
  assert.deepEqual(accepted(given, { t: { text: TOKEN, mode: 0o600 } }).warnings, []);
  assert.deepEqual(accepted(given, {}).warnings, []);
});

test("beyond loopback without TLS there is a warning that the token travels in clear", () => {
  const { warnings } = accepted({ host: "0.0.0.0", token: TOKEN }, {});
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^http\.host: tokens and data travel over the network in clear.*http\.tlsCert/);
  const files = { c: { text: pair.cert }, k: { text: pair.key } };
  const secure = accepted({ host: "0.0.0.0", token: TOKEN, tlsCert: "c", tlsKey: "k" }, files);
  assert.deepEqual(secure.warnings, []);
  assert.deepEqual(secure.access.tls, pair);
});

test("a certificate is taken with those that vouch for it, and with its own key alone", () => {
  const tls = { tlsCert: "c", tlsKey: "k" };
  const chain = `Subject: a remark\n${pair.cert}${authority.cert}`;
  const files = { c: { text: chain }, k: { text: pair.key } };
  assert.deepEqual(accepted(tls, files).access.tls, { cert: chain, key: pair.key });
  for (const [what, cert, key, setting, expected] of [
    ["another's key", pair.cert, other.key, "http.tlsKey", /the key that the certificate .* was made for/],
    ["the chain in the wrong order", authority.cert + pair.cert, pair.key, "http.tlsKey", /was made for/],
    ["the key for the certificate", pair.key, pair.key, "http.tlsCert", /a certificate in PEM/],
    ["nothing", "", pair.key, "http.tlsCert", /a certificate in PEM/],
    ["a broken one", pair.cert.replace("MII", "AAA"), pair.key, "http.tlsCert", /a certificate in PEM/],
    ["no key", pair.cert, pair.cert, "http.tlsKey", /a private key in PEM/],
  ] as const) {
    const problem = onlyProblem(tls, { c: { text: cert }, k: { text: key } });
    assert.equal(problem.setting, setting, what);
    assert.match(problem.expected, expected, what);
    assert.doesNotMatch(JSON.stringify(problem), /BEGIN [A-Z ]+-----\s*[A-Za-z0-9+/]{8}/, what);
  }
});

test("a key that others may read is refused", { skip: onWindows() }, () => {
  const files = { c: { text: pair.cert, mode: 0o644 }, k: { text: pair.key, mode: 0o640 } };
  const problem = onlyProblem({ tlsCert: "c", tlsKey: "k" }, files);
  assert.equal(problem.setting, "http.tlsKey");
  assert.match(problem.remedy, /^run chmod 600 k$/);
});

test("a certificate must be in force, and is warned of before it ends", () => {
  const tls = { tlsCert: "c", tlsKey: "k" };
  const files = { c: { text: pair.cert }, k: { text: pair.key } };
  const { fromMs, toMs } = inForce;
  assert.match(onlyProblem(tls, files, toMs).came, /^one that ended at 2026-08-30T00:00:00/);
  assert.match(onlyProblem(tls, files, fromMs - 1).came, /^one that begins at 2026-05-31T00:00:00/);
  assert.deepEqual(accepted(tls, files, fromMs).warnings, []);
  assert.deepEqual(accepted(tls, files, toMs - 14 * DAY_MS).warnings, []);
  assert.match(
    accepted(tls, files, toMs - 13 * DAY_MS).warnings[0]!,
    /^http\.tlsCert: the certificate ends at 2026-08-30/,
  );
});

test("all that is wrong is told at once", () => {
  const opened = open({ tokensFile: "t", tlsCert: "c", tlsKey: "k" }, {});
  assert.ok(!opened.ok);
  assert.deepEqual(
    opened.problems.map(({ setting }) => setting),
    ["http.tokensFile", "http.tlsCert", "http.tlsKey"],
  );
});

test("a file is read with its mode, and one that is much too long is not", { skip: onWindows() }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "secret");
  writeFileSync(path, "text", { mode: 0o600 });
  const read = readSecretFile(path);
  assert.equal(read.text, "text");
  assert.equal((read.mode ?? 0) & 0o777, 0o600);
  chmodSync(path, 0o644);
  assert.equal((readSecretFile(path).mode ?? 0) & 0o777, 0o644);
  writeFileSync(path, Buffer.alloc(2 ** 20 + 1));
  assert.throws(() => readSecretFile(path), { code: "EFBIG" });
  assert.throws(() => readSecretFile(join(folder, "nonesuch")), { code: "ENOENT" });
  // It says that it is empty, and never ends.
  assert.throws(() => readSecretFile("/dev/zero"), { code: "EFBIG" });
});

function onWindows(): boolean | string {
  return process.platform === "win32" ? "files have no mode there" : false;
}
