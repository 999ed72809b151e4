/**
 * The keeper: moves the log into the lake hour by hour, keeps the retention, and lets nobody's files go while they read
 * (protocol.ts). housekeeping.ts is what it does; here is when.
 *
 * It wakes up every minute. What it does then it does in steps of a few milliseconds, and between two of them it answers, and
 * the exports on its thread have their turn. A disk that refuses ends the round without harm; the next one begins anew.
 *
 * Rows that a windower which starts again would read stay in the log, unless that is too large.
 *
 * It takes new rules while it runs. Paused, it begins no round by itself; one that is under way comes to its end, and one that
 * is asked for is done.
 */

import { datasets } from "../../datasets/index.ts";
import type { ActorContext, Behaviour, Message, Reply } from "../../runtime/actor/types.ts";
import type { Timer } from "../../runtime/clock.ts";
import { RECORDER, type RecorderReplies } from "../recorder/protocol.ts";
import { type Refused, refuse } from "../refused.ts";
import { kernelsOf, resourcesOf } from "../resources.ts";
import type { LakeCodec } from "../store/lake/lake-codec.ts";
import { hostLakeDisk, type LakeDisk } from "../store/lake/lake-disk.ts";
import { readManifest } from "../store/lake/manifest-file.ts";
import { parquetCodec } from "../store/lake/parquet-codec.ts";
import { stepStats } from "../store/stats.ts";
import { StoreDamaged } from "../store/store-damaged.ts";
import type { Steps } from "./compaction.ts";
import { Holds } from "./holds.ts";
import { Housekeeping, type KeepRules } from "./housekeeping.ts";
import type { CompactionDone, HoldStore, KeeperMessage, KeeperReplies } from "./protocol.ts";
import { Slices } from "./slices.ts";
import { storeFacts } from "./store-facts.ts";

export interface KeeperConfig {
  readonly dataFolder: string;
  /** Bytes of its scratch memory: what the log is read through. At least the recorder's staging area. */
  readonly windowBytes: number;
  readonly rules: KeepRules;
}

/** What a test puts in its place. */
export interface KeeperParts {
  readonly disk?: LakeDisk;
  readonly codec?: LakeCodec;
}

const WAKE_MS = 60_000;
/** The recorder answers between two writes. */
const ROLL_WITHIN_MS = 30_000;
const MAX_REQUESTS = 16;
const MAX_HOLDERS = 256;
const MAX_HOLDER_CHARACTERS = 64;
/** The keeper itself, while it adds up what there is. */
const STATS = "keeper.stats";

type Outcome = KeeperReplies["keeper.compact"];
type Roll = RecorderReplies["recorder.roll"];

interface Request {
  readonly all: boolean;
  readonly reply: (outcome: Outcome) => void;
}

export default function keeper(context: ActorContext<KeeperConfig>): Behaviour {
  return keeperWith(context, {});
}

