/** `millrace query`: read-only SQL over what is stored, as a table on a terminal, or as JSON, CSV or Arrow. */

import process from "node:process";
import {
  MAX_RESULT_ROWS,
  QUERY_FORMATS,
  type QueryFormat,
  type QueryParam,
} from "../actors/analyst/protocol.ts";
import type { QueryOptions, QueryRows, QueryValue } from "../api/store-client.ts";
import { onStopSignal } from "../runtime/platform/index.ts";
import type { Command, Given } from "./command.ts";
import { refusalEnd, usageError } from "./exit-codes.ts";
import { countText } from "./figures.ts";
import { type OpenedStore, openStore, STORE_ARGS } from "./open-store.ts";
import { type QueryTarget, queryTarget } from "./query-target.ts";
import { tableLines } from "./text-table.ts";

const FORMATS = ["table", ...QUERY_FORMATS] as const;
type Format = "table" | QueryFormat;

export const queryCommand: Command = {
  name: "query",
  description: "Answers read-only SQL over all that is stored; every dataset is a table",
  args: {
    sql: { type: "positional", description: "SQL as DuckDB speaks it, in quotes" },
    param: {
      type: "string",
      valueHint: "value",
      description:
        "Value for the next ? of the text; a number, true, false and null are taken as such, all else as text",
    },
    format: {
      type: "string",
      valueHint: "format",
      description: `${FORMATS.join(", ")}; default: as --output ends, else table on a terminal and csv elsewhere`,
    },
    output: { type: "string", valueHint: "file", description: "File to write; default: standard output" },
    force: { type: "boolean", description: "Replace the file when it is there" },
    "max-rows": {
      type: "string",
      valueHint: "n",
      description: `Rows at the most, to ${MAX_RESULT_ROWS}; default 10000`,
    },
    timeout: {
      type: "string",
      valueHint: "seconds",
      description: "Time it may take; default 30, at the most 600",
    },
    ...STORE_ARGS,
  },
  examples: [
    'millrace query "select count(*) from process"',
    'millrace query "select * from memory_1m where measure = ? limit 5" --param used_percent',
    'millrace query "from process" --max-rows 1000000 --output process.arrow',
  ],
  run,
};

async function run(given: Given): Promise<void> {
  const sql = given.word;
  if (sql === undefined || sql.trim() === "") {
    throw usageError('millrace query: expected SQL, such as "select count(*) from process"; came nothing');
  }
  const output = given.text("output");
  const format = formatOf(given.text("format"), output);
  const maxRows = given.number("max-rows");
  const timeout = given.number("timeout");
  const abort = new AbortController();
  const options: QueryOptions = {
    params: given.texts("param").map(paramOf),
    ...(maxRows === undefined ? {} : { maxRows }),
    ...(timeout === undefined ? {} : { timeoutMs: Math.round(timeout * 1000) }),
    signal: abort.signal,
  };
  const target = queryTarget(output, given.flag("force"));
  const offSignal = onStopSignal(() => abort.abort());
  let opened: OpenedStore | undefined;
  try {
    opened = openStore(given);
    if (format === "table") return await showTable(opened, sql, options, target);
    await sendBytes(opened, sql, format, options, target);
  } finally {
    offSignal();
    target.abandon();
    await opened?.client.close();
  }
}

async function showTable(
  opened: OpenedStore,
  sql: string,
  options: QueryOptions,
  target: QueryTarget,
): Promise<void> {
  const answer = await opened.client.query(sql, options);
  if (!answer.ok) throw refusalEnd(answer);
  await target.write(new TextEncoder().encode(`${tableText(answer)}\n`));
  target.finish();
  const { truncated, rows } = answer;
  const counted = `${countText(rows.length)} row${rows.length === 1 ? "" : "s"}`;
  process.stderr.write(`${truncated ? `the first ${counted}; --max-rows gives more` : counted}\n`);
}

async function sendBytes(
  { client }: OpenedStore,
  sql: string,
  format: QueryFormat,
  options: QueryOptions,
  target: QueryTarget,
): Promise<void> {
  const answer = await client.queryBytes(sql, format, options);
  if (!answer.ok) throw refusalEnd(answer);
  try {
    for await (const part of answer.bytes) await target.write(part);
  } catch (error) {
    if (options.signal?.aborted === true)
      throw refusalEnd({ reason: "cancelled", message: "the query was cancelled" });
    throw error;
  }
  target.finish();
}

/** What stands at the right: also those that are too large to come as numbers. */
const NUMBER_TYPE = /INT(?!ERVAL)|DOUBLE|FLOAT|DECIMAL/;

function tableText({ columns, rows }: QueryRows): string {
  const shown = columns.map(({ name, type }) => ({ title: name, isNumber: NUMBER_TYPE.test(type) }));
  const cells = rows.map((row) => columns.map(({ name }) => cellText(row[name] ?? null)));
  return tableLines(shown, cells).join("\n");
}

function cellText(value: QueryValue): string {
  return value === null ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

function formatOf(text: string | undefined, output: string | undefined): Format {
  if (text !== undefined) {
    const format = FORMATS.find((known) => known === text);
    if (format === undefined) {
      throw usageError(`--format: expected one of ${FORMATS.join(", ")}; came ${JSON.stringify(text)}`);
    }
    return format;
  }
  if (output !== undefined) {
    const ending = output.slice(output.lastIndexOf(".") + 1);
    return QUERY_FORMATS.find((format) => format === ending || `${format}s` === ending) ?? "csv";
  }
  return process.stdout.isTTY === true ? "table" : "csv";
}

/** A value as the command line can say it: what is no number, truth value or null is text; in quotes, text all the same. */
function paramOf(text: string): QueryParam {
  if (/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text)) {
    const number = Number(text);
    // Digits that a number would round are kept: DuckDB reads the text.
    return Number.isSafeInteger(number) || text.includes(".") ? number : text;
  }
  if (text === "true" || text === "false") return text === "true";
  if (text === "null") return null;
  return /^".*"$/s.test(text) ? text.slice(1, -1) : text;
}
