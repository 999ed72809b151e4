import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { HttpStartError, type OpenPort, openPort } from "../../http/open-port.ts";

const LOOPBACK = { hostname: "127.0.0.1", tls: undefined };

test("what is asked before there is an answerer waits for it", async () => {
  const open = await openPort({ ...LOOPBACK, port: 0 });
  try {
    const early = await ask(open, "/early");
    open.answer((request) => new Response(new URL(request.url).pathname));
    assert.match(await early.answer, /^HTTP\/1\.1 200 [\s\S]*\/early/);
    const late = await fetch(`http://127.0.0.1:${open.port}/late`);
    assert.equal(await late.text(), "/late");
  } finally {
    await open.close();
  }
});

test("what waits for an answerer when the address is given up is told so", async () => {
  const open = await openPort({ ...LOOPBACK, port: 0 });
  const early = await ask(open, "/early");
  await open.close();
  assert.match(await early.answer, /^HTTP\/1\.1 503 /);
});

test("an address that is taken is refused before anybody answers there", async () => {
  const open = await openPort({ ...LOOPBACK, port: 0 });
  try {
    await assert.rejects(openPort({ ...LOOPBACK, port: open.port }), (error) => {
      assert.ok(error instanceof HttpStartError);
      assert.match(error.message, new RegExp(`port ${open.port} is taken on 127\\.0\\.0\\.1: .*--port`));
      return true;
    });
  } finally {
    await open.close();
  }
});

/** Resolves when the server has had its turn to take the request; `answer` is all that it says. */
async function ask({ port }: OpenPort, path: string): Promise<{ readonly answer: Promise<string> }> {
  const socket = connect(port, LOOPBACK.hostname);
  let said = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const answer = new Promise<string>((resolve, reject) => {
    socket.on("close", () => resolve(said));
    socket.on("error", reject);
  });
  const request = `GET ${path} HTTP/1.1\r\nhost: ${LOOPBACK.hostname}:${port}\r\nconnection: close\r\n\r\n`;
  await new Promise<void>((resolve) => socket.write(request, () => resolve()));
  // The bytes are with the system: whoever else is served after that is served after they have been read.
  const other = await openPort({ ...LOOPBACK, port: 0 });
  other.answer(() => new Response());
  for (let turn = 0; turn < 3; turn++) await (await fetch(`http://127.0.0.1:${other.port}`)).text();
  await other.close();
  return { answer };
}
