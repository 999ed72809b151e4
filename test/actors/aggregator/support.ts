/** An aggregator without a system: messages in, answers out, its timers on a clock that a test moves. */

import assert from "node:assert/strict";
import aggregator, { type AggregatorConfig } from "../../../actors/aggregator/aggregator.ts";
import type { AggregatorMessage, AggregatorReplies } from "../../../actors/aggregator/protocol.ts";
import { aggregatorScratchBytes } from "../../../actors/aggregator/scratch.ts";
import type { ActorContext, AskResult, Behaviour, Message, Reply } from "../../../runtime/actor/types.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import { compileKernels, createKernelMemory, KERNEL_STATIC_BYTES } from "../../../wasm/index.ts";
import { temporaryFolder } from "../../e2e/support.ts";

const STATE_BYTES = 4 * 2 ** 20;
const memory = createKernelMemory({
  bytes: KERNEL_STATIC_BYTES + aggregatorScratchBytes({ stateBytes: STATE_BYTES }),
});
const resources = { kernels: compileKernels() };

export interface OpenAggregator {
  readonly behaviour: Behaviour;
  readonly clock: VirtualClock;
  readonly dataFolder: string;
  readonly memory: WebAssembly.Memory;
  /** What was logged, in one text. */
  readonly logged: () => string;
  ask<M extends AggregatorMessage>(message: M): AskResult<AggregatorReplies[M["kind"]]>;
  /** The same, for an answer that has to be one. */
  answer<M extends AggregatorMessage>(message: M): AggregatorReplies[M["kind"]];
}

/** One at a time: they share a memory. */
export function openAggregator(
  t: { after(fn: () => void): void },
  more: Partial<AggregatorConfig> = {},
): OpenAggregator {
  const clock = new VirtualClock(Date.UTC(2026, 5, 1, 12));
  const dataFolder = more.dataFolder ?? temporaryFolder(t);
  const config: AggregatorConfig = {
    dataFolder,
    windowMs: 60_000,
    maxStreams: 100,
    whenFull: "other",
    stateBytes: STATE_BYTES,
    ...more,
  };
  let logged = "";
  const line = (...said: unknown[]) => {
    logged += `${JSON.stringify(said)}\n`;
  };
  const context = {
    name: "aggregator",
    config,
    clock,
    log: { trace: line, debug: line, info: line, warning: line, error: line, isEnabled: () => true },
    memory,
    scratch: KERNEL_STATIC_BYTES,
    resources,
    every(intervalMs: number, handler: () => void, firstMs = 0) {
      const again = () => {
        handler();
        clock.after(intervalMs, again);
      };
      return clock.after(firstMs, again);
    },
  } as unknown as ActorContext<AggregatorConfig>;
  const behaviour = aggregator(context) as Behaviour;
  const ask: OpenAggregator["ask"] = (message) => {
    let result: AskResult<never> | undefined;
    const reply = ((value: never) => {
      result ??= { ok: true, value };
    }) as unknown as Reply & { fail: unknown };
    reply.fail = (reason: string) => {
      result ??= { ok: false, reason: "failed", message: reason };
    };
    void behaviour.receive!(message as Message, reply);
    return result ?? assert.fail("there is no answer");
  };
  return {
    behaviour,
    clock,
    dataFolder,
    memory,
    logged: () => logged,
    ask,
    answer(message) {
      const result = ask(message);
      assert.ok(result.ok, JSON.stringify(result));
      return result.value;
    },
  };
}
