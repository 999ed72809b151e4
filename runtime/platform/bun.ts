/** Bun's side of the platform. */

import { listenFailure } from "./listen-failure.ts";
import type { Platform, ServeOptions, Server } from "./types.ts";

const DEFAULT_GRACE_MS = 1000;
const DEFAULT_BODY_BYTES = 64 * 1024;

export const bunPlatform: Platform = {
  name: "bun",
  serve: (options) => Promise.resolve().then(() => serve(options)),
};

function serve({ fetch, hostname, port, maxBodyBytes = DEFAULT_BODY_BYTES, onListen }: ServeOptions): Server {
  let server: Bun.Server<undefined>;
  try {
    server = Bun.serve({
      hostname,
      port,
      fetch,
      // Else an event stream with nothing to say is cut after some seconds.
      idleTimeout: 0,
      maxRequestBodySize: maxBodyBytes,
      development: false,
      // With `development: false` Bun shares the port with whoever asks for it too, instead of saying that it is taken.
      reusePort: false,
    });
  } catch (error) {
    throw listenFailure(error, { hostname, port });
  }
  const address = { hostname, port: server.port ?? port };
  onListen?.(address);
  let closed: Promise<void> | undefined;
  return {
    ...address,
    close(graceMs = DEFAULT_GRACE_MS) {
      closed ??= (async () => {
        const cut = setTimeout(() => void server.stop(true), graceMs);
        await server.stop();
        clearTimeout(cut);
      })();
      return closed;
    },
  };
}
