/**
 * `millrace validate`: whether stored rows are fit for training, for people and for CI: it ends with 0 when they pass, and with 4 when not.
 * Of a dataset that says what was chosen and what should have been, how often they agree is told beside, and fails nothing.
 */

import type { ValidateOptions } from "../api/quality-client.ts";
import { datasets } from "../datasets/index.ts";
import { type AgreementReport, type QualityRules, USUAL_QUALITY } from "../quality/report.ts";
import { onStopSignal } from "../runtime/platform/index.ts";
import { agreementText } from "./agreement-text.ts";
import type { Command, Given } from "./command.ts";
import { printOut } from "./console.ts";
import { CommandEnd, NOT_FIT, refusalEnd } from "./exit-codes.ts";
import { type OpenedStore, openStore, STORE_ARGS } from "./open-store.ts";
import { qualityText } from "./quality-text.ts";
import { datasetOf, givenSpans, optionOf, SPAN_ARGS } from "./span-wish.ts";

const RULES = Object.keys(USUAL_QUALITY) as readonly (keyof QualityRules)[];

const threshold = (description: string) =>
  ({ type: "string", valueHint: "n", description: `${description}; default: as it is configured` }) as const;

export const validateCommand: Command = {
  name: "validate",
  description: "Says whether stored rows are fit for training; ends with 4 when they are not",
  args: {
    ...SPAN_ARGS,
    "against-hours": {
      type: "string",
      valueHint: "n",
      description: "Tells drift against so many hours before that time",
    },
    "against-from": { type: "string", valueHint: "time", description: "Start of the earlier time" },
    "against-to": {
      type: "string",
      valueHint: "time",
      description: "End of the earlier time; default: where the time begins",
    },
    "min-rows": threshold("Rows, at the least"),
    "max-missing": threshold(
      "Share of missing values of a column, at the most; given here, of one that may be missing, too, where the dataset names no training set",
    ),
    "max-outliers": threshold("Share of values beyond 1.5 interquartile ranges, at the most"),
    "min-class": threshold("Share of a class of the label, at the least"),
    "max-class": threshold("Share of a class of the label, at the most"),
    "max-psi": threshold("Population stability index against the earlier time, at the most"),
    "max-ks": threshold("Kolmogorov-Smirnov distance against the earlier time, at the most"),
    json: { type: "boolean", description: "Print the report as JSON, with the agreement where there is one" },
    ...STORE_ARGS,
  },
  examples: [
    "millrace validate --dataset compression_telemetry --hours 720",
    "millrace validate --dataset compression_telemetry --against-hours 168 --max-psi 0.1",
    "millrace validate --dataset process --max-missing 0.9 --json",
  ],
  run,
};

async function run(given: Given): Promise<void> {
  const options = wishOf(given, Date.now());
  const rules = rulesOf(given);
  const opened = openStore(given);
  const abort = new AbortController();
  const offSignal = onStopSignal(() => abort.abort());
  try {
    const answer = await opened.client.validate({ ...options, rules, signal: abort.signal });
    if (!answer.ok) throw refusalEnd(answer);
    const { report } = answer;
    const shadow = datasets.find(({ name }) => name === options.dataset)?.shadow;
    const agreement = shadow === undefined ? null : await agreementOf(opened, options, abort.signal);
    const told = shadow === undefined || agreement === null ? null : agreementText(agreement, shadow);
    const text = given.flag("json")
      ? JSON.stringify({ ...report, agreement }, undefined, 2)
      : qualityText(report, told);
    await printOut(`${text}\n`);
    if (report.passed) return;
    const failed = report.findings.filter(({ severity }) => severity === "failed").length;
    throw new CommandEnd(NOT_FIT, `not passed: ${failed} finding${failed === 1 ? "" : "s"} failed`);
  } finally {
    offSignal();
    await opened.client.close();
  }
}

function wishOf(given: Given, nowMs: number): Omit<ValidateOptions, "rules" | "signal"> {
  const dataset = datasetOf(given);
  const { span, against } = givenSpans(given, nowMs, {
    againstHours: given.text("against-hours"),
    againstFrom: given.text("against-from"),
    againstTo: given.text("against-to"),
  });
  return {
    dataset,
    from: span.fromMs,
    to: span.toMs,
    ...(against === undefined ? {} : { against: { from: against.fromMs, to: against.toMs } }),
  };
}

/** Of the whole time, as one piece. */
async function agreementOf(
  { client }: OpenedStore,
  { dataset, from, to }: Pick<ValidateOptions, "dataset" | "from" | "to">,
  signal: AbortSignal,
): Promise<AgreementReport> {
  const everyMs = Math.max(1000, Math.ceil(Number(to) - Number(from)));
  const answer = await client.agreement({ dataset, from, to, everyMs, signal });
  if (!answer.ok) throw refusalEnd(answer);
  return answer.report;
}

/** Those that are given here. For the others, the settings count: of a folder those that are configured here, of a server its own. */
function rulesOf(given: Given): Partial<QualityRules> {
  return Object.fromEntries(
    RULES.flatMap((name) => {
      const value = given.number(optionOf(name));
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
