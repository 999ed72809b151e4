/** Before the intake takes a first row: what became of those that the one before it has written. */

import type { ActorContext, AskResult } from "../../runtime/actor/types.ts";
import { pause } from "../../runtime/clock.ts";
import { RECORDER, type RecorderReplies } from "../recorder/protocol.ts";
import { decodeReceipts, type Receipt } from "../store/log/receipts.ts";
import type { PushedDataset } from "./pushed-dataset.ts";

type ToldReceipts = RecorderReplies["recorder.receipts"];

const LOOK_EVERY_MS = 5;
const ASK_AGAIN_MS = 100;
const ANSWER_WITHIN_MS = 10_000;

/** Below the deadline that an actor has for its start: then its supervisor tries again. */
const WITHIN_MS = 50_000;

/**
 * Waits until all rows in the lanes are recorded or given up, and then asks the recorder which requests it has.
 * @throws Error when that takes too long, as it may while the disk refuses
 */
export async function catchUp(
  context: ActorContext<never>,
  pushed: Iterable<PushedDataset>,
): Promise<readonly Receipt[]> {
  const { clock } = context;
  const endMs = clock.monotonicMs() + WITHIN_MS;
  const wait = async (ms: number) => {
    if (clock.monotonicMs() > endMs)
      throw new Error("the recorder has not caught up with the rows in the lanes");
    await pause(clock, ms);
  };
  for (const { parts } of pushed) {
    while (parts.store.recorded < parts.door.account.published) await wait(LOOK_EVERY_MS);
  }
  for (;;) {
    const receipts = await askReceipts(context);
    if (receipts !== undefined) return receipts;
    await wait(ASK_AGAIN_MS);
  }
}

/** Receipts of one request, or of all; undefined: the recorder does not say. */
export async function askReceipts(
  context: ActorContext<never>,
  key?: string,
): Promise<readonly Receipt[] | undefined> {
  const question = { kind: "recorder.receipts", ...(key === undefined ? {} : { key }) };
  const told: AskResult<ToldReceipts> = await context.ask<ToldReceipts>(RECORDER, question, ANSWER_WITHIN_MS);
  return told.ok ? decodeReceipts(told.value.receipts, told.value.datasets) : undefined;
}
