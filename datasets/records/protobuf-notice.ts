/** A notice as Protobuf: a `Record` that holds one, its length before it. */

import { BackBuffer, type BackLiteral } from "./back-buffer.ts";
import type { Notice } from "./format.ts";
import { NOTICE_FIELD } from "./proto-schema.ts";
import { backVarint32, backWhole, LENGTH, tagOf, textLiteral, VARINT } from "./protobuf-values.ts";

/** Bytes of everything but the texts, with room to spare. */
const FRAME_BYTES = 64;

export function protobufNotice({ notice, dataset, rows, next }: Notice): Uint8Array<ArrayBuffer> {
  const texts = [notice, dataset].map(textLiteral);
  const buffer = new BackBuffer(texts.reduce((bytes, { length }) => bytes + length, FRAME_BYTES));
  const { view } = buffer;
  const end = buffer.start;
  let at = end;
  const putNumber = (field: number, value: number) => {
    if (value === 0) return;
    at = backWhole(view, at, value);
    view.setUint8(--at, tagOf(field, VARINT));
  };
  const putText = (field: number, text: BackLiteral) => {
    at = text.put(view, at);
    view.setUint8(--at, tagOf(field, LENGTH));
  };
  putNumber(4, next);
  putNumber(3, rows);
  putText(2, texts[1]!);
  putText(1, texts[0]!);
  at = backVarint32(view, at, end - at);
  view.setUint8(--at, tagOf(NOTICE_FIELD, LENGTH));
  buffer.start = backVarint32(view, at, end - at);
  return new Uint8Array(buffer.bytes());
}
