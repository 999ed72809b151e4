/**
 * No token is in any log line, answer, metric or file: a process with tokens is asked with right ones and with wrong ones, in
 * every place where one may be sent, and everything that it wrote or said is searched for them.
 *
 * Breaks when a request is logged with its headers, when a problem quotes what came, when a body is quoted by its validation, when
 * a setting is repeated in an error, or when sessions are written to the disk.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Server } from "./server.ts";
import { temporaryFolder, until } from "./support.ts";

const OWN = "own-Lq8vTz3KxWn5RbYc";
const VIEWER = "viewer-Jm2sHd7PfGk4QvXe";
const WRONG = "wrong-Bt6yNc9ZuAw1SjMr";

function forms(secret: string): readonly Buffer[] {
  const digest = createHash("sha256").update(secret).digest();
  const base64 = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), Buffer.from(secret)])
      .toString("base64")
      .slice(before === 0 ? 0 : before + 1, -4),
  );
  return [
    Buffer.from(secret),
    Buffer.from(Buffer.from(secret).toString("hex")),
    ...base64.map((text) => Buffer.from(text)),
    digest,
    ...(["hex", "base64", "base64url"] as const).map((form) =>
      Buffer.from(digest.toString(form).slice(0, 40)),
    ),
  ];
}

test("tokens and sessions are nowhere but where they were sent", { timeout: 120_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const data = join(folder, "data");
  const tokensFile = join(folder, "tokens");
  writeFileSync(tokensFile, `viewer read ${VIEWER}\n`, { mode: 0o600 });
  const server = new Server(
    t,
    ["--port", "0", "--data", data, "--log.level", "trace", "--http.tokensFile", tokensFile],
    { env: { MILLRACE_HTTP_TOKEN: OWN } },
  );
  const url = await server.ready();
  const said: string[] = [];
  const note = async (response: Response, withCookies = false) => {
    const headers = [...response.headers].filter(([name]) => withCookies || name !== "set-cookie");
    said.push(`${response.url} ${response.status} ${JSON.stringify(headers)} ${await response.text()}`);
    return response;
  };
  const own = { authorization: `Bearer ${OWN}` };
  const json = { "content-type": "application/json" };
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${url}/v1/session`, {
      method: "POST",
      headers: { ...json, ...headers },
      body: JSON.stringify(body),
    });

  const opened = await note(await post({ token: VIEWER }));
  assert.equal(opened.status, 200);
  const cookie = opened.headers.get("set-cookie")?.split(";")[0] ?? "";
  const session = cookie.slice(cookie.indexOf("=") + 1);
  assert.match(session, /^[\w-]{43}$/);
  assert.equal((await note(await fetch(`${url}/v1/ledger`, { headers: { cookie } }))).status, 200);

  // Wrong ones, wherever they may be sent, in well-formed requests and in others.
  for (const headers of [
    { authorization: `Bearer ${WRONG}` },
    { authorization: `Basic ${Buffer.from(`x:${WRONG}`).toString("base64")}` },
    { authorization: WRONG },
    { cookie: cookie.replace(session, WRONG) },
    { "x-api-key": WRONG },
  ]) {
    assert.equal((await note(await fetch(`${url}/v1/ledger`, { headers }), true)).status, 401);
  }
  for (const [body, headers] of [
    [{ token: WRONG }, {}],
    [{ token: WRONG, more: WRONG }, {}],
    [{ token: { is: WRONG } }, {}],
    [WRONG, {}],
    [`{"token": "${WRONG}`, {}],
    [{ token: WRONG }, { "content-type": "text/plain" }],
    [{ token: WRONG.repeat(200) }, {}],
  ] as const) {
    const response = await note(await post(body, headers), true);
    assert.ok(response.status >= 400 && response.status < 500, `${response.status}`);
  }
  // In the address it is the asker's own mistake; it goes into no log, and into no answer as a value.
  const inQuery = await fetch(`${url}/v1/ledger?token=${WRONG}`, { headers: own });
  assert.equal(inQuery.status, 400);
  said.push(await inQuery.text());
  // Right ones for what they are not good for, and for what fails.
  const restart = { method: "POST", headers: { authorization: `Bearer ${VIEWER}` } };
  assert.equal((await note(await fetch(`${url}/v1/actors/recorder/restart`, restart))).status, 403);
  for (const path of ["/v1/actors/nonesuch/restart", "/v1/actors/recorder/restart"]) {
    await note(await fetch(`${url}${path}`, { method: "POST", headers: own }));
  }
  for (let n = 0; n < 12; n++) {
    await note(await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${WRONG}${n}` } }));
  }
  const refused = await note(await fetch(`${url}/metrics`, { headers: own }));
  assert.equal(refused.status, 429);
  // The session goes on.
  for (const path of [
    "/",
    "/health",
    "/metrics",
    "/v1/actors",
    "/v1/session",
    "/v1/config",
    "/openapi.json",
    "/docs",
  ]) {
    await note(await fetch(`${url}${path}`, { headers: { cookie } }), true);
  }
  await until("something was stored", () => bytesBelow(data).length > 2);
  const live = bytesBelow(data);
  assert.deepEqual(await server.kill("SIGTERM"), { code: 0, signal: null });

  const haystacks = [
    { where: "standard error", bytes: Buffer.from(server.stderr) },
    { where: "standard output", bytes: Buffer.from(server.stdout) },
    ...said.map((text) => ({ where: `an answer: ${text.slice(0, 100)}`, bytes: Buffer.from(text) })),
    ...live,
    ...bytesBelow(data),
  ];
  for (const secret of [OWN, VIEWER, WRONG, session]) {
    for (const needle of forms(secret)) {
      for (const { where, bytes } of haystacks) {
        assert.ok(
          !bytes.includes(needle),
          `${secret.slice(0, 6)}… as ${needle.toString("latin1")} in ${where}`,
        );
      }
    }
  }
});

test("what is wrong with a token at the start is told without it", { timeout: 240_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const file = (name: string, text: string, mode = 0o600) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode });
    return path;
  };
  const short = "tooShort-9x";
  for (const [args, env, expected] of [
    [["--token", short], {}, /http\.token \(flag --token\): .*came \(hidden\)/],
    [[], { MILLRACE_HTTP_TOKEN: `${OWN} ${WRONG}` }, /http\.token \(environment/],
    [["--http.tokenFile", file("a", short)], {}, /http\.tokenFile/],
    [["--http.tokensFile", file("b", `${WRONG} read viewer`)], {}, /http\.tokensFile .*in line 1/],
    [["--http.tokensFile", file("c", `viewer ${WRONG} read`)], {}, /http\.tokensFile .*in line 1/],
    [
      ["--http.tokensFile", file("d", `viewer read ${OWN}`, 0o644)],
      {},
      /mode 0600; came mode 0644\.\n.*chmod 600/,
    ],
    [["--htp.token", OWN], {}, /unknown name/],
  ] as const) {
    const server = new Server(t, ["--port", "0", "--data", join(folder, "data"), ...args], {
      env: { ...env },
    });
    assert.deepEqual(await server.ended, { code: 2, signal: null }, server.stderr);
    assert.match(server.stderr, expected);
    for (const secret of [short, OWN, WRONG]) {
      assert.ok(!(server.stderr + server.stdout).includes(secret), server.stderr);
    }
  }
});

function bytesBelow(folder: string): { readonly where: string; readonly bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .flatMap((path) => {
      try {
        return statSync(path).isFile() ? [{ where: path, bytes: readFileSync(path) }] : [];
      } catch {
        // Renamed or removed since it was listed: what it became is listed the next time.
        return [];
      }
    });
}
