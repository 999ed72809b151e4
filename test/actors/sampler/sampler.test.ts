/**
 * The sampler writes what its host says, each reading at its own interval, unknown figures as nulls, names into the raw part.
 *
 * Breaks when a column is taken for another, when a part of a large sample is shifted, when an unknown figure becomes a
 * number, when a full lane stops it, or when what it could not write is in no account.
 */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type LedgerSpec, placeLedger, readLedger } from "../../../actors/ledger.ts";
import {
  emptyStats,
  type HostReader,
  type MemoryReading,
  type ProcessReadings,
} from "../../../actors/sampler/host/host-reader.ts";
import { createProcessReadings, writeName } from "../../../actors/sampler/host/process-columns.ts";
import { type SamplerConfig, samplerOf } from "../../../actors/sampler/sampler.ts";
import { datasets } from "../../../datasets/index.ts";
import { memory as memoryDataset } from "../../../datasets/memory.ts";
import { process } from "../../../datasets/process.ts";
import { maxBatchBytes } from "../../../datasets/write-rows.ts";
import type { ActorContext, ActorFactory, Behaviour } from "../../../runtime/actor/types.ts";
import { alignUp } from "../../../runtime/arena.ts";
import { Batch, readInt64 } from "../../../runtime/batch/index.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import { createSystem } from "../../../runtime/system.ts";
import { compileKernels, createKernelMemory, KERNEL_STATIC_BYTES } from "../../../wasm/index.ts";
import { describe, test } from "../../fixtures/flat-test.ts";
import { readRows } from "../store/log/rows.ts";

const SLOTS = 4;
/** A door keeps one back. */
const ROOM = SLOTS - 1;
const START_MS = Date.UTC(2026, 0, 1);
const config: SamplerConfig = { memoryIntervalMs: 100, processIntervalMs: 1000, privateBudgetMs: 0 };
const sampled = [memoryDataset, process];

interface Program {
  readonly pid: number;
  readonly name: string;
  readonly workingSetMb: number;
  readonly privateBytesMb: number;
  readonly cpuPercent: number;
  readonly ioReadBytes: number;
  readonly ioWriteBytes: number;
}

/** A host that a test makes up. Its readings are used again, as those of the real ones are. */
class FakeHost implements HostReader {
  programs: readonly Program[] = [];
  failsOnce = false;
  memoryReadings = 0;
  processReadings = 0;
  privateBudgetMs: number | undefined;
  /** Time that a reading takes. */
  readingMs = 0;
  readonly #clock: VirtualClock;
  readonly #readings = createProcessReadings(5000, 256);

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  readMemory(): MemoryReading | Promise<MemoryReading> {
    const reading = {
      totalMb: 16_000,
      availableMb: 8000.5 + this.memoryReadings++,
      usedPercent: 49.5,
      pageFileUsedMb: 12,
      processesCount: 321,
    };
    if (this.failsOnce) {
      this.failsOnce = false;
      throw new Error("the host does not say how much memory it has");
    }
    // One is there at once, the next one later: a sampler waits for either.
    return this.memoryReadings % 2 === 0 ? Promise.resolve(reading) : reading;
  }

  readProcesses(): ProcessReadings {
    this.processReadings++;
    if (this.readingMs > 0) this.#clock.jumpWall(this.readingMs);
    const readings = this.#readings;
    readings.length = this.programs.length;
    this.programs.forEach((program, row) => {
      readings.pid[row] = program.pid;
      readings.workingSetMb[row] = program.workingSetMb;
      readings.privateBytesMb[row] = program.privateBytesMb;
      readings.cpuPercent[row] = program.cpuPercent;
      readings.ioReadBytes[row] = program.ioReadBytes;
      readings.ioWriteBytes[row] = program.ioWriteBytes;
      const name = new TextEncoder().encode(program.name);
      writeName(readings, row, name, 0, name.length, 256);
    });
    return readings;
  }

  setPrivateBudgetMs(budgetMs: number): void {
    this.privateBudgetMs = budgetMs;
  }

