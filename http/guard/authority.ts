/** Who may be asked under which name, and by whose pages: the decisions, without a request. See the folder's README above. */

import { isIP } from "node:net";
import { isEveryAddress, isLoopback } from "../../runtime/loopback.ts";
import { type Authority, HTTP_PORT, HTTPS_PORT, parseAuthority } from "./known-names.ts";

/** Where the server listens, and what it is called. */
export interface Listening {
  /** As it was configured. */
  readonly host: string;
  readonly port: number;
  /** Whether it speaks TLS. */
  readonly isSecure: boolean;
  /**
   * Other names (`http.names`). One without a port is known with the port that is listened on, and with those of HTTP and HTTPS,
   * which a reverse proxy listens on.
   */
  readonly names: readonly Authority[];
}

const ORIGIN = /^(https?):\/\/(.*)$/;

/** Whether a request with this Host header was meant for us. */
export function isOurHost(header: string | undefined, listening: Listening): boolean {
  const asked = parseAuthority(header);
  if (asked === undefined) return false;
  const isListener = isOwnName(asked.name, listening) && portOf(asked, listening.isSecure) === listening.port;
  return isListener || isKnownName(asked, listening);
}

/** Whether a page of this origin may ask us under this Host header, which has been found to be ours. */
export function isOurOrigin(origin: string, hostHeader: string, listening: Listening): boolean {
  const [, scheme, rest] = ORIGIN.exec(origin) ?? [];
  const page = parseAuthority(rest);
  const asked = parseAuthority(hostHeader);
  if (page === undefined || asked === undefined) return false;
  const isSecure = scheme === "https";
  const port = portOf(page, isSecure);
  if (isSecure === listening.isSecure && port === listening.port) {
    if (page.name === asked.name) return true;
    if (isLoopback(page.name) && isLoopback(asked.name)) return true;
  }
  // A reverse proxy may speak TLS where we do not.
  return page.name === asked.name && isKnownName({ name: page.name, port }, listening);
}

/** Whether a page of this origin and the server that it asks have one name: only there a cookie of ours counts. */
export function isSameName(origin: string, hostHeader: string): boolean {
  const page = parseAuthority(ORIGIN.exec(origin)?.[2]);
  return page !== undefined && page.name === parseAuthority(hostHeader)?.name;
}

/** What a browser says about who asks, by its Sec-Fetch-* headers. */
export interface FetchMetadata {
  readonly method: string;
  readonly path: string;
  readonly site: string | undefined;
  readonly mode: string | undefined;
  readonly dest: string | undefined;
}

/** Pages that one may be led to from anywhere: they hold no data. */
const LINKED: readonly string[] = ["/", "/docs"];

/** Whether a request comes from one of our pages, from the person itself, or from no browser. */
export function isOurSite({ method, path, site, mode, dest }: FetchMetadata): boolean {
  if (site === undefined || site === "same-origin" || site === "none") return true;
  // Somebody followed a link.
  return method === "GET" && LINKED.includes(path) && mode === "navigate" && dest === "document";
}

function isOwnName(name: string, { host }: Listening): boolean {
  const own = bareName(host);
  if (isLoopback(name) || name === own) return true;
  return isEveryAddress(own) && isIP(name) !== 0;
}

function isKnownName(asked: Authority, { names, port }: Listening): boolean {
  return names.some((known) => {
    if (known.name !== asked.name) return false;
    if (known.port !== undefined) return isPort(asked.port, known.port);
    return asked.port === undefined || [port, HTTP_PORT, HTTPS_PORT].includes(asked.port);
  });
}

/** A port that was not said is that of HTTP or of HTTPS: who is in front of us knows which. */
function isPort(asked: number | undefined, known: number): boolean {
  return asked === undefined ? known === HTTP_PORT || known === HTTPS_PORT : asked === known;
}

function portOf({ port }: Authority, isSecure: boolean): number {
  return port ?? (isSecure ? HTTPS_PORT : HTTP_PORT);
}

/** Without brackets and zone, which no Host header has in the same way. */
function bareName(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/%.*$/, "");
}
