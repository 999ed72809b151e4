/** An intake that a test makes up: what it was asked, with the body as it lay in its place, and what it answers. */

import type { PushBody, Pushed, PushRefused } from "../../../actors/intake/protocol.ts";
import { PushCounts } from "../../../http/push/push-counts.ts";
import { createTransitionLog } from "../../../http/transitions.ts";
import { PLACE_FREE, PLACE_HEAD_BYTES } from "../../../ingest/staging.ts";
import { StagingArea } from "../../../ingest/staging-area.ts";
import type { AskResult } from "../../../runtime/actor/types.ts";
import { type Asked, type Control, type ControlOptions, good, openControl } from "../support.ts";

export interface Taken extends PushBody {
  readonly body: Uint8Array;
}

export interface FakeIntake extends Control {
  readonly taken: readonly Taken[];
  readonly staging: StagingArea;
  readonly counts: PushCounts;
  readonly transitions: ReturnType<typeof createTransitionLog>;
}

export type Answer = (
  taken: Taken,
) => AskResult<Pushed | PushRefused> | Promise<AskResult<Pushed | PushRefused>>;

export interface FakeIntakeOptions extends Omit<ControlOptions, "answer" | "ingest"> {
  /** Default: a row a line, all of them good. */
  readonly answer?: Answer;
  readonly stagingBytes?: number;
}

export const accepted = (rows: number, more: Partial<Pushed> = {}): AskResult<Pushed> => ({
  ok: true,
  value: {
    ok: true,
    accepted: rows,
    rejected: 0,
    rejections: [],
    reasons: {},
    fromSequence: rows === 0 ? null : 0,
    toSequence: rows === 0 ? null : rows,
    repeated: 0,
    ...more,
  },
});

export const refusing = (
  reason: PushRefused["reason"],
  more: Partial<PushRefused> = {},
): AskResult<PushRefused> => ({ ok: true, value: { ok: false, reason, message: `why: ${reason}`, ...more } });

/** Doors with a memory of their own. */
export function fakeDoors(stagingBytes = 2 ** 20) {
  const spec = { offset: 64, bytes: stagingBytes };
  const buffer = new SharedArrayBuffer(spec.offset + spec.bytes + 64);
  const bytes = new Uint8Array(buffer);
  const staging = new StagingArea({ buffer }, spec, (at, length) =>
    bytes.subarray(at, at + length).reduce((sum, byte) => (sum * 31 + byte) >>> 0, 7),
  );
  return { bytes, staging, counts: new PushCounts() };
}

export function openIntake(options: FakeIntakeOptions = {}): FakeIntake {
  const { answer = ({ body }) => accepted(lines(body)), stagingBytes = 2 ** 20, ...others } = options;
  const { bytes, staging, counts } = fakeDoors(stagingBytes);
  const transitions = createTransitionLog();
  const taken: Taken[] = [];
  const control = openControl({
    transitions,
    ...others,
    ingest: { staging, counts },
    async answer(asked: Asked) {
      if (asked.message.kind !== "intake.body") return good(undefined);
      const message = asked.message as PushBody;
      const { at } = message;
      const own = { ...message, body: bytes.slice(at, at + message.bytes) };
      taken.push(own);
      const result = await answer(own);
      if (result.ok) {
        bytes.fill(0, at, at + message.bytes);
        Atomics.store(new Int32Array(bytes.buffer), (at - PLACE_HEAD_BYTES) / 4, PLACE_FREE);
      }
      return result;
    },
  });
  return { ...control, taken, staging, counts, transitions };
}

function lines(body: Uint8Array): number {
  return new TextDecoder()
    .decode(body)
    .split("\n")
    .filter((line) => line !== "").length;
}
