import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { ListenError, loadPlatform, type Server, serve } from "../../runtime/platform/index.ts";

const HOST = "127.0.0.1";
const hello = () => new Response("hello");

async function withServer(fetch: (request: Request) => Response, use: (server: Server) => Promise<void>) {
  const server = await serve({ hostname: HOST, port: 0, fetch });
  try {
    await use(server);
  } finally {
    await server.close(0);
  }
}

test("the platform is the one this test runs on", async () => {
  assert.equal((await loadPlatform()).name, "Bun" in globalThis ? "bun" : "deno");
});

test("it says where it listens before it answers, and answers there", async () => {
  const heard: unknown[] = [];
  const server = await serve({ hostname: HOST, port: 0, fetch: hello, onListen: (at) => heard.push(at) });
  assert.deepEqual(heard, [{ hostname: HOST, port: server.port }]);
  assert.ok(server.port > 0);
  assert.equal(await (await fetch(`http://${HOST}:${server.port}/`)).text(), "hello");
  await server.close();
});

test("a port that is taken is refused: by another server, and by one of our own", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, HOST, resolve));
  const { port } = other.address() as { readonly port: number };
  const isTaken = (taken: number) => (error: unknown) => {
    assert.ok(error instanceof ListenError, String(error));
    assert.equal(error.failure, "taken");
    assert.equal(error.message, `port ${taken} is taken on ${HOST}`);
    return true;
  };
  await assert.rejects(serve({ hostname: HOST, port, fetch: hello }), isTaken(port));
  await new Promise((resolve) => other.close(resolve));
  await withServer(hello, async (server) => {
    await assert.rejects(serve({ hostname: HOST, port: server.port, fetch: hello }), isTaken(server.port));
  });
});

test("an address that is not this host's is refused as such", async () => {
  // 192.0.2.0/24 is for documentation: no host has it.
  for (const hostname of ["192.0.2.1", "no-such-host.invalid"]) {
    await assert.rejects(serve({ hostname, port: 0, fetch: hello }), (error: unknown) => {
      assert.ok(error instanceof ListenError, String(error));
      assert.equal(error.failure, "unavailable");
      return true;
    });
  }
});

test("closing frees the port, and may be asked for twice", async () => {
  const server = await serve({ hostname: HOST, port: 0, fetch: hello });
  // A connection that is kept alive does not hold it up.
  await (await fetch(`http://${HOST}:${server.port}/`)).text();
  await Promise.all([server.close(), server.close()]);
  const again = await serve({ hostname: HOST, port: server.port, fetch: hello });
  await again.close();
});

test("closing cuts what does not end by itself", async () => {
  let cancelled: () => void = () => {};
  const isCancelled = new Promise<void>((resolve) => {
    cancelled = resolve;
  });
  const endless = () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("on and on")),
        cancel: () => cancelled(),
      }),
    );
  const server = await serve({ hostname: HOST, port: 0, fetch: endless });
  const response = await fetch(`http://${HOST}:${server.port}/`);
  const reader = response.body!.getReader();
  await reader.read();
  await server.close(1);
  await assert.rejects(reader.read());
  await isCancelled;
});
