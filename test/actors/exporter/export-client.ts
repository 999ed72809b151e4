/** Asks the exporter of a house, and pulls whole files from it. */

import assert from "node:assert/strict";
import type { ExportOrder } from "../../../actors/exporter/order.ts";
import {
  type ExporterMessage,
  type ExporterReplies,
  MAX_CHUNK_BYTES,
} from "../../../actors/exporter/protocol.ts";
import type { RecorderHouse } from "../recorder/recorder-house.ts";

export async function ask<Kind extends ExporterMessage["kind"]>(
  house: RecorderHouse,
  message: Extract<ExporterMessage, { kind: Kind }>,
): Promise<ExporterReplies[Kind]> {
  let isAnswered = false;
  const answer = house.system.ask<ExporterReplies[Kind]>("exporter", message, 1000).finally(() => {
    isAnswered = true;
  });
  while (!isAnswered) await house.settle();
  const result = await answer;
  if (!result.ok) throw new Error(`${result.reason}: ${result.message}`);
  return result.value;
}

/** All of the process dataset as CSV, but for what is said. */
export function orderOf(order: Partial<ExportOrder>): ExportOrder {
  return {
    dataset: "process",
    format: "csv",
    fromMs: Number.NEGATIVE_INFINITY,
    toMs: Number.POSITIVE_INFINITY,
    ...order,
  };
}

export async function open(house: RecorderHouse, order: Partial<ExportOrder>) {
  const opened = await ask(house, { kind: "export.open", order: orderOf(order) });
  if (!opened.ok) throw new Error(opened.message);
  return opened;
}

/** Pulls an opened export to its end, calling `between` before each pull. */
export async function pullAll(
  house: RecorderHouse,
  id: number,
  between: () => Promise<void> = async () => {},
) {
  const parts: Uint8Array[] = [];
  for (;;) {
    await between();
    const chunk = await ask(house, { kind: "export.pull", id });
    if (!chunk.ok) throw new Error(`${chunk.reason}: ${chunk.message}`);
    assert.ok(chunk.bytes.byteLength <= MAX_CHUNK_BYTES);
    assert.equal(chunk.bytes.byteLength, chunk.bytes.buffer.byteLength, "a chunk drags more bytes along");
    parts.push(chunk.bytes);
    if (chunk.done) return { bytes: Buffer.concat(parts), pulls: parts.length, last: chunk };
  }
}

export async function exportFile(house: RecorderHouse, order: Partial<ExportOrder>): Promise<Buffer> {
  const { id } = await open(house, order);
  return (await pullAll(house, id)).bytes;
}
