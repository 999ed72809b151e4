/**
 * The windower: sums up each dataset by the minute and writes the sums as a dataset of their own.
 *
 * Open windows are not kept anywhere but here. When the windower starts again, after its own crash or the whole process's,
 * it reads the rows of the windows that are not in the log yet back from the log, up to the row its lane cursor stands at, and
 * goes on: the log is the checkpoint. So it must stand behind the recorder on its source lanes: what it has read is stored.
 */

import type { Dataset } from "../../datasets/define.ts";
import { datasetNamed, derivedDatasets } from "../../datasets/index.ts";
import { WINDOW_MS } from "../../datasets/windows.ts";
import type { ActorContext, Behaviour, StageHandler } from "../../runtime/actor/types.ts";
import { Batch } from "../../runtime/batch/index.ts";
import { pause } from "../../runtime/clock.ts";
import { cursorSlot } from "../../runtime/lane/index.ts";
import { BlockPool } from "../../wasm/index.ts";
import { DoorAccount, StoreAccount } from "../ledger.ts";
import { kernelsOf, resourcesOf } from "../resources.ts";
import { StageMeter } from "../stage-meter.ts";
import { readLog } from "../store/log/log-reader.ts";
import { WINDOW_DOOR_SCRATCH_BYTES, WindowDoor } from "./window-door.ts";
import { WindowTable } from "./window-table.ts";

export interface WindowerConfig {
  readonly dataFolder: string;
  /** How much later than a younger row an older one may come and still be in its window. */
  readonly disorderMs: number;
  /** Shared memory for open windows; default part of `windowerScratchBytes`. */
  readonly poolBytes: number;
  /** Shared memory for reading the log back; at least the largest batch. */
  readonly windowBytes: number;
}

const IDLE_CHECK_MS = 1000;
/** A dataset that no row came for in this long closes its windows by the wall clock. */
const IDLE_MS = 60_000;
/** Pause while the recorder has not yet stored what must be read back. */
const CATCH_UP_MS = 5;
/** Then it refuses to start, and is tried again: a start that missed its deadline would cost the whole thread. */
const CATCH_UP_WITHIN_MS = 20_000;

/** Shared memory that a windower with this configuration takes. */
export function windowerScratchBytes({ poolBytes, windowBytes }: WindowerConfig): number {
  return poolBytes + windowBytes + derivedDatasets.length * WINDOW_DOOR_SCRATCH_BYTES;
}

