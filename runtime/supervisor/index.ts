/** Supervision as in Erlang/OTP, with backoff. Read types.ts first, then supervisor.ts. */

export { backoffDelayMs } from "./backoff.ts";
export { Supervisor } from "./supervisor.ts";
export * from "./types.ts";
export { DEFAULT_BACKOFF, DEFAULT_INTENSITY, DEFAULT_POLICY } from "./validate.ts";
