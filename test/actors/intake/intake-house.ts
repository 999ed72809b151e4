/**
 * An intake with its lane, anonymizer and recorder in one inline system, on a clock and a folder that a test holds. All houses of a test file
 * lie in one memory, one after the other.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import anonymizer, { anonymizerScratchBytes } from "../../../actors/anonymizer/anonymizer.ts";
import type { KeepLetters } from "../../../actors/dead-letters/protocol.ts";
import intake, { type IntakeConfig } from "../../../actors/intake/intake.ts";
import type { PushBody, Pushed, PushRefused, RequestKey } from "../../../actors/intake/protocol.ts";
import { intakeScratchBytes } from "../../../actors/intake/scratch.ts";
import { type LedgerSpec, placeLedger, readLedger } from "../../../actors/ledger.ts";
import recorder from "../../../actors/recorder/recorder.ts";
import { kernelsOf } from "../../../actors/resources.ts";
import type { Dataset } from "../../../datasets/define.ts";
import { datasets } from "../../../datasets/index.ts";
import { optimization } from "../../../datasets/optimization.ts";
import { process } from "../../../datasets/process.ts";
import { maxBatchBytes } from "../../../datasets/write-rows.ts";
import { StagingArea } from "../../../ingest/staging-area.ts";
import type {
  ActorContext,
  ActorFactory,
  AskResult,
  Behaviour,
  Message,
} from "../../../runtime/actor/types.ts";
import { alignUp } from "../../../runtime/arena.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import type { LaneWriter } from "../../../runtime/lane/index.ts";
import { createSystem } from "../../../runtime/system.ts";
import { compileKernels, createKernelMemory, KERNEL_STATIC_BYTES } from "../../../wasm/index.ts";
import { syntheticRow, temporaryFolder } from "../../e2e/support.ts";

const LOG_STAGING_BYTES = 2 ** 20;
const STAGING_BYTES = 2 ** 24;
/** What a body of these houses may unpack to. */
export const UNPACKED_BYTES = 2 ** 22;
const module = compileKernels();
export const pushed: readonly Dataset[] = [optimization, process];
const memory = createKernelMemory({ bytes: 72 * 2 ** 20 });
let usedBytes = 0;

export interface HouseOptions {
  readonly dataFolder?: string;
  readonly slots?: number;
  readonly seed?: number;
  /** Of the process lane; default: what any batch fits into. */
  readonly slotBytes?: number;
  readonly rowsPerSecond?: Readonly<Record<string, number>>;
}

export type Answer = AskResult<Pushed | PushRefused>;

export interface Sent {
  result: Answer | undefined;
}

