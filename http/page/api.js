// Asking the server. A problem is thrown in the server's own words (RFC 9457: `detail`).

import { heard, missed } from "./connection.js";

const ANSWER_MS = 15_000;

export class ApiError extends Error {
  constructor(message, status = 0, code = "", againMs = undefined) {
    super(message);
    this.name = "ApiError";
    /** HTTP's; 0: there was no answer. */
    this.status = status;
    /** The last part of the problem's type, such as `token-needed`. */
    this.code = code;
    /** After so long the same may be asked again, says the server (`Retry-After`); undefined: it is refused for good. */
    this.againMs = againMs;
  }
}

let signedOut = () => {};

/** What happens when an answer says that a token is needed. */
export function onSignedOut(listener) {
  signedOut = listener;
}

export const getJson = (path) => askJson(path, {});

export function sendJson(method, path, body, { signal, timeoutMs } = {}) {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const text = body === undefined ? undefined : JSON.stringify(body);
  return askJson(path, { method, headers, body: text, signal }, timeoutMs);
}

async function askJson(path, init, timeoutMs) {
  const response = await ask(
    path,
    { ...init, headers: { accept: "application/json", ...init.headers } },
    timeoutMs,
  );
  if (response.status === 204) return null;
  return bodyOf(response, "json", init.signal);
}

/** What an answer holds, read as `json` or `text`. One that breaks off is no answer. @throws ApiError */
export async function bodyOf(response, kind, signal) {
  try {
    return await response[kind]();
  } catch (error) {
    if (signal?.aborted) throw error;
    missed();
    throw new ApiError("the server's answer broke off");
  }
}

/** An answer that is no problem. /health says how it is with a status of its own. @throws ApiError */
export async function ask(path, init = {}, timeoutMs = ANSWER_MS) {
  const limits = [
    init.signal,
    timeoutMs === Number.POSITIVE_INFINITY ? undefined : AbortSignal.timeout(timeoutMs),
  ];
  let response;
  try {
    response = await fetch(path, {
      cache: "no-store",
      ...init,
      signal: AbortSignal.any(limits.filter(Boolean)),
    });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    missed();
    throw new ApiError("the server does not answer");
  }
  heard();
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("application/problem+json")) {
    const { detail, title, type: code = "" } = await bodyOf(response, "json", init.signal);
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    const againMs = Number.isNaN(seconds) ? undefined : 1000 * seconds;
    const error = new ApiError(detail ?? title, response.status, code.split(":").at(-1), againMs);
    if (response.status === 401 && init.method !== "POST") signedOut();
    throw error;
  }
  if (!response.ok && !type.startsWith("application/json")) {
    throw new ApiError(`the server answered with ${response.status}`, response.status);
  }
  return response;
}
