/** Whether a WebSocket takes a message of this size. */

import { Buffer } from "node:buffer";
import { MAX_MESSAGE_BYTES, type SocketHandlers } from "./types.ts";

/** @param data a text counts by its UTF-8 */
export function isTooBig(data: string | Uint8Array | ArrayBuffer, handlers: SocketHandlers): boolean {
  const { maxMessageBytes = MAX_MESSAGE_BYTES } = handlers;
  if (typeof data !== "string") return data.byteLength > maxMessageBytes;
  // Three bytes are the most that a character of the string takes.
  return data.length * 3 > maxMessageBytes && Buffer.byteLength(data) > maxMessageBytes;
}
