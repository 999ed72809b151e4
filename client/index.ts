/** Millrace's client for programs that push rows. Imports nothing; runs on Bun, Deno, Node and in browsers. */

export { type Client, createClient } from "./client.ts";
export type { ClientClock, ClientTimer } from "./clock.ts";
export type {
  BatchResult,
  ClientOptions,
  ClientStats,
  Drop,
  DropReason,
  Fetch,
  Rejection,
} from "./options.ts";
