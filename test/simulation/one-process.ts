/**
 * One life of the process: intake, anonymizer, recorder and windower, all real, in one thread, on a data folder that outlives them,
 * under a clock, an order of steps and faults that a seed draws.
 *
 *     intake ─▶ lane ─▶ anonymizer ─▶ recorder ─▶ windower ─▶ derived lanes ─▶ recorder
 */

import { setImmediate } from "node:timers";
import { anonymizerOf, scratchBytesFor } from "../../actors/anonymizer/anonymizer.ts";
import { type IntakeConfig, intakeOf } from "../../actors/intake/intake.ts";
import { intakeScratchBytes } from "../../actors/intake/scratch.ts";
import { type LedgerRow, type LedgerSpec, placeLedger, readLedger } from "../../actors/ledger.ts";
import { recorderOn } from "../../actors/recorder/recorder.ts";
import { slotBytesOf } from "../../actors/store/log/window-bytes.ts";
import { windowerScratchBytes } from "../../actors/windower/scratch.ts";
import { type WindowerConfig, windowerOf } from "../../actors/windower/windower.ts";
import type { StagingSpec } from "../../ingest/staging.ts";
import { StagingArea } from "../../ingest/staging-area.ts";
import type { ActorContext, ActorFactory, ActorSpec, Behaviour } from "../../runtime/actor/types.ts";
import { VirtualClock } from "../../runtime/clock.ts";
import { type LaneStatus, laneStatus } from "../../runtime/lane/index.ts";
import { createSystem, type System } from "../../runtime/system.ts";
import { KERNEL_STATIC_BYTES } from "../../wasm/index.ts";
import { Faults, mortal } from "./faults.ts";
import { MortalCheckpoints, MortalDisk } from "./mortal-disk.ts";
import type { Draw } from "./random.ts";
import type { Scenario, SimulatedRules } from "./scenario.ts";
import type { Space } from "./space.ts";
import type { Trace } from "./trace.ts";

export const ACTORS = ["recorder", "windower", "anonymizer", "intake"] as const;
export type ActorName = (typeof ACTORS)[number];

const STAGING_BYTES = 2 ** 17;
/** Bodies that wait for the intake, and what one of them may unpack to. */
const BODIES_BYTES = 2 ** 18;
const UNPACKED_BYTES = 2 ** 16;
/** More than any run keeps: what a full memory leaves out depends on what it held before. */
const STATE_BYTES = 2 ** 21;

export interface ProcessOptions {
  readonly scenario: Scenario;
  readonly space: Space;
  readonly dataFolder: string;
  /** Of the windower. */
  readonly rules: SimulatedRules;
  readonly trace: Trace;
  /** Wall time at which it begins. */
  readonly startMs: number;
  /** Seeds the supervisors. */
  readonly seed: number;
  /** Decides the order of steps, and what goes wrong. */
  readonly order: Draw;
  readonly faults: Draw;
  /** Called with each checkpoint that was written. */
  readonly onCheckpoint: (path: string, bytes: Uint8Array) => void;
}

export class OneProcess {
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly disk: MortalDisk;
  readonly checkpoints: MortalCheckpoints;
  readonly system: System;
  /** Where bodies lie that the intake is asked about. */
  readonly staging: StagingArea;
  /** Actors that get no turn. */
  readonly slow = new Set<string>();
  readonly #options: ProcessOptions;