export function keeperWith(context: ActorContext<KeeperConfig>, parts: KeeperParts): Behaviour {
  const plain = context as ActorContext<never>;
  const { dataFolder, windowBytes } = context.config;
  let { rules } = context.config;
  const { clock, log } = context;
  const { ledger, windowMeters } = resourcesOf(plain);
  const source = {
    dataFolder,
    kernels: kernelsOf(plain),
    window: { at: context.scratch, bytes: windowBytes },
  };
  const { disk = hostLakeDisk, codec = parquetCodec } = parts;
  const holds = new Holds(clock.monotonicMs());
  const housekeeping = new Housekeeping({
    tools: { source, disk, codec },
    datasets,
    rules: () => rules,
    facts: storeFacts(context.memory, ledger, windowMeters, datasets),
    holds,
    log,
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
  });
  const slices = new Slices(context);
  const requests: Request[] = [];
  const statsAsked: Reply[] = [];
  let isBusy = false;
  let isFailing = false;

  function wake(): void {
    if (!isBusy) begin({ all: false, reply: () => {} });
  }

  /** Begins a round; the recorder is asked first where that is needed, and meanwhile others are answered. */
  function begin({ all, reply }: Request): void {
    isBusy = true;
    const end = (outcome: Outcome) => {
      reply(outcome);
      isBusy = false;
      const next = requests.shift();
      if (next !== undefined) begin(next);
    };
    const hourMs = housekeeping.hour();
    const go = (roll: Roll | undefined) => slices.run(attempt(hourMs, all, roll), end);
    if (!(all || needsRoll(hourMs))) {
      go(undefined);
      return;
    }
    void context.ask<Roll>(RECORDER, { kind: "recorder.roll" }, ROLL_WITHIN_MS).then((answer) => {
      go(
        answer.ok
          ? answer.value
          : refuse("disk", `the recorder did not begin a new segment: ${answer.message}`),
      );
    });
  }

  function needsRoll(hourMs: number): boolean {
    try {
      return housekeeping.needsRoll(hourMs);
    } catch (error) {
      // The round will come upon it too, and tell.
      if (isExpected(error)) return false;
      throw error;
    }
  }

  /** A round, and what is to be done when it comes to nothing. */
  function* attempt(hourMs: number, all: boolean, roll: Roll | undefined): Steps<Outcome> {
    try {
      if (roll?.ok === false) return yield* giveUp(roll);
      const { files, rows } = yield* housekeeping.round(hourMs, all);
      if (rows > 0) log.info("moved {rows} rows into {count} files of the lake", { rows, count: files });
      if (isFailing) log.info("the lake can be written again");
      isFailing = false;
      return { ok: true, files, rows } satisfies CompactionDone;
    } catch (error) {
      const refused = yield* giveUp(refusal(error));
      if (!isExpected(error)) throw error;
      return refused;
    }
  }

  function* giveUp<Why extends Refused<"disk" | "damaged">>(why: Why): Steps<Why> {
    if (!isFailing)
      log.error("the log was not moved into the lake; tried again every minute: {reason}", {
        reason: why.message,
      });
    isFailing = true;
    try {
      yield* housekeeping.makeRoom();
    } catch (error) {
      if (!isExpected(error)) throw error;
      log.debug("no room could be made", { error });
    }
    return why;
  }

  function hold({ holder }: HoldStore, reply: Reply): void {
    if (typeof holder !== "string" || holder.length > MAX_HOLDER_CHARACTERS) {
      reply.fail(`a holder's name has at most ${MAX_HOLDER_CHARACTERS} characters`);
    } else if (!holds.tryHold(holder, clock.monotonicMs(), MAX_HOLDERS)) {
      reply.fail(`${MAX_HOLDERS} hold the store, and no more may; try again when one has let go`);
    } else {
      reply({ ok: true } satisfies KeeperReplies["keeper.hold"]);
    }
  }

  /** Who asks while it is being added up gets the same answer. */
  function stats(reply: Reply): void {
    if (statsAsked.length === MAX_REQUESTS) {
      reply.fail(`${MAX_REQUESTS} have asked before; ask again when they have their answer`);
      return;
    }
    statsAsked.push(reply);
    if (statsAsked.length > 1) return;
    holds.hold(STATS, clock.monotonicMs());
    slices.run(addUp(), (answer) => {
      holds.release(STATS);
      for (const waiting of statsAsked.splice(0)) answer(waiting);
    });
  }

  function* addUp(): Steps<(reply: Reply) => void> {
    try {
      const found = yield* stepStats(source, readManifest(dataFolder), datasets);
      return (reply) => reply({ ok: true, stats: found } satisfies KeeperReplies["keeper.stats"]);
    } catch (error) {
      if (!isExpected(error)) throw error;
      return (reply) => reply.fail(refusal(error).message);
    }
  }

  function compact(request: Request, reply: Reply): void {
    if (!isBusy) begin(request);
    else if (requests.length < MAX_REQUESTS) requests.push(request);
    else reply.fail(`${MAX_REQUESTS} have asked for a round before; ask again when it is done`);
  }

  let waking: Timer = context.every(WAKE_MS, wake, WAKE_MS);

  return {
    pause: () => waking.cancel(),
    resume() {
      waking = context.every(WAKE_MS, wake);
    },
    reconfigure(next) {
      const config = next as KeeperConfig;
      if (config.dataFolder !== dataFolder || config.windowBytes !== windowBytes) return false;
      ({ rules } = config);
      return true;
    },
    receive(message: Message, reply: Reply) {
      const asked = message as KeeperMessage;
      switch (asked.kind) {
        case "keeper.hold":
          return hold(asked, reply);
        case "keeper.release":
          holds.release(asked.holder);
          return reply({ ok: true } satisfies KeeperReplies["keeper.release"]);
        case "keeper.compact":
          return compact({ all: asked.all ?? false, reply }, reply);
        case "keeper.stats":
          return stats(reply);
        default:
          return reply.fail(
            `the keeper takes keeper.hold, keeper.release, keeper.compact and keeper.stats; came ${message.kind}`,
          );
      }
    },
    stop() {
      // What was not finished is begun anew the next time.
      slices.stop();
    },
  };
}

/** What may happen to who works on a disk: it is told, and is no bug. */
function isExpected(error: unknown): boolean {
  return error instanceof StoreDamaged || typeof (error as NodeJS.ErrnoException).code === "string";
}

/** File names may tell who runs this: not told. */
function refusal(error: unknown): Refused<"disk" | "damaged"> {
  if (error instanceof StoreDamaged) return refuse("damaged", error.message);
  const { code } = error as NodeJS.ErrnoException;
  return refuse("disk", `the lake cannot be written or read: ${code ?? "for a reason of its own"}`);
}
