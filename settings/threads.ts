/** Which actor runs on which thread. */

import { z } from "zod";

/** Where an actor may be placed. */
const threadNames = ["main", "ingest", "pipeline", "storage", "archive"] as const;

const place = (actor: string) =>
  z
    .enum(threadNames)
    .describe(`Thread that runs the ${actor}, when not the one the system chooses.`)
    .optional();

export const threadSettings = z.object({
  sampler: place("sampler"),
  anonymizer: place("anonymizer"),
  windower: place("windower"),
  recorder: place("recorder"),
  exporter: place("exporter"),
  replayer: place("replayer"),
  broadcaster: place("broadcaster"),
  outlets: place("outlets"),
  intake: place("intake"),
  keeper: place("keeper"),
  aggregator: place("aggregator"),
});
