/** What stands around the rows in the forms of a stream over plain HTTP. */

import type { StreamFormat } from "../../datasets/records/format.ts";
import { encodeNotice } from "../../datasets/records/notice.ts";
import { RETRY_MS } from "./limits.ts";
import type { BodyForm } from "./row-body.ts";

const encoder = new TextEncoder();
const BEAT = encoder.encode(": still here\n\n");
/** Something at once, so that the client knows that it is connected. */
const OPENING = encoder.encode(`: millrace\nretry: ${RETRY_MS}\n\n`);

export function eventForm(format: StreamFormat): BodyForm {
  return {
    opening: OPENING,
    beat: BEAT,
    notice: (notice) => encodeNotice(notice, format, "sse"),
    ended: (reason) => encoder.encode(`event: ended\ndata: ${JSON.stringify({ reason })}\n\n`),
  };
}

/**
 * Nothing but rows and notices: a beat that every reader of a format skips there is not, so a proxy between has to bear silence.
 * @param preamble what the format begins with
 */
export function rawForm(format: StreamFormat, preamble: Uint8Array<ArrayBuffer>): BodyForm {
  return {
    opening: preamble,
    beat: undefined,
    notice: (notice) => encodeNotice(notice, format, "raw"),
    ended: () => undefined,
  };
}
