/** A TCP server, for what is not HTTP. Connections are half-open: who says that it has nothing more to say may still read. */

import type { Duplex } from "node:stream";
import type { Address } from "./types.ts";

/**
 * One connection, as a stream of bytes with backpressure. It ends when both sides have said that this was all, or when it is
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

/**
 * Listens.
 * @param address port 0 takes any free one
 * @throws ListenError when the address cannot be listened on
 */
export const listenTcp: ListenTcp = async (address, onConnection) => {
  const { listen } = "Deno" in globalThis ? await import("./deno-tcp.ts") : await import("./node-tcp.ts");
  return listen(address, onConnection);
};
