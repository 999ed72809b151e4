/** A notice as MessagePack: a map with the members that it has as JSON. */

import type { Notice } from "./format.ts";
import { mapHead, putWhole, strOf } from "./msgpack-values.ts";

const NUMBER_BYTES = 9;

export function msgpackNotice({ notice, dataset, rows, next }: Notice): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...mapHead(4),
    ...[...strOf("notice"), ...strOf(notice)],
    ...[...strOf("dataset"), ...strOf(dataset)],
    ...[...strOf("rows"), ...numberOf(rows)],
    ...[...strOf("next"), ...numberOf(next)],
  ]);
}

function numberOf(value: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(NUMBER_BYTES));
  return new Uint8Array(bytes.buffer, 0, putWhole(bytes, 0, value));
}
