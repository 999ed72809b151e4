/**
 * JSON: a list of objects, or one object. An element that is no good row is refused; where the text is no JSON, no row can be found behind it, and
 * the body as a whole is refused.
 */

import type { Kernels } from "../wasm/index.ts";
import type { BodyBytes } from "./body-bytes.ts";
import { type BodyDecoder, BodyFault, type BodyPlace, type DecoderFactory } from "./decoder.ts";
import {
  type FoundRow,
  JsonBody,
  JsonTools,
  parseJson,
  type RowForm,
  settle,
  textStart,
} from "./json-body.ts";
import { MAX_ROW_BYTES } from "./json-plan.ts";
import { Malformed } from "./row-decoder.ts";

const LIST = 0x5b;
const LIST_END = 0x5d;
const OBJECT = 0x7b;
const EXPECTED = `an object of at most ${MAX_ROW_BYTES} bytes`;

export const jsonBody: DecoderFactory = (context) => {
  const tools = new JsonTools(context);
  return (body) => {
    const { bytes } = tools;
    const end = body.at + body.bytes;
    const form = elementsOf(context.kernels, body);
    const at = skipBlanks(bytes, textStart(bytes, body), end);
    const first = at < end ? bytes.u8[at] : undefined;
    if (first === OBJECT) return oneObject(tools, body, at);
    if (first !== LIST) {
      const got = first === undefined ? "nothing" : "something else";
      return new BodyFault("a list of objects as JSON, or one object", got, at - body.at);
    }
    const element = skipBlanks(bytes, at + 1, end);
    if (element === end || bytes.u8[element] !== LIST_END) return new JsonBody(tools, form, body, element);
    return form.faultBehind(bytes, element + 1, end) ?? EMPTY;
  };
};

const ONE_OBJECT =
  "a list of objects as JSON in UTF-8, or one object and nothing behind it (an object a line is application/x-ndjson)";

const EMPTY: BodyDecoder = {
  next(table) {
    table.clear();
    return "end";
  },
};

function elementsOf(kernels: Kernels, { at: start }: BodyPlace): RowForm {
  return {
    isArray: true,
    find(bytes, at, end): FoundRow | BodyFault {
      const behind = kernels.jsonElementEnd(at, end);
      const length = blanksEnd(bytes, at, behind) - at;
      if (behind !== 0 && length > MAX_ROW_BYTES) {
        return { row: new Malformed(EXPECTED, `an element of ${length} bytes`), behind };
      }
      const row = behind === 0 ? undefined : parseJson(bytes, at, behind);
      return row === undefined ? noElement(at - start, behind) : { row, behind };
    },
    faultBehind(bytes, at, end) {
      const next = skipBlanks(bytes, at, end);
      return next < end ? new BodyFault("nothing behind the list", "more", next - start) : undefined;
    },
  };
}

function noElement(at: number, behind: number): BodyFault {
  const got = behind === 0 ? "one that the body ends within" : "one that is none";
  return new BodyFault(
    "an element of the list as JSON in UTF-8 (NaN is none: write null) from here on",
    got,
    at,
  );
}

function oneObject(tools: JsonTools, body: BodyPlace, at: number): BodyDecoder | BodyFault {
  const end = body.at + body.bytes;
  const isLong = end - at > MAX_ROW_BYTES;
  const row = isLong ? new Malformed(EXPECTED, `one of ${end - at} bytes`) : parseJson(tools.bytes, at, end);
  if (row === undefined) {
    return new BodyFault(ONE_OBJECT, "something else", at - body.at);
  }
  return {
    next(table) {
      table.clear();
      settle(tools.context, row, 0, tools.of(table).builder);
      return "end";
    },
  };
}

function skipBlanks({ u8 }: BodyBytes, at: number, end: number): number {
  let next = at;
  while (next < end && isBlank(u8[next]!)) next++;
  return next;
}

/** Where the blanks begin that end at `end`. */
function blanksEnd({ u8 }: BodyBytes, from: number, end: number): number {
  let last = end;
  while (last > from && isBlank(u8[last - 1]!)) last--;
  return last;
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}
