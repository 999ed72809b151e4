/**
 * A query's text, as far as it must be understood before DuckDB runs it: that it reads, and where it begins and ends. What a token
 * is, DuckDB says; that it is one statement, and a right one, DuckDB has said before.
 *
 * Three things keep a query from writing: the word it begins with, the read-only transaction it runs in, and that the database is
 * its own and gone with it.
 */

import { type Refused, refuse } from "../refused.ts";
import type { QueryParam } from "./protocol.ts";
import { quoteText } from "./tables.ts";

/** What a statement that reads may begin with. */
const READING = [
  "select",
  "with",
  "values",
  "from",
  "table",
  "pivot",
  "unpivot",
  "describe",
  "desc",
  "show",
  "summarize",
  "explain",
];

export interface Statement {
  readonly ok: true;
  /** Without a semicolon at its end, and without EXPLAIN before it. */
  readonly text: string;
  /** `EXPLAIN …` with its options, as it came; empty for a query that gives rows. */
  readonly explain: string;
  /** Whether its rows are wanted, or at least gone through: not for EXPLAIN without ANALYZE. */
  readonly isRun: boolean;
}

/** @param offsets where its tokens begin, in bytes of UTF-8 */
export function readStatement(sql: string, offsets: readonly number[]): Statement | Refused<"refused"> {
  const bytes = new TextEncoder().encode(sql);
  const decoder = new TextDecoder();
  const textAt = (from: number, to: number = bytes.byteLength) => decoder.decode(bytes.subarray(from, to));
  const words = offsets.map((offset, index) => firstWord(textAt(offset, offsets[index + 1])));
  let end = words.length;
  while (end > 0 && words[end - 1] === ";") end--;
  const text = (from: number) => textAt(offsets[from] ?? 0, offsets[end]);

  const begin = words.findIndex((word) => word !== "(");
  const verb = words[begin] ?? "";
  if (!READING.includes(verb)) {
    return refuse(
      "refused",
      `expected a query that reads, beginning with ${READING.slice(0, -1)
        .map((word) => word.toUpperCase())
        .join(", ")} or EXPLAIN; came ${named(verb)}. Nothing can be written, and no setting changed`,
    );
  }
  if (verb !== "explain" || begin > 0) return { ok: true, text: text(0), explain: "", isRun: true };

  const from = afterExplain(words);
  const explained = words[from] === "(" ? words.slice(from).find((word) => word !== "(") : words[from];
  if (!READING.includes(explained ?? "")) {
    return refuse("refused", `expected a query that reads after EXPLAIN; came ${named(explained ?? "")}`);
  }
  const explain = textAt(offsets[0] ?? 0, offsets[from]);
  return { ok: true, text: text(from), explain, isRun: words.slice(0, from).includes("analyze") };
}

/** A parameter as a literal of DuckDB's own. */
export function literal(param: QueryParam, index: number): string | Refused<"refused"> {
  switch (typeof param) {
    case "string":
      if (param.includes("\0"))
        return refuse("refused", `parameter ${index + 1}: expected text without NUL characters`);
      return quoteText(param);
    case "boolean":
      return param ? "true" : "false";
    case "number":
      if (!Number.isFinite(param))
        return refuse("refused", `parameter ${index + 1}: expected a finite number; came ${param}`);
      if (Number.isSafeInteger(param) && !Object.is(param, -0)) return String(param);
      // With an exponent it is a DOUBLE; without, it would be a DECIMAL.
      return /e/.test(String(param)) ? String(param) : `${Object.is(param, -0) ? "-0" : param}e0`;
    default:
      return "NULL";
  }
}

/** Index of the token that follows EXPLAIN, ANALYZE and options in parentheses. */
function afterExplain(words: readonly string[]): number {
  let at = 1;
  while (words[at] === "analyze" || words[at] === "verbose") at++;
  const isOptions = words[at] === "(" && ["format", "analyze"].includes(words[at + 1] ?? "");
  if (isOptions) at = words.indexOf(")", at) + 1;
  return at;
}

/** A word as it is told of: not all of it when it is long, nothing when it is none. */
function named(word: string): string {
  return /^\w/.test(word) ? word.toUpperCase().slice(0, 40) : "nothing";
}

function firstWord(token: string): string {
  return (/^\w+|^./s.exec(token)?.[0] ?? "").toLowerCase();
}
