/**
 * One export on its way, whoever asked for it: rows of a snapshot, what is left of them by filter and columns, made anonymous
 * where that was asked for, and handed to the encoder of the format.
 *
 *     prepare()  step by step until "ready"      an anonymous export reads all rows here, and may be refused; one of the newest rows too
 *     step()     step by step until it is over   bytes gather in `bytes`, and are taken from there between steps
 *     stats()
 *     close()    in any case, at any time between steps
 *
 * A step ends after STEP_ROWS rows, so many bytes or STEP_MS milliseconds, whichever comes first: memory does not grow with
 * the export, and who runs it can do other work in between.
 */

import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import type { RowRun } from "../../datasets/row-run.ts";
import type { TableShape } from "../../datasets/shape.ts";
import type { PublicBatch } from "../../runtime/batch/index.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ByteQueue } from "../byte-queue.ts";
import type { Snapshot, TakeSnapshot } from "../store/snapshot.ts";
import { Anonymizing, type PrivacyReport, wholeHours } from "./anonymous/index.ts";
import type { ExportPlan } from "./check-order.ts";
import type { Exclusive } from "./exclusive.ts";
import { CountingPass, EncodingPass, FilterPass } from "./export-pass.ts";
import { Reading, wholeParts } from "./export-reading.ts";
import type { Encoder, ExportNotes } from "./format.ts";
import { NewestTimes } from "./newest.ts";
import type { ExportStats, OrderRefused } from "./order.ts";

export interface RunSource {
  readonly take: TakeSnapshot;
  readonly clock: Clock;
  /** The run makes a folder of its own in it, mode 0700, and removes it when it is closed. */
  readonly workFolder: string;
  /** Keeps steps apart from those of others that read through the same window. Default: the caller sees to that. */
  readonly exclusive?: Exclusive;
}

const STEP_ROWS = 32_768;
const STEP_MS = 10;
/** Bytes that wait at the end of a step, without those of its last part. */
export const STEP_BYTES = 2 ** 20;
/** The clock is asked once in so many small pieces: some are a single row. */
const SMALL_PIECES = 16;
const SMALL_ROWS = 1024;

export class ExportRun {
  readonly plan: ExportPlan;
  /** What has been made and not been taken. */
  readonly bytes = new ByteQueue();
  /** Rows that may be in it at the most. */
  readonly mostRows: number;
  /** When it is ready: what the anonymous profile came to. */
  privacy: PrivacyReport | undefined;
  readonly #clock: Clock;
  readonly #exclusive: Exclusive;
  readonly #workFolder: string;
  readonly #snapshot: Snapshot;
  readonly #range: { readonly fromMs: number; readonly toMs: number };
  #first: First | undefined;
  #aside: PutAside | undefined;
  #encoder: Encoder | undefined;
  #encoding: EncodingPass | undefined;
  /** What is still to be read to make the file. */
  #readings: Reading[] = [];
  #seen = 0;
  #madeBytes = 0;
  #startedMs: number | undefined;
  #endedMs: number | undefined;

