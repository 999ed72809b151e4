/** `millrace dead-letters …`: rows that were pushed and refused, at a running Millrace. */

import type { LetterChoice } from "../actors/dead-letters/protocol.ts";
import type { RemoteStoreClient } from "../api/remote.ts";
import { REJECTION_REASONS, type RejectionReason } from "../datasets/rejection.ts";
import type { LettersView, LetterView } from "../http/letters-view.ts";
import type { Command, CommandGroup, Given } from "./command.ts";
import { printOut } from "./console.ts";
import { refusalEnd, usageError } from "./exit-codes.ts";
import { countText } from "./figures.ts";
import { openServer, STORE_ARGS } from "./open-store.ts";
import { type TableColumn, tableLines } from "./text-table.ts";

const CHOICE_ARGS = {
  dataset: { type: "string", valueHint: "name", description: "Only those of this dataset" },
  reason: {
    type: "string",
    valueHint: "reason",
    description: `Only those that were refused for this: ${REJECTION_REASONS.join(", ")}`,
  },
  id: { type: "string", valueHint: "1,2", description: "Only these, by id" },
  json: { type: "boolean", description: "Print it as JSON" },
} as const;
const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1000;

const list: Command = {
  name: "list",
  description: "Shows the latest refused rows, and how many there are by dataset and reason",
  args: {
    ...CHOICE_ARGS,
    limit: {
      type: "string",
      valueHint: "n",
      description: `Rows at the most, to ${MAX_LIMIT}; default ${DEFAULT_LIMIT}`,
    },
    before: { type: "string", valueHint: "id", description: "Only those of a lower id: the next page" },
    ...STORE_ARGS,
  },
  examples: [
    "millrace dead-letters list",
    "millrace dead-letters list --dataset compression_telemetry --reason bound --limit 100",
  ],
  async run(given) {
    const choice = choiceOf(given);
    const limit = wholeOf(given, "limit", 0, MAX_LIMIT) ?? DEFAULT_LIMIT;
    const before = wholeOf(given, "before", 1, Number.MAX_SAFE_INTEGER);
    await atServer(given, async (client) => {
      const page = { ...choice, limit, ...(before === undefined ? {} : { before }) };
      const answer = await client.deadLetters(page);
      if (!answer.ok) throw refusalEnd(answer);
      const { ok: _, ...view } = answer;
      await printOut(`${given.flag("json") ? JSON.stringify(view, undefined, 2) : listText(view)}\n`);
    });
  },
};

const replay: Command = {
  name: "replay",
  description: "Pushes refused rows again, as their dataset is declared now",
  args: { ...CHOICE_ARGS, ...STORE_ARGS },
  examples: ["millrace dead-letters replay", "millrace dead-letters replay --reason bound"],
  async run(given) {
    const choice = choiceOf(given);
    await atServer(given, async (client) => {
      const answer = await client.replayDeadLetters(choice);
      if (!answer.ok) throw refusalEnd(answer);
      const { accepted, rejected, notReplayable } = answer;
      const text = `${countText(accepted)} were stored, ${countText(rejected)} are refused still, of ${countText(notReplayable)} only the reason was kept`;
      await printOut(
        `${given.flag("json") ? JSON.stringify({ accepted, rejected, notReplayable }) : text}\n`,
      );
    });
  },
};

const drop: Command = {
  name: "drop",
  description: "Removes refused rows; without an option that chooses, all of them",
  args: { ...CHOICE_ARGS, ...STORE_ARGS },
  examples: ["millrace dead-letters drop --id 17,18", "millrace dead-letters drop --reason unknown-column"],
  async run(given) {
    const choice = choiceOf(given);
    await atServer(given, async (client) => {
      const answer = await client.dropDeadLetters(choice);
      if (!answer.ok) throw refusalEnd(answer);
      const { dropped } = answer;
      await printOut(
        `${given.flag("json") ? JSON.stringify({ dropped }) : `${countText(dropped)} are gone`}\n`,
      );
    });
  },
};

export const deadLetterCommands: CommandGroup = {
  name: "dead-letters",
  description: "Rows that were pushed and refused: shows them, pushes them again, removes them",
  commands: [list, replay, drop],
};

const COLUMNS: readonly (TableColumn & { readonly of: (letter: LetterView) => string })[] = [
  { title: "id", isNumber: true, of: ({ id }) => String(id) },
  { title: "at", isNumber: false, of: ({ at }) => at },
  { title: "dataset", isNumber: false, of: ({ dataset }) => dataset },
  { title: "reason", isNumber: false, of: ({ reason }) => reason },
  { title: "column", isNumber: false, of: ({ column }) => column ?? "–" },
  { title: "expected", isNumber: false, of: ({ expected }) => expected },
  { title: "got", isNumber: false, of: ({ got }) => got },
  { title: "row", isNumber: false, of: ({ row }) => (row === null ? "not kept" : "kept") },
];
const CELLS = 40;

function listText({ letters, next, total, replayable, counts, forgotten }: LettersView): string {
  const rows = letters.map((letter) => COLUMNS.map(({ of }) => of(letter)));
  const counted = counts.map(
    ({ dataset, reason, letters: some }) => `${dataset}: ${countText(some)} by ${reason}`,
  );
  return [
    ...(letters.length === 0 ? [] : [...tableLines(COLUMNS, rows, CELLS), ""]),
    `${countText(total)} dead letter${total === 1 ? "" : "s"}, ${countText(replayable)} of which can be pushed again`,
    ...counted,
    ...(forgotten === 0 ? [] : [`${countText(forgotten)} refused rows are not kept`]),
    ...(next === null ? [] : [`the next page: --before ${next}`]),
  ].join("\n");
}

function choiceOf(given: Given): LetterChoice {
  const dataset = given.text("dataset");
  const reason = given.text("reason");
  const ids = given.texts("id").flatMap((text) => text.split(",").map(idOf));
  if (reason !== undefined && !(REJECTION_REASONS as readonly string[]).includes(reason)) {
    throw usageError(
      `--reason: expected one of ${REJECTION_REASONS.join(", ")}; came ${JSON.stringify(reason)}`,
    );
  }
  return {
    ...(dataset === undefined ? {} : { dataset }),
    ...(reason === undefined ? {} : { reason: reason as RejectionReason }),
    ...(ids.length === 0 ? {} : { ids }),
  };
}

function idOf(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text.trim())) return Number(text);
  throw usageError(`--id: expected ids such as 1,2; came ${JSON.stringify(text)}`);
}

function wholeOf(given: Given, name: string, least: number, most: number): number | undefined {
  const value = given.number(name);
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return value;
  throw usageError(`--${name}: expected a whole number from ${least} to ${most}; came ${value}`);
}

async function atServer(given: Given, work: (client: RemoteStoreClient) => Promise<void>): Promise<void> {
  const client = await openServer(given);
  try {
    await work(client);
  } finally {
    await client.close();
  }
}
