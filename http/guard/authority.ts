/** Who may be asked under which name, and by whose pages: the decisions, without a request. See the folder's README above. */

import { isIP } from "node:net";
import { isLoopback } from "../../settings.ts";

/** Where the server listens. */
export interface Listening {
  /** As it was configured. */
  readonly host: string;
  readonly port: number;
}

interface Authority {
  /** Lower case, an IPv6 address without its brackets. */
  readonly name: string;
  readonly port: number;
}

const HTTP_PORT = 80;
const AUTHORITY = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9_.-]{1,255}))(?::([1-9]\d{0,4}))?$/i;
const ALL_ADDRESSES: readonly string[] = ["0.0.0.0", "::"];

/** Whether a request with this Host header was meant for us. */
export function isOurHost(header: string | undefined, { host, port }: Listening): boolean {
  const asked = parseAuthority(header);
  if (asked === undefined || asked.port !== port) return false;
  const own = bareName(host);
  if (isLoopback(asked.name) || asked.name === own) return true;
  return ALL_ADDRESSES.includes(own) && isIP(asked.name) !== 0;
}

/** Whether a page of this origin may ask us under this Host header, which has been found to be ours. */
export function isOurOrigin(origin: string, hostHeader: string, { port }: Listening): boolean {
  const prefix = "http://";
  if (!origin.startsWith(prefix)) return false;
  const page = parseAuthority(origin.slice(prefix.length));
  if (page === undefined || page.port !== port) return false;
  return isLoopback(page.name) || page.name === parseAuthority(hostHeader)?.name;
}

/** What a browser says about who asks, by its Sec-Fetch-* headers. */
export interface FetchMetadata {
  readonly method: string;
  readonly path: string;
  readonly site: string | undefined;
  readonly mode: string | undefined;
  readonly dest: string | undefined;
}

/** Whether a request comes from one of our pages, from the person itself, or from no browser. */
export function isOurSite({ method, path, site, mode, dest }: FetchMetadata): boolean {
  if (site === undefined || site === "same-origin" || site === "none") return true;
  // Somebody followed a link to the front page.
  return method === "GET" && path === "/" && mode === "navigate" && dest === "document";
}

function parseAuthority(text: string | undefined): Authority | undefined {
  const parts = AUTHORITY.exec(text ?? "");
  if (parts === null) return undefined;
  const [, address, name, port] = parts;
  if (address !== undefined && isIP(address) !== 6) return undefined;
  return { name: (address ?? name ?? "").toLowerCase(), port: port === undefined ? HTTP_PORT : Number(port) };
}

/** Without brackets and zone, which no Host header has in the same way. */
function bareName(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/%.*$/, "");
}