  /** Takes the snapshot; reads none of its rows. @throws what making the work folder throws */
  constructor(plan: ExportPlan, { take, clock, workFolder, exclusive = (step) => step() }: RunSource) {
    this.plan = plan;
    this.#exclusive = exclusive;
    this.#clock = clock;
    this.#workFolder = `${workFolder}/${randomBytes(8).toString("hex")}`;
    this.#range = plan.policy === undefined ? plan : wholeHours(plan, clock.nowMs());
    const { fromMs, toMs } = this.#range;
    const columns = neededColumns(plan);
    this.#snapshot = take(plan.dataset, { fromMs, toMs, ...(columns === undefined ? {} : { columns }) });
    this.mostRows = this.#snapshot.mostRows;
    mkdirSync(this.#workFolder, { recursive: true, mode: 0o700 });
  }

  /** Rows that were looked at so far, of `mostRows`. What is read twice counts half each time. */
  get seenRows(): number {
    if (this.isEnded) return this.mostRows;
    const seen = this.#seen + (this.#readings[0]?.seen ?? this.#first?.reading.seen ?? 0);
    return Math.min(this.#isReadTwice ? Math.floor(seen / 2) : seen, this.mostRows);
  }

  /** Bytes of the file so far. */
  get madeBytes(): number {
    return this.#madeBytes;
  }

  /** The file is whole when `bytes` have been taken. */
  get isEnded(): boolean {
    return this.#endedMs !== undefined;
  }

  /**
   * One step of what is to be done before the first byte.
   * @returns "more": to be called again; "ready": `step` is next; or why there will be no file
   * @throws what reading the store, or working in the work folder, throws; the run is then to be closed
   */
  prepare(): Promise<"more" | "ready" | OrderRefused> {
    return this.#exclusive(() => this.#prepare());
  }

  /**
   * One step of making the file, after `prepare` has answered "ready".
   * @param stepBytes the step ends when so many wait
   * @throws as `prepare`
   */
  step(stepBytes = STEP_BYTES): Promise<void> {
    return this.#exclusive(() => this.#step(stepBytes));
  }

  /** When it is ended. */
  stats(): ExportStats {
    const { dataset, format, compression, profile } = this.plan;
    const { encoded, copied } = this.#encoding!;
    const rows = encoded + copied;
    const seconds = ((this.#endedMs ?? 0) - (this.#startedMs ?? 0)) / 1000;
    return {
      dataset: dataset.name,
      format: format.name,
      compression,
      profile,
      rows,
      bytes: this.#madeBytes,
      seconds,
      rowsPerSecond: seconds > 0 ? rows / seconds : 0,
      suppressedRows: this.privacy?.rows.suppressed ?? 0,
      copiedRows: copied,
    };
  }

  /** Gives back all that it holds. May be called again. */
  close(): void {
    this.#first?.reading.close();
    for (const reading of this.#readings) reading.close();
    this.#readings = [];
    this.#first = undefined;
    this.#encoder?.close();
    this.#encoder = undefined;
    this.#aside?.close?.();
    this.#aside = undefined;
    this.bytes.clear();
    rmSync(this.#workFolder, { recursive: true, force: true });
  }

  async #prepare(): Promise<"more" | "ready" | OrderRefused> {
    this.#startedMs ??= this.#clock.monotonicMs();
    const { shape, where } = this.plan;
    if (!this.#isReadTwice) {
      this.#encoding = new EncodingPass(await this.#open(shape), where);
      this.#readings = [new Reading(() => this.#snapshot.parts(), this.#encoding)];
      return "ready";
    }
    this.#first ??= this.#readFirst();
    if (!(await this.#read(this.#first.reading, STEP_BYTES))) return "more";
    this.#seen += this.#first.reading.seen;
    const aside = this.#first.decide();
    this.#first = undefined;
    if (aside.ok === false) return aside;
    this.#aside = aside;
    this.privacy = aside.report;
    this.#encoding = new EncodingPass(await this.#open(aside.shape), undefined);
    this.#readings = [
      new Reading(() => this.#snapshot.parts(), new FilterPass((batch, run) => aside.add(batch, run), where)),
      new Reading(() => wholeParts(aside.rows()), this.#encoding),
    ];
    return "ready";
  }

  async #step(stepBytes: number): Promise<void> {
    const encoder = this.#encoder;
    if (encoder === undefined) throw new Error("an export makes a step only when it is ready and not closed");
    const [reading] = this.#readings;
    if (reading !== undefined) {
      if (await this.#read(reading, stepBytes)) {
        this.#seen += reading.seen;
        this.#readings.shift();
      }
      await encoder.flush();
      return;
    }
    const rest = await encoder.end(this.#notes());
    if (rest === "more") return;
    this.#endedMs = this.#clock.monotonicMs();
  }

  get #isReadTwice(): boolean {
    return this.plan.policy !== undefined || this.plan.newest !== undefined;
  }

  #readFirst(): First {
    const { policy, newest = 1, shape, where } = this.plan;
    if (policy === undefined) {
      const times = new NewestTimes(shape, newest);
      const pass = new FilterPass((batch, run) => times.observe(batch, run), where);
      return { reading: new Reading(() => this.#snapshot.parts(), pass), decide: () => times.decide() };
    }
    const anonymizing = new Anonymizing(shape, { policy, ...this.#range, workFolder: this.#workFolder });
    const pass = new CountingPass(anonymizing, where);
    return { reading: new Reading(() => this.#snapshot.parts(), pass), decide: () => anonymizing.decide() };
  }

  async #open(shape: TableShape): Promise<Encoder> {
    const { format, profile, compression } = this.plan;
    const { fromMs, toMs } = this.#range;
    const facts = { shape, profile, fromMs, toMs, compression, workFolder: this.#workFolder };
    this.#encoder = await format.open(facts, (part) => {
      this.#madeBytes += part.byteLength;
      this.bytes.push(part);
    });
    return this.#encoder;
  }

  #notes(): ExportNotes {
    const { privacy } = this;
    const finite = (ms: number) => (Number.isFinite(ms) ? ms : null);
    return {
      dataset: this.plan.dataset.name,
      profile: this.plan.profile,
      fromMs: finite(this.#range.fromMs),
      toMs: finite(this.#range.toMs),
      rows: this.#encoding!.encoded + this.#encoding!.copied,
      suppressedRows: privacy?.rows.suppressed ?? 0,
      ...(privacy === undefined ? {} : { privacy }),
    };
  }

  /** Reads on for one step. @returns whether that was all */
  async #read(reading: Reading, stepBytes: number): Promise<boolean> {
    const endMs = this.#clock.monotonicMs() + STEP_MS;
    let rows = 0;
    for (let count = 1; rows < STEP_ROWS && this.bytes.byteLength < stepBytes; count++) {
      const piece = reading.take();
      if (piece === undefined) return true;
      const taken = typeof piece === "number" ? piece : await piece;
      rows += taken;
      const isLook = taken >= SMALL_ROWS || count % SMALL_PIECES === 0;
      if (isLook && this.#clock.monotonicMs() >= endMs) return false;
    }
    return false;
  }
}

/** Rows that were put aside in a second reading, to come out in an order of their own. */
interface PutAside {
  readonly shape: TableShape;
  /** Of the anonymous profile. */
  readonly report?: PrivacyReport;
  add(batch: PublicBatch, run: RowRun): void;
  rows(): Iterable<PublicBatch>;
  close?(): void;
}

/** The first of two readings: what is decided when it is over. */
interface First {
  readonly reading: Reading;
  decide(): (PutAside & { readonly ok?: true }) | OrderRefused;
}

/** Columns that must be read; undefined: all. */
function neededColumns({ dataset, shape, where, newest }: ExportPlan): readonly string[] | undefined {
  const needed = new Set(shape.publicColumns.map(({ name }) => name));
  if (newest !== undefined) needed.add(dataset.time);
  for (const name of where?.columns ?? []) needed.add(name);
  return needed.size < dataset.publicColumns.length ? [...needed] : undefined;
}
