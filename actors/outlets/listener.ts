/**
 * A TCP server on a loopback address, with a bound on its clients. Half-open connections are taken: who has nothing to say
 * (`nc … < /dev/null`) may have closed its side and still reads. A peer that is gone without a word is found by keep-alive.
 */

import { createServer, type Server, type Socket } from "node:net";
import { isLoopback } from "../../runtime/loopback.ts";
import { type Refused, refuse } from "../refused.ts";
import type { OutletRefusal } from "./protocol.ts";

/** Silence after which the system asks whether a peer is still there. */
const KEEP_ALIVE_MS = 30_000;

export interface Listener {
  readonly port: number;
  /** Accepts no more. Connections are their owners' to end. */
  close(): void;
}

export type Listening = { readonly ok: true; readonly listener: Listener } | Refused<OutletRefusal>;

/**
 * Listens.
 * @param port 0 takes any free one
 * @param isFull whether one more connection is too many: it is cut then
 */
export function listen(
  { host, port }: { readonly host: string; readonly port: number },
  isFull: () => boolean,
  onConnection: (socket: Socket) => void,
): Promise<Listening> {
  if (!isLoopback(host)) return Promise.resolve(notLoopback(host));
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    // Without a listener an error that comes before anybody looks would end the process.
    socket.on("error", () => socket.destroy());
    if (isFull()) {
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    onConnection(socket);
  });
  return new Promise((resolve) => {
    server.once("error", (error) => resolve(listenRefusal(error, host, port)));
    // A name could resolve to anything.
    server.listen({ host: host.toLowerCase() === "localhost" ? "127.0.0.1" : host, port }, () => {
      // What fails later (no descriptors left) fails for one client that tries again.
      server.on("error", () => {});
      resolve({ ok: true, listener: { port: portOf(server), close: () => server.close() } });
    });
  });
}

export function notLoopback(host: string): Refused<"not-loopback"> {
  return refuse(
    "not-loopback",
    `host: expected a loopback address (127.0.0.1, ::1), as an outlet knows no password; came ${JSON.stringify(host.slice(0, 80))}. ` +
      "From elsewhere, read the streams over HTTPS or a WebSocket with a token, or through a tunnel (ssh -L)",
  );
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function listenRefusal(error: Error, host: string, port: number): Refused<OutletRefusal> {
  switch ((error as NodeJS.ErrnoException).code) {
    case "EADDRINUSE":
      return refuse(
        "address-taken",
        `port ${port} is taken on ${host}: choose another (0 takes any free one), or stop what listens there`,
      );
    case "EACCES":
      return refuse("address-refused", `this user may not listen on port ${port}: choose one above 1023`);
    default:
      return refuse(
        "address-refused",
        `this host cannot listen on ${host} port ${port}: choose 127.0.0.1 and another port`,
      );
  }
}
