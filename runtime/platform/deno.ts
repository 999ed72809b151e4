/**
 * Deno's side of the platform. Its types are not loaded, so what is used of it is declared here.
 *
 * `shutdown()` is not used: once it has begun, `abort()` cannot cut what is left any more (it throws BadResource). So the
 * requests under way are counted here, and `abort()` comes when there are none, or when their time is up.
 */

import { DenoSocket, type DenoWebSocket } from "./deno-socket.ts";
import { isOfUnsaidLength } from "./head.ts";
import { listenFailure } from "./listen-failure.ts";
import {
  type Address,
  type Connection,
  GOING_AWAY,
  type Platform,
  type ServeOptions,
  type Server,
  type SocketHandlers,
} from "./types.ts";

interface DenoServer {
  readonly addr: Address;
  readonly finished: Promise<void>;
}

interface RequestInfo {
  readonly remoteAddr: { readonly hostname?: string };
  /** Settles when the answer has been handed over, or cannot be sent any more. */
  readonly completed: Promise<void>;
}

interface DenoApi {
  serve(
    options: {
      readonly hostname: string;
      readonly port: number;
      readonly cert?: string;
      readonly key?: string;
      readonly signal: AbortSignal;
      readonly onListen: () => void;
    },
    handler: (request: Request, info: RequestInfo) => Promise<Response>,
  ): DenoServer;
  /** @throws TypeError when the request is no proper upgrade */
  upgradeWebSocket(
    request: Request,
    options: { readonly idleTimeout: number },
  ): { readonly socket: DenoWebSocket; readonly response: Response };
}

const DEFAULT_GRACE_MS = 1000;
/** What Deno is given to send what it says to have sent: answers are `completed` before a byte of them is out. */
const SEND_MS = 10;

export const denoPlatform: Platform = {
  name: "deno",
  serve: (options) => Promise.resolve().then(() => serve(options)),
};

function deno(): DenoApi {
  return (globalThis as unknown as { readonly Deno: DenoApi }).Deno;
}

function serve({ fetch, hostname, port, tls }: ServeOptions): Server {
  const cut = new AbortController();
  const underWay = new Count();
  const sockets = new Set<DenoSocket>();
  let closed: Promise<void> | undefined;
  let server: DenoServer;
  try {
    // Its own `onListen` would print a line of its own.
    const quiet = { hostname, port, ...tls, signal: cut.signal, onListen: () => {} };
    server = deno().serve(quiet, async (request, info) => {
      if (closed !== undefined) return new Response(null, { status: 503, headers: { connection: "close" } });
      underWay.add(info.completed);
      const connection = new DenoConnection(request, info, sockets, underWay);
      const response = await fetch(request, connection);
      // Deno takes none but its own.
      if (connection.upgraded !== undefined) return connection.upgraded;
      return isOfUnsaidLength(request, response) ? ofUnsaidLength(response) : response;
    });
  } catch (error) {
    throw listenFailure(error, { hostname, port });
  }
  const address = { hostname, port: server.addr.port };
  return {
    ...address,
    close(graceMs = DEFAULT_GRACE_MS) {
      closed ??= (async () => {
        for (const socket of sockets) socket.close(GOING_AWAY, "the server ends");
        await underWay.none(graceMs);
        await new Promise((resolve) => setTimeout(resolve, SEND_MS));
        cut.abort();
        await server.finished;
      })();
      return closed;
    },
  };
}

/** Of a stream no length is known, and Deno knows it for none, even of one that is over. */
function ofUnsaidLength({ status, headers }: Response): Response {
  const nothing = new ReadableStream({ start: (controller) => controller.close() });
  return new Response(nothing, { status, headers });
}

class DenoConnection implements Connection {
  readonly #request: Request;
  readonly #info: RequestInfo;
  readonly #sockets: Set<DenoSocket>;
  readonly #underWay: Count;
  upgraded: Response | undefined;

  constructor(request: Request, info: RequestInfo, sockets: Set<DenoSocket>, underWay: Count) {
    this.#request = request;
    this.#info = info;
    this.#sockets = sockets;
    this.#underWay = underWay;
  }

  get remoteAddress(): string | undefined {
    return this.#info.remoteAddr.hostname;
  }

  upgrade(handlers: SocketHandlers): Response | undefined {
    let upgraded: { readonly socket: DenoWebSocket; readonly response: Response };
    try {
      upgraded = deno().upgradeWebSocket(this.#request, { idleTimeout: 0 });
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
    this.upgraded = upgraded.response;
    const socket = new DenoSocket(upgraded.socket, handlers, this.#info.completed);
    this.#sockets.add(socket);
    this.#underWay.add(socket.closed.then(() => void this.#sockets.delete(socket)));
    return new Response(null);
  }

  /** There is no such limit. */
  keepOpen(): void {}

  cutSoon(): void {}
}

/** Counts what is under way. */
class Count {
  #count = 0;
  #onNone: () => void = () => {};

  add(completed: Promise<void>): void {
    this.#count++;
    const done = () => {
      if (--this.#count === 0) this.#onNone();
    };
    // It rejects when the client went away first, which is an end like any other.
    completed.then(done, done);
  }

  /** Resolves when there are none, or after `atMostMs`. */
  none(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#count === 0) return resolve();
      const timer = setTimeout(resolve, atMostMs);
      this.#onNone = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
