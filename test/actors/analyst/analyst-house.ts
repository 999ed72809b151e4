/** An analyst over a store of log and lake, and a keeper that only writes down what it is told, on a clock that a test holds. */

import { setImmediate } from "node:timers/promises";
import analyst from "../../../actors/analyst/analyst.ts";
import type { AnalystMessage, AnalystReplies } from "../../../actors/analyst/protocol.ts";
import { datasets } from "../../../datasets/index.ts";
import { memory } from "../../../datasets/memory.ts";
import { process } from "../../../datasets/process.ts";
import type { ActorFactory } from "../../../runtime/actor/types.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import type { System } from "../../../runtime/system.ts";
import { START_MS } from "../store/log/temp-log.ts";
import { countStored, createReaderSystem } from "../store/reader-system.ts";
import { TempStore } from "../store/temp-store.ts";

export class AnalystHouse {
  readonly clock = new VirtualClock(START_MS + 12 * 3_600_000);
  readonly store = new TempStore([memory, process]);
  /** What the keeper was told. */
  readonly told: string[] = [];
  readonly system: System;

  constructor(withKeeper = true) {
    const keeper: ActorFactory<never> = () => ({
      receive: (message, reply) => {
        this.told.push(message.kind);
        reply({ ok: true });
      },
    });
    this.system = createReaderSystem({
      clock: this.clock,
      name: "analyst",
      factory: analyst,
      config: { dataFolder: this.store.at.dataFolder },
      keeper: withKeeper ? keeper : undefined,
      datasets,
    });
  }

  async start(): Promise<this> {
    const started = await this.system.start();
    if (!started.ok) throw new Error(started.message);
    return this;
  }

  /** Tells the ledger what the log holds, as the recorder would. */
  count(): void {
    for (const { name } of [memory, process]) countStored(this.system, this.store, name);
  }

  async ask<Kind extends AnalystMessage["kind"]>(
    message: Extract<AnalystMessage, { kind: Kind }>,
  ): Promise<AnalystReplies[Kind]> {
    let isAnswered = false;
    const answer = this.system.ask<AnalystReplies[Kind]>("analyst", message, 600_000).finally(() => {
      isAnswered = true;
    });
    while (!isAnswered) {
      await this.settle();
      await setImmediate();
    }
    const result = await answer;
    if (!result.ok) throw new Error(`${result.reason}: ${result.message}`);
    return result.value;
  }

  async open(sql: string): Promise<number> {
    const opened = await this.ask({ kind: "query.open", sql, params: [], format: "json" });
    if (!opened.ok) throw new Error(opened.message);
    return opened.id;
  }

  /** The whole answer, as JSON has it. */
  async answer(sql: string) {
    const id = await this.open(sql);
    let text = "";
    for (;;) {
      const chunk = await this.ask({ kind: "query.pull", id });
      if (!chunk.ok) throw new Error(`${chunk.reason}: ${chunk.message}`);
      text += Buffer.from(chunk.bytes).toString();
      if (chunk.done) return { ...JSON.parse(text), facts: chunk.facts! };
    }
  }

  async settle(): Promise<void> {
    while (await this.system.step());
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.settle();
  }

  /** Stops the system, letting as much time pass as that takes. */
  async stop(): Promise<void> {
    let isStopped = false;
    const stopped = this.system.stop().finally(() => {
      isStopped = true;
    });
    while (!isStopped) {
      await this.settle();
      await setImmediate();
    }
    await stopped;
    this.store.remove();
  }
}
