/**
 * Exports that are made into files of ours, step by step, and fetched when they are done:
 *
 *     data/exports/<job>/file      mode 0600, in a folder of mode 0700
 *
 * Jobs live as long as the exporter does. What another life left is removed before the first begins, so nothing here waits
 * for the disk: a file that is read is read by who wrote it.
 */

import { randomBytes } from "node:crypto";
import { closeSync, fstatSync, mkdirSync, openSync, readSync, rmSync } from "node:fs";
import type { Clock } from "../../runtime/clock.ts";
import { type Refused, refuse } from "../refused.ts";
import { unreadable } from "../store/unreadable.ts";
import type { ExportPlan } from "./check-order.ts";
import { ExportFile, fileRefusal, hostDisk } from "./export-file.ts";
import type { ExportRun } from "./export-run.ts";
import {
  type ExporterReplies,
  type ExportJob,
  type ExportRefusal,
  type JobRefusal,
  type JobState,
  MAX_CHUNK_BYTES,
  MAX_JOBS,
  type PullRefusal,
} from "./protocol.ts";

type Failure = Refused<PullRefusal | ExportRefusal>;

interface Job {
  readonly id: string;
  readonly folder: string;
  readonly plan: ExportPlan;
  readonly startedMs: number;
  state: JobState;
  endedMs: number | null;
  failure: Failure | null;
  /** While it runs. */
  work: { readonly run: ExportRun; readonly file: ExportFile; isReady: boolean } | undefined;
  /** What is told of it, as of its last step. */
  told: Pick<ExportJob, "seenRows" | "mostRows" | "bytes" | "stats" | "privacy">;
}

const NOT_WAITED_FOR = { ...hostDisk, fsyncSync: () => {} };
const FILE_LABEL = "the export's file";

export class ExportJobs {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #onEnd: (job: string) => void;
  /** In the order they were started. */
  readonly #jobs = new Map<string, Job>();

