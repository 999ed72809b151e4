/**
 * The quality of stored rows, and the agreement of choices, for programs: of a store that is open in this process, or of a running Millrace.
 * Both answer the same reports (quality/report.ts).
 */

import { checkAgreement, checkExamine } from "../actors/examiner/check-wish.ts";
import { agreementSteps, examineSteps, type Steps, stepOn } from "../actors/examiner/examination.ts";
import type { AgreementWish, ExamineWish, SpanWish } from "../actors/examiner/protocol.ts";
import { type Refused, refuse } from "../actors/refused.ts";
import type { TakeSnapshot } from "../actors/store/snapshot.ts";
import { unreadable } from "../actors/store/unreadable.ts";
import { datasets } from "../datasets/index.ts";
import {
  type AgreementReport,
  type QualityReport,
  type QualityRules,
  USUAL_QUALITY,
} from "../quality/report.ts";
import type { Clock } from "../runtime/clock.ts";
import { formatDurationMs } from "../runtime/config.ts";
import type { ChannelRefusal, HttpChannel } from "./http-channel.ts";
import { spanOf } from "./order-of.ts";
import type {
  AgreementOptions,
  QualityClient,
  SpanOptions,
  ValidateOptions,
  ValidateRefusal,
} from "./quality-client.ts";

type Told<Report> = { readonly ok: true; readonly report: Report } | Refused<ValidateRefusal>;

/** What holds where who asks says nothing. Default: the usual thresholds, all of the traffic. */
export interface QualityDefaults {
  readonly rules?: QualityRules;
  /** Share of the traffic that an agreement is told of. */
  readonly fraction?: number;
}

const USUAL_FRACTION = 1;

/** @param take is called anew by each. @param isOpen whether the store still is */
export function localQuality(
  take: TakeSnapshot,
  clock: Clock,
  isOpen: () => boolean,
  { rules = USUAL_QUALITY, fraction = USUAL_FRACTION }: QualityDefaults = {},
): QualityClient {
  async function run<Report>(steps: Steps<Report>, signal: AbortSignal | undefined): Promise<Told<Report>> {
    try {
      for (;;) {
        if (!isOpen()) return closed();
        if (signal?.aborted === true) return refuse("cancelled", "it was cancelled");
        const report = stepOn(steps, clock);
        if (report !== undefined) return { ok: true, report };
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    } catch (error) {
      return unreadable(error);
    } finally {
      steps.return(undefined as never);
    }
  }
  return {
    async validate({ signal, ...options }) {
      if (!isOpen()) return closed();
      const wish = examineWish(options);
      if (!wish.ok) return wish;
      const plan = checkExamine(wish.wish, datasets, rules);
      return plan.ok ? run(examineSteps(plan, take), signal) : plan;
    },
    async agreement({ signal, ...options }) {
      if (!isOpen()) return closed();
      const wish = agreementWish(options);
      if (!wish.ok) return wish;
      const plan = checkAgreement(wish.wish, datasets, fraction);
      return plan.ok ? run(agreementSteps(plan, take), signal) : plan;
    },
  };
}

/** @param closing aborted when the client was closed */
export function remoteQuality(channel: HttpChannel, closing: AbortSignal): QualityClient {
  async function ask<Report>(
    dataset: string,
    what: "quality" | "agreement",
    query: URLSearchParams,
    signal: AbortSignal | undefined,
  ): Promise<Told<Report>> {
    if (closing.aborted) return closed();
    const path = `/v1/datasets/${encodeURIComponent(dataset)}/${what}?${query}`;
    const both = signal === undefined ? closing : AbortSignal.any([closing, signal]);
    const asked = await channel.askJson<Report>(path, { signal: both });
    return asked.ok ? { ok: true, report: asked.value } : refused(asked, closing);
  }
  return {
    async validate({ signal, ...options }) {
      const made = examineWish(options);
      if (!made.ok) return made;
      const { dataset, against, rules = {}, ...span } = made.wish;
      const query = spanQuery(span);
      if (against !== undefined) {
        query.set("againstFrom", momentText(against.fromMs));
        query.set("againstTo", momentText(against.toMs));
      }
      for (const [name, value] of Object.entries(rules)) query.set(name, String(value));
      return ask<QualityReport>(dataset, "quality", query, signal);
    },
    async agreement({ signal, ...options }) {
      const made = agreementWish(options);
      if (!made.ok) return made;
      const { dataset, everyMs, fraction, ...span } = made.wish;
      const query = spanQuery(span);
      if (everyMs !== undefined) query.set("every", formatDurationMs(everyMs));
      if (fraction !== undefined) query.set("fraction", String(fraction));
      return ask<AgreementReport>(dataset, "agreement", query, signal);
    },
  };
}

type Wished<Wish> = { readonly ok: true; readonly wish: Wish } | Refused<"bad-range">;

function examineWish({
  dataset,
  against,
  rules,
  ...span
}: Omit<ValidateOptions, "signal">): Wished<ExamineWish> {
  const now = wishedSpan(span);
  if (!now.ok) return now;
  const then = against === undefined ? undefined : wishedSpan(against);
  if (then?.ok === false) return then;
  return {
    ok: true,
    wish: {
      dataset,
      ...now.wish,
      ...(then === undefined ? {} : { against: then.wish }),
      ...(rules === undefined ? {} : { rules }),
    },
  };
}

function agreementWish({
  dataset,
  everyMs,
  fraction,
  ...span
}: Omit<AgreementOptions, "signal">): Wished<AgreementWish> {
  const now = wishedSpan(span);
  if (!now.ok) return now;
  return {
    ok: true,
    wish: {
      dataset,
      ...now.wish,
      ...(everyMs === undefined ? {} : { everyMs }),
      ...(fraction === undefined ? {} : { fraction }),
    },
  };
}

function wishedSpan(options: SpanOptions): Wished<SpanWish> {
  const span = spanOf(options);
  return span.ok ? { ok: true, wish: { fromMs: span.fromMs, toMs: span.toMs } } : span;
}

function spanQuery({ fromMs, toMs }: SpanWish): URLSearchParams {
  return new URLSearchParams({ from: momentText(fromMs), to: momentText(toMs) });
}

/** Milliseconds of a time before 2001 could be read as seconds. */
function momentText(ms: number): string {
  return new Date(ms).toISOString();
}

function closed(): Refused<"closed"> {
  return refuse("closed", "the store was closed; open it again");
}

function refused(refusal: ChannelRefusal, closing: AbortSignal): Refused<ValidateRefusal> {
  return closing.aborted ? closed() : (refusal as Refused<ValidateRefusal>);
}
