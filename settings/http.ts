/** Where HTTP listens, and who may ask. The rules between these settings are http-rules.ts. */

import { z } from "zod";
import { MAX_NAMES, parseNames } from "../http/guard/known-names.ts";
import { TOKEN, TOKEN_EXPECTED } from "../http/guard/tokens.ts";
import { MAX_PROXIES, parseProxies } from "../http/guard/trusted-proxies.ts";

export const token = z.string().regex(TOKEN).meta({
  description:
    "Secret that clients send as a bearer token. Give it by environment or file rather than by flag: every user of the host can read a process's flags.",
  expected: TOKEN_EXPECTED,
  secret: true,
});
const filePath = z.string().min(1).max(4096).optional();

export const httpSettings = z.object({
  host: z
    .string()
    .regex(/^[A-Za-z0-9.:%_-]{1,255}$/)
    .default("127.0.0.1")
    .meta({
      description: "Address to listen on. Any address that is not loopback needs a token.",
      expected: "an IP address or host name",
    }),
  port: z.int().min(0).max(65_535).default(8787).describe("Port to listen on; 0 takes any free one."),
  token: token.optional(),
  tokenFile: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      "File whose only line is the token, in place of giving the token itself; mode 0600 is advised.",
    ),
  tokensFile: filePath.describe(
    "File of further tokens, a line each: a name, scopes of read, control, export, ingest with commas between them, the token. Its mode must be 0600.",
  ),
  names: z
    .string()
    .max(4096)
    .refine((text) => parseNames(text) !== undefined)
    .optional()
    .meta({
      description:
        "Further names or addresses under which the server is known, on a network or behind a reverse proxy, each with or without a port.",
      expected: `names such as millrace.example or 192.0.2.7:8443 with spaces between them, at most ${MAX_NAMES}`,
    }),
  trustedProxies: z
    .string()
    .max(4096)
    .refine((text) => parseProxies(text) !== undefined)
    .optional()
    .meta({
      description:
        "Addresses of reverse proxies that are believed, by X-Forwarded-For, who asked them; limits then count for that address. Whoever can ask from one of them can claim any. Default: none is.",
      expected: `addresses or networks such as 192.0.2.7 or 10.0.0.0/8 with spaces between them, at most ${MAX_PROXIES}`,
    }),
  requestsPerSecond: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe(
      "Requests that one address may send, twice as many at once; 0: any number. When it is not given, 0 on loopback and 100 elsewhere.",
    ),
  tlsCert: filePath.describe(
    "File of the certificate in PEM, and of those that vouch for it; with http.tlsKey, HTTPS is spoken.",
  ),
  tlsKey: filePath.describe("File of the certificate's private key in PEM; its owner alone may read it."),
});

export type HttpSettings = Readonly<z.output<typeof httpSettings>>;