  /** @param folder of ours alone: what is in it is removed. @param onEnd called once for each job, when it no longer runs */
  constructor(folder: string, clock: Clock, onEnd: (job: string) => void) {
    this.#folder = folder;
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** Begins a job on a run, which is the job's from now on. `step` is to be called until it says no. */
  start(
    id: string,
    plan: ExportPlan,
    run: ExportRun,
  ): Refused<"disk"> | { readonly ok: true; readonly job: ExportJob } {
    const folder = `${this.#folder}/${id}`;
    const file = beginFile(folder);
    if (!(file instanceof ExportFile)) {
      run.close();
      return file;
    }
    const { mostRows } = run;
    const job: Job = {
      id,
      folder,
      plan,
      startedMs: this.#clock.nowMs(),
      state: "running",
      endedMs: null,
      failure: null,
      work: { run, file, isReady: false },
      told: { seenRows: 0, mostRows, bytes: 0, stats: null, privacy: null },
    };
    this.#jobs.set(id, job);
    this.#forgetOldest();
    return { ok: true, job: describe(job) };
  }

  /** One step of a job. @returns whether there is another @throws a bug of ours */
  async step(id: string): Promise<boolean> {
    const job = this.#jobs.get(id);
    if (job?.work === undefined) return false;
    try {
      const failure = await advance(job.work);
      // It may have been cancelled while the step waited.
      if (job.work === undefined) return false;
      const { run } = job.work;
      job.told = { ...job.told, seenRows: run.seenRows, bytes: run.madeBytes, privacy: run.privacy ?? null };
      if (failure !== undefined) this.#end(job, "failed", failure);
      else if (run.isEnded) {
        job.told = { ...job.told, stats: run.stats() };
        this.#end(job, "done");
      }
    } catch (error) {
      this.#end(job, "failed", unreadable(error));
    }
    return job.work !== undefined;
  }

  get(id: string): ExporterReplies["export.job"] {
    const job = this.#jobs.get(id);
    return job === undefined ? unknownJob() : { ok: true, job: describe(job) };
  }

  /** Newest first. */
  list(): readonly ExportJob[] {
    return [...this.#jobs.values()].map(describe).reverse();
  }

  /** Bytes of a finished file from byte `offset` on; none behind its end. */
  read(id: string, offset: number): ExporterReplies["export.read"] {
    const job = this.#jobs.get(id);
    if (job === undefined) return unknownJob();
    if (job.state !== "done") {
      const next = job.state === "running" ? "ask again when it is done" : "start another";
      return refuse("not-done", `the export is ${job.state}: there is no file to read; ${next}`);
    }
    try {
      return readPiece(filePath(job.folder), offset);
    } catch (error) {
      return diskOnly(fileRefusal(error, FILE_LABEL));
    }
  }

  /** Ends a job that runs, and removes what one made. */
  cancel(id: string): ExporterReplies["export.cancel"] {
    const job = this.#jobs.get(id);
    if (job === undefined) return unknownJob();
    if (job.state === "running" || job.state === "done") {
      job.told = { ...job.told, stats: null, privacy: null };
      this.#end(job, "cancelled");
    }
    return { ok: true, job: describe(job) };
  }

  /** Removes all of them. */
  stop(): void {
    for (const id of [...this.#jobs.keys()]) this.#forget(id);
  }

  #end(job: Job, state: JobState, failure: Failure | null = null): void {
    job.state = state;
    job.failure = failure;
    job.endedMs = this.#clock.nowMs();
    const { work } = job;
    job.work = undefined;
    work?.file.abandon();
    work?.run.close();
    if (state !== "done") rmSync(job.folder, { recursive: true, force: true });
    if (work !== undefined) this.#onEnd(job.id);
  }

  #forgetOldest(): void {
    for (const { id, work } of this.#jobs.values()) {
      if (this.#jobs.size <= MAX_JOBS) return;
      if (work === undefined) this.#forget(id);
    }
  }

  #forget(id: string): void {
    this.cancel(id);
    this.#jobs.delete(id);
  }
}

export function newJobId(): string {
  return randomBytes(16).toString("hex");
}

/** @returns why it cannot go on */
async function advance(work: NonNullable<Job["work"]>): Promise<Failure | undefined> {
  const { run, file } = work;
  if (!work.isReady) {
    const prepared = await run.prepare();
    if (typeof prepared !== "string") return prepared;
    work.isReady = prepared === "ready";
    return undefined;
  }
  await run.step();
  const fault = file.write(run.bytes.takeAll()) ?? (run.isEnded ? file.finish() : undefined);
  return fault === undefined ? undefined : diskOnly(fault);
}

function beginFile(folder: string): ExportFile | Refused<"disk"> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const begun = ExportFile.begin(filePath(folder), { disk: NOT_WAITED_FOR, label: FILE_LABEL });
    return begun.ok ? begun.file : diskOnly(begun);
  } catch (error) {
    return diskOnly(fileRefusal(error, FILE_LABEL));
  }
}

function readPiece(path: string, offset: number): ExporterReplies["export.read"] {
  const fd = openSync(path, "r");
  try {
    const fileBytes = fstatSync(fd).size;
    const bytes = new Uint8Array(Math.max(0, Math.min(MAX_CHUNK_BYTES, fileBytes - offset)));
    for (let filled = 0; filled < bytes.byteLength; ) {
      const got = readSync(fd, bytes, filled, bytes.byteLength - filled, offset + filled);
      if (got === 0) return refuse("disk", `${FILE_LABEL} ends before it should; start another export`);
      filled += got;
    }
    return { ok: true, bytes, fileBytes };
  } finally {
    closeSync(fd);
  }
}

function filePath(folder: string): string {
  return `${folder}/file`;
}

function describe({ id, plan, state, startedMs, endedMs, told, failure }: Job): ExportJob {
  const { order, fileName, contentType } = plan;
  return { job: id, order, state, fileName, contentType, startedMs, endedMs, ...told, failure };
}

function unknownJob(): Refused<JobRefusal> {
  return refuse("unknown-job", "there is no such export: it never was, or was removed for newer ones");
}

/** Whatever is wrong with the place of a file of ours is nothing that the asker could choose better. */
function diskOnly({ message }: Refused<string>): Refused<"disk"> {
  return refuse("disk", message);
}
