/**
 * The examiner: how good a dataset's rows are for training, and how often a choice agrees with what would have been (protocol.ts). One
 * examination at a time, step by step between the messages, so that nobody on its thread waits for more than a step. The store is held from
 * before an examination takes its snapshot until it is over.
 */

import type { Dataset } from "../../datasets/define.ts";
import { datasets as allDatasets } from "../../datasets/index.ts";
import type { AgreementReport, QualityReport, QualityRules } from "../../quality/report.ts";
import type { ActorContext, Behaviour, Message, Reply } from "../../runtime/actor/types.ts";
import { Turns } from "../exporter/turns.ts";
import { StoreAccount } from "../ledger.ts";
import { type Refused, refuse } from "../refused.ts";
import { kernelsOf, resourcesOf } from "../resources.ts";
import { StoreHold } from "../store/store-hold.ts";
import { storeSnapshots } from "../store/store-snapshots.ts";
import { unreadable } from "../store/unreadable.ts";
import { checkAgreement, checkExamine } from "./check-wish.ts";
import { agreementSteps, type ExaminationLimits, examineSteps, type Steps, stepOn } from "./examination.ts";
import {
  type ExaminerMessage,
  type ExaminerRefusal,
  type ExaminerReplies,
  MAX_EXAMINATIONS,
} from "./protocol.ts";

export interface ExaminerConfig {
  readonly dataFolder: string;
  /** Bytes of its scratch memory: what the log is read through. At least the recorder's staging area. */
  readonly windowBytes: number;
  /** Thresholds, where a wish has none. */
  readonly rules: QualityRules;
  /** Share of the traffic whose agreement is told, where a wish has none. */
  readonly fraction: number;
}

export interface ExaminerParts {
  /** Default: all that are declared. */
  readonly datasets?: readonly Dataset[];
  readonly limits?: ExaminationLimits;
}

type Report = QualityReport | AgreementReport;

interface Examination {
  readonly id: string;
  readonly holder: string;
  readonly begin: () => Steps<Report>;
  readonly reply: Reply;
  steps: Steps<Report> | undefined;
}

export default function examiner(context: ActorContext<ExaminerConfig>): Behaviour {
  return examinerWith(context, {});
}

export function examinerWith(
  context: ActorContext<ExaminerConfig>,
  { datasets = allDatasets, limits = {} }: ExaminerParts,
): Behaviour {
  const bare = context as ActorContext<never>;
  const { ledger } = resourcesOf(bare);
  const { dataFolder, windowBytes } = context.config;
  let { rules, fraction } = context.config;
  const window = { at: context.scratch, bytes: windowBytes };
  const take = storeSnapshots({ dataFolder, kernels: kernelsOf(bare), window }, (dataset) => {
    const { stored, recorded } = new StoreAccount(context.memory, ledger, dataset).counts();
    return { endSequence: recorded, storedRows: stored };
  });
  const hold = new StoreHold(bare);
  const turns = new Turns(bare);
  /** The first of them runs. */
  const line: Examination[] = [];
  let holders = 0;

  function add(id: string, begin: () => Steps<Report>, reply: Reply): void {
    if (line.length >= MAX_EXAMINATIONS) {
      const message = `${line.length} examinations are under way, and no more may be; try again when one has ended`;
      reply(refuse("too-many", message));
      return;
    }
    line.push({ id, holder: `examiner-${++holders}`, begin, reply, steps: undefined });
    if (line.length === 1) turns.add(next);
  }

  /** One step of the first in line. @returns whether there is another, of it or of the next */
  async function next(): Promise<boolean> {
    const current = line[0];
    if (current === undefined) return false;
    try {
      const report =
        current.steps === undefined ? await begin(current) : stepOn(current.steps, context.clock);
      // Cancelled while the store was asked for.
      if (line[0] !== current) return line.length > 0;
      if (report !== undefined) end(current, "ok" in report ? report : { ok: true, report });
    } catch (error) {
      const refusal = unreadable(error);
      context.log.error("an examination ended early: {reason}", { reason: refusal.message });
      end(current, refusal);
    }
    return line.length > 0;
  }

  async function begin(current: Examination): Promise<undefined | Refused<ExaminerRefusal>> {
    const isHeld = await hold.take(current.holder);
    if (!line.includes(current)) {
      hold.release(current.holder);
      return undefined;
    }
    if (!isHeld) {
      return refuse("too-many", "the store is being worked on and does not answer; try again in a minute");
    }
    current.steps = current.begin();
    return undefined;
  }

  function end(examination: Examination, answer: unknown): void {
    const at = line.indexOf(examination);
    if (at < 0) return;
    line.splice(at, 1);
    // Closes what it reads.
    examination.steps?.return(undefined as never);
    hold.release(examination.holder);
    examination.reply(answer);
  }

  function cancel(id: string): ExaminerReplies["examiner.cancel"] {
    const found = line.find((examination) => examination.id === id);
    if (found === undefined) return { cancelled: false };
    end(found, refuse("unavailable", "the examination was cancelled"));
    return { cancelled: true };
  }

  return {
    receive(message: Message, reply: Reply) {
      const asked = message as ExaminerMessage;
      switch (asked.kind) {
        case "examiner.examine": {
          const plan = checkExamine(asked.wish, datasets, rules);
          return plan.ok ? add(asked.id, () => examineSteps(plan, take, limits), reply) : reply(plan);
        }
        case "examiner.agreement": {
          const plan = checkAgreement(asked.wish, datasets, fraction);
          return plan.ok ? add(asked.id, () => agreementSteps(plan, take), reply) : reply(plan);
        }
        case "examiner.cancel":
          return reply(cancel(asked.id));
        default:
          return reply.fail(
            `the examiner takes examiner.examine, examiner.agreement and examiner.cancel; came ${message.kind}`,
          );
      }
    },
    reconfigure(changed) {
      const config = changed as ExaminerConfig;
      if (config.dataFolder !== dataFolder || config.windowBytes !== windowBytes) return false;
      ({ rules, fraction } = config);
      return true;
    },
    stop() {
      for (const examination of [...line]) {
        end(examination, refuse("unavailable", "the examiner is ending; try again in a moment"));
      }
    },
  };
}
