/** What a platform has to offer. No type of either runtime stands here. */

import type { Duplex } from "node:stream";

export interface ServeOptions {
  readonly fetch: (request: Request, connection: Connection) => Response | Promise<Response>;
  /** An address, or a name that resolves to one. */
  readonly hostname: string;
  /** From 0 to 65535; 0 takes any free port. */
  readonly port: number;
  /**
   * Bytes of the largest request body that is wanted; default 64 KiB. Bun itself cuts off what is far larger, and says nothing but
   * 413; Deno does not: `fetch` says so to others, and must not read more than it wants.
   */
  readonly maxBodyBytes?: number;
  /** PEM texts: with them it is HTTPS. */
  readonly tls?: TlsOptions;
}

export interface TlsOptions {
  readonly cert: string;
  readonly key: string;
}

/** Bytes of the largest message that a WebSocket takes, where its handlers say nothing: who sends a larger one is closed with 1009. */
export const MAX_MESSAGE_BYTES = 64 * 1024;
/** The most that handlers may say: a runtime reads so much of a message, whatever socket it comes on. */
export const LARGEST_MESSAGE_BYTES = 2 ** 20;

/** Codes that a WebSocket is closed with (RFC 6455, 7.4.1). */
export const GOING_AWAY = 1001;
export const TOO_BIG = 1009;

/** What is known of the connection that a request came on. */
export interface Connection {
  /** IP address of who asks; undefined when it is gone already. */
  readonly remoteAddress: string | undefined;
  /**
   * Makes a WebSocket of it. The response stands for the upgrade and is to be returned; headers set on it are not sent.
   * @returns undefined when the request is no proper upgrade
   */
  upgrade(handlers: SocketHandlers): Response | undefined;
  /** Takes the limit of idle time off this request: its answer may be silent for long. */
  keepOpen(): void;
  /**
   * The answer has been ended: the connection is cut when its client does not take the rest within some seconds. Deno cannot:
   * there it stays, with some KiB of that rest, until the client takes it or goes.
   */
  cutSoon(): void;
}

/**
 * One WebSocket. Text goes out as text, bytes as binary. There is no limit to what it buffers and none of idle time: who
 * sends looks at `bufferedBytes`.
 */
export interface Socket {
  /** Queues it. Never waits; throws nothing when the socket has closed. */
  send(data: string | Uint8Array<ArrayBuffer>): void;
  /** What is sent within `sends` goes out in as few writes as can be. */
  together(sends: () => void): void;
  /** Bytes that were sent and not taken by the network yet: who sends looks first, and goes on when `drain` is called. */
  readonly bufferedBytes: number;
  /** Says goodbye behind what was sent. @param code 1000, 1001, 1008 to 1013, or from 3000 to 4999 */
  close(code: number, reason: string): void;
  /**
   * Ends it at once, without a word. Deno cannot do that to a client that takes nothing: there the socket, with what it has
   * buffered, stays until the client goes, and `close` is called then.
   */
  cut(): void;
}

export interface SocketHandlers {
  /** Bytes of the largest message that is taken, at most LARGEST_MESSAGE_BYTES. Default: MAX_MESSAGE_BYTES. */
  readonly maxMessageBytes?: number;
  open(socket: Socket): void;
  message(socket: Socket, data: string | Uint8Array): void;
  /** Called when bytes were taken after some had to wait: sooner or later, and not for each of them. */
  drain(socket: Socket): void;
  /** Once, also after an error, and without `open` before when the client went while it was being upgraded. */
  close(socket: Socket): void;
}

export interface Address {
  readonly hostname: string;
  /** The port that was taken, never 0. */
  readonly port: number;
}

export interface Server extends Address {
  /**
   * Accepts no more connections, closes WebSockets with 1001, lets requests that are under way finish for up to `graceMs`
   * (default 1000), then cuts them. Resolves when the port is free. Calling it again waits for the same end.
   */
  close(graceMs?: number): Promise<void>;
}

export interface Platform {
  readonly name: "bun" | "deno";
  /** @throws ListenError when the address cannot be listened on */
  serve(options: ServeOptions): Promise<Server>;
}

/** `taken`: somebody listens there. `denied`: this user may not. `unavailable`: this host has no such address. */
export type ListenFailure = "taken" | "denied" | "unavailable";

/** The address cannot be listened on. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly failure: ListenFailure;
  readonly hostname: string;
  readonly port: number;

  constructor(failure: ListenFailure, address: Address, cause: unknown) {
    const { hostname, port } = address;
    const said = {
      taken: `port ${port} is taken on ${hostname}`,
      denied: `this user may not listen on port ${port} of ${hostname}`,
      unavailable: `this host cannot listen on the address ${hostname}`,
    };
    super(said[failure], { cause });
    this.failure = failure;
    this.hostname = hostname;
    this.port = port;
  }
}

/**
 * One connection of a TCP server, as a stream of bytes with backpressure. It ends when both sides have said that this was all, or when it is
 * destroyed; `error` comes to nobody who does not listen, and is followed by `close` in any case.
 */
export interface TcpConnection extends Duplex {
  /** Undefined when the peer has gone already. */
  readonly remotePort?: number | undefined;
}

export interface TcpListener {
  readonly port: number;
  /** Accepts no more. Connections are their owners' to end. */
  close(): void;
}

export type ListenTcp = (
  address: Address,
  onConnection: (connection: TcpConnection) => void,
) => Promise<TcpListener>;