  constructor(options: ProcessOptions) {
    const { scenario, space, trace, startMs, seed, order, dataFolder } = options;
    const { family } = scenario;
    this.#options = options;
    this.clock = new VirtualClock(startMs);
    this.faults = new Faults(scenario.rates, options.faults.random, trace);
    this.disk = new MortalDisk("recorder", this.faults);
    this.checkpoints = new MortalCheckpoints("windower", this.faults, options.onCheckpoint);
    space.clear();
    const makers: Readonly<
      Record<ActorName, (context: ActorContext<never>) => Behaviour | Promise<Behaviour>>
    > = {
      recorder: (context) => recorderOn(context, this.disk, family.all),
      anonymizer: (context) => anonymizerOf(context, family.sources),
      windower: (context) =>
        windowerOf(context, {
          datasets: family.all,
          disk: this.checkpoints,
          checkpointRows: scenario.checkpointRows,
        }),
      intake: (context) => intakeOf(context, family.sources),
    };
    const actor = (name: ActorName, config: unknown, more: Partial<ActorSpec> = {}): ActorSpec => ({
      name,
      module: "",
      thread: "main",
      config,
      ...more,
    });
    const names = (datasets: readonly { readonly name: string }[]) => datasets.map(({ name }) => name);
    const windower = windowerConfig(options, options.rules);
    const intake: IntakeConfig = {
      dataFolder,
      deadLetters: false,
      datasets: names(family.sources),
      unpackedBytes: UNPACKED_BYTES,
    };
    this.system = createSystem({
      memory: space.memory,
      arenaFrom: KERNEL_STATIC_BYTES,
      placement: "inline",
      clock: this.clock,
      seed,
      chooseNext: (ready) => {
        const able = this.slow.size === 0 ? ready : ready.filter((name) => !this.slow.has(name));
        if (able.length === 0) return -1;
        const name = able[Math.floor(order.random() * able.length)] as string;
        trace.step(name);
        return ready.indexOf(name);
      },
      lanes: [
        ...family.sources.map((dataset) => ({
          name: dataset.name,
          slotBytes: slotBytesOf(dataset),
          slots: scenario.slots,
          tiers: [["anonymizer"], ["recorder"], ["windower"]],
        })),
        ...family.derived.map((dataset) => ({
          name: dataset.name,
          slotBytes: slotBytesOf(dataset),
          slots: scenario.derivedSlots,
          tiers: [["recorder"]],
        })),
      ],
      groups: [
        {
          name: "all",
          intensity: { restarts: 100_000, withinMs: 1000 },
          policy: { startDeadlineMs: 60_000 },
          actors: [
            actor(
              "recorder",
              { dataFolder, segmentBytes: scenario.segmentBytes, stagingBytes: STAGING_BYTES },
              { scratchBytes: STAGING_BYTES },
            ),
            actor("windower", windower, {
              writes: names(family.derived),
              scratchBytes: windowerScratchBytes(windower, family.all),
            }),
            actor("anonymizer", { dataFolder }, { scratchBytes: scratchBytesFor(family.sources) }),
            actor("intake", intake, {
              writes: intake.datasets,
              scratchBytes: intakeScratchBytes(family.sources, UNPACKED_BYTES),
            }),
          ],
        },
      ],
      resources: (arena) => {
        const ledger = placeLedger(arena, names(family.all));
        const staging = { offset: arena.allocate(BODIES_BYTES, "bodies"), bytes: BODIES_BYTES };
        space.takes(space.memory.buffer.byteLength - arena.freeBytes);
        return { kernels: space.module, ledger, staging };
      },
      load: ({ name }) => {
        const make = makers[name as ActorName];
        return ((context: ActorContext<never>) => mortal(context, make, this.faults, trace)) as ActorFactory;
      },
      onSupervision: ({ child, from, to, reason }) => {
        trace.note(`${child}: ${from} → ${to}${reason === undefined ? "" : `, ${reason}`}`);
        if (child === "intake" && to === "running") this.staging.readersGone();
      },
    });
    const { crc32c } = space.kernels;
    this.staging = new StagingArea(space.memory, this.system.resources["staging"] as StagingSpec, crc32c);
  }

  /** @returns whether it runs; else it has ended */
  async start(): Promise<boolean> {
    let started: boolean | undefined;
    // An actor that does not start at first ends the process: seldom, or there would be little else.
    this.faults.isSheltered = !this.#options.faults.chance(0.1);
    const starting = this.system.start().then(({ ok }) => {
      started = ok;
    });
    for (let turn = 0; started === undefined && !this.faults.isDead; turn++) {
      if (turn > 20_000) throw new Error("the system does not start");
      if (!(await this.step())) this.clock.advance(5);
    }
    this.faults.isSheltered = false;
    if (this.faults.isDead) return false;
    await starting;
    return started === true;
  }

  /** Does one thing. @returns false when there is nothing to do before time moves on */
  step(): Promise<boolean> {
    return this.system.step();
  }

  ledger(): readonly LedgerRow[] {
    return readLedger(this.system.memory, this.system.resources["ledger"] as LedgerSpec);
  }

  lanes(): readonly LaneStatus[] {
    return this.system.lanes.map((lane) => laneStatus(this.system.memory, lane));
  }

  /** Whether every row that was taken is through. */
  get isDrained(): boolean {
    return this.lanes().every(({ stages }) => stages.every(({ lagSlots }) => lagSlots === 0));
  }

  /** Has the windower take rows by other rules from now on. */
  changeRules(rules: SimulatedRules): void {
    const config = windowerConfig(this.#options, rules);
    void this.system.reconfigure("windower", config, "other rules");
  }

  /** Whether every actor runs and takes rows. */
  get isUp(): boolean {
    return this.system
      .status()
      .actors.every(({ name, paused }) => !paused && this.#stateOf(name) === "running");
  }

  /** Starts what is stopped, and resumes what is paused. */
  letRun(): void {
    for (const { name, paused } of this.system.status().actors) {
      if (paused) void this.system.command(name, "resume", "it is to end well");
      else if (this.#stateOf(name) === "stopped")
        void this.system.command(name, "start", "it is to end well");
    }
  }

  #stateOf(actor: string): string | undefined {
    const group = this.system.status().supervisors.children[0]?.subtree;
    return group?.children.find(({ name }) => name === actor)?.state;
  }

  /** Ends it in order, as main does. */
  async stop(): Promise<void> {
    let isStopped = false;
    const stopping = this.system.stop().then(() => {
      isStopped = true;
    });
    for (let turn = 0; !isStopped && !this.faults.isDead; turn++) {
      if (turn > 20_000) throw new Error("the system does not stop");
      await allPromises();
      this.clock.advance(20);
    }
    if (!this.faults.isDead) await stopping;
  }

  /** Lets what is still under way in a process that is no more come to nothing. */
  async bury(): Promise<void> {
    this.faults.kill("it is over");
    await allPromises();
    if (this.#options.scenario.cutsPower) this.disk.cutPower();
  }
}

function windowerConfig(
  { dataFolder, scenario: { idleMs } }: ProcessOptions,
  rules: SimulatedRules,
): WindowerConfig {
  return {
    ...{ dataFolder, idleMs, ...rules },
    stateBytes: STATE_BYTES,
    windowBytes: STAGING_BYTES,
  };
}

/** Resolves when no promise that is settled has a reaction left to run. */
function allPromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
