/** One interface, one file for each format: how rows become a file that is made piece by piece. */

import type { Dataset } from "../../datasets/define.ts";
import type { PublicBatch } from "../../runtime/batch/index.ts";
import type { ExportFormatName } from "./protocol.ts";

/** Rows `from` to `to`, the latter not included. */
export interface RowRun {
  readonly from: number;
  readonly to: number;
}

export interface ExportFacts {
  readonly dataset: Dataset;
  /** Event times in milliseconds, from inclusive, to exclusive; ±Infinity for no bound. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Takes bytes as they become ready; keeps them without a copy. */
export type ByteSink = (bytes: Uint8Array) => void;

/** One file being made. Its bytes go to the sink it was opened with, in order. */
export interface Encoder {
  /** Adds rows of a batch, which must stay as it is until this is done: when the work that they caused is done. */
  append(batch: PublicBatch, run: RowRun): void | Promise<void>;
  /** Hands on what can be handed on without ending anything: called at the end of every step. */
  flush(): void;
  /** Writes the rest of the file. */
  end(): void | Promise<void>;
  /** Gives up the file, ended or not, and everything held for it. */
  close(): void;
}

export interface Format {
  readonly name: ExportFormatName;
  readonly contentType: string;
  open(facts: ExportFacts, sink: ByteSink): Encoder | Promise<Encoder>;
}
