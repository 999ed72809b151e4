/**
 * The keeper of dead letters (protocol.ts): a folder of files in the data folder, readable by its owner alone. It stands beside the lanes,
 * on the thread of what reads back; who sends letters never waits for it.
 */

import type { ActorContext, Behaviour, Message, Reply } from "../../runtime/actor/types.ts";
import { refuse } from "../refused.ts";
import type { LetterBounds } from "./bounds.ts";
import { hostLetterDisk, isDiskError, type LetterDisk } from "./letter-disk.ts";
import { LetterFolder } from "./letter-folder.ts";
import { finishReplay, isReplayUnfinished, LetterReplay, type ReplayParts } from "./letter-replay.ts";
import {
  type DeadLettersMessage,
  type DeadLettersReplies,
  type KeepLetters,
  MAX_LISTED,
} from "./protocol.ts";

export interface DeadLettersConfig extends LetterBounds {
  readonly dataFolder: string;
}

/** Letters are on the disk this long after they came, at the most. */
const SYNC_EVERY_MS = 1000;
const EXPIRE_EVERY_MS = 60_000;
/** Pause before a replay that was broken off by a crash is tried again, when the intake does not take it. */
const FINISH_PAUSE_MS = 5000;
const BUSY = "dead letters are being pushed again; try again when that is done";

/** Where a data folder keeps its letters. */
export function lettersFolder(dataFolder: string): string {
  return `${dataFolder}/dead-letters`;
}

export default function deadLetters(context: ActorContext<DeadLettersConfig>): Behaviour {
  return deadLettersOn(context, hostLetterDisk);
}

/** The keeper on another disk than the host's. */
export function deadLettersOn(context: ActorContext<DeadLettersConfig>, disk: LetterDisk): Behaviour {
  const { config, clock, log } = context;
  const path = lettersFolder(config.dataFolder);
  const { maxBytes, keepMs } = config;
  const folder = new LetterFolder({ folder: path, nowMs: () => clock.nowMs(), disk, maxBytes, keepMs });
  const { cutBytes, unreadable } = folder.opening;
  if (cutBytes > 0)
    log.warning("cut {bytes} bytes off the dead letters' end: a write that was not finished", {
      bytes: cutBytes,
    });
  else if (unreadable > 0)
    log.warning("{lines} lines of the dead letters cannot be read; they are left out", { lines: unreadable });
  const parts: ReplayParts = {
    folder,
    journal: `${path}/replaying.json`,
    disk,
    ask: context.ask,
    newKey: () => crypto.randomUUID().replaceAll("-", ""),
  };
  let isFailing = false;
  /** Who waits for the replay that is under way. */
  let waiting: Reply | undefined;

  /** Says once that letters are dropped, and once that they are not any more. */
  function note(fault: NodeJS.ErrnoException | undefined): void {
    if (fault !== undefined && !isFailing)
      log.error("the disk refused dead letters ({code}); they are dropped and counted until it takes them", {
        code: fault.code,
      });
    else if (fault === undefined && isFailing) log.info("the disk takes dead letters again");
    isFailing = fault !== undefined;
  }

  /** One piece at a time, so that letters that come meanwhile are kept. */
  function replay(run: LetterReplay): void {
    context.after(0, async () => {
      const done = await diskRefused(() => run.step());
      if (done === undefined) return replay(run);
      const answer = "accepted" in done ? done : { ...done, accepted: 0, rejected: 0 };
      waiting?.(answer satisfies DeadLettersReplies["letters.replay"]);
      waiting = undefined;
      finishAfter(FINISH_PAUSE_MS);
    });
  }

  /** Ends what was broken off, without anybody asking for it. */
  function finishAfter(pauseMs: number): void {
    context.after(pauseMs, async () => {
      if (waiting !== undefined) return;
      const refused = await diskRefused(() => finishReplay(parts));
      if (refused !== undefined) finishAfter(FINISH_PAUSE_MS);
    });
  }

  context.every(SYNC_EVERY_MS, () => note(folder.sync()), SYNC_EVERY_MS);
  context.every(EXPIRE_EVERY_MS, () => folder.expire(), EXPIRE_EVERY_MS);
  finishAfter(0);

  return {
    async receive(message: Message, reply: Reply) {
      const asked = message as DeadLettersMessage;
      switch (asked.kind) {
        case "letters.keep":
          return note(folder.keep(asked satisfies KeepLetters));
        case "letters.list": {
          const list = async () => ({
            ok: true as const,
            ...folder.list(asked, Math.min(asked.limit, MAX_LISTED), asked.beforeId),
          });
          return reply((await diskRefused(list)) satisfies DeadLettersReplies["letters.list"]);
        }
        case "letters.drop": {
          if (waiting !== undefined || isReplayUnfinished(parts))
            return reply(refuse("busy", BUSY) satisfies DeadLettersReplies["letters.drop"]);
          const drop = async () => ({ ok: true as const, dropped: folder.drop(asked) });
          return reply((await diskRefused(drop)) satisfies DeadLettersReplies["letters.drop"]);
        }
        case "letters.replay": {
          if (waiting !== undefined) {
            const busy = { ...refuse("busy", BUSY), accepted: 0, rejected: 0 };
            return reply(busy satisfies DeadLettersReplies["letters.replay"]);
          }
          waiting = reply;
          return replay(new LetterReplay(parts, asked));
        }
        default:
          return reply.fail(
            `the keeper of dead letters takes letters.keep, .list, .replay and .drop; came ${message.kind}`,
          );
      }
    },
    reconfigure(changed) {
      const next = changed as DeadLettersConfig;
      if (next.dataFolder !== config.dataFolder) return false;
      folder.setBounds(next);
      return true;
    },
    stop() {
      waiting?.fail("the keeper of dead letters ended before all were pushed again; ask once more");
      folder.close();
    },
  };
}

/** Who asks is told of a disk that refuses. */
async function diskRefused<T>(work: () => Promise<T>) {
  try {
    return await work();
  } catch (error) {
    if (!isDiskError(error)) throw error;
    return refuse("disk", `the dead letters cannot be read or written: ${error.code}`);
  }
}
