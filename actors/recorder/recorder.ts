/**
 * The recorder: appends every public batch to the log, and counts a row as stored when it is on the disk.
 *
 * A stage on every lane. What a lane has ready is written and synced as one group, and only then released: the release is
 * the acknowledgement. A batch that was written and not released, because the recorder died in between, is found in the log
 * by its sequence number and not written again.
 */

import { datasets } from "../../datasets/index.ts";
import { REJECTION_REASONS } from "../../datasets/rejection.ts";
import type { ActorContext, Behaviour, StageHandler } from "../../runtime/actor/types.ts";
import { Batch } from "../../runtime/batch/index.ts";
import type { LaneReader } from "../../runtime/lane/index.ts";
import { DOOR_DROPS, DoorAccount, type RecoveredCounts, STORE_DROPS, StoreAccount } from "../ledger.ts";
import { kernelsOf, resourcesOf } from "../resources.ts";
import type { LogDisk } from "./log-disk.ts";
import { type CountsPayload, logFolder } from "./log-format.ts";
import { dropOldSegments } from "./log-retention.ts";
import { LogWriter } from "./log-writer.ts";

export interface RecorderConfig {
  readonly dataFolder: string;
  /** A segment that has reached this size is followed by a new one. */
  readonly segmentBytes: number;
  /** Size of the whole log; beyond it the oldest segments are removed. */
  readonly keepBytes: number;
  readonly stagingBytes: number;
}

/** Rejections and drops reach the log this long after they happened, at the most. */
const COUNTS_EVERY_MS = 1000;
/** Pause before a disk that refused is tried again. Meanwhile rows wait in their lanes. */
const RETRY_MS = 1000;

export default function recorder(context: ActorContext<RecorderConfig>): Behaviour {
  return recorderOn(context);
}

