/**
 * The host readers. `openHost` picks the one for this platform: Linux is read from /proc directly (some fifty times faster
 * than asking a program), all others through systeminformation, which is loaded only there and only at the first reading.
 */
import type { HostOptions } from "./host-options.ts";
import { resolveHostOptions } from "./host-options.ts";
import type { HostReader } from "./host-reader.ts";
import { LinuxHost } from "./linux-host.ts";
import { PortableHost } from "./portable-host.ts";

export type { FileAccess } from "./file-access.ts";
export type { HostOptions } from "./host-options.ts";
export type { HostReader, HostStats, MemoryReading, ProcessReadings } from "./host-reader.ts";

/** Opens the reader for this platform. Throws a RangeError for an option out of bounds; reads nothing that can be missing. */
export function openHost(options: HostOptions = {}): HostReader {
  const resolved = resolveHostOptions(options);
  return resolved.platform === "linux" ? new LinuxHost(resolved) : new PortableHost(resolved);
}
