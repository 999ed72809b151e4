/** What waits for slow clients, and where rows come out beside HTTP. */

import { z } from "zod";
import { DEFAULT_QUEUE_BYTES } from "../actors/feed/subscription.ts";
import { readOutlets } from "../actors/outlets/read-outlets.ts";
import { datasets } from "../datasets/index.ts";
import { byteSize, type Problem, type Sources } from "../runtime/config.ts";

export const streamSettings = z.object({
  queueBytes: byteSize({ minBytes: 64 * 1024, maxBytes: 256 * 2 ** 20 })
    .default(DEFAULT_QUEUE_BYTES)
    .describe("Bytes of live rows that wait for one slow client before the oldest are dropped and counted."),
  outlets: z.string().max(16_384).default("").meta({
    description:
      "Places outside HTTP where rows come out, open as long as the program runs: TCP ports, named pipes, ZeroMQ publishers.",
    expected:
      "addresses with spaces between them, such as tcp://127.0.0.1:9999/memory,process?format=jsonl, zeromq://127.0.0.1:5556/all or pipe:///run/millrace.fifo?datasets=memory",
  }),
});

export type StreamSettings = Readonly<z.output<typeof streamSettings>>;

/** What an outlet may be is more than a pattern tells. */
export function badOutlets({ outlets }: StreamSettings, sources: Sources): Problem | undefined {
  const read = readOutlets(outlets, datasets);
  if (read.ok) return undefined;
  const { expected, came } = read;
  const remedy = "correct the address; docs/streams.md says what one may have";
  return {
    setting: "streams.outlets",
    from: sources["streams.outlets"] ?? "default",
    expected,
    came,
    remedy,
  };
}
