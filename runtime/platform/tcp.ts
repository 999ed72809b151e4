/** A TCP server, for what is not HTTP. Connections are half-open: who says that it has nothing more to say may still read. */

import type { ListenTcp } from "./types.ts";

/**
 * Listens.
 * @param address port 0 takes any free one
 * @throws ListenError when the address cannot be listened on
 */
export const listenTcp: ListenTcp = async (address, onConnection) => {
  const { listen } = "Deno" in globalThis ? await import("./deno-tcp.ts") : await import("./node-tcp.ts");
  return listen(address, onConnection);
};