  stats() {
    return emptyStats();
  }

  describe(): string {
    return "a host of a test";
  }
}

function program(index: number, more: Partial<Program> = {}): Program {
  return {
    pid: 1000 + index,
    name: `program-${index}-é`,
    workingSetMb: index + 0.25,
    privateBytesMb: index + 0.125,
    cpuPercent: index % 400,
    ioReadBytes: 2 ** 33 + index,
    ioWriteBytes: index,
    ...more,
  };
}

/** A row with raw and public columns as the sampler left them. */
type RawRow = Readonly<Record<string, unknown>>;

async function openHouse(t: TestContext) {
  const clock = new VirtualClock(START_MS);
  const host = new FakeHost(clock);
  const batches: { dataset: string; rows: RawRow[]; times: number[] }[] = [];
  /** Whether the stage behind takes batches. While it does not, it is in no hurry to be asked again. */
  const reader = { isOpen: true };
  const factories: Record<string, ActorFactory<never>> = {
    sampler: (context) => samplerOf(context, host),
    reader: (context) => readerOf(context, reader, (batch) => batches.push(batch)),
  };
  const lanes = sampled.map((dataset) => ({
    ...{
      name: dataset.name,
      slots: SLOTS,
      slotBytes: alignUp(maxBatchBytes(dataset), 64),
      tiers: [["reader"]],
    },
  }));
  const memory = createKernelMemory({ bytes: 2 ** 22 });
  const system = createSystem({
    ...{ memory, arenaFrom: KERNEL_STATIC_BYTES, placement: "inline", clock, seed: 1, lanes },
    groups: [
      {
        name: "all",
        actors: [
          { name: "reader", module: "", thread: "main", config: null },
          { name: "sampler", module: "", thread: "main", config, writes: sampled.map(({ name }) => name) },
        ],
      },
    ],
    resources: (arena) => ({
      kernels: compileKernels(),
      ledger: placeLedger(
        arena,
        datasets.map(({ name }) => name),
      ),
    }),
    load: ({ name }) => factories[name] as ActorFactory,
  });
  t.after(() => system.stop());
  assert.deepEqual(await system.start(), { ok: true });
  async function pass(ms: number): Promise<void> {
    // What is due at this very moment.
    clock.advance(0);
    for (let passed = 0; passed <= ms; passed += 50) {
      // A stage that takes nothing is ready all the time: as many steps as anything could need.
      for (let steps = 0; steps < 30 && (await system.step()); steps++) await Promise.resolve();
      if (passed < ms) clock.advance(50);
    }
  }
  const ledger = (dataset: string) =>
    readLedger(memory, system.resources["ledger"] as LedgerSpec).find((row) => row.dataset === dataset)!;
  const rowsOf = (dataset: string) =>
    batches.filter((batch) => batch.dataset === dataset).flatMap(({ rows }) => rows);
  const restarts = () =>
    system.status().supervisors.children[0]?.subtree?.children.find(({ name }) => name === "sampler")
      ?.restarts;
  return { host, clock, batches, reader, pass, ledger, rowsOf, restarts, system };
}

function readerOf(
  context: ActorContext<never>,
  gate: { readonly isOpen: boolean },
  take: (batch: { dataset: string; rows: RawRow[]; times: number[] }) => void,
): Behaviour {
  const stages = sampled.map((dataset) => {
    const batch = new Batch(context.memory, dataset.plan);
    return [
      dataset.name,
      {
        drain(lane: { tryRead(): number; release(): void }) {
          if (!gate.isOpen) return;
          for (let slot = lane.tryRead(); slot >= 0; slot = lane.tryRead()) {
            batch.bind(slot);
            assert.equal(batch.state, "raw");
            const times = [batch.minTimeMs, batch.maxTimeMs, batch.writtenMs];
            take({ dataset: dataset.name, rows: rawRows(batch), times });
            lane.release();
          }
        },
        poisoned: () => assert.fail("nothing is poisoned here"),
      },
    ];
  });
  return { stages: Object.fromEntries(stages) };
}

