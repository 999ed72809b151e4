/**
 * HTTPS from end to end: a process with a certificate of an authority that only its clients know, asked by node:https, by a
 * browser's way of signing in, and by the command line. And the certificates that it does not start with.
 */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import { makeAuthority, type Pair } from "../fixtures/certificate.ts";
import { cleanEnvironment, Server } from "./server.ts";
import { temporaryFolder } from "./support.ts";

const CLI = fileURLToPath(new URL("../../cli.ts", import.meta.url));
const TOKEN = "over-tls-0123456789abcdef";
const DAY_MS = 86_400_000;
const authority = makeAuthority();

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

/** Asks, and reads until the answer ends or `enough` says so. */
function ask(
  url: string,
  options: RequestOptions & { readonly ca?: string; readonly body?: string } = {},
  enough: (text: string) => boolean = () => false,
): Promise<Answer> {
  const { body, ...rest } = options;
  const send = url.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, { ...rest, agent: false }, (response) => {
      let text = "";
      const done = () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
        if (!enough(text)) return;
        done();
        request.destroy();
      });
      response.on("end", done);
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** The first line that is answered to who wants a WebSocket. */
function upgradeLine(port: number, ca: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const lines = [
    "GET /v1/streams/memory HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: "127.0.0.1", ca }, () =>
      socket.write(`${lines.join("\r\n")}\r\n\r\n`),
    );
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes;
      if (!text.includes("\r\n")) return;
      resolve(text.split("\r\n")[0] ?? "");
      socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
}

function write(folder: string, { cert, key }: Pair): string[] {
  writeFileSync(join(folder, "cert.pem"), cert, { mode: 0o644 });
  writeFileSync(join(folder, "key.pem"), key, { mode: 0o600 });
  return ["--http.tlsCert", join(folder, "cert.pem"), "--http.tlsKey", join(folder, "key.pem")];
}

function runCli(args: readonly string[], env: Readonly<Record<string, string>>) {
  const runtime = process.versions["deno"] === undefined ? [] : ["run", "-A"];
  const child: ChildProcess = spawn(process.execPath, [...runtime, CLI, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...cleanEnvironment(), ...env },
  });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  return new Promise<{ readonly code: number | null } & typeof said>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...said }));
  });
}

