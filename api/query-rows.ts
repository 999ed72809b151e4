import type { QueryRows } from "./store-client.ts";

/** The rows of an answer that comes as JSON. @throws what reading the bytes throws, and SyntaxError when they are cut off */
export async function readQueryRows(bytes: AsyncIterable<Uint8Array>): Promise<QueryRows> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of bytes) text += decoder.decode(part, { stream: true });
  const { columns, rows, truncated } = JSON.parse(text + decoder.decode()) as QueryRows;
  return { ok: true, columns, rows, truncated };
}
