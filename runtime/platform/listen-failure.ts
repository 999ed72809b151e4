/** Brings what the runtimes throw when they cannot listen to the one error that is told. */

import { type Address, ListenError, type ListenFailure } from "./types.ts";

const BY_CODE: Readonly<Record<string, ListenFailure>> = {
  EADDRINUSE: "taken",
  AddrInUse: "taken",
  EACCES: "denied",
  PermissionDenied: "denied",
  EADDRNOTAVAIL: "unavailable",
  AddrNotAvailable: "unavailable",
  // What Bun says of a name that does not resolve.
  EINVAL: "unavailable",
  ENOTFOUND: "unavailable",
  EAI_AGAIN: "unavailable",
};

/** @returns a ListenError, or `error` itself when it says something else */
export function listenFailure(error: unknown, address: Address): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { readonly code?: unknown };
  const failure = BY_CODE[String(code)] ?? BY_CODE[error.name] ?? resolverFailure(error);
  return failure === undefined ? error : new ListenError(failure, address, error);
}

/** Deno reports a name that does not resolve as a plain Error. */
function resolverFailure({ message }: Error): ListenFailure | undefined {
  return /failed to lookup address|no addresses/i.test(message) ? "unavailable" : undefined;
}
