/** What a platform has to offer. No type of either runtime stands here. */

export interface ServeOptions {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** An address, or a name that resolves to one. */
  readonly hostname: string;
  /** From 0 to 65535; 0 takes any free port. */
  readonly port: number;
  /**
   * Bytes of the largest request body that is wanted; default 64 KiB. Bun refuses larger ones before they are read; Deno does
   * not, so `fetch` must not read more than it wants.
   */
  readonly maxBodyBytes?: number;
  /** Called once, when connections are accepted, before the first request is handled. */
  readonly onListen?: (address: Address) => void;
}

export interface Address {
  readonly hostname: string;
  /** The port that was taken, never 0. */
  readonly port: number;
}

export interface Server extends Address {
  /**
   * Accepts no more connections, lets requests that are under way finish for up to `graceMs` (default 1000), then cuts them.
   * Resolves when the port is free. Calling it again waits for the same end.
   */
  close(graceMs?: number): Promise<void>;
}

export interface Platform {
  readonly name: "bun" | "deno";
  /** @throws ListenError when the address cannot be listened on */
  serve(options: ServeOptions): Promise<Server>;
}

/** `taken`: somebody listens there. `denied`: this user may not. `unavailable`: this host has no such address. */
export type ListenFailure = "taken" | "denied" | "unavailable";

/** The address cannot be listened on. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly failure: ListenFailure;
  readonly hostname: string;
  readonly port: number;

  constructor(failure: ListenFailure, address: Address, cause: unknown) {
    const { hostname, port } = address;
    const said = {
      taken: `port ${port} is taken on ${hostname}`,
      denied: `this user may not listen on port ${port} of ${hostname}`,
      unavailable: `this host cannot listen on the address ${hostname}`,
    };
    super(said[failure], { cause });
    this.failure = failure;
    this.hostname = hostname;
    this.port = port;
  }
}
