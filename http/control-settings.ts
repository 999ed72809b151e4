/** What the routes know of the settings, and the address that the server is found at. */

import { isEveryAddress, isLoopback } from "../runtime/loopback.ts";
import type { Settings } from "../settings.ts";
import type { HttpAccess } from "./access.ts";
import type { ControlSettings } from "./control.ts";
import { parseNames } from "./guard/known-names.ts";
import { parseProxies, type TrustedProxies } from "./guard/trusted-proxies.ts";
import { version } from "./version.ts";

/** Of one address, where the setting is not given and others than this host can ask. */
const REQUESTS_PER_SECOND = 100;
const NO_PROXIES: TrustedProxies = { has: () => false };

/** @param port the one that is listened on, once it is known */
export function controlSettings(
  { host, names = "", requestsPerSecond, trustedProxies = "" }: Settings["http"],
  { tokens, tls }: HttpAccess,
  port: () => number,
): ControlSettings {
  return {
    host,
    port,
    tokens,
    names: parseNames(names) ?? [],
    isSecure: tls !== undefined,
    requestsPerSecond: requestsPerSecond ?? (isLoopback(host) ? 0 : REQUESTS_PER_SECOND),
    proxies: parseProxies(trustedProxies) ?? NO_PROXIES,
    version,
  };
}

/**
 * `http://127.0.0.1:8787`. No certificate is for "all addresses": with TLS it is then the first of the names that are known with
 * the port that is listened on.
 */
export function serverUrl({ host, port, names, isSecure }: ControlSettings): string {
  const own = names.find((known) => known.port === undefined || known.port === port());
  const name = isSecure && isEveryAddress(host) ? (own?.name ?? host) : host;
  return `${isSecure ? "https" : "http"}://${name.includes(":") ? `[${name}]` : name}:${port()}`;
}
