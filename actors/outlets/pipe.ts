/**
 * Rows into a named pipe, for one reader at a time: `cat`, or a program that reads files. While nobody reads, nothing is asked of
 * the feed, and nothing is dropped. Each reader begins with the stream's preamble, at a record's start.
 *
 * Written without waiting: a pipe that is full is tried again after pauses that grow. Limit: a reader that goes while another one
 * comes, within LOOK_MS, cannot be told from the one before and may begin within a record.
 */

import { closeSync, writeSync } from "node:fs";
import process from "node:process";
import type { Timer } from "../../runtime/clock.ts";
import type { ClientView } from "../feed/subscription.ts";
import { CLOSE_MS, type OutletDeps, type OutletOpened } from "./outlet.ts";
import { codeOf, type FileIdentity, hasReader, openFifo, readyFifo, removeFifo } from "./pipe-file.ts";
import type { OutletSpec } from "./protocol.ts";
import { Rows } from "./rows.ts";

/** How often it is looked whether somebody reads, or does no more. */
const LOOK_MS = 100;
/** After the pipe was not there, or no rows were to be had. */
const RETRY_MS = 1000;
/** Pauses while the pipe is full. */
const FULL_FIRST_MS = 1;
const FULL_LAST_MS = 20;
/**
 * PIPE_BUF: so much is taken whole or not at all. Of more a part may be taken, which Deno does not tell: its `writeSync` goes on
 * until the pipe is full, and then throws.
 */
const ATOMIC_BYTES = process.platform === "linux" ? 4096 : 512;

type PipeSpec = OutletSpec & { readonly transport: "pipe" };

export async function openPipe(spec: PipeSpec, deps: OutletDeps): Promise<OutletOpened> {
  const ready = await readyFifo(spec.path);
  if (!ready.ok) return ready;
  const pipe = new PipeWriter(spec, ready.made, deps);
  return {
    ok: true,
    outlet: {
      spec,
      clients: () => pipe.clients(),
      sentRows: () => pipe.sentRows,
      close: () => pipe.close(),
    },
  };
}

class PipeWriter {
  readonly #spec: PipeSpec;
  readonly #deps: OutletDeps;
  #made: FileIdentity | undefined;
  /** Open while somebody reads. */
  #file: number | undefined;
  #rows: Rows | undefined;
  /** What of the item that was begun is still to be written. */
  #rest = new Uint8Array(0);
  #fullMs = FULL_FIRST_MS;
  #goneRows = 0;
  /** The only one that is set at a time, but for #watch. */
  #timer: Timer | undefined;
  #watch: Timer | undefined;
  #wroteSinceLook = false;
  #closing: Promise<void> | undefined;
  #closed: () => void = () => {};

  constructor(spec: PipeSpec, made: FileIdentity | undefined, deps: OutletDeps) {
    this.#spec = spec;
    this.#made = made;
    this.#deps = deps;
    this.#lookForReader();
  }

  get sentRows(): number {
    return this.#goneRows + (this.#rows?.view().sentRows ?? 0);
  }

  clients(): readonly ClientView[] {
    return this.#rows === undefined ? [] : [this.#rows.view()];
  }

  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    const closing = new Promise<void>((resolve) => {
      this.#closed = resolve;
    });
    this.#closing = closing;
    if (this.#rows === undefined) this.#end();
    else {
      const late = this.#deps.clock.after(CLOSE_MS, () => this.#end());
      void closing.then(() => late.cancel());
      this.#pump();
    }
    return closing;
  }

  #lookForReader(): void {
    const opened = openFifo(this.#spec.path);
    switch (opened.kind) {
      case "open":
        void this.#begin(opened.file);
        return;
      case "no-reader":
        this.#after(LOOK_MS, () => this.#lookForReader());
        return;
      case "gone":
        this.#deps.log.warning("a named pipe cannot be written to: {reason}", { reason: opened.message });
        this.#after(RETRY_MS, () => void this.#makeAgain());
    }
  }