export default async function windower(context: ActorContext<WindowerConfig>): Promise<Behaviour> {
  const { dataFolder, disorderMs, poolBytes, windowBytes } = context.config;
  const plain = context as ActorContext<never>;
  const kernels = kernelsOf(plain);
  const { ledger } = resourcesOf(plain);
  const pool = new BlockPool(context.scratch + windowBytes, poolBytes);
  const doorsAt = context.scratch + windowBytes + poolBytes;

  const lanes = derivedDatasets.map((derived, index) => {
    const source = datasetNamed(derived.derivedFrom ?? "") as Dataset;
    const scratch = doorsAt + index * WINDOW_DOOR_SCRATCH_BYTES;
    const door = new WindowDoor(plain, kernels, source, derived, scratch);
    const store = new StoreAccount(context.memory, ledger, derived.name);
    return { source, derived, door, store };
  });

  const opened = [];
  for (const { source, door, store } of lanes) {
    const firstUnread = unreadFrom(context, source);
    await recordedUpTo(context, store, door.published);
    const log = { dataFolder, kernels, window: { at: context.scratch, bytes: windowBytes } };
    const emittedUpToMs = door.resume(log, store.latestMs);
    const table = new WindowTable(source, {
      kernels,
      pool,
      windowMs: WINDOW_MS,
      disorderMs,
      maxGroups: door.maxGroups,
      emittedUpToMs,
    });
    const range = {
      toSequence: firstUnread,
      ...(Number.isFinite(emittedUpToMs) ? { fromMs: emittedUpToMs } : {}),
    };
    for (const batch of readLog(log, source, range)) {
      table.add(batch);
      for (const window of table.close(table.watermarkMs)) await door.write(window);
    }
    // What was left out of the rows read back was, as far as this process had read them before, told then.
    table.lateRows = table.refusedRows = table.unsketchedValues = 0;
    opened.push({ source, table, door });
  }

  const handlers = opened.map(({ source, table, door }): [string, StageHandler, () => Promise<void>] => {
    const batch = new Batch(context.memory, source.plan);
    const meter = new StageMeter(context as ActorContext<never>, source.name);
    let lastRowMs = context.clock.monotonicMs();
    const report = leftOutReport(context, source.name, table);
    const closeUpTo = async (upToMs: number) => {
      for (const window of table.close(upToMs)) await door.write(window);
      report();
    };
    const handler: StageHandler = {
      async drain(reader, maxSlots) {
        for (let taken = 0; taken < maxSlots; taken++) {
          const slot = reader.tryRead();
          if (slot < 0) break;
          table.add(batch.bindPublic(slot));
          meter.read(batch);
          lastRowMs = context.clock.monotonicMs();
          await closeUpTo(table.watermarkMs);
          // The windows are published, so a restart will not ask for these rows again.
          reader.release();
          meter.released();
        }
      },
      poisoned: () => `a batch of ${source.name} brought the windower down; it is in no window`,
    };
    const closeIdle = async () => {
      if (context.clock.monotonicMs() - lastRowMs < IDLE_MS) return;
      // Silent is who writes nothing. Rows that wait, here or at a stage before, would find their window closed.
      if (cursorSlot(context.memory, context.lane(source.name), context.name) >= 0) return;
      const endMs = table.lastOpenEndMs();
      if (endMs !== undefined && endMs + disorderMs <= context.clock.nowMs()) await closeUpTo(endMs);
    };
    return [source.name, handler, closeIdle];
  });

  context.every(
    IDLE_CHECK_MS,
    async () => {
      for (const [, , closeIdle] of handlers) await closeIdle();
    },
    IDLE_CHECK_MS,
  );
  return { stages: Object.fromEntries(handlers.map(([name, handler]) => [name, handler])) };
}

/** Makes what logs the rows and values that were left out of windows since it was called last. */
function leftOutReport(context: ActorContext<WindowerConfig>, dataset: string, table: WindowTable) {
  const told = { late: 0, refused: 0, unsketched: 0 };
  return (): void => {
    const { lateRows, refusedRows, unsketchedValues } = table;
    const { late, refused, unsketched } = told;
    if (lateRows > late) {
      const message = "{rows} rows of {dataset} came too late for their window";
      context.log.warning(message, { rows: lateRows - late, dataset });
    }
    if (refusedRows > refused) {
      const message = "{rows} rows of {dataset} are in no window: it has all the groups that it can hold";
      context.log.warning(message, { rows: refusedRows - refused, dataset });
    }
    if (unsketchedValues > unsketched) {
      const message = "{values} values of {dataset} are in no percentile, for want of memory";
      context.log.warning(message, { values: unsketchedValues - unsketched, dataset });
    }
    Object.assign(told, { late: lateRows, refused: refusedRows, unsketched: unsketchedValues });
  };
}

/** Sequence number of the first row of `source` that this stage has not released. */
function unreadFrom(context: ActorContext<WindowerConfig>, source: Dataset): number {
  const { ledger } = resourcesOf(context as ActorContext<never>);
  // Looked at first: a batch that another thread publishes now is then found under the cursor, and not taken for read.
  const { published } = new DoorAccount(context.memory, ledger, source.name).counts();
  const slot = cursorSlot(context.memory, context.lane(source.name), context.name);
  return slot < 0 ? published : new Batch(context.memory, source.plan).bind(slot).firstSequence;
}

/** Resolves when the log holds every row before `sequence`. @throws Error when it does not in good time */
async function recordedUpTo(
  context: ActorContext<WindowerConfig>,
  store: StoreAccount,
  sequence: number,
): Promise<void> {
  const { clock } = context;
  const endMs = clock.monotonicMs() + CATCH_UP_WITHIN_MS;
  while (store.recorded < sequence) {
    if (clock.monotonicMs() > endMs)
      throw new Error(
        "the recorder does not store the windows made before: it is stopped, paused, or its disk refuses",
      );
    await pause(clock, CATCH_UP_MS);
  }
}
