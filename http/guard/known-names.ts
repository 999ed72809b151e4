/**
 * Names and addresses, as a Host header and an Origin have them, and the setting `http.names`: those under which the server is
 * known beside its own, on a network or behind a reverse proxy.
 */

import { isIP } from "node:net";

export const HTTP_PORT = 80;
export const HTTPS_PORT = 443;
/** Entries in `http.names`. */
export const MAX_NAMES = 32;

export interface Authority {
  /** Lower case, an IPv6 address without its brackets. */
  readonly name: string;
  /** Undefined: none is said, which is the scheme's. */
  readonly port: number | undefined;
}

const AUTHORITY = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9_.-]{1,255}))(?::([1-9]\d{0,4}))?$/i;

/** `localhost`, `millrace.example:8443`, `[::1]:80`; undefined for anything else. */
export function parseAuthority(text: string | undefined): Authority | undefined {
  const parts = AUTHORITY.exec(text ?? "");
  if (parts === null) return undefined;
  const [, address, name, port] = parts;
  if (address !== undefined && isIP(address) !== 6) return undefined;
  if (port !== undefined && Number(port) > 65_535) return undefined;
  return {
    name: (address ?? name ?? "").toLowerCase(),
    port: port === undefined ? undefined : Number(port),
  };
}

/** Reads `http.names`: entries with spaces or commas between them. @returns undefined when one of them is none */
export function parseNames(text: string): readonly Authority[] | undefined {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  const names = words.map(parseAuthority).filter((name) => name !== undefined);
  return names.length === words.length && names.length <= MAX_NAMES ? names : undefined;
}
