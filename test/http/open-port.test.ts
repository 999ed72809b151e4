import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpStartError, openPort } from "../../http/open-port.ts";

const LOOPBACK = { hostname: "127.0.0.1", tls: undefined };

test("what is asked before there is an answerer waits for it", async () => {
  const open = await openPort({ ...LOOPBACK, port: 0 });
  try {
    const early = fetch(`http://127.0.0.1:${open.port}/early`);
    open.answer((request) => new Response(new URL(request.url).pathname));
    assert.equal(await (await early).text(), "/early");
    const late = await fetch(`http://127.0.0.1:${open.port}/late`);
    assert.equal(await late.text(), "/late");
  } finally {
    await open.close();
  }
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
