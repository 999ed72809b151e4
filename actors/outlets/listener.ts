/**
 * A TCP server on a loopback address, with a bound on its clients. Half-open connections are taken: who has nothing to say
 * (`nc … < /dev/null`) may have closed its side and still reads.
 */

import { isLoopback } from "../../runtime/loopback.ts";
import { ListenError } from "../../runtime/platform/index.ts";
import { listenTcp } from "../../runtime/platform/tcp.ts";
import type { TcpConnection, TcpListener } from "../../runtime/platform/types.ts";
import { type Refused, refuse } from "../refused.ts";
import type { OutletRefusal } from "./protocol.ts";

export type Listening = { readonly ok: true; readonly listener: TcpListener } | Refused<OutletRefusal>;

/**
 * Listens.
 * @param port 0 takes any free one
 * @param isFull whether one more connection is too many: it is cut then
 */
export async function listen(
  { host, port }: { readonly host: string; readonly port: number },
  isFull: () => boolean,
  onConnection: (connection: TcpConnection) => void,
): Promise<Listening> {
  if (!isLoopback(host)) return notLoopback(host);
  // A name could resolve to anything.
  const hostname = host.toLowerCase() === "localhost" ? "127.0.0.1" : host;
  try {
    const listener = await listenTcp({ hostname, port }, (connection) => {
      if (isFull()) connection.destroy();
      else onConnection(connection);
    });
    return { ok: true, listener };
  } catch (error) {
    return listenRefusal(error, host, port);
  }
}

export function notLoopback(host: string): Refused<"not-loopback"> {
  return refuse(
    "not-loopback",
    `host: expected a loopback address (127.0.0.1, ::1), as an outlet knows no password; came ${JSON.stringify(host.slice(0, 80))}. ` +
      "From elsewhere, read the streams over HTTPS or a WebSocket with a token, or through a tunnel (ssh -L)",
  );
}

function listenRefusal(error: unknown, host: string, port: number): Refused<OutletRefusal> {
  switch (error instanceof ListenError ? error.failure : undefined) {
    case "taken":
      return refuse(
        "address-taken",
        `port ${port} is taken on ${host}: choose another (0 takes any free one), or stop what listens there`,
      );
    case "denied":
      return refuse("address-refused", `this user may not listen on port ${port}: choose one above 1023`);
    default:
      return refuse(
        "address-refused",
        `this host cannot listen on ${host} port ${port}: choose 127.0.0.1 and another port`,
      );
  }
}