/** What the sampler wrote: public columns that are its own, and the raw ones. */
function rawRows(batch: Batch): RawRow[] {
  const rows = readRows(batch);
  if (batch.plan !== process.plan) return rows;
  const pid = batch.plan.raw("pid");
  const name = batch.plan.raw("name");
  const { u8, u32, i32 } = batch.views;
  const offsets = batch.dataAt(name) >>> 2;
  const textAt = batch.textAt(name);
  return rows.map(({ pid: _, name_hash: __, ...row }, index) => ({
    ...row,
    pid: u32[(batch.dataAt(pid) >>> 2) + index],
    name: new TextDecoder().decode(
      u8.slice(textAt + i32[offsets + index]!, textAt + i32[offsets + index + 1]!),
    ),
    timestamp: readInt64(i32, (batch.dataAt(batch.plan.raw("timestamp")) >>> 2) + index * 2),
  }));
}

function expectedRow(timestamp: number, of: Program): RawRow {
  const orNull = (value: number) => (Number.isNaN(value) ? null : value);
  const whole = (value: number) => (Number.isNaN(value) ? null : BigInt(value));
  return {
    timestamp,
    working_set_mb: of.workingSetMb,
    private_bytes_mb: orNull(of.privateBytesMb),
    cpu_percent: orNull(of.cpuPercent),
    io_read_bytes: whole(of.ioReadBytes),
    io_write_bytes: whole(of.ioWriteBytes),
    pid: of.pid,
    name: of.name,
  };
}

