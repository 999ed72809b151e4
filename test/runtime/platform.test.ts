import assert from "node:assert/strict";
import { createServer, connect as plainConnect } from "node:net";
import { test } from "node:test";
import { connect } from "node:tls";
import {
  type Connection,
  ListenError,
  loadPlatform,
  MAX_MESSAGE_BYTES,
  type Server,
  type Socket,
  type SocketHandlers,
  serve,
} from "../../runtime/platform/index.ts";
import { until } from "../e2e/support.ts";
import { makeAuthority } from "../fixtures/certificate.ts";
import { RawSocket } from "../fixtures/raw-socket.ts";

const HOST = "127.0.0.1";
const hello = () => new Response("hello");

const isDeno = "Deno" in globalThis;

async function withServer(
  fetch: (request: Request, connection: Connection) => Response | Promise<Response>,
  use: (server: Server) => Promise<void>,
) {
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

test("it says where it listens, and answers there", async () => {
  const server = await serve({ hostname: HOST, port: 0, fetch: hello });
  assert.equal(server.hostname, HOST);
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

test("HEAD says a length where the answer does, and never that GET had none", async () => {
  const fetch = (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/said") return new Response(null, { headers: { "content-length": "5" } });
    if (pathname === "/none") return new Response(null, { status: 204 });
    return new Response(null, { status: 404, headers: { "x-own": "1" } });
  };
  await withServer(fetch, async ({ port }) => {
    const socket = plainConnect(port, HOST);
    let text = "";
    socket.setEncoding("latin1").on("data", (part: string) => {
      text += part;
    });
    // On one connection: what is no body is no part of the next answer either.
    const ask = (path: string, more = "") =>
      socket.write(`HEAD ${path} HTTP/1.1\r\nHost: ${HOST}\r\n${more}\r\n`);
    for (const path of ["/unsaid", "/said", "/none"]) {
      const before = text.length;
      ask(path);
      await until("the answer is there", () => text.slice(before).endsWith("\r\n\r\n"), 60_000);
    }
    const [unsaid = "", said = "", none = "", ...rest] = text.toLowerCase().split("\r\n\r\n");
    assert.deepEqual(rest, [""]);
    assert.match(unsaid, /^http\/1\.1 404 [\s\S]*x-own: 1/);
    assert.doesNotMatch(unsaid, /content-length/);
    assert.match(said, /^http\/1\.1 200 [\s\S]*content-length: 5/);
    assert.match(none, /^http\/1\.1 204 /);
    assert.doesNotMatch(none, /transfer-encoding/);
    socket.destroy();
  });
});

test("closing lets what is under way be answered", async () => {
  const came = Promise.withResolvers<void>();
  const turn = Promise.withResolvers<void>();
  const slow = async () => {
    came.resolve();
    await turn.promise;
    return hello();
  };
  const server = await serve({ hostname: HOST, port: 0, fetch: slow });
  const asked = fetch(`http://${HOST}:${server.port}/`);
  await came.promise;
  const closed = server.close(60_000);
  setImmediate(turn.resolve);
  assert.equal(await (await asked).text(), "hello");
  await closed;
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

/** What happened to a socket, in order. */
class Watched implements SocketHandlers {
  readonly events: string[] = [];
  socket: Socket | undefined;
  drains = 0;
  readonly #hear: (socket: Socket, data: string | Uint8Array) => void;

  constructor(hear: (socket: Socket, data: string | Uint8Array) => void = () => {}) {
    this.#hear = hear;
  }

  open(socket: Socket) {
    this.socket = socket;
    this.events.push("open");
  }

  message(socket: Socket, data: string | Uint8Array) {
    this.events.push(typeof data === "string" ? `text ${data.length}` : `bytes ${data.length}`);
    this.#hear(socket, data);
  }

  drain() {
    this.drains++;
  }

  close() {
    this.events.push("close");
  }
}

async function withSockets(handlers: SocketHandlers, use: (server: Server) => Promise<void>) {
  const fetch = async (_request: Request, connection: Connection) => {
    // A route asks others first: an upgrade is no answer of the first moment.
    await Promise.resolve();
    return connection.upgrade(handlers) ?? new Response("no upgrade", { status: 400 });
  };
  await withServer(fetch, use);
}

test("a request brings the address it came from", async () => {
  await withServer(
    (_request, connection) => new Response(connection.remoteAddress),
    async ({ port }) => {
      assert.equal(await (await fetch(`http://${HOST}:${port}/`)).text(), HOST);
    },
  );
});

test("what is said over a WebSocket arrives as text or bytes, both ways, and its end is told once", async () => {
  const watched = new Watched((socket, data) =>
    socket.send(typeof data === "string" ? `${data}!` : new Uint8Array(data)),
  );
  await withSockets(watched, async ({ port }) => {
    const client = await RawSocket.open(port);
    client.send("grüße");
    client.send(new Uint8Array([1, 2, 255]));
    assert.deepEqual(await client.next(), { kind: "text", text: "grüße!" });
    assert.deepEqual(await client.next(), { kind: "bytes", bytes: new Uint8Array([1, 2, 255]) });
    assert.equal(watched.socket?.bufferedBytes, 0);
    watched.socket?.together(() => {
      for (const text of ["one", "two"]) watched.socket?.send(text);
    });
    assert.deepEqual(await client.next(), { kind: "text", text: "one" });
    assert.deepEqual(await client.next(), { kind: "text", text: "two" });
    watched.socket?.close(4321, "enough");
    assert.deepEqual(await client.next(), { kind: "close", code: 4321, reason: "enough" });
    await until("the end is told", () => watched.events.includes("close"));
    // Sending to who has gone is no fault.
    watched.socket?.send("late");
    watched.socket?.together(() => watched.socket?.send("late"));
    watched.socket?.close(1000, "");
    watched.socket?.cut();
    assert.deepEqual(watched.events, ["open", "text 5", "bytes 3", "close"]);
  });
});

test("a client that vanishes is an end like any other", async () => {
  const watched = new Watched();
  await withSockets(watched, async ({ port }) => {
    const client = await RawSocket.open(port);
    await until("it is open", () => watched.events.includes("open"));
    client.destroy();
    await until("the end is told", () => watched.events.includes("close"));
    assert.deepEqual(watched.events, ["open", "close"]);
  });
});

test("a client that goes before it is upgraded is not waited for", async () => {
  const watched = new Watched();
  let upgrade: (() => void) | undefined;
  let isUpgraded: boolean | undefined;
  const fetch = async (request: Request, connection: Connection) => {
    if (!request.headers.has("upgrade")) return hello();
    await new Promise<void>((resolve) => {
      upgrade = resolve;
    });
    const response = connection.upgrade(watched);
    isUpgraded = response !== undefined;
    return response ?? hello();
  };
  await withServer(fetch, async ({ port }) => {
    const client = plainConnect(port, HOST);
    client.write(
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    await until("it has asked", () => upgrade !== undefined);
    client.destroy();
    await new Promise((resolve) => client.once("close", resolve));
    for (let turn = 0; turn < 5; turn++) await globalThis.fetch(`http://${HOST}:${port}/`);
    upgrade?.();
    await until("it is over", () => isUpgraded === false || watched.events.includes("close"));
    assert.ok(watched.events.filter((event) => event === "close").length <= 1);
  });
});

test("a request that is no upgrade is left as it is", async () => {
  await withSockets(new Watched(), async ({ port }) => {
    const response = await fetch(`http://${HOST}:${port}/`);
    assert.equal(response.status, 400);
    assert.equal(await response.text(), "no upgrade");
  });
});

test("a message of the largest size is heard; one byte more closes the socket with 1009", async () => {
  for (const largest of [
    "x".repeat(MAX_MESSAGE_BYTES),
    `${"ü".repeat(MAX_MESSAGE_BYTES / 2)}`,
    new Uint8Array(MAX_MESSAGE_BYTES),
  ]) {
    const watched = new Watched();
    await withSockets(watched, async ({ port }) => {
      const client = await RawSocket.open(port);
      client.send(largest);
      await until("it is heard", () => watched.events.length === 2);
      client.send(typeof largest === "string" ? `${largest}x` : new Uint8Array(largest.length + 1));
      const heard = await client.next();
      assert.equal(heard.kind === "close" && heard.code, 1009);
      await until("the end is told", () => watched.events.includes("close"));
      assert.equal(
        watched.events.filter((event) => event.startsWith("text") || event.startsWith("bytes")).length,
        1,
      );
    });
  }
});

test("who sends on while it is closed hears why, and nothing of that is heard", async () => {
  let heard = 0;
  const watched = new Watched();
  watched.message = (socket) => {
    heard++;
    socket.close(1008, "one is enough");
    socket.send("too late");
  };
  await withSockets(watched, async ({ port }) => {
    const client = await RawSocket.open(port);
    for (let message = 0; message < 300; message++) client.send("x".repeat(8000));
    const said = await client.next();
    assert.deepEqual(said.kind === "close" && said.code, 1008);
    assert.equal(heard, 1);
  });
});

test("what a client does not take is counted, and it is told when it was taken", async () => {
  const watched = new Watched();
  await withSockets(watched, async ({ port }) => {
    const client = await RawSocket.open(port);
    client.pause();
    await until("it is open", () => watched.socket !== undefined);
    const socket = watched.socket!;
    const piece = new Uint8Array(65_536);
    let sent = 0;
    // Beyond what the kernel takes.
    while (socket.bufferedBytes < 2 ** 20) {
      for (let count = 0; count < 16; count++) socket.send(piece);
      sent += 16;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const before = watched.drains;
    client.resume();
    await until("it is told", () => watched.drains > before && socket.bufferedBytes === 0);
    for (let count = 0; count < sent; count++) {
      const heard = await client.next();
      assert.equal(heard.kind === "bytes" && heard.bytes.length, piece.length);
    }
    client.destroy();
  });
});

test("a client that takes nothing can be cut; on Deno it has to go by itself", async () => {
  const watched = new Watched();
  await withSockets(watched, async ({ port }) => {
    const client = await RawSocket.open(port);
    client.pause();
    await until("it is open", () => watched.socket !== undefined);
    const socket = watched.socket!;
    while (socket.bufferedBytes < 2 ** 20) socket.send(new Uint8Array(65_536));
    socket.cut();
    if (isDeno) client.destroy();
    await until("the end is told", () => watched.events.includes("close"));
    assert.equal(socket.bufferedBytes, 0);
    client.destroy();
  });
});

test("closing the server closes its sockets with 1001, and is not held up by one that takes nothing", async () => {
  const all: Watched[] = [];
  const server = await serve({
    hostname: HOST,
    port: 0,
    fetch: (_request, connection) => {
      const watched = new Watched();
      all.push(watched);
      return connection.upgrade(watched)!;
    },
  });
  const [polite, stuck] = [await RawSocket.open(server.port), await RawSocket.open(server.port)];
  stuck.pause();
  await until("both are open", () => all.length === 2 && all.every(({ socket }) => socket !== undefined));
  while (all[1]!.socket!.bufferedBytes < 2 ** 20) {
    all[1]!.socket!.send(new Uint8Array(2 ** 20));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const closed = server.close(100);
  const heard = await polite.next();
  assert.equal(heard.kind === "close" && heard.code, 1001);
  await closed;
  assert.deepEqual(all[0]!.events, ["open", "close"]);
  stuck.destroy();
});

test("with a certificate it speaks TLS, also over WebSockets", async () => {
  const authority = makeAuthority();
  const tls = authority.issue({ names: ["localhost"] });
  const watched = new Watched((socket) => socket.send("heard"));
  const server = await serve({
    hostname: HOST,
    port: 0,
    tls,
    fetch: (request, connection) =>
      connection.upgrade(watched) ?? new Response(new URL(request.url).protocol),
  });
  const plain = await get(server.port, authority.cert, []);
  assert.match(plain, /^HTTP\/1.1 200[\s\S]*https:/);
  const upgraded = await get(server.port, authority.cert, [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ]);
  assert.match(upgraded, /^HTTP\/1.1 101[\s\S]*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
  await assert.rejects(fetch(`http://${HOST}:${server.port}/`));
  await server.close(10);
});

/** The beginning of the answer to a request over TLS. */
function get(port: number, ca: string, headers: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: HOST, ca, servername: "localhost" }, () => {
      socket.write(`${["GET / HTTP/1.1", `Host: localhost:${port}`, ...headers].join("\r\n")}\r\n\r\n`);
    });
    let text = "";
    socket.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      const end = text.indexOf("\r\n\r\n");
      if (end < 0 || (headers.length === 0 && text.length === end + 4)) return;
      resolve(text);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

test("an answer whose client takes nothing of it is read no further than the kernel takes", async () => {
  const piece = new Uint8Array(2 ** 18);
  let given = 0;
  let isCancelled = false;
  const endless = () =>
    new Response(
      new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            given += piece.length;
            controller.enqueue(piece);
          },
          cancel() {
            isCancelled = true;
          },
        },
        { highWaterMark: 0 },
      ),
    );
  await withServer(endless, async ({ port }) => {
    const client = plainConnect(port, HOST);
    client.on("error", () => {});
    client.pause();
    client.write(`GET / HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`);
    let before = -1;
    // Until nothing moves any more.
    while (given === 0 || given !== before) {
      before = given;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.ok(given < 32 * 2 ** 20, `${given} bytes were taken for a client that reads nothing`);
    client.destroy();
    await until("it is cancelled", () => isCancelled);
  });
});
