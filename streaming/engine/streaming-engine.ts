/** What a program has of the engine: a name to begin a builder at, and the type of what it builds. */

import { StreamingEngineBuilder } from "./builder.ts";
import type { Engine } from "./engine.ts";

export type StreamingEngine<In> = Engine<In>;

export const StreamingEngine = {
  /** Of a stream of items of type `In`. */
  builder<In>(): StreamingEngineBuilder<In> {
    return new StreamingEngineBuilder<In>();
  },
} as const;
