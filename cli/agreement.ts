/** `millrace agreement`: how often what was chosen is what should have been, over all, by category, and over time. */

import type { AgreementOptions } from "../api/quality-client.ts";
import { datasets } from "../datasets/index.ts";
import { parseDurationMs } from "../runtime/config.ts";
import { onStopSignal } from "../runtime/platform/index.ts";
import { agreementTables } from "./agreement-text.ts";
import type { Command, Given } from "./command.ts";
import { printOut } from "./console.ts";
import { refusalEnd, usageError } from "./exit-codes.ts";
import { openStore, STORE_ARGS } from "./open-store.ts";
import { datasetOf, givenSpans, SPAN_ARGS } from "./span-wish.ts";

export const agreementCommand: Command = {
  name: "agreement",
  description: "Says how often what was chosen is what should have been, by link and over time",
  args: {
    ...SPAN_ARGS,
    every: {
      type: "string",
      valueHint: "duration",
      description: "Length of a piece of time, such as 15m; default 1h",
    },
    fraction: {
      type: "string",
      valueHint: "n",
      description:
        "Share of the requests that is looked at, from 0 to 1, always the same of them; default: as it is configured",
    },
    json: { type: "boolean", description: "Print the report as JSON" },
    ...STORE_ARGS,
  },
  examples: [
    "millrace agreement --dataset compression_telemetry",
    "millrace agreement --dataset compression_telemetry --hours 168 --every 1d --json",
  ],
  run,
};

async function run(given: Given): Promise<void> {
  const options = wishOf(given, Date.now());
  const { client } = openStore(given);
  const abort = new AbortController();
  const offSignal = onStopSignal(() => abort.abort());
  try {
    const answer = await client.agreement({ ...options, signal: abort.signal });
    if (!answer.ok) throw refusalEnd(answer);
    const { report } = answer;
    const shadow = datasets.find(({ name }) => name === options.dataset)?.shadow;
    const isText = !given.flag("json") && shadow !== undefined;
    await printOut(`${isText ? agreementTables(report, shadow) : JSON.stringify(report, undefined, 2)}\n`);
  } finally {
    offSignal();
    await client.close();
  }
}

function wishOf(given: Given, nowMs: number): AgreementOptions {
  // One that has no such thing is refused by the store, which says why.
  const dataset = datasetOf(
    given,
    datasets.filter(({ shadow }) => shadow !== undefined).map(({ name }) => name),
  );
  const { span } = givenSpans(given, nowMs);
  const every = given.text("every");
  const everyMs = every === undefined ? undefined : parseDurationMs(every);
  if (every !== undefined && everyMs === undefined) {
    throw usageError(`--every: expected a duration such as 1h; came ${JSON.stringify(every)}`);
  }
  const fraction = given.number("fraction");
  return {
    dataset,
    from: span.fromMs,
    to: span.toMs,
    ...(everyMs === undefined ? {} : { everyMs }),
    ...(fraction === undefined ? {} : { fraction }),
  };
}
