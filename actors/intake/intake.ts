/**
 * The intake: takes rows that other programs push, checks each against its dataset's declaration, and writes the good ones to
 * the lane. It answers when they are on the disk, and not before.
 */

import type { Dataset } from "../../datasets/define.ts";
import { datasetNamed } from "../../datasets/index.ts";
import type { Rejection } from "../../datasets/rejection.ts";
import type { Row } from "../../datasets/row.ts";
import { createRowValidator } from "../../datasets/validate.ts";
import { createRowWriter } from "../../datasets/write-rows.ts";
import type { ActorContext, Behaviour, Message, Reply } from "../../runtime/actor/types.ts";
import { Door } from "../door.ts";
import { StoreAccount } from "../ledger.ts";
import { resourcesOf } from "../resources.ts";
import { type IntakeMessage, MAX_PUSH_ROWS, MAX_REJECTIONS, type Pushed, type PushRows } from "./protocol.ts";

export interface IntakeConfig {
  /** Datasets that rows may be pushed into. */
  readonly datasets: readonly string[];
}

interface Waiting {
  readonly store: StoreAccount;
  readonly answer: Pushed;
  /** Rows that had been given up behind the door when these went through it. */
  readonly poisonBefore: number;
  readonly reply: Reply;
}

/** How often it is looked whether rows that somebody waits for are stored. */
const ACKNOWLEDGE_EVERY_MS = 2;

export default function intake(context: ActorContext<IntakeConfig>): Behaviour {
  return intakeOf(
    context,
    context.config.datasets.map((name) => datasetNamed(name) as Dataset),
  );
}

/** The intake of these datasets, whatever its configuration says. */
export function intakeOf(context: ActorContext<IntakeConfig>, datasets: readonly Dataset[]): Behaviour {
  const doors = new Map(
    datasets.map((dataset) => [dataset.name, openDoor(context as ActorContext<never>, dataset)]),
  );
  let waiting: Waiting[] = [];
  let looking = false;

  function look(): void {
    waiting = waiting.filter(({ store, answer, poisonBefore, reply }) => {
      if (store.recorded < answer.toSequence) return true;
      if (store.counts().dropped.poison === poisonBefore) reply(answer);
      else reply.fail("rows were given up on their way to the log, maybe these: see dead letters");
      return false;
    });
    looking = waiting.length > 0;
    if (looking) context.after(ACKNOWLEDGE_EVERY_MS, look);
  }

  function push({ dataset, rows }: PushRows, reply: Reply): void {
    const door = doors.get(dataset);
    if (door === undefined) {
      reply.fail(`rows cannot be pushed into ${dataset}; they can into ${[...doors.keys()].join(", ")}`);
      return;
    }
    if (rows.length > MAX_PUSH_ROWS) {
      reply.fail(
        `at most ${MAX_PUSH_ROWS} rows can be pushed at once; came ${rows.length}: send them in parts`,
      );
      return;
    }
    const answer = door(rows, context.clock.nowMs());
    if (answer === "full") {
      reply.fail("the lane is full; none of the rows was taken: send them again in a moment");
      return;
    }
    // Nothing to wait for. So everybody who waits has rows in the lane, which bounds how many there can be.
    if (answer.answer.accepted === 0) {
      reply(answer.answer);
      return;
    }
    waiting.push({ ...answer, reply });
    if (!looking) look();
  }

  return {
    receive(message: Message, reply: Reply) {
      const known = message as IntakeMessage;
      if (known.kind === "intake.push") push(known, reply);
      else reply.fail(`the intake knows no message ${String(message.kind)}`);
    },
    stop() {
      for (const { reply } of waiting) reply.fail("the intake ended before the rows were acknowledged");
    },
  };
}

/** Makes what takes rows into one dataset, all of the good ones or, when the lane has no room, none. */
function openDoor(context: ActorContext<never>, dataset: Dataset) {
  const { name } = dataset;
  const door = new Door(context, dataset);
  const store = new StoreAccount(context.memory, resourcesOf(context).ledger, name);
  const validate = createRowValidator(dataset);
  const writer = createRowWriter(context.memory, dataset);
  const { slotBytes } = context.lane(name);

  return (values: readonly unknown[], nowMs: number): Omit<Waiting, "reply"> | "full" => {
    const good: Row[] = [];
    const rejections: Rejection[] = [];
    values.forEach((value, index) => {
      const verdict = validate(value, index);
      if (verdict.ok) good.push(verdict.row);
      else rejections.push(verdict.rejection);
    });
    const parts = split(good, dataset.batchRows, (rows) => writer.fits(slotBytes, rows));
    if (door.free() < parts.length) {
      // The bad rows are answered for when the good ones are sent again.
      door.dropLaneFull(good.length);
      return "full";
    }
    const fromSequence = door.account.published;
    const poisonBefore = store.counts().dropped.poison;
    for (const rows of parts) {
      const claimed = door.tryClaim(rows.length);
      if (claimed === undefined) throw new Error("a lane that had room has none; it has one writer");
      writer.write(claimed.slot, claimed.slotBytes, rows, claimed.firstSequence, nowMs);
    }
    if (parts.length > 0) door.publish();
    for (const { reason } of rejections) door.account.rejected(reason);
    const answer: Pushed = {
      accepted: good.length,
      rejected: rejections.length,
      rejections: rejections.slice(0, MAX_REJECTIONS),
      fromSequence,
      toSequence: fromSequence + good.length,
    };
    return { store, answer, poisonBefore };
  };
}

/** Cuts rows into batches that fit into a slot. */
function split(
  rows: readonly Row[],
  batchRows: number,
  fits: (rows: readonly Row[]) => boolean,
): readonly (readonly Row[])[] {
  const parts: (readonly Row[])[] = [];
  for (let from = 0; from < rows.length; ) {
    let count = Math.min(batchRows, rows.length - from);
    while (count > 1 && !fits(rows.slice(from, from + count))) count = count >>> 1;
    parts.push(rows.slice(from, from + count));
    from += count;
  }
  return parts;
}
