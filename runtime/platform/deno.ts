/**
 * Deno's side of the platform. Its types are not loaded, so what is used of it is declared here.
 *
 * `shutdown()` is not used: once it has begun, `abort()` cannot cut what is left any more (it throws BadResource). So the
 * requests under way are counted here, and `abort()` comes when there are none, or when their time is up.
 */

import { listenFailure } from "./listen-failure.ts";
import type { Address, Platform, ServeOptions, Server } from "./types.ts";

interface DenoServer {
  readonly addr: Address;
  readonly finished: Promise<void>;
}

interface DenoApi {
  serve(
    options: {
      readonly hostname: string;
      readonly port: number;
      readonly signal: AbortSignal;
      readonly onListen: () => void;
    },
    handler: (
      request: Request,
      /** Settles when the answer has been sent, or cannot be any more. */
      info: { readonly completed: Promise<void> },
    ) => Response | Promise<Response>,
  ): DenoServer;
}

const DEFAULT_GRACE_MS = 1000;

export const denoPlatform: Platform = {
  name: "deno",
  serve: (options) => Promise.resolve().then(() => serve(options)),
};

function serve({ fetch, hostname, port, onListen }: ServeOptions): Server {
  const { Deno } = globalThis as unknown as { readonly Deno: DenoApi };
  const cut = new AbortController();
  const underWay = new RequestCount();
  let closed: Promise<void> | undefined;
  let server: DenoServer;
  try {
    // Its own `onListen` would print a line of its own.
    const quiet = { hostname, port, signal: cut.signal, onListen: () => {} };
    server = Deno.serve(quiet, (request, { completed }) => {
      if (closed !== undefined) return new Response(null, { status: 503, headers: { connection: "close" } });
      underWay.add(completed);
      return fetch(request);
    });
  } catch (error) {
    throw listenFailure(error, { hostname, port });
  }
  const address = { hostname, port: server.addr.port };
  onListen?.(address);
  return {
    ...address,
    close(graceMs = DEFAULT_GRACE_MS) {
      closed ??= (async () => {
        await underWay.none(graceMs);
        cut.abort();
        await server.finished;
      })();
      return closed;
    },
  };
}

class RequestCount {
  #count = 0;
  #onNone: () => void = () => {};

  add(completed: Promise<void>): void {
    this.#count++;
    const done = () => {
      if (--this.#count === 0) this.#onNone();
    };
    // It rejects when the client went away first, which is an end like any other.
    completed.then(done, done);
  }

  /** Resolves when there are none, or after `atMostMs`. */
  none(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#count === 0) return resolve();
      const timer = setTimeout(resolve, atMostMs);
      this.#onNone = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
