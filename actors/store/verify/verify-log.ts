/**
 * Reads the whole log: every head, every frame by its CRC, every batch by what its rows say. Sequence numbers only grow, and
 * each segment's head says what all before it hold: that is where missing rows show, and how many.
 *
 * The last segment may end in a write that was cut short, which no row that was acknowledged is in: that is noted. A frame
 * that is whole behind it, or one of full length that its CRC does not fit, was not left by a process that died.
 */

import type { Dataset } from "../../../datasets/define.ts";
import { type Manifest, NOTHING_IN_LAKE } from "../lake/manifest.ts";
import type { SegmentReader } from "../log/frame-reader.ts";
import {
  FRAME_BATCH,
  FRAME_COUNTS,
  FRAME_RECEIPTS,
  FRAME_SEGMENT,
  type FrameHeader,
  LOG_FORMAT,
  LOG_VERSION,
  type SegmentHead,
  segmentName,
} from "../log/log-format.ts";
import { listSegments, openSegment } from "../log/log-reader.ts";
import { RECEIPT_BYTES } from "../log/receipts.ts";
import type { StoreSource } from "../store-source.ts";
import { type LogAccount, parseJson, SegmentCheck } from "./check-segment.ts";
import { BRING_BACK, type Findings, READ_ELSEWHERE } from "./findings.ts";

/** Bytes that are read between two steps. */
const STEP_BYTES = 2 ** 20;
/** CRCs that are reckoned in search of a frame behind a damaged place. */
const MAX_TRIES = 1000;

export interface LogVerified {
  readonly segments: number;
  readonly frames: number;
  readonly accounts: ReadonlyMap<string, LogAccount>;
  /** Whether all of it could be read. */
  readonly isWhole: boolean;
}

/** Bytes that were read since the step before, of which file. */
export interface Step {
  readonly bytes: number;
  readonly where: string;
}

export function* verifyLog(
  source: StoreSource,
  manifest: Manifest,
  datasets: readonly Dataset[],
  findings: Findings,
): Generator<Step, LogVerified, void> {
  const log = new LogCheck(source, manifest, datasets, findings);
  const numbers = listSegments(source.dataFolder);
  for (const [index, number] of numbers.entries()) {
    yield* log.segment(number, index === numbers.length - 1);
  }
  return { segments: numbers.length, frames: log.frames, accounts: log.accounts, isWhole: log.isWhole };
}

class LogCheck {
  readonly accounts = new Map<string, LogAccount>();
  frames = 0;
  isWhole = true;
  readonly #source: StoreSource;
  readonly #manifest: Manifest;
  readonly #datasets: readonly Dataset[];
  readonly #findings: Findings;
  /** Segment before the one that is read, when that was readable to its end. */
  #before: number | undefined;

  constructor(source: StoreSource, manifest: Manifest, datasets: readonly Dataset[], findings: Findings) {
    this.#source = source;
    this.#manifest = manifest;
    this.#datasets = datasets;
    this.#findings = findings;
  }

