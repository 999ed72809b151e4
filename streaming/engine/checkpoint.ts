/**
 * A checkpoint's bytes: a mark and a version, what the windows are (another engine cannot go on from them), the state, and a CRC-32
 * (IEEE 802.3) of all that.
 */

import { StateReader, StateWriter } from "../../windowing/state.ts";
import { readText, writeText } from "./key-dictionary.ts";
import type { EnginePlan } from "./plan.ts";
import { loadResult, saveResult, type WindowResult } from "./window-result.ts";
import type { WindowStage } from "./window-stage.ts";

/** "MSEC", little-endian. */
const MARK = 0x4345534d;
const VERSION = 1;
const CRC_BYTES = 4;
const CRC_POLYNOMIAL = 0xedb88320;

export interface EngineState {
  readonly position: number;
  readonly undelivered: readonly WindowResult[];
}

export function packCheckpoint(state: EngineState, plan: EnginePlan, stage: WindowStage): Uint8Array {
  const out = new StateWriter();
  const names = plan.measures.map(({ name }) => name);
  out.u32(MARK);
  out.u32(VERSION);
  writeText(out, meaning(plan));
  out.f64(state.position);
  out.u32(state.undelivered.length);
  for (const window of state.undelivered) saveResult(window, names, out);
  stage.save(out);
  out.u32(crc32(out.written));
  return out.written.slice();
}

/** Reads the state, and brings the stage to it. @throws RangeError, PoolExhausted; the stage is as it was then */
export function unpackCheckpoint(bytes: Uint8Array, plan: EnginePlan, stage: WindowStage): EngineState {
  const body = bytes.subarray(0, Math.max(0, bytes.byteLength - CRC_BYTES));
  const from = new StateReader(body);
  if (body.byteLength < 8 || from.u32() !== MARK) {
    throw new RangeError("checkpoint: expected the bytes of a checkpoint; came something else");
  }
  const version = from.u32();
  if (version !== VERSION) {
    throw new RangeError(`checkpoint: expected version ${VERSION}; came ${version}`);
  }
  if (new StateReader(bytes.subarray(body.byteLength)).u32() !== crc32(body)) {
    throw new RangeError(
      "checkpoint: expected the bytes as they were written; they have changed or are cut off",
    );
  }
  const [came, expected] = [readText(from), meaning(plan)];
  if (came !== expected) {
    throw new RangeError(`checkpoint: expected one of an engine with ${expected}; came one with ${came}`);
  }
  const names = plan.measures.map(({ name }) => name);
  const position = from.f64();
  const undelivered: WindowResult[] = [];
  for (let left = from.u32(); left > 0; left--) undelivered.push(loadResult(from, names));
  stage.load(from);
  return { position, undelivered };
}

/** What the state is of. Bounds and deadlines may be others. */
function meaning({ settings, measures, key }: EnginePlan): string {
  const { shape, disorderMs, latenessMs } = settings;
  const names = measures.map(({ name }) => name);
  return JSON.stringify({
    windows: shape,
    disorderMs,
    latenessMs,
    measures: names,
    hasKey: key !== undefined,
  });
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ CRC_POLYNOMIAL;
  return crc >>> 0;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] as number);
  return (crc ^ 0xffffffff) >>> 0;
}