  /** Somebody has removed the pipe, or put something else in its place. */
  async #makeAgain(): Promise<void> {
    const ready = await readyFifo(this.#spec.path);
    if (ready.ok) this.#made = ready.made ?? this.#made;
    if (this.#closing !== undefined) this.#remove();
    else if (ready.ok) this.#lookForReader();
    else this.#after(RETRY_MS, () => void this.#makeAgain());
  }

  async #begin(file: number): Promise<void> {
    this.#file = file;
    const opened = await Rows.open(this.#deps.feed, this.#spec, this.#spec.datasets);
    if (this.#closing !== undefined) {
      if (opened.ok) opened.rows.close();
      return;
    }
    if (!opened.ok) {
      this.#deps.log.warning("a pipe's reader was not given rows: {message}", { message: opened.message });
      this.#sendAway();
      return;
    }
    this.#rows = opened.rows;
    this.#rest = opened.rows.preamble;
    this.#fullMs = FULL_FIRST_MS;
    this.#watchReader();
    this.#pump();
  }

  /** A reader that goes while there is nothing to write is not told of by a write. */
  #watchReader(): void {
    this.#watch = this.#deps.clock.after(LOOK_MS, () => {
      const isSilent = !this.#wroteSinceLook;
      this.#wroteSinceLook = false;
      if (isSilent && !hasReader(this.#spec.path)) this.#readerGone();
      else this.#watchReader();
    });
  }

  #pump(): void {
    this.#timer?.cancel();
    while (this.#writeOnce());
  }

  /** @returns whether there may be more to write at once */
  #writeOnce(): boolean {
    const [file, rows] = [this.#file, this.#rows];
    if (file === undefined || rows === undefined) return false;
    if (this.#rest.byteLength === 0) {
      const item = rows.take();
      if (item?.kind !== "bytes") {
        if (this.#closing !== undefined) this.#end();
        else if (item === undefined) rows.onReady(() => this.#pump());
        else this.#sendAway();
        return false;
      }
      this.#rest = item.bytes;
    }
    const wrote = tryWrite(file, this.#rest);
    if (wrote === "gone") {
      this.#readerGone();
      return false;
    }
    if (wrote === "full") {
      this.#after(this.#fullMs, () => this.#pump());
      this.#fullMs = Math.min(FULL_LAST_MS, this.#fullMs * 2);
      return false;
    }
    this.#fullMs = FULL_FIRST_MS;
    this.#wroteSinceLook = true;
    this.#rest = this.#rest.subarray(wrote);
    return true;
  }

  /** The next one that reads begins anew. */
  #readerGone(): void {
    this.#leave();
    if (this.#closing === undefined) this.#lookForReader();
    else this.#end();
  }

  /** Its rows are at an end: it is to see that, before another one is written for. */
  #sendAway(): void {
    this.#leave();
    const look = () => {
      if (hasReader(this.#spec.path)) this.#after(LOOK_MS, look);
      else this.#lookForReader();
    };
    this.#after(LOOK_MS, look);
  }

  #leave(): void {
    this.#timer?.cancel();
    this.#watch?.cancel();
    this.#rest = new Uint8Array(0);
    if (this.#rows !== undefined) {
      this.#goneRows += this.#rows.view().sentRows;
      this.#rows.close();
      this.#rows = undefined;
    }
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #end(): void {
    this.#leave();
    this.#remove();
    this.#closed();
  }

  #remove(): void {
    if (this.#made !== undefined) removeFifo(this.#spec.path, this.#made);
    this.#made = undefined;
  }

  #after(delayMs: number, handler: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.after(delayMs, handler);
  }
}

/**
 * Writes the first of the bytes, at most ATOMIC_BYTES.
 * @returns bytes that were taken
 */
function tryWrite(file: number, bytes: Uint8Array): number | "full" | "gone" {
  try {
    const wrote = writeSync(file, bytes, 0, Math.min(ATOMIC_BYTES, bytes.byteLength));
    return wrote === 0 ? "full" : wrote;
  } catch (error) {
    // EPIPE, and whatever else may befall a file that was open.
    return codeOf(error) === "EAGAIN" ? "full" : "gone";
  }
}
