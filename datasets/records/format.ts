/**
 * The forms in which rows leave live. A **record** is a row with the dataset it is of and its number there; how it looks in each
 * format is said in docs/streams.md.
 *
 * | format     | a record                                                     | notices (dropped, gap) |
 * |------------|--------------------------------------------------------------|------------------------|
 * | `jsonl`    | `{"dataset":"memory","sequence":12,…}` and a line feed       | a line with `"notice"` |
 * | `msgpack`  | one map with the same keys                                   | a map with `notice`    |
 * | `protobuf` | one `Record`, its length before it as a varint               | a `Record` of `Notice` |
 * | `arrow`    | a row of an Arrow IPC record batch                           | cannot be told         |
 */

export const STREAM_FORMATS = ["jsonl", "msgpack", "protobuf", "arrow"] as const;
export type StreamFormat = (typeof STREAM_FORMATS)[number];

/**
 * What stands around the records of a chunk.
 *
 * - `raw`: nothing. Chunks one behind the other are a stream of the format, once its preamble was sent.
 * - `sse`: server-sent events. JSON: one event a row (`event:` the dataset, `id:` where the client then stands, `data:` the
 *   record). Other formats: one event a chunk, `data:` being base64 of `message`'s payload, `id:` that of its last row.
 * - `message`: a line of JSON (`MessageHead`) and behind its line feed the records, which can be read without any chunk
 *   before: an Arrow payload is a stream of its own, with schema and end.
 */
export const FRAMINGS = ["raw", "sse", "message"] as const;
export type Framing = (typeof FRAMINGS)[number];

/** First line of a `message`: which subscription it is of, and which rows. */
export interface MessageHead {
  readonly op: "rows";
  readonly subscription: number;
  readonly dataset: string;
  /** Number of the first row that this chunk covers, and the number after the last: rows that were filtered out count too. */
  readonly first: number;
  readonly next: number;
  /** Records in it. */
  readonly rows: number;
}

/** What a client is told beside rows. */
export type Notice =
  /** Its queue was full: so many chunks' rows were not sent. `next` is the number of the first row that is. */
  | { readonly notice: "dropped"; readonly dataset: string; readonly rows: number; readonly next: number }
  /** Rows that were asked for are not in the log any more; they may be exported. */
  | { readonly notice: "gap"; readonly dataset: string; readonly rows: number; readonly next: number };
