/**
 * A segment's lines: JSON, one a line. Two kinds: a letter; and a mark, which says where the folder stood when it was written: the id
 * that comes next, how many letters were forgotten so far, and which segment is the oldest. Each segment begins with a mark, and the last
 * one that there is counts.
 */

import { REJECTION_REASONS, type RejectionReason } from "../../datasets/rejection.ts";
import type { DeadLetter } from "./protocol.ts";

export interface Mark {
  readonly nextId: number;
  readonly forgotten: number;
  /** Number of the oldest segment: those before it have gone, or were to go when a crash came. */
  readonly oldest: number;
}

/** A line and where it lies, without its line feed. */
export interface PlacedLine {
  readonly at: number;
  readonly bytes: number;
  /** Undefined: nobody can read it. */
  readonly content: DeadLetter | Mark | undefined;
}

const LINE_FEED = 10;
const reasons: ReadonlySet<string> = new Set(REJECTION_REASONS);
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

export function lineOf(content: DeadLetter | Mark): Uint8Array {
  return encoder.encode(`${JSON.stringify(content)}\n`);
}

export function isMark(content: DeadLetter | Mark): content is Mark {
  return "nextId" in content;
}

/** The lines of a segment, in order. A last one without its line feed was not finished: it is one that nobody can read. */
export function* readLines(segment: Uint8Array): Generator<PlacedLine> {
  for (let at = 0; at < segment.byteLength; ) {
    const end = segment.indexOf(LINE_FEED, at);
    const until = end < 0 ? segment.byteLength : end;
    yield {
      at,
      bytes: until - at,
      content: end < 0 ? undefined : contentOf(segment.subarray(at, until)),
    };
    at = until + 1;
  }
}

/** What a line says. Undefined: it is none of ours. */
export function contentOf(line: Uint8Array): DeadLetter | Mark | undefined {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(line));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  return isLetter(value as Partial<DeadLetter>) || isOurMark(value as Partial<Mark>)
    ? (value as DeadLetter | Mark)
    : undefined;
}

function isLetter({ id, dataset, atMs, reason, row }: Partial<DeadLetter>): boolean {
  return (
    isCount(id) &&
    typeof dataset === "string" &&
    Number.isFinite(atMs) &&
    reasons.has(reason as RejectionReason) &&
    typeof row === "object"
  );
}

function isOurMark({ nextId, forgotten, oldest }: Partial<Mark>): boolean {
  return isCount(nextId) && isCount(forgotten) && isCount(oldest);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
