/** A TCP server by `node:net`, as Bun has it. Deno's loses what is written to who has closed its side: see deno-tcp.ts. */

import { createServer } from "node:net";
import { listenFailure } from "./listen-failure.ts";
import type { ListenTcp } from "./types.ts";

/** Silence after which the system asks whether a peer is still there. */
const KEEP_ALIVE_MS = 30_000;

export const listen: ListenTcp = (address, onConnection) => {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    // Without a listener an error that comes before anybody looks would end the process.
    socket.on("error", () => socket.destroy());
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    onConnection(socket);
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(listenFailure(error, address)));
    server.listen({ host: address.hostname, port: address.port }, () => {
      // What fails later (no descriptors left) fails for one client that tries again.
      server.on("error", () => {});
      const taken = server.address();
      const port = typeof taken === "object" && taken !== null ? taken.port : 0;
      resolve({ port, close: () => server.close() });
    });
  });
};
