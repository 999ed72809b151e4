/** What stands around the rows in the forms of a stream over plain HTTP. */

import { type Positions, positionsText } from "../../actors/broadcaster/positions.ts";
import type { StreamFormat } from "../../datasets/records/format.ts";
import { encodeNotice } from "../../datasets/records/notice.ts";
import { RETRY_MS } from "./limits.ts";
import type { BodyForm } from "./row-body.ts";

const encoder = new TextEncoder();

/**
 * The opening is something at once, so that the client knows that it is connected. It and the beats say where the client stands,
 * by an id that belongs to no event: a client that has had no row yet, or none for long, goes on there too.
 * @param datasets those that ids are of: the one of the stream, or all that there are
 */
export function eventForm(format: StreamFormat, datasets: readonly string[]): BodyForm {
  const block = (head: string, positions: Positions) => {
    const id = positionsText(positions, datasets);
    return encoder.encode(`${head}\n${id === undefined ? "" : `id: ${id}\n`}\n`);
  };
  return {
    opening: (positions) => block(`: millrace\nretry: ${RETRY_MS}`, positions),
    beat: (positions) => block(": still here", positions),
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
    opening: () => preamble,
    beat: () => undefined,
    notice: (notice) => encodeNotice(notice, format, "raw"),
    ended: () => undefined,
  };
}
