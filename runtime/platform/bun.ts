/**
 * Bun's side of the platform.
 *
 * WebSockets: Bun's own limit to what a socket buffers would drop messages in silence, and its limit of idle time would cut
 * whoever only listens; both are off.
 */

import { isOfUnsaidLength } from "./head.ts";
import { listenFailure } from "./listen-failure.ts";
import { isTooBig } from "./message-size.ts";
import {
  type Connection,
  GOING_AWAY,
  LARGEST_MESSAGE_BYTES,
  type Platform,
  type ServeOptions,
  type Server,
  type Socket,
  type SocketHandlers,
  TOO_BIG,
} from "./types.ts";

const DEFAULT_GRACE_MS = 1000;
const DEFAULT_BODY_BYTES = 64 * 1024;
/** How much longer than wanted a body may be said to be for `fetch` to be asked, who can say what was expected. */
const BODY_SLACK = 8;
/** Who sends a request, or takes an answer, and does not go on for this long is cut. */
const IDLE_SECONDS = 60;
/** Bun looks every four seconds. */
const CUT_SOON_SECONDS = 1;

type BunServer = Bun.Server<BunSocket>;

export const bunPlatform: Platform = {
  name: "bun",
  serve: (options) => Promise.resolve().then(() => serve(options)),
};

function serve({ fetch, hostname, port, maxBodyBytes = DEFAULT_BODY_BYTES, tls }: ServeOptions): Server {
  const sockets = new Set<BunSocket>();
  let server: BunServer;
  try {
    server = Bun.serve({
      hostname,
      port,
      async fetch(request, own) {
        const connection = new BunConnection(request, own);
        const response = await fetch(request, connection);
        // What Bun is to be told after an upgrade; its types know it as `void` only.
        if (connection.isUpgraded) return undefined as unknown as Response;
        return isOfUnsaidLength(request, response) ? ofUnsaidLength(response) : response;
      },
      websocket: {
        idleTimeout: 0,
        backpressureLimit: 0,
        maxPayloadLength: LARGEST_MESSAGE_BYTES,
        perMessageDeflate: false,
        open(ws) {
          sockets.add(ws.data);
          ws.data.open(ws);
        },
        message: (ws, data) => ws.data.hear(data),
        drain: (ws) => ws.data.handlers.drain(ws.data),
        close(ws) {
          sockets.delete(ws.data);
          ws.data.handlers.close(ws.data);
        },
      },
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: maxBodyBytes * BODY_SLACK,
      ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key } }),
      development: false,
      // With `development: false` Bun shares the port with whoever asks for it too, instead of saying that it is taken.
      reusePort: false,
    });
  } catch (error) {
    throw listenFailure(error, { hostname, port });
  }
  const address = { hostname, port: server.port ?? port };
  let closed: Promise<void> | undefined;
  return {
    ...address,
    close(graceMs = DEFAULT_GRACE_MS) {
      closed ??= (async () => {
        for (const socket of sockets) socket.close(GOING_AWAY, "the server ends");
        const cut = setTimeout(() => void server.stop(true), graceMs);
        await server.stop();
        clearTimeout(cut);
      })();
      return closed;
    },
  };
}

/** A length and this header exclude each other, and there are no chunks of no body. */
function ofUnsaidLength({ status, headers }: Response): Response {
  const unsaid = new Headers(headers);
  unsaid.set("transfer-encoding", "chunked");
  return new Response(null, { status, headers: unsaid });
}

class BunConnection implements Connection {
  readonly #request: Request;
  readonly #server: BunServer;
  isUpgraded = false;

  constructor(request: Request, server: BunServer) {
    this.#request = request;
    this.#server = server;
  }

  get remoteAddress(): string | undefined {
    return this.#server.requestIP(this.#request)?.address;
  }

  upgrade(handlers: SocketHandlers): Response | undefined {
    this.isUpgraded = this.#server.upgrade(this.#request, { data: new BunSocket(handlers) });
    return this.isUpgraded ? new Response(null) : undefined;
  }

  keepOpen(): void {
    this.#server.timeout(this.#request, 0);
  }

  cutSoon(): void {
    this.#server.timeout(this.#request, CUT_SOON_SECONDS);
  }
}

class BunSocket implements Socket {
  readonly handlers: SocketHandlers;
  #ws: Bun.ServerWebSocket<BunSocket> | undefined;
  #isClosing = false;

  constructor(handlers: SocketHandlers) {
    this.handlers = handlers;
  }

  open(ws: Bun.ServerWebSocket<BunSocket>): void {
    this.#ws = ws;
    this.handlers.open(this);
  }

  /** What comes on a socket that was closed is not heard: that it is closing its client may not know. */
  hear(data: string | Uint8Array): void {
    if (this.#isClosing) return;
    if (isTooBig(data, this.handlers)) this.close(TOO_BIG, "the message is too big");
    else this.handlers.message(this, data);
  }

  get bufferedBytes(): number {
    return this.#ws?.getBufferedAmount() ?? 0;
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#ws?.send(data);
  }

  /** Many small messages: a fifth of the time. */
  together(sends: () => void): void {
    this.#ws?.cork(sends);
  }

  close(code: number, reason: string): void {
    this.#isClosing = true;
    this.#ws?.close(code, reason);
  }

  cut(): void {
    this.#ws?.terminate();
  }
}
