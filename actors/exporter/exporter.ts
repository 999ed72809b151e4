/**
 * The exporter: files of one dataset and time range, sent while they are made or made to be fetched (protocol.ts).
 *
 * What is sent is made piece by piece when it is asked for, so a slow client slows its own file and nothing else. Jobs, and
 * what anonymous exports must do before their first byte, go on in turns between the messages. All read through one window of
 * the shared memory, one step at a time: a step leaves nothing in it that is needed later.
 */

import { rmSync } from "node:fs";
import type { ActorContext, Behaviour, Message, Reply } from "../../runtime/actor/types.ts";
import type { Timer } from "../../runtime/clock.ts";
import { StoreAccount } from "../ledger.ts";
import { type Refused, refuse } from "../refused.ts";
import { kernelsOf, resourcesOf } from "../resources.ts";
import { StoreHold } from "../store/store-hold.ts";
import { storeSnapshots } from "../store/store-snapshots.ts";
import { unreadable } from "../store/unreadable.ts";
import { checkOrder, type ExportPlan } from "./check-order.ts";
import { ExportJobs, newJobId } from "./export-jobs.ts";
import { ExportRun } from "./export-run.ts";
import type { ExportOrder } from "./order.ts";
import {
  EXPORT_IDLE_MS,
  type ExporterMessage,
  type ExporterReplies,
  type ExportRefusal,
  MAX_CHUNK_BYTES,
  MAX_EXPORTS,
} from "./protocol.ts";
import { Turns } from "./turns.ts";

export interface ExporterConfig {
  readonly dataFolder: string;
  /** Bytes of its scratch memory: what the log is read through. At least the recorder's staging area. */
  readonly windowBytes: number;
}

/** An export that is sent while it is made. */
interface Sent {
  readonly run: ExportRun;
  readonly holder: string;
  idle: Timer | undefined;
}

interface Begun {
  readonly ok: true;
  readonly plan: ExportPlan;
  readonly run: ExportRun;
}

/** Where a data folder keeps what exports need while they are made, and what jobs made. Nothing in it outlives its process. */
export function exportsFolder(dataFolder: string): string {
  return `${dataFolder}/exports`;
}

