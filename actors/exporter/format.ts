/** One interface, one file for each format: how rows become a file that is made piece by piece. */

import type { RowRun } from "../../datasets/row-run.ts";
import type { TableShape } from "../../datasets/shape.ts";
import type { PublicBatch } from "../../runtime/batch/index.ts";
import type { StoredGroup } from "../store/stored-rows.ts";
import type { Compression, ExportFormatName, Profile } from "./order.ts";

export interface ExportFacts {
  /** The rows' table: its columns, in the order of the file. */
  readonly shape: TableShape;
  readonly profile: Profile;
  /** Event times in milliseconds, from inclusive, to exclusive; ±Infinity for no bound. */
  readonly fromMs: number;
  readonly toMs: number;
  /** One that the format allows. */
  readonly compression: Compression;
  /** A folder of our own where a format may keep a file while it works; it is removed with all that is in it. */
  readonly workFolder: string;
}

/** What is known when the last row is there: for formats that keep metadata at their end. The same rows give the same notes. */
export interface ExportNotes {
  readonly dataset: string;
  readonly profile: Profile;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly rows: number;
  readonly suppressedRows: number;
  /** Anonymous profile: the privacy report. */
  readonly privacy?: unknown;
}

/** Takes bytes as they become ready; keeps them without a copy. */
export type ByteSink = (bytes: Uint8Array) => void;

// biome-ignore lint/suspicious/noConfusingVoidType: most encoders are done at once, and have nothing to say.
export type EndStep = "more" | undefined | void;

/** One file being made. Its bytes go to the sink it was opened with, in order. */
export interface Encoder {
  /** Adds rows of a batch, which must stay as it is until this is done: when the work that they caused is done. */
  append(batch: PublicBatch, run: RowRun): void | Promise<void>;
  /** Takes a row group of the lake as it is. @returns false when it cannot: its rows are to be appended then */
  copy?(group: StoredGroup): boolean;
  /** Hands on what can be handed on without ending anything: called at the end of every step. */
  flush(): void | Promise<void>;
  /** Writes the rest of the file, or a step's worth of it. @returns "more": it is to be called again, with the same notes */
  end(notes: ExportNotes): EndStep | Promise<EndStep>;
  /** Gives up the file, ended or not, and everything held for it. */
  close(): void;
}

export interface Format {
  readonly name: ExportFormatName;
  /** Without a dot. */
  readonly extension: string;
  readonly contentType: string;
  /** The first is the default. */
  readonly compressions: readonly Compression[];
  open(facts: ExportFacts, sink: ByteSink): Encoder | Promise<Encoder>;
}
