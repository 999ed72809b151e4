/** What bounds what is pushed over HTTP. */

/** Bytes of pushed bodies that are read at once, of all who push: what is beyond is to be sent again. */
export const MAX_READING_BYTES = 64 * 2 ** 20;
/** WebSockets that push at once. */
export const MAX_PUSH_SOCKETS = 64;
/** Bytes of one message of a WebSocket. */
export const MAX_PUSH_MESSAGE_BYTES = 2 ** 20;
/** Messages of one WebSocket that may be without an answer: a sender counts. */
export const MAX_UNANSWERED = 32;
/** Characters of an `Idempotency-Key`. */
export const MAX_KEY_CHARACTERS = 200;
/** How long the intake may take to answer: rows wait for the disk. */
export const PUSH_ANSWER_MS = 30_000;
/** When there is room in the staging area again, nobody knows; soon. */
export const NO_ROOM_RETRY_MS = 1000;
