/**
 * What the intake is asked, and what it answers.
 *
 *     intake.body → takes a request's body apart, checks it, and writes its good rows to the lane: all of them or none
 *     intake.push → the same with rows that are objects already, from inside the process
 *     intake.replay → the same with rows of dead letters, whose identifiers are pseudonyms already
 *
 * Answered when every accepted row is on the disk, or, where that was asked for, when all are in the lane.
 */

import type { Rejection, RejectionReason } from "../../datasets/rejection.ts";
import type { PushFormat } from "../../ingest/decoder.ts";
import type { Refused } from "../refused.ts";

export const INTAKE = "intake";
/** Requests that may wait for their turn. */
export const INTAKE_MAILBOX = 256;

/** Bytes of a body, as it comes and as it is once it is unpacked. */
export const MAX_BODY_BYTES = 8 * 2 ** 20;
export const MAX_UNPACKED_BYTES = 32 * 2 ** 20;
/** Rows of one request. They have to fit into the lane at once, so that all are taken or none; with long texts fewer do. */
export const MAX_PUSH_ROWS = 50_000;
/** Rejections that are answered one by one. */
export const MAX_REJECTIONS = 20;

export const PACKINGS = ["identity", "gzip", "zstd"] as const;
/** How a body is packed: a `Content-Encoding`. */
export type Packing = (typeof PACKINGS)[number];

export const ACKNOWLEDGEMENTS = ["disk", "memory"] as const;
/** When an answer is given: the rows are on the disk; they are in the lane, and lost if the process dies now. */
export type Acknowledgement = (typeof ACKNOWLEDGEMENTS)[number];

/** Names a request, so that it is taken once however often it is sent. */
export interface RequestKey {
  /** The first 128 bits of SHA-256 over the dataset's name, a line feed and the sender's key: 32 hex digits. */
  readonly key: string;
  /** Checksum of the body as it came, 32 bits: another body under the same key is refused. */
  readonly body: number;
}

export interface PushBody {
  readonly kind: "intake.body";
  readonly dataset: string;
  readonly format: PushFormat;
  readonly packing: Packing;
  /** The place in the staging area (ingest/staging.ts) that the body lies at. */
  readonly at: number;
  readonly bytes: number;
  readonly acknowledge: Acknowledgement;
  readonly request: RequestKey | null;
}

export interface PushRows {
  readonly kind: "intake.push";
  readonly dataset: string;
  /** Rows as their sender made them: anything at all. At most `MAX_PUSH_ROWS`. */
  readonly rows: readonly unknown[];
}

/** A row of a dead letter, to be pushed again. */
export interface ReplayedRow {
  /** When it was refused, wall time in milliseconds: the event time of one that brought none. */
  readonly atMs: number;
  /** By declared name; identifiers as pseudonyms, in decimal text. */
  readonly row: Readonly<Record<string, unknown>>;
}

export interface ReplayRows {
  readonly kind: "intake.replay";
  readonly dataset: string;
  /** At most `MAX_REPLAY_ROWS`. */
  readonly rows: readonly ReplayedRow[];
  /** Sent again with the same rows, it takes none of them twice. */
  readonly request: RequestKey;
}

/** Rows that are replayed at once: a table holds them. */
export const MAX_REPLAY_ROWS = 1024;

export type IntakeMessage = PushBody | PushRows | ReplayRows;

export interface Pushed {
  readonly ok: true;
  readonly accepted: number;
  readonly rejected: number;
  /** The first of the rejections, at most `MAX_REJECTIONS`, by row. */
  readonly rejections: readonly Rejection[];
  /** Rejections by reason; reasons that there were none for are left out. */
  readonly reasons: Readonly<Partial<Record<RejectionReason, number>>>;
  /** Sequence numbers of the accepted rows: from inclusive, to exclusive. Null: none was new. */
  readonly fromSequence: number | null;
  readonly toSequence: number | null;
  /** Accepted rows that were there already, under the same request key: they were not taken again. */
  readonly repeated: number;
}

/**
 * `bad-body`: it is no body of its format, or does not unpack. `too-large`: rows, or unpacked bytes. `lane-full`, `quota`: to be sent again,
 * after `retryAfterMs`. `key-reused`: another body came under this key. `given-up`: rows were lost on their way to the log: to be sent again.
 */
export type PushRefusal =
  | "unknown-dataset"
  | "bad-body"
  | "too-large"
  | "lane-full"
  | "quota"
  | "key-reused"
  | "given-up";

export interface PushRefused extends Refused<PushRefusal> {
  /** For `lane-full` and `quota`. */
  readonly retryAfterMs?: number;
}

export interface Replayed {
  readonly ok: true;
  /** Of each row, in order: why it is refused again; null: it is on the disk. */
  readonly rejections: readonly (Rejection | null)[];
}

export interface IntakeReplies {
  readonly "intake.body": Pushed | PushRefused;
  readonly "intake.push": Pushed | PushRefused;
  readonly "intake.replay": Replayed | PushRefused;
}
