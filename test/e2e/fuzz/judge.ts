/** What has to be true of what the server answers, whatever it was asked. */

import { PROBLEMS } from "../../../http/problem.ts";
import type { Answer, Outcome } from "./connection.ts";
import type { FuzzRequest } from "./requests.ts";

/** Statuses with which a runtime itself answers what is no HTTP, or more than it takes. */
const OF_RUNTIME: readonly number[] = [400, 405, 413, 414, 417, 426, 431, 501, 505];
/** What is sent while it is made: to break off is the one way left to say that it failed. */
const BROKEN_OFF: readonly string[] = ["/v1/query", "/v1/export/{file}", "/v1/exports/{job}/file"];
/** Traces of a program in a text for people. */
const INSIDES =
  /node_modules|\.ts:\d+|\bat \S+ \(|TypeError|ReferenceError|RangeError|undefined is not|Cannot read prop/;
const TYPE = /^urn:millrace:problem:([a-z-]+)$/;

/** What is wrong with an outcome; undefined: nothing. */
export function fault(request: FuzzRequest, outcome: Outcome): string | undefined {
  for (const answer of outcome.answers) {
    const wrong = answerFault(request, answer);
    if (wrong !== undefined) return wrong;
  }
  if (request.answers === 0 || outcome.answers.length >= request.answers) return undefined;
  if (outcome.answers.some(({ headers }) => headers.get("connection") === "close")) return undefined;
  // Bun sends the head of an answer with its first byte, which may be a row that never comes.
  if (outcome.kind === "silent") return request.isOpenEnded ? undefined : "it was not answered";
  if (outcome.kind === "answers") return undefined;
  // Where a client is busy, Bun's sockets report a reset alone, and not what came before it: it may have begun.
  const mayHaveBegun = outcome.isBegun || outcome.error === "ECONNRESET";
  if (mayHaveBegun && BROKEN_OFF.includes(request.target.path)) return undefined;
  if (!request.mayBreak) return `the connection was broken: ${outcome.error ?? "closed"}`;
  return undefined;
}

function answerFault(request: FuzzRequest, { status, headers, body, isWhole }: Answer): string | undefined {
  const { isHead, answers } = request;
  if (status < 400) return undefined;
  const isFramed = answers > 0;
  const type = headers.get("content-type") ?? "";
  if (type !== "application/problem+json") {
    // Health, which other paths may lead to.
    if (status === 503 && textOf(body).startsWith('{"status":"degraded"')) return undefined;
    if (status === 503 && isHead) return undefined;
    if (!isFramed && type === "" && OF_RUNTIME.includes(status)) return undefined;
    if (isFramed && status === 413 && request.mayBreak) return undefined;
    return `status ${status} is no problem+json but ${type || "nothing"}: ${textOf(body).slice(0, 200)}`;
  }
  if (status >= 500 && status !== 503 && !isDeclared(request, status)) {
    return `status ${status}: ${textOf(body).slice(0, 300)}`;
  }
  if (isHead || !isWhole) return undefined;
  return problemFault(status, textOf(body));
}

function problemFault(status: number, text: string): string | undefined {
  let problem: { readonly [member: string]: unknown };
  try {
    problem = JSON.parse(text);
  } catch {
    return `the problem is no JSON: ${text.slice(0, 200)}`;
  }
  const code = TYPE.exec(String(problem["type"]))?.[1];
  const known = Object.entries(PROBLEMS).find(([name]) => name === code)?.[1];
  if (known === undefined) return `the problem has the type ${String(problem["type"])}`;
  if (known[0] !== status || problem["status"] !== status)
    return `the problem says ${String(problem["status"])}, not ${status}`;
  const { detail, instance } = problem;
  if (typeof detail !== "string" || detail === "") return "the problem has no detail";
  if (typeof instance !== "string") return "the problem has no instance";
  if (INSIDES.test(detail)) return `the problem tells of the program: ${detail.slice(0, 200)}`;
  return undefined;
}

function isDeclared({ target }: FuzzRequest, status: number): boolean {
  // Every operation declares 500: it is never to be met.
  return status !== 500 && Object.hasOwn(target.operation.responses, String(status));
}

function textOf(body: Uint8Array): string {
  return new TextDecoder().decode(body);
}
