/**
 * NDJSON, also called JSON Lines: an object a line. Lines end with a line feed, which the last one may lack; a carriage return before it is
 * white space. Blank lines are no rows. A line that is no JSON is a row that is refused; those behind it are read.
 */

import type { BodyBytes } from "./body-bytes.ts";
import type { DecoderFactory } from "./decoder.ts";
import { type FoundRow, JsonBody, JsonTools, parseJson, type RowForm, textStart } from "./json-body.ts";
import { MAX_ROW_BYTES } from "./json-plan.ts";
import { Malformed } from "./row-decoder.ts";

const LINE_FEED = 10;

const EXPECTED = `an object as JSON in UTF-8, on a line of its own of at most ${MAX_ROW_BYTES} bytes`;

const LINES: RowForm = {
  isArray: false,
  find(bytes, at, end): FoundRow {
    const to = lineEnd(bytes, at, end);
    const length = to - at;
    const parsed = length <= MAX_ROW_BYTES ? parseJson(bytes, at, to) : undefined;
    const got = `a line of ${length} bytes${length <= MAX_ROW_BYTES ? " that is no JSON" : ""}`;
    return { row: parsed ?? new Malformed(EXPECTED, got), behind: Math.min(to + 1, end) };
  },
  faultBehind: () => undefined,
};

export const ndjsonBody: DecoderFactory = (context) => {
  const tools = new JsonTools(context);
  return (body) => new JsonBody(tools, LINES, body, textStart(tools.bytes, body));
};

function lineEnd({ u8 }: BodyBytes, at: number, end: number): number {
  const found = u8.subarray(at, end).indexOf(LINE_FEED);
  return found < 0 ? end : at + found;
}
