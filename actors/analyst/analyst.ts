/**
 * The analyst: read-only SQL over log and lake (protocol.ts). What a query does is the engine's (sql-engine.ts), which works between
 * the messages; here is who may ask, what is open, and that nothing is kept for somebody who is gone.
 */

import { datasets } from "../../datasets/index.ts";
import type { ActorContext, Behaviour, Message, Reply } from "../../runtime/actor/types.ts";
import type { Timer } from "../../runtime/clock.ts";
import { StoreAccount } from "../ledger.ts";
import { type Refused, refuse } from "../refused.ts";
import { kernelsOf, resourcesOf } from "../resources.ts";
import { StoreHold } from "../store/store-hold.ts";
import { storeSnapshots } from "../store/store-snapshots.ts";
import {
  type AnalystMessage,
  type AnalystReplies,
  MAX_QUERIES,
  type OpenQuery,
  QUERY_IDLE_MS,
  type QueryRefusal,
} from "./protocol.ts";
import { type Query, SqlEngine } from "./sql-engine.ts";

export interface AnalystConfig {
  readonly dataFolder: string;
  /** Bytes of its scratch memory: what the log is read through. At least the recorder's staging area. */
  readonly windowBytes: number;
}

interface Opened {
  readonly query: Query;
  idle: Timer;
  /** A pull is under way: the next one would give bytes out of order. */
  isPulled: boolean;
}

export default function analyst(context: ActorContext<AnalystConfig>): Behaviour {
  const bare = context as ActorContext<never>;
  const { ledger } = resourcesOf(bare);
  const { dataFolder, windowBytes } = context.config;
  const window = { at: context.scratch, bytes: windowBytes };
  const take = storeSnapshots({ dataFolder, kernels: kernelsOf(bare), window }, (dataset) => {
    const { stored, recorded } = new StoreAccount(context.memory, ledger, dataset).counts();
    return { endSequence: recorded, storedRows: stored };
  });
  const storeHold = new StoreHold(bare);
  let holds = 0;
  const hold = async () => {
    const holder = `query-${++holds}`;
    return (await storeHold.take(holder)) ? () => storeHold.release(holder) : undefined;
  };
  const onFault = (error: unknown) => context.log.error("a query failed: {error}", { error });
  const engine = new SqlEngine({ datasets, take, clock: context.clock, hold, onFault });
  const queries = new Map<number, Opened>();
  // Numbers of a life before a restart must not come again: whoever holds one would pull another one's rows.
  let lastId = context.clock.nowMs() * 1024;

  function open({ kind: _, ...order }: OpenQuery): AnalystReplies["query.open"] {
    if (queries.size >= MAX_QUERIES) {
      return refuse(
        "too-many",
        `${MAX_QUERIES} queries are open, and no more may be; try again when one has ended`,
      );
    }
    const id = ++lastId;
    const query = engine.open(order);
    queries.set(id, { query, idle: expireLater(id), isPulled: false });
    return { ok: true, id, contentType: query.contentType };
  }

  async function pull(id: number): Promise<AnalystReplies["query.pull"]> {
    const opened = queries.get(id);
    if (opened === undefined) return unknown(id);
    if (opened.isPulled)
      return refuse("refused", "the query is being pulled; a query is pulled by one at a time");
    opened.isPulled = true;
    opened.idle.cancel();
    const chunk = await opened.query.pull();
    opened.isPulled = false;
    if (!queries.has(id)) return unknown(id);
    if (chunk.ok && !chunk.done) opened.idle = expireLater(id);
    else queries.delete(id);
    return chunk;
  }

  function close(id: number): boolean {
    const opened = queries.get(id);
    if (opened === undefined) return false;
    queries.delete(id);
    opened.idle.cancel();
    opened.query.close();
    return true;
  }

  function expireLater(id: number): Timer {
    return context.after(QUERY_IDLE_MS, () => {
      if (close(id)) context.log.info("query {id} was closed: nobody pulled it", { id });
    });
  }

  return {
    receive(message: Message, reply: Reply) {
      const asked = message as AnalystMessage;
      switch (asked.kind) {
        case "query.open":
          return reply(open(asked));
        case "query.pull":
          // Not awaited: other messages get through while it waits for bytes.
          void pull(asked.id).then(reply);
          return;
        case "query.close":
          return reply({ closed: close(asked.id) } satisfies AnalystReplies["query.close"]);
        default:
          return reply.fail(`the analyst takes query.open, query.pull and query.close; came ${message.kind}`);
      }
    },
    async stop() {
      for (const id of queries.keys()) close(id);
      await engine.close();
    },
  };
}

function unknown(id: number): Refused<QueryRefusal> {
  return refuse("unknown-query", `there is no query ${id}: it has ended, or was not pulled for too long`);
}
