/**
 * The replayer: reads rows of the log again for stream clients that were away (protocol.ts). All replays read through one
 * window of the shared memory, one pull at a time: a pull leaves nothing in it that is needed later.
 */

import type { Dataset } from "../../datasets/define.ts";
import { datasets as allDatasets } from "../../datasets/index.ts";
import type { ActorContext, Behaviour, Message, Reply } from "../../runtime/actor/types.ts";
import type { Timer } from "../../runtime/clock.ts";
import { openTapEncoding } from "../broadcaster/tap-encoding.ts";
import { StoreAccount } from "../ledger.ts";
import { refuse } from "../refused.ts";
import { kernelsOf, resourcesOf } from "../resources.ts";
import { StoreHold } from "../store/store-hold.ts";
import { unreadable } from "../store/unreadable.ts";
import {
  MAX_REPLAYS,
  type OpenReplay,
  type PullReplay,
  REPLAY_IDLE_MS,
  type ReplayerMessage,
  type ReplayerReplies,
} from "./protocol.ts";
import { Replay } from "./replay.ts";

export interface ReplayerConfig {
  readonly dataFolder: string;
  /** Bytes of its scratch memory: what the log is read through. At least the recorder's staging area. */
  readonly windowBytes: number;
}

interface Opened {
  readonly replay: Replay;
  idle: Timer;
}

export default function replayer(context: ActorContext<ReplayerConfig>): Behaviour {
  return createReplayer(context, allDatasets);
}

function createReplayer(context: ActorContext<ReplayerConfig>, datasets: readonly Dataset[]): Behaviour {
  const bare = context as ActorContext<never>;
  const { dataFolder, windowBytes } = context.config;
  const window = { at: context.scratch, bytes: windowBytes };
  const log = { dataFolder, kernels: kernelsOf(bare), window };
  const hold = new StoreHold(bare);
  const replays = new Map<string, Opened>();
  /** Those that wait for the store to be held count too. */
  let opening = 0;

  async function open({ spec, from }: OpenReplay): Promise<ReplayerReplies["replay.open"]> {
    const encoding = openTapEncoding(spec, datasets);
    if (!encoding.ok) return encoding;
    if (replays.size + opening >= MAX_REPLAYS) {
      return refuse("too-many", `${MAX_REPLAYS} clients are catching up, which is the most; try again later`);
    }
    // Not a count: an id of an incarnation that crashed must not be anybody's in the next one.
    const id = crypto.randomUUID();
    opening++;
    try {
      if (!(await hold.take(id))) {
        return refuse("too-many", "the store is being worked on and does not answer; try again in a minute");
      }
      const account = new StoreAccount(context.memory, resourcesOf(bare).ledger, spec.dataset);
      const replay = new Replay({ log, encoding, stored: () => account.counts() }, from);
      replays.set(id, { replay, idle: expireLater(id) });
      const { next, missingRows } = replay;
      return { ok: true, id, preamble: encoding.encoder.preamble, next, missingRows };
    } catch (error) {
      hold.release(id);
      return refuse("damaged", unreadable(error).message);
    } finally {
      opening--;
    }
  }

  function pull({ id, before, ...facts }: PullReplay): ReplayerReplies["replay.pull"] {
    const opened = replays.get(id);
    if (opened === undefined) {
      return refuse("unknown-replay", "there is no such replay (any more); open it again");
    }
    opened.idle.cancel();
    try {
      const pulled = opened.replay.pull(facts, before);
      opened.idle = expireLater(id);
      return pulled;
    } catch (error) {
      close(id);
      const { message } = unreadable(error);
      context.log.error("a replay ended early: {reason}", { reason: message });
      return refuse("damaged", message);
    }
  }

  function close(id: string): void {
    const opened = replays.get(id);
    if (opened === undefined) return;
    replays.delete(id);
    opened.idle.cancel();
    opened.replay.close();
    hold.release(id);
  }

  function expireLater(id: string): Timer {
    return context.after(REPLAY_IDLE_MS, () => close(id));
  }

  return {
    async receive(received: Message, reply: Reply) {
      const message = received as ReplayerMessage;
      switch (message.kind) {
        case "replay.open":
          return reply(await open(message));
        case "replay.pull":
          return reply(pull(message));
        case "replay.close":
          close(message.id);
          return reply({ ok: true } satisfies ReplayerReplies["replay.close"]);
        default:
          return reply.fail(
            `the replayer takes replay.open, replay.pull and replay.close; came ${received.kind}`,
          );
      }
    },
    stop() {
      for (const id of [...replays.keys()]) close(id);
    },
  };
}
