/**
 * The windower: turns rows into windows, as their datasets declare it, and writes these as datasets of their own.
 *
 * It stands behind the recorder on its source lanes: what it has read is stored. Open windows are in its memory and, now and then, in a
 * checkpoint. When it starts again, after its own crash or the whole process's, it reads the rows since the checkpoint back from the log, makes
 * what it made of them before, and leaves out what is there already (checkpoint.ts).
 */

import type { Dataset } from "../../datasets/define.ts";
import { datasets as ourDatasets } from "../../datasets/index.ts";
import type { ActorContext, Behaviour, StageHandler } from "../../runtime/actor/types.ts";
import { alignUp } from "../../runtime/arena.ts";
import { Batch } from "../../runtime/batch/index.ts";
import { cursorSlot } from "../../runtime/lane/index.ts";
import { StoreAccount } from "../ledger.ts";
import { kernelsOf, resourcesOf } from "../resources.ts";
import { StageMeter } from "../stage-meter.ts";
import { type CheckpointDisk, CheckpointFile, hostCheckpointDisk } from "./checkpoint-file.ts";
import { checksumThrough } from "./checksum.ts";
import { resume } from "./resume.ts";
import { rulesFor, type WindowRules } from "./rules.ts";
import { copyBytes } from "./scratch.ts";
import { Windowed } from "./windowed.ts";

export interface WindowerConfig extends WindowRules {
  readonly dataFolder: string;
  /** A dataset that no row came for in this long closes its windows by the wall clock. */
  readonly idleMs: number;
  /** Shared memory for open windows, of all windows datasets together; part of `windowerScratchBytes`. */
  readonly stateBytes: number;
  /** Shared memory for reading the log back; at least the largest batch. */
  readonly windowBytes: number;
}

/** What a test puts in their place. */
export interface WindowerParts {
  /** Sources and windows. */
  readonly datasets?: readonly Dataset[];
  readonly disk?: CheckpointDisk;
  /** Rows that are read again after a crash, at the most. */
  readonly checkpointRows?: number;
}

const IDLE_CHECK_MS = 1000;
/** Read back in a tenth of a second. */
const CHECKPOINT_ROWS = 100_000;
/** Parts of the memory that a windows dataset has, by whether it has groups. */
const GROUPED_SHARE = 8;
const SINGLE_SHARE = 1;
const POOL_ALIGNMENT = 4096;

export default function windower(context: ActorContext<WindowerConfig>): Promise<Behaviour> {
  return windowerOf(context, {});
}

