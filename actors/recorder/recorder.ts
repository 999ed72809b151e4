/**
 * The recorder: appends every public batch to the log, and counts a row as stored when it is on the disk.
 *
 * A stage on every lane. What a lane has ready is written and synced as one group, and only then released: the release is
 * the acknowledgement. A batch that was written and not released, because the recorder died in between, is found in the log
 * by its sequence number and not written again. A batch that came by a request with a key has its receipt in the same group: what the
 * log says of a request is true of its rows, whatever is cut off.
 */

import type { Dataset } from "../../datasets/define.ts";
import { datasets as ourDatasets } from "../../datasets/index.ts";
import { REJECTION_REASONS } from "../../datasets/rejection.ts";
import type { ActorContext, Behaviour, Message, Reply, StageHandler } from "../../runtime/actor/types.ts";
import { Batch } from "../../runtime/batch/index.ts";
import { pause } from "../../runtime/clock.ts";
import type { LaneReader } from "../../runtime/lane/index.ts";
import { DOOR_DROPS, DoorAccount, type RecoveredCounts, STORE_DROPS, StoreAccount } from "../ledger.ts";
import { kernelsOf, resourcesOf } from "../resources.ts";
import { StageMeter } from "../stage-meter.ts";
import { rowsAccountedFor } from "../store/lake/change-manifest.ts";
import type { Manifest } from "../store/lake/manifest.ts";
import { readManifest } from "../store/lake/manifest-file.ts";
import type { InLake } from "../store/log/log-counts.ts";
import type { LogDisk } from "../store/log/log-disk.ts";
import type { CountsPayload } from "../store/log/log-format.ts";
import { LogWriter } from "../store/log/log-writer.ts";
import { encodeReceipts } from "../store/log/receipts.ts";
import { StoreDamaged } from "../store/store-damaged.ts";
import type { RecorderMessage, RecorderReplies } from "./protocol.ts";

export interface RecorderConfig {
  readonly dataFolder: string;
  /** A segment that has reached this size is followed by a new one. */
  readonly segmentBytes: number;
  readonly stagingBytes: number;
}

/** Rejections and drops reach the log this long after they happened, at the most. */
const COUNTS_EVERY_MS = 1000;
/** Pause before a disk that refused is tried again. Meanwhile rows wait in their lanes. */
const RETRY_MS = 1000;

export default function recorder(context: ActorContext<RecorderConfig>): Behaviour {
  return recorderOn(context);
}

/** The recorder on another disk than the host's, or of other datasets than ours. */
export function recorderOn(
  context: ActorContext<RecorderConfig>,
  disk?: LogDisk,
  datasets: readonly Dataset[] = ourDatasets,
): Behaviour {
  const { ledger } = resourcesOf(context as ActorContext<never>);
  const { dataFolder, segmentBytes, stagingBytes } = context.config;
  const log = new LogWriter({
    inLake: inLake(),
    dataFolder,
    datasets,
    kernels: kernelsOf(context as ActorContext<never>),
    staging: { at: context.scratch, bytes: stagingBytes },
    segmentBytes,
    nowMs: () => context.clock.nowMs(),
    ...(disk === undefined ? {} : { disk }),
  });
  /** The log may have been moved away and the lake not: numbers that the lake has must not come again. */
  function inLake(): ReadonlyMap<string, InLake> {
    try {
      return rowsInLake(readManifest(dataFolder));
    } catch (error) {
      if (!(error instanceof StoreDamaged)) throw error;
      context.log.error("what the lake holds is not known: {reason}", { reason: error.message });
      return new Map();
    }
  }
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
    datasets,
  );

  /** Syncs, and waits out a disk that refuses. */
  async function sync(): Promise<void> {
    for (;;) {
      try {
        log.sync();
        if (failing) context.log.info("the disk takes writes again");
        failing = false;
        return;
      } catch (error) {
        if (stopping || !isDisk(error)) throw error;
        if (!failing) {
          context.log.error("the disk refused a write; rows wait in their lanes until it takes them", {
            error,
          });
        }
        failing = true;
        await pause(context.clock, RETRY_MS);
      }
    }
  }

  function handler(dataset: string): StageHandler {
    const plan = datasets.find(({ name }) => name === dataset)!.plan;
    const batch = new Batch(context.memory, plan);
    const { store } = accounts.get(dataset)!;
    const meter = new StageMeter(context as ActorContext<never>, dataset);
    return {
      async drain(reader: LaneReader, maxSlots: number) {
        let rows = 0;
        let end = store.recorded;
        let latestMs = Number.NEGATIVE_INFINITY;
        for (let taken = 0; taken < maxSlots; taken++) {
          const slot = reader.tryRead();
          if (slot < 0) break;
          batch.bindPublic(slot);
          meter.read(batch);
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
        meter.released();
      },
      poisoned(slot) {
        batch.bind(slot);
        store.stored(0, Math.max(store.recorded, batch.endSequence), Number.NEGATIVE_INFINITY);
        log.skipTo(dataset, batch.endSequence);
        // Whoever stands behind the recorder takes for stored what it sees.
        batch.giveUp();
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
    if (countsText(now, datasets) === carried) return;
    while (!log.appendCounts(now)) await sync();
    await sync();
    carried = countsText(now, datasets);
  }

  /** Does not wait for a disk that refuses: who asks can come again. */
  function roll(): RecorderReplies["recorder.roll"] {
    try {
      log.roll();
      return { ok: true, segment: log.segment };
    } catch (error) {
      if (!isDisk(error)) throw error;
      const { code } = error as NodeJS.ErrnoException;
      return { ok: false, reason: "disk", message: `the log's next segment cannot be begun: ${code}` };
    }
  }

  /** Nothing is staged between two handlers, so all of it is on the disk. */
  function receipts(key: string | undefined): RecorderReplies["recorder.receipts"] {
    const all = [...log.receipts];
    const wanted = key === undefined ? all : all.filter((receipt) => receipt.key === key);
    const names = [...new Set(wanted.map(({ dataset }) => dataset))];
    return { ok: true, receipts: encodeReceipts(wanted, names), datasets: names };
  }

  context.every(COUNTS_EVERY_MS, keepCounts, COUNTS_EVERY_MS);

  return {
    stages: Object.fromEntries(datasets.map(({ name }) => [name, handler(name)])),
    receive(message: Message, reply: Reply) {
      const asked = message as RecorderMessage;
      if (asked.kind === "recorder.roll") return reply(roll());
      if (asked.kind === "recorder.receipts") return reply(receipts(asked.key));
      return reply.fail(`the recorder takes recorder.roll and recorder.receipts; came ${message.kind}`);
    },
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

function rowsInLake({ datasets }: Manifest): ReadonlyMap<string, InLake> {
  return new Map(
    Object.entries(datasets).map(([name, lake]) => {
      const { before, hourBefore } = lake.compacted;
      return [name, { rows: rowsAccountedFor(lake), endSequence: Math.max(before, hourBefore) }];
    }),
  );
}

function isDisk(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).code === "string";
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

/** What is compared. */
function countsText(counts: CountsPayload, datasets: readonly Dataset[]): string {
  return JSON.stringify(datasets.map(({ name }) => [counts[name]?.rejected, counts[name]?.dropped]));
}
