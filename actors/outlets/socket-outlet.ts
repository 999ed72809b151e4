/** An outlet that clients connect to: who is connected, what they were sent, and their end. What is spoken is the client's. */

import type { TcpConnection } from "../../runtime/platform/types.ts";
import type { ClientView } from "../feed/subscription.ts";
import { listen } from "./listener.ts";
import type { OutletOpened } from "./outlet.ts";
import { MAX_OUTLET_CLIENTS, type OutletSpec } from "./protocol.ts";

/** One connection. */
export interface SocketClient {
  /** Also after it has gone. */
  readonly sentRows: number;
  /** Undefined: it is not known yet what it wants. */
  view(): ClientView | undefined;
  /** Gives it what waits for it, and ends it. */
  end(): Promise<void>;
}

/** @param connect makes the client of a connection, which calls `onGone` once when that has ended */
export async function openSocketOutlet<Spec extends Extract<OutletSpec, { readonly port: number }>>(
  spec: Spec,
  connect: (socket: TcpConnection, onGone: () => void) => SocketClient,
): Promise<OutletOpened> {
  const clients = new Set<SocketClient>();
  let goneRows = 0;
  let isClosed = false;
  const listening = await listen(
    spec,
    () => isClosed || clients.size >= MAX_OUTLET_CLIENTS,
    (socket) => {
      const client = connect(socket, () => {
        clients.delete(client);
        goneRows += client.sentRows;
      });
      clients.add(client);
    },
  );
  if (!listening.ok) return listening;
  const { listener } = listening;
  return {
    ok: true,
    outlet: {
      spec: { ...spec, port: listener.port },
      clients: () => [...clients].flatMap((client) => client.view() ?? []),
      sentRows: () => [...clients].reduce((rows, client) => rows + client.sentRows, goneRows),
      async close() {
        isClosed = true;
        listener.close();
        await Promise.all([...clients].map((client) => client.end()));
      },
    },
  };
}