  *segment(number: number, isLast: boolean): Generator<Step, void, void> {
    const where = `log/${segmentName(number)}`;
    try {
      yield* this.#read(number, where, isLast);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (typeof code !== "string") throw error;
      this.#fail(
        where,
        `cannot be read: ${code}`,
        `look after the disk and who may read the file, or ${BRING_BACK}`,
      );
    }
  }

  *#read(number: number, where: string, isLast: boolean): Generator<Step, void, void> {
    const reader = openSegment(this.#source, number);
    if (reader === undefined) {
      this.#fail(where, "was there when this began, and is gone", "see who else works on this store");
      return;
    }
    try {
      const head = this.#head(reader, where);
      const isNext = this.#before === number - 1;
      this.#before = undefined;
      if (head === undefined) return;
      this.#goOn(head, where, isNext);
      const rest = new SegmentCheck(
        head,
        where,
        this.accounts,
        this.#manifest,
        this.#datasets,
        this.#findings,
      );
      let read = 0;
      for (let frame = reader.next(() => true); frame !== undefined; frame = reader.next(() => true)) {
        this.frames++;
        const { fileOffset } = frame;
        rest.frame(frame, reader, this.#source.kernels.memory.buffer);
        if (fileOffset - read >= STEP_BYTES) {
          yield { bytes: fileOffset - read, where };
          read = fileOffset;
        }
      }
      if (this.#end(reader, head, where, isLast)) {
        this.#before = number;
        if (rest.isCompacted && !isLast) {
          this.#findings.note(where, "all its rows are in the lake: the keeper removes it");
        }
      }
      yield { bytes: reader.end().fileBytes - read, where };
    } finally {
      reader.close();
    }
  }

  #head(reader: SegmentReader, where: string): SegmentHead | undefined {
    const frame = reader.next(() => true);
    const head =
      frame?.header.type === FRAME_SEGMENT ? parseJson<SegmentHead>(reader.text(frame)) : undefined;
    if (head === undefined || !Array.isArray(head.datasets)) {
      const remedy = `${BRING_BACK}, or move it away to go on without the rows in it`;
      this.#fail(where, "does not begin with a readable head", remedy);
      return undefined;
    }
    this.frames++;
    if (head.format === LOG_FORMAT && head.version === LOG_VERSION) return head;
    const found = `${head.format}, version ${head.version}`;
    this.#fail(
      where,
      `is of format ${found}; this program reads ${LOG_FORMAT}, version ${LOG_VERSION}`,
      READ_ELSEWHERE,
    );
    return undefined;
  }

  /** Takes over what a head says of all that was before. @param isNext whether all of that was just read */
  #goOn({ datasets }: SegmentHead, where: string, isNext: boolean): void {
    for (const { name, stored, nextSequence, latestMs } of datasets) {
      const account = this.accounts.get(name);
      const known = account ?? { stored: 0, nextSequence: 0, latestMs: null, rows: 0 };
      const missing = stored - known.stored;
      const isSame = missing === 0 && latestMs === known.latestMs && nextSequence >= known.nextSequence;
      if (isNext && !isSame && (account !== undefined || stored > 0)) {
        const said = `${stored} rows of ${name}, and the next has number ${nextSequence}`;
        const found = `${known.stored}, and the next has ${known.nextSequence}`;
        this.#fail(where, `says that before it are ${said}; there are ${found}`, BRING_BACK);
      } else if (!isNext && account !== undefined && missing > 0 && !this.#isInLake(name, nextSequence)) {
        const what = `before it, ${missing} rows of ${name} are missing, from number ${known.nextSequence} on`;
        this.#fail(where, what, "bring the segments before it back from a copy, or go on without those rows");
      }
      this.accounts.set(name, { stored, nextSequence, latestMs, rows: known.rows });
    }
  }

  /** Whether rows up to `nextSequence` may all have gone from the log. */
  #isInLake(name: string, nextSequence: number): boolean {
    const { before, hourBefore } = (this.#manifest.datasets[name] ?? NOTHING_IN_LAKE).compacted;
    return nextSequence <= Math.max(before, hourBefore);
  }

  /** @returns whether the segment was read whole */
  #end(reader: SegmentReader, head: SegmentHead, where: string, isLast: boolean): boolean {
    const { goodBytes, fileBytes, torn } = reader.end();
    if (!torn) return true;
    const behind = reader.findBehind((header) => isLikely(header, head.datasets.length), MAX_TRIES);
    const at = `${where}, byte ${goodBytes}`;
    const rest = `${fileBytes - goodBytes} bytes from there on cannot be read`;
    if (!isLast) {
      this.#fail(at, `is damaged: ${rest}`, `${BRING_BACK}, or go on without the rows in them`);
    } else if (behind !== undefined) {
      const what = `is damaged: ${rest}, and whole frames are behind it, at byte ${behind}`;
      this.#fail(at, what, `${BRING_BACK} before the next start, which cuts off all from there on`);
    } else if (reader.endsInUnfinishedWrite()) {
      this.#findings.note(
        at,
        `${fileBytes - goodBytes} bytes of an unfinished write: the next start cuts them off`,
      );
    } else {
      const remedy =
        "if the host lost power just then, no row in them was acknowledged; if not, look after the disk and ";
      this.#fail(
        at,
        `is damaged: ${rest}`,
        `${remedy}${BRING_BACK} before the next start, which cuts them off`,
      );
    }
    return false;
  }

  #fail(where: string, what: string, remedy: string): void {
    this.isWhole = false;
    this.#findings.problem(where, what, remedy);
  }
}

/** Whether a header may be that of a frame, by more than its CRC. */
function isLikely(
  { type, dataset, rows, firstSequence, payloadBytes }: FrameHeader,
  datasets: number,
): boolean {
  if (payloadBytes === 0) return false;
  if (type === FRAME_COUNTS) return rows === 0 && firstSequence === 0;
  if (type === FRAME_RECEIPTS) return dataset < datasets && payloadBytes % RECEIPT_BYTES === 0;
  return type === FRAME_BATCH && dataset < datasets && rows > 0 && Number.isSafeInteger(firstSequence);
}
