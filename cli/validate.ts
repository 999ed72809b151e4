/**
 * `millrace validate`: whether stored rows are fit for training, for people and for CI: it ends with 0 when they pass, and with 4 when not.
 * Of a dataset that says what was chosen and what should have been, how often they agree is told beside, and fails nothing.
 */

import type { ValidateOptions } from "../api/quality.ts";
import { datasets } from "../datasets/index.ts";
import { spansOf } from "../http/quality-input.ts";
import { type AgreementReport, type QualityRules, USUAL_QUALITY } from "../quality/report.ts";
import { onStopSignal } from "../runtime/platform/index.ts";
import type { Command, Given } from "./command.ts";
import { printOut } from "./console.ts";
import { CommandEnd, NOT_FIT, refusalEnd, usageError } from "./exit-codes.ts";
import { type OpenedStore, openStore, readSettings, STORE_ARGS } from "./open-store.ts";
import { agreementText, qualityText } from "./quality-text.ts";
import { unknownName } from "./unknown-name.ts";

const TIME = "such as 2026-01-31T12:00:00Z";
const RULES = Object.keys(USUAL_QUALITY) as readonly (keyof QualityRules)[];

const threshold = (description: string) =>
  ({ type: "string", valueHint: "n", description: `${description}; default: as it is configured` }) as const;

export const validateCommand: Command = {
  name: "validate",
  description: "Says whether stored rows are fit for training; ends with 4 when they are not",
  args: {
    dataset: {
      type: "string",
      valueHint: "name",
      description: "Dataset, such as compression_telemetry",
    },
    hours: { type: "string", valueHint: "n", description: "The last so many hours; default 24" },
    from: { type: "string", valueHint: "time", description: `Start of the time, ${TIME}` },
    to: {
      type: "string",
      valueHint: "time",
      description: `End of the time, not included, ${TIME}; default now`,
    },
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
    "max-missing": threshold("Share of missing values of a column, at the most"),
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
    "millrace validate --dataset process --max-missing 0.5 --json",
  ],
  run,
};

async function run(given: Given): Promise<void> {
  const options = wishOf(given, Date.now());
  const opened = openStore(given);
  const abort = new AbortController();
  const offSignal = onStopSignal(() => abort.abort());
  try {
    const rules = rulesOf(given, opened);
    const answer = await opened.client.validate({ ...options, rules, signal: abort.signal });
    if (!answer.ok) throw refusalEnd(answer);
    const { report } = answer;
    const shadow = datasets.find(({ name }) => name === options.dataset)?.shadow;
    const agreement = shadow === undefined ? null : await agreementOf(given, opened, options, abort.signal);
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
  const names = datasets.map(({ name }) => name);
  const dataset = given.text("dataset");
  if (dataset === undefined) {
    throw usageError(`--dataset: expected one of ${names.join(", ")}; came nothing`);
  }
  if (!names.includes(dataset)) throw unknownName("--dataset", dataset, names);
  const spans = spansOf(
    {
      hours: given.text("hours"),
      from: given.text("from"),
      to: given.text("to"),
      againstHours: given.text("against-hours"),
      againstFrom: given.text("against-from"),
      againstTo: given.text("against-to"),
    },
    nowMs,
  );
  if (!spans.ok) {
    throw usageError(`--${optionOf(spans.parameter)}: expected ${spans.expected}; came ${spans.came}`);
  }
  const { span, against } = spans;
  return {
    dataset,
    from: span.fromMs,
    to: span.toMs,
    ...(against === undefined ? {} : { against: { from: against.fromMs, to: against.toMs } }),
  };
}

/** Of the whole time, as one piece. */
async function agreementOf(
  given: Given,
  { client, kind }: OpenedStore,
  { dataset, from, to }: Pick<ValidateOptions, "dataset" | "from" | "to">,
  signal: AbortSignal,
): Promise<AgreementReport> {
  const everyMs = Math.max(1000, Math.ceil(Number(to) - Number(from)));
  const fraction = kind === "folder" ? { fraction: readSettings(given).shadow.fraction } : {};
  const answer = await client.agreement({ dataset, from, to, everyMs, ...fraction, signal });
  if (!answer.ok) throw refusalEnd(answer);
  return answer.report;
}

/** Of a folder, the settings that are configured here count; of a server, its own. What is given on the command line counts in any case. */
function rulesOf(given: Given, { kind }: OpenedStore): Partial<QualityRules> {
  const own = RULES.flatMap((name) => {
    const value = given.number(optionOf(name));
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...(kind === "folder" ? readSettings(given).quality : {}), ...Object.fromEntries(own) };
}

/** `maxMissing` is `--max-missing`. */
function optionOf(parameter: string): string {
  return parameter.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
