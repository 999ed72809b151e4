/** What a host to listen on means: this machine alone, or every address that it has. */

/** Whether it is reached from this machine only; unsure means no. Knows 127.0.0.0/8, ::1 and localhost, as they are written; resolves no name. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  if (name === "localhost" || name === "::1" || name === "0:0:0:0:0:0:0:1") return true;
  const octets = name.split(".");
  return (
    octets.length === 4 &&
    octets[0] === "127" &&
    octets.every((octet) => /^(?:0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255)
  );
}

/** Whether it stands for all addresses that this machine has. */
export function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}
