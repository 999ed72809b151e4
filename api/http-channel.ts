/** Requests to a running Millrace, and its problems (RFC 9457) as refusals. Nothing here throws but for a bug. */

import { type Refused, refuse } from "../actors/refused.ts";
import { cutBody } from "./cut-body.ts";

export interface ChannelOptions {
  /** Where it listens, such as `http://127.0.0.1:8787`. */
  readonly url: string;
  readonly token?: string;
}

export interface Ask {
  readonly method?: "GET" | "POST" | "DELETE";
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly accept?: string;
  /** Of a stream that is taken up again: what it said last of where we stand. */
  readonly lastEventId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Why there is no answer of use. `reason` is the server's word where it has one. */
export type ChannelRefusal = Refused<string>;

export type Answered = { readonly ok: true; readonly response: Response } | ChannelRefusal;

/** What each kind of problem is to who asked, where the problem does not say it in the words of the actor that refused. */
const REASONS: Readonly<Record<string, string>> = {
  "token-needed": "denied",
  "scope-needed": "denied",
  "too-many-failures": "denied",
  "too-fast": "too-many",
  "host-refused": "denied",
  "origin-refused": "denied",
  "bad-parameter": "bad-option",
  "bad-body": "bad-option",
  "body-refused": "bad-option",
  "too-many": "too-many",
  "unknown-dataset": "unknown-dataset",
};

export class HttpChannel {
  readonly #url: string;
  readonly #token: string | undefined;

  /** @throws TypeError when `url` is none that HTTP is spoken at */
  constructor({ url, token }: ChannelOptions) {
    const { origin, protocol } = new URL(url);
    if (protocol !== "http:" && protocol !== "https:") {
      throw new TypeError(`expected an address such as http://127.0.0.1:8787; came ${JSON.stringify(url)}`);
    }
    this.#url = origin;
    this.#token = token;
  }

  /** The answer, when it is a good one; its body is the caller's to read. An aborted signal is `cancelled`. */
  async ask(
    path: string,
    { method = "GET", body, accept = "application/json", lastEventId, signal }: Ask = {},
  ): Promise<Answered> {
    const headers: Record<string, string> = { accept };
    if (this.#token !== undefined) headers["authorization"] = `Bearer ${this.#token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    if (lastEventId !== undefined) headers["last-event-id"] = lastEventId;
    const init = {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
      redirect: "error" as const,
      // Bun's own: else it gives up after five minutes, which a long compaction may take. Others pass it over.
      timeout: false,
    };
    let response: Response;
    try {
      response = await fetch(this.#url + path, init);
    } catch (error) {
      return this.broken(
        signal,
        isUntrusted(error)
          ? `the certificate at ${this.#url} is not trusted; name the file of its authority in NODE_EXTRA_CA_CERTS, and ask under a name that it is for`
          : `nobody answers at ${this.#url}; start Millrace, or give the address it listens at`,
      );
    }
    if (response.ok)
      return { ok: true, response: signal === undefined ? response : cutBody(response, signal) };
    return this.#refusalOf(response);
  }

  /** As `ask`, with the answer read as JSON. */
  async askJson<T>(
    path: string,
    ask: Ask = {},
  ): Promise<{ readonly ok: true; readonly value: T } | ChannelRefusal> {
    const answered = await this.ask(path, ask);
    if (!answered.ok) return answered;
    try {
      return { ok: true, value: (await answered.response.json()) as T };
    } catch {
      return this.broken(ask.signal);
    }
  }

  /** Why a body could not be read to its end. */
  broken(
    signal: AbortSignal | undefined,
    message = `the connection to ${this.#url} broke; try again`,
  ): ChannelRefusal {
    if (signal?.aborted === true) return refuse("cancelled", "it was cancelled; nothing of it is left");
    return refuse("unreachable", message);
  }

  async #refusalOf(response: Response): Promise<ChannelRefusal> {
    const problem = (await response.json().catch(() => ({}))) as Readonly<Record<string, unknown>>;
    const { type, detail, reason } = problem;
    if (typeof type !== "string" || typeof detail !== "string") {
      return refuse("unreachable", `${this.#url} answered ${response.status}, and not as Millrace does`);
    }
    const code = type.slice(type.lastIndexOf(":") + 1);
    if (code === "token-needed") {
      const remedy = "give the token that it was started with (on the command line by MILLRACE_HTTP_TOKEN)";
      return refuse("denied", `${this.#url} wants a token, and this is not the one: ${remedy}`);
    }
    const said = code === "internal" ? `something went wrong at ${this.#url}: ${detail}` : detail;
    return refuse(typeof reason === "string" ? reason : (REASONS[code] ?? "unreachable"), said);
  }
}

/** Whether the other side was there, and could not show who it is. Runtimes say it in the error or in what caused it. */
function isUntrusted(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { readonly code?: unknown };
    if (/certificate/i.test(at.message) || /CERT|VERIFY/.test(String(code))) return true;
  }
  return false;
}
