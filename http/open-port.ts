/**
 * Listening, apart from answering: whether the address can be had is known before the routes are loaded. Requests that come meanwhile
 * wait for the answerer.
 */

import { MAX_BODY_BYTES } from "../actors/intake/protocol.ts";
import { ListenError, type ServeOptions, serve } from "../runtime/platform/index.ts";

type Answer = ServeOptions["fetch"];

export interface OpenPort {
  /** The port that was taken, never 0. */
  readonly port: number;
  /** From now on requests are answered so, those that wait first. Called once. */
  answer(fetch: Answer): void;
  /** As the platform's server: lets requests finish for up to a second, and frees the port. Those that wait are told 503. */
  close(): Promise<void>;
}

/** Takes the address. @throws HttpStartError when it cannot, saying what to do */
export async function openPort(
  options: Pick<ServeOptions, "hostname" | "port"> & { readonly tls: ServeOptions["tls"] | undefined },
): Promise<OpenPort> {
  const { hostname, port, tls } = options;
  const { promise, resolve } = Promise.withResolvers<Answer>();
  let fetch: Answer = async (request, connection) => (await promise)(request, connection);
  try {
    const server = await serve({
      ...{ hostname, port },
      maxBodyBytes: MAX_BODY_BYTES,
      ...(tls === undefined ? {} : { tls }),
      fetch: (request, connection) => fetch(request, connection),
    });
    return {
      port: server.port,
      answer(answerer) {
        fetch = answerer;
        resolve(answerer);
      },
      close() {
        // Does nothing once there is an answerer.
        resolve(async () => new Response(null, { status: 503, headers: { connection: "close" } }));
        return server.close();
      },
    };
  } catch (error) {
    throw error instanceof ListenError ? new HttpStartError(error) : error;
  }
}

/** It cannot be listened on the configured address. */
export class HttpStartError extends Error {
  override readonly name = "HttpStartError";

  constructor(cause: ListenError) {
    const remedies = {
      taken: "stop what listens there, or choose another port with --port (0 takes any free one)",
      denied: "choose a port above 1023 with --port",
      unavailable: "choose an address of this host with --host (127.0.0.1 is always one)",
    };
    super(`${cause.message}: ${remedies[cause.failure]}`, { cause });
  }
}