export default function exporter(context: ActorContext<ExporterConfig>): Behaviour {
  const bare = context as ActorContext<never>;
  const { ledger } = resourcesOf(bare);
  const { dataFolder, windowBytes } = context.config;
  const folder = exportsFolder(dataFolder);
  rmSync(folder, { recursive: true, force: true });
  const window = { at: context.scratch, bytes: windowBytes };
  const take = storeSnapshots({ dataFolder, kernels: kernelsOf(bare), window }, (dataset) => {
    const { stored, recorded } = new StoreAccount(context.memory, ledger, dataset).counts();
    return { endSequence: recorded, storedRows: stored };
  });
  const hold = new StoreHold(bare);
  const turns = new Turns(bare);
  const sent = new Map<number, Sent>();
  /** Holders of exports that are open, being opened, or jobs that run. */
  const open = new Set<string>();
  const jobs = new ExportJobs(folder, context.clock, end);
  // Numbers of a life before a restart must not come again: whoever holds one would pull another one's file.
  let lastId = context.clock.nowMs() * 1024;

  /** Checks an order, and takes its snapshot while the store is held. */
  async function begin(order: ExportOrder, holder: string): Promise<Begun | Refused<ExportRefusal>> {
    const checked = checkOrder(order);
    if (!checked.ok) return checked;
    if (open.size >= MAX_EXPORTS) {
      return refuse(
        "too-many",
        `${MAX_EXPORTS} exports are running, and no more may; try again when one has ended`,
      );
    }
    open.add(holder);
    try {
      if (!(await hold.take(holder))) {
        end(holder);
        return refuse("too-many", "the store is being worked on and does not answer; try again in a minute");
      }
      const run = new ExportRun(checked.plan, { take, clock: context.clock, workFolder: folder });
      return { ok: true, plan: checked.plan, run };
    } catch (error) {
      end(holder);
      return notOpened(error);
    }
  }

  function end(holder: string): void {
    open.delete(holder);
    hold.release(holder);
  }

  async function openSent(order: ExportOrder, reply: Reply): Promise<void> {
    const id = ++lastId;
    const holder = `exporter-${id}`;
    const begun = await begin(order, holder);
    if (!begun.ok) return reply(begun);
    const { run, plan } = begun;
    sent.set(id, { run, holder, idle: undefined });
    const prepare = async (): Promise<boolean> => {
      const entry = sent.get(id);
      if (entry === undefined) return false;
      try {
        const prepared = await run.prepare();
        if (prepared === "more") return true;
        if (prepared === "ready") {
          entry.idle = expireLater(id);
          reply(opened(id, plan, run));
        } else {
          close(id);
          reply(prepared);
        }
      } catch (error) {
        close(id);
        reply(notOpened(error));
      }
      return false;
    };
    if (await prepare()) turns.add(prepare);
  }

  async function pull(id: number): Promise<ExporterReplies["export.pull"]> {
    const entry = sent.get(id);
    if (entry?.idle === undefined) {
      return refuse(
        "unknown-export",
        `there is no export ${id}: it has ended, or was not pulled for too long`,
      );
    }
    entry.idle.cancel();
    const { run } = entry;
    try {
      if (!run.isEnded && run.bytes.byteLength < MAX_CHUNK_BYTES) await run.step();
      const bytes = run.bytes.take(MAX_CHUNK_BYTES);
      const { seenRows } = run;
      const done = run.isEnded && run.bytes.byteLength === 0;
      if (!done) {
        entry.idle = expireLater(id);
        return { ok: true, bytes, seenRows, done };
      }
      const stats = run.stats();
      close(id);
      return { ok: true, bytes, seenRows, done, stats };
    } catch (error) {
      close(id);
      const refusal = unreadable(error);
      context.log.error("an export ended early: {reason}", { reason: refusal.message });
      return refusal;
    }
  }

  function close(id: number): boolean {
    const entry = sent.get(id);
    if (entry === undefined) return false;
    sent.delete(id);
    entry.idle?.cancel();
    entry.run.close();
    end(entry.holder);
    return true;
  }

  function expireLater(id: number): Timer {
    return context.after(EXPORT_IDLE_MS, () => {
      if (close(id)) context.log.info("export {id} was closed: nobody pulled it", { id });
    });
  }

  async function start(order: ExportOrder): Promise<ExporterReplies["export.start"]> {
    const id = newJobId();
    const begun = await begin(order, id);
    if (!begun.ok) return begun;
    const started = jobs.start(id, begun.plan, begun.run);
    if (started.ok) turns.add(() => jobs.step(id));
    else end(id);
    return started;
  }

  return {
    async receive(message: Message, reply: Reply) {
      const asked = message as ExporterMessage;
      switch (asked.kind) {
        case "export.open":
          return openSent(asked.order, reply);
        case "export.pull":
          return reply(await pull(asked.id));
        case "export.close":
          return reply({ closed: close(asked.id) } satisfies ExporterReplies["export.close"]);
        case "export.start":
          return reply(await start(asked.order));
        case "export.job":
          return reply(jobs.get(asked.job));
        case "export.jobs":
          return reply({ ok: true, jobs: jobs.list() } satisfies ExporterReplies["export.jobs"]);
        case "export.read":
          return reply(jobs.read(asked.job, asked.offset));
        case "export.cancel":
          return reply(jobs.cancel(asked.job));
        default:
          return reply.fail(
            `the exporter takes export.open, pull, close, start, job, jobs, read and cancel; came ${message.kind}`,
          );
      }
    },
    stop() {
      for (const id of [...sent.keys()]) close(id);
      jobs.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function opened(
  id: number,
  { fileName, contentType }: ExportPlan,
  run: ExportRun,
): ExporterReplies["export.open"] {
  const { mostRows, privacy } = run;
  return { ok: true, id, fileName, contentType, mostRows, ...(privacy === undefined ? {} : { privacy }) };
}

/** What to tell when an export cannot begin: nothing of it was sent. @throws a bug of ours */
function notOpened(error: unknown): Refused<"disk"> {
  return refuse("disk", unreadable(error).message);
}
