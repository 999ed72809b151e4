/**
 * Pushes letters again, some at a time, one dataset after the other: those that are taken go, the others stay, with the reason of now.
 *
 * A row is on the disk before its letter goes. So that a crash between the two does not bring it twice, a journal says which letters
 * are being pushed, and under which request key: whoever comes after does the same again under the same key, and the intake takes what
 * is missing. Then the journal says which were taken, and those go. (Under a declaration that was changed between the two, or when the
 * folder's bounds took a letter away meanwhile, a row may still come twice.)
 */

import { existsSync, readFileSync, rmSync } from "node:fs";
import type { ActorContext } from "../../runtime/actor/types.ts";
import { INTAKE, type IntakeReplies, MAX_REPLAY_ROWS, type ReplayRows } from "../intake/protocol.ts";
import { isDiskError, type LetterDisk } from "./letter-disk.ts";
import type { LetterFolder } from "./letter-folder.ts";
import type { DeadLetter, LetterChoice, LettersReplayed, ReplayRefusal, ReplayRefused } from "./protocol.ts";

/** What is being pushed; with `taken`, what was, and has only to go. */
interface Journal {
  readonly key: string;
  readonly dataset: string;
  readonly ids: readonly number[];
  readonly taken?: readonly number[];
}

export interface ReplayParts {
  readonly folder: LetterFolder;
  /** Path of the journal. */
  readonly journal: string;
  readonly disk: LetterDisk;
  readonly ask: ActorContext["ask"];
  /** 32 hex digits that have not been before. */
  readonly newKey: () => string;
}

type Done = { readonly accepted: number; readonly rejected: number };
type StepRefused = { readonly reason: ReplayRefusal; readonly message: string };
type Step = (Done & { readonly lastId: number }) | StepRefused;

/** A group sync may wait for a disk that is slow. */
const ANSWER_MS = 30_000;

export class LetterReplay {
  readonly #parts: ReplayParts;
  readonly #choice: LetterChoice;
  /** Letters that come meanwhile are not its own. */
  readonly #untilId: number;
  readonly #notReplayable: number;
  #datasets: string[];
  #afterId = 0;
  #accepted = 0;
  #rejected = 0;

  /** @throws what the file system says */
  constructor(parts: ReplayParts, choice: LetterChoice) {
    const { counts, total, replayable } = parts.folder.list(choice, 0);
    this.#parts = parts;
    this.#choice = choice;
    this.#untilId = parts.folder.lastId;
    this.#notReplayable = total - replayable;
    this.#datasets = [...new Set(counts.map(({ dataset }) => dataset))];
  }

