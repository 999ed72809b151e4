/** Dead letters of a running Millrace: rows that were pushed and refused. */

import type { LetterChoice } from "../actors/dead-letters/protocol.ts";
import type { Refused } from "../actors/refused.ts";
import type { LettersView } from "../http/letters-view.ts";
import type { ChannelRefusal, HttpChannel } from "./http-channel.ts";
import type { StatsRefusal } from "./store-client.ts";

export interface LetterListOptions extends LetterChoice {
  /** From 0 to 1000; default 100. */
  readonly limit?: number;
  /** Only those of a lower id: the `next` of the page before. */
  readonly before?: number;
}

export type LetterRefusal = StatsRefusal | "unknown-dataset" | "bad-option";

export interface ReplayedLetters {
  readonly ok: true;
  readonly accepted: number;
  /** Refused again: they stay. */
  readonly rejected: number;
  /** Of which only the reason was kept. */
  readonly notReplayable: number;
}

export interface DeadLetterClient {
  /** The latest first. */
  deadLetters(
    options?: LetterListOptions,
  ): Promise<({ readonly ok: true } & LettersView) | Refused<LetterRefusal>>;
  /** Pushes them again; default: all. Resolves when those that are good now are on the disk. */
  replayDeadLetters(
    choice?: LetterChoice,
  ): Promise<
    ReplayedLetters | Refused<LetterRefusal | "busy" | "lane-full" | "quota" | "given-up" | "unavailable">
  >;
  /** Removes them; default: all. */
  dropDeadLetters(
    choice?: LetterChoice,
  ): Promise<{ readonly ok: true; readonly dropped: number } | Refused<LetterRefusal | "busy">>;
}

const PATH = "/v1/dead-letters";

/** @param closing aborted when the client was closed */
export function deadLetterClient(channel: HttpChannel, closing: AbortSignal): DeadLetterClient {
  async function ask<T, R extends string>(path: string, method: "GET" | "POST" | "DELETE", body?: unknown) {
    const asked = await channel.askJson<T>(path, { method, body, signal: closing });
    return asked.ok ? { ok: true as const, ...asked.value } : refused<R>(asked, closing);
  }
  return {
    deadLetters: (options = {}) => ask<LettersView, LetterRefusal>(PATH + queryOf(options), "GET"),
    replayDeadLetters: (choice = {}) => ask(`${PATH}/replay`, "POST", choice),
    dropDeadLetters: (choice = {}) => ask(PATH + queryOf(choice), "DELETE"),
  };
}

function queryOf({ dataset, reason, ids, limit, before }: LetterListOptions): string {
  const given = { dataset, reason, ids: ids?.join(","), limit, before };
  const set = Object.entries(given).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return set.length === 0 ? "" : `?${new URLSearchParams(set)}`;
}

function refused<R extends string>(refusal: ChannelRefusal, closing: AbortSignal): Refused<R> {
  if (closing.aborted)
    return { ok: false, reason: "closed" as R, message: "the connection was closed; open it again" };
  return refusal as Refused<R>;
}
