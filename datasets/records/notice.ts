/**
 * Notices as bytes: what a client is told between the records. To server-sent events they are events of their own, named
 * after the notice, with JSON as data and no id: where the client stands has not changed.
 */

import type { Framing, Notice, StreamFormat } from "./format.ts";
import { msgpackNotice } from "./msgpack-notice.ts";
import { protobufNotice } from "./protobuf-notice.ts";

/** @returns undefined where the stream has no room for it: raw Arrow. The framing `message` is the transport's own. */
export function encodeNotice(
  notice: Notice,
  format: StreamFormat,
  framing: Exclude<Framing, "message">,
): Uint8Array<ArrayBuffer> | undefined {
  if (framing === "sse")
    return new TextEncoder().encode(`event: ${notice.notice}\ndata: ${noticeJson(notice)}\n\n`);
  switch (format) {
    case "jsonl":
      return new TextEncoder().encode(`${noticeJson(notice)}\n`);
    case "msgpack":
      return msgpackNotice(notice);
    case "protobuf":
      return protobufNotice(notice);
    case "arrow":
      return undefined;
  }
}

function noticeJson({ notice, dataset, rows, next }: Notice): string {
  return JSON.stringify({ notice, dataset, rows, next });
}
