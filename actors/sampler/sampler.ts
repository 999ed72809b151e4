/**
 * The sampler: reads the host's memory and its processes, each at its own interval, and writes them to their lanes. It is the
 * only actor that ever holds a process name, and it holds it in the raw part of a slot, nowhere else.
 *
 * It takes intervals and budget while it runs. Paused, it reads nothing.
 */

import { memory as memoryDataset } from "../../datasets/memory.ts";
import { process as processDataset } from "../../datasets/process.ts";
import type { ActorContext, Behaviour } from "../../runtime/actor/types.ts";
import { type Batch, type Column, writeInt64 } from "../../runtime/batch/index.ts";
import type { Timer } from "../../runtime/clock.ts";
import { Door } from "../door.ts";
import { type HostReader, type MemoryReading, openHost, type ProcessReadings } from "./host/index.ts";

export interface SamplerConfig {
  readonly memoryIntervalMs: number;
  readonly processIntervalMs: number;
  /** Time that one sample may spend on reading private memory; 0 reads none. */
  readonly privateBudgetMs: number;
}

export default function sampler(context: ActorContext<SamplerConfig>): Behaviour {
  const { privateBudgetMs } = context.config;
  return samplerOf(context, openHost({ clock: context.clock, privateBudgetMs }));
}

/** The sampler of another host than the one it runs on. */
export function samplerOf(context: ActorContext<SamplerConfig>, host: HostReader): Behaviour {
  let config = context.config;
  const memoryDoor = new Door(context as ActorContext<never>, memoryDataset);
  const processDoor = new Door(context as ActorContext<never>, processDataset);
  const writeMemory = memoryWriter(memoryDoor);
  const writeProcesses = processWriter(processDoor);
  const sampling = {
    memoryIntervalMs: new Sampling(context, async () => {
      const nowMs = context.clock.nowMs();
      writeMemory(await host.readMemory(), nowMs);
    }),
    processIntervalMs: new Sampling(context, async () => {
      const nowMs = context.clock.nowMs();
      writeProcesses(await host.readProcesses(), nowMs);
    }),
  };
  const INTERVALS = ["memoryIntervalMs", "processIntervalMs"] as const;
  const begin = () => {
    for (const interval of INTERVALS) sampling[interval].begin(config[interval]);
  };

  begin();
  const { memoryIntervalMs, processIntervalMs } = config;
  context.log.info("sampling by {reader}", { reader: host.describe(), memoryIntervalMs, processIntervalMs });
  return {
    pause() {
      for (const interval of INTERVALS) sampling[interval].end();
    },
    resume: begin,
    reconfigure(next) {
      const before = config;
      config = next as SamplerConfig;
      host.setPrivateBudgetMs(config.privateBudgetMs);
      for (const interval of INTERVALS) {
        // The other goes on undisturbed; this one goes on an interval from now.
        if (config[interval] !== before[interval]) sampling[interval].change(config[interval]);
      }
      return true;
    },
  };
}

/** One reading that is made again and again. */
class Sampling {
  readonly #context: Pick<ActorContext, "every">;
  readonly #sample: () => Promise<void>;
  #timer: Timer | undefined;

  constructor(context: Pick<ActorContext, "every">, sample: () => Promise<void>) {
    this.#context = context;
    this.#sample = sample;
  }

  /** For the first time at once. */
  begin(intervalMs: number, firstMs = 0): void {
    this.end();
    this.#timer = this.#context.every(intervalMs, this.#sample, firstMs);
  }