/** The recorder on another disk than the host's. */
export function recorderOn(context: ActorContext<RecorderConfig>, disk?: LogDisk): Behaviour {
  const { ledger } = resourcesOf(context as ActorContext<never>);
  const { dataFolder, segmentBytes, keepBytes, stagingBytes } = context.config;
  const log = new LogWriter({
    dataFolder,
    datasets,
    kernels: kernelsOf(context as ActorContext<never>),
    staging: { at: context.scratch, bytes: stagingBytes },
    segmentBytes,
    nowMs: () => context.clock.nowMs(),
    ...(disk === undefined ? {} : { disk }),
  });
  const { opening } = log;
  if (opening.cutBytes > 0) {
    context.log.warning("cut {bytes} bytes off the log's end: a write that was not finished", {
      bytes: opening.cutBytes,
    });
  }
  const accounts = new Map(
    datasets.map(({ name }) => {
      const store = new StoreAccount(context.memory, ledger, name);
      const door = new DoorAccount(context.memory, ledger, name);
      const counts = opening.counts.get(name)!;
      store.recover(counts);
      // Untouched since the process began: the door goes on where the log ends. Doors open after the recorder has started.
      if (door.isNew) door.recover(counts);
      return [name, { store, door }];
    }),
  );
  context.log.info("the log is open with {rows} rows", {
    rows: [...opening.counts.values()].reduce((rows, { stored }) => rows + stored, 0),
  });

  let failing = false;
  let stopping = false;
  /** The counts that the log has, as text. */
  let carried = countsText(
    Object.fromEntries([...opening.counts].map(([name, kept]) => [name, allOf(kept)])),
  );

  /** The segment that was written to when the log's size was last looked at. */
  let segment = 0;
  function keepWithinBounds(): void {
    segment = log.segment;
    try {
      const removed = dropOldSegments(logFolder(dataFolder), keepBytes);
      if (removed > 0) context.log.info("removed the oldest {bytes} bytes of the log", { bytes: removed });
    } catch (error) {
      context.log.error("old segments could not be removed; tried again with the next segment", { error });
    }
  }
  keepWithinBounds();

  /** Syncs, and waits out a disk that refuses. */
  async function sync(): Promise<void> {
    for (;;) {
      try {
        log.sync();
        if (failing) context.log.info("the disk takes writes again");
        failing = false;
        if (log.segment !== segment) keepWithinBounds();
        return;
      } catch (error) {
        const isDisk = typeof (error as NodeJS.ErrnoException).code === "string";
        if (stopping || !isDisk) throw error;
        if (!failing) {
          context.log.error("the disk refused a write; rows wait in their lanes until it takes them", {
            error,
          });
        }
        failing = true;
        await new Promise<void>((resolve) => context.clock.after(RETRY_MS, resolve));
      }
    }
  }

  function handler(dataset: string): StageHandler {
    const plan = datasets.find(({ name }) => name === dataset)!.plan;
    const batch = new Batch(context.memory, plan);
    const { store } = accounts.get(dataset)!;
    return {
      async drain(reader: LaneReader, maxSlots: number) {
        let rows = 0;
        let end = store.recorded;
        let latestMs = Number.NEGATIVE_INFINITY;
        for (let taken = 0; taken < maxSlots; taken++) {
          const slot = reader.tryRead();
          if (slot < 0) break;
          batch.bindPublic(slot);
          const known = batch.endSequence <= log.nextSequence(dataset);
          if (!known && batch.rows > 0) {
            while (!log.append(dataset, batch)) await sync();
            rows += batch.rows;
            latestMs = Math.max(latestMs, batch.maxTimeMs);
          }
          log.skipTo(dataset, batch.endSequence);
          end = Math.max(end, batch.endSequence);
        }
        await sync();
        store.stored(rows, end, latestMs);
        reader.release();
      },
      poisoned(slot) {
        batch.bind(slot);
        store.stored(0, Math.max(store.recorded, batch.endSequence), Number.NEGATIVE_INFINITY);
        log.skipTo(dataset, batch.endSequence);
        return `a batch of ${batch.rows} rows of ${dataset} brought the recorder down`;
      },
    };
  }

  /** The counts that rows themselves do not tell. */
  function counts(): CountsPayload {
    return Object.fromEntries(
      [...accounts].map(([name, { door, store }]) => {
        const { rejected, dropped } = door.counts();
        const { recorded, dropped: lost } = store.counts();
        return [name, { rejected, dropped: { ...dropped, ...lost }, nextSequence: recorded }];
      }),
    );
  }

  /** Keeps them, when they have changed. */
  async function keepCounts(): Promise<void> {
    const now = counts();
    if (countsText(now) === carried) return;
    while (!log.appendCounts(now)) await sync();
    await sync();
    carried = countsText(now);
  }

  context.every(COUNTS_EVERY_MS, keepCounts, COUNTS_EVERY_MS);

  return {
    stages: Object.fromEntries(datasets.map(({ name }) => [name, handler(name)])),
    async stop() {
      stopping = true;
      try {
        if (!failing) await keepCounts();
      } catch (error) {
        context.log.error("the latest counts of rejected and dropped rows could not be kept", { error });
      }
      log.close();
    },
  };
}

/** A log's counts, those that it does not tell being 0. */
function allOf({ rejected, dropped, nextSequence }: RecoveredCounts): CountsPayload[string] {
  const all = <Name extends string>(names: readonly Name[], known: Readonly<Partial<Record<Name, number>>>) =>
    Object.fromEntries(names.map((name) => [name, known[name] ?? 0])) as Record<Name, number>;
  return {
    rejected: all(REJECTION_REASONS, rejected),
    dropped: all([...DOOR_DROPS, ...STORE_DROPS], dropped),
    nextSequence,
  };
}

/** What is compared: by dataset, in the order of the list. */
function countsText(counts: CountsPayload): string {
  return JSON.stringify(datasets.map(({ name }) => [counts[name]?.rejected, counts[name]?.dropped]));
}
