/**
 * One pushed body's way: into a place of the staging area, to the intake, and back what it says. Whoever sent it may be gone meanwhile,
 * which changes nothing: its rows are taken.
 *
 * A place goes back when the intake is done with it, or is another one by now (ingest/staging-area.ts).
 */

import {
  type Acknowledgement,
  INTAKE,
  type Packing,
  type PushBody,
  type Pushed,
  type PushRefused,
} from "../../actors/intake/protocol.ts";
import type { PushFormat } from "../../ingest/decoder.ts";
import type { StagingArea } from "../../ingest/staging-area.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import { askPatiently } from "../ask.ts";
import type { ControlDeps } from "../control.ts";
import type { IngestDoors } from "./doors.ts";
import { NO_ROOM_RETRY_MS, PUSH_ANSWER_MS } from "./limits.ts";
import { type PushAnswer, type PushProblem, pushAnswer } from "./push-answer.ts";
import type { PushOutcome } from "./push-counts.ts";
import { keyDigest } from "./request-key.ts";

export interface PushRequest {
  /** One that may be pushed. */
  readonly dataset: string;
  readonly format: PushFormat;
  readonly packing: Packing;
  readonly acknowledge: Acknowledgement;
  /** As its sender has it. Null: it is taken as often as it comes. */
  readonly key: string | null;
}

export type PushResult = { readonly ok: true; readonly answer: PushAnswer } | PushProblem;

export class Pusher {
  readonly #deps: ControlDeps;
  readonly #doors: IngestDoors;

  constructor(deps: ControlDeps, doors: IngestDoors) {
    this.#deps = deps;
    this.#doors = doors;
    // Whoever had places in his hands is gone when the next one runs.
    deps.transitions.listen(({ child, from, to }) => {
      if (child === INTAKE && to === "running" && from !== "paused") doors.staging.readersGone();
    });
  }

  /** @param body is copied before this returns, and not kept */
  push(request: PushRequest, body: Uint8Array): Promise<PushResult> {
    const { staging } = this.#doors;
    const place = staging.tryPlace(body);
    if (place === undefined) return Promise.resolve(this.#counted(request, body.byteLength, noRoom()));
    const { dataset, format, packing, acknowledge, key } = request;
    const message: PushBody = {
      kind: "intake.body",
      ...{ dataset, format, packing, acknowledge },
      ...{ at: place.at, bytes: place.bytes },
      request: key === null ? null : { key: keyDigest(dataset, key), body: staging.checksumOf(place) },
    };
    const asked = askPatiently<Pushed | PushRefused>(this.#deps, INTAKE, message, PUSH_ANSWER_MS);
    return asked.then(
      (result) => {
        this.#giveBack(place, result);
        return this.#counted(request, place.bytes, pushAnswer(result));
      },
      (error: unknown) => {
        staging.release(place);
        throw error;
      },
    );
  }

  #giveBack(place: Parameters<StagingArea["release"]>[0], result: AskResult<unknown>): void {
    const { staging } = this.#doors;
    if (!result.ok && result.reason === "full") staging.release(place);
    else staging.quarantine(place);
  }

  #counted({ dataset, format }: PushRequest, bytes: number, result: PushResult): PushResult {
    this.#doors.counts.add(dataset, format, outcomeOf(result), bytes);
    return result;
  }
}

function noRoom(): PushProblem {
  return {
    ok: false,
    code: "too-many",
    detail:
      "too many bodies wait to be taken apart; nothing of this one was taken: send it again in a moment",
    more: { reason: "no-room" },
    retryAfterMs: NO_ROOM_RETRY_MS,
    isUnknown: false,
  };
}

function outcomeOf(result: PushResult): PushOutcome {
  if (result.ok) return "taken";
  if (result.isUnknown) return "unknown";
  return result.retryAfterMs === undefined ? "refused" : "delayed";
}
