/** What bounds the streams over HTTP. */

/** Streams and sockets that may be open at once. */
export const MAX_STREAMS = 256;
/** Subscriptions of one WebSocket. */
export const MAX_SUBSCRIPTIONS = 32;
/**
 * Bytes that are written at once, and that a transport may hold: what waits beyond them waits in the client's queue at the
 * feed, where it is counted and dropped by rule. The kernel has its own buffers, of some MiB, on top.
 */
export const WRITE_BYTES = 256 * 1024;
/** With nothing to say for this long, it is said that the connection lives: proxies cut what is silent. */
export const BEAT_MS = 15_000;
/** A client that takes nothing for this long is cut; of the clients of rows, those of the policy `disconnect`. */
export const STALL_MS = 30_000;
/** What a browser is to wait before it connects again. */
export const RETRY_MS = 2_000;
