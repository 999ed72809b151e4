/**
 * Where records are written before they are copied into a chunk: one buffer for all encoders of a thread, as there may be
 * hundreds of them and only one writes at a time. What lies in it is anybody's with the next call of any writer.
 */

import { TextSink } from "../text-sink.ts";

export const scratch = new TextSink(65_536);
