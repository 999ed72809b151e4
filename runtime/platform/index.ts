/** The runtime this code runs on, chosen by what is there. Only the one that is chosen is loaded. */

import type { Platform, ServeOptions, Server } from "./types.ts";

export { commandLine, environment, exit, onStopSignal, type StopSignal } from "./process.ts";
export {
  type Address,
  type Connection,
  GOING_AWAY,
  LARGEST_MESSAGE_BYTES,
  ListenError,
  type ListenFailure,
  MAX_MESSAGE_BYTES,
  type Platform,
  type ServeOptions,
  type Server,
  type Socket,
  type SocketHandlers,
  type TlsOptions,
} from "./types.ts";

/** @throws Error on a runtime that is neither Bun nor Deno */
export async function loadPlatform(): Promise<Platform> {
  if ("Bun" in globalThis) return (await import("./bun.ts")).bunPlatform;
  if ("Deno" in globalThis) return (await import("./deno.ts")).denoPlatform;
  throw new Error("expected to run on Bun (1.4.4 or later) or Deno (2.9 or later); this is neither of them");
}

/**
 * Serves HTTP until it is closed.
 * @throws ListenError when the address cannot be listened on
 */
export async function serve(options: ServeOptions): Promise<Server> {
  return (await loadPlatform()).serve(options);
}