  /** Pushes the next letters. @returns undefined: ask again. @throws what the file system says */
  async step(): Promise<LettersReplayed | ReplayRefused | undefined> {
    const unfinished = await finishReplay(this.#parts);
    if (unfinished !== undefined) return this.#refused(unfinished);
    const [dataset] = this.#datasets;
    const done = { accepted: this.#accepted, rejected: this.#rejected };
    if (dataset === undefined) return { ok: true, ...done, notReplayable: this.#notReplayable };
    const chosen = { ...this.#choice, dataset };
    const letters = this.#parts.folder
      .nextReplayable(chosen, this.#afterId, MAX_REPLAY_ROWS)
      .filter(({ id }) => id <= this.#untilId);
    if (letters.length === 0) {
      this.#datasets = this.#datasets.slice(1);
      this.#afterId = 0;
      return undefined;
    }
    const ids = letters.map(({ id }) => id);
    const journal = { key: this.#parts.newKey(), dataset, ids };
    writeJournal(this.#parts, journal);
    const step = await push(this.#parts, journal, letters);
    if ("reason" in step) return this.#refused(step);
    this.#accepted += step.accepted;
    this.#rejected += step.rejected;
    this.#afterId = step.lastId;
    return undefined;
  }

  #refused({ reason, message }: StepRefused): ReplayRefused {
    return { ok: false, reason, message, accepted: this.#accepted, rejected: this.#rejected };
  }
}

/** Whether letters are being pushed, or were when a crash came. */
export function isReplayUnfinished({ journal }: ReplayParts): boolean {
  return existsSync(journal);
}

/**
 * Ends what an earlier replay has begun, when there is such a one.
 * @returns why it cannot be ended now @throws what the file system says
 */
export async function finishReplay(parts: ReplayParts): Promise<StepRefused | undefined> {
  const journal = readJournal(parts.journal);
  if (journal === undefined) return undefined;
  if (journal.taken !== undefined) {
    parts.folder.change(new Map(journal.taken.map((id) => [id, null])));
    rmSync(parts.journal, { force: true });
    return undefined;
  }
  // The intake knows by their number which of the request's rows it has: all must come, or none.
  const letters = parts.folder.byIds(journal.ids).filter(({ row }) => row !== null);
  if (letters.length < journal.ids.length) {
    rmSync(parts.journal, { force: true });
    return undefined;
  }
  const step = await push(parts, journal, letters);
  return "reason" in step ? step : undefined;
}

/** Has letters pushed that stand in the journal, and takes out of both what is done with. */
async function push(parts: ReplayParts, journal: Journal, letters: readonly DeadLetter[]): Promise<Step> {
  const { dataset, key } = journal;
  const rows = letters.map(({ atMs, row }) => ({ atMs, row: row! }));
  const message: ReplayRows = { kind: "intake.replay", dataset, rows, request: { key, body: 0 } };
  const asked = await parts.ask<IntakeReplies["intake.replay"]>(INTAKE, message, ANSWER_MS);
  if (!asked.ok) return { reason: "unavailable", message: asked.message };
  const answer = asked.value;
  if (!answer.ok && answer.reason !== "unknown-dataset") {
    // Nothing of it was taken.
    if (answer.reason !== "given-up") rmSync(parts.journal, { force: true });
    return { reason: refusalOf(answer.reason), message: answer.message };
  }
  // Of a dataset that nobody pushes any more the letters stay as they are.
  const rejections = answer.ok ? answer.rejections : letters.map(() => undefined);
  const changes = new Map<number, DeadLetter | null>();
  let rejected = 0;
  for (const [index, letter] of letters.entries()) {
    const rejection = rejections[index];
    if (rejection === null) changes.set(letter.id, null);
    else rejected++;
    if (rejection !== undefined && rejection !== null) {
      const { reason, column, expected, got } = rejection;
      if (isOther(letter, rejection)) changes.set(letter.id, { ...letter, reason, column, expected, got });
    }
  }
  const taken = [...changes].flatMap(([id, change]) => (change === null ? [id] : []));
  if (taken.length > 0) writeJournal(parts, { ...journal, taken });
  parts.folder.change(changes);
  rmSync(parts.journal, { force: true });
  return { accepted: letters.length - rejected, rejected, lastId: letters.at(-1)!.id };
}

function isOther(
  letter: DeadLetter,
  now: Pick<DeadLetter, "reason" | "column" | "expected" | "got">,
): boolean {
  return (["reason", "column", "expected", "got"] as const).some((name) => letter[name] !== now[name]);
}

function refusalOf(reason: string): ReplayRefusal {
  return reason === "lane-full" || reason === "quota" || reason === "given-up" ? reason : "unavailable";
}

function writeJournal({ disk, journal: path }: ReplayParts, journal: Journal): void {
  disk.replaceFile(path, JSON.stringify(journal));
}

function readJournal(path: string): Journal | undefined {
  try {
    const journal = JSON.parse(readFileSync(path, "utf8")) as Partial<Journal>;
    const { key, dataset, ids } = journal;
    const isOurs = typeof key === "string" && typeof dataset === "string" && Array.isArray(ids);
    return isOurs ? (journal as Journal) : undefined;
  } catch (error) {
    // None is there; or one that is not ours, and is written over.
    if (error instanceof SyntaxError || (isDiskError(error) && error.code === "ENOENT")) return undefined;
    throw error;
  }
}