describe("the sampler", () => {
  test("samples memory and processes at once, and then each at its own interval", async (t) => {
    const { host, pass, rowsOf } = await openHouse(t);
    host.programs = [program(1), program(2)];
    await pass(2000);
    assert.deepEqual(
      rowsOf("memory").map(({ timestamp }) => timestamp),
      Array.from({ length: 21 }, (_, index) => START_MS + index * 100),
    );
    assert.deepEqual(
      rowsOf("process").map(({ timestamp }) => timestamp),
      [0, 0, 1000, 1000, 2000, 2000].map((ms) => START_MS + ms),
    );
  });

  test("writes each figure of the memory into its column", async (t) => {
    const { pass, rowsOf, batches } = await openHouse(t);
    await pass(50);
    assert.deepEqual(rowsOf("memory"), [
      {
        timestamp: START_MS,
        total_mb: 16_000,
        available_mb: 8000.5,
        used_percent: 49.5,
        page_file_used_mb: 12,
        processes_count: 321,
      },
    ]);
    assert.deepEqual(batches.find(({ dataset }) => dataset === "memory")?.times, [
      START_MS,
      START_MS,
      START_MS,
    ]);
  });

  test("writes processes as they are, and what is unknown as nulls", async (t) => {
    const { host, pass, rowsOf } = await openHouse(t);
    const unknown = Number.NaN;
    host.programs = [
      program(1),
      program(2, {
        privateBytesMb: unknown,
        cpuPercent: unknown,
        ioReadBytes: unknown,
        ioWriteBytes: unknown,
      }),
      program(3, { name: "", pid: 2 ** 32 - 1, workingSetMb: 0, ioReadBytes: 2 ** 53 - 1 }),
      program(4, { name: "n".repeat(256), cpuPercent: 0, privateBytesMb: 0, ioWriteBytes: 0 }),
    ];
    await pass(50);
    assert.deepEqual(
      rowsOf("process"),
      host.programs.map((of) => expectedRow(START_MS, of)),
    );
  });

  test("gives a sample the time at which it began, however long it took", async (t) => {
    const { host, pass, rowsOf } = await openHouse(t);
    host.programs = [program(1)];
    host.readingMs = 40;
    await pass(50);
    assert.equal(rowsOf("process")[0]?.["timestamp"], START_MS);
  });

  test("cuts a large sample into batches that are shown at once", async (t) => {
    const { host, pass, rowsOf, batches, ledger } = await openHouse(t);
    const count = process.batchRows * 2 + 3;
    host.programs = Array.from({ length: count }, (_, index) => program(index));
    await pass(50);
    assert.deepEqual(
      batches.filter(({ dataset }) => dataset === "process").map(({ rows }) => rows.length),
      [1024, 1024, 3],
    );
    assert.deepEqual(
      rowsOf("process"),
      host.programs.map((of) => expectedRow(START_MS, of)),
    );
    assert.equal(ledger("process").received, count);
  });

  test("goes on while its lane is full, and accounts for what it could not write", async (t) => {
    const { pass, reader, ledger, rowsOf, restarts } = await openHouse(t);
    reader.isOpen = false;
    await pass(1000);
    const { received, dropped, inFlight, balanced } = ledger("memory");
    assert.deepEqual([received, dropped["lane-full"], inFlight, balanced], [11, 11 - ROOM, ROOM, true]);
    reader.isOpen = true;
    await pass(200);
    assert.equal(restarts(), 0);
    const times = rowsOf("memory").map(({ timestamp }) => (timestamp as number) - START_MS);
    assert.deepEqual(times.slice(0, ROOM), [0, 100, 200]);
    assert.ok(times.length > ROOM && times.at(-1)! >= 1100);
  });

  test("reads nothing while it is paused, and at once when it goes on", async (t) => {
    const { host, pass, rowsOf, system } = await openHouse(t);
    await pass(150);
    const paused = system.command("sampler", "pause", "");
    await pass(0);
    assert.deepEqual(await paused, { ok: true });
    const [memoryReadings, processReadings] = [host.memoryReadings, host.processReadings];
    // A new interval is no reason to begin again.
    const slower = { ...config, memoryIntervalMs: 500 };
    const changed = system.reconfigure("sampler", slower, "");
    await pass(3000);
    assert.deepEqual(await changed, { ok: true, effect: "live" });
    assert.deepEqual([host.memoryReadings, host.processReadings], [memoryReadings, processReadings]);
    const before = rowsOf("memory").length;
    const resumed = system.command("sampler", "resume", "");
    await pass(0);
    assert.deepEqual(await resumed, { ok: true });
    await pass(1000);
    assert.equal(rowsOf("memory").length - before, 3, "at once, and twice by the new interval");
    assert.equal(host.processReadings - processReadings, 2);
  });

  test("takes intervals and the budget while it runs", async (t) => {
    const { host, pass, rowsOf, restarts, system } = await openHouse(t);
    await pass(1050);
    const times = () => rowsOf("memory").map(({ timestamp }) => Number(timestamp) - START_MS);
    const before = times().length;
    const next = { ...config, memoryIntervalMs: 300, privateBudgetMs: 7 };
    const changed = system.reconfigure("sampler", next, "");
    await pass(950);
    assert.deepEqual(await changed, { ok: true, effect: "live" });
    assert.deepEqual(times().slice(before), [1350, 1650, 1950]);
    assert.equal(host.privateBudgetMs, 7);
    assert.equal(host.processReadings, 3, "whose interval is the same goes on as before: 0, 1000, 2000");
    assert.equal(restarts(), 0);
  });

  test("drops the rest of a sample that its lane has no room for", async (t) => {
    const { host, pass, rowsOf, ledger } = await openHouse(t);
    const room = process.batchRows * ROOM;
    host.programs = Array.from({ length: room + 10 }, (_, index) => program(index));
    await pass(50);
    assert.equal(rowsOf("process").length, room);
    const { received, dropped, balanced } = ledger("process");
    assert.deepEqual([received, dropped["lane-full"], balanced], [room + 10, 10, true]);
  });

  test("starts again when its host fails, and loses nothing that it had shown", async (t) => {
    const { host, pass, rowsOf, restarts, ledger } = await openHouse(t);
    await pass(300);
    const before = rowsOf("memory").length;
    host.failsOnce = true;
    await pass(2000);
    assert.equal(restarts(), 1);
    assert.ok(rowsOf("memory").length > before + 5);
    assert.deepEqual([ledger("memory").received, ledger("memory").balanced], [rowsOf("memory").length, true]);
  });
});
