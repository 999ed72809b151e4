/**
 * The store of a stopped Millrace, opened by this process: its folder is locked, so that no other process writes it meanwhile,
 * and nothing in its log or lake is changed.
 */

import { existsSync, rmSync } from "node:fs";
import { checkOrder } from "../actors/exporter/check-order.ts";
import { oneAtATime } from "../actors/exporter/exclusive.ts";
import { ExportRun } from "../actors/exporter/export-run.ts";
import { exportToFile } from "../actors/exporter/export-to-file.ts";
import { exportsFolder } from "../actors/exporter/exporter.ts";
import { type Refused, refuse } from "../actors/refused.ts";
import { lakeFolder } from "../actors/store/lake/manifest.ts";
import { readManifest } from "../actors/store/lake/manifest-file.ts";
import { readLogEnd } from "../actors/store/log/log-end.ts";
import { logFolder } from "../actors/store/log/log-format.ts";
import type { TakeSnapshot } from "../actors/store/snapshot.ts";
import { readStats } from "../actors/store/stats.ts";
import { type CountsOf, storeSnapshots } from "../actors/store/store-snapshots.ts";
import { openStoreSource } from "../actors/store/store-source.ts";
import { unreadable } from "../actors/store/unreadable.ts";
import { type VerifyProgress, type VerifyReport, verifyStore } from "../actors/store/verify.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { type FolderLock, lockFolder } from "../runtime/folder-lock.ts";
import { LocalQueries } from "./local-queries.ts";
import { type OrderOf, orderOfNamed, orderOfRange, orderOfRecent } from "./order-of.ts";
import { localQuality, type QualityDefaults } from "./quality.ts";
import type { Exported, ExportOptions, ExportRefusal, StoreClient } from "./store-client.ts";

export interface LocalStoreOptions {
  /** Folder of the log and the lake. */
  readonly dataFolder: string;
  /** Default: the host's. */
  readonly clock?: Clock;
  /** What holds for the quality of rows where who asks says nothing. */
  readonly quality?: QualityDefaults;
}

/** The store in this process can also be looked through. */
export interface LocalStoreClient extends StoreClient {
  /** Reads all of it. Damage is reported; see VerifyReport. */
  verify(options?: { readonly onProgress?: (progress: VerifyProgress) => void }): VerifyReport;
}

/** `in-use`: another process has it; when that is a Millrace that listens, `url` says where to ask it instead. */
export interface StoreInUse extends Refused<"in-use"> {
  /** For people. */
  readonly owner: string;
  readonly url?: string;
}

export type LocalStoreOpened =
  | { readonly ok: true; readonly client: LocalStoreClient }
  | StoreInUse
  | Refused<"no-store" | "unusable" | "damaged">;

/** Opens the store of a folder. Never waits. `close` gives it back. */
export function openLocalStore({
  dataFolder,
  clock = systemClock,
  quality = {},
}: LocalStoreOptions): LocalStoreOpened {
  const locked = tryLock(dataFolder);
  if (!locked.ok) return locked;
  const { lock } = locked;
  try {
    // Left over by a process that was killed: whoever has the lock is alone.
    rmSync(exportsFolder(dataFolder), { recursive: true, force: true });
    return { ok: true, client: openClient(dataFolder, clock, lock, quality) };
  } catch (error) {
    lock.release();
    const { reason, message } = unreadable(error);
    return refuse(reason === "disk" ? "unusable" : reason, message);
  }
}

/** @throws StoreDamaged, or the file system's error, when the log's end cannot be read */
function openClient(
  dataFolder: string,
  clock: Clock,
  lock: FolderLock,
  defaults: QualityDefaults,
): LocalStoreClient {
  const source = openStoreSource(dataFolder);
  const ends = readLogEnd(source);
  const counts: CountsOf = (dataset) => {
    const { stored = 0, nextSequence = 0 } = ends.get(dataset) ?? {};
    return { storedRows: stored, endSequence: nextSequence };
  };
  const take = storeSnapshots(source, counts);
  const exclusive = oneAtATime();
  // Queries read through a window of their own: they do not wait for steps of exports.
  let takeForQueries: TakeSnapshot | undefined;
  const queries = new LocalQueries((dataset, wish) => {
    takeForQueries ??= storeSnapshots(openStoreSource(dataFolder), counts);
    return takeForQueries(dataset, wish);
  }, clock);
  let isOpen = true;
  /** Exports and examinations under way: the folder is given back when they are over. */
  const underWay = new Set<Promise<unknown>>();
  const untilOver = async <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work);
    try {
      return await work;
    } finally {
      underWay.delete(work);
    }
  };
  // So do examinations.
  let takeForQuality: TakeSnapshot | undefined;
  const quality = localQuality(
    (dataset, wish) => {
      takeForQuality ??= storeSnapshots(openStoreSource(dataFolder), counts);
      return takeForQuality(dataset, wish);
    },
    clock,
    () => isOpen,
    defaults,
  );
  const closed = () => refuse("closed", "the store was closed; open it again");

  async function run(made: OrderOf, options: ExportOptions): Promise<Exported | Refused<ExportRefusal>> {
    if (!isOpen) return closed();
    if (!made.ok) return made;
    const checked = checkOrder(made.order);
    if (!checked.ok) return checked;
    let run: ExportRun;
    try {
      run = new ExportRun(checked.plan, { take, clock, workFolder: exportsFolder(dataFolder), exclusive });
    } catch (error) {
      return unreadable(error);
    }
    const { output, ...more } = options;
    return untilOver(exportToFile(run, output, more));
  }

  return {
    exportRange: (options) => run(orderOfRange(options), options),
    exportRecent: (options) => run(orderOfRecent(options, clock.nowMs()), options),
    exportNamed: (options) => run(orderOfNamed(options, clock.nowMs()), options),
    query: async (sql, options) => (isOpen ? queries.query(sql, options) : closed()),
    queryBytes: async (sql, format, options) =>
      isOpen ? queries.queryBytes(sql, format, options) : closed(),
    validate: (options) => untilOver(quality.validate(options)),
    agreement: (options) => untilOver(quality.agreement(options)),
    async stats() {
      if (!isOpen) return closed();
      try {
        const stats = await exclusive(async () => readStats(source, readManifest(dataFolder)));
        return { ok: true, stats };
      } catch (error) {
        return unreadable(error);
      }
    },
    verify({ onProgress } = {}) {
      if (!isOpen) throw new Error("a store is verified before it is closed");
      return verifyStore(openStoreSource(dataFolder), onProgress);
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await Promise.allSettled([...underWay, queries.close()]);
      rmSync(exportsFolder(dataFolder), { recursive: true, force: true });
      lock.release();
    },
  };
}

function tryLock(
  folder: string,
): { readonly ok: true; readonly lock: FolderLock } | StoreInUse | Refused<"no-store" | "unusable"> {
  // A folder that is something else is not to find a lock in it.
  if (!existsSync(logFolder(folder)) && !existsSync(lakeFolder(folder))) {
    return refuse(
      "no-store",
      `there is no store in ${folder}: give the folder that Millrace keeps its data in`,
    );
  }
  try {
    const locked = lockFolder(folder);
    if (locked.ok) return locked;
    const { owner, url } = locked;
    const ask = url === undefined ? "end it first" : `ask it at ${url}, or end it first`;
    const message = `the store in ${folder} is in use by ${owner}: ${ask}`;
    return { ...refuse("in-use", message), owner, ...(url === undefined ? {} : { url }) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "no lock can be had";
    return refuse("unusable", `the store in ${folder} cannot be used (${code}); make the folder writable`);
  }
}