  /** Nothing while it is not made at all. */
  change(intervalMs: number): void {
    if (this.#timer !== undefined) this.begin(intervalMs, intervalMs);
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

function memoryWriter(door: Door): (reading: MemoryReading, nowMs: number) => void {
  const { plan } = memoryDataset;
  const timestamp = plan.raw("timestamp");
  const total = plan.raw("total_mb");
  const available = plan.raw("available_mb");
  const used = plan.raw("used_percent");
  const pageFile = plan.raw("page_file_used_mb");
  const processes = plan.raw("processes_count");
  return (reading, nowMs) => {
    if (!door.tryBegin(1)) {
      door.dropLaneFull(1);
      return;
    }
    const { batch } = door;
    const { i32, u32, f32, f64 } = batch.views;
    writeInt64(i32, batch.dataAt(timestamp) >>> 2, nowMs);
    f64[batch.dataAt(total) >>> 3] = reading.totalMb;
    f64[batch.dataAt(available) >>> 3] = reading.availableMb;
    f32[batch.dataAt(used) >>> 2] = reading.usedPercent;
    f64[batch.dataAt(pageFile) >>> 3] = reading.pageFileUsedMb;
    u32[batch.dataAt(processes) >>> 2] = reading.processesCount;
    batch.setTimes(nowMs, nowMs, nowMs);
    door.publish();
  };
}

function processWriter(door: Door): (readings: ProcessReadings, nowMs: number) => void {
  const { plan, batchRows } = processDataset;
  const timestamp = plan.raw("timestamp");
  const pid = plan.raw("pid");
  const name = plan.raw("name");
  const workingSet = plan.raw("working_set_mb");
  const privateBytes = plan.raw("private_bytes_mb");
  const cpu = plan.raw("cpu_percent");
  const ioRead = plan.raw("io_read_bytes");
  const ioWrite = plan.raw("io_write_bytes");

  const write = (readings: ProcessReadings, from: number, rows: number, nowMs: number) => {
    const textFrom = readings.nameOffsets[from]!;
    const textBytes = readings.nameOffsets[from + rows]! - textFrom;
    if (!door.tryBegin(rows, { name: textBytes })) {
      door.dropLaneFull(rows);
      return;
    }
    const { batch } = door;
    const { i32, u32, f64, u8 } = batch.views;
    const timeAt = batch.dataAt(timestamp) >>> 2;
    const nameAt = batch.dataAt(name) >>> 2;
    u32.set(readings.pid.subarray(from, from + rows), batch.dataAt(pid) >>> 2);
    f64.set(readings.workingSetMb.subarray(from, from + rows), batch.dataAt(workingSet) >>> 3);
    u8.set(readings.nameBytes.subarray(textFrom, textFrom + textBytes), batch.textAt(name));
    for (let row = 0; row < rows; row++) {
      writeInt64(i32, timeAt + row * 2, nowMs);
      i32[nameAt + row + 1] = readings.nameOffsets[from + row + 1]! - textFrom;
    }
    writeFloats(batch, privateBytes, readings.privateBytesMb, from, rows);
    writeFloats(batch, cpu, readings.cpuPercent, from, rows);
    writeCounts(batch, ioRead, readings.ioReadBytes, from, rows);
    writeCounts(batch, ioWrite, readings.ioWriteBytes, from, rows);
    batch.setTimes(nowMs, nowMs, nowMs);
  };

  return (readings, nowMs) => {
    for (let from = 0; from < readings.length; from += batchRows) {
      write(readings, from, Math.min(batchRows, readings.length - from), nowMs);
    }
    door.publish();
  };
}

/** Copies a column of f64 or f32; NaN, which is how a reader says unknown, becomes null. */
function writeFloats(
  batch: Batch,
  column: Column,
  values: Float64Array | Float32Array,
  from: number,
  rows: number,
): void {
  const wide = column.type === "f64";
  const into: Float64Array | Float32Array = wide ? batch.views.f64 : batch.views.f32;
  const at = batch.dataAt(column) >>> (wide ? 3 : 2);
  for (let row = 0; row < rows; row++) {
    const value = values[from + row]!;
    if (Number.isNaN(value)) batch.setNull(column, row);
    else into[at + row] = value;
  }
}

/** Writes whole numbers as u64; NaN becomes null. */
function writeCounts(batch: Batch, column: Column, values: Float64Array, from: number, rows: number): void {
  const at = batch.dataAt(column) >>> 2;
  for (let row = 0; row < rows; row++) {
    const value = values[from + row]!;
    if (Number.isNaN(value)) batch.setNull(column, row);
    else writeInt64(batch.views.i32, at + row * 2, value);
  }
}
