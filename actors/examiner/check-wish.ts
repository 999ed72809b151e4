/** Whether what is wished for can be done, decided before anything is read: every door asks this and says the same. Pure. */

import type { Dataset } from "../../datasets/define.ts";
import { MAX_MOMENT_MS, MIN_MOMENT_MS } from "../../datasets/moment-text.ts";
import type { Shadow } from "../../datasets/spec.ts";
import { MAX_PIECES, piecesOf } from "../../quality/agreement.ts";
import type { QualityRules } from "../../quality/report.ts";
import { type Refused, refuse } from "../refused.ts";
import type { AgreementWish, ExamineWish, SpanWish } from "./protocol.ts";

const HOUR_MS = 3_600_000;
const MIN_EVERY_MS = 1000;
/** Longest piece of what was given that a message repeats. */
const ECHO_CHARACTERS = 60;

/** What a threshold may be, from and to. */
export const RULE_BOUNDS: Readonly<Record<keyof QualityRules, readonly [least: number, most: number]>> = {
  minRows: [0, Number.MAX_SAFE_INTEGER],
  maxMissing: [0, 1],
  maxOutliers: [0, 1],
  minClass: [0, 1],
  maxClass: [0, 1],
  maxPsi: [0, 1000],
  maxKs: [0, 1],
};

export type WishRefusal = "unknown-dataset" | "bad-range" | "bad-option" | "no-shadow";

export interface ExaminePlan extends SpanWish {
  readonly ok: true;
  readonly dataset: Dataset;
  readonly against: SpanWish | undefined;
  readonly rules: QualityRules;
  /** Whether the wish says maxMissing itself. */
  readonly isMissingAsked: boolean;
}

export interface AgreementPlan extends SpanWish {
  readonly ok: true;
  readonly dataset: Dataset;
  readonly shadow: Shadow;
  readonly everyMs: number;
  readonly fraction: number;
}

/** @param rules of the settings: they hold where the wish has none */
export function checkExamine(
  wish: ExamineWish,
  datasets: readonly Dataset[],
  rules: QualityRules,
): ExaminePlan | Refused<WishRefusal> {
  const dataset = named(wish.dataset, datasets);
  if (dataset === undefined) return unknown(wish.dataset, datasets);
  const { fromMs, toMs, against } = wish;
  const fault = rangeFault(wish, "time") ?? (against && rangeFault(against, "earlier time"));
  if (fault !== undefined) return fault;
  const wanted = { ...rules, ...wish.rules };
  for (const [name, [least, most]] of Object.entries(RULE_BOUNDS)) {
    const value = wanted[name as keyof QualityRules];
    if (!(value >= least && value <= most)) {
      return refuse("bad-option", `expected ${name} to be a number from ${least} to ${most}; came ${value}`);
    }
  }
  if (wanted.minClass > wanted.maxClass) {
    return refuse(
      "bad-option",
      `expected minClass to be at most maxClass, which is ${wanted.maxClass}; came ${wanted.minClass}`,
    );
  }
  const isMissingAsked = wish.rules?.maxMissing !== undefined;
  return { ok: true, dataset, fromMs, toMs, against, rules: wanted, isMissingAsked };
}

/** @param fraction of the settings: it holds where the wish has none */
export function checkAgreement(
  wish: AgreementWish,
  datasets: readonly Dataset[],
  fraction: number,
): AgreementPlan | Refused<WishRefusal> {
  const dataset = named(wish.dataset, datasets);
  if (dataset === undefined) return unknown(wish.dataset, datasets);
  if (dataset.shadow === undefined) {
    const have = datasets.filter(({ shadow }) => shadow !== undefined).map(({ name }) => name);
    const which = have.length === 0 ? "of which there is none" : have.join(", ");
    return refuse(
      "no-shadow",
      `expected a dataset that says both what was chosen and what would have been: ${which}; came ${echo(dataset.name)}`,
    );
  }
  const { fromMs, toMs, everyMs = HOUR_MS } = wish;
  const fault = rangeFault(wish, "time");
  if (fault !== undefined) return fault;
  if (!Number.isFinite(fromMs) || !Number.isFinite(toMs)) {
    return refuse("bad-range", "expected a time with a start and an end; one of them is missing");
  }
  if (!(Number.isInteger(everyMs) && everyMs >= MIN_EVERY_MS)) {
    return refuse("bad-option", `expected every to be at least 1s, such as 1h; came ${everyMs} ms`);
  }
  if (piecesOf(wish, everyMs) > MAX_PIECES) {
    return refuse(
      "bad-option",
      `expected at most ${MAX_PIECES} pieces of time; came ${piecesOf(wish, everyMs)}: ask for a shorter time, or longer pieces`,
    );
  }
  const share = wish.fraction ?? fraction;
  if (!(share >= 0 && share <= 1)) {
    return refuse("bad-option", `expected fraction to be a share from 0 to 1; came ${share}`);
  }
  return { ok: true, dataset, fromMs, toMs, everyMs, fraction: share, shadow: dataset.shadow };
}

function rangeFault({ fromMs, toMs }: SpanWish, what: string): Refused<"bad-range"> | undefined {
  if (fromMs < toMs) return undefined;
  return refuse(
    "bad-range",
    `expected the ${what} to start before its end; came ${momentText(fromMs)} to ${momentText(toMs)}`,
  );
}

function momentText(ms: number): string {
  return ms >= MIN_MOMENT_MS && ms <= MAX_MOMENT_MS ? new Date(ms).toISOString() : String(ms);
}

function named(name: string, datasets: readonly Dataset[]): Dataset | undefined {
  return datasets.find((dataset) => dataset.name === name);
}

function unknown(name: string, datasets: readonly Dataset[]): Refused<"unknown-dataset"> {
  const names = datasets.map((dataset) => dataset.name).join(", ");
  return refuse("unknown-dataset", `expected a dataset: ${names}; came ${echo(name)}`);
}

/** What was given, in quotes: a piece of it when it is long. */
function echo(text: string): string {
  return JSON.stringify(text.length > ECHO_CHARACTERS ? `${text.slice(0, ECHO_CHARACTERS)}…` : text);
}
