/** What a builder hands to the engine: all that was said, with types of items left behind. */

import type { EngineSettings } from "./engine-settings.ts";
import type { Key } from "./key-dictionary.ts";
import type { Detector, Pattern } from "./pattern.ts";
import type { Transform } from "./transforms.ts";
import type { WindowResult } from "./window-result.ts";

/** What went wrong without ending the stream. */
export type EngineError =
  /** A transform or a reader of a time, a key or a measure threw, or gave what is none. The item is left out. */
  | { readonly kind: "item"; readonly error: unknown; readonly item: unknown }
  | { readonly kind: "window"; readonly error: unknown; readonly window: WindowResult }
  | { readonly kind: "detector"; readonly error: unknown }
  | { readonly kind: "pattern"; readonly error: unknown; readonly pattern: Pattern }
  /** A source that was told to stop threw at that. */
  | { readonly kind: "source"; readonly error: unknown };

export interface Measure {
  readonly name: string;
  readonly of: (item: unknown) => number | null | undefined;
}

export interface EnginePlan {
  readonly settings: EngineSettings;
  readonly transforms: readonly Transform[];
  /** Absent: the moment at which an item comes. */
  readonly time: ((item: unknown) => number) | undefined;
  /** Absent: all items are one group. */
  readonly key: ((item: unknown) => Key) | undefined;
  readonly measures: readonly Measure[];
  readonly bytes: ((item: unknown) => number) | undefined;
  readonly onWindow: ((window: WindowResult) => unknown) | undefined;
  readonly onPattern: ((pattern: Pattern) => unknown) | undefined;
  readonly onError: ((error: EngineError) => unknown) | undefined;
  readonly detector: Detector<unknown> | undefined;
}
