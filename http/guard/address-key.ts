/**
 * Whom a limit is for. One host has one IPv4 address, but of IPv6 addresses as many as it likes below one /64: those count as
 * one. An IPv4 address in the form of an IPv6 one counts as the IPv4 one.
 */

import { isIPv4, isIPv6 } from "node:net";

const GROUPS = 8;
const OF_NETWORK = 4;

/** @returns "192.0.2.1", "2001:db8:0:1::/64"; "unknown" for what is no address */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return "unknown";
  if (isIPv4(address)) return address;
  const bare = address.replace(/%.*$/, "");
  if (!isIPv6(bare)) return "unknown";
  const groups = groupsOf(bare);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) {
    return groups
      .slice(6)
      .flatMap((group) => [group >>> 8, group & 255])
      .join(".");
  }
  const network = groups.slice(0, OF_NETWORK).map((group) => group.toString(16));
  return `${network.join(":")}::/64`;
}

/** The eight numbers of a valid IPv6 address. */
function groupsOf(address: string): number[] {
  const [head = "", tail] = address.split("::", 2);
  const before = numbersOf(head);
  const after = numbersOf(tail ?? "");
  const zeros = tail === undefined ? 0 : GROUPS - before.length - after.length;
  return [...before, ...Array.from({ length: zeros }, () => 0), ...after];
}

function numbersOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
