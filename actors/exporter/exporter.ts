/**
 * The exporter: files of one dataset and time range, made from the log while they are sent (protocol.ts).
 *
 * It makes the next piece only when it is asked for it, so a slow client slows its own file and nothing else. All exports
 * read through one window of the shared memory, one step at a time: a step leaves nothing in it that is needed later.
 */

import { datasetNamed, datasets } from "../../datasets/index.ts";
import { MAX_MOMENT_MS, MIN_MOMENT_MS } from "../../datasets/moment-text.ts";
import type { ActorContext, Behaviour, Message, Reply } from "../../runtime/actor/types.ts";
import type { Timer } from "../../runtime/clock.ts";
import { StoreAccount } from "../ledger.ts";
import { LogDamaged, stepLog } from "../recorder/log-reader.ts";
import type { Refused } from "../refused.ts";
import { kernelsOf, resourcesOf } from "../resources.ts";
import { csv } from "./csv.ts";
import type { ExportFacts, Format } from "./format.ts";
import { OpenExport } from "./open-export.ts";
import { parquet } from "./parquet.ts";
import {
  EXPORT_IDLE_MS,
  type ExporterMessage,
  type ExporterReplies,
  type ExportRefusal,
  MAX_EXPORTS,
  type OpenExport as OpenRequest,
} from "./protocol.ts";

export interface ExporterConfig {
  readonly dataFolder: string;
  /** Bytes of its scratch memory: what the log is read through. At least the recorder's staging area. */
  readonly windowBytes: number;
}

interface Running {
  readonly file: OpenExport;
  idle: Timer;
}

const FORMATS: readonly Format[] = [csv, parquet];

export default function exporter(context: ActorContext<ExporterConfig>): Behaviour {
  const { ledger } = resourcesOf(context as ActorContext<never>);
  const { dataFolder, windowBytes } = context.config;
  const source = {
    dataFolder,
    kernels: kernelsOf(context as ActorContext<never>),
    window: { at: context.scratch, bytes: windowBytes },
  };
  const running = new Map<number, Running>();
  // Numbers of a life before a restart must not come again: whoever holds one would pull another one's file.
  let lastId = context.clock.nowMs() * 1024;

  async function open(message: OpenRequest): Promise<ExporterReplies["export.open"]> {
    const plan = planExport(message);
    if (!plan.ok) return plan;
    if (running.size >= MAX_EXPORTS) {
      return refused(
        "too-many",
        `${MAX_EXPORTS} exports are running, and no more may; try again when one has ended`,
      );
    }
    const { format, facts } = plan;
    const { dataset, fromMs, toMs } = facts;
    const { stored, recorded } = new StoreAccount(context.memory, ledger, dataset.name).counts();
    const range = { fromMs, toMs, toSequence: recorded, storedRows: stored };
    const file = await OpenExport.open(format, facts, {
      batches: stepLog(source, dataset, range),
      endSequence: recorded,
    });
    const id = ++lastId;
    running.set(id, { file, idle: expireLater(id) });
    return { ok: true, id, fileName: fileName(plan), contentType: format.contentType };
  }

  async function pull(id: number): Promise<ExporterReplies["export.pull"]> {
    const entry = running.get(id);
    if (entry === undefined) {
      return refused(
        "unknown-export",
        `there is no export ${id}: it has ended, or was not pulled for too long`,
      );
    }
    entry.idle.cancel();
    try {
      const chunk = await entry.file.pull();
      if (chunk.done) close(id);
      else entry.idle = expireLater(id);
      return { ok: true, ...chunk };
    } catch (error) {
      const reason = unreadable(error);
      if (reason === undefined) throw error;
      close(id);
      context.log.error("an export ended early: {reason}", { reason });
      return refused("damaged", reason);
    }
  }

  function close(id: number): boolean {
    const entry = running.get(id);
    if (entry === undefined) return false;
    running.delete(id);
    entry.idle.cancel();
    entry.file.close();
    return true;
  }

  function expireLater(id: number): Timer {
    return context.after(EXPORT_IDLE_MS, () => {
      if (close(id)) context.log.info("export {id} was closed: nobody pulled it", { id });
    });
  }

  return {
    async receive(message: Message, reply: Reply) {
      const asked = message as ExporterMessage;
      switch (asked.kind) {
        case "export.open":
          return reply(await open(asked));
        case "export.pull":
          return reply(await pull(asked.id));
        case "export.close":
          return reply({ closed: close(asked.id) } satisfies ExporterReplies["export.close"]);
        default:
          return reply.fail(
            `the exporter takes export.open, export.pull and export.close; came ${message.kind}`,
          );
      }
    },
    stop() {
      for (const id of [...running.keys()]) close(id);
    },
  };
}

interface Plan {
  readonly ok: true;
  readonly format: Format;
  readonly facts: ExportFacts;
}

/** Decides what is to be done, or why not, without doing any of it. */
function planExport({
  dataset: name,
  format: wanted,
  fromMs,
  toMs,
}: OpenRequest): Plan | Refused<ExportRefusal> {
  const dataset = datasetNamed(name);
  if (dataset === undefined) {
    const names = datasets.map((known) => known.name).join(", ");
    return refused("unknown-dataset", `expected a dataset: ${names}; came ${JSON.stringify(name)}`);
  }
  const format = FORMATS.find((known) => known.name === wanted);
  if (format === undefined) {
    const names = FORMATS.map((known) => known.name).join(", ");
    return refused("unknown-format", `expected a format: ${names}; came ${JSON.stringify(wanted)}`);
  }
  if (!(fromMs < toMs)) {
    return refused(
      "bad-range",
      `expected a time range with its start before its end; came ${fromMs} to ${toMs}`,
    );
  }
  return { ok: true, format, facts: { dataset, fromMs, toMs } };
}

function fileName({ format, facts: { dataset, fromMs, toMs } }: Plan): string {
  const isBounded = fromMs >= MIN_MOMENT_MS || toMs <= MAX_MOMENT_MS;
  const range = isBounded ? `_${moment(fromMs, "start")}_${moment(toMs, "now")}` : "";
  return `${dataset.name}${range}.${format.name}`;
}

/** ISO 8601's basic form: no character that a file system or a header minds. */
function moment(timeMs: number, unbounded: string): string {
  if (timeMs < MIN_MOMENT_MS || timeMs > MAX_MOMENT_MS) return unbounded;
  return new Date(timeMs).toISOString().replaceAll(/[-:]|\.000/g, "");
}

function refused<Reason extends string>(reason: Reason, message: string): Refused<Reason> {
  return { ok: false, reason, message };
}

/** What to tell when the log could not be read; undefined for an error of ours. File names may tell who runs this: not told. */
function unreadable(error: unknown): string | undefined {
  if (error instanceof LogDamaged) return error.message;
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === "string" ? `the log cannot be read: ${code}` : undefined;
}