test("everything is there over TLS, for who knows the authority and has a token", {
  timeout: 120_000,
}, async (t) => {
  const folder = temporaryFolder(t);
  const tls = write(folder, authority.issue({ names: ["127.0.0.1", "localhost"] }));
  const server = new Server(t, ["--port", "0", "--data", join(folder, "data"), ...tls], {
    env: { MILLRACE_HTTP_TOKEN: TOKEN },
  });
  const url = await server.ready();
  assert.match(url, /^https:\/\/127\.0\.0\.1:\d+$/);
  const ca = authority.cert;
  const { port } = new URL(url);

  const health = await ask(`${url}/health`, { ca });
  assert.equal(health.status, 200);
  assert.equal(
    health.headers["strict-transport-security"],
    undefined,
    "127.0.0.1 is not this server's alone",
  );
  assert.equal((await ask(`https://localhost:${port}/health`, { ca })).status, 200);
  // Who does not know the authority, or speaks no TLS, gets nothing.
  await assert.rejects(ask(`${url}/health`));
  const plain = await ask(`http://127.0.0.1:${port}/health`).catch(() => undefined);
  assert.notEqual(plain?.status, 200);

  assert.equal((await ask(`${url}/v1/ledger`, { ca })).status, 401);
  const bearer = { authorization: `Bearer ${TOKEN}` };
  assert.equal((await ask(`${url}/v1/ledger`, { ca, headers: bearer })).status, 200);
  const foreign = { ...bearer, origin: `http://127.0.0.1:${port}` };
  assert.equal((await ask(`${url}/v1/ledger`, { ca, headers: foreign })).status, 403, "a page without TLS");

  const body = JSON.stringify({ token: TOKEN });
  const session = await ask(`${url}/v1/session`, {
    ca,
    method: "POST",
    headers: { "content-type": "application/json", "content-length": String(body.length), origin: url },
    body,
  });
  assert.equal(session.status, 200, session.text);
  const cookie = session.headers["set-cookie"]?.[0] ?? "";
  assert.match(cookie, /^__Host-millrace-\d+=[\w-]{43}; Path=\/; .*; HttpOnly; SameSite=Strict; Secure$/);
  const headers = { cookie: cookie.split(";")[0] ?? "", "sec-fetch-site": "same-origin" };
  const stream = await ask(`${url}/v1/streams/memory`, { ca, headers }, (text) => text.includes("\ndata: "));
  assert.match(stream.headers["content-type"] ?? "", /^text\/event-stream/);

  // A page of another site that opens a WebSocket here has the browser send the cookie.
  for (const [origin, expected] of [
    ["https://evil.example", "403"],
    [`http://127.0.0.1:${port}`, "403"],
    [url, "101"],
  ] as const) {
    const line = await upgradeLine(Number(port), ca, { cookie: headers.cookie, origin });
    assert.equal(line.split(" ")[1], expected, `${origin}: ${line}`);
  }

  const client = { MILLRACE_HTTP_TOKEN: TOKEN, NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") };
  writeFileSync(client.NODE_EXTRA_CA_CERTS, ca);
  const stats = ["store", "stats", "--url", url];
  const found = await runCli(stats, client);
  assert.equal(found.code, 0, found.stderr);
  const owner = await runCli(["store", "stats", "--data", join(folder, "data")], client);
  assert.equal(owner.code, 0, owner.stderr);
  const stranger = await runCli(stats, { MILLRACE_HTTP_TOKEN: TOKEN, NODE_EXTRA_CA_CERTS: "" });
  assert.notEqual(stranger.code, 0);
  assert.match(stranger.stderr, /the certificate at https:\/\/\S+ is not trusted; .*NODE_EXTRA_CA_CERTS/);
  assert.ok(!(stranger.stderr + server.stderr + server.stdout).includes(TOKEN));

  assert.deepEqual(await server.kill("SIGTERM"), { code: 0, signal: null });
});

test("a certificate that clients would refuse is refused at the start", { timeout: 120_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const good = authority.issue({ names: ["localhost"] });
  const ended = authority.issue({ names: ["localhost"], toMs: Date.now() - DAY_MS / 24 });
  const other = authority.issue({ names: ["localhost"] });
  for (const [pair, mode, expected] of [
    [ended, 0o600, /http\.tlsCert .*expected a certificate in force; came one that ended at .*\n.*renew it/],
    [{ cert: good.cert, key: other.key }, 0o600, /http\.tlsKey .*made for; came another key/],
    [good, 0o644, /http\.tlsKey .*mode 0600; came mode 0644\.\n {2}→ run chmod 600 /],
  ] as const) {
    const tls = write(folder, pair);
    chmodSync(join(folder, "key.pem"), mode);
    const server = new Server(t, ["--port", "0", "--data", join(folder, "data"), ...tls]);
    assert.deepEqual(await server.ended, { code: 2, signal: null });
    assert.match(server.stderr, expected);
    assert.doesNotMatch(server.stderr, /BEGIN|PRIVATE/);
  }
});

test("beyond loopback without TLS it starts, and warns", { timeout: 240_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const server = new Server(t, ["--host", "0.0.0.0", "--port", "0", "--data", folder], {
    env: { MILLRACE_HTTP_TOKEN: TOKEN },
  });
  const { port } = new URL(await server.ready());
  assert.match(server.stderr, /warning .*tokens and data travel over the network in clear/);
  assert.ok(!server.stderr.includes(TOKEN));
  const answer = await ask(`http://127.0.0.1:${port}/health`);
  assert.equal(answer.status, 200);
  assert.deepEqual(await server.kill("SIGTERM"), { code: 0, signal: null });
});