export async function openHouse(
  t: { after(fn: () => void): void },
  { dataFolder = temporaryFolder(t), slots = 16, seed = 1, slotBytes, rowsPerSecond = {} }: HouseOptions = {},
) {
  new Uint8Array(memory.buffer).fill(0, KERNEL_STATIC_BYTES, usedBytes);
  const clock = new VirtualClock();
  const slotBytesOf = (name: string, most: number) =>
    name === process.name && slotBytes !== undefined ? slotBytes : alignUp(most, 64);
  const lanes = pushed.map((dataset) => ({
    name: dataset.name,
    slots,
    slotBytes: slotBytesOf(dataset.name, maxBatchBytes(dataset)),
    tiers: [["anonymizer"], ["recorder"]],
  }));
  const actor = (name: string, config: unknown, more = {}) => ({
    ...{ name, module: "", thread: "main", config },
    ...more,
  });
  /** Called before a slot is claimed, and before those that were are shown. What it throws, the intake dies of. */
  const faults: { onWriter: ((what: "claim" | "publish") => void) | undefined } = { onWriter: undefined };
  /** What the keeper of dead letters was told. */
  const letters: KeepLetters[] = [];
  const factories: Readonly<
    Record<string, (context: ActorContext<never>) => Behaviour | Promise<Behaviour>>
  > = {
    anonymizer,
    recorder,
    "dead-letters": () => ({
      receive(message) {
        letters.push(message as KeepLetters);
      },
    }),
    intake: (context) =>
      intake({
        ...context,
        writer: (lane) => watched(context.writer(lane), (what) => faults.onWriter?.(what)),
      }),
  };
  const config: IntakeConfig = {
    dataFolder,
    deadLetters: true,
    datasets: pushed.map(({ name }) => name),
    rowsPerSecond,
    unpackedBytes: UNPACKED_BYTES,
  };
  const system = createSystem({
    ...{ memory, arenaFrom: KERNEL_STATIC_BYTES, placement: "inline", clock, seed, lanes },
    groups: [
      {
        name: "all",
        intensity: { restarts: 100, withinMs: 1000 },
        actors: [
          actor(
            "recorder",
            { dataFolder, segmentBytes: 2 ** 22, stagingBytes: LOG_STAGING_BYTES },
            { scratchBytes: LOG_STAGING_BYTES },
          ),
          actor("anonymizer", { dataFolder }, { scratchBytes: anonymizerScratchBytes }),
          actor("dead-letters", {}),
          actor("intake", config, {
            writes: config.datasets,
            scratchBytes: intakeScratchBytes(pushed, UNPACKED_BYTES),
            mailboxSize: 256,
          }),
        ],
      },
    ],
    resources: (arena) => {
      const ledger = placeLedger(
        arena,
        datasets.map(({ name }) => name),
      );
      const offset = arena.allocate(STAGING_BYTES, "the staging area");
      usedBytes = memory.buffer.byteLength - arena.freeBytes;
      return { kernels: module, ledger, staging: { offset, bytes: STAGING_BYTES } };
    },
    load: ({ name }) => factories[name] as ActorFactory,
  });
  const kernels = kernelsOf({ memory, resources: system.resources } as unknown as ActorContext<never>);
  const staging = system.resources["staging"] as { readonly offset: number; readonly bytes: number };
  const area = new StagingArea(memory, staging, kernels.crc32c);
  assert.deepEqual(await started(), { ok: true });

  async function started() {
    let outcome: Awaited<ReturnType<typeof system.start>> | undefined;
    void system.start().then((result) => {
      outcome = result;
    });
    for (let turn = 0; outcome === undefined && turn < 1000; turn++) {
      if (!(await step())) clock.advance(5);
    }
    return outcome;
  }

  const ledger = (dataset: string) =>
    readLedger(memory, system.resources["ledger"] as LedgerSpec).find((row) => row.dataset === dataset)!;

  /** Asks the intake; the answer is in `result` once there is one. */
  function ask(message: Message): Sent {
    const sent: Sent = { result: undefined };
    void system.ask<Pushed | PushRefused>("intake", message, 60_000).then((result) => {
      sent.result = result;
    });
    return sent;
  }
  const send = (dataset: string, rows: readonly unknown[]) =>
    ask({ kind: "intake.push", dataset, rows } as Message);

  /** Puts a body into the staging area and asks the intake to take it. */
  function sendBody(body: string | Uint8Array, more: Partial<Omit<PushBody, "kind" | "at">> = {}) {
    const place = area.tryPlace(typeof body === "string" ? Buffer.from(body) : body);
    assert.ok(place !== undefined, "the staging area is full");
    const { at, bytes } = place;
    const message: PushBody = {
      ...{ kind: "intake.body", dataset: "optimization", format: "ndjson", packing: "identity" },
      ...{ acknowledge: "disk", request: null, at, bytes },
      ...more,
    };
    return { place, sent: ask(message) };
  }
  async function step(): Promise<boolean> {
    const worked = await system.step();
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    return worked;
  }
  async function settle(passes = 30): Promise<void> {
    for (let pass = 0; pass < passes; pass++) {
      while (await step());
      clock.advance(100);
    }
  }
  async function push(dataset: string, rows: readonly unknown[]): Promise<Answer> {
    const sent = send(dataset, rows);
    await settle();
    return sent.result ?? assert.fail("there is no answer");
  }
  async function pushBody(
    body: string | Uint8Array,
    more: Partial<Omit<PushBody, "kind" | "at">> = {},
  ): Promise<Answer> {
    const { sent } = sendBody(body, more);
    await settle();
    return sent.result ?? assert.fail("there is no answer");
  }
  async function stop(): Promise<void> {
    let isStopped = false;
    void system.stop().then(() => {
      isStopped = true;
    });
    for (let turn = 0; !isStopped && turn < 1000; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(20);
    }
  }
  return {
    ...{
      system,
      dataFolder,
      clock,
      kernels,
      ledger,
      ask,
      send,
      sendBody,
      step,
      settle,
      push,
      pushBody,
      stop,
    },
    ...{ faults, area, memory, letters, usedBytes },
  };
}

export type House = Awaited<ReturnType<typeof openHouse>>;

export const goodRows = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => syntheticRow(from + index));

export function ndjson(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

/** A request's key, as HTTP makes it of a sender's. */
export function requestKey(number: number, body: number): RequestKey {
  return { key: number.toString(16).padStart(32, "0"), body };
}

export function processRow(name: string): Record<string, unknown> {
  return { timestamp: 0, pid: 1, name, working_set_mb: 1 };
}

export function taken(result: Answer | undefined): Pushed {
  assert.ok(result?.ok && result.value.ok, JSON.stringify(result));
  return result.value;
}

export function refused(result: Answer | undefined): PushRefused {
  assert.ok(result?.ok && !result.value.ok, JSON.stringify(result));
  return result.value;
}

function watched(writer: LaneWriter, on: (what: "claim" | "publish") => void): LaneWriter {
  return {
    spec: writer.spec,
    get position() {
      return writer.position;
    },
    tryClaim() {
      on("claim");
      return writer.tryClaim();
    },
    publish() {
      on("publish");
      writer.publish();
    },
    abandon: () => writer.abandon(),
    free: () => writer.free(),
    lastPublishedSlot: () => writer.lastPublishedSlot(),
  } as unknown as LaneWriter;
}