/** The windower of other datasets than ours, or on another disk than the host's. */
export async function windowerOf(
  context: ActorContext<WindowerConfig>,
  { datasets = ourDatasets, disk = hostCheckpointDisk, checkpointRows = CHECKPOINT_ROWS }: WindowerParts,
): Promise<Behaviour> {
  const plain = context as ActorContext<never>;
  const { dataFolder, idleMs, stateBytes, windowBytes } = context.config;
  const kernels = kernelsOf(plain);
  const log = { dataFolder, kernels, window: { at: context.scratch, bytes: windowBytes } };
  const poolAt = context.scratch + windowBytes;
  const copyAt = poolAt + alignUp(stateBytes, 8);
  const checksum = checksumThrough(kernels, copyAt + copyBytes(datasets));

  const all = placesOf(datasets, poolAt, stateBytes).map(({ source, derived, at, bytes }) => {
    return new Windowed({
      ...{ context: plain, source, derived },
      file: new CheckpointFile(dataFolder, derived.name, checksum, context.log, disk),
      place: { poolAt: at, poolBytes: bytes, copyAt },
      rules: rulesFor(derived.derived!.by, context.config),
      checkpointRows,
    });
  });
  const sources = [...new Set(all.map(({ source }) => source))];
  for (const source of sources) {
    const unread = unreadFrom(plain, source);
    for (const windowed of all) if (windowed.source === source) await resume(plain, windowed, log, unread);
  }

  const lanes = sources.map((source) => {
    const own = all.filter((windowed) => windowed.source === source);
    const batch = new Batch(context.memory, source.plan);
    const meter = new StageMeter(plain, source.name);
    let lastRowMs = context.clock.monotonicMs();
    const handler: StageHandler = {
      async drain(reader, maxSlots) {
        for (let taken = 0; taken < maxSlots; taken++) {
          const slot = reader.tryRead();
          if (slot < 0) break;
          batch.bindPublic(slot);
          meter.read(batch);
          for (const windowed of own) {
            // A row that the log does not have is in no window: who reads it back would not find it.
            if (batch.isGivenUp) windowed.pass([batch.firstSequence, batch.endSequence]);
            else await windowed.add(batch);
          }
          lastRowMs = context.clock.monotonicMs();
          // What it made may wait to be shown: whoever comes after a crash makes it again.
          reader.release();
          meter.released();
        }
        for (const windowed of own) {
          await windowed.flush();
          windowed.tend();
        }
      },
      poisoned(slot) {
        const { firstSequence, endSequence, rows } = batch.bind(slot);
        for (const windowed of own) windowed.skip([firstSequence, endSequence]);
        return `a batch of ${rows} rows of ${source.name} brought the windower down; it is in no window`;
      },
    };
    const tend = async () => {
      for (const windowed of own) windowed.tend();
      if (context.clock.monotonicMs() - lastRowMs < idleMs) return;
      // Silent is who writes nothing. Rows that wait, here or at a stage before, would find their window closed.
      if (cursorSlot(context.memory, context.lane(source.name), context.name) >= 0) return;
      for (const windowed of own) await windowed.closeSilent(context.clock.nowMs());
    };
    return { name: source.name, handler, tend };
  });

  context.every(
    IDLE_CHECK_MS,
    async () => {
      for (const { tend } of lanes) await tend();
    },
    IDLE_CHECK_MS,
  );
  return {
    stages: Object.fromEntries(lanes.map(({ name, handler }) => [name, handler])),
    stop() {
      for (const windowed of all) windowed.checkpoint();
    },
  };
}

interface Place {
  readonly source: Dataset;
  readonly derived: Dataset;
  readonly at: number;
  readonly bytes: number;
}

/**
 * Each windows dataset has memory of its own: what becomes of its rows must not depend on what others keep, or a replay would decide
 * otherwise.
 */
function placesOf(datasets: readonly Dataset[], poolAt: number, stateBytes: number): readonly Place[] {
  const derived = datasets.filter((dataset) => dataset.derived !== undefined);
  const shareOf = ({ derived }: Dataset) =>
    derived?.by.groupBy === undefined ? SINGLE_SHARE : GROUPED_SHARE;
  const shares = derived.reduce((sum, dataset) => sum + shareOf(dataset), 0);
  let at = poolAt;
  return derived.map((dataset) => {
    const source = datasets.find(({ name }) => name === dataset.derived?.from);
    if (source === undefined) throw new RangeError(`${dataset.name} is of a dataset that there is not`);
    const exact = (stateBytes * shareOf(dataset)) / shares;
    const bytes = exact < POOL_ALIGNMENT ? exact & ~7 : Math.floor(exact / POOL_ALIGNMENT) * POOL_ALIGNMENT;
    const place = { source, derived: dataset, at, bytes };
    at += bytes;
    return place;
  });
}

/** Sequence number of the first row of `source` that this stage has not released. */
function unreadFrom(context: ActorContext<never>, source: Dataset): number {
  // Looked at first: a batch that another thread publishes now is then found under the cursor, and not taken for read. What the recorder
  // has, and not what the door says that it has published: a door may have died between the two.
  const { recorded } = new StoreAccount(context.memory, resourcesOf(context).ledger, source.name);
  const slot = cursorSlot(context.memory, context.lane(source.name), context.name);
  return slot < 0 ? recorded : new Batch(context.memory, source.plan).bind(slot).firstSequence;
}
