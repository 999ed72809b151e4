/**
 * Behind a reverse proxy all requests come from the proxy's address, and who is wrong ten times would lock out everybody. So of proxies that
 * `http.trustedProxies` names it is believed who asked them: `X-Forwarded-For`, to which each proxy adds, on the right, the address that it was asked from.
 *
 * Read from the right, the first address that is no trusted proxy's is the one that asks; what stands left of it, anybody may have written. Of
 * an entry that is no address nothing is believed, nor what stands left of it. `Forwarded` (RFC 7239) is not read: a proxy that writes the
 * one header hands the other on as its client wrote it.
 */

import { BlockList, isIP } from "node:net";

/** Entries in `http.trustedProxies`. */
export const MAX_PROXIES = 32;
const BITS = { 4: 32, 6: 128 } as const;
const ENTRY = /^([0-9a-f:.]{2,45})(?:\/(\d{1,3}))?$/i;
/** An address with brackets, a port, or both, as some proxies write it. */
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/;

export interface TrustedProxies {
  has(address: string): boolean;
}

/** Addresses, and networks such as 10.0.0.0/8, with spaces or commas between them. @returns undefined when one of them is none */
export function parseProxies(text: string): TrustedProxies | undefined {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  if (words.length > MAX_PROXIES) return undefined;
  const list = new BlockList();
  for (const word of words) {
    const [, address = "", prefix] = ENTRY.exec(word) ?? [];
    const version = isIP(address);
    if (version !== 4 && version !== 6) return undefined;
    const bits = prefix === undefined ? BITS[version] : Number(prefix);
    // All addresses there are: whoever asks would be whom he says.
    if (bits === 0 || bits > BITS[version]) return undefined;
    list.addSubnet(address, bits, `ipv${version}`);
  }
  return {
    has(address) {
      const version = isIP(address);
      return version !== 0 && list.check(address, version === 4 ? "ipv4" : "ipv6");
    },
  };
}

/**
 * Whose request it is.
 * @param peer address that the connection comes from
 * @param forwardedFor the header, its lines with commas between them
 */
export function askerAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  proxies: TrustedProxies,
): string | undefined {
  if (peer === undefined || forwardedFor === undefined || !proxies.has(peer)) return peer;
  let asker = peer;
  for (const entry of forwardedFor.split(",").reverse()) {
    const address = addressOf(entry.trim());
    if (address === undefined) return asker;
    asker = address;
    if (!proxies.has(asker)) return asker;
  }
  return asker;
}

function addressOf(entry: string): string | undefined {
  const [, bracketed, plain] = WITH_PORT.exec(entry) ?? [];
  const address = bracketed ?? plain ?? entry;
  return isIP(address) === 0 ? undefined : address;
}
