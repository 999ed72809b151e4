/**
 * How a windows dataset goes on: from its checkpoint, by reading back what came since, up to the row that its stage's cursor stands at; or,
 * where there is none that can be used, behind the last window that is stored.
 */

import type { ActorContext } from "../../runtime/actor/types.ts";
import { pause } from "../../runtime/clock.ts";
import { PoolExhausted } from "../../wasm/index.ts";
import { StoreAccount } from "../ledger.ts";
import { resourcesOf } from "../resources.ts";
import type { LogSource } from "../store/log/log-reader.ts";
import { readLog } from "../store/log/log-reader.ts";
import { StoreDamaged } from "../store/store-damaged.ts";
import type { Checkpoint, RowSpan } from "./checkpoint.ts";
import { endOf, firstRowFor, isThereFrom, storedEndMs } from "./log-places.ts";
import { RowsFailed } from "./open-windows.ts";
import type { Windowed } from "./windowed.ts";

/** Pause while the recorder has not yet stored what must be read back. */
const CATCH_UP_MS = 5;
/** Then it refuses to start, and is tried again: a start that missed its deadline would cost the whole thread. */
const CATCH_UP_WITHIN_MS = 20_000;
/** A disk that takes no checkpoint is waited for so long, for each windows dataset. */
const CHECKPOINT_WITHIN_MS = 3000;
/** Rules that have changed are not worth that much waiting: they come into force when they can. */
const RULES_WITHIN_MS = 2000;
/** Times that rows may bring down who reads them back; then they are passed over, as a stage passes them over. */
const ATTEMPTS = 3;

/** Failures of read-backs in this thread, by folder, dataset and first row. */
const failures = new Map<string, number>();

/**
 * Brings it to where its stage stands.
 * @param unread number of the first source row that its stage has not released; the log has all rows before
 * @throws Error when the recorder is too far behind
 */
export async function resume(
  context: ActorContext<never>,
  windowed: Windowed,
  log: LogSource,
  unread: number,
): Promise<void> {
  const skips = await goOn(context, windowed, log, unread);
  try {
    await readBack(windowed, log, unread, skips);
  } catch (error) {
    if (!(error instanceof StoreDamaged)) throw error;
    context.log.error(
      "rows of {source} cannot be read back; the open windows of {dataset} begin anew: {reason}",
      {
        source: windowed.source.name,
        dataset: windowed.derived.name,
        reason: error.message,
      },
    );
    windowed.begin(unread, endOf(windowed.by.shape, windowed.store.latestMs));
  }
  windowed.beSilentUntilNow();
  if (windowed.wantsOtherRules) {
    await until(context, () => windowed.mayChangeRules(), RULES_WITHIN_MS);
  }
  windowed.tend();
}

/** @returns rows that are passed over */
async function goOn(
  context: ActorContext<never>,
  windowed: Windowed,
  log: LogSource,
  unread: number,
): Promise<readonly RowSpan[]> {
  const { file, derived } = windowed;
  const found = file.read();
  // More than `unread`, when it was written after rows were taken and before their slot was released.
  const stored = new StoreAccount(context.memory, resourcesOf(context).ledger, windowed.source.name).recorded;
  const fault = faultOf(windowed, log, stored, found);
  if (fault === undefined) {
    const checkpoint = found as Checkpoint;
    try {
      await windowed.resume(checkpoint, checkpoint.state.byteLength);
      return checkpoint.head.skips;
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof PoolExhausted)) throw error;
      warn(error.message);
    }
  } else if (found !== undefined) {
    warn(fault);
  }
  await beginAnew(context, windowed, log, unread);
  return [];

  function warn(reason: string): void {
    context.log.warning("the checkpoint of {dataset} is not used, its open windows begin anew: {reason}", {
      dataset: derived.name,
      reason,
    });
  }
}

/** Why a checkpoint cannot be used, or undefined when it can. */
function faultOf(
  { door, meaning, source }: Windowed,
  log: LogSource,
  stored: number,
  found: Checkpoint | string | undefined,
): string | undefined {
  if (found === undefined) return "there is none";
  if (typeof found === "string") return found;
  const { head } = found;
  if (head.meaning !== meaning) return "its windows were declared otherwise";
  if (head.nextRow > stored || head.made > door.had) return "the log has lost rows that it was made of";
  if (!isThereFrom(log, source, head.nextRow)) return "the log does not have the rows that came since";
  return undefined;
}

async function beginAnew(
  context: ActorContext<never>,
  windowed: Windowed,
  log: LogSource,
  unread: number,
): Promise<void> {
  const { by, derived, door, source, store } = windowed;
  if (!(await until(context, () => store.recorded >= door.had, CATCH_UP_WITHIN_MS))) {
    throw new Error(
      "the recorder does not store the windows made before: it is stopped, paused, or its disk refuses",
    );
  }
  let floorMs = endOf(by.shape, store.latestMs);
  let first = unread;
  try {
    floorMs = storedEndMs(log, derived, by, store.recorded, store.latestMs);
    first = firstRowFor(log, source, by, floorMs, unread);
  } catch (error) {
    if (!(error instanceof StoreDamaged)) throw error;
    context.log.error("windows of {dataset} begin with the rows that come: {reason}", {
      dataset: derived.name,
      reason: error.message,
    });
  }
  windowed.begin(first, floorMs);
  // Windows that are shown before there is a checkpoint cannot be made again to the row. A disk that goes on refusing stops nobody.
  await until(
    context,
    () => {
      windowed.tend();
      return windowed.hasCheckpoint;
    },
    CHECKPOINT_WITHIN_MS,
  );
}

async function readBack(
  windowed: Windowed,
  log: LogSource,
  unread: number,
  skips: readonly RowSpan[],
): Promise<void> {
  const range = { fromSequence: windowed.nextRow, toSequence: unread, columns: windowed.columns };
  for (const batch of readLog(log, windowed.source, range)) {
    const span: RowSpan = [batch.firstSequence, batch.firstSequence + batch.rows];
    if (skips.some(([from, to]) => from <= span[0] && span[1] <= to)) {
      windowed.pass(span);
      continue;
    }
    try {
      await windowed.add(batch);
    } catch (error) {
      if (error instanceof RowsFailed) noteFailure(log, windowed, span);
      throw error;
    }
    windowed.tend();
  }
  windowed.pass([unread, unread]);
  await windowed.flush();
}

function noteFailure({ dataFolder }: LogSource, windowed: Windowed, span: RowSpan): void {
  const key = `${dataFolder} ${windowed.derived.name} ${span[0]}`;
  const count = (failures.get(key) ?? 0) + 1;
  failures.set(key, count);
  if (count < ATTEMPTS) return;
  failures.delete(key);
  windowed.skip(span);
}

/** Waits for something. @returns whether it is so */
async function until(
  { clock }: ActorContext<never>,
  holds: () => boolean,
  withinMs: number,
): Promise<boolean> {
  const endMs = clock.monotonicMs() + withinMs;
  while (!holds()) {
    if (clock.monotonicMs() > endMs) return false;
    await pause(clock, CATCH_UP_MS);
  }
  return true;
}
