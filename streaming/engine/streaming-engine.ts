/**
 * What a program has of the engine: a name to begin a builder at, and the type of what it builds. Not the class itself, which the builder
 * makes and so cannot be begun from.
 */

import { StreamingEngineBuilder } from "./builder.ts";
import { Engine } from "./engine.ts";

export type StreamingEngine<In> = Engine<In>;

export const StreamingEngine = {
  /** Of a stream of items of type `In`. */
  builder<In>(): StreamingEngineBuilder<In> {
    return new StreamingEngineBuilder<In>();
  },
  /** For `instanceof`: whether a builder has made it. */
  [Symbol.hasInstance](value: unknown): value is Engine<unknown> {
    return value instanceof Engine;
  },
} as const;
